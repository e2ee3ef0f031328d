/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_task.h"

/*
 * Datastore browser: one recursive search gives the files of a datastore with their sizes, and what
 * is told of disks (1 request and the wait for its task).
 */

typedef struct {
    ViTaskResult *task;                                 /* holds the rest */
    VimHostDatastoreBrowserSearchResults *const *folders;
    size_t nfolders;
} ViSearch;

void viSearchFree(ViSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViSearch, viSearchFree)

/* What to search for. */
typedef enum {
    VI_BROWSER_ALL,     /* every file, and folders, for the names people gave them */
    VI_BROWSER_TYPED,   /* less what has no type of its own, for servers that refuse to search for
                           that: disks, ISO and floppy images, folders */
} ViBrowserWhat;

/*
 * Searches all of @datastore through its @browser. One file may be told of twice: by its own type,
 * and as a plain FileInfo.
 *
 * Returns: (transfer full), or NULL with @error; an empty datastore gives no or empty folders.
 */
ViSearch *viBrowserSearchAll(ViSession *session, const SoapMoRef *browser, const char *datastore,
                             ViBrowserWhat what, GError **error);

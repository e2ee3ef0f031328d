/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_task.h"

/*
 * Datastore browser: one search returns the files of a datastore, or of one of its folders, with
 * their sizes, and the details of disks (1 request and the wait for its task).
 */

typedef struct {
    ViTaskResult *task;                                 /* holds the rest */
    VimHostDatastoreBrowserSearchResults *const *folders;
    size_t nfolders;
    VimHostDatastoreBrowserSearchResults *only;         /* of a search of one folder */
} ViSearch;

void viSearchFree(ViSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViSearch, viSearchFree)

/* What to search for. */
typedef enum {
    VI_BROWSER_ALL,     /* every file, and folders, for their friendly names */
    VI_BROWSER_TYPED,   /* less what has no type of its own, for servers that refuse to search for
                           that: disks, ISO and floppy images, folders */
} ViBrowserWhat;

/*
 * Searches all of @datastore with its @browser. A file may be listed twice: with its own type, and
 * as a plain FileInfo.
 *
 * @ret_started: (nullable): set in any case: whether the server has begun the search. An error
 *   before that is about the request, an error after that is about its outcome.
 *
 * Returns: (transfer full), or NULL with @error. An empty datastore has no folders or empty ones,
 * but a search that succeeds without any result is an error.
 */
ViSearch *viBrowserSearchAll(ViSession *session, const SoapMoRef *browser, const char *datastore,
                             ViBrowserWhat what, gboolean *ret_started, GError **error);

/*
 * Searches the folder @folder, "[datastore] path", for the file @name. Files with similar names may
 * be found as well.
 *
 * Returns: (transfer full) one folder, or NULL with @error: VI_ERROR_FILE_NOT_FOUND if @folder does
 * not exist.
 */
ViSearch *viBrowserSearchOne(ViSession *session, const SoapMoRef *browser, const char *folder,
                             const char *name, ViBrowserWhat what, gboolean *ret_started,
                             GError **error);

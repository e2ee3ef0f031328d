/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_task.h"

/*
 * Datastore browser: one recursive search gives every disk, ISO and floppy image of a datastore
 * with its sizes (1 request and the wait for its task).
 */

typedef struct {
    ViTaskResult *task;                                 /* holds the rest */
    VimHostDatastoreBrowserSearchResults *const *folders;
    size_t nfolders;
} ViSearch;

void viSearchFree(ViSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViSearch, viSearchFree)

/*
 * Searches all of @datastore through its @browser.
 *
 * Returns: (transfer full), or NULL with @error; an empty datastore gives no or empty folders.
 */
ViSearch *viBrowserSearchAll(ViSession *session, const SoapMoRef *browser, const char *datastore,
                             GError **error);

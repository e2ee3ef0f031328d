/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_volume.h"
#include "vi_browser.h"

/* Searches of one datastore, with the results as lists of volumes. */

/* What is searched. The texts belong to the caller. */
typedef struct {
    ViSession *session;
    SoapMoRef browser;
    const char *datastore;      /* its name in VI */
    const char *pool;           /* its name in keys and paths */
    gboolean renames;           /* it may have folders with a friendly name (vSAN, vVol) */
    gint *onlyTyped;            /* atomic: the server refuses to search for files without a type */
} EsxVmfsSearch;

/* Returns: (transfer full) all volumes, or NULL with @error. */
EsxVolumeList *esxVmfsSearchAll(const EsxVmfsSearch *search, GError **error);

/* Whether a search for one file can find the volume @name: whether it is a plain relative path. */
gboolean esxVmfsMaySearchOne(const char *name);

/*
 * Searches the folder of @name for that file alone. A folder that does not exist has no volume.
 *
 * @ret_isSure: FALSE if the whole datastore has to be searched: @name may be a friendly name that
 * the server has not translated, or the server did not accept the folder's path.
 * Returns: (transfer full) a list of the volume, or an empty one; NULL with @error.
 */
EsxVolumeList *esxVmfsSearchOne(const EsxVmfsSearch *search, const char *name,
                                gboolean *ret_isSure, GError **error);

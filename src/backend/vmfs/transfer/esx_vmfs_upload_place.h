/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_upload_priv.h"

/* Moves or deletes the temporary file of an upload. */

/*
 * Deletes the file after @error. If that fails, the file is named in @error, and an error that is
 * not reported otherwise (HTTP_ERROR_CANCELLED) becomes VI_ERROR_FILE_FAULT.
 */
void esxVmfsUploadRemove(EsxVmfsUploading *upload, const char *path, GError **error);

/* Returns: (transfer full) the contents of the volume as they are now, or NULL with @error. */
EsxVmfsContents *esxVmfsUploadFindNow(const EsxVmfsUploading *upload, GError **error);

/* Whether the volume is still what it was when the upload began (1 request). */
gboolean esxVmfsUploadCheckUnchanged(EsxVmfsUploading *upload, const Cancel *cancel,
                                     GError **error);

/*
 * Moves the file onto the contents, and checks the result. The file that a failed move leaves
 * behind is deleted, or named in @error.
 */
gboolean esxVmfsUploadMove(EsxVmfsUploading *upload, const char *temporary, const Cancel *cancel,
                           GError **error);

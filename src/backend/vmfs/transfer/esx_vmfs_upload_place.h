/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_upload_priv.h"

/* What becomes of the temporary file of an upload. */

/*
 * Deletes the file. A client that gave the upload up gets no error of its own, unless something had
 * to be left: then that is the error.
 */
void esxVmfsUploadRemove(EsxVmfsUploading *upload, const char *path, GError **error);

/* Returns: (transfer full) the contents of the volume as they are now, or NULL with @error. */
EsxVmfsContents *esxVmfsUploadFindNow(const EsxVmfsUploading *upload, GError **error);

/* Whether the volume is still what it was when the upload began (1 request). */
gboolean esxVmfsUploadCheckUnchanged(EsxVmfsUploading *upload, const Cancel *cancel,
                                     GError **error);

/*
 * Moves the file onto the contents, and looks at what has come of it. What is left of a move that
 * failed is deleted, or named in @error.
 */
gboolean esxVmfsUploadMove(EsxVmfsUploading *upload, const char *temporary, const Cancel *cancel,
                           GError **error);

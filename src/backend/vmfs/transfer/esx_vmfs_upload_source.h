/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_upload_priv.h"

/* What the user sends of an upload: the reading end of its pipe. */

/* Waits until something comes. Nothing is asked of the server before that. */
gboolean esxVmfsUploadAwaitBeginning(EsxPipe *pipe, GError **error);

/*
 * HttpSource of an EsxVmfsUploading: the new contents. What stays before the client's data is read
 * back from the server, then comes the data, holes as zeros, then what stays behind it.
 */
gssize esxVmfsUploadGive(char *buffer, size_t size, gpointer opaque, GError **error);

/*
 * Reads the beginning of the contents of a disk, before anything is written. What was read is given
 * away first.
 *
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT when that cannot be a raw image.
 */
gboolean esxVmfsUploadCheckHead(EsxVmfsUploading *upload, GError **error);

/*
 * Returns: how long the new contents will be; HTTP_LENGTH_UNKNOWN: that depends on how much comes,
 * since the volume may grow.
 */
gint64 esxVmfsUploadTotal(const EsxVmfsUploading *upload);

/* Waits until the user says that this was all. */
gboolean esxVmfsUploadAwaitLast(EsxVmfsUploading *upload, GError **error);

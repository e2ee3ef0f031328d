/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_upload_priv.h"

/* The data of an upload: the reading end of its pipe, and the new contents. */

/* Waits for the first data. No request is sent before that. */
gboolean esxVmfsUploadAwaitBeginning(EsxPipe *pipe, GError **error);

/*
 * HttpSource of an EsxVmfsUploading: the new contents. These are the kept contents before the
 * client's data, read back from the server, the data, with holes as zeros, and the kept contents
 * after it.
 */
gssize esxVmfsUploadGive(char *buffer, size_t size, gpointer opaque, GError **error);

/*
 * Reads the beginning of the contents of a disk, before anything is written. esxVmfsUploadGive()
 * returns these bytes first.
 *
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT if they cannot begin a raw image.
 */
gboolean esxVmfsUploadCheckHead(EsxVmfsUploading *upload, GError **error);

/*
 * Returns: the length of the new contents; HTTP_LENGTH_UNKNOWN if it depends on the length of the
 * client's data, since the volume may grow.
 */
gint64 esxVmfsUploadTotal(const EsxVmfsUploading *upload);

/* Waits until the client ends the stream. */
gboolean esxVmfsUploadAwaitLast(EsxVmfsUploading *upload, GError **error);

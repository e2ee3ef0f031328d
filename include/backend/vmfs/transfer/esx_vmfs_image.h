/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Whether bytes can be the beginning of a raw image of a disk. Pure: bytes in, an error out.
 *
 * The signatures are those that the formats' own documents give: the beginnings of images that
 * qemu-img converts, of compressed files and of archives. None of them begins a partition table, a
 * file system or a boot sector. An image of a CD, which some disks are, is raw, and so is one that
 * is encrypted as a whole (LUKS).
 */

/* The signatures are within so many bytes. */
#define ESX_VMFS_IMAGE_HEAD 512

/*
 * @length: bytes of the beginning; ESX_VMFS_IMAGE_HEAD, or all there is.
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT and a sentence that names the format and the
 * command that makes a raw image of it.
 */
gboolean esxVmfsImageCheckRaw(const char *head, size_t length, GError **error);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Whether bytes can be the beginning of a raw image of a disk. Pure: bytes in, an error out.
 *
 * The signatures are from the documents of the formats: images that qemu-img converts, compressed
 * files and archives. No partition table, file system or boot sector begins with one of them. An
 * image of a CD, which some disks hold, is raw, and so is an image that is encrypted as a whole
 * (LUKS).
 */

/* The signatures are within this number of bytes. */
#define ESX_VMFS_IMAGE_HEAD 512

/*
 * @length: bytes of the beginning: ESX_VMFS_IMAGE_HEAD, or the whole image if it is shorter.
 * Returns: FALSE with ESX_ERROR_INVALID_ARGUMENT and a sentence that names the format and the
 * command that makes a raw image of it.
 */
gboolean esxVmfsImageCheckRaw(const char *head, size_t length, GError **error);

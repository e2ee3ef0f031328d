/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_contents.h"

/*
 * EsxVmfsKept: the part of a volume's contents that an upload keeps. A server can only write whole
 * files, so an upload of a part reads the rest back while the new file is written. A separate
 * thread reads; the memory is bounded.
 */
typedef struct _EsxVmfsKept EsxVmfsKept;

/*
 * Starts to read @length bytes from @offset on, both within the contents.
 *
 * @contents, @transfer: (transfer none), must outlive the result.
 * Returns: (transfer full), or NULL with @error.
 */
EsxVmfsKept *esxVmfsKeptNew(const EsxVmfsContents *contents, ViTransfer *transfer, guint64 offset,
                            guint64 length, GError **error);

/*
 * Waits for the next bytes.
 *
 * @cancel: ends the wait.
 * Returns: how many bytes were stored; 0 at the end; -1 with @error.
 */
gssize esxVmfsKeptRead(EsxVmfsKept *kept, char *buffer, size_t size, const Cancel *cancel,
                       GError **error);

/* Ends the thread. Accepts NULL. */
void esxVmfsKeptFree(EsxVmfsKept *kept);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVmfsKept, esxVmfsKeptFree)

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_volume.h"

/*
 * EsxVmfsContents: the location of the bytes of a datastore's volume. A plain file is its own
 * contents. The contents of a virtual disk are in the file, or the sequence of files, that its
 * descriptor names:
 *
 *   vm/disk.vmdk      descriptor, a few hundred bytes      → the volume
 *   vm/disk-flat.vmdk as many bytes as the disk has        → its contents
 *
 * It outlives the snapshot from which it was made. Immutable, so any number of threads may read it.
 */

/* A part of the contents: a file, from its @fileOffset on. */
typedef struct {
    char *file;             /* name in the datastore: "vm/disk-flat.vmdk" */
    guint64 fileOffset;
    guint64 start;          /* its position in the contents */
    guint64 length;
    guint64 known;          /* bytes of the file, by HEAD or the descriptor: see ViFile.known */
    gboolean isOwn;         /* it may be replaced: writable, and named after the volume */
} EsxVmfsPart;

typedef struct {
    const InventoryPool *pool;  /* a reference */
    char *volume;           /* the volume's name */
    gboolean isDisk;
    EsxVmfsPart *parts;     /* at least one; in order, without gaps */
    size_t nparts;
    guint64 size;           /* total bytes */
} EsxVmfsContents;

/*
 * Asks for a plain file's size, or reads a disk's descriptor (1 request).
 *
 * Returns: (transfer full), or NULL with @error: ESX_ERROR_NO_SUPPORT, with a message that says
 * what to do instead, for disks without a file of plain bytes (snapshots, sparse kinds, raw device
 * mappings, objects of vSAN and vVol); ESX_ERROR_INVALID_OPERATION for a broken descriptor; those
 * of vi_transfer.h.
 */
EsxVmfsContents *esxVmfsContentsFind(EsxConnection *connection, const InventoryPool *pool,
                                     const EsxVolume *volume, GError **error);

/* Reads @length bytes from @offset on, both within the contents; like viTransferRead. */
gboolean esxVmfsContentsRead(const EsxVmfsContents *contents, ViTransfer *transfer, guint64 offset,
                             guint64 length, ViTransferSink sink, gpointer opaque,
                             const Cancel *cancel, GError **error);

/* Accepts NULL. */
void esxVmfsContentsFree(EsxVmfsContents *contents);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVmfsContents, esxVmfsContentsFree)

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_libvirt.h"
#include "esx_stream.h"
#include "esx_volume.h"

/*
 * EsxStorageBackend: what the facade needs to know of one kind of pool. Functions take a pool of
 * the present snapshot and plain structs, never libvirt's objects; a missing function means
 * VIR_ERR_NO_SUPPORT. Errors are GErrors without the pool's name: the facade puts that in front.
 *
 * A third kind of pool is one more file with such a table, and one more row in
 * esxStorageBackendFor().
 */
typedef struct {
    const char *name;

    /* Why a volume of such a pool cannot be changed, as a whole sentence; NULL where it can. */
    const char *readOnlyReason;

    /*
     * Whether listing the volumes proves that the pool is still there, so that the facade need not
     * ask for the inventory as well.
     */
    bool volumesProvePool;

    /* VIR_STORAGE_POOL_FS and the like. */
    virStoragePoolType (*poolType)(const InventoryPool *pool);

    /* Adds source and type to a definition that has name, UUID, sizes and target already. */
    void (*poolDescribe)(const InventoryPool *pool, virStoragePoolDef *def);

    /* Makes the server look at the storage again; later reads see what it found. */
    gboolean (*poolRefresh)(EsxConnection *connection, const InventoryPool *pool, GError **error);

    /* Returns: (transfer full) all volumes, proven current within cache_ttl, or NULL with
     * @error. */
    EsxVolumeList *(*volumes)(EsxConnection *connection, const InventoryPool *pool, GError **error);

    /*
     * The verbs that change a volume. Each sees to it that the next read of the pool and its
     * volumes shows what it did, also when it failed on the way.
     *
     * volumeCreate, volumeClone: STORAGE_VOL_EXIST for a name that is taken, and nothing was
     * touched. @ret_volume: (transfer full) a list of one: the volume as it is known to be now.
     *
     * volumeResize: @capacity is what it shall have, all flags resolved; @allocate: the new part
     * takes its room at once.
     */
    gboolean (*volumeCreate)(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolumeSpec *spec, EsxVolumeList **ret_volume, GError **error);
    gboolean (*volumeClone)(EsxConnection *connection, const InventoryPool *pool,
                            const EsxVolumeSpec *spec, const InventoryPool *sourcePool,
                            const EsxVolume *source, EsxVolumeList **ret_volume, GError **error);
    gboolean (*volumeResize)(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolume *volume, guint64 capacity, gboolean allocate,
                             GError **error);
    gboolean (*volumeWipe)(EsxConnection *connection, const InventoryPool *pool,
                           const EsxVolume *volume, GError **error);
    gboolean (*volumeDelete)(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolume *volume, GError **error);

    /*
     * Contents. @length 0: to the end of the volume; of an upload: to the end of the stream. They
     * check what can be checked and look for the file that holds the contents; the transfer itself
     * begins with EsxTransfer.run.
     */
    EsxTransfer *(*volumeDownload)(EsxConnection *connection, const InventoryPool *pool,
                                   const EsxVolume *volume, guint64 offset, guint64 length,
                                   GError **error);
    EsxTransfer *(*volumeUpload)(EsxConnection *connection, const InventoryPool *pool,
                                 const EsxVolume *volume, guint64 offset, guint64 length,
                                 GError **error);
} EsxStorageBackend;

extern const EsxStorageBackend esxStorageBackendVmfs;
extern const EsxStorageBackend esxStorageBackendIscsi;

/* Returns: the backend in charge of @pool; never NULL. */
const EsxStorageBackend *esxStorageBackendFor(const InventoryPool *pool);

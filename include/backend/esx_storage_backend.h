/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_libvirt.h"
#include "esx_transfer.h"
#include "esx_volume.h"

/*
 * EsxStorageBackend: what the facade needs to know of one kind of pool. Functions take a pool of
 * the present snapshot and plain structs, never libvirt's objects; a missing function means
 * VIR_ERR_NO_SUPPORT. Errors are GErrors without the pool's name: the facade puts that in front.
 *
 * A further kind of pool is one more room with such a table, which a header of its own declares,
 * and one more row in esxStorageBackends().
 */

/* One of libvirt's types of pools. */
typedef struct {
    virStoragePoolType type;
    unsigned int listFlag;      /* VIR_CONNECT_LIST_STORAGE_POOLS_… */
} EsxPoolType;

typedef struct {
    const char *name;

    /* The types that its pools may have; ends with a listFlag of 0. */
    const EsxPoolType *types;

    /* Whether @pool is of this kind. */
    bool (*owns)(const InventoryPool *pool);

    /* Why a volume of such a pool cannot be changed, as a whole sentence; NULL where it can. */
    const char *readOnlyReason;

    /*
     * Where listing the volumes proves that the pool is still there, so that the facade need not
     * ask for the inventory as well: whether @error of a listing may come from a pool that is not
     * any more what an old snapshot says. NULL: a listing proves nothing.
     */
    bool (*isOutdated)(const GError *error);

    /* Returns: one of @types. */
    virStoragePoolType (*poolType)(const InventoryPool *pool);

    /* Adds source and type to a definition that has name, UUID, sizes and target already. */
    void (*poolDescribe)(const InventoryPool *pool, virStoragePoolDef *def);

    /* Makes the server look at the storage again; later reads see what it found. */
    gboolean (*poolRefresh)(EsxConnection *connection, const InventoryPool *pool, GError **error);

    /* Returns: (transfer full) all volumes, proven current within cache_ttl, or NULL with
     * @error. */
    EsxVolumeList *(*volumes)(EsxConnection *connection, const InventoryPool *pool, GError **error);

    /*
     * Where the volume is that @text names: a key, a path or another name that holds on the whole
     * server. Either may be missing.
     *
     * volumeSplit goes by the text alone and asks nobody. volumeLookup goes by @snapshot and, with
     * @deep, asks the server, which may cost a request for each volume.
     * @ret_pool, @ret_name: (transfer full) the names of the pool and of the volume; both stay NULL
     * where there is none.
     * Returns: FALSE with @error when the server could not be asked.
     */
    bool (*volumeSplit)(const char *text, char **ret_pool, char **ret_name);
    gboolean (*volumeLookup)(EsxConnection *connection, InventorySnapshot *snapshot,
                             const char *text, gboolean deep, char **ret_pool, char **ret_name,
                             GError **error);

    /*
     * Of a volume that is to be made; both are there wherever volumeCreate or volumeClone is.
     *
     * volumeKey: (transfer full) the key it will have.
     * volumeCheckNew: FALSE with ESX_ERROR_NO_SUPPORT where @def asks for what such a pool cannot
     * have. Apart from the verbs, because what comes first is whether the caller may ask at all.
     */
    char *(*volumeKey)(const InventoryPool *pool, const char *name);
    gboolean (*volumeCheckNew)(const virStorageVolDef *def, GError **error);

    /*
     * The verbs that change a volume. A backend without readOnlyReason has them all, and its
     * volumes are claimed (esx_claim.h) while they change. Each sees to it that the next read of
     * the pool and its volumes shows what it did, also when it failed on the way.
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

/*
 * Returns: (transfer none) all of them, in the order in which a volume is looked for by a name that
 * holds on the whole server: what costs nothing first. Ends with NULL.
 */
const EsxStorageBackend *const *esxStorageBackends(void);

/* Returns: the backend in charge of @pool; never NULL. */
const EsxStorageBackend *esxStorageBackendFor(const InventoryPool *pool);

/* Returns: the flag by which @pool is listed, VIR_CONNECT_LIST_STORAGE_POOLS_…. */
unsigned int esxStorageBackendListFlag(const InventoryPool *pool);

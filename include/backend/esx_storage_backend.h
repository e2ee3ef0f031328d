/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_claim.h"
#include "esx_connection.h"
#include "esx_libvirt.h"
#include "esx_transfer.h"
#include "esx_volume.h"

/*
 * EsxStorageBackend: the interface between the facade and one kind of pool. Functions take a pool
 * of the current snapshot and plain structs, not libvirt's objects; a missing function means
 * VIR_ERR_NO_SUPPORT. Errors are GErrors without the pool's name: the facade prefixes it.
 *
 * Another kind of pool needs a room with such a table, declared in its own header, and a row in
 * esxStorageBackends().
 */

/* One of libvirt's types of pools. */
typedef struct {
    virStoragePoolType type;
    unsigned int listFlag;      /* VIR_CONNECT_LIST_STORAGE_POOLS_… */
} EsxPoolType;

typedef struct {
    /* The possible types of its pools; ends with a listFlag of 0. */
    const EsxPoolType *types;

    /* Whether @pool is of this kind. */
    bool (*owns)(const InventoryPool *pool);

    /* Why the volumes of such a pool cannot be used while it is not accessible, with a remedy. */
    const char *inactiveReason;

    /* Why a volume of such a pool cannot be changed, as a complete message; NULL if it can. */
    const char *readOnlyReason;

    /* Why a volume of such a pool cannot be made smaller; NULL if it can. */
    const char *growOnlyReason;

    /*
     * For backends whose listing of volumes proves that the pool still exists, so that the facade
     * need not ask for the inventory as well: whether @error of a listing may mean that the pool
     * differs from an old snapshot. NULL: a listing proves nothing.
     */
    bool (*isOutdated)(const GError *error);

    /* Returns: one of @types. */
    virStoragePoolType (*poolType)(const InventoryPool *pool);

    /* Adds source and type to a definition that already has name, UUID, sizes and target. */
    void (*poolDescribe)(const InventoryPool *pool, virStoragePoolDef *def);

    /* Makes the server rescan the storage; later reads see the result. */
    gboolean (*poolRefresh)(EsxConnection *connection, const InventoryPool *pool, GError **error);

    /* Returns: (transfer full) all volumes, proven current within cache_ttl, or NULL with
     * @error. */
    EsxVolumeList *(*volumes)(EsxConnection *connection, const InventoryPool *pool, GError **error);

    /* The same for a caller that wants the volume @name alone; the list may have others as well.
     * NULL: volumes serves. */
    EsxVolumeList *(*volume)(EsxConnection *connection, const InventoryPool *pool,
                             const char *name, GError **error);

    /*
     * Finds the volume that @text names: a key, a path or another name that is valid for the whole
     * server. Either function may be missing.
     *
     * volumeSplit uses only the text, and no request. A text may be read in several ways: @before
     * NULL gives the one with the longest pool name; the result of a call, as @before, gives the
     * next shorter one. It returns NULL if there is none. volumeLookup uses @snapshot and, with
     * @deep, asks the server, which may take a request for each volume.
     * @ret_pool, @ret_name: (transfer full) the names of the pool and of the volume; both stay NULL
     * if there is none.
     * Returns: FALSE with @error if the server could not be asked.
     */
    const char *(*volumeSplit)(const char *text, const char *before, char **ret_pool,
                               char **ret_name);
    gboolean (*volumeLookup)(EsxConnection *connection, InventorySnapshot *snapshot,
                             const char *text, gboolean deep, char **ret_pool, char **ret_name,
                             GError **error);

    /*
     * For a volume to be created; both exist if volumeCreate or volumeClone does.
     *
     * volumeKey: (transfer full) the key it will have. volumeCheckNew: FALSE with
     * ESX_ERROR_NO_SUPPORT if @def requires something that such a pool does not support. Separate
     * from the verbs, because access is checked in between.
     */
    char *(*volumeKey)(const InventoryPool *pool, const char *name);
    gboolean (*volumeCheckNew)(const virStorageVolDef *def, GError **error);

    /* What identifies a volume while it is claimed; exists if volumes can be changed. */
    EsxClaimKey claimKey;

    /*
     * The verbs that change a volume. A backend without readOnlyReason has them all, and its
     * volumes are claimed (esx_claim.h) while they change. Each ensures that the next read of the
     * pool and its volumes shows the result, also if it failed in the middle.
     *
     * volumeCreate, volumeClone: STORAGE_VOL_EXIST for a name that is taken; then nothing was
     * changed. @ret_volume: (transfer full) a list of one: the volume in its new state, as far as
     * known.
     *
     * volumeRound: the capacity of a volume for which @capacity was requested; NULL: the same.
     * volumeCapacity: the present capacity of @volume, which a cached listing may not show yet.
     *
     * volumeResize: @capacity is the new capacity, with all flags resolved; @allocate: the new part
     * is allocated at once. No request if the volume has that capacity already.
     *
     * volumeWipe: @algorithm is one of VIR_STORAGE_VOL_WIPE_ALG_…; ESX_ERROR_NO_SUPPORT if the
     * backend does not have it.
     */
    gboolean (*volumeCreate)(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolumeSpec *spec, EsxVolumeList **ret_volume, GError **error);
    gboolean (*volumeClone)(EsxConnection *connection, const InventoryPool *pool,
                            const EsxVolumeSpec *spec, const InventoryPool *sourcePool,
                            const EsxVolume *source, EsxVolumeList **ret_volume, GError **error);
    guint64 (*volumeRound)(const EsxVolume *volume, guint64 capacity);
    gboolean (*volumeCapacity)(EsxConnection *connection, const InventoryPool *pool,
                               const EsxVolume *volume, guint64 *ret_capacity, GError **error);
    gboolean (*volumeResize)(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolume *volume, guint64 capacity, gboolean allocate,
                             GError **error);
    gboolean (*volumeWipe)(EsxConnection *connection, const InventoryPool *pool,
                           const EsxVolume *volume, unsigned int algorithm, GError **error);
    gboolean (*volumeDelete)(EsxConnection *connection, const InventoryPool *pool,
                             const EsxVolume *volume, GError **error);

    /*
     * Contents. @length 0: to the end of the volume; of an upload: to the end of the stream. They
     * check what can be checked in advance, and find the file with the contents; the transfer
     * itself begins with EsxTransfer.run.
     */
    EsxTransfer *(*volumeDownload)(EsxConnection *connection, const InventoryPool *pool,
                                   const EsxVolume *volume, guint64 offset, guint64 length,
                                   GError **error);
    EsxTransfer *(*volumeUpload)(EsxConnection *connection, const InventoryPool *pool,
                                 const EsxVolume *volume, guint64 offset, guint64 length,
                                 GError **error);
} EsxStorageBackend;

/*
 * Returns: (transfer none) all backends, in the order in which a volume is looked up by a name that
 * is valid for the whole server: those without requests first. Ends with NULL.
 */
const EsxStorageBackend *const *esxStorageBackends(void);

/* Returns: the backend of @pool; never NULL. */
const EsxStorageBackend *esxStorageBackendFor(const InventoryPool *pool);

/* Returns: the flag for listing @pool, VIR_CONNECT_LIST_STORAGE_POOLS_…. */
unsigned int esxStorageBackendListFlag(const InventoryPool *pool);

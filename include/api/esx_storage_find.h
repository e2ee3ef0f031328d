/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_claim.h"
#include "esx_storage_backend.h"

/*
 * Finds the driver's objects for libvirt's. Pools are found by UUID, volumes by their pool's name
 * and their own: libvirtd recreates its objects from what it received, so nothing may depend on
 * their private data.
 *
 * Each function without a GError reports an object that does not exist as a libvirt error.
 */

typedef struct {
    InventorySnapshot *snapshot;        /* holds the pool */
    const InventoryPool *pool;
    const EsxStorageBackend *backend;
    EsxVolumeList *list;                /* holds the volume */
    const EsxVolume *volume;            /* NULL if only a pool was looked up */
    EsxClaim *claim;                    /* of a verb that changes the volume; or NULL */
} EsxFound;

/* One of libvirt's access checks on a pool: virStoragePool…EnsureACL. */
typedef int (*EsxPoolAccess)(virConnectPtr conn, virStoragePoolDef *def);

void esxFoundClear(EsxFound *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxFound, esxFoundClear)

/* Whether a list of all pools shows @pool to the caller. */
bool esxPoolIsListed(virConnectPtr conn, const InventoryPool *pool);

/*
 * Returns: (transfer full) "'a', 'b'", the first names of those pools that the caller may see; NULL
 * if there are none.
 */
char *esxPoolNames(virConnectPtr conn, const GPtrArray *pools);

/* Returns: (transfer full) the snapshot, or NULL with a libvirt error. */
InventorySnapshot *esxFindSnapshot(virConnectPtr conn);

/*
 * The fields that an access check reads: name and UUID of a pool, name and key of a volume.
 * Borrowed; do not free them.
 */
virStoragePoolDef esxPoolStub(const InventoryPool *pool);
virStorageVolDef esxVolStub(const EsxVolume *volume);

/* Returns: (transfer full) libvirt's object, or NULL with a libvirt error. */
virStoragePoolPtr esxPoolObject(virConnectPtr conn, const InventoryPool *pool);
virStorageVolPtr esxVolObject(virConnectPtr conn, const EsxFound *found);

/*
 * Fills @ret_found with the pool. Returns: 0, or -1 with VIR_ERR_NO_STORAGE_POOL, or with the error
 * of the inventory.
 */
int esxFindPoolByUuid(virConnectPtr conn, const unsigned char *uuid, const char *name,
                      EsxFound *ret_found);
int esxFindPoolByName(virConnectPtr conn, const char *name, EsxFound *ret_found);
int esxFindPoolByTargetPath(virConnectPtr conn, const char *path, EsxFound *ret_found);

/* Returns: 0, or -1 with VIR_ERR_OPERATION_INVALID and why the pool is not active. */
int esxCheckActive(const EsxFound *found);

/*
 * Fills @ret_found with the pool and the list of its volumes.
 *
 * @uuid: NULL to find the pool by @name.
 * @access: checked once the pool is found, before its volumes are requested; NULL: not checked.
 */
int esxFindVolumes(virConnectPtr conn, const unsigned char *uuid, const char *name,
                   EsxPoolAccess access, EsxFound *ret_found);

/* The same, and the volume @volume; VIR_ERR_NO_STORAGE_VOL if there is none. */
int esxFindVolume(virConnectPtr conn, const unsigned char *uuid, const char *pool,
                  const char *volume, EsxFound *ret_found);

/*
 * Looks for @volume in a @pool of @snapshot. Reports nothing.
 *
 * Returns: 1 when found, 0 when there is none, -1 with @error when the pool could not be asked.
 */
int esxFindInPool(virConnectPtr conn, InventorySnapshot *snapshot, const InventoryPool *pool,
                  const char *volume, EsxFound *ret_found, GError **error);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_claim.h"
#include "esx_storage_backend.h"

/*
 * From libvirt's objects to ours. Pools are found by UUID, volumes by their pool's name and their
 * own: libvirtd recreates its objects from what it received, so nothing may depend on their
 * private data.
 *
 * Every function here reports what it does not find as a libvirt error.
 */

typedef struct {
    InventorySnapshot *snapshot;        /* holds the pool */
    const InventoryPool *pool;
    const EsxStorageBackend *backend;
    EsxVolumeList *list;                /* holds the volume */
    const EsxVolume *volume;            /* NULL where a pool was looked for */
    EsxClaim *claim;                    /* of a verb that changes the volume; NULL: none */
} EsxFound;

/* One of libvirt's access checks on a pool: virStoragePool…EnsureACL. */
typedef int (*EsxPoolAccess)(virConnectPtr conn, virStoragePoolDef *def);

void esxFoundClear(EsxFound *found);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxFound, esxFoundClear)

/* Returns: (transfer full) the snapshot, or NULL with a libvirt error. */
InventorySnapshot *esxFindSnapshot(virConnectPtr conn);

/* What of a pool or volume an access check reads: name and UUID, name and key. Borrowed: not to be
 * freed. */
virStoragePoolDef esxPoolStub(const InventoryPool *pool);
virStorageVolDef esxVolStub(const EsxVolume *volume);

/* Returns: (transfer full) libvirt's object, or NULL with a libvirt error. */
virStoragePoolPtr esxPoolObject(virConnectPtr conn, const InventoryPool *pool);
virStorageVolPtr esxVolObject(virConnectPtr conn, const EsxFound *found);

/* Fills @ret_found with the pool. Returns: 0, or -1 with VIR_ERR_NO_STORAGE_POOL or why it could
 * not be asked. */
int esxFindPoolByUuid(virConnectPtr conn, const unsigned char *uuid, const char *name,
                      EsxFound *ret_found);
int esxFindPoolByName(virConnectPtr conn, const char *name, EsxFound *ret_found);
int esxFindPoolByTargetPath(virConnectPtr conn, const char *path, EsxFound *ret_found);

/*
 * Fills @ret_found with the pool and the list of its volumes.
 *
 * @uuid: NULL to find the pool by @name.
 * @access: checked once the pool is found, before anything is asked for its volumes; NULL: not
 * checked.
 */
int esxFindVolumes(virConnectPtr conn, const unsigned char *uuid, const char *name,
                   EsxPoolAccess access, EsxFound *ret_found);

/* The same, and the volume called @volume; VIR_ERR_NO_STORAGE_VOL where there is none. */
int esxFindVolume(virConnectPtr conn, const unsigned char *uuid, const char *pool,
                  const char *volume, EsxFound *ret_found);

/*
 * Finds a volume anywhere by whatever a backend takes for its key, its path or another name of it.
 * With @deep a backend may ask the server for each volume it has.
 *
 * Returns: 1 when found, 0 when there is none (no error), -1 with a libvirt error.
 */
int esxFindAnywhere(virConnectPtr conn, const char *text, bool deep, EsxFound *ret_found);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds an object and checks access, in one step. */

#include "esx_storage_door.h"

static int
checkPool(virConnectPtr conn, EsxPoolAccess access, const EsxFound *found)
{
    virStoragePoolDef stub = esxPoolStub(found->pool);

    return access(conn, &stub) < 0 ? -1 : 0;
}

static int
checkVolume(virConnectPtr conn, EsxVolAccess access, const EsxFound *found)
{
    virStoragePoolDef poolStub = esxPoolStub(found->pool);
    virStorageVolDef volStub = esxVolStub(found->volume);

    return access(conn, &poolStub, &volStub) < 0 ? -1 : 0;
}

InventorySnapshot *
esxOpenPools(virConnectPtr conn, EsxConnectAccess access)
{
    return access(conn) < 0 ? NULL : esxFindSnapshot(conn);
}

int
esxOpenPool(virStoragePoolPtr pool, EsxPoolAccess access, EsxFound *ret_found)
{
    if (esxFindPoolByUuid(pool->conn, pool->uuid, pool->name, ret_found) < 0)
        return -1;
    return checkPool(pool->conn, access, ret_found);
}

int
esxOpenVolume(virStorageVolPtr vol, EsxVolAccess access, EsxFound *ret_found)
{
    if (esxFindVolume(vol->conn, NULL /* uuid */, vol->pool, vol->name, ret_found) < 0)
        return -1;
    return checkVolume(vol->conn, access, ret_found);
}

int
esxOpenVolumes(virStoragePoolPtr pool, EsxPoolAccess access, EsxFound *ret_found)
{
    return esxFindVolumes(pool->conn, pool->uuid, pool->name, access, ret_found);
}

virStoragePoolPtr
esxExportPool(virConnectPtr conn, const EsxFound *found, EsxPoolAccess access)
{
    return checkPool(conn, access, found) < 0 ? NULL : esxPoolObject(conn, found->pool);
}

virStorageVolPtr
esxExportVolume(virConnectPtr conn, const EsxFound *found, EsxVolAccess access)
{
    return checkVolume(conn, access, found) < 0 ? NULL : esxVolObject(conn, found);
}

bool
esxPoolIsVisible(virConnectPtr conn, EsxPoolFilter filter, const InventoryPool *pool)
{
    virStoragePoolDef stub = esxPoolStub(pool);

    return filter(conn, &stub);
}

bool
esxVolumeIsVisible(virConnectPtr conn, EsxVolFilter filter, const InventoryPool *pool,
                   const EsxVolume *volume)
{
    virStoragePoolDef poolStub = esxPoolStub(pool);
    virStorageVolDef volStub = esxVolStub(volume);

    return filter(conn, &poolStub, &volStub);
}

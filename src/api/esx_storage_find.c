/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds pools and volumes of the current snapshot for libvirt's objects. */

#include <string.h>

#include "base_text.h"
#include "esx_report.h"
#include "esx_storage_find.h"

/* How many names of pools a message lists. */
#define NAMES_SHOWN 8

void
esxFoundClear(EsxFound *found)
{
    g_clear_pointer(&found->claim, esxClaimFree);
    g_clear_pointer(&found->list, esxVolumeListUnref);
    g_clear_pointer(&found->snapshot, inventorySnapshotUnref);
    *found = (EsxFound) { 0 };
}

virStoragePoolDef
esxPoolStub(const InventoryPool *pool)
{
    virStoragePoolDef def = { .name = (char *)pool->name };

    memcpy(def.uuid, pool->uuid, VIR_UUID_BUFLEN);
    return def;
}

virStorageVolDef
esxVolStub(const EsxVolume *volume)
{
    return (virStorageVolDef) { .name = (char *)volume->name, .key = (char *)volume->key };
}

virStoragePoolPtr
esxPoolObject(virConnectPtr conn, const InventoryPool *pool)
{
    return virGetStoragePool(conn, pool->name, pool->uuid, NULL, NULL);
}

virStorageVolPtr
esxVolObject(virConnectPtr conn, const EsxFound *found)
{
    return virGetStorageVol(conn, found->pool->name, found->volume->name, found->volume->key, NULL,
                            NULL);
}

InventorySnapshot *
esxFindSnapshot(virConnectPtr conn)
{
    EsxConnection *connection = conn->privateData;
    g_autoptr(GError) error = NULL;
    InventorySnapshot *snapshot = inventoryAcquire(connection->inventory,
                                                   connection->options.cacheTtlMs, &error);

    if (snapshot)
        esxServerLogLeftOut(connection->server, "the pools", inventorySnapshotLeftOut(snapshot));
    else
        esxErrorReport(error, NULL);
    return snapshot;
}

/* ---- pools ---------------------------------------------------------------------------------- */

bool
esxPoolIsListed(virConnectPtr conn, const InventoryPool *pool)
{
    virStoragePoolDef stub = esxPoolStub(pool);

    return virConnectListAllStoragePoolsCheckACL(conn, &stub);
}

char *
esxPoolNames(virConnectPtr conn, const GPtrArray *pools)
{
    g_autoptr(GString) names = NULL;
    guint count = 0;
    guint i;

    for (i = 0; i < pools->len; i++) {
        const InventoryPool *pool = g_ptr_array_index(pools, i);
        g_autofree char *quoted = NULL;

        if (!esxPoolIsListed(conn, pool) || count++ >= NAMES_SHOWN)
            continue;
        quoted = textFormat("%s'%s'", names ? ", " : "", pool->name);
        if (!names)
            names = g_string_new(NULL);
        g_string_append(names, quoted);
    }
    if (count > NAMES_SHOWN)
        g_string_append_printf(names, " and %u more", count - NAMES_SHOWN);
    return names ? g_string_free(g_steal_pointer(&names), FALSE) : NULL;
}

/* Pools that share a name have a suffix each, and lose it when they no longer do. */
static void
reportNoName(virConnectPtr conn, InventorySnapshot *snapshot, const char *name)
{
    g_autoptr(GPtrArray) pools = inventoryPoolsByPlainName(snapshot, name);
    g_autofree char *names = esxPoolNames(conn, pools);

    if (names)
        esxReport(VIR_ERR_NO_STORAGE_POOL,
                  "no storage pool with matching name '%s'; it is the short name of the pools "
                  TEXT_MESSAGE, name, names);
    else
        esxReport(VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name '%s'", name);
}

static void
reportNoPool(virConnectPtr conn, InventorySnapshot *snapshot, const unsigned char *uuid,
             const char *name)
{
    char text[VIR_UUID_STRING_BUFLEN] = "";

    if (!uuid) {
        reportNoName(conn, snapshot, name);
        return;
    }
    virUUIDFormat(uuid, text);
    if (name)
        esxReport(VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching uuid '%s' (%s)",
                  text, name);
    else
        esxReport(VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching uuid '%s'", text);
}

/* Stores @snapshot and its @pool, if there is one. */
static bool
takeSnapshot(InventorySnapshot *snapshot, const InventoryPool *pool, EsxFound *ret_found)
{
    if (!pool)
        return false;
    ret_found->snapshot = inventorySnapshotRef(snapshot);
    ret_found->pool = pool;
    ret_found->backend = esxStorageBackendFor(pool);
    return true;
}

/* Looks up @uuid, or @name if that is NULL. */
static bool
takePool(InventorySnapshot *snapshot, const unsigned char *uuid, const char *name,
         EsxFound *ret_found)
{
    return takeSnapshot(snapshot, uuid ? inventoryPoolByUuid(snapshot, uuid)
                                       : inventoryPoolByName(snapshot, name), ret_found);
}

static int
findPool(virConnectPtr conn, const unsigned char *uuid, const char *name, EsxFound *ret_found)
{
    g_autoptr(InventorySnapshot) snapshot = esxFindSnapshot(conn);

    if (!snapshot)
        return -1;
    if (takePool(snapshot, uuid, name, ret_found))
        return 0;
    reportNoPool(conn, snapshot, uuid, name);
    return -1;
}

int
esxFindPoolByUuid(virConnectPtr conn, const unsigned char *uuid, const char *name,
                  EsxFound *ret_found)
{
    return findPool(conn, uuid, name, ret_found);
}

int
esxFindPoolByName(virConnectPtr conn, const char *name, EsxFound *ret_found)
{
    return findPool(conn, NULL /* uuid */, name, ret_found);
}

int
esxFindPoolByTargetPath(virConnectPtr conn, const char *path, EsxFound *ret_found)
{
    g_autoptr(InventorySnapshot) snapshot = esxFindSnapshot(conn);

    if (!snapshot)
        return -1;
    if (takeSnapshot(snapshot, inventoryPoolByTargetPath(snapshot, path), ret_found))
        return 0;
    esxReport(VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching target path '%s'", path);
    return -1;
}

/* ---- volumes -------------------------------------------------------------------------------- */

static void
reportNoList(const EsxFound *found, const GError *error)
{
    esxErrorReport(error, "cannot list the volumes of pool '%s'", found->pool->name);
}

/* @volume: the only volume that is wanted; NULL: all. */
static EsxVolumeList *
readList(virConnectPtr conn, const EsxFound *found, const char *volume, GError **error)
{
    if (volume && found->backend->volume)
        return found->backend->volume(conn->privateData, found->pool, volume, error);
    return found->backend->volumes(conn->privateData, found->pool, error);
}

int
esxFindInPool(virConnectPtr conn, InventorySnapshot *snapshot, const InventoryPool *pool,
              const char *volume, EsxFound *ret_found, GError **error)
{
    g_auto(EsxFound) found = { 0 };

    takeSnapshot(snapshot, pool, &found);
    if (!pool->accessible) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                    "the storage pool is not active: " TEXT_MESSAGE,
                    found.backend->inactiveReason);
        return -1;
    }
    found.list = readList(conn, &found, volume, error);
    if (!found.list)
        return -1;
    found.volume = esxVolumeListFind(found.list, volume);
    if (!found.volume)
        return 0;
    *ret_found = found;
    found = (EsxFound) { 0 };
    return 1;
}

int
esxCheckActive(const EsxFound *found)
{
    if (found->pool->accessible)
        return 0;
    esxReport(VIR_ERR_OPERATION_INVALID, "storage pool '%s' is not active: " TEXT_MESSAGE,
              found->pool->name, found->backend->inactiveReason);
    return -1;
}

static bool
mayAccess(virConnectPtr conn, EsxPoolAccess access, const EsxFound *found)
{
    virStoragePoolDef stub = esxPoolStub(found->pool);

    return !access || access(conn, &stub) == 0;
}

/*
 * If listing the volumes proves the pool, an old snapshot is as good as a new one, and the
 * inventory need not be asked.
 *
 * Returns: 1 if found, 0 if the regular way has to be used, -1 with a libvirt error.
 */
static int
findVolumesByPeeking(virConnectPtr conn, const unsigned char *uuid, const char *name,
                     const char *volume, EsxPoolAccess access, EsxFound *ret_found)
{
    EsxConnection *connection = conn->privateData;
    g_autoptr(InventorySnapshot) snapshot = inventoryPeek(connection->inventory);
    g_auto(EsxFound) found = { 0 };
    g_autoptr(GError) error = NULL;

    if (!snapshot || !takePool(snapshot, uuid, name, &found) || !found.backend->isOutdated ||
        !found.pool->accessible)
        return 0;
    if (!mayAccess(conn, access, &found))
        return -1;

    found.list = readList(conn, &found, volume, &error);
    if (!found.list && found.backend->isOutdated(error))
        return 0;
    if (!found.list) {
        reportNoList(&found, error);
        return -1;
    }
    *ret_found = found;
    found = (EsxFound) { 0 };
    return 1;
}

/* esxFindVolumes() for one volume or (@volume NULL) all. */
static int
findList(virConnectPtr conn, const unsigned char *uuid, const char *name, const char *volume,
         EsxPoolAccess access, EsxFound *ret_found)
{
    g_autoptr(GError) error = NULL;
    int peeked = findVolumesByPeeking(conn, uuid, name, volume, access, ret_found);

    if (peeked != 0)
        return peeked > 0 ? 0 : -1;
    if (findPool(conn, uuid, name, ret_found) < 0 || !mayAccess(conn, access, ret_found) ||
        esxCheckActive(ret_found) < 0)
        return -1;

    ret_found->list = readList(conn, ret_found, volume, &error);
    if (ret_found->list)
        return 0;
    reportNoList(ret_found, error);
    return -1;
}

int
esxFindVolumes(virConnectPtr conn, const unsigned char *uuid, const char *name,
               EsxPoolAccess access, EsxFound *ret_found)
{
    return findList(conn, uuid, name, NULL /* volume */, access, ret_found);
}

int
esxFindVolume(virConnectPtr conn, const unsigned char *uuid, const char *pool, const char *volume,
              EsxFound *ret_found)
{
    if (findList(conn, uuid, pool, volume, NULL /* access */, ret_found) < 0)
        return -1;

    ret_found->volume = esxVolumeListFind(ret_found->list, volume);
    if (ret_found->volume)
        return 0;
    esxReport(VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching name '%s' in pool '%s'",
              volume, ret_found->pool->name);
    return -1;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds pools and volumes of the current snapshot for libvirt's objects. */

#include <string.h>

#include "base_names.h"
#include "esx_report.h"
#include "esx_storage_find.h"

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

static void
reportNoPool(const unsigned char *uuid, const char *name)
{
    char text[VIR_UUID_STRING_BUFLEN] = "";

    if (!uuid) {
        esxReport(VIR_ERR_NO_STORAGE_POOL, "no storage pool with matching name '%s'", name);
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
    reportNoPool(uuid, name);
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
                     EsxPoolAccess access, EsxFound *ret_found)
{
    EsxConnection *connection = conn->privateData;
    g_autoptr(InventorySnapshot) snapshot = inventoryPeek(connection->inventory);
    g_auto(EsxFound) found = { 0 };
    g_autoptr(GError) error = NULL;

    if (!snapshot || !takePool(snapshot, uuid, name, &found) || !found.backend->isOutdated)
        return 0;
    if (!mayAccess(conn, access, &found))
        return -1;

    found.list = found.backend->volumes(connection, found.pool, &error);
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

int
esxFindVolumes(virConnectPtr conn, const unsigned char *uuid, const char *name,
               EsxPoolAccess access, EsxFound *ret_found)
{
    g_autoptr(GError) error = NULL;
    int peeked = findVolumesByPeeking(conn, uuid, name, access, ret_found);

    if (peeked != 0)
        return peeked > 0 ? 0 : -1;
    if (findPool(conn, uuid, name, ret_found) < 0 || !mayAccess(conn, access, ret_found))
        return -1;

    ret_found->list = ret_found->backend->volumes(conn->privateData, ret_found->pool, &error);
    if (ret_found->list)
        return 0;
    reportNoList(ret_found, error);
    return -1;
}

int
esxFindVolume(virConnectPtr conn, const unsigned char *uuid, const char *pool, const char *volume,
              EsxFound *ret_found)
{
    if (esxFindVolumes(conn, uuid, pool, NULL /* access */, ret_found) < 0)
        return -1;

    ret_found->volume = esxVolumeListFind(ret_found->list, volume);
    if (ret_found->volume)
        return 0;
    esxReport(VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching name '%s' in pool '%s'",
              volume, ret_found->pool->name);
    return -1;
}

/* ---- in any pool ---------------------------------------------------------------------------- */

/* Names may begin with blanks, but users also write too many of them after the bracket. */
static const EsxVolume *
findTolerant(const EsxVolumeList *list, const char *name)
{
    const EsxVolume *volume = esxVolumeListFind(list, name);

    return volume ? volume : esxVolumeListFind(list, nameSkipBlanks(name));
}

/*
 * Finds the volume @name of the pool @pool, if that is one of @backend. Returns like
 * esxFindAnywhere().
 */
static int
findNamed(virConnectPtr conn, const EsxStorageBackend *backend, const char *pool,
          const char *name, EsxFound *ret_found)
{
    int peeked = findVolumesByPeeking(conn, NULL /* uuid */, pool, NULL /* access */, ret_found);

    if (peeked < 0)
        return -1;
    if (peeked == 0) {
        g_autoptr(InventorySnapshot) snapshot = esxFindSnapshot(conn);
        const InventoryPool *known = snapshot ? inventoryPoolByName(snapshot, pool) : NULL;

        if (!snapshot)
            return -1;
        if (!known || esxStorageBackendFor(known) != backend)
            return 0;
        if (esxFindVolumes(conn, NULL /* uuid */, pool, NULL /* access */, ret_found) < 0)
            return -1;
    }
    ret_found->volume = findTolerant(ret_found->list, name);
    return ret_found->volume ? 1 : 0;
}

/* The same for a pool of @snapshot, which is current and need not be read again. */
static int
findPlaced(virConnectPtr conn, InventorySnapshot *snapshot, const char *pool, const char *name,
           EsxFound *ret_found)
{
    g_autoptr(GError) error = NULL;

    if (!takePool(snapshot, NULL /* uuid */, pool, ret_found))
        return 0;
    ret_found->list = ret_found->backend->volumes(conn->privateData, ret_found->pool, &error);
    if (!ret_found->list) {
        reportNoList(ret_found, error);
        return -1;
    }
    ret_found->volume = esxVolumeListFind(ret_found->list, name);
    return ret_found->volume ? 1 : 0;
}

/* Asks @backend for the volume of @text. Returns like esxFindAnywhere(). */
static int
findByBackend(virConnectPtr conn, const EsxStorageBackend *backend, InventorySnapshot *snapshot,
              const char *text, bool deep, EsxFound *ret_found)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *pool = NULL;
    g_autofree char *name = NULL;

    if (!backend->volumeLookup(conn->privateData, snapshot, text, deep, &pool, &name, &error)) {
        esxErrorReport(error, NULL);
        return -1;
    }
    if (!pool)
        return 0;
    return backend->isOutdated ? findNamed(conn, backend, pool, name, ret_found)
                                     : findPlaced(conn, snapshot, pool, name, ret_found);
}

/* The backend whose volume names have the form of @text, or NULL. */
static const EsxStorageBackend *
splitName(const char *text, char **ret_pool, char **ret_name)
{
    const EsxStorageBackend *const *backend;

    for (backend = esxStorageBackends(); *backend; backend++) {
        if ((*backend)->volumeSplit && (*backend)->volumeSplit(text, ret_pool, ret_name))
            return *backend;
    }
    return NULL;
}

int
esxFindAnywhere(virConnectPtr conn, const char *text, bool deep, EsxFound *ret_found)
{
    g_autofree char *pool = NULL;
    g_autofree char *name = NULL;
    const EsxStorageBackend *named = splitName(text, &pool, &name);
    const EsxStorageBackend *const *backend;
    g_autoptr(InventorySnapshot) snapshot = NULL;
    int found = 0;

    if (named)
        return findNamed(conn, named, pool, name, ret_found);

    snapshot = esxFindSnapshot(conn);
    if (!snapshot)
        return -1;
    for (backend = esxStorageBackends(); *backend && found == 0; backend++) {
        if ((*backend)->volumeLookup)
            found = findByBackend(conn, *backend, snapshot, text, deep, ret_found);
    }
    return found;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Verbs for pools. A pool exists while the host has it: persistent and started with the host. If
 * the host cannot reach it, it is inactive, in the state INACCESSIBLE.
 */

#include "base_text.h"
#include "esx_audit.h"
#include "esx_report.h"
#include "esx_storage_door.h"
#include "esx_storage_pool.h"
#include "esx_storage_xml.h"

/* ---- lists ---------------------------------------------------------------------------------- */

/* Counts the pools of @snapshot that are active, or those that are not. */
static int
countPools(virConnectPtr conn, const InventorySnapshot *snapshot, EsxPoolFilter filter,
           gboolean active)
{
    size_t n, i;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    int count = 0;

    for (i = 0; i < n; i++)
        count += pools[i]->accessible == active && esxPoolIsVisible(conn, filter, pools[i]);
    return count;
}

/* The same, with their names. */
static int
namePools(virConnectPtr conn, const InventorySnapshot *snapshot, EsxPoolFilter filter,
          gboolean active, char **names, int maxnames)
{
    size_t n, i;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    int count = 0;

    for (i = 0; i < n && count < maxnames; i++) {
        if (pools[i]->accessible == active && esxPoolIsVisible(conn, filter, pools[i]))
            names[count++] = g_strdup(pools[i]->name);
    }
    return count;
}

int
esxConnectNumOfStoragePools(virConnectPtr conn)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_autoptr(InventorySnapshot) snapshot = esxOpenPools(conn,
                                                         virConnectNumOfStoragePoolsEnsureACL);

    return !snapshot ? -1 : countPools(conn, snapshot, virConnectNumOfStoragePoolsCheckACL, TRUE);
}

int
esxConnectListStoragePools(virConnectPtr conn, char **const names, int maxnames)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_autoptr(InventorySnapshot) snapshot = esxOpenPools(conn,
                                                         virConnectListStoragePoolsEnsureACL);

    return !snapshot ? -1 : namePools(conn, snapshot, virConnectListStoragePoolsCheckACL, TRUE,
                                      names, maxnames);
}

/* "Defined" pools are the inactive ones. */
int
esxConnectNumOfDefinedStoragePools(virConnectPtr conn)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_autoptr(InventorySnapshot) snapshot =
        esxOpenPools(conn, virConnectNumOfDefinedStoragePoolsEnsureACL);

    return !snapshot ? -1 : countPools(conn, snapshot, virConnectNumOfDefinedStoragePoolsCheckACL,
                                       FALSE);
}

int
esxConnectListDefinedStoragePools(virConnectPtr conn, char **const names, int maxnames)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_autoptr(InventorySnapshot) snapshot =
        esxOpenPools(conn, virConnectListDefinedStoragePoolsEnsureACL);

    return !snapshot ? -1 : namePools(conn, snapshot, virConnectListDefinedStoragePoolsCheckACL,
                                      FALSE, names, maxnames);
}

/* Groups of filters are AND'ed, the bits of one group OR'ed; an empty group accepts everything. */
static bool
matchesFlags(const InventoryPool *pool, unsigned int flags)
{
    static const unsigned int groups[] = {
        VIR_CONNECT_LIST_STORAGE_POOLS_FILTERS_ACTIVE,
        VIR_CONNECT_LIST_STORAGE_POOLS_FILTERS_PERSISTENT,
        VIR_CONNECT_LIST_STORAGE_POOLS_FILTERS_AUTOSTART,
        VIR_CONNECT_LIST_STORAGE_POOLS_FILTERS_POOL_TYPE,
    };
    const unsigned int has = (pool->accessible ? VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE
                                               : VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE) |
                             VIR_CONNECT_LIST_STORAGE_POOLS_PERSISTENT |
                             VIR_CONNECT_LIST_STORAGE_POOLS_AUTOSTART |
                             esxStorageBackendListFlag(pool);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(groups); i++) {
        if ((flags & groups[i]) && !(flags & groups[i] & has))
            return false;
    }
    return true;
}

/* Converts @snapshot's pools to libvirt objects. @list NULL: only counts. */
static int
exportPools(virConnectPtr conn, const InventorySnapshot *snapshot, unsigned int flags,
            GPtrArray *list)
{
    size_t n, i;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    int count = 0;

    for (i = 0; i < n; i++) {
        virStoragePoolPtr object;

        if (!matchesFlags(pools[i], flags) ||
            !esxPoolIsVisible(conn, virConnectListAllStoragePoolsCheckACL, pools[i]))
            continue;
        count++;
        if (!list)
            continue;
        object = esxPoolObject(conn, pools[i]);
        if (!object)
            return -1;
        g_ptr_array_add(list, object);
    }
    return count;
}

int
esxConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **pools, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_autoptr(InventorySnapshot) snapshot = NULL;
    g_autoptr(GPtrArray) list = NULL;
    int count;

    virCheckFlags(VIR_CONNECT_LIST_STORAGE_POOLS_FILTERS_ALL, -1);

    snapshot = esxOpenPools(conn, virConnectListAllStoragePoolsEnsureACL);
    if (!snapshot)
        return -1;

    if (pools)
        list = g_ptr_array_new_with_free_func(virObjectUnref);
    count = exportPools(conn, snapshot, flags, list);
    if (count < 0 || !pools)
        return count;

    g_ptr_array_add(list, NULL);
    g_ptr_array_set_free_func(list, NULL);
    *pools = (virStoragePoolPtr *)g_ptr_array_free(g_steal_pointer(&list), FALSE);
    return count;
}

char *
esxConnectGetStoragePoolCapabilities(virConnectPtr conn, unsigned int flags)
{
    const EsxStorageBackend *const *backend;
    const EsxPoolType *row;
    g_autoptr(virCaps) caps = NULL;
    g_autoptr(virStoragePoolCaps) poolCaps = NULL;

    virCheckFlags(0, NULL);

    if (virConnectGetStoragePoolCapabilitiesEnsureACL(conn) < 0)
        return NULL;

    caps = virCapabilitiesNew(VIR_ARCH_NONE, false, false);
    for (backend = esxStorageBackends(); caps && *backend; backend++) {
        for (row = (*backend)->types; row->listFlag != 0; row++)
            virCapabilitiesAddStoragePool(caps, row->type);
    }
    poolCaps = caps ? virStoragePoolCapsNew(caps) : NULL;
    return poolCaps ? virStoragePoolCapsFormat(poolCaps) : NULL;
}

/* ---- lookups -------------------------------------------------------------------------------- */

virStoragePoolPtr
esxStoragePoolLookupByName(virConnectPtr conn, const char *name)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxFindPoolByName(conn, name, &found) < 0)
        return NULL;
    return esxExportPool(conn, &found, virStoragePoolLookupByNameEnsureACL);
}

virStoragePoolPtr
esxStoragePoolLookupByUUID(virConnectPtr conn, const unsigned char *uuid)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxFindPoolByUuid(conn, uuid, NULL /* name */, &found) < 0)
        return NULL;
    return esxExportPool(conn, &found, virStoragePoolLookupByUUIDEnsureACL);
}

virStoragePoolPtr
esxStoragePoolLookupByVolume(virStorageVolPtr vol)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxFindPoolByName(vol->conn, vol->pool, &found) < 0)
        return NULL;
    return esxExportPool(vol->conn, &found, virStoragePoolLookupByVolumeEnsureACL);
}

/* "/a//b/" is "/a/b". */
static char *
sanitizePath(const char *path)
{
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    g_autoptr(GString) clean = g_string_new(NULL);
    size_t i;

    for (i = 0; parts[i]; i++) {
        if (*parts[i])
            g_string_append_printf(clean, "%s%s", clean->len || *path == '/' ? "/" : "", parts[i]);
    }
    return g_string_free(g_steal_pointer(&clean), FALSE);
}

virStoragePoolPtr
esxStoragePoolLookupByTargetPath(virConnectPtr conn, const char *path)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    g_autofree char *clean = sanitizePath(path);
    g_auto(EsxFound) found = { 0 };

    if (esxFindPoolByTargetPath(conn, clean, &found) < 0)
        return NULL;
    return esxExportPool(conn, &found, virStoragePoolLookupByTargetPathEnsureACL);
}

/* ---- one pool ------------------------------------------------------------------------------- */

int
esxStoragePoolRefresh(virStoragePoolPtr pool, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    EsxConnection *connection = pool->conn->privateData;
    g_auto(EsxFound) found = { 0 };
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    gboolean ok;

    virCheckFlags(0, -1);

    if (esxOpenPool(pool, virStoragePoolRefreshEnsureACL, &found) < 0)
        return -1;

    audit = esxAuditNew("refresh", found.pool->name, NULL /* volume */);
    ok = found.backend->poolRefresh(connection, found.pool, &error);
    inventoryExpire(connection->inventory);
    esxAuditLog(audit, ok, error);
    if (ok) {
        esxEventsRefresh(connection->events, found.pool);
        return 0;
    }
    if (found.pool->accessible)
        esxErrorReport(error, "cannot refresh pool '%s'", found.pool->name);
    else
        esxReport(VIR_ERR_OPERATION_INVALID,
                  "storage pool '%s' is not active, and the refresh failed: " TEXT_MESSAGE,
                  found.pool->name, error->message);
    return -1;
}

int
esxStoragePoolGetInfo(virStoragePoolPtr pool, virStoragePoolInfoPtr info)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenPool(pool, virStoragePoolGetInfoEnsureACL, &found) < 0)
        return -1;

    *info = (virStoragePoolInfo) {
        .state = found.pool->accessible ? VIR_STORAGE_POOL_RUNNING : VIR_STORAGE_POOL_INACCESSIBLE,
        .capacity = found.pool->capacity,
        .allocation = found.pool->capacity - found.pool->available,
        .available = found.pool->available,
    };
    return 0;
}

char *
esxStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    /* There is no pending configuration, so the inactive XML is the live one. */
    virCheckFlags(VIR_STORAGE_XML_INACTIVE, NULL);

    if (esxOpenPool(pool, virStoragePoolGetXMLDescEnsureACL, &found) < 0)
        return NULL;
    return esxStoragePoolXML(found.pool);
}

int
esxStoragePoolGetAutostart(virStoragePoolPtr pool, int *autostart)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenPool(pool, virStoragePoolGetAutostartEnsureACL, &found) < 0)
        return -1;
    *autostart = 1;
    return 0;
}

int
esxStoragePoolSetAutostart(virStoragePoolPtr pool, int autostart)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenPool(pool, virStoragePoolSetAutostartEnsureACL, &found) < 0)
        return -1;
    if (autostart)
        return 0;
    esxReport(
        VIR_ERR_NO_SUPPORT,
        "cannot turn off autostart of pool '%s': an ESX host starts all of its storage at boot",
        found.pool->name);
    return -1;
}

int
esxStoragePoolIsActive(virStoragePoolPtr pool)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenPool(pool, virStoragePoolIsActiveEnsureACL, &found) < 0)
        return -1;
    return found.pool->accessible ? 1 : 0;
}

int
esxStoragePoolIsPersistent(virStoragePoolPtr pool)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    return esxOpenPool(pool, virStoragePoolIsPersistentEnsureACL, &found) < 0 ? -1 : 1;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Host bus adapters become pools, the LUNs behind them their volumes.
 *
 * The LUNs of an adapter are read from the SCSI and the NVMe topology; if it is missing in both,
 * from the multipath information; else from the plug store. A LUN of several adapters is one LUN in
 * several pools.
 */

#include "inventory_scsi.h"

#include <string.h>

#include "base_hash.h"
#include "base_limits.h"
#include "base_names.h"
#include "inventory_lun_host.h"
#include "vi_property.h"

/* An adapter that is being built. */
typedef struct {
    InventoryLunPool pool;
    const VimHostHostBusAdapter *hba;
    const char *name;           /* of the pool */
    const char *identity;       /* the adapter's key, else its device */
    const SoapMoRef *host;
    const SoapMoRef *storageSystem;
} Hba;

/* The current host; its pools are the adapter's key → Hba. */
typedef struct {
    InventoryLunHost host;
    const InventoryScope *scope;
    GPtrArray *hbas;            /* Hba, of all hosts */
    GHashTable *devices;        /* set of the adapters' devices that this host has already listed */
} BusHost;

static void
hbaFree(gpointer data)
{
    Hba *hba = data;

    inventoryLunSetClear(&hba->pool.luns);
    g_free(hba);
}

/* ---- adapters ------------------------------------------------------------------------------- */

/* Returns: the name of the pool of @device; NULL if it is too long, or there is no room. */
static const char *
poolName(const BusHost *host, const char *device)
{
    const InventoryObject *object = host->host.object;
    InventoryBuild *build = host->host.build;
    const char *entity = viAnyString(inventoryObjectProperty(object, "name"));
    g_autofree char *plain = NULL;
    g_autofree char *name = NULL;

    if (host->scope && host->scope->manyHosts) {
        plain = nameUnescapeEntity(entity ? entity : inventoryObjectRef(object)->value);
        name = g_strdup_printf("%s (%s)", device, plain);
    } else {
        name = g_strdup(device);
    }
    if (!inventoryBuildIsName(name)) {
        leftOutAdd(&build->leftOut, "an adapter whose name is too long", name);
        return NULL;
    }
    return inventoryBuildName(build, name);
}

/* InventoryLunOps.adapter. An adapter listed twice is one. */
static void
gatherBusAdapter(InventoryLunHost *of, const VimHostHostBusAdapter *adapter)
{
    BusHost *host = (BusHost *)of;
    const SoapAny *storageSystem =
        inventoryObjectProperty(of->object, "configManager.storageSystem");
    const char *identity = adapter->key && *adapter->key ? adapter->key : adapter->device;
    const char *name = NULL;
    Hba *hba = NULL;

    if (!adapter->device || *adapter->device == '\0' ||
        soapObjectCast(adapter, &vimHostInternetScsiHbaType) ||
        g_hash_table_contains(of->pools, identity) ||
        !g_hash_table_add(host->devices, (gpointer)adapter->device))
        return;
    name = poolName(host, adapter->device);
    if (!name)
        return;

    hba = g_new0(Hba, 1);
    hba->hba = adapter;
    hba->name = name;
    hba->identity = identity;
    hba->host = inventoryBuildRef(of->build, inventoryObjectRef(of->object));
    hba->storageSystem = inventoryBuildRef(of->build, viAnyMoRef(storageSystem));
    g_ptr_array_add(host->hbas, hba);
    g_hash_table_insert(of->pools, (gpointer)identity, hba);
}

/* InventoryLunOps.poolOf: by the adapter's key alone. */
static InventoryLunPool *
hbaOf(const InventoryLunHost *host, const char *key,
      const VimHostTargetTransport *transport G_GNUC_UNUSED)
{
    return key ? g_hash_table_lookup(host->pools, key) : NULL;
}

/* ---- LUNs ----------------------------------------------------------------------------------- */

/* Returns: (transfer full) ScsiLun.canonicalName → ScsiLun. */
static GHashTable *
indexByName(const InventoryLunHost *host)
{
    GHashTable *table = g_hash_table_new(hashText, g_str_equal);
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, host->lunsByKey);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        VimScsiLun *scsi = value;

        if (scsi->canonicalName)
            g_hash_table_insert(table, (gpointer)scsi->canonicalName, scsi);
    }
    return table;
}

/* A namespace is the LUN with that canonical name; a namespace without a LUN has no device file. */
static void
gatherNvmeTopology(InventoryLunHost *host)
{
    const VimHostNvmeTopology *topology = viAnyObject(
        inventoryLunHostStorage(host, "nvmeTopology"), &vimHostNvmeTopologyType);
    g_autoptr(GHashTable) byName = topology ? indexByName(host) : NULL;
    size_t i, j, k;

    for (i = 0; topology && i < topology->n_adapter; i++) {
        const VimHostNvmeTopologyInterface *interface = topology->adapter[i];
        InventoryLunPool *pool = hbaOf(host, interface->adapter, NULL /* transport */);

        for (j = 0; pool && j < interface->n_connectedController; j++) {
            const VimHostNvmeController *controller = interface->connectedController[j];

            for (k = 0; k < controller->n_attachedNamespace; k++) {
                const char *name = controller->attachedNamespace[k]->name;

                inventoryLunHostAdd(host, pool, name ? g_hash_table_lookup(byName, name) : NULL);
            }
        }
        if (pool && pool->luns.luns)
            pool->topology = host->object;
    }
}

/* Returns: (transfer full) the key of each path in @store → the key of its LUN. */
static GHashTable *
indexPlugStore(const VimHostPlugStoreTopology *store)
{
    g_autoptr(GHashTable) devices = g_hash_table_new(hashText, g_str_equal);
    GHashTable *paths = g_hash_table_new(hashText, g_str_equal);
    size_t i;

    for (i = 0; i < store->n_device; i++) {
        if (store->device[i]->key)
            g_hash_table_insert(devices, (gpointer)store->device[i]->key,
                                (gpointer)store->device[i]->lun);
    }
    for (i = 0; i < store->n_path; i++) {
        const VimHostPlugStoreTopologyPath *path = store->path[i];
        const char *lun = path->device ? g_hash_table_lookup(devices, path->device) : NULL;

        if (path->key && lun)
            g_hash_table_insert(paths, (gpointer)path->key, (gpointer)lun);
    }
    return paths;
}

static void
gatherPlugStore(InventoryLunHost *host)
{
    const VimHostPlugStoreTopology *store = viAnyObject(
        inventoryLunHostStorage(host, "plugStoreTopology"), &vimHostPlugStoreTopologyType);
    g_autoptr(GHashTable) paths = store ? indexPlugStore(store) : NULL;
    size_t i, j;

    for (i = 0; store && i < store->n_adapter; i++) {
        const VimHostPlugStoreTopologyAdapter *adapter = store->adapter[i];
        InventoryLunPool *pool = hbaOf(host, adapter->adapter, NULL /* transport */);

        if (!pool || pool->luns.luns)
            continue;
        for (j = 0; j < adapter->n_path; j++) {
            const char *path = adapter->path[j];

            inventoryLunHostAddKey(host, pool, path ? g_hash_table_lookup(paths, path) : NULL);
        }
    }
}

static const InventoryLunOps busOps = {
    .adapter = gatherBusAdapter,
    .poolOf = hbaOf,
    .topologies = gatherNvmeTopology,
    .behindPaths = gatherPlugStore,
};

/* ---- the pools ------------------------------------------------------------------------------ */

static gint
compareHbas(gconstpointer a, gconstpointer b)
{
    const Hba *x = *(const Hba *const *)a;
    const Hba *y = *(const Hba *const *)b;
    const gint order = strcmp(x->name, y->name);

    return order != 0 ? order : strcmp(x->host->value, y->host->value);
}

/*
 * A WWN is sent as a signed number, so half of them are negative. Returns: NULL if none was sent.
 */
static const char *
wwnText(InventoryBuild *build, gint64 wwn)
{
    g_autofree char *text = NULL;

    if (wwn == 0)
        return NULL;
    text = g_strdup_printf("%016" G_GINT64_MODIFIER "x", (guint64)wwn);
    return inventoryBuildName(build, text);
}

static void
setWwns(InventoryBuild *build, InventoryHba *hba, const VimHostHostBusAdapter *from)
{
    const VimHostFibreChannelHba *fibre = soapObjectCast(from, &vimHostFibreChannelHbaType);
    const VimHostSerialAttachedHba *serial = soapObjectCast(from, &vimHostSerialAttachedHbaType);

    if (fibre) {
        hba->wwnn = wwnText(build, fibre->nodeWorldWideName);
        hba->wwpn = wwnText(build, fibre->portWorldWideName);
    } else if (serial) {
        hba->wwnn = inventoryBuildName(build, serial->nodeWorldWideName);
    }
}

/*
 * Whether I/O can go through @hba. An adapter without paths counts as usable, unless it has known
 * LUNs, or the host reports it as offline.
 */
static gboolean
isAccessible(const Hba *hba)
{
    if (hba->pool.isAlive)
        return TRUE;
    if (hba->pool.hasPaths || g_strcmp0(hba->hba->status, "offline") == 0)
        return FALSE;
    return !hba->pool.pathsKnown || !hba->pool.luns.luns;
}

static void
addBusPool(InventoryBuild *build, Hba *from)
{
    g_autofree char *identity = g_strdup_printf("%s\n%s", from->host->value, from->identity);
    InventoryHba *hba = inventoryBuildNew(build, InventoryHba, 1);
    InventoryPool *pool = hba ? inventoryBuildPool(build, &inventoryAdapters) : NULL;

    if (!pool)
        return;
    hba->host = from->host;
    hba->adapter.storageSystem = from->storageSystem;
    hba->adapter.device = inventoryBuildName(build, from->hba->device);
    hba->model = inventoryBuildName(build, from->hba->model);
    setWwns(build, hba, from->hba);
    pool->accessible = isAccessible(from);
    hba->luns = inventoryLunSetSeal(&from->pool.luns, build, pool, &hba->nluns);

    pool->name = from->name;
    pool->plainName = hba->adapter.device;
    nameHashUuid(identity, pool->uuid);
    pool->targetPath = INVENTORY_LUN_FOLDER;
    pool->own = hba;
}

static void
buildAdapters(InventoryBuild *build, const InventoryStore *store, const InventoryScope *scope)
{
    g_autoptr(GPtrArray) hosts = inventoryStoreObjects(store, "HostSystem");
    g_autoptr(GPtrArray) hbas = g_ptr_array_new_with_free_func(hbaFree);
    g_autoptr(GHashTable) luns = g_hash_table_new(hashText, g_str_equal);
    guint i;

    for (i = 0; i < hosts->len && !build->full; i++) {
        g_autoptr(GHashTable) pools = g_hash_table_new(hashText, g_str_equal);
        g_autoptr(GHashTable) devices = g_hash_table_new(hashText, g_str_equal);
        BusHost host = {
            .host = {
                .ops = &busOps, .build = build, .object = g_ptr_array_index(hosts, i),
                .known = luns, .pools = pools,
            },
            .scope = scope, .hbas = hbas, .devices = devices,
        };

        inventoryLunHostGather(&host.host);
    }
    if (build->full)
        return;
    g_ptr_array_sort(hbas, compareHbas);
    for (i = 0; i < hbas->len && !build->full; i++)
        addBusPool(build, g_ptr_array_index(hbas, i));
}

/* ---- the kind -------------------------------------------------------------------------------- */

const InventoryHba *
inventoryPoolHba(const InventoryPool *pool)
{
    return pool->kind == &inventoryAdapters ? pool->own : NULL;
}

static gboolean
adaptersAreShown(const InventoryScope *scope)
{
    return scope && scope->perHost;
}

static const char *
adapterSuffix(const InventoryPool *pool)
{
    return inventoryPoolHba(pool)->host->value;
}

static gboolean
adapterDiffers(const InventoryPool *was, const InventoryPool *is)
{
    const InventoryHba *before = inventoryPoolHba(was);
    const InventoryHba *now = inventoryPoolHba(is);

    return inventoryLunsDiffer(before->luns, before->nluns, now->luns, now->nluns) ||
           g_strcmp0(before->model, now->model) != 0 ||
           g_strcmp0(before->wwnn, now->wwnn) != 0 || g_strcmp0(before->wwpn, now->wwpn) != 0;
}

static const InventoryPath paths[] = {
    { .name = "configManager.storageSystem" },
    { .name = INVENTORY_STORAGE "hostBusAdapter" },
    { .name = INVENTORY_STORAGE "scsiLun" },
    { .name = INVENTORY_STORAGE "scsiTopology" },
    { .name = INVENTORY_STORAGE "multipathInfo" },
    { .name = INVENTORY_STORAGE "plugStoreTopology" },
    { .name = INVENTORY_STORAGE "nvmeTopology", .since = "7.0" },
    { .name = NULL },
};

const InventoryKind inventoryAdapters = {
    .type = "HostSystem",
    .paths = paths,
    .isShown = adaptersAreShown,
    .build = buildAdapters,
    .suffix = adapterSuffix,
    .tooLong = "an adapter whose name is too long to be made unique",
    .differ = adapterDiffers,
};

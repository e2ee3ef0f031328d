/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Host bus adapters become pools, the LUNs behind them their volumes.
 *
 * Which LUNs an adapter has is read from the SCSI and the NVMe topology; where both leave it out,
 * from the multipath information; else from the plug store. A LUN behind several adapters is one
 * LUN, which each of them has.
 */

#include "inventory_scsi.h"

#include <string.h>

#include "base_hash.h"
#include "base_limits.h"
#include "base_names.h"
#include "inventory_lun.h"
#include "vi_property.h"

#define STORAGE "config.storageDevice."

/* One adapter while its parts are gathered. */
typedef struct {
    const VimHostHostBusAdapter *hba;
    const char *name;           /* of the pool */
    const char *identity;       /* the adapter's key, else its device */
    const SoapMoRef *host;
    const SoapMoRef *storageSystem;
    InventoryLunSet luns;
    gboolean byTopology;        /* a topology says which LUNs it has */
    gboolean pathsKnown;        /* its host says which paths there are */
    gboolean hasPaths;
    gboolean isAlive;
} Hba;

/* What is gathered over all hosts. */
typedef struct {
    InventoryBuild *build;
    const InventoryScope *scope;
    GPtrArray *hbas;            /* Hba */
    GHashTable *luns;           /* what its key is made of → InventoryLun, shared by hosts */
} Gather;

/* What of one host refers to itself by keys. */
typedef struct {
    Gather *gather;
    const InventoryObject *object;
    GHashTable *lunsByKey;      /* ScsiLun.key → ScsiLun */
    GHashTable *hbas;           /* the adapter's key → Hba */
} Host;

static void
hbaFree(gpointer data)
{
    Hba *hba = data;

    inventoryLunSetClear(&hba->luns);
    g_free(hba);
}

static const SoapAny *
storageOf(const Host *host, const char *property)
{
    return inventoryObjectProperty(host->object, property);
}

/* ---- adapters ------------------------------------------------------------------------------- */

/* Returns: what the pool of @device is called; NULL: too long, or no room. */
static const char *
poolName(const Host *host, const char *device)
{
    InventoryBuild *build = host->gather->build;
    const char *entity = viAnyString(storageOf(host, "name"));
    g_autofree char *plain = NULL;
    g_autofree char *name = NULL;

    if (host->gather->scope && host->gather->scope->manyHosts) {
        plain = nameUnescapeEntity(entity ? entity : inventoryObjectRef(host->object)->value);
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

/* @devices: set of those the host has listed already. An adapter listed twice is one. */
static void
gatherBusAdapter(const Host *host, const VimHostHostBusAdapter *adapter, GHashTable *devices)
{
    const SoapAny *storageSystem = storageOf(host, "configManager.storageSystem");
    InventoryBuild *build = host->gather->build;
    const char *identity = adapter->key && *adapter->key ? adapter->key : adapter->device;
    const char *name = NULL;
    Hba *hba = NULL;

    if (!adapter->device || *adapter->device == '\0' ||
        soapObjectCast(adapter, &vimHostInternetScsiHbaType) ||
        g_hash_table_contains(host->hbas, identity) ||
        !g_hash_table_add(devices, (gpointer)adapter->device))
        return;
    name = poolName(host, adapter->device);
    if (!name)
        return;

    hba = g_new0(Hba, 1);
    hba->hba = adapter;
    hba->name = name;
    hba->identity = identity;
    hba->host = inventoryBuildRef(build, inventoryObjectRef(host->object));
    hba->storageSystem = inventoryBuildRef(build, viAnyMoRef(storageSystem));
    g_ptr_array_add(host->gather->hbas, hba);
    g_hash_table_insert(host->hbas, (gpointer)identity, hba);
}

static void
gatherBusAdapters(const Host *host)
{
    g_autoptr(GHashTable) devices = g_hash_table_new(hashText, g_str_equal);
    size_t n;
    SoapObject *const *items = viAnyObjects(storageOf(host, STORAGE "hostBusAdapter"), &n);
    size_t i;

    for (i = 0; i < n && !host->gather->build->full; i++) {
        const VimHostHostBusAdapter *adapter =
            soapObjectCast(items[i], &vimHostHostBusAdapterType);

        if (adapter)
            gatherBusAdapter(host, adapter, devices);
    }
}

/* Returns: the adapter with the key @key, or NULL. */
static Hba *
hbaOf(const Host *host, const char *key)
{
    return key ? g_hash_table_lookup(host->hbas, key) : NULL;
}

/* ---- LUNs ----------------------------------------------------------------------------------- */

/* @scsi: NULL: none. */
static void
addBusLun(const Host *host, Hba *hba, const VimScsiLun *scsi)
{
    InventoryLun *lun = scsi ? inventoryLunGet(host->gather->build, host->gather->luns, scsi)
                             : NULL;

    if (lun)
        inventoryLunSetAdd(&hba->luns, lun);
}

static const VimScsiLun *
lunOf(const Host *host, const char *key)
{
    return key ? g_hash_table_lookup(host->lunsByKey, key) : NULL;
}

static void
gatherScsiTopology(const Host *host)
{
    const VimHostScsiTopology *topology = viAnyObject(storageOf(host, STORAGE "scsiTopology"),
                                                      &vimHostScsiTopologyType);
    size_t i, j, k;

    for (i = 0; topology && i < topology->n_adapter; i++) {
        const VimHostScsiTopologyInterface *interface = topology->adapter[i];
        Hba *hba = hbaOf(host, interface->adapter);

        for (j = 0; hba && j < interface->n_target; j++) {
            const VimHostScsiTopologyTarget *target = interface->target[j];

            for (k = 0; k < target->n_lun; k++)
                addBusLun(host, hba, lunOf(host, target->lun[k]->scsiLun));
        }
    }
}

/* Returns: (transfer full) ScsiLun.canonicalName → ScsiLun. */
static GHashTable *
indexByName(const Host *host)
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

/* A namespace is the LUN of that canonical name; one that no LUN stands for has no device file. */
static void
gatherNvmeTopology(const Host *host)
{
    const VimHostNvmeTopology *topology = viAnyObject(storageOf(host, STORAGE "nvmeTopology"),
                                                      &vimHostNvmeTopologyType);
    g_autoptr(GHashTable) byName = topology ? indexByName(host) : NULL;
    size_t i, j, k;

    for (i = 0; topology && i < topology->n_adapter; i++) {
        const VimHostNvmeTopologyInterface *interface = topology->adapter[i];
        Hba *hba = hbaOf(host, interface->adapter);

        for (j = 0; hba && j < interface->n_connectedController; j++) {
            const VimHostNvmeController *controller = interface->connectedController[j];

            for (k = 0; k < controller->n_attachedNamespace; k++) {
                const char *name = controller->attachedNamespace[k]->name;

                addBusLun(host, hba, name ? g_hash_table_lookup(byName, name) : NULL);
            }
        }
    }
}

/* Notes which adapters have LUNs by now, and whether the host says which paths there are. */
static void
noteAdapters(const Host *host, gboolean pathsKnown)
{
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, host->hbas);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        Hba *hba = value;

        hba->byTopology = hba->luns.luns != NULL;
        hba->pathsKnown = pathsKnown;
    }
}

static void
gatherBusPaths(const Host *host)
{
    const VimHostMultipathInfo *multipath = viAnyObject(storageOf(host, STORAGE "multipathInfo"),
                                                        &vimHostMultipathInfoType);
    size_t i, j;

    noteAdapters(host, multipath != NULL);
    for (i = 0; multipath && i < multipath->n_lun; i++) {
        const VimHostMultipathInfoLogicalUnit *unit = multipath->lun[i];

        for (j = 0; j < unit->n_path; j++) {
            Hba *hba = hbaOf(host, unit->path[j]->adapter);

            if (!hba)
                continue;
            hba->hasPaths = TRUE;
            hba->isAlive |= inventoryLunPathIsAlive(unit->path[j]);
            if (!hba->byTopology)
                addBusLun(host, hba, lunOf(host, unit->lun));
        }
    }
}

/* Returns: (transfer full) the key of each path of @store → the key of the LUN that it leads to. */
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
gatherPlugStore(const Host *host)
{
    const VimHostPlugStoreTopology *store = viAnyObject(
        storageOf(host, STORAGE "plugStoreTopology"), &vimHostPlugStoreTopologyType);
    g_autoptr(GHashTable) paths = store ? indexPlugStore(store) : NULL;
    size_t i, j;

    for (i = 0; store && i < store->n_adapter; i++) {
        const VimHostPlugStoreTopologyAdapter *adapter = store->adapter[i];
        Hba *hba = hbaOf(host, adapter->adapter);

        if (!hba || hba->luns.luns)
            continue;
        for (j = 0; j < adapter->n_path; j++) {
            const char *path = adapter->path[j];

            addBusLun(host, hba, path ? lunOf(host, g_hash_table_lookup(paths, path)) : NULL);
        }
    }
}

static void
gatherBusHost(Gather *gather, const InventoryObject *object)
{
    const SoapAny *luns = inventoryObjectProperty(object, STORAGE "scsiLun");
    /* The kind of targets reads the same LUNs, and counts those that are left out. */
    const LeftOut counted = gather->build->leftOut;
    g_autoptr(GHashTable) lunsByKey = inventoryLunIndex(gather->build, luns);
    g_autoptr(GHashTable) hbas = g_hash_table_new(hashText, g_str_equal);
    const Host host = {
        .gather = gather, .object = object, .lunsByKey = lunsByKey, .hbas = hbas,
    };

    gather->build->leftOut = counted;
    gatherBusAdapters(&host);
    gatherScsiTopology(&host);
    gatherNvmeTopology(&host);
    gatherBusPaths(&host);
    gatherPlugStore(&host);
}

/* ---- the pools ------------------------------------------------------------------------------ */

static gint
compareHbas(gconstpointer a, gconstpointer b)
{
    const Hba *x = *(const Hba *const *)a;
    const Hba *y = *(const Hba *const *)b;
    const gint order = strcmp(x->name, y->name);

    return order != 0 ? order : strcmp(x->host->value, y->host->value);
}

/* A WWN is sent as a signed number, of which half are negative. Returns: NULL: none was sent. */
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
 * Whether I/O can go through @hba. One without paths has nothing to lose, unless LUNs are known
 * behind it, or the host calls it offline.
 */
static gboolean
isAccessible(const Hba *hba)
{
    if (hba->isAlive)
        return TRUE;
    if (hba->hasPaths || g_strcmp0(hba->hba->status, "offline") == 0)
        return FALSE;
    return !hba->pathsKnown || !hba->luns.luns;
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
    hba->luns = inventoryLunSetSeal(&from->luns, build, pool, &hba->nluns);

    pool->name = from->name;
    nameHashUuid(identity, pool->uuid);
    pool->targetPath = INVENTORY_LUN_FOLDER;
    pool->accessible = isAccessible(from);
    pool->own = hba;
}

static void
buildAdapters(InventoryBuild *build, const InventoryStore *store, const InventoryScope *scope)
{
    g_autoptr(GPtrArray) hosts = inventoryStoreObjects(store, "HostSystem");
    g_autoptr(GPtrArray) hbas = g_ptr_array_new_with_free_func(hbaFree);
    g_autoptr(GHashTable) luns = g_hash_table_new(hashText, g_str_equal);
    Gather gather = { build, scope, hbas, luns };
    guint i;

    for (i = 0; i < hosts->len && !build->full; i++)
        gatherBusHost(&gather, g_ptr_array_index(hosts, i));
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
    { .name = STORAGE "hostBusAdapter" },
    { .name = STORAGE "scsiLun" },
    { .name = STORAGE "scsiTopology" },
    { .name = STORAGE "multipathInfo" },
    { .name = STORAGE "plugStoreTopology" },
    { .name = STORAGE "nvmeTopology", .since = "7.0" },
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

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * iSCSI targets become pools, the LUNs behind them their volumes.
 *
 * All InternetScsi adapters of all hosts count. One pool per IQN: a target with several portals, or
 * configured on several adapters, is one. Which LUNs are behind a target is read from the SCSI
 * topology or, where the server leaves the target out of it, from the multipath information.
 */

#include <string.h>

#include "base_names.h"
#include "inventory_build.h"
#include "vi_property.h"

/* From so many LUNs of a target on, finding one among them in order takes too long. */
#define FEW_LUNS 16

/* One target while its parts are gathered. */
typedef struct {
    const char *iqn;
    GArray *portals;        /* InventoryPortal */
    GArray *adapters;       /* InventoryAdapter; those of one host stand together */
    guint hostsFirst;       /* where those of the host under way begin */
    GPtrArray *luns;        /* InventoryLun */
    GHashTable *lunSet;     /* the same; NULL while they are few */
    guint livePaths;
    gboolean pathsKnown;    /* a host that has it said which paths there are */
} Target;

/* What is gathered over all hosts. */
typedef struct {
    InventoryBuild *build;
    GHashTable *targets;    /* IQN → Target */
    GHashTable *luns;       /* what its key is made of → InventoryLun, shared by hosts */
} Gather;

/* What of one host refers to itself by keys. */
typedef struct {
    Gather *gather;
    const SoapMoRef *storageSystem;
    GHashTable *lunsByKey;  /* ScsiLun.key → ScsiLun */
    GHashTable *targets;    /* set of Target: those its adapters have */
} Host;

static void
targetFree(gpointer data)
{
    Target *target = data;

    g_array_unref(target->portals);
    g_array_unref(target->adapters);
    g_ptr_array_unref(target->luns);
    g_clear_pointer(&target->lunSet, g_hash_table_unref);
    g_free(target);
}

static Target *
targetGet(Gather *gather, const char *iqn)
{
    Target *target = g_hash_table_lookup(gather->targets, iqn);

    if (target)
        return target;

    target = g_new0(Target, 1);
    target->iqn = inventoryBuildString(gather->build, iqn);
    target->portals = g_array_new(FALSE, TRUE, sizeof(InventoryPortal));
    target->adapters = g_array_new(FALSE, TRUE, sizeof(InventoryAdapter));
    target->luns = g_ptr_array_new();
    g_hash_table_insert(gather->targets, (gpointer)target->iqn, target);
    return target;
}

/* ---- adapters and their static targets ------------------------------------------------------ */

static void
addPortal(Gather *gather, Target *target, const VimHostInternetScsiHbaStaticTarget *entry)
{
    InventoryPortal portal = { entry->address, entry->has_port ? entry->port : 3260 };
    guint i;

    if (!portal.address)
        return;
    for (i = 0; i < target->portals->len; i++) {
        const InventoryPortal *known = &g_array_index(target->portals, InventoryPortal, i);

        if (g_str_equal(known->address, portal.address) && known->port == portal.port)
            return;
    }
    portal.address = inventoryBuildString(gather->build, entry->address);
    g_array_append_val(target->portals, portal);
}

static void
addAdapter(const Host *host, Target *target, const VimHostInternetScsiHba *hba)
{
    InventoryAdapter adapter = { .storageSystem = host->storageSystem };
    guint i;

    if (!hba->base.device)
        return;
    for (i = target->hostsFirst; i < target->adapters->len; i++) {
        const InventoryAdapter *known = &g_array_index(target->adapters, InventoryAdapter, i);

        if (g_str_equal(known->device, hba->base.device))
            return;
    }
    adapter.device = inventoryBuildString(host->gather->build, hba->base.device);
    adapter.iqn = inventoryBuildString(host->gather->build, hba->iScsiName);
    g_array_append_val(target->adapters, adapter);
}

static void
gatherAdapters(const Host *host, const SoapAny *adapters)
{
    size_t n;
    SoapObject *const *items = viAnyObjects(adapters, &n);
    size_t i, j;

    for (i = 0; i < n; i++) {
        const VimHostInternetScsiHba *hba = soapObjectCast(items[i], &vimHostInternetScsiHbaType);

        for (j = 0; hba && j < hba->n_configuredStaticTarget; j++) {
            const VimHostInternetScsiHbaStaticTarget *entry = hba->configuredStaticTarget[j];
            Target *target;

            if (!entry->iScsiName || *entry->iScsiName == '\0')
                continue;
            target = targetGet(host->gather, entry->iScsiName);
            if (g_hash_table_add(host->targets, target))
                target->hostsFirst = target->adapters->len;
            addPortal(host->gather, target, entry);
            addAdapter(host, target, hba);
        }
    }
}

/* ---- LUNs ----------------------------------------------------------------------------------- */

static void
setCapacity(InventoryLun *lun, const VimHostScsiDisk *disk)
{
    const VimHostDiskDimensionsLba *size = disk ? disk->capacity : NULL;

    if (size && size->block > 0 && size->blockSize > 0 &&
        size->block <= G_MAXINT64 / size->blockSize)
        lun->capacity = (guint64)size->block * (guint64)size->blockSize;
}

/* The key libvirt gets: MD5 of @identity in the form of a UUID. */
static void
lunKey(const char *identity, char ret_key[37])
{
    guint8 digest[16];

    nameHashUuid(identity, digest);
    nameFormatUuid(digest, ret_key);
}

/* Cheap arrays repeat ids: two LUNs with one uuid are one only if they are called the same as
 * well. */
static gboolean
isSameLun(const InventoryLun *lun, const VimScsiLun *scsi, const char *name)
{
    if (lun->canonicalName && scsi->canonicalName)
        return g_str_equal(lun->canonicalName, scsi->canonicalName);
    return g_str_equal(lun->name, name);
}

/*
 * The snapshot's LUN for @scsi: one for all hosts and targets that lead to it. NULL without a
 * name.
 */
static InventoryLun *
lunGet(Gather *gather, const VimScsiLun *scsi)
{
    const VimHostScsiDisk *disk = soapObjectCast(scsi, &vimHostScsiDiskType);
    const char *name = scsi->base.deviceName ? scsi->base.deviceName : scsi->canonicalName;
    const char *identity = scsi->uuid && *scsi->uuid ? scsi->uuid : name;
    InventoryLun *lun;

    if (!name || *name == '\0')
        return NULL;

    lun = g_hash_table_lookup(gather->luns, identity);
    if (lun && !isSameLun(lun, scsi, name)) {
        g_autofree char *both = g_strdup_printf("%s\n%s", scsi->uuid, name);

        identity = inventoryBuildString(gather->build, both);
        lun = g_hash_table_lookup(gather->luns, identity);
    }
    if (lun)
        return lun;

    lun = inventoryBuildNew(gather->build, InventoryLun, 1);
    lunKey(identity, lun->key);
    lun->name = inventoryBuildString(gather->build, name);
    lun->canonicalName = inventoryBuildString(gather->build, scsi->canonicalName);
    lun->devicePath = disk && disk->devicePath
                          ? inventoryBuildString(gather->build, disk->devicePath)
                          : lun->name;
    lun->isDisk = disk != NULL;
    setCapacity(lun, disk);
    g_hash_table_insert(gather->luns, (gpointer)identity, lun);
    return lun;
}

static void
targetAddLun(Target *target, InventoryLun *lun)
{
    guint i;

    if (target->lunSet ? g_hash_table_contains(target->lunSet, lun)
                       : g_ptr_array_find(target->luns, lun, NULL))
        return;

    g_ptr_array_add(target->luns, lun);
    if (target->lunSet) {
        g_hash_table_add(target->lunSet, lun);
    } else if (target->luns->len == FEW_LUNS) {
        target->lunSet = g_hash_table_new(NULL, NULL);
        for (i = 0; i < target->luns->len; i++)
            g_hash_table_add(target->lunSet, g_ptr_array_index(target->luns, i));
    }
}

/* Puts the LUN with ScsiLun.key @key behind @target, once. */
static void
addLun(const Host *host, Target *target, const char *key)
{
    const VimScsiLun *scsi = key ? g_hash_table_lookup(host->lunsByKey, key) : NULL;
    InventoryLun *lun = scsi ? lunGet(host->gather, scsi) : NULL;

    if (lun)
        targetAddLun(target, lun);
}

static GHashTable *
indexLuns(const SoapAny *luns)
{
    GHashTable *table = g_hash_table_new(g_str_hash, g_str_equal);
    size_t n;
    SoapObject *const *items = viAnyObjects(luns, &n);
    size_t i;

    for (i = 0; i < n; i++) {
        VimScsiLun *scsi = soapObjectCast(items[i], &vimScsiLunType);

        if (scsi && scsi->key)
            g_hash_table_insert(table, (gpointer)scsi->key, scsi);
    }
    return table;
}

/* ---- topology ------------------------------------------------------------------------------- */

/* The target pool that @transport leads to, or NULL. */
static Target *
targetOf(const Host *host, const VimHostTargetTransport *transport)
{
    const VimHostInternetScsiTargetTransport *iscsi =
        soapObjectCast(transport, &vimHostInternetScsiTargetTransportType);

    return iscsi && iscsi->iScsiName ? g_hash_table_lookup(host->gather->targets, iscsi->iScsiName)
                                     : NULL;
}

static void
gatherInterface(const Host *host, const VimHostScsiTopologyInterface *interface,
                GHashTable *ret_seen)
{
    size_t i, j;

    for (i = 0; i < interface->n_target; i++) {
        const VimHostScsiTopologyTarget *entry = interface->target[i];
        Target *target = targetOf(host, entry->transport);

        for (j = 0; target && j < entry->n_lun; j++) {
            addLun(host, target, entry->lun[j]->scsiLun);
            g_hash_table_add(ret_seen, target);
        }
    }
}

/* Returns: the targets this host's topology knows LUNs of. */
static GHashTable *
gatherTopology(const Host *host, const VimHostScsiTopology *topology)
{
    GHashTable *seen = g_hash_table_new(NULL, NULL);
    size_t i;

    for (i = 0; topology && i < topology->n_adapter; i++)
        gatherInterface(host, topology->adapter[i], seen);
    return seen;
}

/* A path that can carry I/O now, or could if asked to. */
static gboolean
isAlive(const VimHostMultipathInfoPath *path)
{
    const char *state = path->state ? path->state : path->pathState;

    return g_strcmp0(state, "dead") != 0 && g_strcmp0(state, "disabled") != 0;
}

/* Counts paths; where the topology in @seen knows nothing of a target, takes its LUNs from them. */
static void
gatherPaths(const Host *host, const VimHostMultipathInfoLogicalUnit *unit, GHashTable *seen)
{
    size_t i;

    for (i = 0; i < unit->n_path; i++) {
        Target *target = targetOf(host, unit->path[i]->transport);

        if (!target)
            continue;
        if (isAlive(unit->path[i]))
            target->livePaths++;
        if (!g_hash_table_contains(seen, target))
            addLun(host, target, unit->lun);
    }
}

static void
gatherMultipath(const Host *host, const VimHostMultipathInfo *multipath, GHashTable *seen)
{
    GHashTableIter iter;
    gpointer target;
    size_t i;

    if (!multipath)
        return;

    g_hash_table_iter_init(&iter, host->targets);
    while (g_hash_table_iter_next(&iter, &target, NULL))
        ((Target *)target)->pathsKnown = TRUE;

    for (i = 0; i < multipath->n_lun; i++)
        gatherPaths(host, multipath->lun[i], seen);
}

static void
gatherHost(Gather *gather, const InventoryObject *object)
{
    const SoapAny *luns = inventoryObjectProperty(object, "config.storageDevice.scsiLun");
    const SoapAny *storageSystem = inventoryObjectProperty(object, "configManager.storageSystem");
    g_autoptr(GHashTable) lunsByKey = indexLuns(luns);
    g_autoptr(GHashTable) targets = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) seen = NULL;
    Host host = {
        .gather = gather,
        .storageSystem = inventoryBuildRef(gather->build, viAnyMoRef(storageSystem)),
        .lunsByKey = lunsByKey,
        .targets = targets,
    };

    gatherAdapters(&host, inventoryObjectProperty(object, "config.storageDevice.hostBusAdapter"));
    seen = gatherTopology(
        &host, viAnyObject(inventoryObjectProperty(object, "config.storageDevice.scsiTopology"),
                           &vimHostScsiTopologyType));
    gatherMultipath(
        &host,
        viAnyObject(inventoryObjectProperty(object, "config.storageDevice.multipathInfo"),
                    &vimHostMultipathInfoType),
        seen);
}

/* ---- the pools ------------------------------------------------------------------------------ */

static gint
compareLuns(gconstpointer a, gconstpointer b)
{
    const InventoryLun *x = *(const InventoryLun *const *)a;
    const InventoryLun *y = *(const InventoryLun *const *)b;

    return strcmp(x->name, y->name);
}

static gint
compareTargets(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Target *)a)->iqn, ((const Target *)b)->iqn);
}

/* Copies an array into the arena. */
static gconstpointer
seal(InventoryBuild *build, gconstpointer data, size_t size)
{
    void *copy = inventoryBuildAlloc(build, size);

    if (size > 0)
        memcpy(copy, data, size);
    return copy;
}

static void
addPool(InventoryBuild *build, const Target *from)
{
    InventoryTarget *target = inventoryBuildNew(build, InventoryTarget, 1);
    InventoryPool *pool = inventoryBuildPool(build);
    guint i;

    g_ptr_array_sort(from->luns, compareLuns);
    target->iqn = from->iqn;
    target->portals =
        seal(build, from->portals->data, from->portals->len * sizeof(InventoryPortal));
    target->nportals = from->portals->len;
    target->adapters =
        seal(build, from->adapters->data, from->adapters->len * sizeof(InventoryAdapter));
    target->nadapters = from->adapters->len;
    target->luns = seal(build, from->luns->pdata, from->luns->len * sizeof(InventoryLun *));
    target->nluns = from->luns->len;

    pool->name = from->iqn;
    nameHashUuid(from->iqn, pool->uuid);
    pool->targetPath = "/vmfs/devices/disks";
    /* A host that lists its paths, but none to this target, cannot reach it. */
    pool->accessible = from->livePaths > 0 || !from->pathsKnown;
    pool->target = target;

    for (i = 0; i < from->luns->len; i++) {
        InventoryLun *lun = g_ptr_array_index(from->luns, i);

        pool->capacity += MIN(lun->capacity, G_MAXUINT64 - pool->capacity);
        if (lun->pool)
            continue;
        lun->pool = pool;
        g_ptr_array_add(build->luns, lun);
    }
}

void
inventoryBuildTargets(InventoryBuild *build, const InventoryStore *store)
{
    g_autoptr(GPtrArray) hosts = inventoryStoreObjects(store, "HostSystem");
    g_autoptr(GHashTable) targets =
        g_hash_table_new_full(g_str_hash, g_str_equal, NULL, targetFree);
    g_autoptr(GHashTable) luns = g_hash_table_new(g_str_hash, g_str_equal);
    Gather gather = { build, targets, luns };
    GList *sorted;
    GList *item;
    guint i;

    for (i = 0; i < hosts->len; i++)
        gatherHost(&gather, g_ptr_array_index(hosts, i));

    sorted = g_list_sort(g_hash_table_get_values(targets), compareTargets);
    for (item = sorted; item; item = item->next)
        addPool(build, item->data);
    g_list_free(sorted);
}

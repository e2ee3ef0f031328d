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

#include "base_hash.h"
#include "base_names.h"
#include "inventory_iscsi.h"
#include "inventory_lun.h"
#include "vi_property.h"

/* From so many portals or adapters of a target on, finding one in order takes too long. */
#define FEW 16

/* One target while its parts are gathered. */
typedef struct {
    const char *iqn;
    GArray *portals;        /* InventoryPortal */
    GArray *adapters;       /* InventoryAdapter; those of one host stand together */
    guint hostsFirst;       /* where those of the host under way begin */
    GHashTable *portalSet;  /* "address\nport"; NULL while they are few */
    GHashTable *deviceSet;  /* of the adapters of that host, likewise */
    InventoryLunSet luns;
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
    GHashTable *devices;    /* set of the adapters' names, in the arena */
} Host;

/* An adapter, whose texts all its targets share. */
typedef struct {
    const char *device;
    const char *iqn;
} Initiator;

static void
targetFree(gpointer data)
{
    Target *target = data;

    g_array_unref(target->portals);
    g_array_unref(target->adapters);
    inventoryLunSetClear(&target->luns);
    g_clear_pointer(&target->portalSet, g_hash_table_unref);
    g_clear_pointer(&target->deviceSet, g_hash_table_unref);
    g_free(target);
}

/* Returns: NULL when its name is too long, or there is no room. */
static Target *
targetGet(Gather *gather, const char *iqn)
{
    Target *target = g_hash_table_lookup(gather->targets, iqn);
    const char *kept = NULL;

    if (target)
        return target;
    if (!inventoryBuildIsName(iqn)) {
        leftOutAdd(&gather->build->leftOut, "an iSCSI target whose name is too long", iqn);
        return NULL;
    }
    kept = inventoryBuildName(gather->build, iqn);
    if (!kept)
        return NULL;

    target = g_new0(Target, 1);
    target->iqn = kept;
    target->portals = g_array_new(FALSE, TRUE, sizeof(InventoryPortal));
    target->adapters = g_array_new(FALSE, TRUE, sizeof(InventoryAdapter));
    g_hash_table_insert(gather->targets, (gpointer)target->iqn, target);
    return target;
}

/* ---- adapters and their static targets ------------------------------------------------------ */

static char *
portalKey(const InventoryPortal *portal)
{
    return g_strdup_printf("%s\n%d", portal->address, portal->port);
}

/* Whether @target has @portal. Of many, a table knows. */
static gboolean
hasPortal(Target *target, const InventoryPortal *portal)
{
    guint i;

    if (target->portals->len >= FEW && !target->portalSet) {
        target->portalSet = g_hash_table_new_full(hashText, g_str_equal, g_free, NULL);
        for (i = 0; i < target->portals->len; i++)
            g_hash_table_add(target->portalSet,
                             portalKey(&g_array_index(target->portals, InventoryPortal, i)));
    }
    if (target->portalSet)
        return !g_hash_table_add(target->portalSet, portalKey(portal));
    for (i = 0; i < target->portals->len; i++) {
        const InventoryPortal *known = &g_array_index(target->portals, InventoryPortal, i);

        if (g_str_equal(known->address, portal->address) && known->port == portal->port)
            return TRUE;
    }
    return FALSE;
}

static void
addPortal(Gather *gather, Target *target, const VimHostInternetScsiHbaStaticTarget *entry)
{
    InventoryPortal portal = { entry->address, entry->has_port ? entry->port : 3260 };

    if (!portal.address)
        return;
    if (!inventoryBuildIsName(portal.address)) {
        leftOutAdd(&gather->build->leftOut, "a portal whose address is too long", portal.address);
        return;
    }
    if (hasPortal(target, &portal))
        return;
    portal.address = inventoryBuildName(gather->build, entry->address);
    if (portal.address)
        g_array_append_val(target->portals, portal);
}

/* Whether the host under way has given @target its adapter @device. Of many, a table knows. */
static gboolean
hasAdapter(Target *target, const char *device)
{
    guint i;

    if (target->adapters->len - target->hostsFirst >= FEW && !target->deviceSet) {
        target->deviceSet = g_hash_table_new(NULL, NULL);
        for (i = target->hostsFirst; i < target->adapters->len; i++)
            g_hash_table_add(
                target->deviceSet,
                (gpointer)g_array_index(target->adapters, InventoryAdapter, i).device);
    }
    if (target->deviceSet)
        return !g_hash_table_add(target->deviceSet, (gpointer)device);

    /* Names of adapters are in the arena once for a host. */
    for (i = target->hostsFirst; i < target->adapters->len; i++) {
        if (g_array_index(target->adapters, InventoryAdapter, i).device == device)
            return TRUE;
    }
    return FALSE;
}

static void
addAdapter(const Host *host, Target *target, const Initiator *initiator)
{
    InventoryAdapter adapter = {
        .storageSystem = host->storageSystem, .device = initiator->device, .iqn = initiator->iqn,
    };

    if (initiator->device && !hasAdapter(target, initiator->device))
        g_array_append_val(target->adapters, adapter);
}

/* Returns: @device in the arena, the same each time; NULL when it is too long. */
static const char *
deviceGet(const Host *host, const char *device)
{
    InventoryBuild *build = host->gather->build;
    const char *known = device ? g_hash_table_lookup(host->devices, device) : NULL;

    if (!device || known)
        return known;
    if (!inventoryBuildIsName(device)) {
        leftOutAdd(&build->leftOut, "an iSCSI adapter whose name is too long", device);
        return NULL;
    }
    known = inventoryBuildName(build, device);
    if (known)
        g_hash_table_add(host->devices, (gpointer)known);
    return known;
}

static void
gatherAdapter(const Host *host, const VimHostInternetScsiHba *hba)
{
    InventoryBuild *build = host->gather->build;
    const Initiator initiator = {
        deviceGet(host, hba->base.device), inventoryBuildName(build, hba->iScsiName),
    };
    size_t i;

    for (i = 0; i < hba->n_configuredStaticTarget && !build->full; i++) {
        const VimHostInternetScsiHbaStaticTarget *entry = hba->configuredStaticTarget[i];
        Target *target = NULL;

        if (entry->iScsiName && *entry->iScsiName)
            target = targetGet(host->gather, entry->iScsiName);
        if (!target)
            continue;
        if (g_hash_table_add(host->targets, target)) {
            target->hostsFirst = target->adapters->len;
            g_clear_pointer(&target->deviceSet, g_hash_table_unref);
        }
        addPortal(host->gather, target, entry);
        addAdapter(host, target, &initiator);
    }
}

static void
gatherAdapters(const Host *host, const SoapAny *adapters)
{
    size_t n;
    SoapObject *const *items = viAnyObjects(adapters, &n);
    size_t i;

    for (i = 0; i < n && !host->gather->build->full; i++) {
        const VimHostInternetScsiHba *hba = soapObjectCast(items[i], &vimHostInternetScsiHbaType);

        if (hba && hba->n_configuredStaticTarget > 0)
            gatherAdapter(host, hba);
    }
}

/* ---- LUNs ----------------------------------------------------------------------------------- */

/* Puts the LUN with ScsiLun.key @key behind @target, once. */
static void
addLun(const Host *host, Target *target, const char *key)
{
    const VimScsiLun *scsi = key ? g_hash_table_lookup(host->lunsByKey, key) : NULL;
    InventoryLun *lun = scsi ? inventoryLunGet(host->gather->build, host->gather->luns, scsi)
                             : NULL;

    if (lun)
        inventoryLunSetAdd(&target->luns, lun);
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

/* Counts paths; where the topology in @seen knows nothing of a target, takes its LUNs from them. */
static void
gatherPaths(const Host *host, const VimHostMultipathInfoLogicalUnit *unit, GHashTable *seen)
{
    size_t i;

    for (i = 0; i < unit->n_path; i++) {
        Target *target = targetOf(host, unit->path[i]->transport);

        if (!target)
            continue;
        if (inventoryLunPathIsAlive(unit->path[i]))
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
    g_autoptr(GHashTable) lunsByKey = inventoryLunIndex(gather->build, luns);
    g_autoptr(GHashTable) targets = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) devices = g_hash_table_new(hashText, g_str_equal);
    g_autoptr(GHashTable) seen = NULL;
    Host host = {
        .gather = gather,
        .storageSystem = inventoryBuildRef(gather->build, viAnyMoRef(storageSystem)),
        .lunsByKey = lunsByKey,
        .targets = targets,
        .devices = devices,
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
compareTargets(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Target *)a)->iqn, ((const Target *)b)->iqn);
}

/* Copies an array into the arena; NULL: there is no room. */
static gconstpointer
copyArray(InventoryBuild *build, gconstpointer data, size_t size)
{
    void *copy = inventoryBuildAlloc(build, size);

    if (copy && size > 0)
        memcpy(copy, data, size);
    return copy;
}

static void
addTargetPool(InventoryBuild *build, Target *from)
{
    InventoryTarget *target = inventoryBuildNew(build, InventoryTarget, 1);
    InventoryPool *pool = target ? inventoryBuildPool(build, &inventoryTargets) : NULL;

    if (!pool)
        return;
    target->iqn = from->iqn;
    target->portals =
        copyArray(build, from->portals->data, from->portals->len * sizeof(InventoryPortal));
    target->nportals = from->portals->len;
    target->adapters =
        copyArray(build, from->adapters->data, from->adapters->len * sizeof(InventoryAdapter));
    target->nadapters = from->adapters->len;
    target->luns = inventoryLunSetSeal(&from->luns, build, pool, &target->nluns);

    pool->name = from->iqn;
    nameHashUuid(from->iqn, pool->uuid);
    pool->targetPath = INVENTORY_LUN_FOLDER;
    /* A host that lists its paths, but none to this target, cannot reach it. */
    pool->accessible = from->livePaths > 0 || !from->pathsKnown;
    pool->target = target;
}

static void
buildTargets(InventoryBuild *build, const InventoryStore *store,
             const InventoryScope *scope G_GNUC_UNUSED)
{
    g_autoptr(GPtrArray) hosts = inventoryStoreObjects(store, "HostSystem");
    g_autoptr(GHashTable) targets =
        g_hash_table_new_full(hashText, g_str_equal, NULL, targetFree);
    g_autoptr(GHashTable) luns = g_hash_table_new(hashText, g_str_equal);
    Gather gather = { build, targets, luns };
    GList *sorted;
    GList *item;
    guint i;

    for (i = 0; i < hosts->len && !build->full; i++)
        gatherHost(&gather, g_ptr_array_index(hosts, i));

    sorted = g_list_sort(g_hash_table_get_values(targets), compareTargets);
    for (item = sorted; item && !build->full; item = item->next)
        addTargetPool(build, item->data);
    g_list_free(sorted);
}

/* ---- the kind -------------------------------------------------------------------------------- */

static gboolean
portalsDiffer(const InventoryTarget *before, const InventoryTarget *now)
{
    size_t i;

    if (before->nportals != now->nportals)
        return TRUE;
    for (i = 0; i < now->nportals; i++) {
        if (!g_str_equal(before->portals[i].address, now->portals[i].address) ||
            before->portals[i].port != now->portals[i].port)
            return TRUE;
    }
    return FALSE;
}

static gboolean
adaptersDiffer(const InventoryTarget *before, const InventoryTarget *now)
{
    size_t i;

    if (before->nadapters != now->nadapters)
        return TRUE;
    for (i = 0; i < now->nadapters; i++) {
        if (!g_str_equal(before->adapters[i].device, now->adapters[i].device) ||
            g_strcmp0(before->adapters[i].iqn, now->adapters[i].iqn) != 0)
            return TRUE;
    }
    return FALSE;
}

static gboolean
targetDiffers(const InventoryPool *before, const InventoryPool *now)
{
    return inventoryLunsDiffer(before->target->luns, before->target->nluns, now->target->luns,
                               now->target->nluns) ||
           portalsDiffer(before->target, now->target) ||
           adaptersDiffer(before->target, now->target);
}

static const InventoryPath paths[] = {
    { .name = "configManager.storageSystem" },
    { .name = "config.storageDevice.hostBusAdapter" },
    { .name = "config.storageDevice.scsiLun" },
    { .name = "config.storageDevice.scsiTopology" },
    { .name = "config.storageDevice.multipathInfo" },
    { .name = NULL },
};

const InventoryKind inventoryTargets = {
    .type = "HostSystem",
    .paths = paths,
    .build = buildTargets,
    .differ = targetDiffers,
};

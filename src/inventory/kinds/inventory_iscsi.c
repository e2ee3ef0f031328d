/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * iSCSI targets become pools, the LUNs behind them their volumes.
 *
 * All InternetScsi adapters of all hosts are used. There is one pool per IQN: a target with several
 * portals, or on several adapters, is one pool. The LUNs of a target are read from the SCSI
 * topology or, if the target is missing there, from the multipath information.
 */

#include <string.h>

#include "base_hash.h"
#include "base_names.h"
#include "inventory_iscsi.h"
#include "inventory_lun_host.h"
#include "vi_property.h"

/* From this many portals or adapters of a target on, a linear search takes too long. */
#define FEW 16

/* A target that is being built. */
typedef struct {
    InventoryLunPool pool;
    const char *iqn;
    GArray *portals;        /* InventoryPortal */
    GArray *adapters;       /* InventoryAdapter; those of one host are adjacent */
    guint hostsFirst;       /* where those of the current host begin */
    GHashTable *portalSet;  /* "address\nport"; NULL while there are few */
    GHashTable *deviceSet;  /* of the adapters of that host, in the same way */
} Target;

/* The current host; its pools are a set of Target. */
typedef struct {
    InventoryLunHost host;
    GHashTable *targets;    /* IQN → Target, of all hosts */
    const SoapMoRef *storageSystem;
    GHashTable *devices;    /* set of the adapters' names, in the arena */
} TargetHost;

/* An adapter; all its targets share its texts. */
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
    inventoryLunSetClear(&target->pool.luns);
    g_clear_pointer(&target->portalSet, g_hash_table_unref);
    g_clear_pointer(&target->deviceSet, g_hash_table_unref);
    g_free(target);
}

/* Returns: NULL if its name is too long, or there is no room. */
static Target *
targetGet(const TargetHost *host, const char *iqn)
{
    InventoryBuild *build = host->host.build;
    Target *target = g_hash_table_lookup(host->targets, iqn);
    const char *kept = NULL;

    if (target)
        return target;
    if (!inventoryBuildIsName(iqn)) {
        leftOutAdd(&build->leftOut, "an iSCSI target whose name is too long", iqn);
        return NULL;
    }
    kept = inventoryBuildName(build, iqn);
    if (!kept)
        return NULL;

    target = g_new0(Target, 1);
    target->iqn = kept;
    target->portals = g_array_new(FALSE, TRUE, sizeof(InventoryPortal));
    target->adapters = g_array_new(FALSE, TRUE, sizeof(InventoryAdapter));
    g_hash_table_insert(host->targets, (gpointer)target->iqn, target);
    return target;
}

/* ---- adapters and their static targets ------------------------------------------------------ */

static char *
portalKey(const InventoryPortal *portal)
{
    return g_strdup_printf("%s\n%d", portal->address, portal->port);
}

/* Whether @target has @portal. Uses a table if there are many. */
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
addPortal(InventoryBuild *build, Target *target, const VimHostInternetScsiHbaStaticTarget *entry)
{
    InventoryPortal portal = { entry->address, entry->has_port ? entry->port : 3260 };

    if (!portal.address)
        return;
    if (!inventoryBuildIsName(portal.address)) {
        leftOutAdd(&build->leftOut, "a portal whose address is too long", portal.address);
        return;
    }
    if (hasPortal(target, &portal))
        return;
    portal.address = inventoryBuildName(build, entry->address);
    if (portal.address)
        g_array_append_val(target->portals, portal);
}

/*
 * Whether the adapter @device of the current host was added to @target. Uses a table if there are
 * many.
 */
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

    /* Names of adapters are in the arena once per host. */
    for (i = target->hostsFirst; i < target->adapters->len; i++) {
        if (g_array_index(target->adapters, InventoryAdapter, i).device == device)
            return TRUE;
    }
    return FALSE;
}

static void
addAdapter(const TargetHost *host, Target *target, const Initiator *initiator)
{
    InventoryAdapter adapter = {
        .storageSystem = host->storageSystem, .device = initiator->device, .iqn = initiator->iqn,
    };

    if (initiator->device && !hasAdapter(target, initiator->device))
        g_array_append_val(target->adapters, adapter);
}

/* Returns: @device in the arena, at the same address each time; NULL if it is too long. */
static const char *
deviceGet(const TargetHost *host, const char *device)
{
    InventoryBuild *build = host->host.build;
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

/* InventoryLunOps.adapter */
static void
gatherInitiator(InventoryLunHost *of, const VimHostHostBusAdapter *adapter)
{
    TargetHost *host = (TargetHost *)of;
    const VimHostInternetScsiHba *hba = soapObjectCast(adapter, &vimHostInternetScsiHbaType);
    Initiator initiator = { NULL, NULL };
    size_t i;

    if (!hba || hba->n_configuredStaticTarget == 0)
        return;
    initiator.device = deviceGet(host, hba->base.device);
    initiator.iqn = inventoryBuildName(of->build, hba->iScsiName);
    for (i = 0; i < hba->n_configuredStaticTarget && !of->build->full; i++) {
        const VimHostInternetScsiHbaStaticTarget *entry = hba->configuredStaticTarget[i];
        Target *target = NULL;

        if (entry->iScsiName && *entry->iScsiName)
            target = targetGet(host, entry->iScsiName);
        if (!target)
            continue;
        if (g_hash_table_add(of->pools, target)) {
            target->hostsFirst = target->adapters->len;
            g_clear_pointer(&target->deviceSet, g_hash_table_unref);
        }
        addPortal(of->build, target, entry);
        addAdapter(host, target, &initiator);
    }
}

/* InventoryLunOps.poolOf: the target pool of @transport. */
static InventoryLunPool *
targetOf(const InventoryLunHost *host, const char *key G_GNUC_UNUSED,
         const VimHostTargetTransport *transport)
{
    const VimHostInternetScsiTargetTransport *iscsi =
        soapObjectCast(transport, &vimHostInternetScsiTargetTransportType);

    return iscsi && iscsi->iScsiName
               ? g_hash_table_lookup(((const TargetHost *)host)->targets, iscsi->iScsiName)
               : NULL;
}

static const InventoryLunOps targetOps = {
    .adapter = gatherInitiator,
    .poolOf = targetOf,
    .countsLuns = TRUE,
};

static void
gatherTargets(InventoryBuild *build, const InventoryObject *object, GHashTable *targets,
              GHashTable *luns)
{
    const SoapAny *storageSystem = inventoryObjectProperty(object, "configManager.storageSystem");
    g_autoptr(GHashTable) pools = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) devices = g_hash_table_new(hashText, g_str_equal);
    TargetHost host = {
        .host = {
            .ops = &targetOps, .build = build, .object = object, .known = luns, .pools = pools,
        },
        .targets = targets,
        .storageSystem = inventoryBuildRef(build, viAnyMoRef(storageSystem)),
        .devices = devices,
    };

    inventoryLunHostGather(&host.host);
}

/* ---- the pools ------------------------------------------------------------------------------ */

static gint
compareTargets(gconstpointer a, gconstpointer b)
{
    return strcmp(((const Target *)a)->iqn, ((const Target *)b)->iqn);
}

/* Copies an array into the arena; NULL if there is no room. */
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
    /* A host that lists its paths, but none to this target, cannot reach it. */
    pool->accessible = from->pool.isAlive || !from->pool.pathsKnown;
    target->luns = inventoryLunSetSeal(&from->pool.luns, build, pool, &target->nluns);

    pool->name = pool->plainName = from->iqn;
    nameHashUuid(from->iqn, pool->uuid);
    pool->targetPath = INVENTORY_LUN_FOLDER;
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
    GList *sorted;
    GList *item;
    guint i;

    for (i = 0; i < hosts->len && !build->full; i++)
        gatherTargets(build, g_ptr_array_index(hosts, i), targets, luns);

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
    { .name = INVENTORY_STORAGE "hostBusAdapter" },
    { .name = INVENTORY_STORAGE "scsiLun" },
    { .name = INVENTORY_STORAGE "scsiTopology" },
    { .name = INVENTORY_STORAGE "multipathInfo" },
    { .name = NULL },
};

const InventoryKind inventoryTargets = {
    .type = "HostSystem",
    .paths = paths,
    .build = buildTargets,
    .differ = targetDiffers,
};

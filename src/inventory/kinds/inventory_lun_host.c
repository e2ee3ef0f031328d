/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Adapters, topology and paths of one host. */

#include "inventory_lun_host.h"

#include "vi_property.h"

void
inventoryLunHostAdd(const InventoryLunHost *host, InventoryLunPool *pool, const VimScsiLun *scsi)
{
    InventoryLun *lun = scsi ? inventoryLunGet(host->build, host->known, scsi) : NULL;

    if (lun)
        inventoryLunSetAdd(&pool->luns, lun);
}

void
inventoryLunHostAddKey(const InventoryLunHost *host, InventoryLunPool *pool, const char *key)
{
    inventoryLunHostAdd(host, pool, key ? g_hash_table_lookup(host->lunsByKey, key) : NULL);
}

static void
gatherAdapters(InventoryLunHost *host)
{
    size_t n;
    SoapObject *const *items =
        viAnyObjects(inventoryLunHostStorage(host, "hostBusAdapter"), &n);
    size_t i;

    for (i = 0; i < n && !host->build->full; i++) {
        const VimHostHostBusAdapter *adapter =
            soapObjectCast(items[i], &vimHostHostBusAdapterType);

        if (adapter)
            host->ops->adapter(host, adapter);
    }
}

static void
gatherScsiInterface(const InventoryLunHost *host, const VimHostScsiTopologyInterface *interface)
{
    size_t i, j;

    for (i = 0; i < interface->n_target; i++) {
        const VimHostScsiTopologyTarget *target = interface->target[i];
        InventoryLunPool *pool =
            host->ops->poolOf(host, interface->adapter, target->transport);

        for (j = 0; pool && j < target->n_lun; j++) {
            inventoryLunHostAddKey(host, pool, target->lun[j]->scsiLun);
            if (pool->luns.luns)
                pool->topology = host->object;
        }
    }
}

static void
gatherScsiTopology(const InventoryLunHost *host)
{
    const VimHostScsiTopology *topology = viAnyObject(inventoryLunHostStorage(host, "scsiTopology"),
                                                      &vimHostScsiTopologyType);
    size_t i;

    for (i = 0; topology && i < topology->n_adapter; i++)
        gatherScsiInterface(host, topology->adapter[i]);
}

/* Counts paths, and takes LUNs from them that no topology has added to a pool. */
static void
gatherUnitPaths(const InventoryLunHost *host, const VimHostMultipathInfoLogicalUnit *unit)
{
    size_t i;

    for (i = 0; i < unit->n_path; i++) {
        const VimHostMultipathInfoPath *path = unit->path[i];
        InventoryLunPool *pool = host->ops->poolOf(host, path->adapter, path->transport);

        if (!pool)
            continue;
        pool->hasPaths = TRUE;
        pool->isAlive |= inventoryLunPathIsAlive(path);
        if (pool->topology != host->object)
            inventoryLunHostAddKey(host, pool, unit->lun);
    }
}

static void
gatherMultipath(const InventoryLunHost *host)
{
    const VimHostMultipathInfo *multipath = viAnyObject(
        inventoryLunHostStorage(host, "multipathInfo"), &vimHostMultipathInfoType);
    GHashTableIter iter;
    gpointer pool = NULL;
    size_t i;

    if (!multipath)
        return;
    g_hash_table_iter_init(&iter, host->pools);
    while (g_hash_table_iter_next(&iter, NULL, &pool))
        ((InventoryLunPool *)pool)->pathsKnown = TRUE;
    for (i = 0; i < multipath->n_lun; i++)
        gatherUnitPaths(host, multipath->lun[i]);
}

void
inventoryLunHostGather(InventoryLunHost *host)
{
    const LeftOut counted = host->build->leftOut;
    g_autoptr(GHashTable) lunsByKey =
        inventoryLunIndex(host->build, inventoryLunHostStorage(host, "scsiLun"));

    if (!host->ops->countsLuns)
        host->build->leftOut = counted;
    host->lunsByKey = lunsByKey;
    gatherAdapters(host);
    gatherScsiTopology(host);
    if (host->ops->topologies)
        host->ops->topologies(host);
    gatherMultipath(host);
    if (host->ops->behindPaths)
        host->ops->behindPaths(host);
    host->lunsByKey = NULL;
}

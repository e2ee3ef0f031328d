/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Static iSCSI targets as pools, the LUNs behind them as volumes (esx_storage_lun.h). */

#include "esx_storage_backend_iscsi.h"

#include "esx_storage_lun.h"
#include "esx_storage_rescan.h"
#include "vi_budget.h"

static const EsxPoolType iscsiTypes[] = {
    { VIR_STORAGE_POOL_ISCSI, VIR_CONNECT_LIST_STORAGE_POOLS_ISCSI },
    { 0 },
};

static bool
iscsiOwns(const InventoryPool *pool)
{
    return pool->target != NULL;
}

static virStoragePoolType
iscsiPoolType(const InventoryPool *pool G_GNUC_UNUSED)
{
    return VIR_STORAGE_POOL_ISCSI;
}

static void
describeHosts(const InventoryTarget *target, virStoragePoolSource *source)
{
    size_t i;

    source->nhost = target->nportals;
    source->hosts = g_new0(virStoragePoolSourceHost, target->nportals);
    for (i = 0; i < target->nportals; i++) {
        source->hosts[i].name = g_strdup(target->portals[i].address);
        source->hosts[i].port = target->portals[i].port;
    }
}

/* The target's IQN is the device; the initiator is the adapter. */
static void
iscsiPoolDescribe(const InventoryPool *pool, virStoragePoolDef *def)
{
    const InventoryTarget *target = pool->target;

    def->type = VIR_STORAGE_POOL_ISCSI;
    describeHosts(target, &def->source);
    def->source.ndevice = 1;
    def->source.devices = g_new0(virStoragePoolSourceDevice, 1);
    def->source.devices[0].path = g_strdup(target->iqn);
    if (target->nadapters > 0)
        def->source.initiator.iqn = g_strdup(target->adapters[0].iqn);
}

/*
 * Rescans all adapters with the target, and only those: a rescan is slow and puts load on the host.
 */
static gboolean
iscsiPoolRefresh(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    const gint64 deadline = viBudgetDeadline(connection->session);
    size_t i;

    for (i = 0; i < pool->target->nadapters; i++) {
        if (!esxRescanAdapter(connection, &pool->target->adapters[i], deadline, error))
            return FALSE;
    }
    return TRUE;
}

static EsxVolumeList *
iscsiVolumes(EsxConnection *connection G_GNUC_UNUSED, const InventoryPool *pool,
             GError **error)
{
    return esxLunVolumes(pool->target->luns, pool->target->nluns, error);
}

static gboolean
iscsiVolumeLookup(EsxConnection *connection G_GNUC_UNUSED, InventorySnapshot *snapshot,
                  const char *text, gboolean deep G_GNUC_UNUSED, char **ret_pool, char **ret_name,
                  GError **error G_GNUC_UNUSED)
{
    esxLunLookup(&esxStorageBackendIscsi, snapshot, text, ret_pool, ret_name);
    return TRUE;
}

const EsxStorageBackend esxStorageBackendIscsi = {
    .types = iscsiTypes,
    .owns = iscsiOwns,
    .inactiveReason = "the host has no path to the target; restore the connection to its portals, "
                      "then refresh the pool",
    .readOnlyReason =
        "LUNs are read-only: create, resize and delete them on the storage array, and change "
        "their contents on the machine that uses them",
    .poolType = iscsiPoolType,
    .poolDescribe = iscsiPoolDescribe,
    .poolRefresh = iscsiPoolRefresh,
    .volumes = iscsiVolumes,
    .volumeLookup = iscsiVolumeLookup,
};

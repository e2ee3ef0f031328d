/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Host bus adapters as pools, the LUNs behind them as volumes (esx_storage_lun.h). */

#include "esx_storage_backend_scsi.h"

#include "esx_storage_lun.h"
#include "esx_storage_rescan.h"
#include "inventory_scsi.h"
#include "vi_budget.h"

static const EsxPoolType scsiTypes[] = {
    { VIR_STORAGE_POOL_SCSI, VIR_CONNECT_LIST_STORAGE_POOLS_SCSI },
    { 0 },
};

static bool
scsiOwns(const InventoryPool *pool)
{
    return inventoryPoolHba(pool) != NULL;
}

static virStoragePoolType
scsiPoolType(const InventoryPool *pool G_GNUC_UNUSED)
{
    return VIR_STORAGE_POOL_SCSI;
}

/*
 * Describes the adapter: its model, and its WWNs. libvirt's schema allows WWNs only in an adapter
 * of type fc_host, which means a virtual adapter that libvirt makes and removes.
 */
static char *
describeProduct(const InventoryHba *hba)
{
    g_autoptr(GString) text = g_string_new(hba->model);

    if (hba->wwnn)
        g_string_append_printf(text, "%sWWNN %s", text->len > 0 ? ", " : "", hba->wwnn);
    if (hba->wwpn)
        g_string_append_printf(text, "%sWWPN %s", text->len > 0 ? ", " : "", hba->wwpn);
    return text->len > 0 ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void
scsiPoolDescribe(const InventoryPool *pool, virStoragePoolDef *def)
{
    const InventoryHba *hba = inventoryPoolHba(pool);

    def->type = VIR_STORAGE_POOL_SCSI;
    def->source.adapter.type = VIR_STORAGE_ADAPTER_TYPE_SCSI_HOST;
    /* libvirt prints this text unchanged, so it is escaped for XML here. */
    def->source.adapter.data.scsi_host.name = g_markup_escape_text(hba->adapter.device, -1);
    def->source.product = describeProduct(hba);
}

static gboolean
scsiPoolRefresh(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    return esxRescanAdapter(connection, &inventoryPoolHba(pool)->adapter,
                            viBudgetDeadline(connection->session), error);
}

static EsxVolumeList *
scsiVolumes(EsxConnection *connection G_GNUC_UNUSED, const InventoryPool *pool, GError **error)
{
    const InventoryHba *hba = inventoryPoolHba(pool);

    return esxLunVolumes(hba->luns, hba->nluns, error);
}

static gboolean
scsiVolumeLookup(EsxConnection *connection G_GNUC_UNUSED, InventorySnapshot *snapshot,
                 const char *text, gboolean deep G_GNUC_UNUSED, char **ret_pool, char **ret_name,
                 GError **error G_GNUC_UNUSED)
{
    esxLunLookup(&esxStorageBackendScsi, snapshot, text, ret_pool, ret_name);
    return TRUE;
}

const EsxStorageBackend esxStorageBackendScsi = {
    .types = scsiTypes,
    .owns = scsiOwns,
    .inactiveReason = "no path of the adapter is alive, or the host reports it as offline; restore "
                      "its connection, then refresh the pool",
    .readOnlyReason =
        "LUNs are read-only: create, resize and delete them on the storage that is attached to the "
        "adapter; their contents belong to the datastore or the virtual machine that uses them",
    .poolType = scsiPoolType,
    .poolDescribe = scsiPoolDescribe,
    .poolRefresh = scsiPoolRefresh,
    .volumes = scsiVolumes,
    .volumeLookup = scsiVolumeLookup,
};

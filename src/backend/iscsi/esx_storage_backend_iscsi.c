/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Static iSCSI targets as pools, the LUNs behind them as volumes.
 *
 * A LUN's name is its device name ("/vmfs/devices/disks/naa.…"), which on every host seen is its
 * device path as well; its canonical name finds it too. Its key is the MD5 of ScsiLun.uuid in the
 * form of a UUID: ScsiLun.uuid itself is of no fixed length.
 */

#include "base_limits.h"
#include "base_names.h"
#include "base_text.h"
#include "esx_storage_backend.h"
#include "vi_budget.h"
#include "vi_call.h"
#include "vim_types.h"

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

/* Rescans every adapter that has the target, and only those: a rescan is slow and disturbs the
 * host. */
static gboolean
iscsiPoolRefresh(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    const ViCallOptions options = { .deadline = viBudgetDeadline(connection->session) };
    size_t i;

    for (i = 0; i < pool->target->nadapters; i++) {
        const InventoryAdapter *adapter = &pool->target->adapters[i];
        VimRescanHbaRequest args = VIM_INIT(RescanHbaRequest);
        g_autoptr(SoapReply) reply = NULL;

        if (!adapter->storageSystem) {
            textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                        "the server does not say how the adapter '%s' can be rescanned",
                        adapter->device);
            return FALSE;
        }
        args.self = (SoapMoRef *)adapter->storageSystem;
        args.hbaDevice = adapter->device;
        reply = viCall(connection->session, &vimMethodRescanHba, &args, &options, error);
        if (!reply) {
            textAddToError(error, "rescanning the adapter '%s' failed: ", adapter->device);
            return FALSE;
        }
    }
    return TRUE;
}

static EsxVolumeList *
iscsiVolumes(EsxConnection *connection G_GNUC_UNUSED, const InventoryPool *pool,
             GError **error)
{
    /* The snapshot has passed the limits of a reply, and each LUN is in here once. */
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(LIMIT_REPLY_BYTES);
    size_t i;

    for (i = 0; i < pool->target->nluns; i++) {
        const InventoryLun *lun = pool->target->luns[i];
        EsxVolume volume = {
            .name = lun->name,
            .key = lun->key,
            .path = lun->devicePath,
            .type = VIR_STORAGE_VOL_BLOCK,
            .format = VIR_STORAGE_FILE_NONE,
            .capacity = lun->capacity,
            .allocation = lun->capacity,
            .physical = lun->capacity,
        };

        if (!esxVolumeListAdd(list, &volume, lun->canonicalName, error))
            return NULL;
    }
    return esxVolumeListSeal(g_steal_pointer(&list));
}

/* By key, device path, device name or canonical name: the snapshot has them all. */
static gboolean
iscsiVolumeLookup(EsxConnection *connection G_GNUC_UNUSED, InventorySnapshot *snapshot,
                  const char *text, gboolean deep G_GNUC_UNUSED, char **ret_pool, char **ret_name,
                  GError **error G_GNUC_UNUSED)
{
    char key[VIR_UUID_STRING_BUFLEN] = "";
    guint8 uuid[16];
    const InventoryLun *lun;

    if (nameParseUuid(text, uuid)) {
        nameFormatUuid(uuid, key);
        lun = inventoryLunByKey(snapshot, key);
    } else {
        lun = inventoryLunByPath(snapshot, text);
    }
    if (lun) {
        *ret_pool = g_strdup(lun->pool->name);
        *ret_name = g_strdup(lun->name);
    }
    return TRUE;
}

const EsxStorageBackend esxStorageBackendIscsi = {
    .name = "iSCSI",
    .types = iscsiTypes,
    .owns = iscsiOwns,
    .readOnlyReason =
        "A LUN of an iSCSI target is made, resized and removed on the storage array that serves "
        "it, and its contents belong to who uses it: nothing of that goes through the ESX host.",
    .poolType = iscsiPoolType,
    .poolDescribe = iscsiPoolDescribe,
    .poolRefresh = iscsiPoolRefresh,
    .volumes = iscsiVolumes,
    .volumeLookup = iscsiVolumeLookup,
};

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Datastores as pools: VMFS, NFS 3 and 4.1, CIFS, local ones, and whatever else a host calls a
 * datastore (vSAN, vVol, PMem, kinds not known yet), for which libvirt has no type of its own:
 * those are directories.
 */

#include "base_text.h"
#include "esx_error.h"
#include "esx_storage_backend.h"
#include "esx_vmfs_change.h"
#include "esx_vmfs_clone.h"
#include "esx_vmfs_create.h"
#include "esx_vmfs_download.h"
#include "esx_vmfs_listing.h"
#include "esx_vmfs_upload.h"
#include "vi_call.h"
#include "vim_types.h"

/* Where a host has its disks; their partitions are "NAME:NUMBER" in there. */
#define DISK_FOLDER "/vmfs/devices/disks"

static gboolean
hasSource(const InventoryDatastore *datastore)
{
    return datastore->remoteHost && *datastore->remoteHost && datastore->remotePath &&
           *datastore->remotePath == '/';
}

/* A source that is not known would make XML that libvirt itself refuses: then it is a directory. */
static virStoragePoolType
vmfsPoolType(const InventoryPool *pool)
{
    switch (pool->datastore->fs) {
    case INVENTORY_FS_VMFS:
        return pool->datastore->nextents > 0 ? VIR_STORAGE_POOL_FS : VIR_STORAGE_POOL_DIR;
    case INVENTORY_FS_NFS:
    case INVENTORY_FS_CIFS:
        return hasSource(pool->datastore) ? VIR_STORAGE_POOL_NETFS : VIR_STORAGE_POOL_DIR;
    case INVENTORY_FS_LOCAL:
    case INVENTORY_FS_OTHER:
        break;
    }
    return VIR_STORAGE_POOL_DIR;
}

/* libvirt's file system pools have one device, so of several extents the first one stands for
 * all. */
static void
describeVmfs(const InventoryDatastore *datastore, virStoragePoolSource *source)
{
    const InventoryExtent *extent = &datastore->extents[0];

    source->format = VIR_STORAGE_POOL_FS_VMFS;
    source->ndevice = 1;
    source->devices = g_new0(virStoragePoolSourceDevice, 1);
    source->devices[0].path =
        g_strdup_printf(DISK_FOLDER "/%s:%d", extent->disk, extent->partition);
}

static void
describeNas(const InventoryDatastore *datastore, virStoragePoolSource *source)
{
    const bool cifs = datastore->fs == INVENTORY_FS_CIFS;

    source->format = cifs ? VIR_STORAGE_POOL_NETFS_CIFS : VIR_STORAGE_POOL_NETFS_NFS;
    source->dir = g_strdup(datastore->remotePath);
    source->nhost = 1;
    source->hosts = g_new0(virStoragePoolSourceHost, 1);
    source->hosts[0].name = g_strdup(datastore->remoteHost);
    if (g_str_equal(datastore->fsType, "NFS41"))
        source->protocolVer = g_strdup("4.1");
}

static void
vmfsPoolDescribe(const InventoryPool *pool, virStoragePoolDef *def)
{
    def->type = vmfsPoolType(pool);
    if (def->type == VIR_STORAGE_POOL_FS)
        describeVmfs(pool->datastore, &def->source);
    else if (def->type == VIR_STORAGE_POOL_NETFS)
        describeNas(pool->datastore, &def->source);
}

static gboolean
vmfsPoolRefresh(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    VimRefreshDatastoreRequest args = VIM_INIT(RefreshDatastoreRequest);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) local = NULL;

    args.self = (SoapMoRef *)pool->datastore->ref;
    reply = viCall(connection->session, &vimMethodRefreshDatastore, &args, NULL, &local);
    esxVmfsListingsExpire(connection->listings, pool);
    if (reply)
        return TRUE;

    /* It has gone since the snapshot was taken. */
    if (g_error_matches(local, VI_ERROR, VI_ERROR_OBJECT_GONE))
        g_set_error(error, ESX_ERROR, ESX_ERROR_NO_POOL, "the server has it no more");
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static void
tellLeftOut(EsxConnection *connection, const InventoryPool *pool, EsxVolumeList *list)
{
    const LeftOut *out = esxVolumeListLeftOut(list);
    g_autofree char *name = out->count > 0 ? textQuoteName(pool->name) : NULL;
    g_autofree char *listing = name ? g_strdup_printf("the volumes of pool '%s'", name) : NULL;

    if (listing)
        esxServerTellLeftOut(connection->server, listing, out);
}

static EsxVolumeList *
vmfsVolumes(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    EsxVolumeList *list = NULL;

    if (!esxVmfsCheckReachable(pool, error))
        return NULL;
    if (!pool->datastore->browser) {
        g_set_error(
            error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
            "the server offers no way to look into this datastore; the user may lack the privilege "
            "Datastore.Browse");
        return NULL;
    }
    list = esxVmfsListingsAcquire(connection->listings, connection->session, pool,
                                  connection->cacheTtlMs, error);
    if (list)
        tellLeftOut(connection, pool, list);
    return list;
}

const EsxStorageBackend esxStorageBackendVmfs = {
    .name = "VMFS",
    .volumesProvePool = true,
    .poolType = vmfsPoolType,
    .poolDescribe = vmfsPoolDescribe,
    .poolRefresh = vmfsPoolRefresh,
    .volumes = vmfsVolumes,
    .volumeCreate = esxVmfsCreate,
    .volumeClone = esxVmfsClone,
    .volumeResize = esxVmfsResize,
    .volumeWipe = esxVmfsWipe,
    .volumeDelete = esxVmfsDelete,
    .volumeDownload = esxVmfsDownload,
    .volumeUpload = esxVmfsUpload,
};

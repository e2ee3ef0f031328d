/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Datastores as pools: VMFS, NFS 3 and 4.1, CIFS, local ones, and other datastores (vSAN, vVol,
 * PMem, unknown kinds), for which libvirt has no type: those are directories.
 */

#include "esx_storage_backend_vmfs.h"

#include "base_names.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_vmfs_change.h"
#include "esx_vmfs_claim.h"
#include "esx_vmfs_clone.h"
#include "esx_vmfs_create.h"
#include "esx_vmfs_download.h"
#include "esx_vmfs_listing.h"
#include "esx_vmfs_upload.h"
#include "esx_vmfs_uuid.h"
#include "esx_vmfs_verb.h"
#include "vi_call.h"
#include "vim_types.h"

/* The directory of a host's disks; their partitions are "NAME:NUMBER" in it. */
#define DISK_FOLDER "/vmfs/devices/disks"

static const EsxPoolType vmfsTypes[] = {
    { VIR_STORAGE_POOL_DIR, VIR_CONNECT_LIST_STORAGE_POOLS_DIR },
    { VIR_STORAGE_POOL_FS, VIR_CONNECT_LIST_STORAGE_POOLS_FS },
    { VIR_STORAGE_POOL_NETFS, VIR_CONNECT_LIST_STORAGE_POOLS_NETFS },
    { 0 },
};

static bool
vmfsOwns(const InventoryPool *pool)
{
    return pool->datastore != NULL;
}

static gboolean
hasSource(const InventoryDatastore *datastore)
{
    return datastore->remoteHost && *datastore->remoteHost && datastore->remotePath &&
           *datastore->remotePath == '/';
}

/* XML with an unknown source would be refused by libvirt itself, so then it is a directory. */
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

/* libvirt's file system pools have one device, so the first of several extents represents all. */
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
    const char *servers = datastore->servers ? datastore->servers : datastore->remoteHost;
    g_auto(GStrv) names = g_strsplit(servers, "\n", -1);
    size_t i;

    source->format = cifs ? VIR_STORAGE_POOL_NETFS_CIFS : VIR_STORAGE_POOL_NETFS_NFS;
    source->dir = g_strdup(datastore->remotePath);
    source->nhost = g_strv_length(names);
    source->hosts = g_new0(virStoragePoolSourceHost, source->nhost);
    for (i = 0; i < source->nhost; i++)
        source->hosts[i].name = g_steal_pointer(&names[i]);
    if (g_str_equal(datastore->fsType, "NFS41"))
        source->protocolVer = g_strdup("4.1");
}

static void
vmfsPoolDescribe(const InventoryPool *pool, virStoragePoolDef *def)
{
    def->type = vmfsPoolType(pool);
    /* ESX has no path for a datastore that is not mounted, but libvirt's schema requires one. */
    if (!def->target.path)
        def->target.path = g_strdup("/vmfs/volumes");
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
    esxVmfsListingsExpire(esxVmfsListingsOf(connection), pool);
    if (reply)
        return TRUE;

    /* It disappeared after the snapshot was taken. */
    if (g_error_matches(local, VI_ERROR, VI_ERROR_OBJECT_GONE))
        g_set_error(error, ESX_ERROR, ESX_ERROR_NO_POOL,
                    "the datastore no longer exists on the server");
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static void
logLeftOut(EsxConnection *connection, const InventoryPool *pool, EsxVolumeList *list)
{
    const LeftOut *out = esxVolumeListLeftOut(list);
    g_autofree char *name = out->count > 0 ? textQuoteName(pool->name) : NULL;
    g_autofree char *listing = name ? g_strdup_printf("the volumes of pool '%s'", name) : NULL;

    if (listing)
        esxServerLogLeftOut(connection->server, listing, out);
}

/* Whether @error may mean that the pool differs from an old snapshot. */
static bool
vmfsIsOutdated(const GError *error)
{
    return error->domain == ESX_ERROR ||
           g_error_matches(error, VI_ERROR, VI_ERROR_OBJECT_GONE) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_NOT_FOUND) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_FILE_FAULT) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_DATASTORE) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_PATH) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT);
}

/* Whether the files of @pool can be searched for. */
static gboolean
checkSearchable(const InventoryPool *pool, GError **error)
{
    if (!esxVmfsCheckReachable(pool, error))
        return FALSE;
    if (pool->datastore->browser)
        return TRUE;
    g_set_error(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                "the server offers no browser for this datastore");
    return FALSE;
}

static EsxVolumeList *
vmfsVolumes(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    EsxVolumeList *list = NULL;

    if (!checkSearchable(pool, error))
        return NULL;
    list = esxVmfsListingsAcquire(esxVmfsListingsOf(connection), connection->session, pool,
                                  connection->options.cacheTtlMs, error);
    if (list)
        logLeftOut(connection, pool, list);
    return list;
}

static EsxVolumeList *
vmfsVolume(EsxConnection *connection, const InventoryPool *pool, const char *name, GError **error)
{
    if (!checkSearchable(pool, error))
        return NULL;
    return esxVmfsListingsFind(esxVmfsListingsOf(connection), connection->session, pool, name,
                               connection->options.cacheTtlMs, error);
}

/* "[datastore] path". */
static const char *
vmfsVolumeSplit(const char *text, const char *before, char **ret_pool, char **ret_name)
{
    return nameSplitDatastorePath(text, before, ret_pool, ret_name);
}

/* By the UUID of a virtual disk, which is queried disk by disk. */
static gboolean
vmfsVolumeLookup(EsxConnection *connection, InventorySnapshot *snapshot, const char *text,
                 gboolean deep, char **ret_pool, char **ret_name, GError **error)
{
    char canonical[VIR_UUID_STRING_BUFLEN] = "";
    guint8 uuid[16];

    if (!deep || !nameParseUuid(text, uuid))
        return TRUE;
    nameFormatUuid(uuid, canonical);
    if (esxVmfsFindDisk(connection, snapshot, canonical, ret_pool, ret_name, error))
        return TRUE;
    textAddToError(error, "cannot look up the disk with UUID '%s': ", canonical);
    return FALSE;
}

static char *
vmfsVolumeKey(const InventoryPool *pool, const char *name)
{
    return nameJoinDatastorePath(pool->name, name);
}

static gboolean
vmfsVolumeCheckNew(const virStorageVolDef *def, GError **error)
{
    const char *reason = NULL;

    if (def->type != VIR_STORAGE_VOL_FILE)
        reason = "volumes of a datastore are files; omit the type";
    else if (def->target.backingStore)
        reason = "volumes with a backing file are not supported; clone the volume instead";
    else if (def->target.encryption)
        reason = "encrypted volumes are not supported; encryption is controlled by the storage "
                 "policies of the host";

    if (reason)
        g_set_error_literal(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT, reason);
    return !reason;
}

const EsxStorageBackend esxStorageBackendVmfs = {
    .types = vmfsTypes,
    .owns = vmfsOwns,
    .inactiveReason = ESX_VMFS_UNREACHABLE,
    .growOnlyReason = ESX_VMFS_GROW_ONLY,
    .isOutdated = vmfsIsOutdated,
    .poolType = vmfsPoolType,
    .poolDescribe = vmfsPoolDescribe,
    .poolRefresh = vmfsPoolRefresh,
    .volumes = vmfsVolumes,
    .volume = vmfsVolume,
    .volumeSplit = vmfsVolumeSplit,
    .volumeLookup = vmfsVolumeLookup,
    .volumeKey = vmfsVolumeKey,
    .volumeCheckNew = vmfsVolumeCheckNew,
    .claimKey = esxVmfsClaimKey,
    .volumeCreate = esxVmfsCreate,
    .volumeClone = esxVmfsClone,
    .volumeRound = esxVmfsRound,
    .volumeCapacity = esxVmfsCapacity,
    .volumeResize = esxVmfsResize,
    .volumeWipe = esxVmfsWipe,
    .volumeDelete = esxVmfsDelete,
    .volumeDownload = esxVmfsDownload,
    .volumeUpload = esxVmfsUpload,
};

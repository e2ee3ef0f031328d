/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The facade's table: libvirt's storage API, each verb in the file of its object. For missing
 * verbs, libvirt itself reports VIR_ERR_NO_SUPPORT.
 */

#include "esx_storage_change.h"
#include "esx_storage_driver.h"
#include "esx_storage_event.h"
#include "esx_storage_life.h"
#include "esx_storage_pool.h"
#include "esx_storage_stream.h"
#include "esx_storage_vol.h"

virStorageDriver esxStorageDriver = {
    .name = "ESX",

    .connectNumOfStoragePools = esxConnectNumOfStoragePools,
    .connectListStoragePools = esxConnectListStoragePools,
    .connectNumOfDefinedStoragePools = esxConnectNumOfDefinedStoragePools,
    .connectListDefinedStoragePools = esxConnectListDefinedStoragePools,
    .connectListAllStoragePools = esxConnectListAllStoragePools,
    .connectGetStoragePoolCapabilities = esxConnectGetStoragePoolCapabilities,
    .connectStoragePoolEventRegisterAny = esxConnectStoragePoolEventRegisterAny,
    .connectStoragePoolEventDeregisterAny = esxConnectStoragePoolEventDeregisterAny,

    .storagePoolLookupByName = esxStoragePoolLookupByName,
    .storagePoolLookupByUUID = esxStoragePoolLookupByUUID,
    .storagePoolLookupByVolume = esxStoragePoolLookupByVolume,
    .storagePoolLookupByTargetPath = esxStoragePoolLookupByTargetPath,
    .storagePoolCreateXML = esxStoragePoolCreateXML,
    .storagePoolDefineXML = esxStoragePoolDefineXML,
    .storagePoolBuild = esxStoragePoolBuild,
    .storagePoolUndefine = esxStoragePoolUndefine,
    .storagePoolCreate = esxStoragePoolCreate,
    .storagePoolDestroy = esxStoragePoolDestroy,
    .storagePoolDelete = esxStoragePoolDelete,
    .storagePoolRefresh = esxStoragePoolRefresh,
    .storagePoolGetInfo = esxStoragePoolGetInfo,
    .storagePoolGetXMLDesc = esxStoragePoolGetXMLDesc,
    .storagePoolGetAutostart = esxStoragePoolGetAutostart,
    .storagePoolSetAutostart = esxStoragePoolSetAutostart,
    .storagePoolIsActive = esxStoragePoolIsActive,
    .storagePoolIsPersistent = esxStoragePoolIsPersistent,

    .storagePoolNumOfVolumes = esxStoragePoolNumOfVolumes,
    .storagePoolListVolumes = esxStoragePoolListVolumes,
    .storagePoolListAllVolumes = esxStoragePoolListAllVolumes,
    .storageVolLookupByName = esxStorageVolLookupByName,
    .storageVolLookupByKey = esxStorageVolLookupByKey,
    .storageVolLookupByPath = esxStorageVolLookupByPath,
    .storageVolGetInfo = esxStorageVolGetInfo,
    .storageVolGetInfoFlags = esxStorageVolGetInfoFlags,
    .storageVolGetXMLDesc = esxStorageVolGetXMLDesc,
    .storageVolGetPath = esxStorageVolGetPath,

    .storageVolCreateXML = esxStorageVolCreateXML,
    .storageVolCreateXMLFrom = esxStorageVolCreateXMLFrom,
    .storageVolDelete = esxStorageVolDelete,
    .storageVolWipe = esxStorageVolWipe,
    .storageVolWipePattern = esxStorageVolWipePattern,
    .storageVolResize = esxStorageVolResize,

    .storageVolDownload = esxStorageVolDownload,
    .storageVolUpload = esxStorageVolUpload,
};

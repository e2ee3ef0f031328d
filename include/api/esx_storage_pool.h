/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/* The facade's verbs for pools, by the names of libvirt's storage driver table. */

int esxConnectNumOfStoragePools(virConnectPtr conn);
int esxConnectListStoragePools(virConnectPtr conn, char **const names, int maxnames);
int esxConnectNumOfDefinedStoragePools(virConnectPtr conn);
int esxConnectListDefinedStoragePools(virConnectPtr conn, char **const names, int maxnames);
int esxConnectListAllStoragePools(virConnectPtr conn, virStoragePoolPtr **pools,
                                  unsigned int flags);
char *esxConnectGetStoragePoolCapabilities(virConnectPtr conn, unsigned int flags);

virStoragePoolPtr esxStoragePoolLookupByName(virConnectPtr conn, const char *name);
virStoragePoolPtr esxStoragePoolLookupByUUID(virConnectPtr conn, const unsigned char *uuid);
virStoragePoolPtr esxStoragePoolLookupByVolume(virStorageVolPtr vol);
virStoragePoolPtr esxStoragePoolLookupByTargetPath(virConnectPtr conn, const char *path);

int esxStoragePoolRefresh(virStoragePoolPtr pool, unsigned int flags);
int esxStoragePoolGetInfo(virStoragePoolPtr pool, virStoragePoolInfoPtr info);
char *esxStoragePoolGetXMLDesc(virStoragePoolPtr pool, unsigned int flags);
int esxStoragePoolGetAutostart(virStoragePoolPtr pool, int *autostart);
int esxStoragePoolSetAutostart(virStoragePoolPtr pool, int autostart);
int esxStoragePoolIsActive(virStoragePoolPtr pool);
int esxStoragePoolIsPersistent(virStoragePoolPtr pool);

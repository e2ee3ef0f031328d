/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/* The facade's verbs for volumes, by the names of libvirt's storage driver table. */

int esxStoragePoolNumOfVolumes(virStoragePoolPtr pool);
int esxStoragePoolListVolumes(virStoragePoolPtr pool, char **const names, int maxnames);
int esxStoragePoolListAllVolumes(virStoragePoolPtr pool, virStorageVolPtr **vols,
                                 unsigned int flags);

virStorageVolPtr esxStorageVolLookupByName(virStoragePoolPtr pool, const char *name);
virStorageVolPtr esxStorageVolLookupByKey(virConnectPtr conn, const char *key);
virStorageVolPtr esxStorageVolLookupByPath(virConnectPtr conn, const char *path);

int esxStorageVolGetInfo(virStorageVolPtr vol, virStorageVolInfoPtr info);
int esxStorageVolGetInfoFlags(virStorageVolPtr vol, virStorageVolInfoPtr info, unsigned int flags);
char *esxStorageVolGetXMLDesc(virStorageVolPtr vol, unsigned int flags);
char *esxStorageVolGetPath(virStorageVolPtr vol);

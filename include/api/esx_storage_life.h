/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/* Functions of the storage driver's table: the life of a pool. */

int esxStoragePoolCreate(virStoragePoolPtr pool, unsigned int flags);
int esxStoragePoolDestroy(virStoragePoolPtr pool);
int esxStoragePoolBuild(virStoragePoolPtr pool, unsigned int flags);
int esxStoragePoolDelete(virStoragePoolPtr pool, unsigned int flags);
int esxStoragePoolUndefine(virStoragePoolPtr pool);
virStoragePoolPtr esxStoragePoolDefineXML(virConnectPtr conn, const char *xml, unsigned int flags);
virStoragePoolPtr esxStoragePoolCreateXML(virConnectPtr conn, const char *xml, unsigned int flags);

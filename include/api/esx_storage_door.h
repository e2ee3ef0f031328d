/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_find.h"

/*
 * The doors of the facade: they find an object and check the caller's access to it, in one step.
 * Each function of the storage driver's table passes libvirt's access check for it to one of them,
 * or calls the check itself (lint: check_doors).
 */

/* libvirt's access checks: vir…EnsureACL. They report refusals. */
typedef int (*EsxConnectAccess)(virConnectPtr conn);
typedef int (*EsxVolAccess)(virConnectPtr conn, virStoragePoolDef *pool, virStorageVolDef *vol);

/* libvirt's filters of lists: vir…CheckACL. */
typedef bool (*EsxPoolFilter)(virConnectPtr conn, virStoragePoolDef *def);
typedef bool (*EsxVolFilter)(virConnectPtr conn, virStoragePoolDef *pool, virStorageVolDef *def);

/* Returns: (transfer full) all pools, or NULL with a libvirt error. */
InventorySnapshot *esxOpenPools(virConnectPtr conn, EsxConnectAccess access);

/* Each finds the object of @pool or @vol. Returns: 0, or -1 with a libvirt error. */
int esxOpenPool(virStoragePoolPtr pool, EsxPoolAccess access, EsxFound *ret_found);
int esxOpenVolume(virStorageVolPtr vol, EsxVolAccess access, EsxFound *ret_found);

/*
 * The pool with the list of its volumes; access is checked before the server is asked for the list.
 */
int esxOpenVolumes(virStoragePoolPtr pool, EsxPoolAccess access, EsxFound *ret_found);

/* Makes libvirt's object for @found. Returns: (transfer full), or NULL with an error. */
virStoragePoolPtr esxExportPool(virConnectPtr conn, const EsxFound *found, EsxPoolAccess access);
virStorageVolPtr esxExportVolume(virConnectPtr conn, const EsxFound *found, EsxVolAccess access);

/* Whether the caller's lists may show it. */
bool esxPoolIsVisible(virConnectPtr conn, EsxPoolFilter filter, const InventoryPool *pool);
bool esxVolumeIsVisible(virConnectPtr conn, EsxVolFilter filter, const InventoryPool *pool,
                        const EsxVolume *volume);

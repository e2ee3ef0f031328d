/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_kind.h"

/*
 * Host bus adapters as pools, their LUNs as volumes: Fibre Channel (FCoE too), SAS, parallel SCSI,
 * block (RAID, SATA, USB), PCIe, NVMe over TCP and RDMA, and kinds that are not known yet. iSCSI
 * adapters are none: their targets are.
 */
extern const InventoryKind inventoryAdapters;

typedef struct {
    const SoapMoRef *host;
    InventoryAdapter adapter;           /* without an IQN */
    const char *model;                  /* NULL where absent */
    const char *wwnn;                   /* 16 hex digits; NULL where the kind has none */
    const char *wwpn;
    const InventoryLun *const *luns;    /* sorted by name */
    size_t nluns;
} InventoryHba;

/* Returns: the adapter that @pool is; NULL for a pool of another kind. */
const InventoryHba *inventoryPoolHba(const InventoryPool *pool);

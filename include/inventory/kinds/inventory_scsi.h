/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_kind.h"

/*
 * Host bus adapters as pools, their LUNs as volumes: Fibre Channel (also FCoE), SAS, parallel SCSI,
 * block (RAID, SATA, USB), PCIe, NVMe over TCP and RDMA, and unknown kinds. iSCSI adapters are not
 * pools; their targets are.
 */
extern const InventoryKind inventoryAdapters;

typedef struct {
    const SoapMoRef *host;
    InventoryAdapter adapter;           /* without an IQN */
    const char *model;                  /* NULL if absent */
    const char *wwnn;                   /* 16 hex digits; NULL if the kind has none */
    const char *wwpn;
    const InventoryLun *const *luns;    /* sorted by name */
    size_t nluns;
} InventoryHba;

/* Returns: the adapter of @pool; NULL for a pool of another kind. */
const InventoryHba *inventoryPoolHba(const InventoryPool *pool);

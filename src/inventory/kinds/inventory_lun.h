/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_builder.h"
#include "vim_types.h"

/*
 * LUNs, for the kinds of pools that have them. A LUN may be seen by several hosts, and be in
 * several pools. A table, which belongs to the builder of one kind, has the existing ones.
 */

/*
 * Returns: (transfer full) ScsiLun.key → VimScsiLun, for the LUNs of one host whose names may be
 * kept. The others are counted as left out.
 *
 * @luns: an ArrayOfScsiLun; borrowed by the table. NULL: none.
 */
GHashTable *inventoryLunIndex(InventoryBuild *build, const SoapAny *luns);

/*
 * Returns: the LUN for @scsi, the same one for all hosts and pools that have it; NULL without a
 * name, or if there is no room.
 *
 * @known: the source of its key → InventoryLun; initially empty.
 */
InventoryLun *inventoryLunGet(InventoryBuild *build, GHashTable *known, const VimScsiLun *scsi);

/*
 * The LUNs of a pool that is being built, each once. Zeroed: none.
 *
 * inventoryLunSetSeal: adds them to @pool. Its capacity is their sum, and a LUN that was in no pool
 * before is found in this one by lookups.
 * Returns: @ret_n of them in the arena, sorted by name; NULL if there is no room.
 */
typedef struct {
    GPtrArray *luns;        /* InventoryLun; NULL: none */
    GHashTable *known;      /* the same; NULL while there are few */
} InventoryLunSet;

void inventoryLunSetAdd(InventoryLunSet *set, InventoryLun *lun);
const InventoryLun *const *inventoryLunSetSeal(InventoryLunSet *set, InventoryBuild *build,
                                               InventoryPool *pool, size_t *ret_n);
void inventoryLunSetClear(InventoryLunSet *set);

/* Whether @path can be used for I/O, now or after a failover. */
gboolean inventoryLunPathIsAlive(const VimHostMultipathInfoPath *path);

/* The directory of the device files of a host's LUNs: the target path of their pools. */
#define INVENTORY_LUN_FOLDER "/vmfs/devices/disks"

/* Whether two lists, each sorted by name, differ in their LUNs, or in names or sizes. */
gboolean inventoryLunsDiffer(const InventoryLun *const *before, size_t nbefore,
                             const InventoryLun *const *now, size_t nnow);

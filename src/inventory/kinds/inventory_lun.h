/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_builder.h"
#include "vim_types.h"

/*
 * LUNs for the kinds of pools that have them. One LUN may be seen by several hosts, and be behind
 * several pools: a table, which belongs to the builder of one kind, knows those that are there.
 */

/*
 * Returns: (transfer full) ScsiLun.key → VimScsiLun of those of one host whose names may be kept.
 * The others are counted as left out.
 *
 * @luns: an ArrayOfScsiLun; borrowed by the table. NULL: none.
 */
GHashTable *inventoryLunIndex(InventoryBuild *build, const SoapAny *luns);

/*
 * Returns: the LUN for @scsi, the same one for all hosts and pools that lead to it; NULL without a
 * name, or where there is no room.
 *
 * @known: what its key is made of → InventoryLun; empty at first.
 */
InventoryLun *inventoryLunGet(InventoryBuild *build, GHashTable *known, const VimScsiLun *scsi);

/*
 * The LUNs of one pool while they are gathered, each once. Zeroed: none.
 *
 * inventoryLunSetSeal: takes them into @pool: its capacity is the sum of theirs, and a LUN that no
 * pool has found yet is found there from now on.
 * Returns: @ret_n of them in the arena, sorted by name; NULL where there is no room.
 */
typedef struct {
    GPtrArray *luns;        /* InventoryLun; NULL: none */
    GHashTable *known;      /* the same; NULL while they are few */
} InventoryLunSet;

void inventoryLunSetAdd(InventoryLunSet *set, InventoryLun *lun);
const InventoryLun *const *inventoryLunSetSeal(InventoryLunSet *set, InventoryBuild *build,
                                               InventoryPool *pool, size_t *ret_n);
void inventoryLunSetClear(InventoryLunSet *set);

/* Whether @path can carry I/O now, or could if asked to. */
gboolean inventoryLunPathIsAlive(const VimHostMultipathInfoPath *path);

/* Where the device files of a host's LUNs are: the target path of their pools. */
#define INVENTORY_LUN_FOLDER "/vmfs/devices/disks"

/* Whether two lists, each sorted by name, are not the same LUNs with the same names and sizes. */
gboolean inventoryLunsDiffer(const InventoryLun *const *before, size_t nbefore,
                             const InventoryLun *const *now, size_t nnow);

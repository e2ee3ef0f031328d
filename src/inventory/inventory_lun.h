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

/* Whether two lists, each sorted by name, are not the same LUNs with the same names and sizes. */
gboolean inventoryLunsDiffer(const InventoryLun *const *before, size_t nbefore,
                             const InventoryLun *const *now, size_t nnow);

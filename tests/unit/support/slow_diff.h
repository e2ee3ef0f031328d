/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_diff.h"

/* What snapshots show and how they differ, worked out slowly and simply, to compare with. */

/*
 * Returns: (transfer full): a text with all that @snapshot shows: its pools in their order with all
 * their fields, and where its indexes lead.
 */
char *slowDescribe(const InventorySnapshot *snapshot);

/* InventoryDiffFunc that writes a line of text. @opaque: GString. */
void slowNote(InventoryChange change, const InventoryPool *pool, gpointer opaque);

/* Returns: (transfer full): what there is to know of @first to tell what changes after it. */
GHashTable *slowReportedNew(const InventorySnapshot *first);

/*
 * @told: what was told until @before; becomes what was told until @now.
 * Returns: (transfer full): the lines of slowNote() for all that is to be told of @now.
 */
char *slowDiff(const InventorySnapshot *before, const InventorySnapshot *now, GHashTable *told);

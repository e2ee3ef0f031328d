/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The kinds of pools. */

#include "inventory_kind.h"

#include "inventory_datastore.h"
#include "inventory_iscsi.h"
#include "inventory_scsi.h"

static const InventoryKind *const kinds[] = {
    &inventoryDatastores,
    &inventoryTargets,
    &inventoryAdapters,
    NULL,
};

const InventoryKind *const *
inventoryKinds(void)
{
    return kinds;
}

gboolean
inventoryKindIsShown(const InventoryKind *kind, const InventoryScope *scope)
{
    return !kind->isShown || kind->isShown(scope);
}

size_t
inventoryKindPlace(const InventoryKind *kind)
{
    size_t i = 0;

    while (kinds[i] && kinds[i] != kind)
        i++;
    return i;
}

gboolean
inventoryKindIsAlone(const char *type)
{
    size_t i;

    for (i = 0; kinds[i]; i++) {
        if (kinds[i]->rebuild && g_str_equal(kinds[i]->type, type))
            return TRUE;
    }
    return FALSE;
}

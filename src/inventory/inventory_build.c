/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What the builders of a snapshot have in common: copies into its arena. */

#include <string.h>

#include "inventory_build.h"

void *
inventoryBuildAlloc(InventoryBuild *build, size_t size)
{
    void *memory = arenaAlloc(build->arena, size);

    /* Its ceiling is no ceiling: what goes in here has passed the limits of a reply before. */
    g_assert(memory);
    return memory;
}

const char *
inventoryBuildString(InventoryBuild *build, const char *text)
{
    char *copy;
    size_t size;

    if (!text)
        return NULL;

    size = strlen(text) + 1;
    copy = inventoryBuildAlloc(build, size);
    return memcpy(copy, text, size);
}

const SoapMoRef *
inventoryBuildRef(InventoryBuild *build, const SoapMoRef *ref)
{
    SoapMoRef *copy;

    if (!ref || !ref->type || !ref->value)
        return NULL;

    copy = inventoryBuildNew(build, SoapMoRef, 1);
    copy->type = inventoryBuildString(build, ref->type);
    copy->value = inventoryBuildString(build, ref->value);
    return copy;
}

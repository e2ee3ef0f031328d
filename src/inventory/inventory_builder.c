/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Helpers for building pools. */

#include "inventory_builder.h"

#include <string.h>

#include "base_limits.h"
#include "inventory_tree.h"

void *
inventoryBuildAlloc(InventoryBuild *build, size_t size)
{
    void *memory = arenaAlloc(build->arena, size);

    build->full |= !memory && size > 0;
    return memory;
}

static const char *
copyText(InventoryBuild *build, const char *text, size_t limit)
{
    const size_t length = text ? strnlen(text, limit + 1) : 0;
    const char *copy;

    if (!text || length > limit)
        return NULL;
    copy = arenaStrndup(build->arena, text, length);
    build->full |= !copy;
    return copy;
}

const char *
inventoryBuildName(InventoryBuild *build, const char *text)
{
    return copyText(build, text, LIMIT_NAME_BYTES);
}

const char *
inventoryBuildPath(InventoryBuild *build, const char *text)
{
    return copyText(build, text, LIMIT_DATASTORE_PATH);
}

const char *
inventoryBuildLines(InventoryBuild *build, const char *const *names, size_t n)
{
    g_autoptr(GString) lines = g_string_new(NULL);
    size_t i;

    for (i = 0; i < n; i++) {
        if (*names[i] && !strchr(names[i], '\n') &&
            lines->len + 1 + strlen(names[i]) <= LIMIT_DATASTORE_PATH)
            g_string_append_printf(lines, "%s%s", lines->len > 0 ? "\n" : "", names[i]);
    }
    return lines->len > 0 ? inventoryBuildPath(build, lines->str) : NULL;
}

gboolean
inventoryBuildIsName(const char *text)
{
    return strnlen(text, LIMIT_NAME_BYTES + 1) <= LIMIT_NAME_BYTES;
}

const SoapMoRef *
inventoryBuildRef(InventoryBuild *build, const SoapMoRef *ref)
{
    SoapMoRef *copy;

    if (!ref || !ref->type || !ref->value)
        return NULL;

    copy = inventoryBuildNew(build, SoapMoRef, 1);
    if (!copy)
        return NULL;
    copy->type = inventoryBuildName(build, ref->type);
    copy->value = inventoryBuildName(build, ref->value);
    return copy->type && copy->value ? copy : NULL;
}

InventoryPool *
inventoryBuildPool(InventoryBuild *build, const InventoryKind *kind)
{
    InventoryBox *box = inventoryBuildNew(build, InventoryBox, 1);

    if (!box)
        return NULL;
    box->pool.kind = kind;
    g_ptr_array_add(build->pools, box);
    return &box->pool;
}

void
inventoryBuildDropNameless(InventoryBuild *build)
{
    guint kept = 0;
    guint i;

    for (i = 0; i < build->pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(build->pools, i);

        if (pool->name)
            g_ptr_array_index(build->pools, kept++) = pool;
    }
    g_ptr_array_set_size(build->pools, (gint)kept);
}

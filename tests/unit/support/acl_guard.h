/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_fixture.h"

#include "esx_libvirt.h"

/* For a test that defines libvirt's access checks itself: what they answer and record. */

static struct {
    bool deny;              /* the answer of the checks */
    const char *hidden;     /* the pool or volume that the filters leave out; NULL: none */
    GString *asked;         /* a line for each call: its name, and those of pool and volume */
    const InventorySnapshot *snapshot;      /* what is known of the pools */
} guard;

/* polkit's rules may ask for the UUID of a pool as well, and for the key of a volume. */
static void
record(const char *function, const virStoragePoolDef *pool, const virStorageVolDef *vol)
{
    g_string_append(guard.asked, function);
    if (pool) {
        g_assert_cmpmem(pool->uuid, VIR_UUID_BUFLEN,
                        fixturePool(guard.snapshot, pool->name)->uuid, VIR_UUID_BUFLEN);
        g_string_append_printf(guard.asked, " %s", pool->name);
    }
    if (vol)
        g_string_append_printf(guard.asked, " %s %s", vol->name, vol->key);
    g_string_append(guard.asked, "\n");
}

static int
ensure(const char *function, const virStoragePoolDef *pool, const virStorageVolDef *vol)
{
    record(function, pool, vol);
    if (!guard.deny)
        return 0;
    virReportError(VIR_ERR_ACCESS_DENIED, "%s", function);
    return -1;
}

static bool
mayShow(const char *function, const virStoragePoolDef *pool, const virStorageVolDef *vol)
{
    record(function, pool, vol);
    return g_strcmp0(vol ? vol->name : pool->name, guard.hidden) != 0;
}

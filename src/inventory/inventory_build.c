/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Builds snapshots, as a whole or only the changed parts. */

#include <string.h>

#include "base_hash.h"
#include "base_limits.h"
#include "inventory_build.h"
#include "inventory_diff.h"
#include "inventory_index.h"
#include "inventory_kind.h"
#include "vi_property.h"

/* About the size of a pool that is built alone. */
#define POOL_BYTES 1024

/* ---- whole ----------------------------------------------------------------------------------- */

static gint
comparePools(gconstpointer a, gconstpointer b)
{
    const InventoryPool *x = *(const InventoryPool *const *)a;
    const InventoryPool *y = *(const InventoryPool *const *)b;

    if (x->kind != y->kind)
        return inventoryKindPlace(x->kind) > inventoryKindPlace(y->kind) ? 1 : -1;
    return strcmp(x->name, y->name);
}

static const char *
onlyHostName(InventoryBuild *build, const InventoryStore *store)
{
    g_autoptr(GPtrArray) hosts = inventoryStoreObjects(store, "HostSystem");

    if (hosts->len != 1)
        return NULL;
    return inventoryBuildName(
        build, viAnyString(inventoryObjectProperty(g_ptr_array_index(hosts, 0), "name")));
}

/*
 * Appends the suffix of @pool to its name, until the name is unique. Each repetition requires
 * another pool of exactly that name, so for all pools together there are at most as many
 * repetitions as pools. A name that becomes too long is set to NULL.
 */
static void
settleName(InventoryBuild *build, InventoryPool *pool, GHashTable *taken)
{
    const char *first = pool->name;

    while (pool->name && g_hash_table_contains(taken, pool->name)) {
        g_autofree char *name = g_strdup_printf("%s (%s)", pool->name,
                                                pool->kind->suffix(pool));

        pool->name = inventoryBuildName(build, name);
    }
    if (!pool->name)
        leftOutAdd(&build->leftOut, pool->kind->tooLong, first);
}

/*
 * Ensures that each pool can be found by its name. A pool without a suffix keeps its name. If
 * others share a name, with each other or with these, all but the first get their suffix.
 */
static void
settleNames(InventoryBuild *build)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(hashText, g_str_equal);
    guint i;

    for (i = 0; i < build->pools->len; i++) {
        const InventoryPool *pool = g_ptr_array_index(build->pools, i);

        if (!pool->kind->suffix)
            g_hash_table_add(taken, (gpointer)pool->name);
    }
    for (i = 0; i < build->pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(build->pools, i);

        if (pool->kind->suffix)
            settleName(build, pool, taken);
        if (pool->name)
            g_hash_table_add(taken, (gpointer)pool->name);
    }
    inventoryBuildDropNameless(build);
}

/* The sizes that were reported of @pool, as of @before (NULL: none), or will be. */
static void
settleReported(InventoryPool *pool, const InventoryPool *before)
{
    InventoryChange change;
    const gboolean quiet = before && !inventoryPoolChange(before, pool, &change);

    pool->reportedCapacity = quiet ? before->reportedCapacity : pool->capacity;
    pool->reportedAvailable = quiet ? before->reportedAvailable : pool->available;
}

/*
 * The memory limit for a snapshot of @store. The indexes take about as much as the pools, so the
 * arena may have half of what may be made from a reply.
 */
static size_t
ceilingFor(const InventoryStore *store)
{
    return arenaCeilingFor(inventoryStoreWeight(store), LIMIT_DERIVED / 2);
}

/* @before: NULL: none. */
static InventorySnapshot *
buildWhole(const InventorySnapshot *before, const InventoryStore *store,
           const InventoryScope *scope, GError **error)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    g_autoptr(GPtrArray) luns = g_ptr_array_new();
    g_autoptr(Arena) arena = arenaNew(ceilingFor(store));
    InventoryBuild build = { .arena = arena, .pools = pools, .luns = luns };
    const char *hostName = onlyHostName(&build, store);
    const InventoryKind *const *kind;
    guint i;

    build.leftOut = *inventoryStoreLeftOut(store);
    for (kind = inventoryKinds(); *kind && !build.full; kind++) {
        if (inventoryKindIsShown(*kind, scope))
            (*kind)->build(&build, store, scope);
    }
    if (!build.full)
        settleNames(&build);
    if (build.full) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the inventory of the server exceeds its memory limit: %d times what the "
                    "server sent, at most %zu MiB, and no more than is available",
                    LIMIT_DERIVED / 2,
                    LIMIT_ARENA_BYTES / (1024 * 1024));
        return NULL;
    }
    g_ptr_array_sort(pools, comparePools);
    for (i = 0; i < pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(pools, i);

        settleReported(pool, before ? inventoryPoolSame(before, pool) : NULL);
    }
    build.arena = g_steal_pointer(&arena);
    return inventorySnapshotSeal(&build, hostName);
}

InventorySnapshot *
inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope, GError **error)
{
    return buildWhole(NULL, store, scope, error);
}

/* ---- only the changed parts ------------------------------------------------------------------ */

/*
 * Replaces the pool of @object in @snapshot's tree with one in its own arena, which is freed when
 * no snapshot has it. Returns: FALSE if everything has to be rebuilt.
 */
static gboolean
replacePool(InventorySnapshot *snapshot, const InventoryObject *object,
            const InventoryScope *scope, size_t ceiling)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    g_autoptr(Arena) arena = arenaNewFor(POOL_BYTES, ceiling);
    InventoryBuild build = { .arena = arena, .pools = pools };
    size_t place = 0;
    const InventoryPool *before = inventoryPoolByRef(snapshot, inventoryObjectRef(object), &place);
    InventoryBox *box;

    if (!before || !before->kind->rebuild(&build, object, scope, before))
        return FALSE;

    box = g_ptr_array_index(pools, 0);
    settleReported(&box->pool, before);
    box->refs = 1;
    box->arena = g_steal_pointer(&arena);
    box->index = snapshot->index;
    inventoryTreeReplace(&snapshot->tree, place, box);
    return TRUE;
}

/* Returns: (transfer full), or NULL if everything has to be rebuilt. */
static InventorySnapshot *
buildChanged(const InventorySnapshot *before, const InventoryStore *store,
             const InventoryScope *scope)
{
    const GPtrArray *changed = inventoryStoreChanged(store);
    g_autoptr(InventorySnapshot) snapshot = inventorySnapshotDerive(before);
    guint i;

    for (i = 0; i < changed->len; i++) {
        if (!replacePool(snapshot, g_ptr_array_index(changed, i), scope, ceilingFor(store)))
            return NULL;
    }
    return g_steal_pointer(&snapshot);
}

InventorySnapshot *
inventorySnapshotUpdate(InventorySnapshot *before, InventoryStore *store,
                        const InventoryScope *scope, GError **error)
{
    const GPtrArray *changed = inventoryStoreChanged(store);
    /* The store knows only what has changed since the last snapshot. */
    const gboolean follows = before && before->stamp > 0 &&
                             before->stamp == inventoryStoreStamp(store);
    InventorySnapshot *now = NULL;

    if (follows && changed && changed->len == 0)
        return inventorySnapshotRef(before);
    if (follows && changed)
        now = buildChanged(before, store, scope);
    if (!now)
        now = buildWhole(before, store, scope, error);
    if (!now)
        return NULL;
    now->stamp = inventoryStoreSettle(store);
    return now;
}

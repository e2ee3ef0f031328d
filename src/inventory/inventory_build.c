/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Builds snapshots, whole or only what has changed. */

#include <string.h>

#include "inventory_diff.h"
#include "inventory_frame.h"
#include "vi_property.h"

/* A datastore's pool takes about that. */
#define POOL_BYTES 1024

/* ---- what all builders use ------------------------------------------------------------------- */

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

InventoryPool *
inventoryBuildPool(InventoryBuild *build)
{
    InventoryBox *box = inventoryBuildNew(build, InventoryBox, 1);

    g_ptr_array_add(build->pools, box);
    return &box->pool;
}

/* ---- whole ----------------------------------------------------------------------------------- */

static gint
comparePools(gconstpointer a, gconstpointer b)
{
    const InventoryPool *x = *(const InventoryPool *const *)a;
    const InventoryPool *y = *(const InventoryPool *const *)b;

    if (!x->target != !y->target)
        return x->target ? 1 : -1;
    return strcmp(x->name, y->name);
}

static const char *
onlyHostName(InventoryBuild *build, const InventoryStore *store)
{
    g_autoptr(GPtrArray) hosts = inventoryStoreObjects(store, "HostSystem");

    if (hosts->len != 1)
        return NULL;
    return inventoryBuildString(
        build, viAnyString(inventoryObjectProperty(g_ptr_array_index(hosts, 0), "name")));
}

/*
 * Makes sure that each pool can be found by its name. Targets keep theirs; of datastores that still
 * share one, with each other or with a target, all but the first get their reference behind it.
 */
static void
settleNames(InventoryBuild *build)
{
    g_autoptr(GHashTable) taken = g_hash_table_new(g_str_hash, g_str_equal);
    guint i;

    for (i = 0; i < build->pools->len; i++) {
        const InventoryPool *pool = g_ptr_array_index(build->pools, i);

        if (pool->target)
            g_hash_table_add(taken, (gpointer)pool->name);
    }
    for (i = 0; i < build->pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(build->pools, i);

        while (pool->datastore && g_hash_table_contains(taken, pool->name)) {
            g_autofree char *name = g_strdup_printf("%s (%s)", pool->name,
                                                    pool->datastore->ref->value);

            pool->name = inventoryBuildString(build, name);
        }
        g_hash_table_add(taken, (gpointer)pool->name);
    }
}

/* The sizes that were told of @pool when it was @before (NULL: never), or are about to be. */
static void
settleTold(InventoryPool *pool, const InventoryPool *before)
{
    InventoryChange change;
    const gboolean quiet = before && !inventoryPoolChange(before, pool, &change);

    pool->toldCapacity = quiet ? before->toldCapacity : pool->capacity;
    pool->toldAvailable = quiet ? before->toldAvailable : pool->available;
}

/* @before: NULL: none. */
static InventorySnapshot *
buildWhole(const InventorySnapshot *before, const InventoryStore *store,
           const InventoryScope *scope)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    g_autoptr(GPtrArray) luns = g_ptr_array_new();
    InventoryBuild build = { arenaNew(G_MAXSIZE), pools, luns };
    guint i;

    inventoryBuildDatastores(&build, store, scope);
    inventoryBuildTargets(&build, store);
    settleNames(&build);
    g_ptr_array_sort(pools, comparePools);
    for (i = 0; i < pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(pools, i);

        settleTold(pool, before ? inventoryPoolSame(before, pool) : NULL);
    }
    return inventorySnapshotSeal(&build, onlyHostName(&build, store));
}

InventorySnapshot *
inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope)
{
    return buildWhole(NULL, store, scope);
}

/* ---- only what has changed ------------------------------------------------------------------- */

/*
 * Replaces the pool of @object on @snapshot's shelf by one in an arena of its own, so that it goes
 * when nobody shows it any more. Returns: FALSE where everything has to be built.
 */
static gboolean
replacePool(InventorySnapshot *snapshot, const InventoryObject *object,
            const InventoryScope *scope)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    g_autoptr(Arena) arena = arenaNewFor(POOL_BYTES, G_MAXSIZE);
    InventoryBuild build = { arena, pools, NULL };
    size_t place = 0;
    const InventoryPool *before = inventoryPoolByRef(snapshot, inventoryObjectRef(object), &place);
    InventoryBox *box;

    if (!before || !inventoryBuildDatastoreAnew(&build, object, scope, before))
        return FALSE;

    box = g_ptr_array_index(pools, 0);
    settleTold(&box->pool, before);
    box->refs = 1;
    box->arena = g_steal_pointer(&arena);
    inventoryShelfReplace(&snapshot->shelf, place, box);
    return TRUE;
}

/* Returns: (transfer full), or NULL where everything has to be built. */
static InventorySnapshot *
buildChanged(const InventorySnapshot *before, const GPtrArray *changed,
             const InventoryScope *scope)
{
    g_autoptr(InventorySnapshot) snapshot = inventorySnapshotDerive(before);
    guint i;

    for (i = 0; i < changed->len; i++) {
        if (!replacePool(snapshot, g_ptr_array_index(changed, i), scope))
            return NULL;
    }
    return g_steal_pointer(&snapshot);
}

InventorySnapshot *
inventorySnapshotUpdate(InventorySnapshot *before, InventoryStore *store,
                        const InventoryScope *scope)
{
    const GPtrArray *changed = inventoryStoreChanged(store);
    /* What has changed since another snapshot than the last one, nobody knows. */
    const gboolean follows = before && before->stamp > 0 &&
                             before->stamp == inventoryStoreStamp(store);
    InventorySnapshot *now = NULL;

    if (follows && changed && changed->len == 0)
        return inventorySnapshotRef(before);
    if (follows && changed)
        now = buildChanged(before, changed, scope);
    if (!now)
        now = buildWhole(before, store, scope);
    now->stamp = inventoryStoreSettle(store);
    return now;
}

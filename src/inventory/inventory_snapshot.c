/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Immutable snapshots with their indexes. */

#include <string.h>

#include "base_hash.h"
#include "inventory_index.h"
#include "inventory_kind.h"

/* ---- the index ------------------------------------------------------------------------------- */

/* Adds unless @key is NULL or taken: the first entry counts. */
static void
indexAdd(GHashTable *table, gconstpointer key, gconstpointer value)
{
    if (key && !g_hash_table_contains(table, key))
        g_hash_table_insert(table, (gpointer)key, (gpointer)value);
}

/* Adds the pool at @i to those whose name is @name with a suffix. */
static void
indexPlainName(InventoryIndex *index, const char *name, size_t i)
{
    GArray *places = g_hash_table_lookup(index->poolsByPlainName, name);

    if (!places) {
        places = g_array_new(FALSE, FALSE, sizeof(size_t));
        g_hash_table_insert(index->poolsByPlainName, (gpointer)name, places);
    }
    g_array_append_val(places, i);
}

/*
 * The keys are those of the pools that were built first; a pool that replaces one has the same
 * keys.
 */
static void
indexPool(InventoryIndex *index, const InventoryPool *pool, size_t i)
{
    gconstpointer place = GSIZE_TO_POINTER(i + 1);

    indexAdd(index->poolsByName, pool->name, place);
    if (pool->plainName && !g_str_equal(pool->plainName, pool->name))
        indexPlainName(index, pool->plainName, i);
    indexAdd(index->poolsByUuid, pool->uuid, place);
    indexAdd(index->poolsByTargetPath, pool->targetPath, place);
    if (pool->kind->ref)
        indexAdd(index->poolsByRef, pool->kind->ref(pool), place);
}

static void
indexLun(InventoryIndex *index, const InventoryLun *lun)
{
    indexAdd(index->lunsByKey, lun->key, lun);
    indexAdd(index->lunsByPath, lun->devicePath, lun);
    indexAdd(index->lunsByPath, lun->name, lun);
    indexAdd(index->lunsByPath, lun->canonicalName, lun);
}

/* Accessible pools come first, since a LUN may be in several pools. */
static void
indexLuns(InventoryIndex *index, const GPtrArray *luns, gboolean accessible)
{
    guint i;

    for (i = 0; i < luns->len; i++) {
        const InventoryLun *lun = g_ptr_array_index(luns, i);

        if (lun->pool->accessible == accessible)
            indexLun(index, lun);
    }
}

static InventoryIndex *
indexNew(InventoryBuild *build, const char *hostName)
{
    InventoryIndex *index = g_new0(InventoryIndex, 1);
    guint i;

    index->refs = 1;
    index->arena = g_steal_pointer(&build->arena);
    index->hostName = hostName;
    index->leftOut = build->leftOut;
    index->poolsByName = g_hash_table_new(hashText, g_str_equal);
    index->poolsByPlainName = g_hash_table_new_full(hashText, g_str_equal, NULL,
                                                    (GDestroyNotify)g_array_unref);
    index->poolsByUuid = g_hash_table_new(hashUuid, hashUuidEqual);
    index->poolsByTargetPath = g_hash_table_new(hashText, g_str_equal);
    index->poolsByRef = g_hash_table_new(inventoryRefHash, inventoryRefEqual);
    index->lunsByKey = g_hash_table_new(hashText, g_str_equal);
    index->lunsByPath = g_hash_table_new(hashText, g_str_equal);

    for (i = 0; i < build->pools->len; i++) {
        InventoryBox *box = g_ptr_array_index(build->pools, i);

        box->index = index;
        indexPool(index, &box->pool, i);
    }
    indexLuns(index, build->luns, TRUE);
    indexLuns(index, build->luns, FALSE);
    return index;
}

static void
indexUnref(InventoryIndex *index)
{
    if (!g_atomic_int_dec_and_test(&index->refs))
        return;

    g_hash_table_unref(index->poolsByName);
    g_hash_table_unref(index->poolsByPlainName);
    g_hash_table_unref(index->poolsByUuid);
    g_hash_table_unref(index->poolsByTargetPath);
    g_hash_table_unref(index->poolsByRef);
    g_hash_table_unref(index->lunsByKey);
    g_hash_table_unref(index->lunsByPath);
    arenaFree(index->arena);
    g_free(index);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

InventorySnapshot *
inventorySnapshotSeal(InventoryBuild *build, const char *hostName)
{
    InventorySnapshot *snapshot = g_new0(InventorySnapshot, 1);

    snapshot->refs = 1;
    snapshot->index = indexNew(build, hostName);
    snapshot->tree = inventoryTreeNew((InventoryBox *const *)build->pools->pdata,
                                      build->pools->len);
    return snapshot;
}

InventorySnapshot *
inventorySnapshotDerive(const InventorySnapshot *before)
{
    InventorySnapshot *snapshot = g_new0(InventorySnapshot, 1);

    g_atomic_int_inc(&before->index->refs);
    snapshot->refs = 1;
    snapshot->index = before->index;
    snapshot->tree = inventoryTreeCopy(&before->tree);
    return snapshot;
}

InventorySnapshot *
inventorySnapshotRef(InventorySnapshot *snapshot)
{
    g_atomic_int_inc(&snapshot->refs);
    return snapshot;
}

void
inventorySnapshotUnref(InventorySnapshot *snapshot)
{
    if (!snapshot || !g_atomic_int_dec_and_test(&snapshot->refs))
        return;

    /* The index last: its arena holds the pools that were not replaced. */
    inventoryTreeClear(&snapshot->tree);
    indexUnref(snapshot->index);
    g_free(snapshot->list);
    g_free(snapshot);
}

/* Its box may be in the index's arena; its names are in any case. */
const InventoryPool *
inventoryPoolRef(const InventoryPool *pool)
{
    InventoryBox *box = (InventoryBox *)pool;

    g_atomic_int_inc(&box->index->refs);
    inventoryBoxRef(box);
    return pool;
}

void
inventoryPoolUnref(const InventoryPool *pool)
{
    InventoryBox *box = (InventoryBox *)pool;
    InventoryIndex *index = NULL;

    if (!pool)
        return;
    index = box->index;
    inventoryBoxUnref(box);
    indexUnref(index);
}

const InventoryPool *const *
inventorySnapshotPools(const InventorySnapshot *snapshot, size_t *ret_n)
{
    InventorySnapshot *self = (InventorySnapshot *)snapshot;
    const InventoryPool **list = g_atomic_pointer_get(&self->list);

    *ret_n = snapshot->tree.n;
    if (list)
        return list;

    /*
     * The list is made only when it is needed. If two are made at the same time, the first counts.
     */
    list = g_new(const InventoryPool *, snapshot->tree.n + 1);
    list[snapshot->tree.n] = NULL;
    inventoryTreeList(&snapshot->tree, list);
    if (g_atomic_pointer_compare_and_exchange(&self->list, NULL, list))
        return list;
    g_free(list);
    return g_atomic_pointer_get(&self->list);
}

/* ---- lookups --------------------------------------------------------------------------------- */

static const InventoryPool *
lookupPool(const InventorySnapshot *snapshot, GHashTable *places, gconstpointer key)
{
    const size_t place = GPOINTER_TO_SIZE(g_hash_table_lookup(places, key));

    return place > 0 ? inventoryTreeGet(&snapshot->tree, place - 1) : NULL;
}

const InventoryPool *
inventoryPoolByName(const InventorySnapshot *snapshot, const char *name)
{
    return lookupPool(snapshot, snapshot->index->poolsByName, name);
}

GPtrArray *
inventoryPoolsByPlainName(const InventorySnapshot *snapshot, const char *name)
{
    const GArray *places = g_hash_table_lookup(snapshot->index->poolsByPlainName, name);
    GPtrArray *pools = g_ptr_array_new();
    guint i;

    for (i = 0; places && i < places->len; i++)
        g_ptr_array_add(pools, (gpointer)inventoryTreeGet(&snapshot->tree,
                                                          g_array_index(places, size_t, i)));
    return pools;
}

const InventoryPool *
inventoryPoolByUuid(const InventorySnapshot *snapshot, const guint8 uuid[16])
{
    return lookupPool(snapshot, snapshot->index->poolsByUuid, uuid);
}

const InventoryPool *
inventoryPoolByTargetPath(const InventorySnapshot *snapshot, const char *path)
{
    return lookupPool(snapshot, snapshot->index->poolsByTargetPath, path);
}

const InventoryPool *
inventoryPoolByRef(const InventorySnapshot *snapshot, const SoapMoRef *ref, size_t *ret_place)
{
    const size_t place = GPOINTER_TO_SIZE(
        g_hash_table_lookup(snapshot->index->poolsByRef, ref));

    if (place == 0)
        return NULL;
    *ret_place = place - 1;
    return inventoryTreeGet(&snapshot->tree, place - 1);
}

const InventoryLun *
inventoryLunByKey(const InventorySnapshot *snapshot, const char *key)
{
    return g_hash_table_lookup(snapshot->index->lunsByKey, key);
}

const InventoryLun *
inventoryLunByPath(const InventorySnapshot *snapshot, const char *path)
{
    return g_hash_table_lookup(snapshot->index->lunsByPath, path);
}

const LeftOut *
inventorySnapshotLeftOut(const InventorySnapshot *snapshot)
{
    return &snapshot->index->leftOut;
}

const char *
inventorySnapshotHostName(const InventorySnapshot *snapshot)
{
    return snapshot->index->hostName;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Immutable snapshots with their indexes. */

#include <string.h>

#include "base_hash.h"
#include "inventory_frame.h"
#include "inventory_kind.h"

/* ---- the frame ------------------------------------------------------------------------------- */

static guint
uuidHash(gconstpointer key)
{
    return hashBytes(key, 16);
}

static gboolean
uuidEqual(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 16) == 0;
}

/* Adds unless @key is NULL or taken: the first one counts. */
static void
indexAdd(GHashTable *table, gconstpointer key, gconstpointer value)
{
    if (key && !g_hash_table_contains(table, key))
        g_hash_table_insert(table, (gpointer)key, (gpointer)value);
}

/* The keys are those of the pools as first built: whatever replaces one has the same. */
static void
indexPool(InventoryFrame *frame, const InventoryPool *pool, size_t i)
{
    gconstpointer place = GSIZE_TO_POINTER(i + 1);

    indexAdd(frame->poolsByName, pool->name, place);
    indexAdd(frame->poolsByUuid, pool->uuid, place);
    indexAdd(frame->poolsByTargetPath, pool->targetPath, place);
    if (pool->kind->ref)
        indexAdd(frame->poolsByRef, pool->kind->ref(pool), place);
}

static void
indexLun(InventoryFrame *frame, const InventoryLun *lun)
{
    indexAdd(frame->lunsByKey, lun->key, lun);
    indexAdd(frame->lunsByPath, lun->devicePath, lun);
    indexAdd(frame->lunsByPath, lun->name, lun);
    indexAdd(frame->lunsByPath, lun->canonicalName, lun);
}

static InventoryFrame *
frameNew(InventoryBuild *build, const char *hostName)
{
    InventoryFrame *frame = g_new0(InventoryFrame, 1);
    guint i;

    frame->refs = 1;
    frame->arena = g_steal_pointer(&build->arena);
    frame->hostName = hostName;
    frame->leftOut = build->leftOut;
    frame->poolsByName = g_hash_table_new(hashText, g_str_equal);
    frame->poolsByUuid = g_hash_table_new(uuidHash, uuidEqual);
    frame->poolsByTargetPath = g_hash_table_new(hashText, g_str_equal);
    frame->poolsByRef = g_hash_table_new(inventoryRefHash, inventoryRefEqual);
    frame->lunsByKey = g_hash_table_new(hashText, g_str_equal);
    frame->lunsByPath = g_hash_table_new(hashText, g_str_equal);

    for (i = 0; i < build->pools->len; i++)
        indexPool(frame, g_ptr_array_index(build->pools, i), i);
    for (i = 0; i < build->luns->len; i++)
        indexLun(frame, g_ptr_array_index(build->luns, i));
    return frame;
}

static void
frameUnref(InventoryFrame *frame)
{
    if (!g_atomic_int_dec_and_test(&frame->refs))
        return;

    g_hash_table_unref(frame->poolsByName);
    g_hash_table_unref(frame->poolsByUuid);
    g_hash_table_unref(frame->poolsByTargetPath);
    g_hash_table_unref(frame->poolsByRef);
    g_hash_table_unref(frame->lunsByKey);
    g_hash_table_unref(frame->lunsByPath);
    arenaFree(frame->arena);
    g_free(frame);
}

/* ---- snapshots ------------------------------------------------------------------------------- */

InventorySnapshot *
inventorySnapshotSeal(InventoryBuild *build, const char *hostName)
{
    InventorySnapshot *snapshot = g_new0(InventorySnapshot, 1);

    snapshot->refs = 1;
    snapshot->frame = frameNew(build, hostName);
    snapshot->shelf = inventoryShelfNew((InventoryBox *const *)build->pools->pdata,
                                        build->pools->len);
    return snapshot;
}

InventorySnapshot *
inventorySnapshotDerive(const InventorySnapshot *before)
{
    InventorySnapshot *snapshot = g_new0(InventorySnapshot, 1);

    g_atomic_int_inc(&before->frame->refs);
    snapshot->refs = 1;
    snapshot->frame = before->frame;
    snapshot->shelf = inventoryShelfCopy(&before->shelf);
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

    /* The frame last: the pools that nobody has replaced are in its arena. */
    inventoryShelfClear(&snapshot->shelf);
    frameUnref(snapshot->frame);
    g_free(snapshot->list);
    g_free(snapshot);
}

const InventoryPool *const *
inventorySnapshotPools(const InventorySnapshot *snapshot, size_t *ret_n)
{
    InventorySnapshot *self = (InventorySnapshot *)snapshot;
    const InventoryPool **list = g_atomic_pointer_get(&self->list);

    *ret_n = snapshot->shelf.n;
    if (list)
        return list;

    /* Nobody pays for a list that nobody reads. Of two made at once, the first one counts. */
    list = g_new(const InventoryPool *, snapshot->shelf.n + 1);
    list[snapshot->shelf.n] = NULL;
    inventoryShelfList(&snapshot->shelf, list);
    if (g_atomic_pointer_compare_and_exchange(&self->list, NULL, list))
        return list;
    g_free(list);
    return g_atomic_pointer_get(&self->list);
}

/* ---- lookups --------------------------------------------------------------------------------- */

static const InventoryPool *
lookup(const InventorySnapshot *snapshot, GHashTable *places, gconstpointer key)
{
    const size_t place = GPOINTER_TO_SIZE(g_hash_table_lookup(places, key));

    return place > 0 ? inventoryShelfGet(&snapshot->shelf, place - 1) : NULL;
}

const InventoryPool *
inventoryPoolByName(const InventorySnapshot *snapshot, const char *name)
{
    return lookup(snapshot, snapshot->frame->poolsByName, name);
}

const InventoryPool *
inventoryPoolByUuid(const InventorySnapshot *snapshot, const guint8 uuid[16])
{
    return lookup(snapshot, snapshot->frame->poolsByUuid, uuid);
}

const InventoryPool *
inventoryPoolByTargetPath(const InventorySnapshot *snapshot, const char *path)
{
    return lookup(snapshot, snapshot->frame->poolsByTargetPath, path);
}

const InventoryPool *
inventoryPoolByRef(const InventorySnapshot *snapshot, const SoapMoRef *ref, size_t *ret_place)
{
    const size_t place = GPOINTER_TO_SIZE(
        g_hash_table_lookup(snapshot->frame->poolsByRef, ref));

    if (place == 0)
        return NULL;
    *ret_place = place - 1;
    return inventoryShelfGet(&snapshot->shelf, place - 1);
}

const InventoryLun *
inventoryLunByKey(const InventorySnapshot *snapshot, const char *key)
{
    return g_hash_table_lookup(snapshot->frame->lunsByKey, key);
}

const InventoryLun *
inventoryLunByPath(const InventorySnapshot *snapshot, const char *path)
{
    return g_hash_table_lookup(snapshot->frame->lunsByPath, path);
}

const LeftOut *
inventorySnapshotLeftOut(const InventorySnapshot *snapshot)
{
    return &snapshot->frame->leftOut;
}

const char *
inventorySnapshotHostName(const InventorySnapshot *snapshot)
{
    return snapshot->frame->hostName;
}

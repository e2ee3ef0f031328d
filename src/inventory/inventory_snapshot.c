/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Immutable snapshots with their indexes. */

#include <string.h>

#include "inventory_build.h"
#include "inventory_snapshot.h"

struct _InventorySnapshot {
    gatomicrefcount refs;
    Arena *arena;
    const InventoryPool **pools;
    size_t npools;
    const char *hostName;
    GHashTable *poolsByName;
    GHashTable *poolsByUuid;        /* keys: the pool's uuid */
    GHashTable *poolsByTargetPath;
    GHashTable *lunsByKey;
    GHashTable *lunsByPath;         /* device path, device name, canonical name */
};

static guint
uuidHash(gconstpointer key)
{
    guint hash;

    /* UUIDs are MD5 sums: any four bytes are as good as a hash of all. */
    memcpy(&hash, key, sizeof(hash));
    return hash;
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

static void
indexPool(InventorySnapshot *snapshot, const InventoryPool *pool)
{
    indexAdd(snapshot->poolsByName, pool->name, pool);
    indexAdd(snapshot->poolsByUuid, pool->uuid, pool);
    indexAdd(snapshot->poolsByTargetPath, pool->targetPath, pool);
}

static void
indexLun(InventorySnapshot *snapshot, const InventoryLun *lun)
{
    indexAdd(snapshot->lunsByKey, lun->key, lun);
    indexAdd(snapshot->lunsByPath, lun->devicePath, lun);
    indexAdd(snapshot->lunsByPath, lun->name, lun);
    indexAdd(snapshot->lunsByPath, lun->canonicalName, lun);
}

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
    const SoapAny *name;

    if (hosts->len != 1)
        return NULL;
    name = inventoryObjectProperty(g_ptr_array_index(hosts, 0), "name");
    return name && name->kind == SOAP_KIND_STRING ? inventoryBuildString(build, name->value.string)
                                                  : NULL;
}

static InventorySnapshot *
snapshotNew(InventoryBuild *build)
{
    InventorySnapshot *snapshot = g_new0(InventorySnapshot, 1);

    g_atomic_ref_count_init(&snapshot->refs);
    snapshot->arena = build->arena;
    snapshot->poolsByName = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->poolsByUuid = g_hash_table_new(uuidHash, uuidEqual);
    snapshot->poolsByTargetPath = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->lunsByKey = g_hash_table_new(g_str_hash, g_str_equal);
    snapshot->lunsByPath = g_hash_table_new(g_str_hash, g_str_equal);

    return snapshot;
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

InventorySnapshot *
inventorySnapshotBuild(const InventoryStore *store, const InventoryScope *scope)
{
    g_autoptr(GPtrArray) pools = g_ptr_array_new();
    g_autoptr(GPtrArray) luns = g_ptr_array_new();
    InventoryBuild build = { arenaNew(G_MAXSIZE), pools, luns };
    InventorySnapshot *snapshot;
    guint i;

    inventoryBuildDatastores(&build, store, scope);
    inventoryBuildTargets(&build, store);
    settleNames(&build);
    g_ptr_array_sort(pools, comparePools);

    snapshot = snapshotNew(&build);
    snapshot->hostName = onlyHostName(&build, store);
    snapshot->npools = pools->len;
    snapshot->pools = inventoryBuildNew(&build, const InventoryPool *, pools->len);
    for (i = 0; i < pools->len; i++) {
        snapshot->pools[i] = g_ptr_array_index(pools, i);
        indexPool(snapshot, snapshot->pools[i]);
    }
    for (i = 0; i < luns->len; i++)
        indexLun(snapshot, g_ptr_array_index(luns, i));

    return snapshot;
}

InventorySnapshot *
inventorySnapshotUpdate(InventorySnapshot *before G_GNUC_UNUSED, InventoryStore *store,
                        const InventoryScope *scope)
{
    return inventorySnapshotBuild(store, scope);
}

InventorySnapshot *
inventorySnapshotRef(InventorySnapshot *snapshot)
{
    g_atomic_ref_count_inc(&snapshot->refs);
    return snapshot;
}

void
inventorySnapshotUnref(InventorySnapshot *snapshot)
{
    if (!snapshot || !g_atomic_ref_count_dec(&snapshot->refs))
        return;

    g_hash_table_unref(snapshot->poolsByName);
    g_hash_table_unref(snapshot->poolsByUuid);
    g_hash_table_unref(snapshot->poolsByTargetPath);
    g_hash_table_unref(snapshot->lunsByKey);
    g_hash_table_unref(snapshot->lunsByPath);
    arenaFree(snapshot->arena);
    g_free(snapshot);
}

const InventoryPool *const *
inventorySnapshotPools(const InventorySnapshot *snapshot, size_t *ret_n)
{
    *ret_n = snapshot->npools;
    return snapshot->pools;
}

const InventoryPool *
inventoryPoolByName(const InventorySnapshot *snapshot, const char *name)
{
    return g_hash_table_lookup(snapshot->poolsByName, name);
}

const InventoryPool *
inventoryPoolByUuid(const InventorySnapshot *snapshot, const guint8 uuid[16])
{
    return g_hash_table_lookup(snapshot->poolsByUuid, uuid);
}

const InventoryPool *
inventoryPoolByTargetPath(const InventorySnapshot *snapshot, const char *path)
{
    return g_hash_table_lookup(snapshot->poolsByTargetPath, path);
}

const InventoryLun *
inventoryLunByKey(const InventorySnapshot *snapshot, const char *key)
{
    return g_hash_table_lookup(snapshot->lunsByKey, key);
}

const InventoryLun *
inventoryLunByPath(const InventorySnapshot *snapshot, const char *path)
{
    return g_hash_table_lookup(snapshot->lunsByPath, path);
}

const char *
inventorySnapshotHostName(const InventorySnapshot *snapshot)
{
    return snapshot->hostName;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Lookups of volumes by names that are unique on a server. */

#include "esx_storage_anywhere.h"

#include "base_names.h"
#include "base_text.h"
#include "esx_report.h"

/* A result of a search in one snapshot, besides -1, 0 and 1 of esxFindAnywhere(). */
#define LOOK_AGAIN 2    /* it knows no such pool, or is outdated */

/* A name in its two parts: the volume @name in the pool @pool. */
typedef struct {
    virConnectPtr conn;
    const EsxStorageBackend *backend;
    InventorySnapshot *snapshot;
    bool isCurrent;         /* the snapshot; else an outdated pool is looked for again */
    const char *text;
    const char *pool;
    const char *name;
} Look;

/*
 * Searches @pool. A name may begin with blanks, but users also write more than one blank after the
 * bracket. Returns as esxFindInPool(), or LOOK_AGAIN.
 */
static int
lookInto(const Look *look, const InventoryPool *pool, EsxFound *ret_found, GError **error)
{
    const char *plain = nameSkipBlanks(look->name);
    g_autoptr(GError) local = NULL;
    int rc = esxFindInPool(look->conn, look->snapshot, pool, look->name, ret_found, &local);

    if (rc == 0 && plain != look->name)
        rc = esxFindInPool(look->conn, look->snapshot, pool, plain, ret_found, &local);
    if (rc >= 0)
        return rc;
    if (!look->isCurrent && look->backend->isOutdated(local))
        return LOOK_AGAIN;
    g_propagate_error(error, g_steal_pointer(&local));
    return -1;
}

static void
reportShared(const Look *look, const GPtrArray *pools, guint count)
{
    g_autofree char *names = esxPoolNames(look->conn, pools);

    if (count > 1)
        esxReport(VIR_ERR_NO_STORAGE_VOL,
                  "'%s' is ambiguous: %u of the pools " TEXT_MESSAGE ", which share the name '%s', "
                  "have this volume; put the name of one pool in the brackets",
                  look->text, count, names, look->pool);
    else
        esxReport(VIR_ERR_NO_STORAGE_VOL,
                  "'%s' is in none of the pools " TEXT_MESSAGE ", which share the name '%s'",
                  look->text, names, look->pool);
}

/* Searches all of @pools, which share a name. Returns as esxFindAnywhere(), or LOOK_AGAIN. */
static int
lookIntoAll(const Look *look, const GPtrArray *pools, EsxFound *ret_found)
{
    g_auto(EsxFound) only = { 0 };
    guint count = 0;
    guint i;

    for (i = 0; i < pools->len; i++) {
        const InventoryPool *pool = g_ptr_array_index(pools, i);
        g_auto(EsxFound) another = { 0 };
        g_autoptr(GError) error = NULL;
        const int rc = lookInto(look, pool, count == 0 ? &only : &another, &error);

        if (rc == LOOK_AGAIN)
            return rc;
        if (rc < 0) {
            g_autofree char *names = esxPoolNames(look->conn, pools);

            esxErrorReport(error, "'%s' may be in any of the pools " TEXT_MESSAGE ", which share "
                           "the name '%s'; put the name of one pool in the brackets: cannot list "
                           "the volumes of pool '%s'", look->text, names, look->pool, pool->name);
            return -1;
        }
        count += rc;
    }
    if (count != 1)
        return count > 1 ? (reportShared(look, pools, count), -1) : 0;
    *ret_found = only;
    only = (EsxFound) { 0 };
    return 1;
}

/* Returns: (transfer container): the pools that @look's name may mean. */
static GPtrArray *
poolsNamed(const Look *look)
{
    const InventoryPool *pool = inventoryPoolByName(look->snapshot, look->pool);
    GPtrArray *pools = NULL;
    guint i;

    if (pool && look->backend->owns(pool)) {
        pools = g_ptr_array_new();
        g_ptr_array_add(pools, (gpointer)pool);
        return pools;
    }
    pools = inventoryPoolsByPlainName(look->snapshot, look->pool);
    for (i = pools->len; i > 0; i--) {
        pool = g_ptr_array_index(pools, i - 1);
        if (!look->backend->owns(pool) || !esxPoolIsListed(look->conn, pool))
            g_ptr_array_remove_index(pools, i - 1);
    }
    return pools;
}

static int
lookNamed(const Look *look, const GPtrArray *pools, EsxFound *ret_found)
{
    const InventoryPool *pool = g_ptr_array_index(pools, 0);
    g_autoptr(GError) error = NULL;
    int rc;

    if (pools->len > 1)
        return lookIntoAll(look, pools, ret_found);
    rc = lookInto(look, pool, ret_found, &error);
    if (rc < 0)
        esxErrorReport(error, "cannot list the volumes of pool '%s'", pool->name);
    return rc;
}

/* Reads @text in every way that it can be read, the longest name of a pool first. */
static int
lookEverywhere(Look *look, EsxFound *ret_found)
{
    g_autoptr(GPtrArray) shared = NULL;
    g_autofree char *sharedName = NULL;
    const char *end = NULL;
    int rc = LOOK_AGAIN;

    while (TRUE) {
        g_autofree char *pool = NULL;
        g_autofree char *name = NULL;
        g_autoptr(GPtrArray) pools = NULL;

        end = look->backend->volumeSplit(look->text, end, &pool, &name);
        if (!end)
            break;
        look->pool = pool;
        look->name = name;
        pools = poolsNamed(look);
        if (pools->len == 0)
            continue;
        rc = lookNamed(look, pools, ret_found);
        if (rc != 0)
            return rc;
        if (pools->len > 1 && !shared) {
            shared = g_steal_pointer(&pools);
            sharedName = g_steal_pointer(&pool);
        }
    }
    if (rc == 0 && shared) {
        look->pool = sharedName;
        reportShared(look, shared, 0);
        return -1;
    }
    return rc;
}

/*
 * If listing the volumes proves the pool, an old snapshot is as good as a new one, and saves a
 * request for the inventory.
 */
static int
findSplit(virConnectPtr conn, const EsxStorageBackend *backend, const char *text,
          EsxFound *ret_found)
{
    EsxConnection *connection = conn->privateData;
    g_autoptr(InventorySnapshot) old =
        backend->isOutdated ? inventoryPeek(connection->inventory) : NULL;
    g_autoptr(InventorySnapshot) current = NULL;
    Look look = { .conn = conn, .backend = backend, .snapshot = old, .text = text };
    int rc = old ? lookEverywhere(&look, ret_found) : LOOK_AGAIN;

    if (rc != LOOK_AGAIN)
        return rc;
    current = esxFindSnapshot(conn);
    if (!current)
        return -1;
    look.snapshot = current;
    look.isCurrent = true;
    rc = lookEverywhere(&look, ret_found);
    return rc == LOOK_AGAIN ? 0 : rc;
}

/* Finds the volume @name of the pool @pool in @snapshot, which is current. */
static int
findPlaced(virConnectPtr conn, InventorySnapshot *snapshot, const char *pool, const char *name,
           EsxFound *ret_found)
{
    const InventoryPool *known = inventoryPoolByName(snapshot, pool);
    g_autoptr(GError) error = NULL;
    int rc = known ? esxFindInPool(conn, snapshot, known, name, ret_found, &error) : 0;

    if (rc < 0)
        esxErrorReport(error, "cannot list the volumes of pool '%s'", known->name);
    return rc;
}

/* Asks @backend for what @text names. Returns as esxFindAnywhere(). */
static int
findByBackend(virConnectPtr conn, const EsxStorageBackend *backend, InventorySnapshot *snapshot,
              const char *text, bool deep, EsxFound *ret_found)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *pool = NULL;
    g_autofree char *name = NULL;

    if (!backend->volumeLookup(conn->privateData, snapshot, text, deep, &pool, &name, &error)) {
        esxErrorReport(error, NULL);
        return -1;
    }
    return pool ? findPlaced(conn, snapshot, pool, name, ret_found) : 0;
}

/* The backend whose volumes have names of the form of @text, or NULL. */
static const EsxStorageBackend *
backendNamed(const char *text)
{
    const EsxStorageBackend *const *backend;

    for (backend = esxStorageBackends(); *backend; backend++) {
        g_autofree char *pool = NULL;
        g_autofree char *name = NULL;

        if ((*backend)->volumeSplit && (*backend)->volumeSplit(text, NULL, &pool, &name))
            return *backend;
    }
    return NULL;
}

int
esxFindAnywhere(virConnectPtr conn, const char *text, bool deep, EsxFound *ret_found)
{
    const EsxStorageBackend *named = backendNamed(text);
    const EsxStorageBackend *const *backend;
    g_autoptr(InventorySnapshot) snapshot = NULL;
    int found = 0;

    if (named)
        return findSplit(conn, named, text, ret_found);

    snapshot = esxFindSnapshot(conn);
    if (!snapshot)
        return -1;
    for (backend = esxStorageBackends(); *backend && found == 0; backend++) {
        if ((*backend)->volumeLookup)
            found = findByBackend(conn, *backend, snapshot, text, deep, ret_found);
    }
    return found;
}

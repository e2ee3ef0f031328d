/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Keeps the snapshot current: one thread at a time asks the standing filter what has changed.
 *
 * Whether a snapshot is fresh enough for a verb is a matter of when the question was sent, not of when the
 * answer came: a proof counts from its start. A verb that comes while somebody asks takes that answer only if
 * the question was sent recently enough for it; so with cache_ttl=0 nobody is ever told what was true before
 * he asked, and still eight threads that ask together cost two questions, not eight.
 */

#include "base_limits.h"
#include "inventory.h"
#include "inventory_build.h"
#include "inventory_spec.h"
#include "inventory_store.h"
#include "vi_collector.h"

struct _Inventory {
    ViSession *session;
    InventoryScope *scope;
    gint64 ttl;                     /* microseconds */

    GMutex lock;                    /* guards what follows */
    GCond done;                     /* syncing became FALSE */
    gboolean syncing;
    InventorySnapshot *snapshot;    /* NULL: none yet */
    gint64 provenAt;                /* start of the proof of @snapshot */
    gint64 expiredAt;               /* proofs started before do not count */
    GError *failure;                /* of the last sync, if it failed */
    gint64 failedAt;                /* when that one started */

    /* Only the thread that syncs touches these. */
    InventorySpec *spec;
    InventoryStore *store;
    char *version;
    SoapReply *filterReply;         /* holds the next */
    SoapMoRef *filter;              /* NULL: none */
    guint64 generation;             /* session generation of the filter */
};

GQuark
inventoryErrorQuark(void)
{
    return g_quark_from_static_string("inventory-error-quark");
}

Inventory *
inventoryNew(ViSession *session, InventoryScope *scope, guint ttlMs)
{
    Inventory *inventory = g_new0(Inventory, 1);

    inventory->session = session;
    inventory->scope = scope;
    inventory->ttl = (gint64)ttlMs * 1000;
    inventory->spec = inventorySpecNew(session, scope);
    g_mutex_init(&inventory->lock);
    g_cond_init(&inventory->done);
    return inventory;
}

void
inventoryFree(Inventory *inventory)
{
    if (!inventory)
        return;

    /* The filter is not destroyed: it goes with the session, at no cost. */
    g_clear_pointer(&inventory->snapshot, inventorySnapshotUnref);
    g_clear_pointer(&inventory->store, inventoryStoreFree);
    g_clear_pointer(&inventory->spec, inventorySpecFree);
    g_clear_pointer(&inventory->filterReply, soapReplyFree);
    g_clear_pointer(&inventory->scope, inventoryScopeFree);
    g_clear_error(&inventory->failure);
    g_free(inventory->version);
    g_cond_clear(&inventory->done);
    g_mutex_clear(&inventory->lock);
    g_free(inventory);
}

/* ---- asking the server ---------------------------------------------------------------------- */

/* Forgets the filter and all it reported. */
static void
forget(Inventory *inventory)
{
    g_clear_pointer(&inventory->store, inventoryStoreFree);
    g_clear_pointer(&inventory->version, g_free);
    g_clear_pointer(&inventory->filterReply, soapReplyFree);
    inventory->filter = NULL;
}

/* Starts over with a filter in the present session. */
static gboolean
makeFilter(Inventory *inventory, GError **error)
{
    ViCallOptions options = { .generation = viSessionGeneration(inventory->session) };

    if (inventory->filter && inventory->generation == options.generation)
        viCollectorDestroyFilter(inventory->session, inventory->filter);
    forget(inventory);

    inventory->filterReply = viCollectorCreateFilter(
        inventory->session, viSessionServices(inventory->session)->propertyCollector,
        inventorySpecFilter(inventory->spec), &options, &inventory->filter, error);
    if (!inventory->filterReply)
        return FALSE;

    inventory->generation = options.generation;
    inventory->store = inventoryStoreNew();
    inventory->version = g_strdup("");
    return TRUE;
}

/* Takes all that has changed, however many replies that needs. */
static gboolean
drain(Inventory *inventory, gboolean *ret_changed, GError **error)
{
    const SoapMoRef *collector = viSessionServices(inventory->session)->propertyCollector;
    ViCallOptions options = { .generation = inventory->generation };
    gboolean truncated = TRUE;
    guint pages;

    for (pages = 0; truncated && pages < LIMIT_PAGES; pages++) {
        VimUpdateSet *updates = NULL;
        SoapReply *reply = viCollectorWait(inventory->session, collector, inventory->version, 0, &options,
                                           &updates, error);

        if (!reply)
            return FALSE;
        if (!updates) {
            soapReplyFree(reply);
            return TRUE;
        }

        *ret_changed = TRUE;
        truncated = updates->has_truncated && updates->truncated;
        g_free(inventory->version);
        inventory->version = g_strdup(updates->version ? updates->version : "");
        if (!inventoryStoreApply(inventory->store, updates, reply, error))
            return FALSE;
    }
    return TRUE;
}

/* Whether reading everything again may help after @error. */
static gboolean
isStale(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_SESSION_RENEWED) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_COLLECTOR_VERSION) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_OBJECT_GONE) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_BROKEN) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL) ||
           g_error_matches(error, SOAP_ERROR, SOAP_ERROR_TRUNCATED);
}

/* One try. @again: whether to start over with a new filter. */
static gboolean
trySync(Inventory *inventory, gboolean again, gboolean *ret_changed, GError **error)
{
    if (again || !inventory->filter ||
        inventory->generation != viSessionGeneration(inventory->session)) {
        if (!makeFilter(inventory, error))
            return FALSE;
        *ret_changed = TRUE;
    }
    return drain(inventory, ret_changed, error);
}

/* Returns: (transfer full) a new snapshot, or NULL with @error, or NULL without when nothing has changed. */
static InventorySnapshot *
syncOnce(Inventory *inventory, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean changed = FALSE;
    gboolean ok = trySync(inventory, FALSE, &changed, &local);

    if (!ok && isStale(local)) {
        g_clear_error(&local);
        ok = trySync(inventory, TRUE, &changed, &local);
    }
    if (!ok) {
        /* What was applied is half a truth: the next sync starts over. */
        forget(inventory);
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "cannot read the inventory: ");
        return NULL;
    }
    return changed ? inventorySnapshotBuild(inventory->store, inventory->scope) : NULL;
}

/* ---- sharing the answer --------------------------------------------------------------------- */

/* Syncs with the lock released in between; @syncing keeps others out. */
static void
lockedSync(Inventory *inventory)
{
    gint64 start = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    InventorySnapshot *snapshot;

    inventory->syncing = TRUE;
    g_mutex_unlock(&inventory->lock);
    snapshot = syncOnce(inventory, &error);
    g_mutex_lock(&inventory->lock);
    inventory->syncing = FALSE;

    if (snapshot) {
        g_clear_pointer(&inventory->snapshot, inventorySnapshotUnref);
        inventory->snapshot = snapshot;
    }
    g_clear_error(&inventory->failure);
    if (error) {
        inventory->failure = g_steal_pointer(&error);
        inventory->failedAt = start;
    } else {
        inventory->provenAt = start;
    }
    g_cond_broadcast(&inventory->done);
}

InventorySnapshot *
inventoryAcquire(Inventory *inventory, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inventory->lock);
    const gint64 arrival = g_get_monotonic_time();

    while (TRUE) {
        gint64 oldest = MAX(arrival - inventory->ttl, inventory->expiredAt);

        if (inventory->snapshot && inventory->provenAt >= oldest)
            return inventorySnapshotRef(inventory->snapshot);
        if (inventory->failure && inventory->failedAt >= arrival) {
            g_propagate_error(error, g_error_copy(inventory->failure));
            return NULL;
        }
        if (inventory->syncing)
            g_cond_wait(&inventory->done, &inventory->lock);
        else
            lockedSync(inventory);
    }
}

void
inventoryExpire(Inventory *inventory)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inventory->lock);

    inventory->expiredAt = g_get_monotonic_time();
}

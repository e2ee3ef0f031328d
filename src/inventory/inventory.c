/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Keeps the snapshot current. base_cached decides when to ask, inventory_sync how, and
 * inventory_live runs the thread, if there is one.
 */

#include "inventory.h"
#include "inventory_live.h"

struct _Inventory {
    ViSession *session;
    InventoryScope *scope;
    Cached *snapshot;                /* InventorySnapshot */
    InventorySync *sync;            /* belongs to the thread that proves, or to the live thread */
    InventoryLive *live;
    GMutex proving;                 /* held while proving, or while starting the thread */
    gint wantsLive;                 /* atomic */
    gboolean isBrief;               /* see inventorySetBrief() */
};

GQuark
inventoryErrorQuark(void)
{
    return g_quark_from_static_string("inventory-error-quark");
}

/* CachedOps.prove */
static gpointer
proveInventory(gpointer opaque, gpointer current, gint64 deadline G_GNUC_UNUSED, GError **error)
{
    Inventory *inventory = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&inventory->proving);
    InventorySnapshot *now = NULL;

    if (inventoryLiveIsRunning(inventory->live))
        return inventoryLiveSync(inventory->live, error);

    if (inventory->isBrief && !current && !g_atomic_int_get(&inventory->wantsLive))
        return inventorySyncOnce(inventory->sync, error);

    now = inventorySyncRun(inventory->sync, current, NULL /* cancel */, error);
    if (g_atomic_int_get(&inventory->wantsLive))
        inventoryLiveStart(inventory->live, now ? INVENTORY_LIVE_CURRENT : INVENTORY_LIVE_TROUBLE,
                           now ? now : current);
    return now;
}

/* The session was renewed: a long poll of the old one has ended. */
static void
sessionRenewed(gpointer opaque)
{
    Inventory *inventory = opaque;

    inventoryLiveRenewed(inventory->live);
}

static gpointer
refSnapshot(gpointer value)
{
    return inventorySnapshotRef(value);
}

static void
unrefSnapshot(gpointer value)
{
    inventorySnapshotUnref(value);
}

static const CachedOps snapshotOps = { proveInventory, refSnapshot, unrefSnapshot };

Inventory *
inventoryNewPaced(ViSession *session, InventoryScope *scope, const InventoryPace *pace)
{
    Inventory *inventory = g_new0(Inventory, 1);

    g_mutex_init(&inventory->proving);
    inventory->session = session;
    inventory->scope = scope;
    inventory->sync = inventorySyncNew(session, scope);
    inventory->snapshot = cachedNew(&snapshotOps, inventory);
    inventory->live = inventoryLiveNew(&(InventoryLiveParts){
        .session = session, .sync = inventory->sync, .fresh = inventory->snapshot, .pace = pace,
    });
    viSessionSetRenewed(session, sessionRenewed, inventory);
    return inventory;
}

Inventory *
inventoryNew(ViSession *session, InventoryScope *scope)
{
    return inventoryNewPaced(session, scope, NULL);
}

const InventoryScope *
inventoryScope(const Inventory *inventory)
{
    return inventory->scope;
}

void
inventoryFree(Inventory *inventory)
{
    if (!inventory)
        return;

    /* The thread first: it uses all the others, and may be notified of a renewal until its end. */
    inventoryLiveFree(inventory->live);
    viSessionSetRenewed(inventory->session, NULL, NULL);
    g_clear_pointer(&inventory->snapshot, cachedFree);
    g_clear_pointer(&inventory->sync, inventorySyncFree);
    g_clear_pointer(&inventory->scope, inventoryScopeFree);
    g_mutex_clear(&inventory->proving);
    g_free(inventory);
}

InventorySnapshot *
inventoryAcquire(Inventory *inventory, guint ttlMs, GError **error)
{
    const gint64 timeout = (gint64)viSessionTimeoutMs(inventory->session) * 1000;
    g_autoptr(GError) local = NULL;
    InventorySnapshot *snapshot =
        cachedAcquire(inventory->snapshot, (gint64)ttlMs * 1000, timeout, &local);

    if (g_error_matches(local, CACHED_ERROR, CACHED_ERROR_TIMEOUT))
        g_prefix_error(&local, "cannot read the inventory: ");
    if (!snapshot)
        g_propagate_error(error, g_steal_pointer(&local));
    return snapshot;
}

InventorySnapshot *
inventoryPeek(Inventory *inventory)
{
    return cachedPeek(inventory->snapshot);
}

void
inventoryExpire(Inventory *inventory)
{
    cachedExpire(inventory->snapshot);
}

void
inventorySetBrief(Inventory *inventory)
{
    inventory->isBrief = TRUE;
}

void
inventorySetWatch(Inventory *inventory, const InventoryWatch *watch, gpointer opaque)
{
    inventoryLiveSetWatch(inventory->live, watch, opaque);
}

gboolean
inventoryGoLive(Inventory *inventory)
{
    if (!g_atomic_int_compare_and_exchange(&inventory->wantsLive, FALSE, TRUE))
        return FALSE;

    /* So that the next read asks, and starts the thread. */
    cachedExpire(inventory->snapshot);
    return TRUE;
}

void
inventoryBeginLive(Inventory *inventory)
{
    g_autoptr(InventorySnapshot) current = NULL;

    if (!g_atomic_int_get(&inventory->wantsLive))
        return;
    /* A read that is under way starts the thread. */
    if (!g_mutex_trylock(&inventory->proving))
        return;

    current = inventoryPeek(inventory);
    if (!inventoryLiveIsRunning(inventory->live))
        inventoryLiveStart(inventory->live, INVENTORY_LIVE_BROKEN, current);
    g_mutex_unlock(&inventory->proving);
}

void
inventoryStop(Inventory *inventory)
{
    g_atomic_int_set(&inventory->wantsLive, FALSE);
    inventoryLiveStop(inventory->live);
}

void
inventoryStopWithin(Inventory *inventory, guint timeoutMs)
{
    g_atomic_int_set(&inventory->wantsLive, FALSE);
    inventoryLiveStopWithin(inventory->live, timeoutMs);
}

gboolean
inventoryIsLive(Inventory *inventory)
{
    return inventoryLiveIsLive(inventory->live);
}

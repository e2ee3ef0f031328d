/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Keeps the snapshot current: asks the standing filter what has changed. When to ask, and who does,
 * is base_fresh's business.
 */

#include "base_fresh.h"
#include "base_limits.h"
#include "inventory.h"
#include "inventory_build.h"
#include "inventory_spec.h"
#include "inventory_store.h"
#include "vi_collector.h"

struct _Inventory {
    ViSession *session;
    InventoryScope *scope;
    Fresh *snapshot;                /* InventorySnapshot */
    const InventoryWatch *watch;    /* NULL: none */
    gpointer watchOpaque;
    gint wantsLive;                 /* atomic */

    /* Only the thread that proves touches these. */
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

/* ---- asking the server ---------------------------------------------------------------------- */

/* Forgets what the filter reported, but not the filter: it is still there at the server. */
static void
forgetReports(Inventory *inventory)
{
    g_clear_pointer(&inventory->store, inventoryStoreFree);
    g_clear_pointer(&inventory->version, g_free);
}

static void
forgetFilter(Inventory *inventory)
{
    g_clear_pointer(&inventory->filterReply, soapReplyFree);
    inventory->filter = NULL;
}

/* Starts over with a filter in the present session. */
static gboolean
makeFilter(Inventory *inventory, GError **error)
{
    ViCallOptions options = { .generation = viSessionGeneration(inventory->session) };

    /* One that stayed would report everything once more, each time. */
    if (inventory->filter && inventory->generation == options.generation)
        viCollectorDestroyFilter(inventory->session, inventory->filter, NULL);
    forgetReports(inventory);
    forgetFilter(inventory);

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

/* A new filter that reports nothing at all is no empty inventory: the root folder is always
 * there. */
static gboolean
checkAnswered(const Inventory *inventory, GError **error)
{
    if (*inventory->version != '\0')
        return TRUE;
    g_set_error(
        error, VI_ERROR, VI_ERROR_PROTOCOL,
        "the server shows none of the objects asked for; check the permissions of the user");
    return FALSE;
}

/* Takes all that has changed, however many replies that needs. */
static gboolean
drain(Inventory *inventory, gboolean *ret_changed, GError **error)
{
    const SoapMoRef *collector = viSessionServices(inventory->session)->propertyCollector;
    ViCallOptions options = { .generation = inventory->generation };
    gboolean truncated = TRUE;
    guint pages;

    for (pages = 0; truncated; pages++) {
        VimUpdateSet *updates = NULL;
        SoapReply *reply;

        if (pages == LIMIT_PAGES) {
            g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                        "the server reported changes in more than %d parts", LIMIT_PAGES);
            return FALSE;
        }
        reply = viCollectorWait(inventory->session, collector, inventory->version, 0, &options,
                                &updates, error);
        if (!reply)
            return FALSE;
        if (!updates) {
            soapReplyFree(reply);
            return checkAnswered(inventory, error);
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
    if (again || !inventory->store ||
        inventory->generation != viSessionGeneration(inventory->session)) {
        if (!makeFilter(inventory, error))
            return FALSE;
        *ret_changed = TRUE;
    }
    return drain(inventory, ret_changed, error);
}

/* FreshOps.prove */
static gpointer
prove(gpointer opaque, gpointer current, GError **error)
{
    Inventory *inventory = opaque;
    g_autoptr(GError) local = NULL;
    gboolean changed = FALSE;
    gboolean ok = trySync(inventory, FALSE, &changed, &local);

    if (!ok && isStale(local)) {
        g_clear_error(&local);
        ok = trySync(inventory, TRUE, &changed, &local);
    }
    if (!ok) {
        /* What was applied is half a truth: the next time everything is read again. */
        forgetReports(inventory);
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "cannot read the inventory: ");
        return NULL;
    }
    if (!changed && current)
        return inventorySnapshotRef(current);
    return inventorySnapshotBuild(inventory->store, inventory->scope);
}

/* ---- for everybody -------------------------------------------------------------------------- */

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

static const FreshOps snapshotOps = { prove, refSnapshot, unrefSnapshot };

Inventory *
inventoryNew(ViSession *session, InventoryScope *scope)
{
    Inventory *inventory = g_new0(Inventory, 1);

    inventory->session = session;
    inventory->scope = scope;
    inventory->spec = inventorySpecNew(session, scope);
    inventory->snapshot = freshNew(&snapshotOps, inventory);
    return inventory;
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

    /* The filter is not destroyed: it goes with the session, at no cost. */
    g_clear_pointer(&inventory->snapshot, freshFree);
    forgetReports(inventory);
    forgetFilter(inventory);
    g_clear_pointer(&inventory->spec, inventorySpecFree);
    g_clear_pointer(&inventory->scope, inventoryScopeFree);
    g_free(inventory);
}

InventorySnapshot *
inventoryAcquire(Inventory *inventory, guint ttlMs, GError **error)
{
    return freshAcquire(inventory->snapshot, (gint64)ttlMs * 1000, error);
}

InventorySnapshot *
inventoryPeek(Inventory *inventory)
{
    return freshPeek(inventory->snapshot);
}

void
inventoryExpire(Inventory *inventory)
{
    freshExpire(inventory->snapshot);
}

void
inventorySetWatch(Inventory *inventory, const InventoryWatch *watch, gpointer opaque)
{
    inventory->watch = watch;
    inventory->watchOpaque = opaque;
}

void
inventoryGoLive(Inventory *inventory)
{
    g_atomic_int_set(&inventory->wantsLive, TRUE);
}

gboolean
inventoryIsLive(Inventory *inventory G_GNUC_UNUSED)
{
    return FALSE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Asks the standing filter what has changed, or waits until something does. */

#include "base_limits.h"
#include "inventory_build.h"
#include "inventory_spec.h"
#include "inventory_store.h"
#include "inventory_sync.h"
#include "vi_collector.h"

/* How often a server may call off a request that waits for nothing. */
#define CALLED_OFF_TRIES 4

struct _InventorySync {
    ViSession *session;
    const InventoryScope *scope;
    InventorySpec *spec;
    InventoryStore *store;          /* NULL: everything has to be read */
    char *version;
    SoapReply *filterReply;         /* holds the next */
    SoapMoRef *filter;              /* NULL: none */
    guint64 generation;             /* session generation of the filter */
};

InventorySync *
inventorySyncNew(ViSession *session, const InventoryScope *scope)
{
    InventorySync *sync = g_new0(InventorySync, 1);

    sync->session = session;
    sync->scope = scope;
    sync->spec = inventorySpecNew(session, scope);
    return sync;
}

/* Forgets what the filter reported, but not the filter: it is still there at the server. */
static void
forgetReports(InventorySync *sync)
{
    g_clear_pointer(&sync->store, inventoryStoreFree);
    g_clear_pointer(&sync->version, g_free);
}

static void
forgetFilter(InventorySync *sync)
{
    g_clear_pointer(&sync->filterReply, soapReplyFree);
    sync->filter = NULL;
}

void
inventorySyncFree(InventorySync *sync)
{
    if (!sync)
        return;

    forgetReports(sync);
    forgetFilter(sync);
    g_clear_pointer(&sync->spec, inventorySpecFree);
    g_free(sync);
}

guint64
inventorySyncGeneration(const InventorySync *sync)
{
    return sync->filter ? sync->generation : 0;
}

/* ---- the filter ----------------------------------------------------------------------------- */

/* Takes the filter away, unless it went with its session. FALSE: it may be there. */
static gboolean
dropFilter(InventorySync *sync, const Wake *wake, GError **error)
{
    const ViCallOptions options = { .generation = sync->generation, .wake = wake };

    if (sync->filter && sync->generation == viSessionGeneration(sync->session) &&
        !viCollectorDestroyFilter(sync->session, sync->filter, &options, error))
        return FALSE;
    forgetFilter(sync);
    return TRUE;
}

/* Starts over with a filter in the present session. */
static gboolean
makeFilter(InventorySync *sync, const Wake *wake, GError **error)
{
    ViCallOptions options = { .wake = wake };

    forgetReports(sync);
    /* One that stayed would report everything once more, each time. */
    if (!dropFilter(sync, wake, error))
        return FALSE;

    options.generation = viSessionGeneration(sync->session);
    sync->filterReply = viCollectorCreateFilter(
        sync->session, viSessionServices(sync->session)->propertyCollector,
        inventorySpecFilter(sync->spec), &options, &sync->filter, error);
    if (!sync->filterReply)
        return FALSE;

    sync->generation = options.generation;
    sync->store = inventoryStoreNew();
    sync->version = g_strdup("");
    return TRUE;
}

/* A new filter that reports nothing at all is no empty inventory: the root folder is always
 * there. */
static gboolean
checkAnswered(const InventorySync *sync, GError **error)
{
    if (*sync->version != '\0')
        return TRUE;
    g_set_error(
        error, VI_ERROR, VI_ERROR_PROTOCOL,
        "the server shows none of the objects asked for; check the permissions of the user");
    return FALSE;
}

/* What one answer said. */
typedef struct {
    gboolean changed;       /* something */
    gboolean truncated;     /* and there is more */
} Answer;

/* Asks once, waiting for @seconds, and applies what comes. */
static gboolean
askOnce(InventorySync *sync, guint seconds, const Wake *wake, Answer *ret_answer, GError **error)
{
    const SoapMoRef *collector = viSessionServices(sync->session)->propertyCollector;
    const ViCallOptions options = { .generation = sync->generation, .wake = wake };
    VimUpdateSet *updates = NULL;
    SoapReply *reply = viCollectorWait(sync->session, collector, sync->version, (gint32)seconds,
                                       &options, &updates, error);

    if (!reply)
        return FALSE;
    if (!updates) {
        soapReplyFree(reply);
        *ret_answer = (Answer){ 0 };
        return TRUE;
    }

    *ret_answer = (Answer){
        .changed = TRUE, .truncated = updates->has_truncated && updates->truncated,
    };
    g_free(sync->version);
    sync->version = g_strdup(updates->version ? updates->version : "");
    return inventoryStoreApply(sync->store, updates, reply, error);
}

/*
 * As askOnce() without waiting. What was meant to end a poll may come late and meet this instead:
 * then the same is asked again.
 */
static gboolean
askNow(InventorySync *sync, const Wake *wake, Answer *ret_answer, GError **error)
{
    g_autoptr(GError) local = NULL;
    guint tries;

    for (tries = 0; tries < CALLED_OFF_TRIES; tries++) {
        g_clear_error(&local);
        if (askOnce(sync, 0, wake, ret_answer, &local))
            return TRUE;
        if (!g_error_matches(local, VI_ERROR, VI_ERROR_CANCELLED))
            break;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Takes all that has changed, however many replies that needs. @ret_changed: set when any did. */
static gboolean
drain(InventorySync *sync, const Wake *wake, gboolean *ret_changed, GError **error)
{
    guint pages;

    for (pages = 0; pages < LIMIT_PAGES; pages++) {
        Answer answer = { 0 };

        if (!askNow(sync, wake, &answer, error))
            return FALSE;
        if (answer.changed)
            *ret_changed = TRUE;
        if (!answer.changed)
            return checkAnswered(sync, error);
        if (!answer.truncated)
            return TRUE;
    }
    g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server reported changes in more than %d parts", LIMIT_PAGES);
    return FALSE;
}

gboolean
inventorySyncIsStale(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_SESSION_RENEWED) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_COLLECTOR_VERSION) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_OBJECT_GONE) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_BROKEN) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL) ||
           g_error_matches(error, SOAP_ERROR, SOAP_ERROR_TRUNCATED);
}

/* ---- for who keeps the snapshot ------------------------------------------------------------- */

/* Returns: (transfer full) the snapshot that follows @current. */
static InventorySnapshot *
follow(InventorySync *sync, InventorySnapshot *current, gboolean changed)
{
    if (!changed && current)
        return inventorySnapshotRef(current);
    return inventorySnapshotUpdate(current, sync->store, sync->scope);
}

/* One try. @again: whether to start over with a new filter. */
static gboolean
trySync(InventorySync *sync, gboolean again, const Wake *wake, gboolean *ret_changed,
        GError **error)
{
    if (again || !sync->store || sync->generation != viSessionGeneration(sync->session)) {
        if (!makeFilter(sync, wake, error))
            return FALSE;
        *ret_changed = TRUE;
    }
    return drain(sync, wake, ret_changed, error);
}

InventorySnapshot *
inventorySyncRun(InventorySync *sync, InventorySnapshot *current, const Wake *wake, GError **error)
{
    g_autoptr(GError) local = NULL;
    gboolean changed = FALSE;
    gboolean ok = trySync(sync, FALSE, wake, &changed, &local);

    if (!ok && inventorySyncIsStale(local)) {
        g_clear_error(&local);
        ok = trySync(sync, TRUE, wake, &changed, &local);
    }
    if (!ok) {
        /* What was applied is half a truth: the next time everything is read again. */
        forgetReports(sync);
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "cannot read the inventory: ");
        return NULL;
    }
    return follow(sync, current, changed);
}

InventorySnapshot *
inventorySyncOnce(InventorySync *sync, GError **error)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew();
    ViObjects *objects = viCollectorRetrieve(sync->session, inventorySpecFilter(sync->spec),
                                             error);

    if (!objects || !inventoryStoreLoad(store, objects, error)) {
        g_prefix_error(error, "cannot read the inventory: ");
        return NULL;
    }
    return inventorySnapshotUpdate(NULL /* before */, store, sync->scope);
}

InventorySnapshot *
inventorySyncPoll(InventorySync *sync, InventorySnapshot *current, guint seconds, const Wake *wake,
                  GError **error)
{
    g_autoptr(GError) local = NULL;
    Answer answer = { 0 };
    gboolean waited = askOnce(sync, seconds, wake, &answer, &local);
    gboolean ok = waited && (!answer.truncated || drain(sync, wake, &answer.changed, &local));

    if (ok)
        return follow(sync, current, answer.changed);

    /* Of a wait that was called off nothing can have been lost, of any other one, its answer. */
    if (waited || !g_error_matches(local, VI_ERROR, VI_ERROR_CANCELLED))
        forgetReports(sync);
    g_propagate_prefixed_error(error, g_steal_pointer(&local),
                               "cannot wait for changes of the inventory: ");
    return NULL;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Asks the standing filter for changes, or waits for them. */

#include <string.h>

#include "base_limits.h"
#include "inventory_build.h"
#include "inventory_kind.h"
#include "inventory_spec.h"
#include "inventory_store.h"
#include "inventory_sync.h"
#include "vi_budget.h"
#include "vi_collector.h"

/* How often a server may cancel a request that does not wait. */
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

/* Discards what the filter reported, but not the filter, which still exists on the server. */
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

/* The limits of one sync, or of one poll with its updates. */
typedef struct {
    const Cancel *cancel;
    ViBudget budget;
} Bounds;

static ViCallOptions
optionsOf(const Bounds *bounds, guint64 generation)
{
    return (ViCallOptions) {
        .generation = generation, .cancel = bounds->cancel, .cancelsLogin = TRUE,
        .deadline = bounds->budget.deadline,
    };
}

/* Destroys the filter, unless it ended with its session. FALSE: it may still exist. */
static gboolean
dropFilter(InventorySync *sync, const Bounds *bounds, GError **error)
{
    const ViCallOptions options = optionsOf(bounds, sync->generation);

    if (sync->filter && sync->generation == viSessionGeneration(sync->session) &&
        !viCollectorDestroyFilter(sync->session, sync->filter, &options, error))
        return FALSE;
    forgetFilter(sync);
    return TRUE;
}

/* Starts over with a filter in the current session. */
static gboolean
makeFilter(InventorySync *sync, const Bounds *bounds, GError **error)
{
    ViCallOptions options = optionsOf(bounds, 0);

    forgetReports(sync);
    /* A filter that remained would report everything a second time. */
    if (!dropFilter(sync, bounds, error))
        return FALSE;

    options.generation = viSessionGeneration(sync->session);
    sync->filterReply = viCollectorCreateFilter(
        sync->session, viSessionServices(sync->session)->propertyCollector,
        inventorySpecFilter(sync->spec), &options, &sync->filter, error);
    if (!sync->filterReply)
        return FALSE;

    sync->generation = options.generation;
    sync->store = inventoryStoreNew(inventoryKindIsAlone);
    sync->version = g_strdup("");
    return TRUE;
}

/* A new filter that reports nothing is not an empty inventory: the root folder always exists. */
static gboolean
checkAnswered(const InventorySync *sync, GError **error)
{
    if (*sync->version != '\0')
        return TRUE;
    g_set_error(
        error, VI_ERROR, VI_ERROR_PROTOCOL,
        "the server shows none of the requested objects; check the permissions of the user");
    return FALSE;
}

/* The contents of one reply. */
typedef struct {
    gboolean changed;       /* there are changes */
    gboolean truncated;     /* and there are more */
} Answer;

/* How many objects @updates mentions. */
static size_t
countObjects(const VimUpdateSet *updates)
{
    size_t n = 0;
    size_t i;

    for (i = 0; i < updates->n_filterSet; i++)
        n += updates->filterSet[i]->n_objectSet;
    return n;
}

/* Asks once, waiting for @seconds, and applies the updates. */
static gboolean
askOnce(InventorySync *sync, guint seconds, Bounds *bounds, Answer *ret_answer, GError **error)
{
    const SoapMoRef *collector = viSessionServices(sync->session)->propertyCollector;
    const ViCallOptions options = optionsOf(bounds, sync->generation);
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
    if (updates->version && strlen(updates->version) > LIMIT_NAME_BYTES) {
        soapReplyFree(reply);
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server named a version of its inventory with more than %d bytes",
                    LIMIT_NAME_BYTES);
        return FALSE;
    }
    if (!viBudgetTake(&bounds->budget, reply, countObjects(updates), ret_answer->truncated,
                      error)) {
        soapReplyFree(reply);
        return FALSE;
    }
    g_free(sync->version);
    sync->version = g_strdup(updates->version ? updates->version : "");
    return inventoryStoreApply(sync->store, updates, reply, error);
}

/*
 * Like askOnce() without waiting. A late request to end a poll may cancel this call instead: then
 * it asks again.
 */
static gboolean
askNow(InventorySync *sync, Bounds *bounds, Answer *ret_answer, GError **error)
{
    g_autoptr(GError) local = NULL;
    guint tries;

    for (tries = 0; tries < CALLED_OFF_TRIES; tries++) {
        g_clear_error(&local);
        if (askOnce(sync, 0, bounds, ret_answer, &local))
            return TRUE;
        if (!g_error_matches(local, VI_ERROR, VI_ERROR_CANCELLED))
            break;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Applies all changes, within @bounds. @ret_changed: set if there are any. */
static gboolean
drainChanges(InventorySync *sync, Bounds *bounds, gboolean *ret_changed, GError **error)
{
    Answer answer = { .truncated = TRUE };

    while (answer.truncated) {
        if (!askNow(sync, bounds, &answer, error))
            return FALSE;
        if (!answer.changed)
            return checkAnswered(sync, error);
        *ret_changed = TRUE;
    }
    return TRUE;
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

/* ---- interface ------------------------------------------------------------------------------ */

/* Returns: (transfer full) the snapshot that follows @current, or NULL: there is none. */
static InventorySnapshot *
snapshotAfter(InventorySync *sync, InventorySnapshot *current, gboolean changed, GError **error)
{
    InventorySnapshot *now;

    if (!changed && current)
        return inventorySnapshotRef(current);

    now = inventorySnapshotUpdate(current, sync->store, sync->scope, error);
    /* It would exceed the limit again, so it is not kept. */
    if (!now)
        forgetReports(sync);
    return now;
}

/* One try. @again: whether to start over with a new filter. */
static gboolean
trySync(InventorySync *sync, gboolean again, Bounds *bounds, gboolean *ret_changed,
        GError **error)
{
    if (again || !sync->store || sync->generation != viSessionGeneration(sync->session)) {
        if (!makeFilter(sync, bounds, error))
            return FALSE;
        *ret_changed = TRUE;
    }
    return drainChanges(sync, bounds, ret_changed, error);
}

InventorySnapshot *
inventorySyncRun(InventorySync *sync, InventorySnapshot *current, const Cancel *cancel,
                 GError **error)
{
    Bounds bounds = { .cancel = cancel };
    g_autoptr(GError) local = NULL;
    gboolean changed = FALSE;
    gboolean ok;

    viBudgetInit(&bounds.budget, sync->session, "WaitForUpdatesEx", 0 /* quietMs */,
                 0 /* deadline */);
    ok = trySync(sync, FALSE, &bounds, &changed, &local);
    if (!ok && inventorySyncIsStale(local)) {
        g_clear_error(&local);
        ok = trySync(sync, TRUE, &bounds, &changed, &local);
    }
    if (!ok) {
        /* What was applied is incomplete: the next call reads everything again. */
        forgetReports(sync);
        viBudgetExplain(&bounds.budget, &local);
        g_propagate_prefixed_error(error, g_steal_pointer(&local), "cannot read the inventory: ");
        return NULL;
    }
    return snapshotAfter(sync, current, changed, error);
}

InventorySnapshot *
inventorySyncOnce(InventorySync *sync, GError **error)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    ViObjects *objects = viCollectorRetrieve(sync->session, inventorySpecFilter(sync->spec),
                                             error);

    if (!objects || !inventoryStoreLoad(store, objects, error)) {
        g_prefix_error(error, "cannot read the inventory: ");
        return NULL;
    }
    return inventorySnapshotUpdate(NULL /* before */, store, sync->scope, error);
}

InventorySnapshot *
inventorySyncPoll(InventorySync *sync, InventorySnapshot *current, guint seconds,
                  const Cancel *cancel, GError **error)
{
    Bounds bounds = { .cancel = cancel };
    g_autoptr(GError) local = NULL;
    Answer answer = { 0 };
    gboolean waited;

    viBudgetInit(&bounds.budget, sync->session, "WaitForUpdatesEx", seconds * 1000,
                 0 /* deadline */);
    waited = askOnce(sync, seconds, &bounds, &answer, &local);
    /* The server has finished waiting; what follows gets no extra time. */
    if (waited)
        bounds.budget.deadline = viBudgetDeadline(sync->session);
    if (waited && (!answer.truncated || drainChanges(sync, &bounds, &answer.changed, &local)))
        return snapshotAfter(sync, current, answer.changed, error);
    viBudgetExplain(&bounds.budget, &local);

    /*
     * A wait that was cancelled cannot have lost updates; any other failed wait can have lost its
     * reply.
     */
    if (waited || !g_error_matches(local, VI_ERROR, VI_ERROR_CANCELLED))
        forgetReports(sync);
    g_propagate_prefixed_error(error, g_steal_pointer(&local),
                               "cannot wait for changes of the inventory: ");
    return NULL;
}

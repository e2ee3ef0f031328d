/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Data of one login at one server, and the order in which it is freed. */

#include "esx_server.h"

#include "base_hash.h"
#include "base_limits.h"
#include "base_text.h"
#include "esx_log.h"

VIR_LOG_INIT("esx.server");

/* ---- objects left out of listings ------------------------------------------------------------ */

/* Returns: whether @text is new for @listing; remembers it. */
static gboolean
isNews(EsxServer *server, const char *listing, const char *text)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    if (g_strcmp0(g_hash_table_lookup(server->leftOut, listing), text) == 0)
        return FALSE;
    if (g_hash_table_size(server->leftOut) >= LIMIT_LEFT_OUT_LISTINGS)
        g_hash_table_remove_all(server->leftOut);
    g_hash_table_insert(server->leftOut, g_strdup(listing), g_strdup(text));
    return TRUE;
}

void
esxServerLogLeftOut(EsxServer *server, const char *listing, const LeftOut *out)
{
    g_autofree char *name = NULL;
    g_autofree char *text = NULL;

    if (out->count == 0)
        return;
    name = textQuoteName(out->sample);
    text = g_strdup_printf("%u omitted, the first one is %s: '%s…'", out->count, out->reason, name);
    if (isNews(server, listing, text))
        esxLog(VIR_LOG_WARN, "the server '%s' lists objects that cannot be shown among %s: "
                             TEXT_MESSAGE,
               server->host, listing, text);
}

/* ---- reports of the inventory ---------------------------------------------------------------- */

static void
watchChanged(gpointer opaque, InventorySnapshot *before, InventorySnapshot *now)
{
    EsxServer *server = opaque;

    esxServerLogLeftOut(server, "the pools", inventorySnapshotLeftOut(now));
    esxEventsReport(server->events, before, now);
}

static void
watchLive(gpointer opaque)
{
    const EsxServer *server = opaque;

    esxLog(VIR_LOG_INFO,
           "the server '%s' reports changes by itself from now on; reads need no requests",
           server->host);
}

static void
watchLost(gpointer opaque, const GError *error)
{
    const EsxServer *server = opaque;

    esxLog(VIR_LOG_WARN,
           "the server '%s' no longer reports changes; until it does, each read asks it: "
           TEXT_MESSAGE, server->host, error->message);
}

static const InventoryWatch inventoryWatch = {
    .changed = watchChanged,
    .live = watchLive,
    .lost = watchLost,
};

/* ---- data of backends ------------------------------------------------------------------------ */

gpointer
esxServerStateOf(EsxServer *server, const EsxServerState *kind)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);
    gpointer state = g_hash_table_lookup(server->states, kind);

    if (!state) {
        state = kind->new();
        g_hash_table_insert(server->states, (gpointer)kind, state);
    }
    return state;
}

void
esxServerExpire(EsxServer *server, const InventoryPool *pool)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);
    GHashTableIter iter;
    gpointer kind = NULL;
    gpointer state = NULL;

    g_hash_table_iter_init(&iter, server->states);
    while (g_hash_table_iter_next(&iter, &kind, &state)) {
        const EsxServerState *owner = kind;

        if (owner->expire)
            owner->expire(state, pool);
    }
}

static void
freeStates(GHashTable *states)
{
    GHashTableIter iter;
    gpointer kind = NULL;
    gpointer state = NULL;

    g_hash_table_iter_init(&iter, states);
    while (g_hash_table_iter_next(&iter, &kind, &state))
        ((const EsxServerState *)kind)->free(state);
    g_hash_table_unref(states);
}

/* ---- waits for the ends of uploads ---------------------------------------------------------- */

#define MISSED_PLACES 256

/* Returns: EsxServer.missed of all logins at @host and @port. */
static gint *
missedOf(const char *host, guint port)
{
    static gint places[MISSED_PLACES];
    g_autofree char *name = g_ascii_strdown(host, -1);

    /* Hosts may share an entry, which only shortens their waits. */
    return &places[(hashText(name) ^ port) % MISSED_PLACES];
}

/* ---- life ------------------------------------------------------------------------------------ */

static gpointer
newCancelFlag(gpointer unused G_GNUC_UNUSED)
{
    return cancelNew(NULL);
}

Cancel *
esxServerCancelFlag(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, newCancelFlag, NULL);
}

EsxServer *
esxServerNew(ViSession *session, InventoryScope *scope, const char *host, guint port)
{
    EsxServer *server = g_new0(EsxServer, 1);

    viSessionSetCancel(session, esxServerCancelFlag());
    server->host = g_strdup(host);
    server->session = session;
    server->inventory = inventoryNew(session, scope);
    server->transfer = viTransferNew(session);
    server->events = esxEventsNew();
    inventorySetWatch(server->inventory, &inventoryWatch, server);
    server->missed = missedOf(host, port);
    g_mutex_init(&server->lock);
    server->leftOut = g_hash_table_new_full(hashText, g_str_equal, g_free, g_free);
    server->states = g_hash_table_new(NULL, NULL);
    return server;
}

const InventoryHardware *
esxServerHardware(EsxServer *server, GError **error)
{
    const InventoryHardware *hardware = NULL;
    InventoryHardware *fetched = NULL;

    g_mutex_lock(&server->lock);
    hardware = server->hardware;
    g_mutex_unlock(&server->lock);
    if (hardware)
        return hardware;

    /*
     * Without the lock: the network may be slow. If two threads ask at the same time, one result is
     * kept.
     */
    fetched = inventoryHardwareNew(server->session, inventoryScope(server->inventory), error);
    if (!fetched)
        return NULL;

    g_mutex_lock(&server->lock);
    if (!server->hardware)
        server->hardware = g_steal_pointer(&fetched);
    hardware = server->hardware;
    g_mutex_unlock(&server->lock);
    inventoryHardwareFree(fetched);
    return hardware;
}

void
esxServerStop(EsxServer *server)
{
    inventoryStop(server->inventory);
    viSessionLogout(server->session);
}

void
esxServerFree(EsxServer *server)
{
    if (!server)
        return;

    /*
     * First the inventory, whose thread reports events; the session after all that use it, and its
     * end is the logout.
     */
    inventoryFree(server->inventory);
    esxEventsFree(server->events);
    freeStates(server->states);
    viTransferFree(server->transfer);
    viSessionFree(server->session);
    inventoryHardwareFree(server->hardware);
    if (server->hostsFree)
        server->hostsFree(server->hosts);
    g_hash_table_unref(server->leftOut);
    g_mutex_clear(&server->lock);
    g_free(server->host);
    g_free(server);
}

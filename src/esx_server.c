/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What belongs to one login at one server, and the order in which it goes. */

#include "esx_server.h"

#include "esx_vmfs_listing.h"

VIR_LOG_INIT("esx.server");

/* ---- what the inventory tells of itself ------------------------------------------------------ */

static void
tellChanged(gpointer opaque, InventorySnapshot *before, InventorySnapshot *now)
{
    EsxServer *server = opaque;

    esxEventsTell(server->events, before, now);
}

static void
tellLive(gpointer opaque)
{
    const EsxServer *server = opaque;

    VIR_INFO("the server '%s' tells of changes by itself from now on; reads cost nothing",
             server->host);
}

static void
tellLost(gpointer opaque, const GError *error)
{
    const EsxServer *server = opaque;

    VIR_WARN("the server '%s' does not tell of changes any more, so that reads ask it, until it "
             "does again: %s", server->host, error->message);
}

static const InventoryWatch inventoryWatch = {
    .changed = tellChanged,
    .live = tellLive,
    .lost = tellLost,
};

/* ---- life ------------------------------------------------------------------------------------ */

gint *
esxServerCancelFlag(void)
{
    static gint cancel;

    return &cancel;
}

EsxServer *
esxServerNew(ViSession *session, InventoryScope *scope, const char *host)
{
    EsxServer *server = g_new0(EsxServer, 1);

    viSessionSetCancel(session, esxServerCancelFlag());
    server->host = g_strdup(host);
    server->session = session;
    server->inventory = inventoryNew(session, scope);
    server->listings = esxVmfsListingsNew();
    server->folder = viFolderNew(session);
    server->events = esxEventsNew();
    inventorySetWatch(server->inventory, &inventoryWatch, server);
    g_mutex_init(&server->lock);
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
     * Without the lock: the network may be slow. Of two threads that ask at once, one's answer
     * stays.
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
esxServerEnd(EsxServer *server)
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
     * First the inventory, whose thread tells the events; the session last of those that use it,
     * and its end is the logout.
     */
    inventoryFree(server->inventory);
    esxEventsFree(server->events);
    esxVmfsListingsFree(server->listings);
    viFolderFree(server->folder);
    viSessionFree(server->session);
    inventoryHardwareFree(server->hardware);
    if (server->hostsFree)
        server->hostsFree(server->hosts);
    g_mutex_clear(&server->lock);
    g_free(server->host);
    g_free(server);
}

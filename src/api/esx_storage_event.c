/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Callbacks for events of storage pools. */

#include "esx_storage_event.h"

#include "esx_connection.h"

/*
 * From now on the server is asked to report changes. Changes since the snapshot taken here become
 * events; if none can be taken now, changes since the first later one.
 *
 * In a daemon, whose inventories are live anyway, this does not wait for a server: libvirtd holds a
 * lock of the client that its main loop also takes, and the registration of a client that
 * disconnects meanwhile is not removed.
 */
static void
watchPools(EsxConnection *connection)
{
    g_autoptr(InventorySnapshot) first = NULL;

    if (inventoryGoLive(connection->inventory))
        first = inventoryAcquire(connection->inventory, 0 /* ttlMs */, NULL);
    else
        inventoryBeginLive(connection->inventory);
}

int
esxConnectStoragePoolEventRegisterAny(virConnectPtr conn, virStoragePoolPtr pool, int eventID,
                                      virConnectStoragePoolEventGenericCallback callback,
                                      void *opaque, virFreeCallback freecb)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    EsxConnection *connection = conn->privateData;
    int id;

    if (virConnectStoragePoolEventRegisterAnyEnsureACL(conn) < 0)
        return -1;

    id = esxEventsRegister(connection->events, conn, pool, eventID, callback, opaque, freecb);
    if (id >= 0)
        watchPools(connection);
    return id;
}

int
esxConnectStoragePoolEventDeregisterAny(virConnectPtr conn, int callbackID)
{
    EsxConnection *connection = conn->privateData;

    if (virConnectStoragePoolEventDeregisterAnyEnsureACL(conn) < 0)
        return -1;
    return esxEventsDeregister(connection->events, conn, callbackID);
}

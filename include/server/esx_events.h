/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"
#include "inventory_snapshot.h"

/*
 * EsxEvents: the callbacks for changes of one server's storage pools, and their events. Events are
 * only queued here, from any thread. libvirt's event loop calls the callbacks, which may call any
 * function, also deregister themselves. Without registered callbacks, events are discarded.
 *
 * A registered callback holds a reference to its connection, so the connection closes only after
 * the last of its callbacks was deregistered. So none is left when the server is freed.
 */
typedef struct _EsxEvents EsxEvents;

EsxEvents *esxEventsNew(void);

/* No callback may be registered. Accepts NULL. */
void esxEventsFree(EsxEvents *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxEvents, esxEventsFree)

/*
 * @pool: (transfer none) the pool whose events are wanted, NULL: all pools. It need not exist.
 * @eventID: of enum virStoragePoolEventID.
 * @freecb: frees @opaque after the callback was deregistered; NULL: nothing. Not called on failure.
 * Returns: the number of the registration, which is not reused; -1 with a libvirt error for an
 * unknown event, without an event loop, or if @conn has already registered that callback.
 */
int esxEventsRegister(EsxEvents *events, virConnectPtr conn, virStoragePoolPtr pool, int eventID,
                      virConnectStoragePoolEventGenericCallback callback, void *opaque,
                      virFreeCallback freecb);

/*
 * The callback is not called again, except for a call that is under way in the event loop.
 *
 * Returns: 0, or -1 with a libvirt error if @conn has no such registration.
 */
int esxEventsDeregister(EsxEvents *events, virConnectPtr conn, int callbackID);

/* Queues REFRESH of @pool. Accepts NULL @events. Do not hold a lock that a callback might need. */
void esxEventsRefresh(EsxEvents *events, const InventoryPool *pool);

/*
 * Queues the differences of two snapshots, as lifecycle and REFRESH events:
 *
 *   appeared        DEFINED, and STARTED if the server can reach it
 *   disappeared     STOPPED if the server could reach it, and UNDEFINED
 *   accessible      STARTED
 *   inaccessible    STOPPED
 *   other contents  REFRESH
 *
 * Pools that disappeared are reported before those that appeared: a renamed datastore keeps its
 * UUID.
 *
 * @before: NULL: none; nothing is reported.
 */
void esxEventsReport(EsxEvents *events, const InventorySnapshot *before,
                     const InventorySnapshot *now);

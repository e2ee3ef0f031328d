/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"
#include "inventory_snapshot.h"

/*
 * EsxEvents: the callbacks for changes of one server's storage pools, and what they receive. An
 * event is only queued here, from any thread; libvirt's event loop calls the callbacks, which may
 * call whatever they like, deregister themselves included. Who is told before anybody has
 * registered is nobody: nothing is kept.
 *
 * A registered callback holds a reference to its connection, so that the connection closes only
 * after the last of its callbacks was deregistered. So there are none when the server goes.
 */
typedef struct _EsxEvents EsxEvents;

EsxEvents *esxEventsNew(void);

/* No callback may be registered. Accepts NULL. */
void esxEventsFree(EsxEvents *events);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxEvents, esxEventsFree)

/*
 * @pool: (transfer none) whose events are wanted, NULL: those of all pools. It need not exist.
 * @eventID: of enum virStoragePoolEventID.
 * @freecb: frees @opaque when the callback was deregistered; NULL: nothing. Not called on failure.
 * Returns: the number of the registration, never given twice; -1 with a libvirt error for an
 * unknown event, without an event loop, or when @conn has registered that callback already.
 */
int esxEventsRegister(EsxEvents *events, virConnectPtr conn, virStoragePoolPtr pool, int eventID,
                      virConnectStoragePoolEventGenericCallback callback, void *opaque,
                      virFreeCallback freecb);

/*
 * The callback is not called again, but for a call that is under way in the event loop.
 *
 * Returns: 0, or -1 with a libvirt error when @conn has no such registration.
 */
int esxEventsDeregister(EsxEvents *events, virConnectPtr conn, int callbackID);

/* Queues REFRESH of @pool. Accepts NULL @events. Do not hold a lock that a callback might need. */
void esxEventsRefresh(EsxEvents *events, const InventoryPool *pool);

/*
 * Queues what differs between two snapshots, as lifecycle and REFRESH:
 *
 *   appeared        DEFINED, and STARTED if the server can reach it
 *   disappeared     STOPPED if the server could reach it, and UNDEFINED
 *   accessible      STARTED
 *   inaccessible    STOPPED
 *   other contents  REFRESH
 *
 * What went comes before what appeared: a renamed datastore keeps its UUID.
 *
 * @before: NULL: there was none, and nothing is reported.
 */
void esxEventsTell(EsxEvents *events, const InventorySnapshot *before,
                   const InventorySnapshot *now);

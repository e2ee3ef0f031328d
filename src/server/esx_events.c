/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Events of storage pools, on libvirt's own queue of events (object_event.h).
 *
 * A queue exists from the first registration to the last deregistration, and the next registration
 * gets a new queue. An old queue might contain an event that was added just when its last callback
 * was removed, without a timer to deliver it. libvirt starts the timer only for the first event in
 * a queue, so the next callback would receive nothing.
 */

#include "esx_events.h"

#include "base_text.h"
#include "esx_report.h"

#include "inventory_diff.h"

typedef struct {
    virConnectPtr conn;     /* (unowned) the queue holds it */
    int queueId;            /* the queue's number of the registration */
} Registration;

struct _EsxEvents {
    /*
     * Held while an event is added to the queue, so that after the last callback was deregistered,
     * no thread uses its queue any more: libvirt may close a connection with the queue locked,
     * which waits for the thread that reports changes. Not held while libvirt removes a callback,
     * since that calls back.
     */
    GMutex lock;
    virObjectEventState *queue;     /* NULL: no callback is registered */
    GHashTable *registrations;      /* number → Registration */
    int nextId;
};

EsxEvents *
esxEventsNew(void)
{
    EsxEvents *events = g_new0(EsxEvents, 1);

    g_mutex_init(&events->lock);
    events->registrations = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    return events;
}

void
esxEventsFree(EsxEvents *events)
{
    if (!events)
        return;
    virObjectUnref(events->queue);
    g_hash_table_unref(events->registrations);
    g_mutex_clear(&events->lock);
    g_free(events);
}

/* ---- registering ----------------------------------------------------------------------------- */

static bool
isEvent(int eventID)
{
    if (eventID >= 0 && eventID < VIR_STORAGE_POOL_EVENT_ID_LAST)
        return true;
    esxReport(VIR_ERR_INVALID_ARG,
              "unknown event %d of storage pools; lifecycle is %d, refresh is %d", eventID,
              VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE, VIR_STORAGE_POOL_EVENT_ID_REFRESH);
    return false;
}

/* A queue needs a timer of the event loop; libvirt's error says only that it has none. */
static void
reportNoLoop(void)
{
    esxReport(VIR_ERR_CONFIG_UNSUPPORTED, TEXT_MESSAGE,
              "events need an event loop: register one before the connection is opened, for "
              "example with virEventRegisterDefaultImpl(), and run it");
}

int
esxEventsRegister(EsxEvents *events, virConnectPtr conn, virStoragePoolPtr pool, int eventID,
                  virConnectStoragePoolEventGenericCallback callback, void *opaque,
                  virFreeCallback freecb)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    virObjectEventState *queue = events->queue;
    Registration *registration;
    int id = 0;

    if (!isEvent(eventID))
        return -1;
    if (!queue)
        queue = virObjectEventStateNew();
    if (!queue)
        return -1;
    if (virStoragePoolEventStateRegisterID(conn, queue, pool, eventID, callback, opaque, freecb,
                                           &id) < 0) {
        if (!events->queue) {
            reportNoLoop();
            virObjectUnref(queue);
        }
        return -1;
    }

    events->queue = queue;
    registration = g_new0(Registration, 1);
    *registration = (Registration) { conn, id };
    g_hash_table_insert(events->registrations, GINT_TO_POINTER(events->nextId), registration);
    return events->nextId++;
}

int
esxEventsDeregister(EsxEvents *events, virConnectPtr conn, int callbackID)
{
    virObjectEventState *queue = NULL;
    const Registration *registration;
    int id = 0;
    int rc;

    g_mutex_lock(&events->lock);
    registration = g_hash_table_lookup(events->registrations, GINT_TO_POINTER(callbackID));
    if (registration && registration->conn == conn) {
        id = registration->queueId;
        g_hash_table_remove(events->registrations, GINT_TO_POINTER(callbackID));
        queue = virObjectRef(events->queue);
        if (g_hash_table_size(events->registrations) == 0)
            g_clear_pointer(&events->queue, virObjectUnref);
    }
    g_mutex_unlock(&events->lock);

    if (!queue) {
        esxReport(VIR_ERR_INVALID_ARG,
                  "this connection has no event callback %d to deregister", callbackID);
        return -1;
    }
    rc = virObjectEventStateDeregisterID(conn, queue, id, true /* free */);
    virObjectUnref(queue);
    return rc < 0 ? -1 : 0;
}

/* ---- reporting ------------------------------------------------------------------------------- */

static bool
isHeard(EsxEvents *events)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);

    return events->queue != NULL;
}

/* @event: (transfer full). */
static void
queueEvent(EsxEvents *events, virObjectEvent *event)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);

    if (events->queue)
        virObjectEventStateQueue(events->queue, event);
    else
        virObjectUnref(event);
}

static void
queueLifecycle(EsxEvents *events, const InventoryPool *pool, virStoragePoolEventLifecycleType type)
{
    queueEvent(events, virStoragePoolEventLifecycleNew(pool->name, pool->uuid, type, 0));
}

void
esxEventsRefresh(EsxEvents *events, const InventoryPool *pool)
{
    if (events && isHeard(events))
        queueEvent(events, virStoragePoolEventRefreshNew(pool->name, pool->uuid));
}

/* InventoryDiffFunc */
static void
queueChange(InventoryChange change, const InventoryPool *pool, gpointer opaque)
{
    EsxEvents *events = opaque;

    switch (change) {
    case INVENTORY_CHANGE_APPEARED:
        queueLifecycle(events, pool, VIR_STORAGE_POOL_EVENT_DEFINED);
        if (pool->accessible)
            queueLifecycle(events, pool, VIR_STORAGE_POOL_EVENT_STARTED);
        return;
    case INVENTORY_CHANGE_GONE:
        if (pool->accessible)
            queueLifecycle(events, pool, VIR_STORAGE_POOL_EVENT_STOPPED);
        queueLifecycle(events, pool, VIR_STORAGE_POOL_EVENT_UNDEFINED);
        return;
    case INVENTORY_CHANGE_ACCESSIBLE:
        queueLifecycle(events, pool, VIR_STORAGE_POOL_EVENT_STARTED);
        return;
    case INVENTORY_CHANGE_INACCESSIBLE:
        queueLifecycle(events, pool, VIR_STORAGE_POOL_EVENT_STOPPED);
        return;
    case INVENTORY_CHANGE_CONTENTS:
        queueEvent(events, virStoragePoolEventRefreshNew(pool->name, pool->uuid));
        return;
    }
}

void
esxEventsReport(EsxEvents *events, const InventorySnapshot *before, const InventorySnapshot *now)
{
    if (events && isHeard(events))
        inventoryDiff(before, now, queueChange, events);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A stream's callback on the application's event loop. */

#include "base_file.h"
#include "base_text.h"
#include "esx_report.h"
#include "esx_stream_event.h"

#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* One callback, from its registration until it is freed. */
typedef struct {
    gatomicrefcount refs;       /* held by the stream's events, the event loop, and each call */
    EsxStreamEvents *events;
    virStreamPtr stream;        /* NULL once it was removed */
    int fd;
    int handle;
    virStreamEventCallback cb;
    void *opaque;
    virFreeCallback ff;

    /* Guarded by the lock of the events. */
    int interest;
    gboolean signalled;         /* the eventfd is readable */
    gboolean removed;
    guint calls;                /* calls that are running */
} Watch;

struct _EsxStreamEvents {
    gatomicrefcount refs;
    int (*ready)(gpointer opaque);
    gpointer opaque;
    int implied;

    GMutex lock;
    Watch *watch;               /* NULL: no callback */
};

static void
eventsUnref(EsxStreamEvents *events)
{
    if (!g_atomic_ref_count_dec(&events->refs))
        return;
    g_mutex_clear(&events->lock);
    g_free(events);
}

/* Also called by the event loop to free a handle. */
static void
watchUnref(void *opaque)
{
    Watch *watch = opaque;

    if (!g_atomic_ref_count_dec(&watch->refs))
        return;
    close(watch->fd);
    eventsUnref(watch->events);
    g_free(watch);
}

/*
 * Frees the data of a callback that was removed and does not run. Without locks: this may free the
 * stream, and with it the events.
 */
static void
letGo(Watch *watch)
{
    virStreamPtr stream = g_steal_pointer(&watch->stream);

    if (watch->ff)
        watch->ff(watch->opaque);
    virObjectUnref(stream);
}

/* ---- state; the lock is held ---------------------------------------------------------------- */

static int
eventsNow(EsxStreamEvents *events, const Watch *watch)
{
    if (watch->removed || watch->interest == 0)
        return 0;
    return events->ready(events->opaque) & (watch->interest | events->implied);
}

/* Sets the eventfd to whether the callback must be called. */
static void
settleEventfd(EsxStreamEvents *events)
{
    Watch *watch = events->watch;
    gboolean wanted = watch && eventsNow(events, watch) != 0;
    eventfd_t count = 0;

    if (!watch || wanted == watch->signalled)
        return;
    /* Neither can fail: the counter is 0 before adding 1, and 1 before reading it. */
    if ((wanted ? eventfd_write(watch->fd, 1) : eventfd_read(watch->fd, &count)) == 0)
        watch->signalled = wanted;
}

void
esxStreamEventsChanged(EsxStreamEvents *events)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);

    settleEventfd(events);
}

/* ---- the call ------------------------------------------------------------------------------- */

static void
dispatchEvents(int handle G_GNUC_UNUSED, int fd G_GNUC_UNUSED, int what G_GNUC_UNUSED, void *opaque)
{
    Watch *watch = opaque;
    EsxStreamEvents *events = watch->events;
    gboolean last = FALSE;
    int happened = 0;

    g_mutex_lock(&events->lock);
    happened = eventsNow(events, watch);
    if (happened == 0) {
        settleEventfd(events);
        g_mutex_unlock(&events->lock);
        return;
    }
    watch->calls++;
    g_atomic_ref_count_inc(&watch->refs);
    g_mutex_unlock(&events->lock);

    watch->cb(watch->stream, happened, watch->opaque);

    g_mutex_lock(&events->lock);
    last = --watch->calls == 0 && watch->removed;
    settleEventfd(events);
    g_mutex_unlock(&events->lock);
    if (last)
        letGo(watch);
    watchUnref(watch);
}

/* ---- adding and removing -------------------------------------------------------------------- */

static Watch *
watchNew(EsxStreamEvents *events, virStreamPtr stream, int interest, virStreamEventCallback cb)
{
    Watch *watch = NULL;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

    if (fd < 0) {
        esxReport(VIR_ERR_SYSTEM_ERROR, "cannot create an eventfd for the events of a stream: "
                                        TEXT_MESSAGE, fileErrorText(errno));
        return NULL;
    }
    watch = g_new0(Watch, 1);
    g_atomic_ref_count_init(&watch->refs);
    g_atomic_ref_count_inc(&events->refs);
    watch->events = events;
    watch->stream = stream;
    watch->fd = fd;
    watch->interest = interest;
    watch->cb = cb;
    return watch;
}

int
esxStreamEventsAdd(EsxStreamEvents *events, virStreamPtr stream, int interest,
                   virStreamEventCallback cb, void *opaque, virFreeCallback ff)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);
    Watch *watch = NULL;

    if (events->watch || !cb) {
        esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE,
                  cb ? "the stream already has a callback" : "the callback is missing");
        return -1;
    }
    watch = watchNew(events, stream, interest, cb);
    if (!watch)
        return -1;

    g_atomic_ref_count_inc(&watch->refs);
    watch->handle = virEventAddHandle(watch->fd, VIR_EVENT_HANDLE_READABLE, dispatchEvents, watch,
                                      watchUnref);
    if (watch->handle < 0) {
        esxReport(VIR_ERR_INTERNAL_ERROR, TEXT_MESSAGE,
                  "the events of a stream need an event loop: register one first");
        watchUnref(watch);
        watchUnref(watch);
        return -1;
    }
    /* From here on they belong to the callback; on failure they still belong to the caller. */
    watch->opaque = opaque;
    watch->ff = ff;
    virObjectRef(stream);
    events->watch = watch;
    settleEventfd(events);
    return 0;
}

int
esxStreamEventsUpdate(EsxStreamEvents *events, int interest)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&events->lock);

    if (!events->watch) {
        esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE, "the stream has no callback");
        return -1;
    }
    events->watch->interest = interest;
    settleEventfd(events);
    return 0;
}

/* Returns: whether there was a callback. */
static gboolean
removeWatch(EsxStreamEvents *events)
{
    Watch *watch = NULL;
    gboolean runs = FALSE;

    g_mutex_lock(&events->lock);
    watch = g_steal_pointer(&events->watch);
    if (watch) {
        watch->removed = TRUE;
        runs = watch->calls > 0;
    }
    g_mutex_unlock(&events->lock);
    if (!watch)
        return FALSE;

    virEventRemoveHandle(watch->handle);
    if (!runs)
        letGo(watch);
    watchUnref(watch);
    return TRUE;
}

int
esxStreamEventsRemove(EsxStreamEvents *events)
{
    if (removeWatch(events))
        return 0;
    esxReport(VIR_ERR_OPERATION_INVALID, TEXT_MESSAGE, "the stream has no callback");
    return -1;
}

void
esxStreamEventsStop(EsxStreamEvents *events)
{
    removeWatch(events);
}

/* ---- life ----------------------------------------------------------------------------------- */

EsxStreamEvents *
esxStreamEventsNew(int (*ready)(gpointer opaque), gpointer opaque, int implied)
{
    EsxStreamEvents *events = g_new0(EsxStreamEvents, 1);

    g_atomic_ref_count_init(&events->refs);
    events->ready = ready;
    events->opaque = opaque;
    events->implied = implied;
    g_mutex_init(&events->lock);
    return events;
}

void
esxStreamEventsFree(EsxStreamEvents *events)
{
    if (!events)
        return;
    removeWatch(events);
    eventsUnref(events);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

#include "esx_libvirt.h"

/*
 * EsxStreamEvents: the callback that a stream may have on the application's event loop.
 *
 * Level-triggered: the callback is called repeatedly while one of its events is true, and not
 * otherwise. The loop watches an eventfd that is readable exactly then. Code that changes the state
 * calls esxStreamEventsChanged(), from any thread. Only adding and removing the callback uses the
 * loop itself.
 *
 * While registered, a callback holds a reference to its stream. It may remove itself, or end or
 * free the stream, while it runs; its opaque data is freed once, when it no longer runs.
 */
typedef struct _EsxStreamEvents EsxStreamEvents;

/*
 * @ready: which of VIR_STREAM_EVENT_READABLE etc. are true now; called with a lock held, so it must
 * not call back.
 * @implied: events that are reported to any callback, even if not requested.
 */
EsxStreamEvents *esxStreamEventsNew(int (*ready)(gpointer opaque), gpointer opaque, int implied);

/* Removes the callback, if there is one, and frees. @ready is not called afterwards. */
void esxStreamEventsFree(EsxStreamEvents *events);

/* As in virStreamDriver. Returns: 0, or -1 with a libvirt error. */
int esxStreamEventsAdd(EsxStreamEvents *events, virStreamPtr stream, int interest,
                       virStreamEventCallback cb, void *opaque, virFreeCallback ff);
int esxStreamEventsUpdate(EsxStreamEvents *events, int interest);
int esxStreamEventsRemove(EsxStreamEvents *events);

/* Removes the callback, if there is one. */
void esxStreamEventsStop(EsxStreamEvents *events);

/* The result of @ready may have changed. */
void esxStreamEventsChanged(EsxStreamEvents *events);

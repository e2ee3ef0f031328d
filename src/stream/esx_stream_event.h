/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

#include "esx_libvirt.h"

/*
 * EsxStreamEvents: the one callback that a stream may have on the application's event loop.
 *
 * Level-triggered: the callback is called again and again while something it is interested in is
 * true, and not at all otherwise. The loop watches an eventfd that is readable exactly then;
 * whoever changes what is true says so by esxStreamEventsChanged(), from any thread. Only who adds
 * and removes the callback talks to the loop itself.
 *
 * While a callback is there it holds a reference on its stream. It may remove itself, end or free
 * the stream while it runs; what it was given to free is freed once, when it no longer runs.
 */
typedef struct _EsxStreamEvents EsxStreamEvents;

/*
 * @ready: what of VIR_STREAM_EVENT_READABLE and so on is true now; called with a lock held, so that
 * it must not call back.
 * @implied: what everybody is told who is interested in anything.
 */
EsxStreamEvents *esxStreamEventsNew(int (*ready)(gpointer opaque), gpointer opaque, int implied);

/* Removes the callback, if there is one, and frees. @ready is not called any more. */
void esxStreamEventsFree(EsxStreamEvents *events);

/* As in virStreamDriver. Returns: 0, or -1 with a libvirt error. */
int esxStreamEventsAdd(EsxStreamEvents *events, virStreamPtr stream, int interest,
                       virStreamEventCallback cb, void *opaque, virFreeCallback ff);
int esxStreamEventsUpdate(EsxStreamEvents *events, int interest);
int esxStreamEventsRemove(EsxStreamEvents *events);

/* Removes the callback, if there is one. */
void esxStreamEventsStop(EsxStreamEvents *events);

/* What @ready says may have changed. */
void esxStreamEventsChanged(EsxStreamEvents *events);

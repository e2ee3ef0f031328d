/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_transfer.h"

/*
 * Reads one range of bytes over several connections at once, and delivers it in order.
 *
 *   worker 1 ── segment 0 ──► slot 0 ─┐
 *   worker 2 ── segment 1 ──► slot 1 ─┼─► in order, as far as available ─► sink
 *   worker 3 ── segment 2 ──► slot 2 ─┘
 *   worker 1 ── segment 3 ──► slot 3 …       as soon as a slot is free
 *
 * Each worker is a thread that requests one segment after another. The slots together use a fixed
 * amount of memory (ESX_VMFS_FETCH_WINDOW), whatever the number of workers, so more workers mean
 * smaller segments. A slow sink delays the workers between their requests. The available part of
 * the next segment is delivered before the segment is complete.
 */

#define ESX_VMFS_FETCH_WINDOW ((size_t)12 * 1024 * 1024)

/*
 * Segments are multiples of this, counted from byte 0; the first and last of a range may be
 * shorter.
 */
#define ESX_VMFS_FETCH_GRAIN ((size_t)64 * 1024)

/* Reads like viTransferRead; called by several threads at once. */
typedef gboolean (*EsxVmfsFetchRead)(gpointer opaque, guint64 offset, guint64 length,
                                     ViTransferSink sink, gpointer sinkOpaque, const Cancel *cancel,
                                     GError **error);

typedef struct {
    guint64 offset, length;
    guint workers;              /* threads at most, at least 1 */
    EsxVmfsFetchRead read;
    gpointer opaque;            /* for read */
} EsxVmfsFetch;

/* The length of a segment with this many workers. */
size_t esxVmfsFetchSegment(guint workers);

/*
 * Calls @sink with all bytes, in order, on the calling thread. When anything fails, or @cancel is
 * raised, all workers are stopped, and it returns when they have ended.
 *
 * Returns: FALSE with the first error.
 */
gboolean esxVmfsFetchRun(const EsxVmfsFetch *fetch, ViTransferSink sink, gpointer opaque,
                         const Cancel *cancel, GError **error);

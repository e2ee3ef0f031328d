/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_libvirt.h"
#include "esx_transfer.h"

/*
 * A libvirt stream over a transfer: a native virStreamDriver, blocking and non-blocking, with the
 * three event callbacks that libvirtd needs. A worker thread runs the transfer. The pipe between
 * the two is bounded, so that a slow reader slows down the server, and a slow server the writer.
 *
 * The worker starts with esxStreamOpen and ends with the transfer. While it runs it holds the
 * EsxConnection, but no object of libvirt: the stream object holds its virConnect, which may be
 * closed and freed while the worker cleans up.
 *
 * Sends and receives end with the transfer's error as soon as it has failed. A transfer whose
 * client sends or takes nothing for the connection's clientMs fails with ESX_ERROR_CLIENT_SILENT.
 *
 * Finish waits for the worker and reports how the transfer ended (HTTP status, stored size).
 * Finishing a download before its end means that no more is wanted: the worker is stopped, and
 * Finish succeeds unless the transfer had failed before, as with the streams of libvirt's local
 * storage. Abort raises the cancel flag and returns at once; the worker cleans up in the
 * background, see esxConnectionFree. A stream freed without either is aborted. Both are harmless on
 * a stream that has ended.
 *
 * A non-blocking stream waits for the network in one call only, Finish of an upload, for at most
 * finishMs. For a blocking stream, that time starts when the transfer has taken what was sent.
 *
 * Holes: a sparse download reports them by RecvFlags (VIR_STREAM_RECV_STOP_AT_HOLE) with RecvHole,
 * or by InData, after which SendHole skips one, as libvirtd does. A plain Recv reads zeros.
 * SendHole on an upload requires a sparse upload.
 *
 * Events: see esx_stream_event.h. READABLE: a receive would not block; a sparse download is
 * readable only when InData knows what comes next. WRITABLE: a send would not block. A download is
 * always writable, although a send fails, because libvirtd handles the end that its client
 * announced only when the stream is writable. A failed transfer is READABLE with ERROR, or
 * WRITABLE. An upload reports ERROR only if it was requested: libvirtd does not request it, and
 * would lose the reason, which the next send reports. HANGUP, if requested: a download was read to
 * its end.
 */

/*
 * How long Finish waits in a daemon at most, whatever the URI's timeout is. After the end there is
 * little left to do: a check and a move, if the length was known before. Meanwhile libvirtd's main
 * loop, and with it all of its clients, waits and answers no keepalive: its clients would close the
 * connection.
 */
#define ESX_STREAM_FINISH_MS (15 * 1000)

/* The same, while nothing is sent to the server: the server may have stopped. */
#define ESX_STREAM_SILENT_FINISH_MS (5 * 1000)

/*
 * For this time after a Finish has timed out, the next ones for the same server wait only
 * briefly, even while bytes are sent, so that their waits do not add up.
 */
#define ESX_STREAM_SILENT_S 5
#define ESX_STREAM_NEXT_FINISH_MS 100

/*
 * Makes @stream that of @transfer and starts the worker. A download has begun when this returns:
 * its first bytes, or its end, have arrived. If it fails before that, or does not begin within the
 * connection's finishMs, this call fails. An upload begins with its first byte.
 *
 * @transfer: (transfer full), also on error.
 * Returns: 0, or -1 with a libvirt error.
 */
int esxStreamOpen(virStreamPtr stream, EsxConnection *connection, EsxTransfer *transfer);

/*
 * The process ends: cancels all transfers, and lets none begin. Does not wait; their errors are
 * logged.
 */
void esxStreamsCancel(void);

/* Waits until no worker runs, at most @ms. Returns: whether none runs. */
gboolean esxStreamsAwait(guint ms);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_libvirt.h"
#include "esx_transfer.h"

/*
 * A libvirt stream over a transfer: native virStreamDriver, blocking and non-blocking, with the
 * three event callbacks that libvirtd needs. A worker thread runs the transfer; the pipe between
 * the two is bounded, so that a slow reader slows the server down and a slow server the writer.
 *
 * The worker starts with esxStreamOpen and ends with the transfer. While it runs it holds the
 * EsxConnection, and nothing of libvirt's: the stream object holds its virConnect, which may be
 * closed and freed while the worker tidies up.
 *
 * Sends and receives end with the transfer's error as soon as it has failed. One whose client
 * sends, or takes, nothing for the connection's clientMs fails with ESX_ERROR_CLIENT_SILENT.
 *
 * Finish waits for the worker and reports how the transfer ended (HTTP status, the size of what was
 * stored). Finishing a download before its end means that no more is wanted: the worker is stopped,
 * and Finish succeeds unless the transfer had failed before, as with the streams of libvirt's local
 * storage. Abort raises the cancel flag and returns at once; what the transfer has to tidy up goes
 * on behind it, see esxConnectionFree. A stream freed without either is aborted. Both are harmless
 * on a stream that has ended.
 *
 * A non-blocking stream waits for the network in one call only, Finish of an upload, for at most
 * finishMs. For a blocking stream, that time starts when the transfer has taken what was sent.
 *
 * Holes: a sparse download shows them by RecvFlags (VIR_STREAM_RECV_STOP_AT_HOLE) with RecvHole, or
 * by InData, and SendHole then steps over one, which is libvirtd's way. Everybody else reads zeros,
 * and so does a plain Recv. SendHole on an upload needs it to be sparse.
 *
 * Events: see esx_stream_event.h. READABLE, where a receive would not block; a sparse download only
 * is where InData knows what comes next. WRITABLE, where a send would not block: always so on
 * a download, where it fails, since libvirtd looks at the end that its client announced only when
 * told that the stream is writable. A failed transfer is READABLE with ERROR, or WRITABLE. An
 * upload tells ERROR only to who asked for it: libvirtd did not, and would forget the reason, which
 * the next send tells. HANGUP, also for who asked for it: a download was read to its end.
 */

/*
 * How long Finish waits in a daemon at most, whatever the URI's timeout is. Behind the end there is
 * little left to do: a look and a move, where the length was known before. libvirtd's main loop,
 * and with it all of its clients, waits meanwhile, and answers no keepalive: its clients would give
 * the connection up.
 */
#define ESX_STREAM_FINISH_MS (15 * 1000)

/* The same, while nothing goes out to the server: it may have stopped. */
#define ESX_STREAM_SILENT_FINISH_MS (5 * 1000)

/*
 * For so long after a Finish has waited in vain, the next ones of the same server wait for a
 * moment only, also while bytes go out, so that their waits do not add up.
 */
#define ESX_STREAM_SILENT_S 5
#define ESX_STREAM_NEXT_FINISH_MS 100

/*
 * Makes @stream that of @transfer and starts the worker. A download has begun when this returns:
 * its first bytes, or its end, are there. One that fails before that, or has not begun within the
 * connection's finishMs, is this call's error. An upload begins with its first byte.
 *
 * @transfer: (transfer full), also on error.
 * Returns: 0, or -1 with a libvirt error.
 */
int esxStreamOpen(virStreamPtr stream, EsxConnection *connection, EsxTransfer *transfer);

/*
 * The process ends: tells all transfers to stop, and lets none begin. Waits for nothing; what they
 * have to say is logged.
 */
void esxStreamsCancel(void);

/* Waits until no worker runs any more, at most @ms. Returns: whether that is so. */
gboolean esxStreamsAwait(guint ms);

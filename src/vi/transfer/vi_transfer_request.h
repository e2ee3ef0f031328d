/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "vi_transfer_gate.h"
#include "vi_ticket.h"

/*
 * One request for a file, until the server has decided on it: renewed sessions, the other spelling
 * of an address, a busy server, and a ticket that does not work are handled here. The caller
 * handles broken connections.
 */

struct _ViTransfer {
    ViSession *session;
    ViGate *gate;
    ViTickets *tickets;
    gint spelling;      /* atomic: ViSpelling, how the server decodes */
};

typedef struct {
    const ViFile *file;
    const char *method;         /* "HEAD", "GET", "PUT" */
    const char *range;          /* "Range: …" header line, or NULL */
    gint64 deadline;            /* monotonic: of all attempts; 0: the time for a whole, from now */
    const Cancel *cancel;

    HttpSink sink;              /* gets the body of a 2xx reply; NULL: discarded */
    gpointer sinkOpaque;

    HttpSource source;          /* NULL: a PUT writes an empty file */
    gpointer sourceOpaque;
    gint64 sourceLength;

    /* Written by viTransferAsk(), also on error. */
    guint64 given;              /* bytes that the source provided */
    gboolean ended;             /* the source has ended */
    gboolean ownFailed;         /* the error is the source's or the sink's own */
} ViTransferAsk;

/*
 * Whether @ask transfers contents: a part of a file, or a source. Contents have no total time
 * limit; the deadline applies until an attempt has begun.
 */
gboolean viTransferIsContents(const ViTransferAsk *ask);

/*
 * Sends @ask. With a source it is sent once, and any reply is final. (There are two exceptions. If
 * the host of a ticket cannot be reached, it has received nothing, and the request is sent to
 * vCenter. If the session had just ended, what the source provided is sent once more, unless that
 * was more than a MiB.)
 *
 * @ret_response: status is 2xx, or 416 to a range; the caller's to clear. Errors: see
 * vi_transfer.h; those of HTTP_ERROR, and those of a sink or source, are unchanged and do not name
 * the file.
 */
gboolean viTransferAsk(ViTransfer *transfer, ViTransferAsk *ask, HttpResponse *ret_response,
                       GError **error);

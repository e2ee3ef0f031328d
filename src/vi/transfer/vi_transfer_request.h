/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "vi_transfer_gate.h"
#include "vi_ticket.h"

/*
 * One request for a file until the server has an opinion of it: renewed sessions, the other
 * spelling of an address, a server that is busy, a ticket that does not work are dealt with here.
 * What happens when the connection breaks is up to the caller.
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
    gint64 deadline;            /* monotonic: of all attempts; 0: what a whole may take from now */
    gint *cancel;

    HttpSink sink;              /* gets the body of a 2xx reply; NULL: nobody wants it */
    gpointer sinkOpaque;

    HttpSource source;          /* NULL: a PUT writes an empty file */
    gpointer sourceOpaque;
    gint64 sourceLength;

    /* Written by viTransferAsk(), on error too. */
    guint64 given;              /* bytes the source gave */
    gboolean ended;             /* and that was all of it */
    gboolean ownFailed;         /* the error is the source's or the sink's own */
} ViTransferAsk;

/*
 * Whether contents are under way in @ask: a part of a file, or a source. They may take as long as
 * they take; its deadline holds until an attempt has begun.
 */
gboolean viTransferIsContents(const ViTransferAsk *ask);

/*
 * Sends @ask. With a source it is sent once: whatever comes back is the end of it. (But a host that
 * cannot be reached for a ticket has got nothing, so that vCenter gets it; and when the session had
 * just ended, what the source gave is sent once more, unless that was more than a MiB.)
 *
 * @ret_response: status is 2xx, or 416 to a range; the caller's to clear.
 * Errors: see vi_transfer.h; those of HTTP_ERROR, and a sink's or source's own, are as they came
 * and do not name the file.
 */
gboolean viTransferAsk(ViTransfer *transfer, ViTransferAsk *ask, HttpResponse *ret_response,
                     GError **error);

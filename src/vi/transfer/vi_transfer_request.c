/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* One request for a file, including all retries that are needed for a reply. */

#include "vi_transfer_request.h"

#include <string.h>

#include "base_limits.h"
#include "base_places.h"
#include "base_text.h"
#include "vi_budget.h"
#include "vi_call.h"
#include "vi_transfer_status.h"
#include "vi_transfer_url.h"
#include "vim_types.h"

typedef enum {
    VERDICT_DONE,       /* a response for the caller */
    VERDICT_FAILED,     /* with an error */
    VERDICT_AGAIN,
} Verdict;

/* The state of a request across its attempts. */
typedef struct {
    ViTransfer *transfer;
    ViTransferAsk *ask;
    ViGatePass pass;
    gint64 deadline;        /* no attempt begins after it */
    guint ended;            /* how often the session ended during it */
    gboolean settled;       /* it was checked how the server decodes names */
    gboolean noTicket;      /* through the session's own server only */
    gboolean doubted;       /* a host refused; to be verified at vCenter */
    GByteArray *kept;       /* what the source provided; NULL: no source, or too much */

    /* Of the current attempt. */
    guint replayed;         /* bytes of it that were sent */
    HttpResponse response;
    guint status;           /* also if its body was not read to its end */
    GString *refusal;       /* the beginning of the body, if not 2xx */
    size_t refusalLength;
    gboolean cut;           /* the refusal was too long */
} Asking;

static gboolean
isTaken(guint status)
{
    return status >= 200 && status < 300;
}

/* ---- source and sink ------------------------------------------------------------------------ */

/* Whether the source provides what was announced. */
static gboolean
mayGive(const ViTransferAsk *ask, gssize length, GError **error)
{
    g_autofree char *name = viTransferName(ask->file);

    if (ask->sourceLength < 0 || ask->given + (guint64)length <= (guint64)ask->sourceLength)
        return TRUE;
    textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                "writing '%s' failed: there is more data than the %" G_GINT64_FORMAT " bytes that "
                "were announced", name, ask->sourceLength);
    return FALSE;
}

static void
keepRefusal(Asking *asking, const char *data, guint length)
{
    if (!asking->kept)
        return;
    if (asking->kept->len + length > LIMIT_REPLAYED_BYTES) {
        g_clear_pointer(&asking->kept, g_byte_array_unref);
        return;
    }
    g_byte_array_append(asking->kept, (const guint8 *)data, length);
    asking->replayed += length;
}

/* Provides what the source provided to an earlier attempt. */
static gssize
giveAgain(Asking *asking, char *buffer, size_t size)
{
    guint length = MIN((guint)MIN(size, LIMIT_REPLAYED_BYTES),
                       asking->kept->len - asking->replayed);

    memcpy(buffer, asking->kept->data + asking->replayed, length);
    asking->replayed += length;
    return length;
}

/* HttpSource: wraps the caller's source. */
static gssize
giveWatched(char *buffer, size_t size, gpointer opaque, GError **error)
{
    Asking *asking = opaque;
    ViTransferAsk *ask = asking->ask;
    gssize length;

    if (asking->kept && asking->replayed < asking->kept->len)
        return giveAgain(asking, buffer, size);
    if (ask->ended)
        return 0;

    length = ask->source(buffer, size, ask->sourceOpaque, error);
    if (length < 0 || (length > 0 && !mayGive(ask, length, error))) {
        ask->ownFailed = TRUE;
        return -1;
    }
    ask->ended = length == 0;
    ask->given += (guint64)length;
    keepRefusal(asking, buffer, (guint)length);
    return length;
}

/* HttpSink: passes contents to the caller, and keeps the beginning of a refusal. */
static gboolean
takeBody(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
         GError **error)
{
    Asking *asking = opaque;
    ViTransferAsk *ask = asking->ask;

    asking->status = response->status;
    if (isTaken(response->status)) {
        /* The server accepts requests again: others need not wait for the end of this one. */
        viGateLeave(asking->transfer->gate, &asking->pass);
        if (!ask->sink || ask->sink(response, data, length, ask->sinkOpaque, error))
            return TRUE;
        ask->ownFailed = TRUE;
        return FALSE;
    }

    g_string_append_len(asking->refusal, data,
                        (gssize)MIN(length, LIMIT_REFUSAL_KEPT - asking->refusal->len));
    asking->refusalLength += length;
    if (asking->refusalLength <= LIMIT_REFUSAL_BYTES)
        return TRUE;
    asking->cut = TRUE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_SINK, "the refusal is too long");
    return FALSE;
}

gboolean
viTransferIsContents(const ViTransferAsk *ask)
{
    return ask->range || ask->source;
}

#define HEADERS 8

/* The next attempt; @headers has room for HEADERS. @cookie: header line, or NULL. */
static HttpRequest
requestOf(Asking *asking, const char *path, const char *cookie, const char **headers)
{
    const ViTransferAsk *ask = asking->ask;
    const gboolean writing = g_str_equal(ask->method, "PUT");
    HttpRequest request = { .method = ask->method, .path = path, .headers = headers,
                            .cancel = ask->cancel, .streamed = viTransferIsContents(ask) };
    guint n = 0;

    if (!request.streamed)
        request.deadline = asking->deadline;

    /* Lengths and ranges must be those of the unencoded file. */
    headers[n++] = "Accept-Encoding: identity";
    if (ask->range)
        headers[n++] = ask->range;
    if (writing) {
        headers[n++] = "Content-Type: application/octet-stream";
        headers[n++] = "Overwrite: t";
    }
    if (cookie) {
        headers[n++] = cookie;
        headers[n++] = "Connection: close";
    }
    headers[n] = NULL;

    if (ask->source) {
        request.source = giveWatched;
        request.sourceOpaque = asking;
        request.sourceLength = ask->sourceLength;
        request.noRetry = TRUE;
    } else if (writing) {
        request.body = "";
    }
    return request;
}

/* The address of the file, in the spelling that this server is assumed to decode. */
static char *
addressOf(const Asking *asking, gboolean withDatacenter)
{
    ViFile file = *asking->ask->file;

    if (!withDatacenter)
        file.datacenterPath = NULL;
    return viTransferUrl(&file, (ViSpelling)g_atomic_int_get(&asking->transfer->spelling));
}

static ViTicket *
ticketFor(Asking *asking)
{
    g_autofree char *path = NULL;

    if (asking->noTicket)
        return NULL;
    path = addressOf(asking, FALSE);
    return viTicketAcquire(asking->transfer->tickets, asking->ask->file, asking->ask->method, path,
                           asking->ask->cancel);
}

/* Sends once, by @ticket if there is one. @ret_generation: of the session. */
static gboolean
sendRequest(Asking *asking, const ViTicket *ticket, guint64 *ret_generation, GError **error)
{
    const char *headers[HEADERS] = { NULL };
    g_autoptr(GError) local = NULL;
    g_autofree char *path = NULL;
    HttpRequest request;
    gboolean ok;

    httpResponseClear(&asking->response);
    g_string_truncate(asking->refusal, 0);
    asking->refusalLength = 0;
    asking->cut = FALSE;
    asking->replayed = 0;

    if (ticket) {
        request = requestOf(asking, ticket->path, ticket->cookie, headers);
        ok = httpTransportPerform(ticket->transport, &request, takeBody, asking, &asking->response,
                                  &local);
    } else {
        path = addressOf(asking, TRUE);
        request = requestOf(asking, path, NULL /* cookie */, headers);
        ok = viSessionFetch(asking->transfer->session, &request, takeBody, asking,
                            &asking->response, ret_generation, &local);
    }
    if (ok)
        asking->status = asking->response.status;
    else if (asking->cut)
        asking->response.status = asking->status;
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return ok || asking->cut;
}

/* ---- handling refusals ---------------------------------------------------------------------- */

static Verdict
refuseRequest(Asking *asking, GError **error)
{
    const gboolean writing = g_str_equal(asking->ask->method, "PUT");

    viTransferSetRefused(error, asking->ask->file, writing, &asking->response,
                         asking->refusal->str);
    return VERDICT_FAILED;
}

/* An error from another module: adds the file's name, except to network errors. */
static Verdict
failRequest(const Asking *asking, GError **error, GError *local)
{
    g_autofree char *name = viTransferName(asking->ask->file);

    if (local->domain != HTTP_ERROR)
        textAddToError(&local, "'%s': ", name);
    g_propagate_error(error, local);
    return VERDICT_FAILED;
}

/* The cheapest call; it renews a session that has ended. */
static gboolean
callAnything(Asking *asking, GError **error)
{
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    ViCallOptions options = { .cancel = asking->ask->cancel, .deadline = asking->deadline };
    g_autoptr(SoapReply) reply = NULL;

    args.self = &instance;
    reply = viCall(asking->transfer->session, &vimMethodCurrentTime, &args, &options, error);
    return reply != NULL;
}

/*
 * 401 in session @generation: the session has ended, or the user may not do this. The first time,
 * the session is renewed. If that did not help, a call checks whether it has ended again. A login
 * for every forbidden request would fill the server's session table.
 */
static Verdict
renewSession(Asking *asking, guint64 generation, GError **error)
{
    ViSession *session = asking->transfer->session;
    GError *local = NULL;
    gboolean asked;

    if (asking->ended++ == LIMIT_SESSION_ENDS)
        return refuseRequest(asking, error);
    if (viSessionGeneration(session) != generation)
        return VERDICT_AGAIN;

    asked = asking->ended == 1 ? viSessionRenew(session, generation, &local)
                               : callAnything(asking, &local);
    if (!asked)
        return failRequest(asking, error, local);
    return viSessionGeneration(session) != generation ? VERDICT_AGAIN
                                                      : refuseRequest(asking, error);
}

/*
 * Requests the root of the file's datastore in @spelling. Returns: the status; 0 without a reply.
 */
static guint
askRoot(Asking *asking, ViSpelling spelling)
{
    g_autofree char *path = viTransferUrlOfRoot(asking->ask->file, spelling);
    HttpRequest request = { .method = "HEAD", .path = path, .cancel = asking->ask->cancel,
                            .deadline = asking->deadline };
    g_auto(HttpResponse) response = { 0 };

    if (!viSessionFetch(asking->transfer->session, &request, NULL /* sink */, NULL, &response,
                        NULL /* ret_generation */, NULL /* error */))
        return 0;
    return response.status;
}

/*
 * 404, for an address that servers may decode in two ways. The datastore exists, so a request for
 * its root shows which one is right. The file itself would not, since it may be missing.
 */
static Verdict
settleSpelling(Asking *asking, GError **error)
{
    ViTransfer *transfer = asking->transfer;
    guint status;

    if (g_atomic_int_get(&transfer->spelling) != VI_SPELLING_UNKNOWN || asking->settled ||
        !viTransferUrlDiffers(asking->ask->file))
        return refuseRequest(asking, error);
    asking->settled = TRUE;

    status = askRoot(asking, VI_SPELLING_TWICE);
    if (isTaken(status))
        g_atomic_int_set(&transfer->spelling, VI_SPELLING_TWICE);
    if (status != 404 || !isTaken(askRoot(asking, VI_SPELLING_ONCE)))
        return refuseRequest(asking, error);
    g_atomic_int_set(&transfer->spelling, VI_SPELLING_ONCE);
    return VERDICT_AGAIN;
}

static Verdict
judgeStatus(Asking *asking, gboolean ticket, guint64 generation, GError **error)
{
    ViTransfer *transfer = asking->transfer;
    const guint status = asking->status;
    GError *local = NULL;

    if (isTaken(status) || (status == 416 && asking->ask->range)) {
        /* vCenter serves a file that the host refused: the host does not work as it should. */
        if (asking->doubted)
            viTicketsAvoid(transfer->tickets, asking->ask->file);
        return VERDICT_DONE;
    }
    if (asking->ask->source && (status != 401 || ticket || !asking->kept))
        return refuseRequest(asking, error);

    if (status == 503) {
        if (viGateRefused(transfer->gate, &asking->pass, asking->ask->cancel, &local))
            return VERDICT_AGAIN;
        if (!g_error_matches(local, VI_ERROR, VI_ERROR_BUSY))
            return failRequest(asking, error, local);
        g_clear_error(&local);      /* the body says more */
        return refuseRequest(asking, error);
    }
    if (ticket) {
        asking->noTicket = TRUE;
        asking->doubted = TRUE;
        return VERDICT_AGAIN;
    }
    if (status == 401)
        return renewSession(asking, generation, error);
    if (status == 404)
        return settleSpelling(asking, error);
    return refuseRequest(asking, error);
}

/* A request that could not be sent, or whose reply was incomplete. */
static Verdict
judgeFailure(Asking *asking, gboolean ticket, GError **error, GError *local)
{
    ViTransferAsk *ask = asking->ask;

    if (ticket && httpErrorIsUnsent(local) && !ask->ownFailed && ask->given == 0 && !ask->ended) {
        viTicketsAvoid(asking->transfer->tickets, ask->file);
        asking->noTicket = TRUE;
        g_error_free(local);
        return VERDICT_AGAIN;
    }
    g_propagate_error(error, local);
    return VERDICT_FAILED;
}

static Verdict
attemptRequest(Asking *asking, GError **error)
{
    g_autoptr(ViTicket) ticket = NULL;
    guint64 generation = 0;
    GError *local = NULL;

    if (!placesAwait(&local) ||
        !viGateEnter(asking->transfer->gate, &asking->pass, asking->ask->cancel, &local))
        return failRequest(asking, error, local);

    ticket = ticketFor(asking);
    if (!sendRequest(asking, ticket, &generation, &local))
        return judgeFailure(asking, ticket != NULL, error, local);
    return judgeStatus(asking, ticket != NULL, generation, error);
}

/* Returns: whether there is time for one more attempt; else FALSE with @error. */
static gboolean
mayAskAgain(const Asking *asking, GError **error)
{
    if (g_get_monotonic_time() < asking->deadline)
        return TRUE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                "the server kept answering, but did not send the requested data within the time "
                "limit of all attempts together");
    return FALSE;
}

gboolean
viTransferAsk(ViTransfer *transfer, ViTransferAsk *ask, HttpResponse *ret_response, GError **error)
{
    Asking asking = { .transfer = transfer, .ask = ask, .refusal = g_string_new(NULL) };
    Verdict verdict;

    ask->given = 0;
    ask->ended = ask->ownFailed = FALSE;
    asking.kept = ask->source ? g_byte_array_new() : NULL;
    asking.deadline = ask->deadline ? ask->deadline : viBudgetDeadline(transfer->session);
    do {
        verdict = attemptRequest(&asking, error);
    } while (verdict == VERDICT_AGAIN && mayAskAgain(&asking, error));

    viGateLeave(transfer->gate, &asking.pass);
    g_string_free(asking.refusal, TRUE);
    g_clear_pointer(&asking.kept, g_byte_array_unref);
    if (verdict == VERDICT_DONE) {
        *ret_response = asking.response;
        return TRUE;
    }
    httpResponseClear(&asking.response);
    return FALSE;
}

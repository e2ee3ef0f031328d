/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Contents of files: sizes, reading with resumption, writing. */

#include "vi_transfer_priv.h"
#include "base_limits.h"
#include "base_text.h"
#include "vi_budget.h"
#include "vi_transfer_request.h"
#include "vi_transfer_retry.h"
#include "vi_transfer_range.h"
#include "vi_transfer_status.h"
#include "vi_transfer_url.h"


ViTransfer *
viTransferNew(ViSession *session)
{
    ViTransfer *transfer = g_new0(ViTransfer, 1);

    transfer->session = session;
    transfer->gate = viGateNew(VI_TRANSFER_PAUSE_MS, VI_TRANSFER_TRIES,
                               viSessionTimeoutMs(session));
    transfer->tickets = viTicketsNew(session);
    transfer->spelling = VI_SPELLING_UNKNOWN;
    return transfer;
}

void
viTransferSetPause(ViTransfer *transfer, guint pauseMs)
{
    viGateSetPause(transfer->gate, pauseMs);
}

void
viTransferSetHosts(ViTransfer *transfer, ViTransportFactory factory, gpointer opaque)
{
    viTicketsSetHosts(transfer->tickets, factory, opaque);
}

void
viTransferFree(ViTransfer *transfer)
{
    if (!transfer)
        return;
    viGateFree(transfer->gate);
    viTicketsFree(transfer->tickets);
    g_free(transfer);
}

/* ---- failures ------------------------------------------------------------------------------- */

/* Passes @local (transfer full) on; network errors get the file's name. Returns: FALSE. */
static gboolean
failTransfer(const ViTransferAsk *ask, const char *doing, GError **error, GError *local)
{
    g_autofree char *name = viTransferName(ask->file);

    if (local->domain == HTTP_ERROR && !ask->ownFailed)
        textAddToError(&local, "%s '%s' failed: ", doing, name);
    g_propagate_error(error, local);
    return FALSE;
}

/* Sends a request that may be repeated, until it succeeds or the limit is reached. */
static gboolean
askPatiently(ViTransfer *transfer, ViTransferAsk *ask, const char *doing,
             HttpResponse *ret_response, GError **error)
{
    ViRetry retry = { .deadline = viBudgetDeadline(transfer->session) };

    ask->deadline = retry.deadline;
    for (;;) {
        GError *local = NULL;

        if (viTransferAsk(transfer, ask, ret_response, &local))
            return TRUE;
        if (!viRetryAllowed(&retry, ask, local))
            return failTransfer(ask, doing, error, local);
        g_error_free(local);
    }
}

/* ---- size ----------------------------------------------------------------------------------- */

gboolean
viTransferSize(ViTransfer *transfer, const ViFile *file, const Cancel *cancel, guint64 *ret_size,
               GError **error)
{
    ViTransferAsk ask = { .file = file, .method = "HEAD", .cancel = cancel };
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *name = viTransferName(file);

    if (!askPatiently(transfer, &ask, "reading the size of", &response, error))
        return FALSE;
    if (viTransferIsPage(file, &response)) {
        viTransferSetPage(error, file);
        return FALSE;
    }
    if (!viTransferCheckPlain(file, &response, error))
        return FALSE;
    if (response.status != 200) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server answered a request for the size of '%s' with HTTP status %u", name,
                    response.status);
        return FALSE;
    }
    if (response.contentLength < 0) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server does not report the size of '%s'", name);
        return FALSE;
    }
    *ret_size = (guint64)response.contentLength;
    return TRUE;
}

/* ---- reading -------------------------------------------------------------------------------- */

typedef struct {
    const ViFile *file;
    ViTransferSink sink;
    gpointer opaque;
    guint64 next;       /* the first byte the sink has not seen */
    guint64 end;        /* the end of the wanted range (exclusive) */

    /* Of the reply that is arriving. */
    gboolean begun;     /* its headers have been checked */
    guint64 at;         /* the position of its next byte in the file */
    guint64 total;      /* length of the file; G_MAXUINT64: unknown */
    guint64 stop;       /* the length its body must have; G_MAXUINT64: unknown */
    guint64 come;       /* bytes of its body so far */
    gboolean enough;    /* it has more than is wanted */
} Reading;

static gboolean
setShort(const Reading *reading, guint64 total, GError **error)
{
    g_autofree char *name = viTransferName(reading->file);

    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "'%s' is only %" G_GUINT64_FORMAT " bytes long, but was to be read up to byte %"
                G_GUINT64_FORMAT
                "; it may have changed in the meantime", name, total, reading->end);
    return FALSE;
}

/* Returns: FALSE. */
static gboolean
setOtherLength(const Reading *reading, guint64 known, guint64 total, GError **error)
{
    g_autofree char *name = viTransferName(reading->file);

    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server reports that '%s' has %" G_GUINT64_FORMAT " bytes instead of %"
                G_GUINT64_FORMAT "; it may have changed in the meantime", name, total, known);
    return FALSE;
}

/* Whether the reply is about a file of the known length; if none is known yet, records it. */
static gboolean
checkTotal(const Reading *reading, GError **error)
{
    guint64 *known = reading->file->known;
    guint64 before = 0;

    if (!known || reading->total == G_MAXUINT64 ||
        __atomic_compare_exchange_n(known, &before, reading->total, FALSE, __ATOMIC_SEQ_CST,
                                    __ATOMIC_SEQ_CST) ||
        before == reading->total)
        return TRUE;
    return setOtherLength(reading, before, reading->total, error);
}

/* A part of the file: it must begin at the expected position. */
static gboolean
beginPart(Reading *reading, const HttpResponse *response, GError **error)
{
    g_autofree char *name = viTransferName(reading->file);
    ViRange range;

    if (!viRangeParse(response->contentRange, &range) || range.first != reading->next ||
        range.last >= reading->end || viRangeIsMultipart(response->contentType)) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server sent another part of '%s' than requested, which begins at byte %"
                    G_GUINT64_FORMAT, name, reading->next);
        return FALSE;
    }
    reading->at = reading->come = range.first;
    reading->stop = range.last + 1;
    reading->total = range.total;
    return checkTotal(reading, error);
}

/* The whole file, from a server without ranges. */
static gboolean
beginWhole(Reading *reading, const HttpResponse *response, GError **error)
{
    g_autofree char *name = viTransferName(reading->file);

    if (viTransferIsPage(reading->file, response)) {
        viTransferSetPage(error, reading->file);
        return FALSE;
    }
    if (reading->next > LIMIT_SKIPPED_BYTES) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server sends '%s' only as a whole and not from byte %" G_GUINT64_FORMAT
                    " on; too much data would have to be skipped", name, reading->next);
        return FALSE;
    }
    /*
     * A range of a file of known length was requested, and without a length the reply cannot be
     * verified.
     */
    if (response->contentLength < 0 && reading->file->known) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server does not report the size of '%s'", name);
        return FALSE;
    }
    reading->at = reading->come = 0;
    reading->total = response->contentLength < 0 ? G_MAXUINT64 : (guint64)response->contentLength;
    reading->stop = reading->total;
    return checkTotal(reading, error);
}

static gboolean
beginReply(Reading *reading, const HttpResponse *response, GError **error)
{
    g_autofree char *name = NULL;

    if (reading->begun)
        return TRUE;
    reading->begun = TRUE;
    if (!viTransferCheckPlain(reading->file, response, error))
        return FALSE;
    if (response->status == 206)
        return beginPart(reading, response, error);
    if (response->status == 200)
        return beginWhole(reading, response, error);
    name = viTransferName(reading->file);
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server answered with HTTP status %u instead of the contents of '%s'",
                response->status, name);
    return FALSE;
}

/* Whether @length more bytes do not exceed what the reply has announced and the file has. */
static gboolean
checkMore(Reading *reading, size_t length, GError **error)
{
    const guint64 *known = reading->file->known;
    const guint64 ends = known ? __atomic_load_n(known, __ATOMIC_SEQ_CST) : 0;
    g_autofree char *name = NULL;

    if (length <= reading->stop - reading->come &&
        (ends == 0 || (reading->come <= ends && length <= ends - reading->come))) {
        reading->come += length;
        return TRUE;
    }
    name = viTransferName(reading->file);
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server sent more of '%s' than the size of the file, or than it had announced",
                name);
    return FALSE;
}

/* HttpSink: passes on bytes that the caller has not seen yet, up to the end it wants. */
static gboolean
receivePart(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
            GError **error)
{
    Reading *reading = opaque;
    size_t skip;
    size_t take;

    if (!beginReply(reading, response, error) || !checkMore(reading, length, error))
        return FALSE;

    skip = reading->at < reading->next ? (size_t)MIN(length, reading->next - reading->at) : 0;
    take = (size_t)MIN(length - skip, reading->end - reading->next);
    reading->at += skip + take;
    if (take > 0) {
        if (!reading->sink(data + skip, take, reading->opaque, error))
            return FALSE;
        reading->next += take;
    }

    if (reading->next < reading->end || (skip + take == length && reading->total == reading->end) ||
        (skip + take == length && response->status == 206))
        return TRUE;
    reading->enough = TRUE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_SINK, "enough data was received");
    return FALSE;
}

/* A reply has ended. Returns: FALSE with @error if another request cannot help. */
static gboolean
endReply(Reading *reading, const HttpResponse *response, GError **error)
{
    g_autofree char *name = viTransferName(reading->file);

    if (response->status == 416) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "'%s' ends before byte %" G_GUINT64_FORMAT ", where reading was to begin "
                    "(HTTP status 416); it may have changed in the meantime", name, reading->next);
        return FALSE;
    }
    if (!beginReply(reading, response, error))
        return FALSE;
    if (reading->next == reading->end)
        return TRUE;
    if (response->status == 200)
        return setShort(reading, reading->at, error);
    return reading->total >= reading->end || setShort(reading, reading->total, error);
}

/* One request for the rest. Returns: FALSE with @error if it failed. */
static gboolean
readRestOfFile(ViTransfer *transfer, Reading *reading, ViTransferAsk *ask, GError **error)
{
    g_autofree char *range = viRangeHeader(reading->next, reading->end - 1);
    g_auto(HttpResponse) response = { 0 };
    GError *local = NULL;
    gboolean replied;

    reading->begun = FALSE;
    ask->range = range;
    replied = viTransferAsk(transfer, ask, &response, &local);
    ask->range = NULL;
    if (replied)
        return endReply(reading, &response, error);
    if (!reading->enough) {
        g_propagate_error(error, local);
        return FALSE;
    }
    g_error_free(local);
    return TRUE;
}

/*
 * One request for the rest; records its result in @retry.
 *
 * Returns: FALSE with @error if that was the last attempt.
 */
static gboolean
readOn(ViTransfer *transfer, Reading *reading, ViTransferAsk *ask, ViRetry *retry,
       GError **error)
{
    const guint64 before = reading->next;
    GError *local = NULL;
    gboolean ok = readRestOfFile(transfer, reading, ask, &local);

    if (reading->next > before)
        viRetryProgress(retry, viBudgetDeadline(transfer->session), reading->next - before);
    else if (ok)
        g_set_error(&local, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the server sent none of the requested data");
    if (!local) {
        if (reading->next == reading->end || viRetryShort(retry))
            return TRUE;
        g_set_error(&local, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the server sent less data than requested");
    } else if (viRetryAllowed(retry, ask, local)) {
        g_error_free(local);
        return TRUE;
    }
    return failTransfer(ask, "reading", error, viRetryExplain(retry, local));
}

gboolean
viTransferRead(ViTransfer *transfer, const ViFile *file, guint64 offset, guint64 length,
               ViTransferSink sink, gpointer opaque, const Cancel *cancel, GError **error)
{
    Reading reading = {
        .file = file, .sink = sink, .opaque = opaque, .next = offset, .end = offset + length,
    };
    ViTransferAsk ask = {
        .file = file, .method = "GET", .cancel = cancel, .sink = receivePart,
        .sinkOpaque = &reading,
    };
    ViRetry retry = { .deadline = viBudgetDeadline(transfer->session) };

    while (reading.next < reading.end) {
        if (!readOn(transfer, &reading, &ask, &retry, error))
            return FALSE;
    }
    return TRUE;
}

/* ---- small files ---------------------------------------------------------------------------- */

typedef struct {
    const ViFile *file;
    GString *text;
    size_t limit;
} SmallFile;

/* HttpSink */
static gboolean
collectText(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
            GError **error)
{
    SmallFile *small = opaque;
    g_autofree char *name = viTransferName(small->file);

    if (viTransferIsPage(small->file, response)) {
        viTransferSetPage(error, small->file);
        return FALSE;
    }
    if (length > small->limit - small->text->len) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "'%s' exceeds the limit of %zu bytes for such a file", name, small->limit);
        return FALSE;
    }
    g_string_append_len(small->text, data, (gssize)length);
    return TRUE;
}

/* Whether @response, whose body is in @small, is the whole file. */
static gboolean
checkSmall(const SmallFile *small, const HttpResponse *response, GError **error)
{
    g_autofree char *name = viTransferName(small->file);

    if (viTransferIsPage(small->file, response)) {
        viTransferSetPage(error, small->file);
        return FALSE;
    }
    if (!viTransferCheckPlain(small->file, response, error))
        return FALSE;
    if (response->status == 200 &&
        (response->contentLength < 0 || (guint64)response->contentLength == small->text->len))
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server sent %" G_GSIZE_FORMAT " bytes of '%s' with HTTP status %u, but "
                "announced another number", (gsize)small->text->len, name, response->status);
    return FALSE;
}

char *
viTransferReadText(ViTransfer *transfer, const ViFile *file, size_t limit, const Cancel *cancel,
                   size_t *ret_length, GError **error)
{
    SmallFile small = { .file = file, .limit = limit };
    ViTransferAsk ask = {
        .file = file, .method = "GET", .cancel = cancel, .sink = collectText, .sinkOpaque = &small,
    };
    ViRetry retry = { .deadline = viBudgetDeadline(transfer->session) };

    ask.deadline = retry.deadline;
    for (;;) {
        g_autoptr(GString) text = g_string_new(NULL);
        g_auto(HttpResponse) response = { 0 };
        GError *local = NULL;

        small.text = text;
        if (viTransferAsk(transfer, &ask, &response, &local)) {
            if (!checkSmall(&small, &response, error))
                return NULL;
            *ret_length = text->len;
            return g_string_free(g_steal_pointer(&text), FALSE);
        }
        if (!viRetryAllowed(&retry, &ask, local)) {
            failTransfer(&ask, "reading", error, local);
            return NULL;
        }
        g_error_free(local);
    }
}

/* ---- writing -------------------------------------------------------------------------------- */

/* Whether the result of a request on the server is unknown. */
static gboolean
isTransferBroken(const GError *error)
{
    return g_error_matches(error, HTTP_ERROR, HTTP_ERROR_BROKEN) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
}

/* The reply to a PUT may be lost; then the contents of the file are unknown. */
static gboolean
failWriting(const ViTransferAsk *ask, GError **error, GError *local)
{
    g_autofree char *name = viTransferName(ask->file);

    if (ask->ownFailed || !isTransferBroken(local))
        return failTransfer(ask, "writing", error, local);

    textToError(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN,
                "the connection broke while '%s' was being written, so the state of this file is "
                "unknown (%" G_GUINT64_FORMAT " bytes were handed over): " TEXT_MESSAGE,
                name, ask->given, local->message);
    g_error_free(local);
    return FALSE;
}

/* A source of length 0 must be asked for its end too. */
static gboolean
isEmpty(HttpSource source, gpointer opaque, const ViFile *file, GError **error)
{
    g_autofree char *name = viTransferName(file);
    char byte;
    gssize length = source(&byte, 1, opaque, error);

    if (length > 0)
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "writing '%s' failed: there is more data than announced", name);
    return length == 0;
}

gboolean
viTransferWrite(ViTransfer *transfer, const ViFile *file, gint64 length, HttpSource source,
                gpointer opaque, const Cancel *cancel, guint64 *ret_written, GError **error)
{
    ViTransferAsk first = { .file = file, .method = "PUT", .cancel = cancel };
    ViTransferAsk ask = { .file = file, .method = "PUT", .cancel = cancel, .source = source,
                        .sourceOpaque = opaque, .sourceLength = length };
    g_auto(HttpResponse) taken = { 0 };
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *name = viTransferName(file);
    GError *local = NULL;

    if (!askPatiently(transfer, &first, "writing", &taken, error))
        return FALSE;
    if (length == 0 && !isEmpty(source, opaque, file, error))
        return FALSE;
    if (length != 0 && !viTransferAsk(transfer, &ask, &response, &local))
        return failWriting(&ask, error, local);

    if (length < 0 ? !ask.ended : ask.given != (guint64)length) {
        textToError(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN,
                    "the server reports that it has stored '%s' although only %" G_GUINT64_FORMAT
                    " bytes were sent; the state of this file is unknown", name, ask.given);
        return FALSE;
    }
    if (ret_written)
        *ret_written = ask.given;
    return TRUE;
}

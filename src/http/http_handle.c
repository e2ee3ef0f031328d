/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * One handle is a curl easy handle with its own multi handle. The multi handle owns the connection
 * and keeps it between requests. With it, this file does the waiting, not libcurl: a cancel flag is
 * seen at once, and silence is measured in milliseconds.
 * (curl_easy_perform checks both once a second.)
 *
 * Each request sets all options and ends with curl_easy_reset, so no request affects the next one,
 * and an idle handle has no pointers to a caller's data.
 */

#include "http_handle.h"

#include "base_file.h"
#include "base_text.h"
#include "http_body.h"
#include "http_certificate.h"
#include "http_failure.h"

/* How long a raised cancel flag without a descriptor may go unnoticed. */
#define HTTP_CANCEL_POLL_MS 100

/*
 * How long the loop waits without activity of a socket, so that an event missed by libcurl does not
 * cause a timeout.
 */
#define HTTP_IDLE_MS 1000

struct _HttpHandle {
    const HttpConfig *config;
    CURL *easy;
    CURLM *multi;
    HttpPeer peer;
    HttpWire wire;
    char detail[CURL_ERROR_SIZE];
};

HttpHandle *
httpHandleNew(const HttpConfig *config, GError **error)
{
    g_autoptr(HttpHandle) handle = g_new0(HttpHandle, 1);

    handle->config = config;
    handle->peer.policy = &config->policy;
    handle->easy = curl_easy_init();
    handle->multi = curl_multi_init();

    if (!handle->easy || !handle->multi ||
        curl_multi_setopt(handle->multi, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK) {
        g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                            "libcurl cannot be initialized");
        return NULL;
    }

    return g_steal_pointer(&handle);
}

void
httpHandleFree(HttpHandle *handle)
{
    if (!handle)
        return;

    curl_easy_cleanup(handle->easy);
    curl_multi_cleanup(handle->multi);
    httpPeerClear(&handle->peer);
    g_free(handle);
}

gboolean
httpHandleIdentity(const HttpHandle *handle, HttpIdentity *ret_identity)
{
    const HttpPeer *peer = &handle->peer;

    return peer->trusted && peer->leaf &&
           httpCertificateDigest(peer->leaf, sizeof(ret_identity->digest),
                                 ret_identity->digest) > 0;
}

/* Whether contents are being transferred, without a total time limit: see HttpRequest.streamed. */
static gboolean
httpCallIsInContents(const HttpCall *call)
{
    const HttpReply *reply = &call->reply;

    if (!call->request->streamed)
        return FALSE;
    if (call->request->source)
        return !call->givenAll && !(reply->complete && reply->response.status >= 300);
    return reply->complete && reply->response.status < 300;
}

/*
 * A sum that changes whenever a byte was sent or received. While contents are transferred, only
 * they count. Otherwise a server could stall them without limit by sending a byte of something else
 * now and then.
 */
static gint64
httpCallCountBytes(const HttpCall *call)
{
    curl_off_t up = 0;
    curl_off_t down = 0;
    long header = 0;

    curl_easy_getinfo(call->easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl_easy_getinfo(call->easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl_easy_getinfo(call->easy, CURLINFO_HEADER_SIZE, &header);
    if (httpCallIsInContents(call))
        return call->request->source ? up : down;
    return up + down + header;
}

/* The longest silence allowed at this point of @call: see HttpRequest.timeoutMs and quietMs. */
static guint
httpCallStallMs(const HttpCall *call)
{
    guint stall = call->config->stallTimeoutMs;

    if (call->reply.lines > 0 || call->request->streamed)
        return stall;
    return MAX(stall, call->request->timeoutMs) + call->request->quietMs;
}

static void
httpCallSetStalled(const HttpCall *call, GError **error)
{
    textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                call->reply.lines > 0 ?
                "%s stopped sending in the middle of its reply; nothing was received for %g s" :
                "%s did not reply; nothing was received for %g s",
                call->config->endpoint.name, httpCallStallMs(call) / 1000.0);
}

/* How long @call may take in total; if streamed, without its contents. */
static guint
httpCallTotalMs(const HttpCall *call)
{
    const HttpRequest *request = call->request;

    if (request->streamed || request->timeoutMs == 0)
        return call->config->totalTimeoutMs + request->quietMs;
    return request->timeoutMs + request->quietMs;
}

/* Milliseconds until @call has taken too long at @now; G_MAXINT: no limit. */
static gint64
httpCallLeftMs(HttpCall *call, gint64 now)
{
    const HttpRequest *request = call->request;
    gint64 left = G_MAXINT;

    if (httpCallIsInContents(call))
        call->apart = now;
    else
        left = httpCallTotalMs(call) -
               (now - (request->streamed ? call->apart : call->started)) / 1000;
    if (request->deadline != 0)
        left = MIN(left, (request->deadline - now + 999) / 1000);
    return MIN(left, G_MAXINT);
}

static void
httpCallSetLate(const HttpCall *call, gint64 now, GError **error)
{
    const HttpRequest *request = call->request;
    const char *name = call->config->endpoint.name;
    const double seconds = httpCallTotalMs(call) / 1000.0;

    if (request->deadline != 0 && now >= request->deadline)
        textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                    "the request to %s was not complete when the time limit of the whole "
                    "operation expired, after %.1f s of its own",
                    name, (now - call->started) / 1e6);
    else if (request->streamed && request->source)
        textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                    "%s received all of the data, but its reply was not complete within %g s",
                    name, seconds);
    else
        textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                    "the request to %s was not complete within %g s", name, seconds);
}

/* How long the loop may wait without checking whether @call was cancelled. */
static int
httpCallUnheededMs(const HttpCall *call)
{
    int fds[CANCEL_DESCRIPTORS];
    guint n = 0;

    return cancelDescriptors(call->request->cancel, fds, &n) ? HTTP_IDLE_MS : HTTP_CANCEL_POLL_MS;
}

/*
 * Checks the clocks and the cancel flag of @call.
 *
 * Returns: the milliseconds until the next check, or 0 with @error set if the call must end.
 */
static int
httpCallCheck(HttpCall *call, GError **error)
{
    gint64 now = g_get_monotonic_time();
    gint64 bytes = httpCallCountBytes(call);
    gint64 left = httpCallLeftMs(call, now);

    if (httpCallIsCancelled(call, error))
        return 0;
    if (left <= 0) {
        httpCallSetLate(call, now, error);
        return 0;
    }

    if (bytes != call->bytes || call->attempts == 0) {
        call->bytes = bytes;
        call->active = now;
    }
    if (call->attempts > 0) {
        gint64 silence = httpCallStallMs(call) - (now - call->active) / 1000;

        if (silence <= 0) {
            httpCallSetStalled(call, error);
            return 0;
        }
        left = MIN(left, silence);
    }

    return MIN(left, httpCallUnheededMs(call));
}

/*
 * Whether the server refused the request and then broke the connection without reading the body.
 * Then @code is only about the rest of the body, and the status is the result.
 */
static gboolean
httpCallIsRefused(const HttpCall *call, CURLcode code)
{
    if (!call->request->source || call->reply.error || !call->reply.complete ||
        call->reply.response.status < 300)
        return FALSE;

    return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE;
}

/* Returns: libcurl's result of the transfer that just ended. */
static CURLcode
httpHandleResult(HttpHandle *handle)
{
    int pending = 0;
    const CURLMsg *message = curl_multi_info_read(handle->multi, &pending);

    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

/*
 * Waits until libcurl has something to do, and lets it. While the source provides bytes there is no
 * wait: libcurl takes one piece at a time, and checks itself whether the connection accepts it.
 */
static gboolean
httpHandleStep(HttpHandle *handle, HttpCall *call, int wait, int *ret_running)
{
    struct curl_waitfd extra[CANCEL_DESCRIPTORS] = { 0 };
    int fds[CANCEL_DESCRIPTORS];
    guint n = 0;
    guint i;

    cancelDescriptors(call->request->cancel, fds, &n);
    for (i = 0; i < n; i++)
        extra[i] = (struct curl_waitfd){ .fd = fds[i], .events = CURL_WAIT_POLLIN };
    if (call->given == call->seen &&
        curl_multi_poll(handle->multi, extra, n, wait, NULL) != CURLM_OK)
        return FALSE;

    /* The wait belongs to what was under way in it, not to what comes of it. */
    if (httpCallIsInContents(call))
        call->apart = g_get_monotonic_time();
    call->seen = call->given;
    return curl_multi_perform(handle->multi, ret_running) == CURLM_OK;
}

/*
 * Runs the transfer to its end.
 *
 * Returns: FALSE with @error set if this code ended it; else *ret_code is libcurl's result.
 */
static gboolean
httpHandleDrive(HttpHandle *handle, HttpCall *call, CURLcode *ret_code, GError **error)
{
    int running = 1;

    while (running > 0) {
        int wait = httpCallCheck(call, error);

        if (wait == 0)
            return FALSE;
        if (!httpHandleStep(handle, call, wait, &running)) {
            *ret_code = CURLE_FAILED_INIT;
            return TRUE;
        }
    }

    *ret_code = httpHandleResult(handle);
    return TRUE;
}

static void
httpHandleSetFailure(HttpHandle *handle, HttpCall *call, CURLcode code, GError **error)
{
    curl_off_t bodyBytes = 0;
    long systemError = 0;
    long proxyStatus = 0;
    HttpFailure failure = { 0 };

    /* a refusal by our own callbacks has its own reason */
    if (call->reply.error) {
        g_propagate_error(error, g_steal_pointer(&call->reply.error));
        return;
    }

    curl_easy_getinfo(handle->easy, CURLINFO_SIZE_DOWNLOAD_T, &bodyBytes);
    curl_easy_getinfo(handle->easy, CURLINFO_OS_ERRNO, &systemError);
    curl_easy_getinfo(handle->easy, CURLINFO_HTTP_CONNECTCODE, &proxyStatus);
    if (call->socketError != 0)
        systemError = call->socketError;
    else if (handle->peer.systemError != 0)
        systemError = handle->peer.systemError;
    else if (code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY)
        systemError = fileProbe();

    failure = (HttpFailure){
        .code = code,
        .detail = handle->detail,
        .endpoint = &handle->config->endpoint,
        .peer = &handle->peer,
        .connectTimeoutMs = handle->config->connectTimeoutMs,
        .handshaking = call->handshaking,
        .sent = call->attempts > 0,
        .replied = call->reply.lines > 0,
        .bodyBytes = bodyBytes,
        .systemError = systemError,
        .proxyStatus = proxyStatus,
    };
    httpFailureSet(&failure, error);
}

static gboolean
httpHandleRun(HttpHandle *handle, HttpCall *call, GError **error)
{
    CURLcode code = CURLE_OK;
    gboolean ended = FALSE;

    if (curl_multi_add_handle(handle->multi, handle->easy) != CURLM_OK) {
        g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_INVALID, "libcurl cannot be used");
        return FALSE;
    }

    ended = httpHandleDrive(handle, call, &code, error);
    if (ended && httpCallIsRefused(call, code))
        code = CURLE_OK;
    if (ended && code != CURLE_OK)
        httpHandleSetFailure(handle, call, code, error);

    /* ends a transfer that is still running, and closes a connection in the middle of a reply */
    curl_multi_remove_handle(handle->multi, handle->easy);
    return ended && code == CURLE_OK;
}

gboolean
httpHandlePerform(HttpHandle *handle, const HttpRequest *request, HttpSink sink, gpointer opaque,
                  HttpResponse *ret_response, GError **error)
{
    const gint64 now = g_get_monotonic_time();
    g_auto(HttpCall) call = {
        .config = handle->config,
        .peer = &handle->peer,
        .wire = &handle->wire,
        .easy = handle->easy,
        .request = request,
        .started = now,
        .apart = now,
        .reply = { .name = handle->config->endpoint.name, .sink = sink, .opaque = opaque },
    };
    long opened = 0;

    handle->detail[0] = '\0';
    if (!httpCallSetup(&call, handle->detail, error) || !httpHandleRun(handle, &call, error))
        return FALSE;

    curl_easy_getinfo(handle->easy, CURLINFO_NUM_CONNECTS, &opened);
    call.reply.response.reused = opened == 0;
    *ret_response = call.reply.response;
    call.reply.response = (HttpResponse){ 0 };
    return TRUE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * One handle is a curl easy handle with a multi handle of its own. The multi handle owns the
 * connection and keeps it between requests; it is there so that we, not libcurl, wait: so a cancel
 * flag is seen within a tenth of a second, a wake at once, and silence is measured in milliseconds.
 * (curl_easy_perform looks at both once a second.)
 *
 * Every request sets all options anew and ends with curl_easy_reset, so nothing of one request can
 * show in the next, and an idle handle points to nothing of a caller's.
 */

#include "http_handle.h"

#include "base_file.h"
#include "base_text.h"
#include "http_body.h"
#include "http_certificate.h"
#include "http_failure.h"

/* How long a raised cancel flag may go unseen. */
#define HTTP_CANCEL_POLL_MS 100

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

/* Whether contents are under way, which may take as long as they take: see HttpRequest.streamed. */
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
 * A sum that changes whenever anything came or went. While contents are under way only they count:
 * else a server could hold them up for good by sending of everything else a byte now and then.
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

/* How long the whole of @call may take; of a streamed one, what is no contents. */
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

/* How long nobody has to look whether @call was cancelled. */
static int
httpCallUnheededMs(const HttpCall *call)
{
    const Wake *wake = call->request->wake;

    if (call->request->cancel || (wake && wakeDescriptor(wake) < 0))
        return HTTP_CANCEL_POLL_MS;
    return G_MAXINT;
}

/*
 * Looks at the clocks and at the cancel flag of @call.
 *
 * Returns: the milliseconds until that has to be done again, or 0 with @error set when the call
 * must end.
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
 * Whether the server answered with a refusal, and broke the connection over what it did not want:
 * then @code is about the rest of a body that nobody takes, and the status has said it all.
 */
static gboolean
httpCallIsRefused(const HttpCall *call, CURLcode code)
{
    if (!call->request->source || call->reply.error || !call->reply.complete ||
        call->reply.response.status < 300)
        return FALSE;

    return code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR || code == CURLE_PARTIAL_FILE;
}

/* Returns: libcurl's verdict on the transfer that just ended. */
static CURLcode
httpHandleResult(HttpHandle *handle)
{
    int pending = 0;
    const CURLMsg *message = curl_multi_info_read(handle->multi, &pending);

    return message && message->msg == CURLMSG_DONE ? message->data.result : CURLE_FAILED_INIT;
}

/*
 * Waits until there is something to do for libcurl, and lets it. While the source gives, there is:
 * libcurl takes but one piece at a time, and looks itself whether the connection takes it.
 */
static gboolean
httpHandleStep(HttpHandle *handle, HttpCall *call, int wait, int *ret_running)
{
    const Wake *wake = call->request->wake;
    struct curl_waitfd extra = {
        .fd = wake ? wakeDescriptor(wake) : -1, .events = CURL_WAIT_POLLIN,
    };

    if (call->given == call->seen &&
        curl_multi_poll(handle->multi, &extra, extra.fd >= 0 ? 1 : 0, wait, NULL) != CURLM_OK)
        return FALSE;

    call->seen = call->given;
    return curl_multi_perform(handle->multi, ret_running) == CURLM_OK;
}

/*
 * Runs the transfer to its end.
 *
 * Returns: FALSE with @error set if it was ended from here; else *ret_code is libcurl's verdict.
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

    /* what our own callbacks refused comes with its own reason */
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

    /* ends what is still under way; a connection in mid-reply is closed by it */
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

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * All options for libcurl, each with its reason, and the callbacks they name. One flag of success
 * covers all options: an option that this libcurl lacks must not be dropped silently.
 */

#include "http_setup.h"

#include "base_secret.h"
#include "base_text.h"
#include "http_body.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/* Larger than libcurl's 16 KiB: listings have megabytes, contents have gigabytes. */
#define HTTP_BUFFER_BYTES (64 * 1024)
#define HTTP_STREAM_BUFFER_BYTES (512 * 1024)

/* How many bytes a source is asked for at a time. */
#define HTTP_PIECE_BYTES (128 * 1024)

#define HTTP_SET(call, option, value) \
    (curl_easy_setopt((call)->easy, (option), (value)) == CURLE_OK)

static size_t
httpCallTakeLine(char *data, size_t size, size_t count, void *opaque)
{
    HttpCall *call = opaque;

    return httpReplyTakeLine(&call->reply, data, size * count) ? size * count : 0;
}

gboolean
httpRequestIsOnce(const HttpRequest *request)
{
    return request->noRetry || request->source;
}

/*
 * libcurl opens a connection. It is closed on exec, because the process may start others. It is
 * refused if libcurl wants to repeat a request that must not be repeated: that is the only reason
 * to connect after sending.
 */
static curl_socket_t
httpCallOpenSocket(void *opaque, curlsocktype purpose, struct curl_sockaddr *address)
{
    HttpCall *call = opaque;
    int fd = -1;

    (void)purpose;

    if (call->attempts > 0 && httpRequestIsOnce(call->request))
        return CURL_SOCKET_BAD;

    fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    call->socketError = fd < 0 ? errno : 0;
    return fd;
}

static CURLcode
httpCallAttachPeer(CURL *easy, void *context, void *opaque)
{
    HttpCall *call = opaque;

    (void)easy;

    call->handshaking = TRUE;
    httpWireAttach(call->wire, context);
    return httpPeerAttach(call->peer, context) ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

/*
 * The connection is up, the request is about to be sent. Our own certificate check must have passed
 * by now, whatever libcurl did with its options.
 */
static int
httpCallBeforeSend(void *opaque, char *remoteIp, char *localIp, int remotePort, int localPort)
{
    HttpCall *call = opaque;

    (void)remoteIp;
    (void)localIp;
    (void)remotePort;
    (void)localPort;

    if (call->config->endpoint.tls && !call->peer->trusted)
        return CURL_PREREQFUNC_ABORT;
    if (call->attempts > 0 && httpRequestIsOnce(call->request))
        return CURL_PREREQFUNC_ABORT;

    call->attempts++;
    call->wire->listening = call->request->source != NULL;
    call->active = g_get_monotonic_time();
    /* A long poll that is sent again starts over: the server waits for the full time again. */
    if (call->request->quietMs > 0)
        call->started = call->active;
    return CURL_PREREQFUNC_OK;
}

/* The process is not ours: no signals, no environment, no files, no surprises. */
static gboolean
httpCallSetupManners(HttpCall *call, char *detail)
{
    return HTTP_SET(call, CURLOPT_ERRORBUFFER, detail) &&
           HTTP_SET(call, CURLOPT_NOSIGNAL, 1L) &&
           HTTP_SET(call, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
           HTTP_SET(call, CURLOPT_PROTOCOLS_STR, call->config->endpoint.tls ? "https" : "http") &&
           HTTP_SET(call, CURLOPT_FOLLOWLOCATION, 0L) &&
           HTTP_SET(call, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) &&
           /* "" for none: NULL would let http_proxy and no_proxy of the environment in */
           HTTP_SET(call, CURLOPT_PROXY, call->config->endpoint.proxy) &&
           HTTP_SET(call, CURLOPT_NOPROXY, "") &&
           /* a cancelled request does not wait for a name server: the lookup ends on its own */
           HTTP_SET(call, CURLOPT_QUICK_EXIT, 1L) &&
           HTTP_SET(call, CURLOPT_OPENSOCKETFUNCTION, httpCallOpenSocket) &&
           HTTP_SET(call, CURLOPT_OPENSOCKETDATA, call);
}

/* Whether the request itself says which encodings it accepts: then nothing is decoded here. */
static gboolean
httpRequestNamesEncoding(const HttpRequest *request)
{
    const char *const *line = NULL;

    for (line = request->headers; line && *line; line++) {
        if (g_ascii_strncasecmp(*line, "Accept-Encoding:", 16) == 0)
            return TRUE;
    }
    return request->streamed;
}

/* http_handle.c watches total and stall time. */
static gboolean
httpCallSetupProtocol(HttpCall *call)
{
    const char *encoding = httpRequestNamesEncoding(call->request) ? NULL : "gzip";
    gboolean streamed = call->request->streamed;
    long bytes = streamed ? HTTP_STREAM_BUFFER_BYTES : HTTP_BUFFER_BYTES;

    return HTTP_SET(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
           HTTP_SET(call, CURLOPT_ACCEPT_ENCODING, encoding) &&
           HTTP_SET(call, CURLOPT_USERAGENT, call->config->userAgent) &&
           HTTP_SET(call, CURLOPT_CONNECTTIMEOUT_MS, (long)call->config->connectTimeoutMs) &&
           HTTP_SET(call, CURLOPT_TCP_KEEPALIVE, 1L) &&
           HTTP_SET(call, CURLOPT_BUFFERSIZE, bytes) &&
           HTTP_SET(call, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) &&
           HTTP_SET(call, CURLOPT_PREREQFUNCTION, httpCallBeforeSend) &&
           HTTP_SET(call, CURLOPT_PREREQDATA, call) &&
           HTTP_SET(call, CURLOPT_HEADERFUNCTION, httpCallTakeLine) &&
           HTTP_SET(call, CURLOPT_HEADERDATA, call) &&
           HTTP_SET(call, CURLOPT_WRITEFUNCTION, httpBodyTake) &&
           HTTP_SET(call, CURLOPT_WRITEDATA, call);
}

static gboolean
httpCallSetupTls(HttpCall *call)
{
    HttpTrust trust = call->config->policy.trust;
    gboolean named = trust == HTTP_TRUST_SYSTEM || trust == HTTP_TRUST_CA_FILE;

    return HTTP_SET(call, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
           HTTP_SET(call, CURLOPT_SSL_VERIFYPEER, trust == HTTP_TRUST_ANY ? 0L : 1L) &&
           HTTP_SET(call, CURLOPT_SSL_VERIFYHOST, named ? 2L : 0L) &&
           /* http_verify.c has its own store; loading the system's each time would be wasted */
           HTTP_SET(call, CURLOPT_CAINFO, NULL) &&
           HTTP_SET(call, CURLOPT_CAPATH, NULL) &&
           /* a resumed session shows no certificate that could be judged */
           HTTP_SET(call, CURLOPT_SSL_SESSIONID_CACHE, 0L) &&
           HTTP_SET(call, CURLOPT_SSL_CTX_FUNCTION, httpCallAttachPeer) &&
           HTTP_SET(call, CURLOPT_SSL_CTX_DATA, call);
}

/* Whether @text may be in a header line: no control characters, so it cannot start another line. */
static gboolean
httpTextIsLine(const char *text)
{
    const char *p;

    for (p = text; *p; p++) {
        if (g_ascii_iscntrl(*p) && *p != '\t')
            return FALSE;
    }

    return TRUE;
}

static gboolean
httpPathIsValid(const char *path)
{
    const char *p;

    if (!path || *path != '/')
        return FALSE;

    for (p = path; *p; p++) {
        if (!g_ascii_isgraph(*p) || *p == '#')
            return FALSE;
    }

    return TRUE;
}

static gboolean
httpMethodIsValid(const char *method)
{
    const char *p;

    if (!method)
        return FALSE;

    for (p = method; *p; p++) {
        if (!g_ascii_isupper(*p))
            return FALSE;
    }

    return p > method;
}

static gboolean
httpCallAddHeader(HttpCall *call, const char *line)
{
    struct curl_slist *grown = curl_slist_append(call->headers, line);

    if (!grown)
        return FALSE;

    call->headers = grown;
    return TRUE;
}

static gboolean
httpCallSetupHeaders(HttpCall *call)
{
    const char *const *line = NULL;
    gboolean typed = FALSE;

    for (line = call->request->headers; line && *line; line++) {
        if (!httpTextIsLine(*line) || !strchr(*line, ':') || !httpCallAddHeader(call, *line))
            return FALSE;
        typed = typed || g_ascii_strncasecmp(*line, "Content-Type:", 13) == 0;
    }

    /* a name without a value prevents libcurl from adding that header */
    return httpCallAddHeader(call, "Expect:") &&
           (typed || httpCallAddHeader(call, "Content-Type:")) &&
           HTTP_SET(call, CURLOPT_HTTPHEADER, call->headers);
}

static gboolean
httpCallSetupMethod(HttpCall *call)
{
    const HttpRequest *request = call->request;

    if (request->source)
        return HTTP_SET(call, CURLOPT_UPLOAD, 1L) &&
               HTTP_SET(call, CURLOPT_CUSTOMREQUEST, request->method) &&
               HTTP_SET(call, CURLOPT_UPLOAD_BUFFERSIZE, (long)HTTP_PIECE_BYTES) &&
               HTTP_SET(call, CURLOPT_READFUNCTION, httpBodyGive) &&
               HTTP_SET(call, CURLOPT_READDATA, call) &&
               HTTP_SET(call, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->sourceLength);
    if (strcmp(request->method, "HEAD") == 0)
        return HTTP_SET(call, CURLOPT_NOBODY, 1L);
    if (!request->body && strcmp(request->method, "POST") != 0)
        return HTTP_SET(call, CURLOPT_CUSTOMREQUEST, request->method);

    return HTTP_SET(call, CURLOPT_POST, 1L) &&
           HTTP_SET(call, CURLOPT_CUSTOMREQUEST, request->method) &&
           HTTP_SET(call, CURLOPT_POSTFIELDS, request->body ? request->body : "") &&
           HTTP_SET(call, CURLOPT_POSTFIELDSIZE_LARGE,
                    request->body ? (curl_off_t)request->bodyLength : (curl_off_t)0);
}

static gboolean
httpCallSetupUrl(HttpCall *call)
{
    g_autofree char *url = g_strconcat(call->config->endpoint.url, call->request->path, NULL);

    return HTTP_SET(call, CURLOPT_URL, url) &&
           HTTP_SET(call, CURLOPT_PATH_AS_IS, 1L);
}

gboolean
httpCallSetup(HttpCall *call, char *detail, GError **error)
{
    const HttpRequest *request = call->request;

    if (!httpMethodIsValid(request->method) || !httpPathIsValid(request->path)) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "the request to %s has no valid method and path",
                    call->config->endpoint.name);
        return FALSE;
    }

    if (!httpCallSetupManners(call, detail) || !httpCallSetupProtocol(call) ||
        (call->config->endpoint.tls && !httpCallSetupTls(call))) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "this libcurl (%s) cannot be used; 7.88 or newer with OpenSSL is needed",
                    curl_version());
        return FALSE;
    }

    if (!httpCallSetupUrl(call) || !httpCallSetupMethod(call) || !httpCallSetupHeaders(call)) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "the request to %s has a header or a path that cannot be sent",
                    call->config->endpoint.name);
        return FALSE;
    }

    return TRUE;
}

void
httpCallClear(HttpCall *call)
{
    struct curl_slist *header = NULL;

    /* keeps the connection; clears all pointers to this call, or to a body of the caller */
    curl_easy_reset(call->easy);
    call->wire->listening = FALSE;

    for (header = call->headers; header; header = header->next)
        secretErase(header->data);
    curl_slist_free_all(call->headers);
    httpReplyClear(&call->reply);
}

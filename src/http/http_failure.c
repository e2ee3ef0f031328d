/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Describes why a request failed. The error code depends first on whether the request can have left
 * this process: the code that repeats requests relies on this.
 */

#include "http_failure.h"

#include <errno.h>
#include <string.h>

#include "base_file.h"
#include "base_text.h"

static gboolean
httpFailureMentions(const HttpFailure *failure, const char *text)
{
    return strstr(failure->detail, text) != NULL;
}

/* With any kind of proxy, libcurl resolves only the proxy's name. */
static void
httpFailureSetUnresolved(const HttpFailure *failure, GError **error)
{
    const HttpEndpoint *endpoint = failure->endpoint;

    if (*endpoint->proxy) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_RESOLVE,
                    "the host name of the proxy %s has no address; check its spelling and the DNS",
                    endpoint->proxy);
    } else {
        textToError(error, HTTP_ERROR, HTTP_ERROR_RESOLVE,
                    "the host name '%s' has no address; check its spelling and the DNS",
                    endpoint->host);
    }
}

/* Connecting took too long: no address, no TCP, or no TLS. */
static void
httpFailureSetLate(const HttpFailure *failure, GError **error)
{
    const char *name = failure->endpoint->name;
    double seconds = failure->connectTimeoutMs / 1000.0;

    if (failure->handshaking) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "%s accepted the connection but did not complete the TLS handshake within %g "
                    "s; check that the port serves https", name, seconds);
        return;
    }

    if (*failure->endpoint->proxy) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "no connection to %s through the proxy %s within %g s; check proxy=, and that "
                    "the proxy can reach the host",
                    name, failure->endpoint->proxy, seconds);
        return;
    }

    textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                "%s did not answer within %g s; check the host name, the port, and the firewalls "
                "in between", name, seconds);
}

/* What a proxy means by its answer to CONNECT; NULL: nothing by itself. */
static const char *
httpFailureProxyReason(guint status)
{
    switch (status) {
    case 401:
    case 407:
        return "it demands a login, which this driver does not support";
    case 403:
        return "it forbids connections to this host and port";
    case 502:
        return "it cannot reach the host";
    case 503:
        return "it is overloaded, or cannot reach the host";
    case 504:
        return "it got no answer from the host in time";
    default:
        return NULL;
    }
}

/* No connection: to the proxy, by the proxy, or to the server itself. */
static void
httpFailureSetUnconnected(const HttpFailure *failure, GError **error)
{
    const HttpEndpoint *endpoint = failure->endpoint;
    const char *target = *endpoint->proxy ? endpoint->proxy : endpoint->name;
    const char *kind = *endpoint->proxy ? "the proxy " : "";
    const char *reason = httpFailureProxyReason(failure->proxyStatus);

    if (failure->proxyStatus != 0 && failure->proxyStatus / 100 != 2) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "the proxy %s refused to connect to %s: it answered with HTTP status %u%s%s",
                    endpoint->proxy, endpoint->name, failure->proxyStatus, reason ? "; " : "",
                    reason ? reason : "");
    } else if (*endpoint->proxy && failure->code != CURLE_COULDNT_CONNECT) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "the proxy %s did not connect to %s; check proxy=, and that the proxy can "
                    "reach the host", endpoint->proxy, endpoint->name);
    } else if (failure->systemError == ECONNREFUSED) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "%s%s refused the connection; check the port, and that its service is running",
                    kind, target);
    } else if (failure->systemError != 0) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT, "%s%s cannot be reached: %s",
                    kind, target, fileErrorText(failure->systemError));
    } else {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT, "%s%s cannot be reached", kind, target);
    }
}

static void
httpFailureSetTls(const HttpFailure *failure, GError **error)
{
    const char *name = failure->endpoint->name;

    if (httpFailureMentions(failure, "wrong version number") ||
        httpFailureMentions(failure, "packet length too long") ||
        httpFailureMentions(failure, "http request")) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TLS,
                    "%s does not speak TLS; if it is a plain HTTP server, use transport=http, "
                    "otherwise check the port", name);
    } else if (httpFailureMentions(failure, "unsupported protocol") ||
               httpFailureMentions(failure, "protocol version")) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TLS,
                    "%s offers no safe TLS version; enable TLS 1.2 or newer on it", name);
    } else if (*failure->detail) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TLS, "the TLS handshake with %s failed: %s",
                    name, failure->detail);
    } else {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TLS,
                    "%s broke off the TLS handshake", name);
    }
}

/* The connection was up, the request under way. */
static void
httpFailureSetBroken(const HttpFailure *failure, GError **error)
{
    const char *name = failure->endpoint->name;

    if (failure->replied) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                    "the reply from %s was cut off after %" G_GUINT64_FORMAT " bytes of its body",
                    name, failure->bodyBytes);
    } else {
        textToError(error, HTTP_ERROR, HTTP_ERROR_BROKEN,
                    "%s closed the connection without a reply%s", name,
                    failure->endpoint->tls ? "" : "; check whether it expects https");
    }
}

static void
httpFailureSetTrust(const HttpFailure *failure, GError **error)
{
    g_autofree char *text = httpPeerDescribe(failure->peer, failure->endpoint->name,
                                             failure->endpoint->host);

    g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_TRUST, text);
}

/* The rarer error codes of libcurl. */
static void
httpFailureSetOther(const HttpFailure *failure, GError **error)
{
    if (!failure->sent) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_CONNECT,
                    "the request to %s could not be sent: %s", failure->endpoint->name,
                    curl_easy_strerror(failure->code));
        return;
    }

    textToError(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                "the reply from %s is not valid HTTP: %s", failure->endpoint->name,
                curl_easy_strerror(failure->code));
}

static void
httpFailureSetNotHttp(const HttpFailure *failure, GError **error)
{
    textToError(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL,
                "the reply from %s is not valid HTTP; check the port%s", failure->endpoint->name,
                failure->endpoint->tls ? "" : ", and whether it expects https");
}

/* Selects by libcurl's code. */
static void
httpFailureSetCoded(const HttpFailure *failure, GError **error)
{
    const HttpEndpoint *endpoint = failure->endpoint;

    /* a refused certificate has several codes */
    if (endpoint->tls && failure->peer->failure != X509_V_OK) {
        httpFailureSetTrust(failure, error);
        return;
    }

    switch (failure->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        httpFailureSetUnresolved(failure, error);
        return;
    case CURLE_OPERATION_TIMEDOUT:
        httpFailureSetLate(failure, error);
        return;
    case CURLE_PEER_FAILED_VERIFICATION:
        httpFailureSetTrust(failure, error);
        return;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CERTPROBLEM:
        httpFailureSetTls(failure, error);
        return;
    case CURLE_PROXY:
        httpFailureSetUnconnected(failure, error);
        return;
    case CURLE_UNSUPPORTED_PROTOCOL:        /* HTTP/0.9: libcurl until 8 */
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_OUT_OF_MEMORY:               /* a header line beyond libcurl's own limit: until 8 */
    case CURLE_BAD_CONTENT_ENCODING:
        if (failure->sent) {
            httpFailureSetNotHttp(failure, error);
            return;
        }
        break;
    case CURLE_COULDNT_CONNECT:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_SEND_FAIL_REWIND:            /* noRetry for a source, too: libcurl from 8 on */
    case CURLE_ABORTED_BY_CALLBACK:         /* noRetry: see http_handle.c */
        if (!failure->sent && failure->handshaking)
            httpFailureSetTls(failure, error);
        else if (!failure->sent)
            httpFailureSetUnconnected(failure, error);
        else if (httpFailureMentions(failure, "chunk"))
            httpFailureSetNotHttp(failure, error);
        else
            httpFailureSetBroken(failure, error);
        return;
    default:
        break;
    }

    httpFailureSetOther(failure, error);
}

void
httpFailureSet(const HttpFailure *failure, GError **error)
{
    g_autoptr(GError) local = NULL;

    /* without descriptors, a failed name lookup or CA file is not the cause */
    if (!failure->sent && fileIsShort(failure->systemError))
        httpFailureSetUnconnected(failure, &local);
    else
        httpFailureSetCoded(failure, &local);

    /* libcurl had sent it over a dying connection, and failed to open another to repeat it */
    if (failure->sent && httpErrorIsUnsent(local))
        local->code = HTTP_ERROR_BROKEN;

    g_propagate_error(error, g_steal_pointer(&local));
}

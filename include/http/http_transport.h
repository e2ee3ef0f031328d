/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_wake.h"

/*
 * HTTP floor: one transport per connection to a server, any number of requests at once. A request
 * takes an idle handle (a keep-alive connection) out of the transport's pool, or makes one; while
 * it runs the handle is the caller's alone; then it goes back. So concurrent calls do not wait on
 * each other.
 *
 * The transport is dumb: it knows no SOAP and no session, and repeats a request in one case only
 * (see noRetry). Those live in the vi floor, which sees it through HttpTransport, an interface that
 * tests replace by canned replies.
 */

#define HTTP_ERROR (httpErrorQuark())
GQuark httpErrorQuark(void);

typedef enum {
    HTTP_ERROR_RESOLVE,     /* the server's or the proxy's name has no address */
    HTTP_ERROR_CONNECT,     /* refused, unreachable, too slow to connect: never sent */
    HTTP_ERROR_TIMEOUT,     /* the server went silent, or the whole request took too long */
    HTTP_ERROR_TLS,         /* handshake failed for another reason than trust */
    HTTP_ERROR_TRUST,       /* certificate: unknown CA, wrong host, expired, other thumbprint */
    HTTP_ERROR_PROTOCOL,    /* what came back is not HTTP, or was cut off */
    HTTP_ERROR_BROKEN,      /* the connection broke without a reply to what may have been sent */
    HTTP_ERROR_CANCELLED,   /* the caller's cancel flag was raised */
    HTTP_ERROR_SINK,        /* the sink, or the source, failed but set no error of its own */
    HTTP_ERROR_INVALID,     /* an option or a request that cannot work */
} HttpErrorCode;

/*
 * Whether @error proves that no byte of the request left this process, so that even a request that
 * changes something may be sent again: TRUE for RESOLVE, CONNECT, TLS, TRUST and INVALID. FALSE for
 * every other domain.
 */
gboolean httpErrorIsUnsent(const GError *error);

typedef struct {
    guint status;            /* e.g. 200 */
    gint64 contentLength;    /* as sent; -1 where absent */
    char *contentRange;      /* as sent, "bytes 0-1023/4096"; or NULL */
    char *contentType;       /* as sent, or NULL */
    char *contentEncoding;   /* as sent, or NULL */
    char *setCookie;         /* all Set-Cookie values, one a line, or NULL; a secret */
    char *location;          /* or NULL */
    gboolean reused;         /* the request went over a connection that had served before */
} HttpResponse;

/* Frees what @response points to, erasing the cookie, and zeroes it. */
void httpResponseClear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, httpResponseClear)

/*
 * Gives the body of a request piece by piece, on the calling thread: at most @size bytes into
 * @buffer. It may block (a user who sends slowly); that time counts for no timeout, so it has to
 * watch the cancel flag itself.
 *
 * Returns: how many bytes it gave; 0: that was all; -1 with @error set, which is what the request
 * fails with.
 */
typedef gssize (*HttpSource)(char *buffer, size_t size, gpointer opaque, GError **error);

/* HttpRequest.sourceLength of a body whose end nobody knows beforehand: sent in chunks. */
#define HTTP_LENGTH_UNKNOWN (-1)

typedef struct {
    const char *method;          /* "POST", "GET", "PUT" */
    const char *path;            /* absolute, already percent-encoded: "/sdk" */
    const char *const *headers;  /* NULL-terminated "Name: value" lines, or NULL */
    const char *body;            /* NULL: none */
    size_t bodyLength;
    guint timeoutMs;             /* for the whole request; 0: the transport's default; see below */
    guint quietMs;               /* how long the server may think on top of that; see below */
    gint64 deadline;             /* monotonic, microseconds: it ends then at last; 0: none */
    gint *cancel;                /* atomic; non-zero ends the request soon; or NULL */
    const Wake *wake;            /* raised: ends the request at once; or NULL */
    gboolean noRetry;            /* never send it twice; see below */
    HttpSource source;           /* instead of a body; implies noRetry */
    gpointer sourceOpaque;
    gint64 sourceLength;         /* what the source will give in all, or HTTP_LENGTH_UNKNOWN */
    gboolean streamed;           /* contents may take as long as they take; see below */
} HttpRequest;

/*
 * timeoutMs: who gives one knows how long the server may think, so that long it may also be silent
 * before its reply begins (a rescan). Once the reply has begun, the transport's stall timeout
 * counts.
 *
 * quietMs: for a long poll, where the server was asked to wait: both the silence before its
 * reply begins and the whole request, from its sending, may take that much longer than they might
 * otherwise.
 *
 * noRetry: a server may close a kept-alive connection in the very moment a request goes out on it.
 * Then the transport sends the request again on a new connection, which is right for whatever only
 * reads. With noRetry it does not; the request fails with HTTP_ERROR_BROKEN, because its fate is
 * unknown.
 */

/*
 * source: when the server refuses before it has taken everything (a status of 300 or more), sending
 * stops, and the reply is the result, even if the server breaks the connection behind it (see
 * http_wire.h; without TLS the reply may be lost then: HTTP_ERROR_BROKEN). A source that gives less
 * than sourceLength fails the request with HTTP_ERROR_SINK; it is not asked for more.
 *
 * streamed: for the contents of files. While contents are under way (the source's, or the body of a
 * 2xx reply) the request has no limit but silence (the stall timeout): that no byte of the contents
 * moved, whatever else the server sends. Time spent in the source or the sink does not count. All
 * that is no contents takes at most the transport's total timeout: the header of the reply to a
 * GET, from the beginning; the whole reply to a source, from its last byte; the body of a refusal.
 * timeoutMs is ignored.
 */

/* How long requests may take where nothing else is said. */
#define HTTP_TOTAL_TIMEOUT_MS 300000

/*
 * Receives the (decompressed) body piece by piece, on the calling thread; not called for an empty
 * body. @response has status and headers by then. Returning FALSE with @error set ends the request,
 * and that error is what the request fails with. The transport sets no limit to the body: that is
 * the sink's duty.
 */
typedef gboolean (*HttpSink)(const HttpResponse *response, const char *data, size_t length,
                             gpointer opaque, GError **error);

typedef struct _HttpTransport HttpTransport;

/* Which host it is, by whatever name: the digest of the certificate it has proved to own. */
typedef struct {
    guint8 digest[32];
} HttpIdentity;

gboolean httpIdentityEqual(const HttpIdentity *a, const HttpIdentity *b);

typedef struct {
    gboolean (*perform)(HttpTransport *transport, const HttpRequest *request, HttpSink sink,
                        gpointer opaque, HttpResponse *ret_response, GError **error);
    void (*free)(HttpTransport *transport);
} HttpTransportOps;

struct _HttpTransport {
    const HttpTransportOps *ops;
    guint totalTimeoutMs;        /* of one request; 0: HTTP_TOTAL_TIMEOUT_MS */
    gboolean (*identity)(HttpTransport *transport, HttpIdentity *ret_identity);     /* or NULL */
};

/* How long one request of @transport may take that says nothing else: the user's own timeout. */
guint httpTransportTimeoutMs(const HttpTransport *transport);

/*
 * Sends @request and feeds the reply to @sink (NULL: the body is thrown away). Any status is a
 * success here. Thread-safe. Blocks no longer than the timeouts, and the source and the sink, take;
 * a raised cancel flag ends it within 0.2 s, a raised wake at once; holds no lock while the network
 * is busy. @ret_response is the caller's to clear, and written on success only.
 */
gboolean httpTransportPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink,
                              gpointer opaque, HttpResponse *ret_response, GError **error);

/* Of the host that a request has reached last. Returns: FALSE: none yet, or none has TLS. */
gboolean httpTransportIdentity(HttpTransport *transport, HttpIdentity *ret_identity);

/* Closes all connections. No request may be running. Accepts NULL. */
void httpTransportFree(HttpTransport *transport);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpTransport, httpTransportFree)

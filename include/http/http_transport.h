/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_cancel.h"

/*
 * HTTP floor: one transport per connection to a server, with any number of concurrent requests. A
 * request takes an idle handle (a keep-alive connection) from the transport's pool, or makes one.
 * While it runs, it owns the handle; then it returns it. So concurrent calls do not wait for each
 * other.
 *
 * The transport knows nothing of SOAP and sessions, and repeats a request in one case only (see
 * noRetry). SOAP and sessions belong to the vi floor, which uses HttpTransport, an interface that
 * tests replace with canned replies.
 */

#define HTTP_ERROR (httpErrorQuark())
GQuark httpErrorQuark(void);

typedef enum {
    HTTP_ERROR_RESOLVE,     /* the name of the server or the proxy has no address */
    HTTP_ERROR_CONNECT,     /* refused, unreachable, too slow to connect: never sent */
    HTTP_ERROR_TIMEOUT,     /* the server went silent, or the whole request took too long */
    HTTP_ERROR_TLS,         /* the handshake failed, but not because of trust */
    HTTP_ERROR_TRUST,       /* certificate: unknown CA, wrong host, expired, other thumbprint */
    HTTP_ERROR_PROTOCOL,    /* the reply is not HTTP, or was cut off */
    HTTP_ERROR_BROKEN,      /* the connection broke; it is unknown whether the request arrived */
    HTTP_ERROR_CANCELLED,   /* the caller's cancel flag was raised */
    HTTP_ERROR_SINK,        /* the sink, or the source, failed but set no error of its own */
    HTTP_ERROR_INVALID,     /* an option or a request that cannot work */
} HttpErrorCode;

/*
 * Whether @error proves that no byte of the request left this process, so that even a request that
 * changes something may be sent again: TRUE for RESOLVE, CONNECT, TLS, TRUST and INVALID; FALSE for
 * all other codes and domains.
 */
gboolean httpErrorIsUnsent(const GError *error);

typedef struct {
    guint status;            /* e.g. 200 */
    gint64 contentLength;    /* as sent; -1 if absent */
    char *contentRange;      /* as sent, "bytes 0-1023/4096"; or NULL */
    char *contentType;       /* as sent, or NULL */
    char *contentEncoding;   /* as sent, or NULL */
    char *setCookie;         /* all Set-Cookie values, one a line, or NULL; a secret */
    char *location;          /* or NULL */
    gboolean reused;         /* the request went over a connection that was used before */
} HttpResponse;

/* Frees what @response points to, erasing the cookie, and zeroes it. */
void httpResponseClear(HttpResponse *response);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(HttpResponse, httpResponseClear)

/*
 * Provides the body of a request piece by piece, on the calling thread: at most @size bytes into
 * @buffer. It may block (a client may send slowly). That time counts for no timeout, so it has to
 * watch the cancel flag itself.
 *
 * Returns: how many bytes it provided; 0 at the end; -1 with @error set, which is the error of the
 * request.
 */
typedef gssize (*HttpSource)(char *buffer, size_t size, gpointer opaque, GError **error);

/* HttpRequest.sourceLength of a body of unknown length: it is sent in chunks. */
#define HTTP_LENGTH_UNKNOWN (-1)

typedef struct {
    const char *method;          /* "POST", "GET", "PUT" */
    const char *path;            /* absolute, already percent-encoded: "/sdk" */
    const char *const *headers;  /* NULL-terminated "Name: value" lines, or NULL */
    const char *body;            /* NULL: none */
    size_t bodyLength;
    guint timeoutMs;             /* for the whole request; 0: the transport's default; see below */
    guint quietMs;               /* how much longer the server may be silent; see below */
    gint64 deadline;             /* monotonic, microseconds: it ends then at the latest; 0: none */
    const Cancel *cancel;        /* raised: ends the request at once; or NULL */
    gboolean noRetry;            /* do not send it twice; see below */
    HttpSource source;           /* instead of a body; implies noRetry */
    gpointer sourceOpaque;
    gint64 sourceLength;         /* the source's total, or HTTP_LENGTH_UNKNOWN */
    gboolean streamed;           /* contents have no total time limit; see below */
} HttpRequest;

/*
 * timeoutMs: how long the server may need, for instance for a rescan. It may also be silent that
 * long before its reply begins. After that, the transport's stall timeout applies.
 *
 * quietMs: for a long poll, where the server was asked to wait. Both the silence before its reply
 * begins and the whole request, from its sending, may take this much longer.
 *
 * noRetry: a server may close a kept-alive connection just when a request is sent on it. Then the
 * transport sends the request again on a new connection, which is safe for requests that only read.
 * With noRetry it does not: the request fails with HTTP_ERROR_BROKEN, because its outcome is
 * unknown.
 */

/*
 * source: if the server refuses before it has read everything (a status of 300 or more), sending
 * stops, and the reply is the result, even if the server then breaks the connection (see
 * http_wire.h; without TLS the reply may be lost then: HTTP_ERROR_BROKEN). A source that provides
 * less than sourceLength fails the request with HTTP_ERROR_SINK. It is not asked for more than
 * sourceLength.
 *
 * streamed: for the contents of files. While contents are transferred (those of the source, or the
 * body of a 2xx reply), the only limit is silence (the stall timeout): no byte of the contents
 * moves, whatever else the server sends. Time spent in the source or the sink does not count.
 * Everything else takes at most the transport's total timeout: the header of the reply to a GET,
 * from the beginning; the whole reply to a source, from its last byte; the body of a refusal.
 * timeoutMs is ignored.
 */

/* The default timeouts of requests. */
#define HTTP_TOTAL_TIMEOUT_MS 300000

/*
 * Receives the (decompressed) body piece by piece, on the calling thread; not called for an empty
 * body. @response has status and headers by then. Returning FALSE with @error set ends the request
 * with that error. The transport does not limit the body; the sink must.
 */
typedef gboolean (*HttpSink)(const HttpResponse *response, const char *data, size_t length,
                             gpointer opaque, GError **error);

typedef struct _HttpTransport HttpTransport;

/* Identifies a host, whatever its name: the digest of the certificate that it has proved to own. */
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

/* How long one request of @transport may take by default: the user's timeout. */
guint httpTransportTimeoutMs(const HttpTransport *transport);

/*
 * Sends @request and passes the reply to @sink (NULL: the body is discarded). Any status is a
 * success here. Thread-safe. Blocks at most for the timeouts and the time of the source and the
 * sink, and ends at once when its cancel flag is raised. Holds no lock during network I/O.
 * @ret_response is written on success only; the caller clears it.
 */
gboolean httpTransportPerform(HttpTransport *transport, const HttpRequest *request, HttpSink sink,
                              gpointer opaque, HttpResponse *ret_response, GError **error);

/* Of the host that a request reached last. Returns: FALSE if there is none yet, or without TLS. */
gboolean httpTransportIdentity(HttpTransport *transport, HttpIdentity *ret_identity);

/* Closes all connections. No request may be running. Accepts NULL. */
void httpTransportFree(HttpTransport *transport);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(HttpTransport, httpTransportFree)

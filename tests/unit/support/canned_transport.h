/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"

/*
 * Canned: an HttpTransport that plays scripted replies, for the tests of the floors above http.
 *
 * A script is a queue of exchanges for each VI method. A request takes the first of its method's
 * queue that is left; one that nobody scripted ends the test. What was asked is recorded, so that a
 * test states its budget as one line: cannedAssertLog(canned, "RetrieveServiceContent Login").
 * Thread-safe.
 *
 * An exchange may be held back: its request is recorded, and then waits until the test opens
 * the gate. So a test brings threads to a known place without sleeping. As with the real transport
 * it ends with HTTP_ERROR_CANCELLED when the request's cancel flag is raised meanwhile.
 */
typedef struct _Canned Canned;

typedef struct {
    guint status;               /* 0: 200 */
    const char *contentType;    /* NULL: "text/xml; charset=utf-8"; "": none */
    const char *setCookie;      /* NULL: none; likewise the next */
    const char *location;
    const char *bytes;          /* the whole body; NULL: none */
    GQuark domain;              /* not 0: instead of all that, the request fails with this error */
    gint code;
    gboolean held;              /* waits for cannedOpen() */
    gboolean always;            /* answers as often as it is asked */
    void (*hook)(gpointer);     /* called before the reply, without a lock; NULL: none */
    gpointer hookData;
} CannedExchange;

typedef struct {
    char *method;       /* "Login" */
    char **headers;
    char *path;         /* "/sdk" */
    char *body;
    guint timeoutMs;
    guint quietMs;
    gint64 deadline;
    gboolean noRetry;
    gboolean cancellable;
    const Cancel *cancel; /* the request's own; not to be read but for whether it is the caller's */
} CannedRequest;

Canned *cannedNew(void);

/* Ends the test when exchanges are left that nobody asked for, or the transport was not freed. */
void cannedFree(Canned *canned);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Canned, cannedFree)

/* Returns: (transfer full) the transport, once; @canned must outlive it. */
HttpTransport *cannedTransport(Canned *canned);

/* What one request may take: httpTransportTimeoutMs(). To be set before the transport is lent. */
void cannedSetTimeout(Canned *canned, guint timeoutMs);

/* ---- the script ----------------------------------------------------------------------------- */

void cannedAdd(Canned *canned, const char *method, const CannedExchange *exchange);

/* A reply whose body is <METHODResponse> around @inner; see cannedEnvelope(). */
void cannedReply(Canned *canned, const char *method, const char *inner);

/* The same as often as it is asked for. */
void cannedReplyAlways(Canned *canned, const char *method, const char *inner);

/* HTTP 500 with a fault called @fault (its wire name), and @text as faultstring. */
void cannedFault(Canned *canned, const char *method, const char *fault, const char *text);

/* The request fails with this error. */
void cannedFail(Canned *canned, const char *method, GQuark domain, gint code);

/* The @n-th request from now, the first being 1, gets @instead; what is scripted for it stays. */
void cannedSpoil(Canned *canned, guint n, const CannedExchange *instead);

/* The reply to the @n-th request from now ends behind its first @length bytes. */
void cannedCut(Canned *canned, guint n, size_t length);

/* Returns: (transfer full): a whole reply of @method as ESX writes it, with @inner in it. */
char *cannedEnvelope(const char *method, const char *inner);

/* Returns: (transfer full): likewise a fault. @detail goes into its element; NULL: nothing. */
char *cannedFaultEnvelope(const char *fault, const char *text, const char *detail);

/* Returns: (transfer full): the file tests/data/vi/@name. */
char *cannedData(const char *name);

/* ---- what was asked ------------------------------------------------------------------------- */

/* All methods so far, in their order, with a blank in between, are @methods; forgets them. */
void cannedAssertLog(Canned *canned, const char *methods);

guint cannedCount(Canned *canned, const char *method);

/* Returns: (transfer none) the last request of @method; it must exist. */
const CannedRequest *cannedLast(Canned *canned, const char *method);

/* Returns: (transfer none) the value of the header, or NULL. */
const char *cannedHeader(const CannedRequest *request, const char *name);

/* ---- gates ---------------------------------------------------------------------------------- */

/* Waits until @n requests of @method have come. */
void cannedAwait(Canned *canned, const char *method, guint n);

/* Lets all held exchanges of @method go on, now and later. */
void cannedOpen(Canned *canned, const char *method);

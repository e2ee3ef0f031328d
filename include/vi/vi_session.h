/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"
#include "http_transport.h"
#include "vi_error.h"

/*
 * ViSession: one login at one server. Any number of threads may use it at once. Its one mutex
 * guards the cookie and the generation, and is not held during network I/O.
 *
 * A session expires after some idle minutes, or when the server restarts. The first call that
 * notices renews it: one thread logs in again (the others wait for its outcome), and the generation
 * is incremented. Objects of a session (filters, collectors) belong to the generation in which they
 * were made.
 *
 * The password is kept, locked in memory, for these renewals. A login that the server refused is
 * not tried again: the session is then dead, and each call fails at once, without a request (ESX
 * locks the account after five failures).
 */
typedef struct _ViSession ViSession;

/* Managed objects in the server's ServiceContent. NULL if it has none. */
typedef struct {
    SoapMoRef *rootFolder;
    SoapMoRef *propertyCollector;
    SoapMoRef *sessionManager;
    SoapMoRef *virtualDiskManager;
    SoapMoRef *fileManager;
    SoapMoRef *namespaceManager;    /* DatastoreNamespaceManager, since 5.5 */
} ViServices;

typedef enum {
    VI_PRODUCT_ESX,         /* productLineId esx, embeddedEsx */
    VI_PRODUCT_VPX,         /* vCenter */
    VI_PRODUCT_OTHER,       /* gsx, and future products */
} ViProduct;

typedef struct {
    ViProduct product;
    const char *fullName;       /* "VMware ESXi 8.0.3 build-24674464" */
    const char *version;        /* "8.0.3" */
    const char *apiVersion;     /* "8.0.3.0" */
    const char *productLine;    /* as sent; never NULL */
} ViAbout;

/* Options of one call. All zero: the defaults. */
typedef struct {
    guint64 generation;     /* session generation the call's objects belong to; 0: any */
    guint timeoutMs;        /* 0: the transport's default */
    guint quietMs;          /* how long the server was asked to wait: HttpRequest.quietMs */
    gint64 deadline;        /* monotonic, microseconds: of all its attempts; 0: none */
    const Cancel *cancel;   /* raised: ends the call at once; NULL: that of the session */
    gboolean cancelsLogin;  /* it also ends a renewal, for all waiting threads */
} ViCallOptions;

/*
 * Makes a session and identifies the server (RetrieveServiceContent: 1 request, no login).
 *
 * @transport: (transfer full), also on error.
 * Returns: (transfer full), or NULL with @error.
 */
ViSession *viSessionNew(HttpTransport *transport, GError **error);

/*
 * Logs in (1 request). Call it once.
 *
 * @password: (transfer full), also on error.
 */
gboolean viSessionLogin(ViSession *session, const char *userName, Secret *password, GError **error);

/*
 * Logs out if logged in (1 request, short timeout, outcome ignored). For the end of the process,
 * when other threads may still use the session: their later calls fail, or log in again.
 */
void viSessionLogout(ViSession *session);

/* Logs out, if not done already, and frees. Accepts NULL. No call may be running. */
void viSessionFree(ViSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViSession, viSessionFree)

/* Returns: (transfer none), valid as long as @session. */
const ViAbout *viSessionAbout(const ViSession *session);
const ViServices *viSessionServices(const ViSession *session);

/* The current generation; 0 before Login, 1 after it. */
guint64 viSessionGeneration(ViSession *session);

/* How long one request may take, as set by the user (`timeout`). */
guint viSessionTimeoutMs(const ViSession *session);

/* FALSE once the server has refused to renew the login. */
gboolean viSessionIsUsable(ViSession *session);

/*
 * Logs in again, unless that has happened since generation @stale. Single-flight: a login of
 * another thread is waited for, as long as one request may take, and then HTTP_ERROR_TIMEOUT.
 *
 * @cancel: raised: gives up at once, for all threads that wait for this login. NULL: the session's.
 */
gboolean viSessionRenewUntil(ViSession *session, guint64 stale, const Cancel *cancel,
                             GError **error);

/* The same with the session's flag. */
gboolean viSessionRenew(ViSession *session, guint64 stale, GError **error);

/*
 * @renewed: called after each renewal, on the thread that made it, without a lock: objects of the
 * previous generation no longer exist, and waiting for one of them is useless. NULL: none. Set it
 * while no call is running.
 */
void viSessionSetRenewed(ViSession *session, void (*renewed)(gpointer opaque), gpointer opaque);

/*
 * Called around each Login, also of a renewal, on the thread that logs in and without a lock.
 * @begin may refuse it: then nothing is sent, and @end is not called. @end: @error says how it
 * failed; NULL: it worked.
 */
typedef struct {
    gboolean (*begin)(gpointer opaque, gboolean renews, const Cancel *cancel, GError **error);
    void (*end)(gpointer opaque, const GError *error);
    void (*free)(gpointer opaque);
    gpointer opaque;
} ViLoginGuard;

/* Set it before the login, and once. Its @opaque is freed with the session. */
void viSessionSetGuard(ViSession *session, const ViLoginGuard *guard);

/* Like httpTransportIdentity, for the server. */
gboolean viSessionIdentity(ViSession *session, HttpIdentity *ret_identity);

/*
 * One exchange in the current session, without renewal or replay. VI_ERROR_SESSION_RENEWED if the
 * generation that @options require has ended.
 *
 * @ret_generation: the generation the call ran in, written also on error; may be NULL.
 */
gboolean viSessionExchange(ViSession *session, const SoapMethod *method, gconstpointer args,
                           const ViCallOptions *options, SoapReply **ret_reply,
                           guint64 *ret_generation, GError **error);

/*
 * One request for a file in the current session, without renewal or replay. The session's cookie is
 * sent with it, in addition to @request's headers.
 *
 * @ret_generation: the generation it ran in, written also on error; may be NULL.
 */
gboolean viSessionFetch(ViSession *session, const HttpRequest *request, HttpSink sink,
                        gpointer opaque, HttpResponse *ret_response, guint64 *ret_generation,
                        GError **error);

/*
 * @cancel: ends all calls without their own flag; NULL: none. Requests that clean up (Logout,
 * CancelTask) are sent nevertheless. Set it before the session is shared; it must outlive the
 * session.
 */
void viSessionSetCancel(ViSession *session, const Cancel *cancel);

/* The flag set there, or NULL: for use as a parent. */
const Cancel *viSessionCancel(const ViSession *session);

/* The flag of requests that clean up. Only viSessionEndTidying() raises it. */
const Cancel *viSessionTidyCancel(void);

/*
 * The process can no longer wait for servers: requests that clean up end, and report what they
 * leave. A Logout is still sent.
 */
void viSessionEndTidying(void);

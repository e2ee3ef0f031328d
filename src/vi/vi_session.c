/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* One login at one server: exchange of a request and a reply, login, renewal, logout. */

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "vi_cookie.h"
#include "vi_reply.h"
#include "vi_session.h"
#include "vi_version.h"
#include "vim_types.h"

/* A logout must not wait long for a server that is unreachable. */
#define LOGOUT_TIMEOUT_MS 5000

/* The same while the process ends, with little time for all of its servers. */
#define LOGOUT_AT_END_MS 1000

struct _ViSession {
    HttpTransport *transport;
    SoapReply *content;         /* what the next two point into */
    ViServices services;
    ViAbout about;
    char *soapAction;           /* header line */
    char *userName;
    Secret *password;
    const Cancel *cancel;       /* of calls without their own flag; or NULL */
    void (*onRenewed)(gpointer opaque);     /* NULL: none */
    gpointer onRenewedOpaque;
    ViLoginGuard guard;         /* all NULL: none */

    GMutex lock;                /* guards what follows */
    GCond renewed;              /* renewing became FALSE */
    Secret *cookie;             /* "vmware_soap_session=\"…\"", quotes and all; NULL: none yet */
    guint64 generation;
    gboolean renewing;
    guint64 renewals;           /* attempts that have ended */
    GError *renewError;         /* of the last one that failed */
    gboolean refused;           /* the server no longer accepts the password */
    gboolean left;              /* logged out */
};

/* ---- one exchange --------------------------------------------------------------------------- */

/* Replaces the cookie with @cookie (transfer full); NULL: keeps the old one. */
static void
setCookie(ViSession *session, Secret *cookie)
{
    if (!cookie)
        return;
    secretFree(session->cookie);
    session->cookie = cookie;
}

static void
eraseString(GString *string)
{
    secretErase(string->str);
    g_string_free(string, TRUE);
}

/* transactCall() without the method's name in front of errors. */
static SoapReply *
sendAndDecode(ViSession *session, const SoapMethod *method, gconstpointer args, const char *cookie,
              const ViCallOptions *options, Secret **ret_cookie, GError **error)
{
    const char *headers[] = {
        "Content-Type: text/xml; charset=utf-8", session->soapAction, cookie, NULL
    };
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(method);
    g_autoptr(GString) quote = g_string_new(NULL);
    g_auto(HttpResponse) response = { 0 };
    ViReplySink incoming = { decoder, quote };
    HttpRequest request = { .method = "POST", .path = "/sdk", .headers = headers,
                            .timeoutMs = options->timeoutMs, .quietMs = options->quietMs,
                            .deadline = options->deadline,
                            .cancel = options->cancel ? options->cancel : session->cancel,
                            .noRetry = method->replay == SOAP_REPLAY_ONCE };
    /* Large enough that a request with a password in it is not moved. */
    GString *body = g_string_sized_new(8192);
    SoapReply *reply = NULL;
    gboolean sent;

    if (!soapEncodeRequest(method, args, body, error)) {
        eraseString(body);
        return NULL;
    }

    request.body = body->str;
    request.bodyLength = body->len;
    sent = httpTransportPerform(session->transport, &request, viReplyTake, &incoming, &response,
                                error);
    eraseString(body);
    if (!sent)
        return NULL;

    if (!viReplyIsSoap(&response)) {
        viReplySetNotSoap(&response, quote, error);
        return NULL;
    }
    reply = soapDecoderFinish(decoder, error);
    if (reply && ret_cookie && !viCookieTake(response.setCookie, ret_cookie, error))
        g_clear_pointer(&reply, soapReplyFree);
    return reply;
}

/*
 * Prefixes @error with the method's name, except for network errors, which name the server and are
 * not about the method.
 */
static void
prefixMethod(GError **error, const SoapMethod *method)
{
    if (error && *error && (*error)->domain != HTTP_ERROR)
        textAddToError(error, "%s: ", method->name);
}

/*
 * Sends @method with the cookie header line @cookie (may be NULL) and decodes the reply.
 *
 * @ret_cookie: (transfer full) the cookie in the reply, or NULL; may be NULL.
 */
static SoapReply *
transactCall(ViSession *session, const SoapMethod *method, gconstpointer args, const char *cookie,
             const ViCallOptions *options, Secret **ret_cookie, GError **error)
{
    SoapReply *reply = sendAndDecode(session, method, args, cookie, options, ret_cookie, error);

    if (!reply)
        prefixMethod(error, method);
    return reply;
}

/* Whether the login was refused for good; then @error says so. Called with the lock held. */
static gboolean
lockedIsRefused(const ViSession *session, GError **error)
{
    if (session->refused)
        g_propagate_error(error, g_error_copy(session->renewError));
    return session->refused;
}

gboolean
viSessionExchange(ViSession *session, const SoapMethod *method, gconstpointer args,
                  const ViCallOptions *options, SoapReply **ret_reply, guint64 *ret_generation,
                  GError **error)
{
    gboolean refused;
    SoapReply *reply;
    char *cookie;
    guint64 now;

    g_mutex_lock(&session->lock);
    now = session->generation;
    refused = lockedIsRefused(session, error);
    cookie = viCookieLine(session->cookie);
    g_mutex_unlock(&session->lock);

    if (ret_generation)
        *ret_generation = now;

    if (refused) {
        secretEraseFree(cookie);
        textAddToError(error, "%s: ", method->name);
        return FALSE;
    }
    if (options->generation != 0 && options->generation != now) {
        secretEraseFree(cookie);
        textToError(error, VI_ERROR, VI_ERROR_SESSION_RENEWED,
                    "%s: the session it belongs to has ended", method->name);
        return FALSE;
    }

    reply = transactCall(session, method, args, cookie, options, NULL /* ret_cookie */, error);
    secretEraseFree(cookie);
    if (!reply)
        return FALSE;

    *ret_reply = reply;
    return TRUE;
}

/* ---- files ---------------------------------------------------------------------------------- */

gboolean
viSessionFetch(ViSession *session, const HttpRequest *request, HttpSink sink, gpointer opaque,
               HttpResponse *ret_response, guint64 *ret_generation, GError **error)
{
    g_autofree const char **headers = NULL;
    HttpRequest sent = *request;
    gboolean refused;
    gboolean ok = FALSE;
    char *cookie;

    g_mutex_lock(&session->lock);
    refused = lockedIsRefused(session, error);
    cookie = viCookieLine(session->cookie);
    if (ret_generation)
        *ret_generation = session->generation;
    g_mutex_unlock(&session->lock);

    if (!refused) {
        headers = viCookieBehind(request->headers, cookie);
        sent.headers = headers;
        sent.cancel = request->cancel ? request->cancel : session->cancel;
        ok = httpTransportPerform(session->transport, &sent, sink, opaque, ret_response, error);
    }
    secretEraseFree(cookie);
    return ok;
}

void
viSessionSetCancel(ViSession *session, const Cancel *cancel)
{
    session->cancel = cancel;
}

const Cancel *
viSessionCancel(const ViSession *session)
{
    return session->cancel;
}

/* ---- identifying the server ----------------------------------------------------------------- */

static ViProduct
productOf(const char *line)
{
    if (g_str_equal(line, "esx") || g_str_equal(line, "embeddedEsx"))
        return VI_PRODUCT_ESX;
    return g_str_equal(line, "vpx") ? VI_PRODUCT_VPX : VI_PRODUCT_OTHER;
}

static void
setVersion(ViSession *session, const char *version)
{
    g_free(session->soapAction);
    session->soapAction = g_strdup_printf("SOAPAction: \"urn:vim25/%s\"", version);
}

/* Takes what the driver needs from @content, and refuses a server that lacks any of it. */
static gboolean
readContent(ViSession *session, const VimServiceContent *content, GError **error)
{
    const VimAboutInfo *about = content ? content->about : NULL;
    const char *version;

    if (!about || !content->rootFolder || !content->propertyCollector || !content->sessionManager ||
        !about->apiVersion || !about->productLineId) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "RetrieveServiceContent: the server does not say what it is; it is not an ESX "
                    "host or vCenter");
        return FALSE;
    }

    session->services = (ViServices) {
        .rootFolder = content->rootFolder,
        .propertyCollector = content->propertyCollector,
        .sessionManager = content->sessionManager,
        .virtualDiskManager = content->virtualDiskManager,
        .fileManager = content->fileManager,
        .namespaceManager = content->datastoreNamespaceManager,
    };
    session->about = (ViAbout) {
        .product = productOf(about->productLineId),
        .fullName = about->fullName ? about->fullName : about->productLineId,
        .version = about->version ? about->version : about->apiVersion,
        .apiVersion = about->apiVersion,
        .productLine = about->productLineId,
    };

    version = viVersionFor(about->apiVersion);
    if (!version) {
        textToError(
            error, VI_ERROR, VI_ERROR_NOT_SUPPORTED,
            "the server '%s' speaks version %s of the vSphere API, but %s or newer is needed",
            session->about.fullName, about->apiVersion, VI_VERSION_OLDEST);
        return FALSE;
    }
    setVersion(session, version);
    return TRUE;
}

static gboolean
retrieveContent(ViSession *session, GError **error)
{
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimRetrieveServiceContentRequest args = VIM_INIT(RetrieveServiceContentRequest);
    g_autoptr(SoapReply) reply = NULL;
    const VimRetrieveServiceContentResponse *body;

    args.self = &instance;
    reply = transactCall(session, &vimMethodRetrieveServiceContent, &args, NULL /* cookie */,
                         &(ViCallOptions){ 0 }, &session->cookie, error);
    if (!reply)
        return FALSE;
    if (reply->fault) {
        viErrorSetFault(error, "RetrieveServiceContent", reply->fault);
        return FALSE;
    }

    if (arenaUsed(reply->arena) > LIMIT_KEPT_REPLY) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "RetrieveServiceContent: the server's description of itself takes more than "
                    "%zu KiB", LIMIT_KEPT_REPLY / 1024);
        return FALSE;
    }

    body = (const VimRetrieveServiceContentResponse *)reply->body;
    session->content = g_steal_pointer(&reply);
    return readContent(session, body->returnval, error);
}

ViSession *
viSessionNew(HttpTransport *transport, GError **error)
{
    g_autoptr(ViSession) session = g_new0(ViSession, 1);

    session->transport = transport;
    g_mutex_init(&session->lock);
    g_cond_init(&session->renewed);
    setVersion(session, VI_VERSION_OLDEST);

    if (!retrieveContent(session, error))
        return NULL;
    return g_steal_pointer(&session);
}

const ViAbout *
viSessionAbout(const ViSession *session)
{
    return &session->about;
}

const ViServices *
viSessionServices(const ViSession *session)
{
    return &session->services;
}

/* ---- login, renewal, logout ----------------------------------------------------------------- */

/*
 * One Login. @cookie: header line or NULL. @ret_cookie: (transfer full) the cookie in the reply, or
 * NULL.
 */
static gboolean
sendLogin(ViSession *session, const char *cookie, const Cancel *cancel, Secret **ret_cookie,
          GError **error)
{
    const ViCallOptions options = { .cancel = cancel };
    VimLoginRequest args = VIM_INIT(LoginRequest);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(Secret) handed = NULL;

    args.self = session->services.sessionManager;
    args.userName = session->userName;
    args.password = secretText(session->password);
    args.locale = "en";     /* otherwise fault texts are in the server's language */

    reply = transactCall(session, &vimMethodLogin, &args, cookie, &options, &handed, error);
    if (!reply)
        return FALSE;
    if (reply->fault) {
        viErrorSetFault(error, "Login", reply->fault);
        return FALSE;
    }
    *ret_cookie = g_steal_pointer(&handed);
    return TRUE;
}

/* The same, if the guard permits it. */
static gboolean
loginGuarded(ViSession *session, const char *cookie, const Cancel *cancel, gboolean renews,
             Secret **ret_cookie, GError **error)
{
    const ViLoginGuard *guard = &session->guard;
    GError *local = NULL;

    if (guard->begin && !guard->begin(guard->opaque, renews, cancel, error))
        return FALSE;
    sendLogin(session, cookie, cancel, ret_cookie, &local);
    if (guard->end)
        guard->end(guard->opaque, local);
    if (!local)
        return TRUE;
    g_propagate_error(error, local);
    return FALSE;
}

/*
 * Records the outcome of a login: the cookie and its generation change together. Called with the
 * lock held. @cookie: (transfer full). @error: NULL when it worked.
 */
static void
lockedEndLogin(ViSession *session, Secret *cookie, const GError *error)
{
    g_clear_error(&session->renewError);
    if (!error) {
        setCookie(session, cookie);
        session->generation++;
        return;
    }
    session->renewError = g_error_copy(error);
    session->refused = g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
}

gboolean
viSessionLogin(ViSession *session, const char *userName, Secret *password, GError **error)
{
    g_autoptr(GError) local = NULL;
    Secret *handed = NULL;
    char *cookie;
    gboolean ok;

    session->userName = g_strdup(userName);
    session->password = password;

    /* Old servers send the cookie with the first call and expect it back here. */
    cookie = viCookieLine(session->cookie);
    ok = loginGuarded(session, cookie, NULL /* cancel */, FALSE /* renews */, &handed, &local);
    secretEraseFree(cookie);

    g_mutex_lock(&session->lock);
    lockedEndLogin(session, handed, local);
    g_mutex_unlock(&session->lock);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok;
}

/* Waits for the renewal under way, with the lock held. Returns: whether it succeeded. */
static gboolean
lockedAwaitRenewal(ViSession *session, guint64 stale, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + (gint64)viSessionTimeoutMs(session) * 1000;
    guint64 renewals = session->renewals;
    gboolean inTime = TRUE;

    while (inTime && session->renewing && session->renewals == renewals)
        inTime = g_cond_wait_until(&session->renewed, &session->lock, deadline);

    if (session->generation != stale)
        return TRUE;
    if (session->renewing && session->renewals == renewals) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                    "the session ended, and another request has been logging in again for more "
                    "than %g s without a result", viSessionTimeoutMs(session) / 1000.0);
        return FALSE;
    }
    g_propagate_error(error, g_error_copy(session->renewError));
    return FALSE;
}

/* Records the outcome of a renewal and wakes the threads that wait for it. */
static void
endRenewal(ViSession *session, Secret *cookie, const GError *error)
{
    g_mutex_lock(&session->lock);
    lockedEndLogin(session, cookie, error);
    session->renewing = FALSE;
    session->renewals++;
    g_cond_broadcast(&session->renewed);
    g_mutex_unlock(&session->lock);

    if (!error && session->onRenewed)
        session->onRenewed(session->onRenewedOpaque);
}

gboolean
viSessionRenewUntil(ViSession *session, guint64 stale, const Cancel *cancel, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&session->lock);
    g_autoptr(GError) local = NULL;
    Secret *cookie = NULL;
    gboolean ok;

    if (session->generation != stale)
        return TRUE;
    if (lockedIsRefused(session, error))
        return FALSE;
    if (session->renewing)
        return lockedAwaitRenewal(session, stale, error);

    session->renewing = TRUE;
    g_clear_pointer(&locker, g_mutex_locker_free);

    ok = loginGuarded(session, NULL /* cookie */, cancel, TRUE /* renews */, &cookie, &local);
    if (!ok)
        g_prefix_error(&local, "the session ended and could not be renewed: ");
    endRenewal(session, cookie, local);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&local));
    return ok;
}

gboolean
viSessionRenew(ViSession *session, guint64 stale, GError **error)
{
    return viSessionRenewUntil(session, stale, NULL /* cancel */, error);
}

void
viSessionSetRenewed(ViSession *session, void (*renewed)(gpointer opaque), gpointer opaque)
{
    session->onRenewed = renewed;
    session->onRenewedOpaque = opaque;
}

void
viSessionSetGuard(ViSession *session, const ViLoginGuard *guard)
{
    session->guard = *guard;
}

gboolean
viSessionIdentity(ViSession *session, HttpIdentity *ret_identity)
{
    return httpTransportIdentity(session->transport, ret_identity);
}

guint64
viSessionGeneration(ViSession *session)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&session->lock);

    return session->generation;
}

guint
viSessionTimeoutMs(const ViSession *session)
{
    return httpTransportTimeoutMs(session->transport);
}

gboolean
viSessionIsUsable(ViSession *session)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&session->lock);

    return !session->refused;
}

static void
logoutSession(ViSession *session)
{
    const gboolean ending = cancelIsRaised(session->cancel);
    const ViCallOptions options = {
        .timeoutMs = MIN(ending ? LOGOUT_AT_END_MS : LOGOUT_TIMEOUT_MS,
                         viSessionTimeoutMs(session)),
        .cancel = ending ? cancelNever() : viSessionTidyCancel(),
    };
    VimLogoutRequest args = VIM_INIT(LogoutRequest);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) ignored = NULL;

    args.self = session->services.sessionManager;
    viSessionExchange(session, &vimMethodLogout, &args, &options, &reply, NULL, &ignored);
}

void
viSessionLogout(ViSession *session)
{
    gboolean leaves;

    g_mutex_lock(&session->lock);
    leaves = session->generation > 0 && !session->refused && !session->left;
    session->left = TRUE;
    g_mutex_unlock(&session->lock);
    if (leaves)
        logoutSession(session);
}

void
viSessionFree(ViSession *session)
{
    if (!session)
        return;

    viSessionLogout(session);
    httpTransportFree(session->transport);
    if (session->guard.free)
        session->guard.free(session->guard.opaque);
    secretFree(session->password);
    secretFree(session->cookie);
    soapReplyFree(session->content);
    g_clear_error(&session->renewError);
    g_free(session->userName);
    g_free(session->soapAction);
    g_cond_clear(&session->renewed);
    g_mutex_clear(&session->lock);
    g_free(session);
}

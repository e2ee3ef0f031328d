/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "live_server.h"

#include <stdlib.h>
#include <string.h>

#include "canned_transport.h"
#include "inventory_fixture.h"

/* Nothing in a test takes as long; a thread that waits for more will wait for ever. */
#define PATIENCE_SECONDS 50

/* How often a request that hangs looks whether it was cancelled. */
#define LOOK_MS 2

struct _LiveServer {
    GMutex lock;            /* guards what follows */
    GCond changed;
    GPtrArray *changes;     /* of the world: objectSet elements, the oldest first */
    guint oldest;           /* the first version that is known */
    LiveState state;
    LiveWays ways;
    guint login;            /* number of the present session; 0: it has ended */
    guint logins;
    guint filterLogin;      /* session of the filter; 0: none */
    guint cancels;          /* CancelWaitForUpdates that were heeded */
    guint elapses;
    guint polls;
    gboolean polling;       /* one is under way */
    GString *log;
    GHashTable *counts;
    gboolean freed;
};

typedef struct {
    HttpTransport base;
    LiveServer *server;
} Transport;

/* One request. */
typedef struct {
    const HttpRequest *request;
    char *method;
    guint login;            /* the session it is in; 0: none */
    char *version;
    guint seconds;
} Asked;

/* What becomes of it. */
typedef struct {
    HttpErrorCode code;     /* when failed */
    gboolean failed;
    guint status;
    char *body;
    char *cookie;
} Told;

LiveServer *
liveServerNew(void)
{
    LiveServer *server = g_new0(LiveServer, 1);

    g_mutex_init(&server->lock);
    g_cond_init(&server->changed);
    server->changes = g_ptr_array_new_with_free_func(g_free);
    server->log = g_string_new(NULL);
    server->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return server;
}

void
liveServerFree(LiveServer *server)
{
    if (!server)
        return;

    if (!server->freed)
        g_error("the transport was not freed");
    g_hash_table_unref(server->counts);
    g_string_free(server->log, TRUE);
    g_ptr_array_unref(server->changes);
    g_cond_clear(&server->changed);
    g_mutex_clear(&server->lock);
    g_free(server);
}

/* ---- what comes in --------------------------------------------------------------------------- */

/* Returns: (transfer full) the text of element @name in @body, or NULL. */
static char *
elementOf(const char *body, const char *name)
{
    g_autofree char *open = g_strdup_printf("<%s>", name);
    const char *start = strstr(body, open);

    if (!start)
        return NULL;
    start += strlen(open);
    return g_strndup(start, strcspn(start, "<"));
}

static guint
loginOf(const HttpRequest *request)
{
    static const char prefix[] = "Cookie: vmware_soap_session=";
    const char *const *line;

    for (line = request->headers; line && *line; line++) {
        if (g_str_has_prefix(*line, prefix))
            return (guint)strtoul(*line + strlen(prefix), NULL, 10);
    }
    return 0;
}

static void
askedInit(Asked *asked, const HttpRequest *request)
{
    static const char marker[] = "<soapenv:Body><";
    const char *start = strstr(request->body, marker);
    g_autofree char *seconds = elementOf(request->body, "maxWaitSeconds");

    g_assert_nonnull(start);
    start += strlen(marker);
    *asked = (Asked){
        .request = request,
        .method = g_strndup(start, strcspn(start, " />")),
        .login = loginOf(request),
        .version = elementOf(request->body, "version"),
        .seconds = seconds ? (guint)strtoul(seconds, NULL, 10) : 0,
    };
}

static void
askedClear(Asked *asked)
{
    g_free(asked->method);
    g_free(asked->version);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, askedClear)

/* The word for it in the log. */
static const char *
wordOf(const Asked *asked)
{
    if (g_str_equal(asked->method, "WaitForUpdatesEx"))
        return asked->seconds > 0 ? "Poll" : "Sync";
    if (g_str_equal(asked->method, "CreateFilter"))
        return "Filter";
    if (g_str_equal(asked->method, "CancelWaitForUpdates"))
        return "Cancel";
    return asked->method;
}

static void
lockedRecord(LiveServer *server, const Asked *asked)
{
    const char *word = wordOf(asked);
    guint count = GPOINTER_TO_UINT(g_hash_table_lookup(server->counts, word)) + 1;

    g_string_append_printf(server->log, "%s%s", server->log->len > 0 ? " " : "", word);
    g_hash_table_insert(server->counts, g_strdup(word), GUINT_TO_POINTER(count));
    g_cond_broadcast(&server->changed);
}

/* ---- what goes out --------------------------------------------------------------------------- */

static void
answerFault(Told *told, const char *fault)
{
    told->status = 500;
    told->body = cannedFaultEnvelope(fault, "No.", NULL);
}

static void
answerFailure(Told *told, HttpErrorCode code)
{
    told->failed = TRUE;
    told->code = code;
}

static gboolean
isCancelled(const HttpRequest *request)
{
    return cancelIsRaised(request->cancel);
}

/* Returns: whether the state of the server, or who asks, leaves no room for an answer. */
static gboolean
lockedAnswerState(LiveServer *server, const Asked *asked, gboolean begun, Told *told)
{
    if (isCancelled(asked->request))
        answerFailure(told, HTTP_ERROR_CANCELLED);
    else if (server->state == LIVE_DOWN)
        answerFailure(told, begun ? HTTP_ERROR_BROKEN : HTTP_ERROR_CONNECT);
    else if (server->state == LIVE_SILENT)
        answerFailure(told, HTTP_ERROR_TIMEOUT);
    return told->failed;
}

static void
lockedPause(LiveServer *server, gint64 deadline)
{
    gint64 next = g_get_monotonic_time() + LOOK_MS * G_TIME_SPAN_MILLISECOND;

    if (g_get_monotonic_time() > deadline)
        g_error("a request was under way for %d seconds", PATIENCE_SECONDS);
    g_cond_wait_until(&server->changed, &server->lock, next);
}

static gint64
patience(void)
{
    return g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
}

/* Changes from @version on, as many as fit. */
static void
lockedAnswerChanges(LiveServer *server, guint version, Told *told)
{
    guint end = server->changes->len;
    g_autoptr(GString) objects = g_string_new(NULL);
    g_autofree char *now = NULL;
    guint i;

    if (server->ways.page > 0)
        end = MIN(end, version + server->ways.page);
    for (i = version; i < end; i++)
        g_string_append(objects, g_ptr_array_index(server->changes, i));
    now = g_strdup_printf("%u", end);
    told->body = fixtureUpdateEnvelope(now, server->ways.neverDone || end < server->changes->len,
                                       objects->str);
}

/* ---- waits ----------------------------------------------------------------------------------- */

/* Returns: whether a long poll ends in a way of its own. */
static gboolean
lockedAnswerPollEnd(const LiveServer *server, Told *told)
{
    if (server->ways.refusesPolls)
        answerFault(told, "NotSupported");
    else if (server->ways.breaksPolls)
        answerFailure(told, HTTP_ERROR_BROKEN);
    else if (server->ways.expiresPolls)
        answerFault(told, "NotAuthenticated");
    else if (server->ways.answersAtOnce)
        told->body = cannedEnvelope("WaitForUpdatesEx", "");
    return told->failed || told->body;
}

/* Returns: whether the wait has ended. @cancels, @elapses: as they were when it began. */
static gboolean
lockedAnswerWait(LiveServer *server, const Asked *asked, guint cancels, guint elapses, Told *told)
{
    const guint version = (guint)strtoul(asked->version, NULL, 10);

    if (lockedAnswerState(server, asked, TRUE, told))
        return TRUE;
    if (server->state == LIVE_BLACK_HOLE)
        return FALSE;
    if (asked->login != server->login) {
        if (server->ways.forgetsWaits)
            return FALSE;
        answerFault(told, server->ways.callsOffWaits ? "RequestCanceled" : "NotAuthenticated");
    } else if (server->cancels != cancels) {
        answerFault(told, "RequestCanceled");
    } else if (*asked->version && version < server->oldest) {
        answerFault(told, "InvalidCollectorVersion");
    } else if (server->changes->len > version || server->ways.neverDone) {
        lockedAnswerChanges(server, version, told);
    } else if (server->elapses != elapses) {
        told->body = cannedEnvelope("WaitForUpdatesEx", "");
    }
    return told->failed || told->body;
}

static void
lockedPoll(LiveServer *server, const Asked *asked, Told *told)
{
    const guint cancels = server->cancels;
    const guint elapses = server->elapses;
    const gint64 deadline = patience();

    server->polls++;
    if (lockedAnswerPollEnd(server, told))
        return;
    while (!lockedAnswerWait(server, asked, cancels, elapses, told)) {
        server->polling = TRUE;
        g_cond_broadcast(&server->changed);
        lockedPause(server, deadline);
    }
    server->polling = FALSE;
}

static void
lockedWait(LiveServer *server, const Asked *asked, Told *told)
{
    if (asked->login != server->filterLogin)
        g_error("nobody made a filter in this session");

    if (asked->seconds > 0) {
        lockedPoll(server, asked, told);
        return;
    }
    if (server->ways.cancelsSyncs) {
        server->ways.cancelsSyncs = FALSE;
        answerFault(told, "RequestCanceled");
        return;
    }
    if (!lockedAnswerWait(server, asked, server->cancels, server->elapses, told))
        told->body = cannedEnvelope("WaitForUpdatesEx", "");
}

/* ---- the other methods ----------------------------------------------------------------------- */

static void
lockedLogin(LiveServer *server, Told *told)
{
    if (server->ways.refusesLogin) {
        answerFault(told, "InvalidLogin");
        return;
    }
    server->login = ++server->logins;
    told->body = cannedEnvelope("Login", "<returnval><key>k</key><userName>root</userName>"
                                "<fullName>r</fullName></returnval>");
    told->cookie = g_strdup_printf("vmware_soap_session=%u; Path=/", server->login);
}

static void
lockedCancelWait(LiveServer *server, Told *told)
{
    if (server->ways.failsCancel) {
        answerFailure(told, HTTP_ERROR_TIMEOUT);
        return;
    }
    if (!server->ways.deafToCancel && !server->ways.losesCancel) {
        server->cancels++;
        g_cond_broadcast(&server->changed);
    }
    server->ways.losesCancel = FALSE;
    told->body = cannedEnvelope("CancelWaitForUpdates", "");
}

/* A method that needs a session. */
static void
lockedAnswer(LiveServer *server, const Asked *asked, Told *told)
{
    if (g_str_equal(asked->method, "CreateFilter")) {
        server->filterLogin = asked->login;
        told->body = cannedEnvelope("CreateFilter",
                                    "<returnval type=\"PropertyFilter\">f</returnval>");
    } else if (g_str_equal(asked->method, "WaitForUpdatesEx")) {
        lockedWait(server, asked, told);
    } else if (g_str_equal(asked->method, "CancelWaitForUpdates")) {
        lockedCancelWait(server, told);
    } else if (g_str_equal(asked->method, "CurrentTime")) {
        told->body = cannedEnvelope("CurrentTime",
                                    "<returnval>2026-01-02T03:04:05Z</returnval>");
    } else {
        told->body = cannedEnvelope(asked->method, "");
    }
}

static gboolean
lockedIsHeld(const LiveServer *server, const Asked *asked)
{
    return server->state == LIVE_BLACK_HOLE ||
           (server->ways.holdsLogin && g_str_equal(asked->method, "Login")) ||
           (server->ways.holdsFilter && g_str_equal(asked->method, "CreateFilter")) ||
           (server->ways.holdsSyncs && g_str_equal(wordOf(asked), "Sync"));
}

static void
lockedServe(LiveServer *server, const Asked *asked, Told *told)
{
    const gint64 deadline = patience();

    if (lockedAnswerState(server, asked, FALSE, told))
        return;
    lockedRecord(server, asked);
    while (lockedIsHeld(server, asked)) {
        lockedPause(server, deadline);
        if (lockedAnswerState(server, asked, TRUE, told))
            return;
    }

    if (g_str_equal(asked->method, "RetrieveServiceContent"))
        told->body = cannedData("service-content-8.0.xml");
    else if (g_str_equal(asked->method, "Login"))
        lockedLogin(server, told);
    else if (asked->login == 0 || asked->login != server->login)
        answerFault(told, "NotAuthenticated");
    else
        lockedAnswer(server, asked, told);
}

/* ---- the transport --------------------------------------------------------------------------- */

static gboolean
perform(HttpTransport *transport, const HttpRequest *request, HttpSink sink, gpointer opaque,
        HttpResponse *ret_response, GError **error)
{
    LiveServer *server = ((Transport *)transport)->server;
    g_auto(HttpResponse) response = { 0 };
    g_autofree char *body = NULL;
    g_auto(Asked) asked = { 0 };
    Told told = { 0 };

    askedInit(&asked, request);
    g_mutex_lock(&server->lock);
    lockedServe(server, &asked, &told);
    g_mutex_unlock(&server->lock);

    body = told.body;
    response.setCookie = told.cookie;
    if (told.failed) {
        g_set_error(error, HTTP_ERROR, (gint)told.code, "Scripted trouble with the server.");
        return FALSE;
    }
    response.status = told.status ? told.status : 200;
    response.contentType = g_strdup("text/xml; charset=utf-8");
    if (!sink(&response, body, strlen(body), opaque, error))
        return FALSE;
    *ret_response = response;
    response = (HttpResponse){ 0 };
    return TRUE;
}

static void
transportFree(HttpTransport *transport)
{
    ((Transport *)transport)->server->freed = TRUE;
    g_free(transport);
}

guint liveServerTimeoutMs = 0;

ViSession *
liveServerLogin(LiveServer *server)
{
    static const HttpTransportOps ops = { perform, transportFree };
    Transport *transport = g_new0(Transport, 1);
    g_autoptr(GError) error = NULL;
    ViSession *session = NULL;

    transport->base.ops = &ops;
    transport->base.totalTimeoutMs = liveServerTimeoutMs;
    transport->server = server;
    session = viSessionNew(&transport->base, &error);
    g_assert_no_error(error);
    viSessionLogin(session, "root", secretNew("secret"), &error);
    g_assert_no_error(error);
    liveServerForgetLog(server);
    return session;
}

/* ---- the world ------------------------------------------------------------------------------- */

/* @change: (transfer full). */
static void
addChange(LiveServer *server, char *change)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    g_ptr_array_add(server->changes, change);
    g_cond_broadcast(&server->changed);
}

void
liveServerAdd(LiveServer *server, const char *name)
{
    addChange(server, g_strdup_printf(VMFS("ds-%s", "%s", ""), name, name, name));
}

void
liveServerRemove(LiveServer *server, const char *name)
{
    addChange(server, g_strdup_printf(LEAVE("Datastore", "ds-%s"), name));
}

void
liveServerSetState(LiveServer *server, LiveState state)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    server->state = state;
    g_cond_broadcast(&server->changed);
}

void
liveServerSetWays(LiveServer *server, const LiveWays *ways)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    server->ways = *ways;
}

void
liveServerExpire(LiveServer *server)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    server->login = 0;
    g_cond_broadcast(&server->changed);
}

void
liveServerForget(LiveServer *server)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    g_ptr_array_add(server->changes, g_strdup(ENTER("Folder", "root", "")));
    server->oldest = server->changes->len;
    g_cond_broadcast(&server->changed);
}

void
liveServerElapse(LiveServer *server)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    server->elapses++;
    g_cond_broadcast(&server->changed);
}

/* ---- what was asked -------------------------------------------------------------------------- */

static void
lockedAwaitChange(LiveServer *server, gint64 deadline, const char *what, guint n)
{
    if (!g_cond_wait_until(&server->changed, &server->lock, deadline))
        g_error("waited for %s number %u for %d seconds; so far: %s", what, n, PATIENCE_SECONDS,
                server->log->str);
}

void
liveServerAwaitPoll(LiveServer *server, guint n)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);
    const gint64 deadline = patience();

    while (server->polls < n || !server->polling)
        lockedAwaitChange(server, deadline, "poll", n);
}

guint
liveServerPolls(LiveServer *server)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    return server->polls;
}

guint
liveServerCount(LiveServer *server, const char *word)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    return GPOINTER_TO_UINT(g_hash_table_lookup(server->counts, word));
}

void
liveServerAwait(LiveServer *server, const char *word, guint n)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);
    const gint64 deadline = patience();

    while (GPOINTER_TO_UINT(g_hash_table_lookup(server->counts, word)) < n)
        lockedAwaitChange(server, deadline, word, n);
}

void
liveServerAssertLog(LiveServer *server, const char *log)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    g_assert_cmpstr(server->log->str, ==, log);
    g_string_truncate(server->log, 0);
}

void
liveServerForgetLog(LiveServer *server)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    g_string_truncate(server->log, 0);
}

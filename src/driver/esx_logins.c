/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The table of shared logins. The rules are in esx_logins.h. */

#include "esx_logins.h"

#include "base_limits.h"
#include "base_text.h"
#include "base_thread.h"
#include "http_curl.h"

/* How long the exit of the process waits for the thread of a server. */
#define HALT_TIMEOUT_MS 500

/* And for the logouts of other threads: as long as a logout may take at a process's end. */
#define EXIT_LOGOUTS_MS 1000

/* One login: being opened, used, lingering, or (no longer joinable) being left. */
typedef struct {
    char *key;              /* of the URI */
    char *host;             /* for a guest's login other than the common one; else NULL */
    guint port;
    HttpIdentity identity;  /* of that host, if it is known */
    gboolean hasIdentity;
    char *userName;
    Secret *password;
    EsxServer *server;      /* NULL: being opened, or the open failed */
    GError *error;          /* why it failed */
    gboolean joinable;
    guint users;            /* connections, and threads that wait for the open */
    gint64 leaveAt;         /* if there are none: monotonic */
} EsxLogin;

struct _EsxLogins {
    GMutex lock;            /* guards what follows; taken before a ViSession's */
    EsxRefusals *refusals;
    GPtrArray *all;         /* EsxLogin: all except those that are being freed */
    GCond opened;           /* a login has opened, or failed to */
    GCond wake;             /* for the thread: lingering logins have changed */
    GThread *thread;        /* NULL: none */
    guint leaving;          /* logins that are being logged out, by any thread */
    GCond left;             /* their number has decreased */
    gboolean threadEnded;   /* it no longer takes the lock */
    gboolean ending;        /* nothing lingers any more */
};

EsxLogins *
esxLoginsNew(void)
{
    EsxLogins *logins = g_new0(EsxLogins, 1);

    g_mutex_init(&logins->lock);
    g_cond_init(&logins->opened);
    g_cond_init(&logins->wake);
    g_cond_init(&logins->left);
    logins->all = g_ptr_array_new();
    logins->refusals = esxRefusalsNew();
    return logins;
}

EsxRefusals *
esxLoginsRefusals(EsxLogins *logins)
{
    return logins->refusals;
}

EsxLogins *
esxLoginsDefault(void)
{
    static gsize made;

    if (g_once_init_enter(&made))
        g_once_init_leave(&made, (gsize)esxLoginsNew());
    return (EsxLogins *)made;
}

static void
loginFree(gpointer opaque)
{
    EsxLogin *login = opaque;

    esxServerFree(login->server);
    secretFree(login->password);
    g_clear_error(&login->error);
    g_free(login->key);
    g_free(login->host);
    g_free(login->userName);
    g_free(login);
}

/* ---- finding -------------------------------------------------------------------------------- */

/* A dead session cannot be joined; if it lingers, it need not linger any longer. */
static gboolean
lockedIsJoinable(EsxLogins *logins, EsxLogin *login)
{
    if (login->joinable && login->server && !viSessionIsUsable(login->server->session)) {
        login->joinable = FALSE;
        login->leaveAt = 0;
        g_cond_signal(&logins->wake);
    }
    return login->joinable;
}

/* @password: NULL: any, and any user. */
static EsxLogin *
lockedFind(EsxLogins *logins, const char *key, const char *userName, const Secret *password)
{
    guint i;

    for (i = 0; i < logins->all->len; i++) {
        EsxLogin *login = g_ptr_array_index(logins->all, i);

        if (g_str_equal(login->key, key) &&
            (!password || (g_str_equal(login->userName, userName) &&
                           secretEqual(login->password, password))) &&
            lockedIsJoinable(logins, login))
            return login;
    }
    return NULL;
}

gboolean
esxLoginsKnows(EsxLogins *logins, const EsxUri *uri)
{
    g_autofree char *key = esxUriKey(uri);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);

    return lockedFind(logins, key, NULL /* userName */, NULL /* password */) != NULL;
}

/* ---- joining -------------------------------------------------------------------------------- */

/* Leaves a login that did not open. */
static void
lockedGiveUp(EsxLogins *logins, EsxLogin *login)
{
    if (--login->users > 0)
        return;
    g_ptr_array_remove_fast(logins->all, login);
    loginFree(login);
}

/* How many logins guests have caused at the host of @uri, apart from the common one. */
static guint
lockedCountUncommon(const EsxLogins *logins, const EsxUri *uri, const HttpIdentity *identity)
{
    guint count = 0;
    guint i;

    for (i = 0; i < logins->all->len; i++) {
        const EsxLogin *login = g_ptr_array_index(logins->all, i);

        if (!login->host)
            continue;
        count += (g_str_equal(login->host, uri->host) && login->port == uri->port) ||
                 (identity && login->hasIdentity && httpIdentityEqual(&login->identity, identity));
    }
    return count;
}

/* Whether the number of unused logins is below the limit: a host may not answer logouts. */
static gboolean
lockedHasRoom(const EsxLogins *logins, GError **error)
{
    guint unused = logins->leaving;
    guint i;

    for (i = 0; i < logins->all->len; i++)
        unused += ((const EsxLogin *)g_ptr_array_index(logins->all, i))->users == 0;
    if (unused < LIMIT_UNUSED_LOGINS)
        return TRUE;
    g_set_error(error, VI_ERROR, VI_ERROR_BUSY,
                "%u logins of this process are waiting to be closed, because a host does not "
                "respond; try again later", unused);
    return FALSE;
}

/*
 * Whether another login may be tried; guests must not lock an account, or fill a host with
 * sessions.
 */
static gboolean
lockedAdmitOpening(const EsxLogins *logins, const EsxRefusalKey *key, GError **error)
{
    const EsxUri *uri = key->uri;

    if (!uri->isGuest)
        return TRUE;
    if (!esxRefusalsAdmit(logins->refusals, key, g_get_monotonic_time(), error))
        return FALSE;
    if (!esxUriIsCommon(uri) &&
        lockedCountUncommon(logins, uri, key->identity) >= LIMIT_GUEST_LOGINS) {
        textToError(error, VI_ERROR, VI_ERROR_BUSY,
                    "%d logins to '%s' with their own path=, per_host= or timeouts are in use by "
                    "restricted clients; remove these parameters, or try again later",
                    LIMIT_GUEST_LOGINS, uri->host);
        return FALSE;
    }
    return TRUE;
}

/*
 * Opens @login for all threads that wait for it. The lock is not held, and others may read @login.
 */
static EsxServer *
openLogin(EsxLogins *logins, EsxLogin *login, const EsxUri *uri, EsxLoginsOpener open,
          gpointer opaque, GError **error)
{
    const EsxRefusalKey key = {
        .uri = uri, .identity = login->hasIdentity ? &login->identity : NULL,
        .userName = login->userName, .password = login->password,
    };
    g_autoptr(GError) local = NULL;
    EsxServer *server = open(opaque, &local);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);

    g_cond_broadcast(&logins->opened);
    login->server = server;
    if (server) {
        esxRefusalsForget(logins->refusals, &key);
        return server;
    }

    if (uri->isGuest && g_error_matches(local, VI_ERROR, VI_ERROR_INVALID_LOGIN))
        esxRefusalsAdd(logins->refusals, &key, FALSE /* unknown */, g_get_monotonic_time());
    login->joinable = FALSE;
    login->error = g_error_copy(local);
    lockedGiveUp(logins, login);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static EsxServer *
lockedAwaitOpening(EsxLogins *logins, EsxLogin *login, const EsxUri *uri, GError **error)
{
    const guint timeoutMs = uri->transport.totalTimeoutMs ? uri->transport.totalTimeoutMs
                                                         : HTTP_TOTAL_TIMEOUT_MS;
    const gint64 deadline = g_get_monotonic_time() + (gint64)timeoutMs * 1000;
    gboolean inTime = TRUE;

    while (inTime && !login->server && !login->error)
        inTime = g_cond_wait_until(&logins->opened, &logins->lock, deadline);
    if (login->server)
        return login->server;

    if (login->error)
        g_propagate_error(error, g_error_copy(login->error));
    else
        textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                    "another connection has been logging in to '%s' for %g seconds without a "
                    "result", uri->host, timeoutMs / 1000.0);
    lockedGiveUp(logins, login);
    return NULL;
}

EsxServer *
esxLoginsJoin(EsxLogins *logins, const EsxUri *uri, const HttpIdentity *identity,
              const char *userName, const Secret *password, EsxLoginsOpener open,
              gpointer opaque, GError **error)
{
    const EsxRefusalKey refusal = {
        .uri = uri, .identity = identity, .userName = userName, .password = password,
    };
    g_autofree char *key = esxUriKey(uri);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);
    EsxLogin *login = lockedFind(logins, key, userName, password);

    if (login) {
        login->users++;
        return lockedAwaitOpening(logins, login, uri, error);
    }

    if (!lockedHasRoom(logins, error) || !lockedAdmitOpening(logins, &refusal, error))
        return NULL;

    login = g_new0(EsxLogin, 1);
    login->key = g_steal_pointer(&key);
    login->host = uri->isGuest && !esxUriIsCommon(uri) ? g_strdup(uri->host) : NULL;
    login->port = uri->port;
    login->hasIdentity = identity != NULL;
    if (identity)
        login->identity = *identity;
    login->userName = g_strdup(userName);
    login->password = secretNew(secretText(password));
    login->joinable = TRUE;
    login->users = 1;
    g_ptr_array_add(logins->all, login);
    g_clear_pointer(&locker, g_mutex_locker_free);
    return openLogin(logins, login, uri, open, opaque, error);
}

/* ---- lingering ------------------------------------------------------------------------------ */

/* The unused login that is closest to expiry; NULL: none. */
static EsxLogin *
lockedNextToLeave(EsxLogins *logins)
{
    EsxLogin *next = NULL;
    guint i;

    for (i = 0; i < logins->all->len; i++) {
        EsxLogin *login = g_ptr_array_index(logins->all, i);

        if (login->users == 0 && (!next || login->leaveAt < next->leaveAt))
            next = login;
    }
    return next;
}

static gpointer
logOut(gpointer login)
{
    loginFree(login);
    return NULL;
}

/* Each of several in its own thread: an unreachable server delays only its own logout. */
static void
forEach(GPtrArray *due, GThreadFunc work)
{
    g_autofree GThread **threads = g_new0(GThread *, due->len + 1);
    guint i;

    for (i = 0; i < due->len; i++) {
        if (due->len > 1)
            threads[i] = threadStart("esx-logout", work, g_ptr_array_index(due, i), NULL);
        if (!threads[i])
            work(g_ptr_array_index(due, i));
    }
    for (i = 0; i < due->len; i++) {
        if (threads[i])
            g_thread_join(threads[i]);
    }
}

/* Logs out @due, which are no longer in the table. Releases the lock meanwhile. */
static void
lockedLogOut(EsxLogins *logins, GPtrArray *due)
{
    logins->leaving += due->len;
    g_mutex_unlock(&logins->lock);
    forEach(due, logOut);
    g_mutex_lock(&logins->lock);
    logins->leaving -= due->len;
    g_cond_broadcast(&logins->left);
}

/* Returns: (transfer container) expired logins, which it removes from the table. */
static GPtrArray *
lockedTakeDue(EsxLogins *logins)
{
    const gint64 now = g_get_monotonic_time();
    GPtrArray *due = g_ptr_array_new();
    EsxLogin *next = NULL;

    while (due->len < LIMIT_LINGERING_LOGINS && (next = lockedNextToLeave(logins)) &&
           next->leaveAt <= now) {
        g_ptr_array_remove_fast(logins->all, next);
        g_ptr_array_add(due, next);
    }
    return due;
}

/* The thread esx-linger: logs out expired logins, and ends when none lingers. */
static gpointer
runLingerThread(gpointer opaque)
{
    EsxLogins *logins = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);
    EsxLogin *next = NULL;

    while ((next = lockedNextToLeave(logins))) {
        g_autoptr(GPtrArray) due = lockedTakeDue(logins);

        if (due->len == 0) {
            g_cond_wait_until(&logins->wake, &logins->lock, next->leaveAt);
            continue;
        }
        lockedLogOut(logins, due);
    }
    logins->threadEnded = TRUE;
    return NULL;
}

/* Starts the thread, if possible, or has it check again. */
static void
lockedWakeThread(EsxLogins *logins)
{
    if (logins->thread && !logins->threadEnded) {
        g_cond_signal(&logins->wake);
        return;
    }
    /* It does not take the lock again, so this does not wait long. */
    if (logins->thread)
        g_thread_join(g_steal_pointer(&logins->thread));

    logins->threadEnded = FALSE;
    logins->thread = threadStart("esx-linger", runLingerThread, logins, NULL);
}

static EsxLogin *
lockedFindServer(EsxLogins *logins, const EsxServer *server)
{
    guint i;

    for (i = 0; i < logins->all->len; i++) {
        EsxLogin *login = g_ptr_array_index(logins->all, i);

        if (login->server == server)
            return login;
    }
    return NULL;
}

/* Clients choose how long logins linger, but not how many. */
static void
lockedLimitLingering(EsxLogins *logins)
{
    EsxLogin *first = NULL;
    guint n = 0;
    guint i;

    for (i = 0; i < logins->all->len; i++) {
        EsxLogin *login = g_ptr_array_index(logins->all, i);

        /* Expired logins may wait for the thread. */
        if (login->users > 0 || login->leaveAt == 0)
            continue;
        n++;
        if (!first || login->leaveAt < first->leaveAt)
            first = login;
    }
    if (n > LIMIT_LINGERING_LOGINS)
        first->leaveAt = 0;
}

void
esxLoginsLeave(EsxLogins *logins, EsxServer *server, guint lingerMs)
{
    g_autoptr(GPtrArray) leaving = g_ptr_array_new();
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);
    EsxLogin *login = lockedFindServer(logins, server);

    if (!login || --login->users > 0)
        return;
    if (lingerMs > 0) {
        login->leaveAt = lockedIsJoinable(logins, login)
                             ? g_get_monotonic_time() + (gint64)lingerMs * 1000 : 0;
        lockedLimitLingering(logins);
        /* Without a thread it remains for the next client, or for the flush at the end. */
        if (!logins->ending)
            lockedWakeThread(logins);
        return;
    }

    g_ptr_array_remove_fast(logins->all, login);
    g_ptr_array_add(leaving, login);
    lockedLogOut(logins, leaving);
}

/* ---- the end -------------------------------------------------------------------------------- */

static gpointer
logOutOnly(gpointer login)
{
    esxServerStop(((EsxLogin *)login)->server);
    return NULL;
}

/* Its thread may still be running: the server is not freed. */
static gpointer
haltAndLogOut(gpointer login)
{
    EsxServer *server = ((EsxLogin *)login)->server;

    inventoryStopWithin(server->inventory, HALT_TIMEOUT_MS);
    viSessionLogout(server->session);
    return NULL;
}

/* Returns: (transfer container) the open logins, each with one more user, so that they are kept. */
static GPtrArray *
lockedHoldAll(EsxLogins *logins)
{
    GPtrArray *held = g_ptr_array_new();
    guint i;

    for (i = 0; i < logins->all->len; i++) {
        EsxLogin *login = g_ptr_array_index(logins->all, i);

        if (!login->server)
            continue;
        login->users++;
        g_ptr_array_add(held, login);
    }
    return held;
}

void
esxLoginsFlush(EsxLogins *logins)
{
    g_autoptr(GPtrArray) leaving = g_ptr_array_new();
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);
    GThread *thread = g_steal_pointer(&logins->thread);
    EsxLogin *login = NULL;

    logins->ending = TRUE;
    while ((login = lockedNextToLeave(logins))) {
        g_ptr_array_remove_fast(logins->all, login);
        g_ptr_array_add(leaving, login);
    }
    g_cond_signal(&logins->wake);
    lockedLogOut(logins, leaving);
    g_clear_pointer(&locker, g_mutex_locker_free);

    if (thread)
        g_thread_join(thread);
}

void
esxLoginsStop(EsxLogins *logins)
{
    g_autoptr(GPtrArray) used = NULL;
    guint i;

    esxLoginsFlush(logins);

    g_mutex_lock(&logins->lock);
    used = lockedHoldAll(logins);
    g_mutex_unlock(&logins->lock);

    forEach(used, logOutOnly);
    for (i = 0; i < used->len; i++)
        esxLoginsLeave(logins, ((EsxLogin *)g_ptr_array_index(used, i))->server, 0);
}

void
esxLoginsStopAtExit(EsxLogins *logins)
{
    const gint64 end = g_get_monotonic_time() + EXIT_LOGOUTS_MS * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&logins->lock);
    g_autoptr(GPtrArray) open = lockedHoldAll(logins);
    guint i;

    g_mutex_unlock(&logins->lock);
    forEach(open, haltAndLogOut);
    g_mutex_lock(&logins->lock);

    /* Logins without another user are kept too: freeing them may wait for a thread. */
    for (i = 0; i < open->len; i++)
        ((EsxLogin *)g_ptr_array_index(open, i))->users--;
    while (logins->leaving > 0 && g_cond_wait_until(&logins->left, &logins->lock, end))
        continue;
}

void
esxLoginsFree(EsxLogins *logins)
{
    if (!logins)
        return;

    esxLoginsFlush(logins);
    g_ptr_array_unref(logins->all);
    esxRefusalsFree(logins->refusals);
    g_cond_clear(&logins->left);
    g_cond_clear(&logins->wake);
    g_cond_clear(&logins->opened);
    g_mutex_clear(&logins->lock);
    g_free(logins);
}

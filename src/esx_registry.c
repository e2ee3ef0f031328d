/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Who shares which login. The rules are in esx_registry.h. */

#include "esx_registry.h"

#include "base_limits.h"
#include "base_text.h"
#include "base_thread.h"
#include "http_curl.h"

/* How long the exit of the process waits for the thread of a server. */
#define HALT_TIMEOUT_MS 500

/* And for the logouts of other threads: as long as a logout may take at a process's end. */
#define EXIT_LOGOUTS_MS 1000

/* One login: being opened, used, lingering, or (not joinable any more) being left. */
typedef struct {
    char *key;              /* of the URI */
    char *host;             /* where a guest asked for more than the common login; else NULL */
    guint port;
    HttpIdentity identity;  /* of that host, if it is known */
    gboolean hasIdentity;
    char *userName;
    Secret *password;
    EsxServer *server;      /* NULL: being opened, or that failed */
    GError *error;          /* why it failed */
    gboolean joinable;
    guint users;            /* connections, and who waits for it to open */
    gint64 leaveAt;         /* where there are none: monotonic */
} EsxLogin;

struct _EsxRegistry {
    GMutex lock;            /* guards what follows; taken before a ViSession's */
    EsxRefusals *refusals;
    GPtrArray *logins;      /* EsxLogin, all that there are but for those that are being freed */
    GCond opened;           /* some login has opened, or failed to */
    GCond wake;             /* for the thread: what lingers has changed */
    GThread *thread;        /* NULL: none */
    guint leaving;          /* logins that are being logged out, by any thread */
    GCond left;             /* there are fewer of them */
    gboolean threadEnded;   /* it takes the lock no more */
    gboolean ending;        /* nothing lingers any more */
};

EsxRegistry *
esxRegistryNew(void)
{
    EsxRegistry *registry = g_new0(EsxRegistry, 1);

    g_mutex_init(&registry->lock);
    g_cond_init(&registry->opened);
    g_cond_init(&registry->wake);
    g_cond_init(&registry->left);
    registry->logins = g_ptr_array_new();
    registry->refusals = esxRefusalsNew();
    return registry;
}

EsxRefusals *
esxRegistryRefusals(EsxRegistry *registry)
{
    return registry->refusals;
}

EsxRegistry *
esxRegistryDefault(void)
{
    static gsize made;

    if (g_once_init_enter(&made))
        g_once_init_leave(&made, (gsize)esxRegistryNew());
    return (EsxRegistry *)made;
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

/* A session that is dead is nobody's to join; who lingers with it needs to linger no longer. */
static gboolean
lockedIsJoinable(EsxRegistry *registry, EsxLogin *login)
{
    if (login->joinable && login->server && !viSessionIsUsable(login->server->session)) {
        login->joinable = FALSE;
        login->leaveAt = 0;
        g_cond_signal(&registry->wake);
    }
    return login->joinable;
}

/* @password: NULL: any, and any user. */
static EsxLogin *
lockedFind(EsxRegistry *registry, const char *key, const char *userName, const Secret *password)
{
    guint i;

    for (i = 0; i < registry->logins->len; i++) {
        EsxLogin *login = g_ptr_array_index(registry->logins, i);

        if (g_str_equal(login->key, key) &&
            (!password || (g_str_equal(login->userName, userName) &&
                           secretEqual(login->password, password))) &&
            lockedIsJoinable(registry, login))
            return login;
    }
    return NULL;
}

gboolean
esxRegistryKnows(EsxRegistry *registry, const EsxUri *uri)
{
    g_autofree char *key = esxUriKey(uri);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);

    return lockedFind(registry, key, NULL /* userName */, NULL /* password */) != NULL;
}

/* ---- joining -------------------------------------------------------------------------------- */

/* Leaves a login that did not open. */
static void
lockedGiveUp(EsxRegistry *registry, EsxLogin *login)
{
    if (--login->users > 0)
        return;
    g_ptr_array_remove_fast(registry->logins, login);
    loginFree(login);
}

/* How many logins guests have caused at the host of @uri, besides the common one. */
static guint
lockedCountUncommon(const EsxRegistry *registry, const EsxUri *uri, const HttpIdentity *identity)
{
    guint count = 0;
    guint i;

    for (i = 0; i < registry->logins->len; i++) {
        const EsxLogin *login = g_ptr_array_index(registry->logins, i);

        if (!login->host)
            continue;
        count += (g_str_equal(login->host, uri->host) && login->port == uri->port) ||
                 (identity && login->hasIdentity && httpIdentityEqual(&login->identity, identity));
    }
    return count;
}

/* Whether there are not too many logins that nobody uses: a host may answer no logout. */
static gboolean
lockedHasRoom(const EsxRegistry *registry, GError **error)
{
    guint unused = registry->leaving;
    guint i;

    for (i = 0; i < registry->logins->len; i++)
        unused += ((const EsxLogin *)g_ptr_array_index(registry->logins, i))->users == 0;
    if (unused < LIMIT_UNUSED_LOGINS)
        return TRUE;
    g_set_error(error, VI_ERROR, VI_ERROR_BUSY,
                "%u logins of this process wait for their logouts, which some host does not "
                "answer; try again later", unused);
    return FALSE;
}

/* Whether one more login may be tried for who asks; guests may lock no account, nor fill a host. */
static gboolean
lockedAdmit(const EsxRegistry *registry, const EsxRefusalKey *key, GError **error)
{
    const EsxUri *uri = key->uri;

    if (!uri->isGuest)
        return TRUE;
    if (!esxRefusalsAdmit(registry->refusals, key, g_get_monotonic_time(), error))
        return FALSE;
    if (!esxUriIsCommon(uri) &&
        lockedCountUncommon(registry, uri, key->identity) >= LIMIT_GUEST_LOGINS) {
        textToError(error, VI_ERROR, VI_ERROR_BUSY,
                    "%d logins at '%s' with a path= or time-outs of their own are in use by "
                    "clients that may not choose; leave these parameters out, or try again later",
                    LIMIT_GUEST_LOGINS, uri->host);
        return FALSE;
    }
    return TRUE;
}

/* Opens @login for all who wait for it. The lock is not held, and others may look at @login. */
static EsxServer *
openLogin(EsxRegistry *registry, EsxLogin *login, const EsxUri *uri, EsxRegistryOpener open,
          gpointer opaque, GError **error)
{
    const EsxRefusalKey key = {
        .uri = uri, .identity = login->hasIdentity ? &login->identity : NULL,
        .userName = login->userName, .password = login->password,
    };
    g_autoptr(GError) local = NULL;
    EsxServer *server = open(opaque, &local);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);

    g_cond_broadcast(&registry->opened);
    login->server = server;
    if (server) {
        esxRefusalsForget(registry->refusals, &key);
        return server;
    }

    if (uri->isGuest && g_error_matches(local, VI_ERROR, VI_ERROR_INVALID_LOGIN))
        esxRefusalsAdd(registry->refusals, &key, FALSE /* unknown */, g_get_monotonic_time());
    login->joinable = FALSE;
    login->error = g_error_copy(local);
    lockedGiveUp(registry, login);
    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

static EsxServer *
lockedAwaitOpening(EsxRegistry *registry, EsxLogin *login, const EsxUri *uri, GError **error)
{
    const guint timeoutMs = uri->totalTimeoutMs ? uri->totalTimeoutMs : HTTP_TOTAL_TIMEOUT_MS;
    const gint64 deadline = g_get_monotonic_time() + (gint64)timeoutMs * 1000;
    gboolean inTime = TRUE;

    while (inTime && !login->server && !login->error)
        inTime = g_cond_wait_until(&registry->opened, &registry->lock, deadline);
    if (login->server)
        return login->server;

    if (login->error)
        g_propagate_error(error, g_error_copy(login->error));
    else
        textToError(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT,
                    "another connection has been logging in at '%s' for %g seconds without an "
                    "outcome", uri->host, timeoutMs / 1000.0);
    lockedGiveUp(registry, login);
    return NULL;
}

EsxServer *
esxRegistryJoin(EsxRegistry *registry, const EsxUri *uri, const HttpIdentity *identity,
                const char *userName, const Secret *password, EsxRegistryOpener open,
                gpointer opaque, GError **error)
{
    const EsxRefusalKey refusal = {
        .uri = uri, .identity = identity, .userName = userName, .password = password,
    };
    g_autofree char *key = esxUriKey(uri);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);
    EsxLogin *login = lockedFind(registry, key, userName, password);

    if (login) {
        login->users++;
        return lockedAwaitOpening(registry, login, uri, error);
    }

    if (!lockedHasRoom(registry, error) || !lockedAdmit(registry, &refusal, error))
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
    g_ptr_array_add(registry->logins, login);
    g_clear_pointer(&locker, g_mutex_locker_free);
    return openLogin(registry, login, uri, open, opaque, error);
}

/* ---- lingering ------------------------------------------------------------------------------ */

/* Of those that nobody uses, the one whose time comes first; NULL: none. */
static EsxLogin *
lockedNextToLeave(EsxRegistry *registry)
{
    EsxLogin *next = NULL;
    guint i;

    for (i = 0; i < registry->logins->len; i++) {
        EsxLogin *login = g_ptr_array_index(registry->logins, i);

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

/* Each of several in a thread of its own: a server that is gone holds up its own logout only. */
static void
forEach(GPtrArray *logins, GThreadFunc work)
{
    g_autofree GThread **threads = g_new0(GThread *, logins->len + 1);
    guint i;

    for (i = 0; i < logins->len; i++) {
        if (logins->len > 1)
            threads[i] = threadStart("esx-logout", work, g_ptr_array_index(logins, i), NULL);
        if (!threads[i])
            work(g_ptr_array_index(logins, i));
    }
    for (i = 0; i < logins->len; i++) {
        if (threads[i])
            g_thread_join(threads[i]);
    }
}

/* Logs @logins out, which the table has no longer. The lock is not held meanwhile. */
static void
lockedLogOut(EsxRegistry *registry, GPtrArray *logins)
{
    registry->leaving += logins->len;
    g_mutex_unlock(&registry->lock);
    forEach(logins, logOut);
    g_mutex_lock(&registry->lock);
    registry->leaving -= logins->len;
    g_cond_broadcast(&registry->left);
}

/* Returns: (transfer container) those whose time has come, which are the registry's no longer. */
static GPtrArray *
lockedTakeDue(EsxRegistry *registry)
{
    const gint64 now = g_get_monotonic_time();
    GPtrArray *due = g_ptr_array_new();
    EsxLogin *next = NULL;

    while (due->len < ESX_REGISTRY_LINGERING && (next = lockedNextToLeave(registry)) &&
           next->leaveAt <= now) {
        g_ptr_array_remove_fast(registry->logins, next);
        g_ptr_array_add(due, next);
    }
    return due;
}

/* The thread esx-linger: logs out what nobody came for, and ends when nothing lingers. */
static gpointer
linger(gpointer opaque)
{
    EsxRegistry *registry = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);
    EsxLogin *next = NULL;

    while ((next = lockedNextToLeave(registry))) {
        g_autoptr(GPtrArray) due = lockedTakeDue(registry);

        if (due->len == 0) {
            g_cond_wait_until(&registry->wake, &registry->lock, next->leaveAt);
            continue;
        }
        lockedLogOut(registry, due);
    }
    registry->threadEnded = TRUE;
    return NULL;
}

/* Makes sure that the thread is there and looks again, if one can be started. */
static void
lockedWakeThread(EsxRegistry *registry)
{
    if (registry->thread && !registry->threadEnded) {
        g_cond_signal(&registry->wake);
        return;
    }
    /* It has released the lock for good: there is nothing to wait for. */
    if (registry->thread)
        g_thread_join(g_steal_pointer(&registry->thread));

    registry->threadEnded = FALSE;
    registry->thread = threadStart("esx-linger", linger, registry, NULL);
}

static EsxLogin *
lockedFindServer(EsxRegistry *registry, const EsxServer *server)
{
    guint i;

    for (i = 0; i < registry->logins->len; i++) {
        EsxLogin *login = g_ptr_array_index(registry->logins, i);

        if (login->server == server)
            return login;
    }
    return NULL;
}

/* How long they linger is for clients to choose, how many is not. */
static void
lockedLimitLingering(EsxRegistry *registry)
{
    EsxLogin *first = NULL;
    guint n = 0;
    guint i;

    for (i = 0; i < registry->logins->len; i++) {
        EsxLogin *login = g_ptr_array_index(registry->logins, i);

        /* Those whose time has come may wait for the thread. */
        if (login->users > 0 || login->leaveAt == 0)
            continue;
        n++;
        if (!first || login->leaveAt < first->leaveAt)
            first = login;
    }
    if (n > ESX_REGISTRY_LINGERING)
        first->leaveAt = 0;
}

void
esxRegistryLeave(EsxRegistry *registry, EsxServer *server, guint lingerMs)
{
    g_autoptr(GPtrArray) leaving = g_ptr_array_new();
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);
    EsxLogin *login = lockedFindServer(registry, server);

    if (!login || --login->users > 0)
        return;
    if (lingerMs > 0) {
        login->leaveAt = lockedIsJoinable(registry, login)
                             ? g_get_monotonic_time() + (gint64)lingerMs * 1000 : 0;
        lockedLimitLingering(registry);
        /* Without a thread it stays for the next one, or for the flush at the end. */
        if (!registry->ending)
            lockedWakeThread(registry);
        return;
    }

    g_ptr_array_remove_fast(registry->logins, login);
    g_ptr_array_add(leaving, login);
    lockedLogOut(registry, leaving);
}

/* ---- the end -------------------------------------------------------------------------------- */

static gpointer
logOutOnly(gpointer login)
{
    esxServerEnd(((EsxLogin *)login)->server);
    return NULL;
}

/* Its thread may be left to itself: the server stays. */
static gpointer
haltAndLogOut(gpointer login)
{
    EsxServer *server = ((EsxLogin *)login)->server;

    inventoryHalt(server->inventory, HALT_TIMEOUT_MS);
    viSessionLogout(server->session);
    return NULL;
}

/* Returns: (transfer container) those that are open, with one user more: they stay meanwhile. */
static GPtrArray *
lockedHoldAll(EsxRegistry *registry)
{
    GPtrArray *held = g_ptr_array_new();
    guint i;

    for (i = 0; i < registry->logins->len; i++) {
        EsxLogin *login = g_ptr_array_index(registry->logins, i);

        if (!login->server)
            continue;
        login->users++;
        g_ptr_array_add(held, login);
    }
    return held;
}

void
esxRegistryFlush(EsxRegistry *registry)
{
    g_autoptr(GPtrArray) leaving = g_ptr_array_new();
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);
    GThread *thread = g_steal_pointer(&registry->thread);
    EsxLogin *login = NULL;

    registry->ending = TRUE;
    while ((login = lockedNextToLeave(registry))) {
        g_ptr_array_remove_fast(registry->logins, login);
        g_ptr_array_add(leaving, login);
    }
    g_cond_signal(&registry->wake);
    lockedLogOut(registry, leaving);
    g_clear_pointer(&locker, g_mutex_locker_free);

    if (thread)
        g_thread_join(thread);
}

void
esxRegistryEnd(EsxRegistry *registry)
{
    g_autoptr(GPtrArray) used = NULL;
    guint i;

    esxRegistryFlush(registry);

    g_mutex_lock(&registry->lock);
    used = lockedHoldAll(registry);
    g_mutex_unlock(&registry->lock);

    forEach(used, logOutOnly);
    for (i = 0; i < used->len; i++)
        esxRegistryLeave(registry, ((EsxLogin *)g_ptr_array_index(used, i))->server, 0);
}

void
esxRegistryExit(EsxRegistry *registry)
{
    const gint64 end = g_get_monotonic_time() + EXIT_LOGOUTS_MS * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registry->lock);
    g_autoptr(GPtrArray) open = lockedHoldAll(registry);
    guint i;

    g_mutex_unlock(&registry->lock);
    forEach(open, haltAndLogOut);
    g_mutex_lock(&registry->lock);

    /* Also those that have no other user by now stay: freeing them may wait for a thread. */
    for (i = 0; i < open->len; i++)
        ((EsxLogin *)g_ptr_array_index(open, i))->users--;
    while (registry->leaving > 0 && g_cond_wait_until(&registry->left, &registry->lock, end))
        continue;
}

void
esxRegistryFree(EsxRegistry *registry)
{
    if (!registry)
        return;

    esxRegistryFlush(registry);
    g_ptr_array_unref(registry->logins);
    esxRefusalsFree(registry->refusals);
    g_cond_clear(&registry->left);
    g_cond_clear(&registry->wake);
    g_cond_clear(&registry->opened);
    g_mutex_clear(&registry->lock);
    g_free(registry);
}

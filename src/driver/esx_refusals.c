/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_refusals.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"

/* How often a login that waits for its turn checks whether it was cancelled. */
#define LOOK_US (50 * G_TIME_SPAN_MILLISECOND)

typedef struct {
    char *host;
    guint port;
    HttpIdentity identity;
    gboolean hasIdentity;
    char *userName;
    Secret *password;
    gint64 since;
    gboolean unknown;       /* whether it was refused is unknown */
    gboolean running;       /* it is being tried */
} EsxRefusal;

struct _EsxRefusals {
    GMutex lock;            /* guards what follows */
    GCond ended;            /* a login has ended */
    GPtrArray *list;        /* EsxRefusal, the oldest first */
    GPtrArray *running;     /* EsxRefusal, of logins that are being tried */
};

static void
refusalFree(gpointer opaque)
{
    EsxRefusal *refusal = opaque;

    g_free(refusal->host);
    g_free(refusal->userName);
    secretFree(refusal->password);
    g_free(refusal);
}

static EsxRefusal *
refusalNew(const EsxRefusalKey *key)
{
    EsxRefusal *refusal = g_new0(EsxRefusal, 1);

    refusal->host = g_strdup(key->uri->host);
    refusal->port = key->uri->port;
    refusal->hasIdentity = key->identity != NULL;
    if (key->identity)
        refusal->identity = *key->identity;
    refusal->userName = g_strdup(key->userName);
    refusal->password = secretNew(secretText(key->password));
    return refusal;
}

EsxRefusals *
esxRefusalsNew(void)
{
    EsxRefusals *refusals = g_new0(EsxRefusals, 1);

    g_mutex_init(&refusals->lock);
    g_cond_init(&refusals->ended);
    refusals->list = g_ptr_array_new_with_free_func(refusalFree);
    refusals->running = g_ptr_array_new_with_free_func(refusalFree);
    return refusals;
}

void
esxRefusalsFree(EsxRefusals *refusals)
{
    if (!refusals)
        return;
    g_ptr_array_unref(refusals->list);
    g_ptr_array_unref(refusals->running);
    g_cond_clear(&refusals->ended);
    g_mutex_clear(&refusals->lock);
    g_free(refusals);
}

/* Whether @refusal is of the user of @key at its host. */
static gboolean
isOfUser(const EsxRefusal *refusal, const EsxRefusalKey *key)
{
    const gboolean isName = g_str_equal(refusal->host, key->uri->host) &&
                            refusal->port == key->uri->port;
    const gboolean isHost = refusal->hasIdentity && key->identity &&
                            httpIdentityEqual(&refusal->identity, key->identity);

    return (isName || isHost) && g_str_equal(refusal->userName, key->userName);
}

static gboolean
isSameRefusal(const EsxRefusal *refusal, const EsxRefusalKey *key)
{
    return isOfUser(refusal, key) && secretEqual(refusal->password, key->password);
}

/* @all: also other passwords of the user. */
static void
lockedForget(EsxRefusals *refusals, const EsxRefusalKey *key, gboolean all)
{
    guint i = refusals->list->len;

    while (i-- > 0) {
        const EsxRefusal *refusal = g_ptr_array_index(refusals->list, i);

        if (all ? isOfUser(refusal, key) : isSameRefusal(refusal, key))
            g_ptr_array_remove_index(refusals->list, i);
    }
}

void
esxRefusalsForget(EsxRefusals *refusals, const EsxRefusalKey *key)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&refusals->lock);

    lockedForget(refusals, key, FALSE /* all */);
}

static gboolean
isFresh(const EsxRefusal *refusal, gint64 now)
{
    return now - refusal->since < (gint64)LIMIT_REFUSED_MS * G_TIME_SPAN_MILLISECOND;
}

/* An existing entry of @key is not prolonged. */
static gboolean
lockedHas(const EsxRefusals *refusals, const EsxRefusalKey *key, gint64 now)
{
    guint i;

    for (i = 0; i < refusals->list->len; i++) {
        const EsxRefusal *refusal = g_ptr_array_index(refusals->list, i);

        if (!refusal->unknown && isFresh(refusal, now) && isSameRefusal(refusal, key))
            return TRUE;
    }
    return FALSE;
}

static void
lockedAdd(EsxRefusals *refusals, const EsxRefusalKey *key, gboolean unknown, gint64 now)
{
    EsxRefusal *refusal = NULL;

    if (lockedHas(refusals, key, now))
        return;
    if (refusals->list->len >= LIMIT_REFUSED)
        g_ptr_array_remove_index(refusals->list, 0);
    refusal = refusalNew(key);
    refusal->unknown = unknown;
    refusal->since = now;
    g_ptr_array_add(refusals->list, refusal);
}

void
esxRefusalsAdd(EsxRefusals *refusals, const EsxRefusalKey *key, gboolean unknown, gint64 now)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&refusals->lock);

    lockedAdd(refusals, key, unknown, now);
}

/* ---- whether a login may be tried ----------------------------------------------------------- */

#define WAY_OUT "it is not tried again for %d minutes unless auth.conf is corrected or a client " \
                "with more rights logs in"

/* Returns: FALSE. @refusal: has the host name that was used. */
static gboolean
setLoginRefused(const EsxRefusal *refusal, const EsxRefusalKey *key, GError **error)
{
    const int minutes = LIMIT_REFUSED_MS / 60000;

    if (g_str_equal(refusal->host, key->uri->host))
        textToError(error, VI_ERROR, VI_ERROR_NOT_TRIED,
                    "'%s' has refused the password for '%s' in the daemon's auth.conf; because "
                    "hosts lock accounts, " WAY_OUT, key->uri->host, key->userName, minutes);
    else
        textToError(error, VI_ERROR, VI_ERROR_NOT_TRIED,
                    "'%s' is the host '%s' (it has the same certificate), which has refused the "
                    "password for '%s' in the daemon's auth.conf; because hosts lock accounts, "
                    WAY_OUT, key->uri->host, refusal->host, key->userName, minutes);
    return FALSE;
}

/* @isGuest: other passwords of the user, and logins without an outcome, count as well. */
static gboolean
lockedAdmitLogin(const EsxRefusals *refusals, const EsxRefusalKey *key, gboolean isGuest,
                 gint64 now, GError **error)
{
    guint count = 0;
    guint i;

    for (i = 0; i < refusals->list->len; i++) {
        const EsxRefusal *refusal = g_ptr_array_index(refusals->list, i);

        if (!isFresh(refusal, now) || !isOfUser(refusal, key))
            continue;
        if (!refusal->unknown && secretEqual(refusal->password, key->password))
            return setLoginRefused(refusal, key, error);
        count++;
    }
    if (!isGuest || count < LIMIT_REFUSED_USER)
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_NOT_TRIED,
                "%u logins at '%s' as '%s' were refused or had no result; because hosts lock "
                "accounts, no other login is tried for %d minutes unless a client with more "
                "rights logs in",
                count, key->uri->host, key->userName, LIMIT_REFUSED_MS / 60000);
    return FALSE;
}

gboolean
esxRefusalsAdmit(EsxRefusals *refusals, const EsxRefusalKey *key, gint64 now, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&refusals->lock);

    return lockedAdmitLogin(refusals, key, TRUE /* isGuest */, now, error);
}

/* ---- before each login ---------------------------------------------------------------------- */

/* The guard of one session. */
typedef struct {
    EsxRefusals *refusals;
    ViSession *session;
    EsxUri uri;                 /* only host and port */
    char *userName;
    Secret *password;
    gboolean isGuest;
    gboolean isShort;           /* a guest has chosen how long the host may take */

    /* Of the login being tried: a session has one at a time. */
    HttpIdentity identity;
    gboolean hasIdentity;
    EsxRefusal *running;        /* NULL: not counted */
} Guard;

static EsxRefusalKey
keyOf(const Guard *guard)
{
    return (EsxRefusalKey){
        .uri = &guard->uri, .identity = guard->hasIdentity ? &guard->identity : NULL,
        .userName = guard->userName, .password = guard->password,
    };
}

static gboolean
lockedIsRunning(const EsxRefusals *refusals, const EsxRefusalKey *key)
{
    guint i;

    for (i = 0; i < refusals->running->len; i++) {
        if (isOfUser(g_ptr_array_index(refusals->running, i), key))
            return TRUE;
    }
    return FALSE;
}

/* Waits until no other login of the user at the host is under way. */
static gboolean
lockedAwaitTurn(EsxRefusals *refusals, const EsxRefusalKey *key, const Cancel *cancel,
                GError **error)
{
    const gint64 end = g_get_monotonic_time() + LIMIT_LOGIN_TURN_MS * G_TIME_SPAN_MILLISECOND;

    while (lockedIsRunning(refusals, key)) {
        gint64 now = g_get_monotonic_time();

        if (now >= end || cancelIsRaised(cancel)) {
            textToError(error, VI_ERROR, VI_ERROR_BUSY,
                        "another login at '%s' as '%s' is in progress and has no result yet; try "
                        "again later", key->uri->host, key->userName);
            return FALSE;
        }
        g_cond_wait_until(&refusals->ended, &refusals->lock, MIN(end, now + LOOK_US));
    }
    return TRUE;
}

/* ViLoginGuard.begin */
static gboolean
guardBegin(gpointer opaque, gboolean renews, const Cancel *cancel, GError **error)
{
    Guard *guard = opaque;
    EsxRefusals *refusals = guard->refusals;
    g_autoptr(GMutexLocker) locker = NULL;
    EsxRefusalKey key;

    guard->hasIdentity = viSessionIdentity(guard->session, &guard->identity);
    if (!guard->isGuest && !renews)
        return TRUE;

    key = keyOf(guard);
    locker = g_mutex_locker_new(&refusals->lock);
    if (!lockedAwaitTurn(refusals, &key, cancel, error) ||
        !lockedAdmitLogin(refusals, &key, guard->isGuest, g_get_monotonic_time(), error))
        return FALSE;
    guard->running = refusalNew(&key);
    g_ptr_array_add(refusals->running, guard->running);
    return TRUE;
}

/*
 * Whether a guest may have hidden the outcome with a short timeout: a host delays its reply to a
 * wrong password. Clients cannot cause a broken connection.
 */
static gboolean
isGivenUp(const Guard *guard, const GError *error)
{
    return guard->isShort && (g_error_matches(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT) ||
                              g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED));
}

/* ViLoginGuard.end */
static void
guardEnd(gpointer opaque, const GError *error)
{
    Guard *guard = opaque;
    EsxRefusals *refusals = guard->refusals;
    EsxRefusalKey key = keyOf(guard);
    const gboolean isRefused = g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&refusals->lock);

    if (!error)
        lockedForget(refusals, &key, !guard->isGuest);
    else if (guard->running && (isRefused || isGivenUp(guard, error)))
        lockedAdd(refusals, &key, !isRefused, g_get_monotonic_time());
    if (guard->running)
        g_ptr_array_remove(refusals->running, g_steal_pointer(&guard->running));
    g_cond_broadcast(&refusals->ended);
}

static void
guardFree(gpointer opaque)
{
    Guard *guard = opaque;

    g_free(guard->uri.host);
    g_free(guard->userName);
    secretFree(guard->password);
    g_free(guard);
}

void
esxRefusalsGuard(EsxRefusals *refusals, ViSession *session, const EsxUri *uri,
                 const char *userName, const Secret *password)
{
    Guard *guard = g_new0(Guard, 1);

    guard->refusals = refusals;
    guard->session = session;
    guard->uri.host = g_strdup(uri->host);
    guard->uri.port = uri->port;
    guard->userName = g_strdup(userName);
    guard->password = secretNew(secretText(password));
    guard->isGuest = uri->isGuest;
    guard->isShort = uri->isGuest && !esxUriIsCommon(uri);
    viSessionSetGuard(session, &(ViLoginGuard){ guardBegin, guardEnd, guardFree, guard });
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Which volumes are being changed by this process. */

#include "esx_claim.h"

#include "base_limits.h"
#include "base_places.h"
#include "base_text.h"
#include "esx_error.h"
#include "http_transport.h"

/* How often a waiting thread checks flags that are not signalled. */
#define LOOK_US (50 * 1000)

typedef struct {
    char *key;
    char *path;             /* for messages */
    gboolean shared;
} Held;

struct _EsxClaim {
    const char *what;
    gint64 since;           /* real time, seconds */
    Held *held;
    size_t nheld;
    gboolean slow;          /* guarded by the lock, like the next */
    const Cancel *givenUp;
};

static GMutex claimsLock;   /* guards what follows */
static GCond changed;       /* a claim ended, or is no longer slow */
static GQueue claims = G_QUEUE_INIT;
static guint64 epoch;

/* ---- objects of claims ----------------------------------------------------------------------- */

static void
heldInit(Held *held, const EsxClaimOn *on)
{
    on->key(on->pool, on->name, &held->key, &held->path);
    held->shared = on->shared;
}

static EsxClaim *
newClaim(const char *what, const EsxClaimOn *on, size_t n)
{
    EsxClaim *claim = g_new0(EsxClaim, 1);
    size_t i;

    claim->what = what;
    claim->since = g_get_real_time() / G_USEC_PER_SEC;
    claim->held = g_new0(Held, n);
    claim->nheld = n;
    for (i = 0; i < n; i++)
        heldInit(&claim->held[i], &on[i]);
    return claim;
}

static void
claimClear(EsxClaim *claim)
{
    size_t i;

    for (i = 0; i < claim->nheld; i++) {
        g_free(claim->held[i].key);
        g_free(claim->held[i].path);
    }
    g_free(claim->held);
    g_free(claim);
}

/* ---- conflicts ------------------------------------------------------------------------------- */

/* Returns: the part of @wanted that conflicts with @other; NULL: none. */
static const Held *
findCrossing(const EsxClaim *wanted, const EsxClaim *other)
{
    size_t i, j;

    for (i = 0; i < wanted->nheld; i++) {
        for (j = 0; j < other->nheld; j++) {
            if (!(wanted->held[i].shared && other->held[j].shared) &&
                g_str_equal(wanted->held[i].key, other->held[j].key))
                return &wanted->held[i];
        }
    }
    return NULL;
}

static EsxClaim *
lockedMeet(const EsxClaim *wanted, const Held **ret_held)
{
    GList *link;

    for (link = claims.head; link; link = link->next) {
        *ret_held = findCrossing(wanted, link->data);
        if (*ret_held)
            return link->data;
    }
    return NULL;
}

static gboolean
isSlow(const EsxClaim *claim)
{
    return claim->slow && !cancelIsRaised(claim->givenUp);
}

static void
setClaimRefused(const EsxClaim *other, const Held *held, GError **error)
{
    g_autoptr(GDateTime) since = g_date_time_new_from_unix_local(other->since);
    g_autofree char *text = since ? g_date_time_format(since, "%Y-%m-%d %H:%M:%S") : NULL;
    g_autofree char *path = textQuoteName(held->path);

    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                "another change of '%s' is in progress (%s since %s); try again when it has ended",
                path, other->what, text ? text : "some time ago");
}

static gboolean
isClaimCancelled(const Cancel *cancel, GError **error)
{
    if (!cancelIsRaised(cancel))
        return FALSE;
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the operation was cancelled");
    return TRUE;
}

/* ---- taking ---------------------------------------------------------------------------------- */

EsxClaim *
esxClaimTake(const char *what, const EsxClaimOn *on, size_t n, guint waitMs, const Cancel *cancel,
             GError **error)
{
    const gint64 deadline =
        g_get_monotonic_time() + (gint64)MIN(waitMs, LIMIT_CLAIM_WAIT_MS) * 1000;
    g_autoptr(GMutexLocker) locker = NULL;
    EsxClaim *claim = NULL;
    const Held *held = NULL;
    const EsxClaim *other;

    /* Each change sends requests to the server, so refuse it before it claims anything. */
    if (!placesAwait(error))
        return NULL;

    claim = newClaim(what, on, n);
    locker = g_mutex_locker_new(&claimsLock);
    while ((other = lockedMeet(claim, &held))) {
        const gint64 now = g_get_monotonic_time();

        if (isSlow(other) || now >= deadline) {
            setClaimRefused(other, held, error);
            claimClear(claim);
            return NULL;
        }
        if (isClaimCancelled(cancel, error)) {
            claimClear(claim);
            return NULL;
        }
        g_cond_wait_until(&changed, &claimsLock, MIN(deadline, now + LOOK_US));
    }
    g_queue_push_tail(&claims, claim);
    return claim;
}

void
esxClaimSetSlow(EsxClaim *claim, gboolean slow, const Cancel *givenUp)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&claimsLock);

    claim->slow = slow;
    claim->givenUp = givenUp;
    g_cond_broadcast(&changed);
}

static gboolean
claimChanges(const EsxClaim *claim)
{
    size_t i;

    for (i = 0; i < claim->nheld; i++) {
        if (!claim->held[i].shared)
            return TRUE;
    }
    return FALSE;
}

void
esxClaimFree(EsxClaim *claim)
{
    if (!claim)
        return;
    g_mutex_lock(&claimsLock);
    g_queue_remove(&claims, claim);
    epoch += claimChanges(claim) ? 1 : 0;
    g_cond_broadcast(&changed);
    g_mutex_unlock(&claimsLock);
    claimClear(claim);
}

guint64
esxClaimEpoch(void)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&claimsLock);

    return epoch;
}

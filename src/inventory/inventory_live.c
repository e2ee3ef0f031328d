/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The thread that keeps an inventory current. See inventory_live.h. */

#include "inventory_live.h"

#include "base_thread.h"
#include "vi_budget.h"
#include "vi_collector.h"

/* How many polls in a row may fail soon after they began before that counts as trouble. */
#define QUICK_FAILURES 3

/* How often the server is asked to end a poll before the socket is closed instead. */
#define CANCELS 4

/* Limit for all requests that end one poll, or one request's time: a reader waits no longer. */
#define CANCEL_TIMEOUT_MS 2000

static const InventoryPace usualPace = {
    .pollSeconds = 30,
    .probeSeconds = 1,
    .settledMs = 2000,
    .cancelMs = 250,
    .retryMs = 1000,
    .retryMaxMs = 60000,
    .restMs = 20,
};

typedef enum {
    POLL_NONE,
    POLL_UNDER_WAY,     /* or about to begin */
    POLL_INTERRUPTED,   /* its socket was closed, but it has not returned yet */
} Poll;

struct _InventoryLive {
    InventoryLiveParts parts;
    const InventoryPace *pace;
    const InventoryWatch *watch;    /* NULL: none */
    gpointer watchOpaque;
    Cancel *cancel;                 /* made before the thread: ends its requests */

    /* The thread's own. */
    gint64 retryAt;                 /* monotonic; G_MAXINT64: only on request */
    guint retryMs;                  /* the next pause */
    gint64 pollAt;                  /* monotonic: no poll before, even if syncs succeed */
    guint failures;                 /* quick ones in a row */
    guint hurried;                  /* polls in a row that returned updates at once */
    gboolean announced;             /* the watch was notified that this is live */

    GMutex lock;                    /* guards what follows */
    GCond wanted;                   /* for the thread: a sync was requested, or it is stopping */
    GCond noticed;                  /* for others: a sync, the poll or the thread has ended */
    GThread *thread;                /* NULL: none */
    gboolean stopping;
    InventoryLiveState state;       /* once the thread exists, only the thread changes it */
    Poll poll;
    guint64 polls;                  /* so far */
    guint64 generation;             /* of the session of the current poll */
    guint64 asked;                  /* syncs requested so far */
    guint64 answered;               /* of these, completed */
    GError *failure;                /* of the last sync; NULL: it succeeded */
    InventorySnapshot *current;     /* published last; replaced only by the thread */
};

InventoryLive *
inventoryLiveNew(const InventoryLiveParts *parts)
{
    InventoryLive *live = g_new0(InventoryLive, 1);

    live->parts = *parts;
    live->pace = parts->pace ? parts->pace : &usualPace;
    live->retryMs = live->pace->retryMs;
    g_mutex_init(&live->lock);
    g_cond_init(&live->wanted);
    g_cond_init(&live->noticed);
    return live;
}

void
inventoryLiveSetWatch(InventoryLive *live, const InventoryWatch *watch, gpointer opaque)
{
    live->watch = watch;
    live->watchOpaque = opaque;
}

gboolean
inventoryLiveIsRunning(InventoryLive *live)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    return live->thread || live->stopping;
}

gboolean
inventoryLiveIsLive(InventoryLive *live)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    return live->state == INVENTORY_LIVE_STANDING;
}

/* ---- the thread: reports -------------------------------------------------------------------- */

static void
moveTo(InventoryLive *live, InventoryLiveState state)
{
    const gboolean stands = state == INVENTORY_LIVE_STANDING;

    if (stands != (live->state == INVENTORY_LIVE_STANDING))
        cachedSetStanding(live->parts.fresh, stands);
    g_mutex_lock(&live->lock);
    live->state = state;
    g_mutex_unlock(&live->lock);
}

static void
becomeLive(InventoryLive *live)
{
    moveTo(live, INVENTORY_LIVE_STANDING);
    if (live->announced)
        return;

    live->announced = TRUE;
    if (live->watch && live->watch->live)
        live->watch->live(live->watchOpaque);
}

static void
reportLost(InventoryLive *live, const GError *error)
{
    if (!live->announced)
        return;

    live->announced = FALSE;
    if (live->watch && live->watch->lost)
        live->watch->lost(live->watchOpaque, error);
}

/* @now: (transfer full). */
static void
publishSnapshot(InventoryLive *live, InventorySnapshot *now)
{
    g_autoptr(InventorySnapshot) before = live->current;

    if (now == before) {
        live->current = g_steal_pointer(&before);
        inventorySnapshotUnref(now);
        return;
    }

    cachedPush(live->parts.fresh, inventorySnapshotRef(now));
    g_mutex_lock(&live->lock);
    live->current = now;
    g_mutex_unlock(&live->lock);
    if (live->watch && live->watch->changed)
        live->watch->changed(live->watchOpaque, before, now);
}

/* ---- the thread: trouble -------------------------------------------------------------------- */

/* Adds a random part, so that many clients do not return to a server at the same time. */
static guint
withJitter(guint ms)
{
    return ms * 3 / 4 + (guint)g_random_int_range(0, (gint32)MAX(ms / 2, 1));
}

/* Postpones the thread's next retry, unless that is already due later. */
static void
scheduleRetry(InventoryLive *live)
{
    gint64 now = g_get_monotonic_time();

    if (live->retryAt > now && live->retryAt != G_MAXINT64)
        return;
    live->retryAt = now + (gint64)withJitter(live->retryMs) * G_TIME_SPAN_MILLISECOND;
    live->retryMs = MIN(live->retryMs * 2, live->pace->retryMaxMs);
}

/* The server no longer accepts the login, or the process is ending: no retries by the thread. */
static void
giveUp(InventoryLive *live)
{
    live->retryAt = G_MAXINT64;
}

/* The server answers, but polls fail: a sync then takes one request, without a failing poll. */
static void
deferPoll(InventoryLive *live)
{
    if (live->retryAt != G_MAXINT64)
        live->pollAt = live->retryAt;
}

static void
enterTrouble(InventoryLive *live, const GError *error)
{
    moveTo(live, INVENTORY_LIVE_TROUBLE);
    live->failures = 0;
    if (g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED)) {
        /* No need to report it: the process raised the flag itself. */
        giveUp(live);
        return;
    }

    reportLost(live, error);
    if (viSessionIsUsable(live->parts.session))
        scheduleRetry(live);
    else
        giveUp(live);
}

/* ---- the thread: syncs ---------------------------------------------------------------------- */

/* Completes all requested syncs up to number @ticket. @error: NULL: it succeeded. */
static void
completeSyncs(InventoryLive *live, guint64 ticket, const GError *error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    if (live->answered == ticket)
        return;
    live->answered = ticket;
    g_clear_error(&live->failure);
    live->failure = error ? g_error_copy(error) : NULL;
    g_cond_broadcast(&live->noticed);
}

static void
syncOnce(InventoryLive *live, guint64 ticket)
{
    g_autoptr(GError) error = NULL;
    InventorySnapshot *now = inventorySyncRun(live->parts.sync, live->current, live->cancel,
                                              &error);

    if (now) {
        const gboolean isDeferred = g_get_monotonic_time() < live->pollAt;

        publishSnapshot(live, now);
        live->retryAt = isDeferred ? live->pollAt : 0;
        if (live->state == INVENTORY_LIVE_BROKEN)
            moveTo(live, INVENTORY_LIVE_CURRENT);
        else if (live->state == INVENTORY_LIVE_TROUBLE && !isDeferred)
            moveTo(live, INVENTORY_LIVE_PROBING);
    } else {
        enterTrouble(live, error);
    }
    completeSyncs(live, ticket, error);
}

/* ---- the thread: polls ---------------------------------------------------------------------- */

/* Sleeps, unless a sync is requested. */
static void
restUnlessAsked(InventoryLive *live, guint ms)
{
    gint64 end = g_get_monotonic_time() + (gint64)ms * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    while (!live->stopping && live->asked == live->answered) {
        if (!g_cond_wait_until(&live->wanted, &live->lock, end))
            return;
    }
}

/* The server waits as requested. */
static void
pollSucceeded(InventoryLive *live)
{
    if (live->state == INVENTORY_LIVE_PROBING)
        moveTo(live, INVENTORY_LIVE_CURRENT);
    live->failures = 0;
    live->retryMs = live->pace->retryMs;
    live->pollAt = 0;
}

/* A poll has returned updates. One may return at once, but not several in a row. */
static void
noteUpdate(InventoryLive *live, gint64 tookMs)
{
    pollSucceeded(live);
    live->hurried = tookMs < live->pace->restMs ? live->hurried + 1 : 0;
    if (live->hurried > 1)
        restUnlessAsked(live, live->pace->restMs);
}

/* A poll has ended too soon, without an error. */
static void
noteIdle(InventoryLive *live)
{
    g_autoptr(GError) error = NULL;

    if (live->state != INVENTORY_LIVE_PROBING && ++live->failures < QUICK_FAILURES) {
        restUnlessAsked(live, live->pace->restMs * live->failures);
        return;
    }
    error = g_error_new(VI_ERROR, VI_ERROR_PROTOCOL, "cannot wait for changes of the inventory: "
                        "the server answers at once although nothing has changed");
    enterTrouble(live, error);
    deferPoll(live);
}

static gboolean
isSyncRequested(InventoryLive *live)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    return live->asked != live->answered;
}

/* A poll has failed; @interrupted: on purpose. */
static void
notePollFailure(InventoryLive *live, const GError *error, gboolean interrupted, gint64 tookMs)
{
    const gboolean cancelled = g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    /* Cancelled by a reader, by a late request for an earlier poll, or with its session. */
    const gboolean calledOff = g_error_matches(error, VI_ERROR, VI_ERROR_CANCELLED);

    if (tookMs >= live->pace->settledMs)
        pollSucceeded(live);
    if (calledOff && isSyncRequested(live)) {
        pollSucceeded(live);
    } else if (cancelled && interrupted && live->state == INVENTORY_LIVE_PROBING) {
        live->retryAt = 0;
        moveTo(live, INVENTORY_LIVE_TROUBLE);
    } else if ((cancelled && interrupted) ||
               ((calledOff || inventorySyncIsStale(error)) &&
                live->state != INVENTORY_LIVE_PROBING && ++live->failures < QUICK_FAILURES)) {
        moveTo(live, INVENTORY_LIVE_BROKEN);
    } else {
        enterTrouble(live, error);
        deferPoll(live);
    }
}

/* Returns: whether the poll was ended by closing its socket. */
static gboolean
leavePoll(InventoryLive *live)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);
    gboolean interrupted = live->poll == POLL_INTERRUPTED;

    live->poll = POLL_NONE;
    if (!live->stopping)
        cancelLower(live->cancel);
    g_cond_broadcast(&live->noticed);
    return interrupted;
}

static void
pollOnce(InventoryLive *live)
{
    const guint seconds = live->state == INVENTORY_LIVE_PROBING ? live->pace->probeSeconds
                                                                : live->pace->pollSeconds;
    const gint64 start = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    InventorySnapshot *now = inventorySyncPoll(live->parts.sync, live->current, seconds,
                                               live->cancel, &error);
    const gboolean interrupted = leavePoll(live);
    const gint64 tookMs = (g_get_monotonic_time() - start) / G_TIME_SPAN_MILLISECOND;

    if (!now) {
        notePollFailure(live, error, interrupted, tookMs);
    } else if (now != live->current) {
        publishSnapshot(live, now);
        noteUpdate(live, tookMs);
    } else {
        inventorySnapshotUnref(now);
        if (tookMs >= (gint64)seconds * 500)
            pollSucceeded(live);
        else
            noteIdle(live);
    }
}

/* ---- the thread: next step ------------------------------------------------------------------ */

/*
 * Waits until there is something to do: a poll or a sync. @ret_ticket: of the last requested sync.
 * Returns: FALSE if the thread must stop.
 */
static gboolean
awaitStep(InventoryLive *live, gboolean *ret_polls, guint64 *ret_ticket)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    while (!live->stopping && live->asked == live->answered &&
           live->state == INVENTORY_LIVE_TROUBLE) {
        if (live->retryAt == G_MAXINT64)
            g_cond_wait(&live->wanted, &live->lock);
        else if (!g_cond_wait_until(&live->wanted, &live->lock, live->retryAt))
            break;
    }
    if (live->stopping)
        return FALSE;

    *ret_ticket = live->asked;
    *ret_polls = live->asked == live->answered && (live->state == INVENTORY_LIVE_STANDING ||
                                                   live->state == INVENTORY_LIVE_PROBING);
    if (*ret_polls) {
        live->poll = POLL_UNDER_WAY;
        live->polls++;
        live->generation = inventorySyncGeneration(live->parts.sync);
    }
    return TRUE;
}

static gpointer
runLiveThread(gpointer opaque)
{
    InventoryLive *live = opaque;
    guint64 ticket = 0;
    gboolean polls = FALSE;

    if (live->state == INVENTORY_LIVE_CURRENT)
        becomeLive(live);
    while (awaitStep(live, &polls, &ticket)) {
        if (polls)
            pollOnce(live);
        else
            syncOnce(live, ticket);
        if (live->state == INVENTORY_LIVE_CURRENT)
            becomeLive(live);
    }

    moveTo(live, INVENTORY_LIVE_ENDED);
    g_mutex_lock(&live->lock);
    g_cond_broadcast(&live->noticed);
    g_mutex_unlock(&live->lock);
    return NULL;
}

/* ---- for other threads ---------------------------------------------------------------------- */

void
inventoryLiveStart(InventoryLive *live, InventoryLiveState state, InventorySnapshot *snapshot)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);
    g_autoptr(GError) ignored = NULL;

    if (live->thread || live->stopping)
        return;

    live->state = state;
    if (state == INVENTORY_LIVE_TROUBLE && viSessionIsUsable(live->parts.session))
        scheduleRetry(live);
    else if (state == INVENTORY_LIVE_TROUBLE)
        giveUp(live);
    live->cancel = cancelNew(viSessionCancel(live->parts.session));
    live->current = snapshot ? inventorySnapshotRef(snapshot) : NULL;
    live->thread = threadStart("esx-live", runLiveThread, live, &ignored);
    if (live->thread)
        return;

    g_clear_pointer(&live->cancel, cancelFree);
    g_clear_pointer(&live->current, inventorySnapshotUnref);
}

/* Ends the poll, if there is one, by closing its socket. */
static void
lockedInterrupt(InventoryLive *live)
{
    if (live->poll != POLL_UNDER_WAY)
        return;
    live->poll = POLL_INTERRUPTED;
    cancelRaise(live->cancel);
}

void
inventoryLiveRenewed(InventoryLive *live)
{
    const guint64 generation = viSessionGeneration(live->parts.session);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    if (live->generation != generation)
        lockedInterrupt(live);
}

/* Asks the server to end the current poll. Called with the lock held; releases it while sending. */
static gboolean
lockedCancelPoll(InventoryLive *live, gint64 deadline)
{
    ViSession *session = live->parts.session;
    const ViCallOptions options = {
        .generation = live->generation, .timeoutMs = CANCEL_TIMEOUT_MS, .deadline = deadline,
    };
    g_autoptr(GError) ignored = NULL;
    gboolean told;

    g_mutex_unlock(&live->lock);
    told = viCollectorCancelWait(session, viSessionServices(session)->propertyCollector, &options,
                                 &ignored);
    g_mutex_lock(&live->lock);
    return told;
}

/* Ends the current poll, as a last resort by closing its socket. Called with the lock held. */
static void
lockedEndPoll(InventoryLive *live)
{
    const guint ms = MIN(CANCEL_TIMEOUT_MS, viSessionTimeoutMs(live->parts.session));
    const gint64 deadline = g_get_monotonic_time() + (gint64)ms * G_TIME_SPAN_MILLISECOND;
    const guint64 poll = live->polls;
    guint tries;

    for (tries = 0; tries < CANCELS; tries++) {
        gboolean told = lockedCancelPoll(live, deadline);
        gint64 end = g_get_monotonic_time() + (gint64)live->pace->cancelMs * 1000;

        if (!told)
            break;
        /* It may have arrived before the poll did. */
        while (live->poll != POLL_NONE && live->polls == poll) {
            if (!g_cond_wait_until(&live->noticed, &live->lock, end))
                break;
        }
        if (live->poll == POLL_NONE || live->polls != poll)
            return;
    }
    if (live->polls == poll)
        lockedInterrupt(live);
}

InventorySnapshot *
inventoryLiveSync(InventoryLive *live, GError **error)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);
    const gint64 deadline = viBudgetDeadline(live->parts.session);
    const guint64 ticket = ++live->asked;

    g_cond_signal(&live->wanted);
    if (live->poll != POLL_NONE)
        lockedEndPoll(live);
    while (live->answered < ticket && !live->stopping && g_get_monotonic_time() < deadline)
        g_cond_wait_until(&live->noticed, &live->lock, deadline);

    if (live->answered < ticket && !live->stopping) {
        g_set_error(error, VI_ERROR, VI_ERROR_TIMEOUT, "cannot read the inventory: the thread that "
                    "keeps it current has had no result for %g s",
                    viSessionTimeoutMs(live->parts.session) * LIMIT_WHOLE_TIMEOUTS / 1000.0);
        return NULL;
    }
    if (live->answered < ticket) {
        g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED,
                    "cannot read the inventory: this process is ending");
        return NULL;
    }
    if (live->failure) {
        g_propagate_error(error, g_error_copy(live->failure));
        return NULL;
    }
    return inventorySnapshotRef(live->current);
}

void
inventoryLiveStopWithin(InventoryLive *live, guint timeoutMs)
{
    const gint64 end = g_get_monotonic_time() + (gint64)timeoutMs * G_TIME_SPAN_MILLISECOND;
    g_autoptr(GThread) thread = NULL;
    gboolean inTime = TRUE;

    g_mutex_lock(&live->lock);
    thread = g_steal_pointer(&live->thread);
    live->stopping = TRUE;
    if (thread)
        cancelRaise(live->cancel);
    g_cond_signal(&live->wanted);
    g_cond_broadcast(&live->noticed);
    while (thread && live->state != INVENTORY_LIVE_ENDED && inTime)
        inTime = g_cond_wait_until(&live->noticed, &live->lock, end);
    g_mutex_unlock(&live->lock);
    if (thread && inTime)
        g_thread_join(g_steal_pointer(&thread));
}

void
inventoryLiveStop(InventoryLive *live)
{
    inventoryLiveStopWithin(live, G_MAXUINT);
}

void
inventoryLiveFree(InventoryLive *live)
{
    if (!live)
        return;

    inventoryLiveStop(live);
    cancelFree(live->cancel);
    g_clear_pointer(&live->current, inventorySnapshotUnref);
    g_clear_error(&live->failure);
    g_cond_clear(&live->noticed);
    g_cond_clear(&live->wanted);
    g_mutex_clear(&live->lock);
    g_free(live);
}

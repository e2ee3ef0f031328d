/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "live_fixture.h"

#define PATIENCE_SECONDS 50

#define PACE(...) \
    { .pollSeconds = 30, .probeSeconds = 1, .settledMs = 60000, .restMs = 1, __VA_ARGS__ }

const InventoryPace livePace = PACE(.cancelMs = 1000, .retryMs = 4, .retryMaxMs = 64);

const InventoryPace livePaceLazy =
    PACE(.cancelMs = 1000, .retryMs = 3600 * 1000, .retryMaxMs = 3600 * 1000);

const InventoryPace livePaceHasty = PACE(.cancelMs = 20, .retryMs = 4, .retryMaxMs = 64);

const InventoryPace livePaceOnce = PACE(.cancelMs = 60000, .retryMs = 4, .retryMaxMs = 64);

static char *
namesOf(const InventorySnapshot *snapshot)
{
    GString *text = g_string_new(NULL);
    const InventoryPool *const *pools = NULL;
    size_t n = 0;
    size_t i;

    pools = inventorySnapshotPools(snapshot, &n);
    for (i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", pools[i]->name);
    return g_string_free(text, FALSE);
}

/* ---- the watch ------------------------------------------------------------------------------- */

static void
lockedNote(Live *live, const char *word)
{
    g_string_append_printf(live->told, "%s%s", live->told->len > 0 ? ", " : "", word);
    g_cond_broadcast(&live->changed);
}

static void
onChanged(gpointer opaque, InventorySnapshot *before, InventorySnapshot *now)
{
    Live *live = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);
    g_autofree char *names = namesOf(now);

    /* In the order of publication, without a gap. */
    g_assert_true(before == live->last);
    g_assert_true(before != now);
    g_clear_pointer(&live->last, inventorySnapshotUnref);
    live->last = inventorySnapshotRef(now);
    lockedNote(live, names);
}

static void
onLive(gpointer opaque)
{
    Live *live = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    g_assert_true(inventoryIsLive(live->inventory));
    lockedNote(live, "live");
}

static void
onLost(gpointer opaque, const GError *error)
{
    Live *live = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    /* Whoever hears of it and reads then, asks. */
    g_assert_false(inventoryIsLive(live->inventory));
    g_clear_error(&live->lost);
    live->lost = g_error_copy(error);
    lockedNote(live, "lost");
}

static const InventoryWatch watch = { onChanged, onLive, onLost };

/* Waits for more than was told so far. @told: what for. */
static void
lockedAwaitMore(Live *live, const char *told, gint64 deadline)
{
    if (!g_cond_wait_until(&live->changed, &live->lock, deadline))
        g_error("waited for \"%s\" for %d seconds; told was \"%s\"", told, PATIENCE_SECONDS,
                live->told->str);
}

static gint64
patience(void)
{
    return g_get_monotonic_time() + PATIENCE_SECONDS * G_USEC_PER_SEC;
}

void
liveAwaitReport(Live *live, const char *told)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);
    const gint64 deadline = patience();

    while (!g_str_equal(live->told->str, told))
        lockedAwaitMore(live, told, deadline);
    g_string_truncate(live->told, 0);
}

void
liveAwaitLastReport(Live *live, const char *last)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);
    const gint64 deadline = patience();

    while (!g_str_has_suffix(live->told->str, last))
        lockedAwaitMore(live, last, deadline);
    g_string_truncate(live->told, 0);
}

void
liveExpectFrom(Live *live)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&live->lock);

    g_assert_null(live->last);
    live->last = inventoryPeek(live->inventory);
}

/* ---- the inventory --------------------------------------------------------------------------- */

void
liveInit(Live *live, const InventoryPace *pace)
{
    *live = (Live){ .server = liveServerNew(), .told = g_string_new(NULL) };
    g_mutex_init(&live->lock);
    g_cond_init(&live->changed);
    liveServerAdd(live->server, "a");
    live->session = liveServerLogin(live->server);
    live->inventory = inventoryNewPaced(live->session, NULL, pace ? pace : &livePace);
    inventorySetWatch(live->inventory, &watch, live);
}

void
liveStart(Live *live, const InventoryPace *pace)
{
    liveInit(live, pace);
    inventoryGoLive(live->inventory);
    liveAssertNames(live, "a");
    liveExpectFrom(live);
    liveAwaitReport(live, "live");
    liveServerAwaitPoll(live->server, 1);
    liveServerAssertLog(live->server, "Filter Sync Poll");
}

void
liveClear(Live *live)
{
    inventoryFree(live->inventory);
    viSessionFree(live->session);
    liveServerFree(live->server);
    g_string_free(live->told, TRUE);
    g_clear_error(&live->lost);
    g_clear_pointer(&live->last, inventorySnapshotUnref);
    g_cond_clear(&live->changed);
    g_mutex_clear(&live->lock);
}

void
liveAssertNames(Live *live, const char *names)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(InventorySnapshot) snapshot = inventoryAcquire(live->inventory, 0, &error);
    g_autofree char *text = NULL;

    g_assert_no_error(error);
    text = namesOf(snapshot);
    g_assert_cmpstr(text, ==, names);
}

void
liveAssertFails(Live *live, GQuark domain, gint code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(inventoryAcquire(live->inventory, 0, &error));
    g_assert_error(error, domain, code);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The thread that keeps the inventory current: what reads cost, and what it does in trouble. */

#include "live_fixture.h"

#include "base_limits.h"
#include "vi_call.h"
#include "vi_collector.h"
#include "vim_types.h"

/* Ends a session as another client's call finds it ended. */
static void
callOnce(ViSession *session)
{
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    g_autoptr(GError) error = NULL;

    args.self = &instance;
    soapReplyFree(viCall(session, &vimMethodCurrentTime, &args, NULL, &error));
    g_assert_no_error(error);
}

static void
setWays(Live *live, LiveWays ways)
{
    liveServerSetWays(live->server, &ways);
}

/* A read that makes sure. */
static void
assertNamesNow(Live *live, const char *names)
{
    inventoryExpire(live->inventory);
    liveAssertNames(live, names);
}

/* ---- in good times --------------------------------------------------------------------------- */

/* Nobody wants it: there is no thread, and each read asks. */
static void
testNotLive(void)
{
    g_auto(Live) live = { 0 };

    liveInit(&live, NULL);
    liveAssertNames(&live, "a");
    liveAssertNames(&live, "a");
    g_assert_false(inventoryIsLive(live.inventory));
    liveServerAssertLog(live.server, "Filter Sync Sync");
    liveAwaitReport(&live, "");
}

static void
testReadsCostNothing(void)
{
    g_auto(Live) live = { 0 };
    guint i;

    liveStart(&live, NULL);
    g_assert_true(inventoryIsLive(live.inventory));
    for (i = 0; i < 100; i++)
        liveAssertNames(&live, "a");
    liveServerAssertLog(live.server, "");
}

static void
testPushed(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerAdd(live.server, "b");
    liveAwaitReport(&live, "a b");
    liveAssertNames(&live, "a b");
    liveServerAwaitPoll(live.server, 2);
    liveServerRemove(live.server, "a");
    liveAwaitReport(&live, "b");
    liveAssertNames(&live, "b");
    liveServerAwaitPoll(live.server, 3);
    liveServerAssertLog(live.server, "Poll Poll");
}

/* A poll whose time is over is followed by the next, and nobody is told. */
static void
testElapsed(void)
{
    static const InventoryPace pace = { .pollSeconds = 1, .restMs = 1 };
    g_auto(Live) live = { 0 };

    liveStart(&live, &pace);
    g_usleep(510 * 1000);
    liveServerElapse(live.server);
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Poll");
    liveAwaitReport(&live, "");
    g_assert_true(inventoryIsLive(live.inventory));
}

/* What changed before it went live is seen, and told nobody. */
static void
testGoesLiveLater(void)
{
    g_auto(Live) live = { 0 };

    liveInit(&live, NULL);
    liveAssertNames(&live, "a");
    liveServerAdd(live.server, "b");
    inventoryGoLive(live.inventory);
    inventoryGoLive(live.inventory);
    {
        /* It makes sure, however old an answer may be. */
        g_autoptr(InventorySnapshot) snapshot = inventoryAcquire(live.inventory, 3600000, NULL);

        g_assert_nonnull(inventoryPoolByName(snapshot, "b"));
    }
    liveExpectFrom(&live);
    liveAwaitReport(&live, "live");
    liveServerAwaitPoll(live.server, 1);
    liveServerAssertLog(live.server, "Filter Sync Sync Poll");
    liveServerAdd(live.server, "c");
    liveAwaitReport(&live, "a b c");
}

/* After a change of one's own a read makes sure: two requests, and the poll goes on. */
static void
testExpired(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    assertNamesNow(&live, "a");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Cancel Sync Poll");
    liveAssertNames(&live, "a");
    liveServerAssertLog(live.server, "");
    liveAwaitReport(&live, "");
    g_assert_true(inventoryIsLive(live.inventory));
}

/* What was told to end the poll has come before it. */
static void
testCancelLost(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    setWays(&live, (LiveWays){ .losesCancel = TRUE });
    assertNamesNow(&live, "a");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Cancel Cancel Sync Poll");
}

/* It has come late, and meets the next poll: nothing is lost. */
static void
testCancelLate(void)
{
    g_auto(Live) live = { 0 };
    g_autoptr(GError) error = NULL;

    liveStart(&live, NULL);
    viCollectorCancelWait(live.session, viSessionServices(live.session)->propertyCollector, NULL,
                          &error);
    g_assert_no_error(error);
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Cancel Sync Poll");
    liveAwaitReport(&live, "");
    g_assert_true(inventoryIsLive(live.inventory));
}

/* It meets a question that waits for nothing. */
static void
testSyncCalledOff(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    setWays(&live, (LiveWays){ .cancelsSyncs = TRUE });
    assertNamesNow(&live, "a");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Cancel Sync Sync Poll");
}

/* A server that does not end a poll when told: its connection goes. */
static void
testDeafToCancel(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, &livePaceHasty);
    setWays(&live, (LiveWays){ .deafToCancel = TRUE });
    assertNamesNow(&live, "a");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server,
                        "Cancel Cancel Cancel Cancel DestroyPropertyFilter Filter Sync Poll");
    liveAwaitReport(&live, "a");
    g_assert_true(inventoryIsLive(live.inventory));
}

static void
testCancelFails(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    setWays(&live, (LiveWays){ .failsCancel = TRUE });
    assertNamesNow(&live, "a");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Cancel DestroyPropertyFilter Filter Sync Poll");
}

/* An update in parts is one publication. */
static void
testTruncated(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerSetState(live.server, LIVE_BLACK_HOLE);
    liveServerAdd(live.server, "b");
    liveServerAdd(live.server, "c");
    liveServerAdd(live.server, "d");
    setWays(&live, (LiveWays){ .page = 1 });
    liveServerSetState(live.server, LIVE_HEALTHY);
    liveAwaitReport(&live, "a b c d");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Sync Sync Poll");
}

/* A server that is never done reporting. */
static void
testEndlessUpdates(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, &livePaceLazy);
    setWays(&live, (LiveWays){ .neverDone = TRUE });
    liveServerAdd(live.server, "b");
    liveAwaitReport(&live, "lost");
    g_assert_error(live.lost, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_cmpuint(liveServerCount(live.server, "Sync"), ==, LIMIT_PAGES);
    /* What had come of it is not shown. */
    setWays(&live, (LiveWays){ 0 });
    liveAssertNames(&live, "a b");
    liveAwaitReport(&live, "a b");
}

/* ---- sessions -------------------------------------------------------------------------------- */

/* The session ends in mid-poll: everything again in a new one, and nobody hears of trouble. */
static void
testSessionEnds(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerExpire(live.server);
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Login Filter Sync Poll");
    liveAwaitReport(&live, "a");
    liveAssertNames(&live, "a");
    liveServerAssertLog(live.server, "");
    g_assert_true(inventoryIsLive(live.inventory));
}

/* The same with servers that end the poll in another way; again and again. */
static void
testSessionCallsOff(void)
{
    static const InventoryPace pace = { .pollSeconds = 30, .settledMs = 1, .restMs = 1 };
    g_auto(Live) live = { 0 };
    guint i;

    liveStart(&live, &pace);
    setWays(&live, (LiveWays){ .callsOffWaits = TRUE });
    for (i = 0; i < 10; i++) {
        g_usleep(2000);
        liveServerExpire(live.server);
        liveServerAwaitPoll(live.server, i + 2);
        liveServerAssertLog(live.server, "Sync Login Filter Sync Poll");
        liveAwaitReport(&live, "a");
        g_assert_true(inventoryIsLive(live.inventory));
    }
}

/* Another call finds out first, and the server leaves the old poll hanging. */
static void
testSessionRenewedElsewhere(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    setWays(&live, (LiveWays){ .forgetsWaits = TRUE });
    liveServerExpire(live.server);
    callOnce(live.session);
    liveServerAwaitPoll(live.server, 2);
    /* In no certain order: the call is repeated while another thread makes the filter. */
    g_assert_cmpuint(liveServerCount(live.server, "CurrentTime"), ==, 2);
    g_assert_cmpuint(liveServerCount(live.server, "Login"), ==, 2);
    g_assert_cmpuint(liveServerCount(live.server, "Filter"), ==, 2);
    g_assert_cmpuint(liveServerCount(live.server, "Sync"), ==, 2);
    g_assert_cmpuint(liveServerCount(live.server, "Poll"), ==, 2);
    g_assert_cmpuint(liveServerCount(live.server, "Cancel"), ==, 0);
    liveServerAdd(live.server, "b");
    liveAwaitReport(&live, "a, a b");
}

/* Likewise, but what finds out is a reader that makes sure. */
static void
testSessionRenewedByReader(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    setWays(&live, (LiveWays){ .forgetsWaits = TRUE });
    liveServerExpire(live.server);
    assertNamesNow(&live, "a");
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "Cancel Login Filter Sync Poll");
}

static void
testVersionForgotten(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerForget(live.server);
    liveServerAwaitPoll(live.server, 2);
    liveServerAssertLog(live.server, "DestroyPropertyFilter Filter Sync Poll");
    liveAwaitReport(&live, "a");
    g_assert_true(inventoryIsLive(live.inventory));
}

/* The password was changed: nothing knocks at the server any more, and reads say so. */
static void
testRefused(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    setWays(&live, (LiveWays){ .refusesLogin = TRUE });
    liveServerExpire(live.server);
    liveAwaitReport(&live, "lost");
    g_assert_error(live.lost, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_assert_false(inventoryIsLive(live.inventory));
    liveAssertFails(&live, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_usleep(50 * 1000);
    liveAssertFails(&live, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    liveServerAssertLog(live.server, "Login");
    liveAwaitReport(&live, "");
}

/* ---- the server is gone ---------------------------------------------------------------------- */

/* It comes back by itself, tells what it has missed, and is live once a poll has gone well. */
static void
testComesBack(void)
{
    g_auto(Live) live = { 0 };
    guint polls = 0;

    liveStart(&live, NULL);
    liveServerSetState(live.server, LIVE_DOWN);
    liveAwaitReport(&live, "lost");
    g_assert_error(live.lost, HTTP_ERROR, HTTP_ERROR_CONNECT);
    polls = liveServerPolls(live.server);
    liveServerAdd(live.server, "b");
    liveServerSetState(live.server, LIVE_HEALTHY);
    liveServerAwaitPoll(live.server, polls + 1);
    liveServerAdd(live.server, "c");
    liveAwaitReport(&live, "a b, a b c, live");
    liveAssertNames(&live, "a b c");
}

/* Readers ask meanwhile: they get the error, and the server as soon as it is back. */
static void
testReadersInTrouble(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, &livePaceLazy);
    liveServerSetState(live.server, LIVE_DOWN);
    liveAwaitReport(&live, "lost");
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CONNECT);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CONNECT);
    liveAwaitReport(&live, "");
    {
        /* What was known is there for who peeks. */
        g_autoptr(InventorySnapshot) snapshot = inventoryPeek(live.inventory);

        g_assert_nonnull(inventoryPoolByName(snapshot, "a"));
    }
    liveServerAdd(live.server, "b");
    liveServerSetState(live.server, LIVE_HEALTHY);
    liveAssertNames(&live, "a b");
    /* The next one finds the poll that has to go well first, and ends it: it has. */
    liveServerAwaitPoll(live.server, 2);
    liveAssertNames(&live, "a b");
    liveAwaitReport(&live, "a b, live");
    liveServerAwaitPoll(live.server, 3);
    liveServerAssertLog(live.server, "DestroyPropertyFilter Filter Sync Poll Cancel Sync Poll");
}

/* It is not there when it is to go live: what it has is told once it is. */
static void
testBeginsInTrouble(void)
{
    g_auto(Live) live = { 0 };

    liveInit(&live, NULL);
    liveServerSetState(live.server, LIVE_DOWN);
    inventoryGoLive(live.inventory);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(inventoryIsLive(live.inventory));
    liveServerSetState(live.server, LIVE_HEALTHY);
    liveServerAwaitPoll(live.server, 1);
    liveServerAdd(live.server, "b");
    liveAwaitReport(&live, "a, a b, live");
    liveAssertNames(&live, "a b");
}

/* A server that says nothing any more: the poll runs into its timeout. */
static void
testSilent(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, &livePaceLazy);
    liveServerSetState(live.server, LIVE_SILENT);
    liveAwaitReport(&live, "lost");
    g_assert_error(live.lost, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    liveServerSetState(live.server, LIVE_HEALTHY);
    liveAssertNames(&live, "a");
}

/* Whoever asks when the server has been gone before anybody noticed. */
static void
testReaderNotices(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, &livePaceLazy);
    setWays(&live, (LiveWays){ .forgetsWaits = TRUE });
    liveServerSetState(live.server, LIVE_DOWN);
    inventoryExpire(live.inventory);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CONNECT);
    liveAwaitReport(&live, "lost");
}

/* ---- servers that do not wait ---------------------------------------------------------------- */

/* Polls do not work with a server of such @ways: that is said once, and each read asks. */
static void
assertPollsGivenUp(LiveWays ways, GQuark domain, gint code)
{
    g_auto(Live) live = { 0 };
    guint polls = 0;

    liveStart(&live, &livePaceLazy);
    setWays(&live, ways);
    liveServerAdd(live.server, "b");
    liveAwaitLastReport(&live, "a b, lost");
    g_assert_error(live.lost, domain, code);
    polls = liveServerPolls(live.server);
    g_assert_cmpuint(polls, <=, 4);
    g_usleep(20 * 1000);
    g_assert_cmpuint(liveServerPolls(live.server), ==, polls);

    /* Reads cost what they cost without a thread: the next poll is for when its time has come. */
    liveAssertNames(&live, "a b");
    liveServerForgetLog(live.server);
    liveServerAdd(live.server, "c");
    liveAssertNames(&live, "a b c");
    liveAssertNames(&live, "a b c");
    liveServerAssertLog(live.server, "Sync Sync");
    g_assert_false(inventoryIsLive(live.inventory));
    g_assert_cmpuint(liveServerCount(live.server, "Login"), <=, 8);
}

static void
testPollsRefused(void)
{
    assertPollsGivenUp((LiveWays){ .refusesPolls = TRUE }, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
}

static void
testPollsAnsweredAtOnce(void)
{
    assertPollsGivenUp((LiveWays){ .answersAtOnce = TRUE }, VI_ERROR, VI_ERROR_PROTOCOL);
}

static void
testPollsBroken(void)
{
    assertPollsGivenUp((LiveWays){ .breaksPolls = TRUE }, HTTP_ERROR, HTTP_ERROR_BROKEN);
}

static void
testPollsEndSession(void)
{
    assertPollsGivenUp((LiveWays){ .expiresPolls = TRUE }, VI_ERROR, VI_ERROR_SESSION_RENEWED);
}

/* ---- flags of others ------------------------------------------------------------------------- */

/* The process is about to end: everything ends soon, and nobody is told what he knows. */
static void
testSessionCancelled(void)
{
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    g_auto(Live) live = { 0 };

    liveInit(&live, NULL);
    viSessionSetCancel(live.session, cancel);
    inventoryGoLive(live.inventory);
    liveAssertNames(&live, "a");
    liveExpectFrom(&live);
    liveAwaitReport(&live, "live");
    liveServerAwaitPoll(live.server, 1);
    cancelRaise(cancel);
    inventoryExpire(live.inventory);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    g_assert_false(inventoryIsLive(live.inventory));
    liveAwaitReport(&live, "");

    cancelLower(cancel);
    liveAssertNames(&live, "a");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/live/not-live", testNotLive);
    g_test_add_func("/inventory/live/reads-cost-nothing", testReadsCostNothing);
    g_test_add_func("/inventory/live/pushed", testPushed);
    g_test_add_func("/inventory/live/elapsed", testElapsed);
    g_test_add_func("/inventory/live/goes-live-later", testGoesLiveLater);
    g_test_add_func("/inventory/live/expired", testExpired);
    g_test_add_func("/inventory/live/cancel-lost", testCancelLost);
    g_test_add_func("/inventory/live/cancel-late", testCancelLate);
    g_test_add_func("/inventory/live/sync-called-off", testSyncCalledOff);
    g_test_add_func("/inventory/live/deaf-to-cancel", testDeafToCancel);
    g_test_add_func("/inventory/live/cancel-fails", testCancelFails);
    g_test_add_func("/inventory/live/truncated", testTruncated);
    g_test_add_func("/inventory/live/endless-updates", testEndlessUpdates);
    g_test_add_func("/inventory/live/session-ends", testSessionEnds);
    g_test_add_func("/inventory/live/session-calls-off", testSessionCallsOff);
    g_test_add_func("/inventory/live/session-renewed-elsewhere", testSessionRenewedElsewhere);
    g_test_add_func("/inventory/live/session-renewed-by-reader", testSessionRenewedByReader);
    g_test_add_func("/inventory/live/version-forgotten", testVersionForgotten);
    g_test_add_func("/inventory/live/refused", testRefused);
    g_test_add_func("/inventory/live/comes-back", testComesBack);
    g_test_add_func("/inventory/live/readers-in-trouble", testReadersInTrouble);
    g_test_add_func("/inventory/live/begins-in-trouble", testBeginsInTrouble);
    g_test_add_func("/inventory/live/silent", testSilent);
    g_test_add_func("/inventory/live/reader-notices", testReaderNotices);
    g_test_add_func("/inventory/live/polls-refused", testPollsRefused);
    g_test_add_func("/inventory/live/polls-answered-at-once", testPollsAnsweredAtOnce);
    g_test_add_func("/inventory/live/polls-broken", testPollsBroken);
    g_test_add_func("/inventory/live/polls-end-session", testPollsEndSession);
    g_test_add_func("/inventory/live/session-cancelled", testSessionCancelled);
    return g_test_run();
}

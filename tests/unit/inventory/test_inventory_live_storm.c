/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The thread that keeps the inventory current: begun without a reader, among many others, and at
 * its end in every state. For TSan most of all.
 */

#include "live_fixture.h"
#include "thread_fixture.h"

/* Well below the 30 seconds of a poll; a busy machine takes its time. */
#define PROMPT_MS 5000

/* ---- the beginning --------------------------------------------------------------------------- */

/* It reads by itself, and tells what comes after that. */
static void
testBegins(void)
{
    g_auto(Live) live = { 0 };

    liveInit(&live, NULL);
    inventoryBeginLive(live.inventory);
    liveServerAssertLog(live.server, "");
    g_assert_true(inventoryGoLive(live.inventory));
    g_assert_false(inventoryGoLive(live.inventory));
    inventoryBeginLive(live.inventory);
    inventoryBeginLive(live.inventory);
    liveServerAwaitPoll(live.server, 1);
    liveServerAssertLog(live.server, "Filter Sync Poll");
    liveServerAdd(live.server, "b");
    liveAwaitReport(&live, "a, live, a b");
    liveAssertNames(&live, "a b");
}

static void
readA(gpointer live)
{
    liveAssertNames(live, "a");
}

/* Readers that come meanwhile wait for it, or do it themselves. */
static void
testBeginsAmongReaders(void)
{
    guint i;

    for (i = 0; i < 20; i++) {
        g_auto(Live) live = { 0 };
        Crew *crew = NULL;

        liveInit(&live, NULL);
        g_assert_true(inventoryGoLive(live.inventory));
        crew = crewStart(4, readA, &live);
        inventoryBeginLive(live.inventory);
        crewJoin(crew);
        liveServerAwaitPoll(live.server, 1);
        g_assert_cmpuint(liveServerCount(live.server, "Filter"), ==, 1);
    }
}

/* ---- many readers ---------------------------------------------------------------------------- */

static void
readNow(gpointer data)
{
    Live *live = data;
    g_autoptr(InventorySnapshot) snapshot = inventoryAcquire(live->inventory, 0, NULL);

    g_assert_nonnull(inventoryPoolByName(snapshot, "b"));
}

/*
 * Eight that want a proof while the server takes its time share what it says. Their only Cancel is
 * what ends the poll: one that came later would end the next poll, and cost further Syncs.
 */
static void
testManyReaders(void)
{
    g_auto(Live) live = { 0 };
    Crew *crew = NULL;

    liveStart(&live, &livePaceOnce);
    liveServerSetWays(live.server, &(LiveWays){ .holdsSyncs = TRUE });
    inventoryExpire(live.inventory);
    crew = crewStart(8, readNow, &live);
    liveServerAwait(live.server, "Sync", 2);
    liveServerAdd(live.server, "b");
    liveServerSetWays(live.server, &(LiveWays){ 0 });
    crewJoin(crew);
    g_assert_cmpuint(liveServerCount(live.server, "Sync"), <=, 3);
    liveAwaitReport(&live, "a b");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
assertFreedPromptly(Live *live)
{
    gint64 start = g_get_monotonic_time();
    gint64 tookMs = 0;

    /* The watch may look at it to the last. */
    inventoryFree(live->inventory);
    live->inventory = NULL;
    tookMs = (g_get_monotonic_time() - start) / 1000;
    g_test_message("freed within %d ms", (int)tookMs);
    g_assert_cmpint(tookMs, <, PROMPT_MS);
    /* So that the session may say goodbye. */
    liveServerSetState(live->server, LIVE_HEALTHY);
}

static void
testFreeInPoll(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    assertFreedPromptly(&live);
    /* No goodbye to a server that may not listen. */
    liveServerAssertLog(live.server, "");
    liveAwaitReport(&live, "");
}

static void
testFreeInBlackHole(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerSetState(live.server, LIVE_BLACK_HOLE);
    assertFreedPromptly(&live);
}

/* Without any read, and before the first poll may have gone out. */
static void
testFreeAtOnce(void)
{
    guint i;

    for (i = 0; i < 20; i++) {
        g_auto(Live) live = { 0 };

        liveInit(&live, NULL);
        inventoryGoLive(live.inventory);
        if (i % 2 == 1)
            liveAssertNames(&live, "a");
        assertFreedPromptly(&live);
    }
}

/* It wants to read everything again, and gets no answer. */
static void
testFreeInSync(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerSetWays(live.server, &(LiveWays){ .holdsFilter = TRUE });
    liveServerForget(live.server);
    liveServerAwait(live.server, "Filter", 2);
    assertFreedPromptly(&live);
}

static void
testFreeInLogin(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerSetWays(live.server, &(LiveWays){ .holdsLogin = TRUE });
    liveServerExpire(live.server);
    liveServerAwait(live.server, "Login", 2);
    assertFreedPromptly(&live);
}

static void
testFreeInTrouble(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, &livePaceLazy);
    liveServerSetState(live.server, LIVE_DOWN);
    liveAwaitReport(&live, "lost");
    assertFreedPromptly(&live);
}

static void
readFails(gpointer data)
{
    Live *live = data;

    liveAssertFails(live, HTTP_ERROR, HTTP_ERROR_CANCELLED);
}

/* The process ends while somebody waits for a proof that does not come. */
static void
testStopUnderReader(void)
{
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    g_auto(Live) live = { 0 };
    Crew *crew = NULL;

    liveInit(&live, NULL);
    viSessionSetCancel(live.session, cancel);
    inventoryGoLive(live.inventory);
    liveAssertNames(&live, "a");
    liveServerAwaitPoll(live.server, 1);
    liveServerSetState(live.server, LIVE_BLACK_HOLE);
    inventoryExpire(live.inventory);
    crew = crewStart(1, readFails, &live);
    liveServerAwait(live.server, "Cancel", 1);
    cancelRaise(cancel);
    inventoryStop(live.inventory);
    crewJoin(crew);
    g_assert_false(inventoryIsLive(live.inventory));
    inventoryStop(live.inventory);

    /* It is over for good. */
    cancelLower(cancel);
    liveServerSetState(live.server, LIVE_HEALTHY);
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    g_assert_false(inventoryIsLive(live.inventory));
    assertFreedPromptly(&live);
}

/* The process exits: within the time that is given, and nobody is logged out. */
static void
testHalt(void)
{
    g_auto(Live) live = { 0 };
    const gint64 start = g_get_monotonic_time();

    liveStart(&live, NULL);
    liveServerSetState(live.server, LIVE_BLACK_HOLE);
    inventoryStopWithin(live.inventory, 60 * 1000);
    inventoryStopWithin(live.inventory, 60 * 1000);
    g_assert_cmpint(g_get_monotonic_time() - start, <, 30 * G_USEC_PER_SEC);
    g_assert_false(inventoryIsLive(live.inventory));
    liveServerAssertLog(live.server, "");
    liveAssertFails(&live, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    liveServerSetState(live.server, LIVE_HEALTHY);
}

static void
testFreeWhenRefused(void)
{
    g_auto(Live) live = { 0 };

    liveStart(&live, NULL);
    liveServerSetWays(live.server, &(LiveWays){ .refusesLogin = TRUE });
    liveServerExpire(live.server);
    liveAwaitReport(&live, "lost");
    assertFreedPromptly(&live);
}

/* The thread gets no answer to what a reader asked of it: it waits as long as a whole may take. */
static void
testImpatientReader(void)
{
    g_auto(Live) live = { 0 };

    liveServerTimeoutMs = 100;
    liveStart(&live, NULL);
    liveServerTimeoutMs = 0;
    liveServerSetWays(live.server, &(LiveWays){ .holdsFilter = TRUE });
    liveServerExpire(live.server);
    liveServerAwait(live.server, "Filter", 1);
    inventoryExpire(live.inventory);
    liveAssertFails(&live, VI_ERROR, VI_ERROR_TIMEOUT);
    liveServerSetWays(live.server, &(LiveWays){ 0 });
    liveAssertNames(&live, "a");
}

/* ---- storms ---------------------------------------------------------------------------------- */

#define CREW 6
#define ROUNDS 60

typedef struct {
    Live *live;
    gint next;          /* atomic */
    gint failures;      /* atomic */
    gboolean strict;    /* no read may fail */
} Storm;

static void
readOnce(Storm *storm, const char *name)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(InventorySnapshot) snapshot = inventoryAcquire(storm->live->inventory, 0, &error);

    if (!snapshot) {
        g_assert_nonnull(error);
        g_atomic_int_inc(&storm->failures);
        return;
    }
    /* Whatever I have done myself, I see. */
    g_assert_nonnull(inventoryPoolByName(snapshot, "a"));
    if (name)
        g_assert_nonnull(inventoryPoolByName(snapshot, name));
}

static void
changeAndRead(gpointer data)
{
    Storm *storm = data;
    guint i;

    for (i = 0; i < ROUNDS; i++) {
        g_autofree char *name = g_strdup_printf("n%d", g_atomic_int_add(&storm->next, 1));

        liveServerAdd(storm->live->server, name);
        inventoryExpire(storm->live->inventory);
        readOnce(storm, name);
        readOnce(storm, name);
        inventorySnapshotUnref(inventoryPeek(storm->live->inventory));
        inventoryIsLive(storm->live->inventory);
        liveServerRemove(storm->live->server, name);
        readOnce(storm, NULL);
    }
}

/* Reads, changes and sessions that end: what a client has changed he sees, always. */
static void
testSessions(void)
{
    g_auto(Live) live = { 0 };
    Storm storm = { .live = &live, .strict = TRUE };
    Crew *crew = NULL;
    guint i;

    liveStart(&live, NULL);
    crew = crewStart(CREW, changeAndRead, &storm);
    for (i = 0; i < 20; i++) {
        liveServerExpire(live.server);
        g_usleep(2000);
        liveServerForget(live.server);
        g_usleep(1000);
    }
    crewJoin(crew);
    inventoryExpire(live.inventory);
    liveAssertNames(&live, "a");
}

/* A server that comes and goes: reads are right or fail, and in the end all is well. */
static void
testTrouble(void)
{
    static const LiveState states[] = { LIVE_DOWN, LIVE_SILENT, LIVE_HEALTHY };
    g_auto(Live) live = { 0 };
    Storm storm = { .live = &live };
    Crew *crew = NULL;
    guint i;

    liveStart(&live, NULL);
    crew = crewStart(CREW, changeAndRead, &storm);
    for (i = 0; i < 60; i++) {
        liveServerSetState(live.server, states[i % G_N_ELEMENTS(states)]);
        liveServerSetWays(live.server, &(LiveWays){
            .page = i % 4, .losesCancel = i % 5 == 0, .breaksPolls = i % 7 == 0,
            .deafToCancel = i % 11 == 0, .cancelsSyncs = i % 3 == 0,
        });
        g_usleep(1000);
    }
    liveServerSetWays(live.server, &(LiveWays){ 0 });
    liveServerSetState(live.server, LIVE_HEALTHY);
    crewJoin(crew);
    inventoryExpire(live.inventory);
    liveAssertNames(&live, "a");
    g_test_message("%d reads failed, %u polls", g_atomic_int_get(&storm.failures),
                   liveServerPolls(live.server));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/live/begins", testBegins);
    g_test_add_func("/inventory/live/begins-among-readers", testBeginsAmongReaders);
    g_test_add_func("/inventory/live/many-readers", testManyReaders);
    g_test_add_func("/inventory/live/free/in-poll", testFreeInPoll);
    g_test_add_func("/inventory/live/free/in-black-hole", testFreeInBlackHole);
    g_test_add_func("/inventory/live/free/at-once", testFreeAtOnce);
    g_test_add_func("/inventory/live/free/in-sync", testFreeInSync);
    g_test_add_func("/inventory/live/free/in-login", testFreeInLogin);
    g_test_add_func("/inventory/live/free/in-trouble", testFreeInTrouble);
    g_test_add_func("/inventory/live/free/when-refused", testFreeWhenRefused);
    g_test_add_func("/inventory/live/stop-under-reader", testStopUnderReader);
    g_test_add_func("/inventory/live/halt", testHalt);
    g_test_add_func("/inventory/live/impatient-reader", testImpatientReader);
    g_test_add_func("/inventory/live/storm/sessions", testSessions);
    g_test_add_func("/inventory/live/storm/trouble", testTrouble);
    return g_test_run();
}

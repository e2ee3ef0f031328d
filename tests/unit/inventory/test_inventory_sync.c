/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The standing filter by itself: what is asked, what is kept, and what is thrown away. */

#include "inventory_sync.h"
#include "live_server.h"
#include "thread_fixture.h"

#include "vi_collector.h"

typedef struct {
    LiveServer *server;
    ViSession *session;
    InventorySync *sync;
    InventorySnapshot *current;
    Cancel *cancel;
} World;

static void
worldInit(World *world)
{
    *world = (World){ .server = liveServerNew(), .cancel = cancelNew(NULL) };
    liveServerAdd(world->server, "a");
    world->session = liveServerLogin(world->server);
    world->sync = inventorySyncNew(world->session, NULL);
}

static void
worldClear(World *world)
{
    g_clear_pointer(&world->current, inventorySnapshotUnref);
    inventorySyncFree(world->sync);
    viSessionFree(world->session);
    liveServerFree(world->server);
    cancelFree(world->cancel);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(World, worldClear)

/* Takes what a call has returned. Returns: whether it is new. */
static gboolean
take(World *world, InventorySnapshot *now, GError *error)
{
    gboolean changed = now != world->current;

    g_assert_no_error(error);
    g_clear_pointer(&world->current, inventorySnapshotUnref);
    world->current = now;
    return changed;
}

static gboolean
runSync(World *world)
{
    GError *error = NULL;
    InventorySnapshot *now = inventorySyncRun(world->sync, world->current, NULL, &error);

    return take(world, now, error);
}

static gboolean
pollOnce(World *world)
{
    GError *error = NULL;
    InventorySnapshot *now = inventorySyncPoll(world->sync, world->current, 30, NULL, &error);

    return take(world, now, error);
}

static void
pollFails(World *world, GQuark domain, gint code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(inventorySyncPoll(world->sync, world->current, 30, world->cancel, &error));
    g_assert_error(error, domain, code);
    g_assert_true(g_str_has_prefix(error->message, "cannot wait for changes of the inventory: "));
}

static void
runFails(World *world, GQuark domain, gint code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(inventorySyncRun(world->sync, world->current, NULL, &error));
    g_assert_error(error, domain, code);
    g_assert_true(g_str_has_prefix(error->message, "cannot read the inventory: "));
}

/* ---- what happens while a poll is under way -------------------------------------------------- */

typedef struct {
    World *world;
    void (*act)(World *world);
} Meanwhile;

static void
awaitAndAct(gpointer data)
{
    const Meanwhile *meanwhile = data;

    liveServerAwaitPoll(meanwhile->world->server, 1);
    meanwhile->act(meanwhile->world);
}

static void
addDatastore(World *world)
{
    liveServerAdd(world->server, "b");
}

static void
elapse(World *world)
{
    liveServerElapse(world->server);
}

static void
callOff(World *world)
{
    viCollectorCancelWait(world->session, viSessionServices(world->session)->propertyCollector,
                          NULL, NULL);
}

static void
breakDown(World *world)
{
    liveServerSetState(world->server, LIVE_DOWN);
}

static void
raiseCancel(World *world)
{
    cancelRaise(world->cancel);
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void
testRun(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world);
    g_assert_cmpuint(inventorySyncGeneration(world.sync), ==, 0);
    g_assert_true(runSync(&world));
    g_assert_cmpuint(inventorySyncGeneration(world.sync), ==, 1);
    g_assert_false(runSync(&world));
    liveServerAdd(world.server, "b");
    g_assert_true(runSync(&world));
    g_assert_nonnull(inventoryPoolByName(world.current, "b"));
    liveServerAssertLog(world.server, "Filter Sync Sync Sync");
}

static void
testPoll(void)
{
    g_auto(World) world = { 0 };
    Meanwhile elapsing = { &world, elapse };
    Meanwhile adding = { &world, addDatastore };
    Crew *crew = NULL;

    worldInit(&world);
    runSync(&world);
    crew = crewStart(1, awaitAndAct, &elapsing);
    g_assert_false(pollOnce(&world));
    crewJoin(crew);
    crew = crewStart(1, awaitAndAct, &adding);
    g_assert_true(pollOnce(&world));
    crewJoin(crew);
    g_assert_nonnull(inventoryPoolByName(world.current, "b"));
    liveServerAssertLog(world.server, "Filter Sync Poll Poll");
}

/* Of a poll that was called off nothing is lost. */
static void
testCalledOff(void)
{
    g_auto(World) world = { 0 };
    Meanwhile calling = { &world, callOff };
    Crew *crew = NULL;

    worldInit(&world);
    runSync(&world);
    crew = crewStart(1, awaitAndAct, &calling);
    pollFails(&world, VI_ERROR, VI_ERROR_CANCELLED);
    crewJoin(crew);
    liveServerAdd(world.server, "b");
    g_assert_true(pollOnce(&world));
    liveServerAssertLog(world.server, "Filter Sync Poll Cancel Poll");
}

/* Of one that broke the answer may be lost: everything is read again, from a new filter. */
static void
testBroken(void)
{
    g_auto(World) world = { 0 };
    Meanwhile breaking = { &world, breakDown };
    Crew *crew = NULL;

    worldInit(&world);
    runSync(&world);
    crew = crewStart(1, awaitAndAct, &breaking);
    pollFails(&world, HTTP_ERROR, HTTP_ERROR_BROKEN);
    crewJoin(crew);
    runFails(&world, HTTP_ERROR, HTTP_ERROR_CONNECT);
    liveServerAssertLog(world.server, "Filter Sync Poll");

    /* The old filter is not forgotten over a request that did not get through. */
    liveServerSetState(world.server, LIVE_HEALTHY);
    g_assert_true(runSync(&world));
    liveServerAssertLog(world.server, "DestroyPropertyFilter Filter Sync");
}

static void
testCancel(void)
{
    g_auto(World) world = { 0 };
    Meanwhile raising = { &world, raiseCancel };
    Crew *crew = NULL;

    worldInit(&world);
    runSync(&world);
    crew = crewStart(1, awaitAndAct, &raising);
    pollFails(&world, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    crewJoin(crew);
}

/* The session ended: the old filter is not even asked, the new one belongs to the new session. */
static void
testSessionEnds(void)
{
    g_auto(World) world = { 0 };

    worldInit(&world);
    runSync(&world);
    liveServerExpire(world.server);
    pollFails(&world, VI_ERROR, VI_ERROR_SESSION_RENEWED);
    g_assert_true(runSync(&world));
    g_assert_cmpuint(inventorySyncGeneration(world.sync), ==, 2);
    liveServerAssertLog(world.server, "Filter Sync Poll Login Filter Sync");
}

static void
testIsStale(void)
{
    static const struct {
        gboolean vi;
        gint code;
        gboolean stale;
    } cases[] = {
        { TRUE, VI_ERROR_SESSION_RENEWED, TRUE },
        { TRUE, VI_ERROR_COLLECTOR_VERSION, TRUE },
        { TRUE, VI_ERROR_OBJECT_GONE, TRUE },
        { TRUE, VI_ERROR_CANCELLED, FALSE },
        { TRUE, VI_ERROR_INVALID_LOGIN, FALSE },
        { FALSE, HTTP_ERROR_BROKEN, TRUE },
        { FALSE, HTTP_ERROR_PROTOCOL, TRUE },
        { FALSE, HTTP_ERROR_CONNECT, FALSE },
        { FALSE, HTTP_ERROR_TIMEOUT, FALSE },
        { FALSE, HTTP_ERROR_CANCELLED, FALSE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error =
            g_error_new(cases[i].vi ? VI_ERROR : HTTP_ERROR, cases[i].code, "case %zu", i);

        g_assert_cmpint(inventorySyncIsStale(error), ==, cases[i].stale);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/sync/run", testRun);
    g_test_add_func("/inventory/sync/poll", testPoll);
    g_test_add_func("/inventory/sync/called-off", testCalledOff);
    g_test_add_func("/inventory/sync/broken", testBroken);
    g_test_add_func("/inventory/sync/cancel", testCancel);
    g_test_add_func("/inventory/sync/session-ends", testSessionEnds);
    g_test_add_func("/inventory/sync/is-stale", testIsStale);
    return g_test_run();
}

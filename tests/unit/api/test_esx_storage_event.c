/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* From a change at the server to the callback of who has registered, through all floors. */

#include "esx_storage_event.h"
#include "connection_fixture.h"

#include "esx_connection.h"
#include "live_server.h"
#include "loop_fixture.h"

#define HOUR_MS (3600 * 1000)

/* Without an access manager, which a test has not, the library's own checks refuse. */
int
virConnectStoragePoolEventRegisterAnyEnsureACL(virConnectPtr conn G_GNUC_UNUSED)
{
    return 0;
}

int
virConnectStoragePoolEventDeregisterAnyEnsureACL(virConnectPtr conn G_GNUC_UNUSED)
{
    return 0;
}

typedef struct {
    LiveServer *server;
    EsxConnection *connection;
    virConnectPtr conn;
    int id;             /* of the registration; negative: none */
    GString *told;      /* a word for each event */
    const char *awaited;
    gint done;          /* atomic: that was told */
} Setting;

static void
settingOpen(Setting *s)
{
    s->server = liveServerNew();
    liveServerAdd(s->server, "a");
    s->connection = esxConnectionNew(liveServerLogin(s->server), NULL, "h", HOUR_MS);
    s->conn = virGetConnect();
    s->conn->privateData = s->connection;
    s->told = g_string_new(NULL);
    s->id = -1;
    virResetLastError();
}

static void
settingClose(Setting *s)
{
    if (s->id >= 0)
        g_assert_cmpint(esxConnectStoragePoolEventDeregisterAny(s->conn, s->id), ==, 0);
    esxConnectionFree(g_steal_pointer(&s->conn->privateData));
    loopFor(1);
    virObjectUnref(s->conn);
    liveServerFree(s->server);
    g_string_free(s->told, TRUE);
    virResetLastError();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setting, settingClose)

static void
hear(virConnectPtr conn G_GNUC_UNUSED, virStoragePoolPtr pool, int event,
     int detail G_GNUC_UNUSED, void *opaque)
{
    static const char *const kinds[] = {
        [VIR_STORAGE_POOL_EVENT_DEFINED] = "defined",
        [VIR_STORAGE_POOL_EVENT_UNDEFINED] = "undefined",
        [VIR_STORAGE_POOL_EVENT_STARTED] = "started",
        [VIR_STORAGE_POOL_EVENT_STOPPED] = "stopped",
    };
    Setting *s = opaque;
    g_autofree char *word = g_strdup_printf("%s:%s", pool->name, kinds[event]);

    g_string_append_printf(s->told, "%s%s", s->told->len ? " " : "", word);
    if (g_strcmp0(word, s->awaited) == 0)
        g_atomic_int_set(&s->done, 1);
}

static void
listenTo(Setting *s)
{
    s->id = esxConnectStoragePoolEventRegisterAny(s->conn, NULL /* pool */,
                                                  VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE,
                                                  VIR_STORAGE_POOL_EVENT_CALLBACK(hear), s, NULL);
    g_assert_cmpint(s->id, >=, 0);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
}

/* Runs the loop until @last was told, with all of @words since the last time. */
static void
expectReport(Setting *s, const char *words, const char *last)
{
    g_atomic_int_set(&s->done, 0);
    s->awaited = last;
    if (!g_str_has_suffix(s->told->str, last))
        loopUntil(&s->done);
    g_assert_cmpstr(s->told->str, ==, words);
    g_string_truncate(s->told, 0);
}

/* What is there when somebody begins to listen is no event. */
static void
testHears(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    listenTo(&s);
    liveServerAwaitPoll(s.server, 1);
    liveServerAdd(s.server, "b");
    expectReport(&s, "b:defined b:started", "b:started");
    liveServerRemove(s.server, "a");
    expectReport(&s, "a:stopped a:undefined", "a:undefined");
}

/* Nor is what has changed before that, however long ago this process has last looked. */
static void
testBeforeIsOver(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    inventorySnapshotUnref(inventoryAcquire(s.connection->inventory, HOUR_MS, NULL));
    liveServerAdd(s.server, "b");
    listenTo(&s);
    liveServerAwaitPoll(s.server, 1);
    liveServerAdd(s.server, "c");
    expectReport(&s, "c:defined c:started", "c:started");
}

/* What happened between two sessions is told as well. */
static void
testSessionEnds(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    listenTo(&s);
    liveServerAwaitPoll(s.server, 1);
    liveServerSetState(s.server, LIVE_DOWN);
    liveServerExpire(s.server);
    liveServerRemove(s.server, "a");
    liveServerSetState(s.server, LIVE_HEALTHY);
    inventorySnapshotUnref(inventoryAcquire(s.connection->inventory, 0, NULL));
    expectReport(&s, "a:stopped a:undefined", "a:undefined");
}

/* Registering does not need the server, but begins to try it. */
static void
testServerIsAway(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    liveServerSetState(s.server, LIVE_DOWN);
    listenTo(&s);
    liveServerSetState(s.server, LIVE_HEALTHY);
    liveServerAwaitPoll(s.server, 1);
    liveServerAdd(s.server, "b");
    expectReport(&s, "b:defined b:started", "b:started");
}

/* In a daemon nobody waits: libvirtd has a lock of its own meanwhile. */
static void
testDoesNotWaitInADaemon(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    g_assert_true(inventoryGoLive(s.connection->inventory));
    liveServerSetWays(s.server, &(LiveWays){ .holdsFilter = TRUE });
    /* CreateFilter is never answered. */
    listenTo(&s);
    liveServerAwait(s.server, "Filter", 1);
}

static void
testHearsInADaemon(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    g_assert_true(inventoryGoLive(s.connection->inventory));
    listenTo(&s);
    liveServerAwaitPoll(s.server, 1);
    liveServerAdd(s.server, "b");
    expectReport(&s, "b:defined b:started", "b:started");
}

/* An event nobody knows is refused before anything begins. */
static void
testRefused(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    liveServerForgetLog(s.server);
    g_assert_cmpint(esxConnectStoragePoolEventRegisterAny(
                        s.conn, NULL, VIR_STORAGE_POOL_EVENT_ID_LAST,
                        VIR_STORAGE_POOL_EVENT_CALLBACK(hear), &s, NULL), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(esxConnectStoragePoolEventDeregisterAny(s.conn, 0), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    liveServerAssertLog(s.server, "");
    g_assert_false(inventoryIsLive(s.connection->inventory));
}

/* Nobody listens any more: what happens at the server disturbs no one. */
static void
testDeregistered(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    listenTo(&s);
    liveServerAwaitPoll(s.server, 1);
    g_assert_cmpint(esxConnectStoragePoolEventDeregisterAny(s.conn, s.id), ==, 0);
    s.id = -1;
    liveServerAdd(s.server, "b");
    inventorySnapshotUnref(inventoryAcquire(s.connection->inventory, 0, NULL));
    loopFor(1);
    g_assert_cmpstr(s.told->str, ==, "");
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    loopInit();
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/esx/storage-event/hears", testHears);
    g_test_add_func("/esx/storage-event/before-is-over", testBeforeIsOver);
    g_test_add_func("/esx/storage-event/session-ends", testSessionEnds);
    g_test_add_func("/esx/storage-event/server-is-away", testServerIsAway);
    g_test_add_func("/esx/storage-event/does-not-wait-in-a-daemon", testDoesNotWaitInADaemon);
    g_test_add_func("/esx/storage-event/hears-in-a-daemon", testHearsInADaemon);
    g_test_add_func("/esx/storage-event/refused", testRefused);
    g_test_add_func("/esx/storage-event/deregistered", testDeregistered);
    return g_test_run();
}

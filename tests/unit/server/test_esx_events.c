/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Events of storage pools on libvirt's own event loop. */

#include "esx_events.h"

#include <string.h>

#include "inventory_fixture.h"
#include "loop_fixture.h"

#define LIFECYCLE VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE
#define REFRESH VIR_STORAGE_POOL_EVENT_ID_REFRESH

/* Two datastores, and what may become of the first. */
#define OTHER VMFS("d2", "other", "")
#define DS(fields) \
    ENTER("Datastore", "d1", SET("summary", STRUCT("DatastoreSummary", \
          IN("url", "ds:///vmfs/volumes/1/") IN("multipleHostAccess", "true") \
          IN("type", "VMFS") fields)))
#define SIZES(name, free) IN("name", name) IN("capacity", "100000") IN("freeSpace", free)
#define IS_THERE DS(SIZES("ds", "50000") IN("accessible", "true"))
#define IS_LOST DS(IN("name", "ds") IN("capacity", "0") IN("freeSpace", "0") \
                   IN("accessible", "false"))
#define IS_RENAMED DS(SIZES("new", "50000") IN("accessible", "true"))
#define IS_FULLER(free) DS(SIZES("ds", free) IN("accessible", "true"))

typedef struct Setting Setting;

/* One registration. */
typedef struct {
    Setting *setting;
    virConnectPtr conn;     /* that registered it */
    GString *told;          /* a word for each event: "NAME:KIND" */
    gint calls;             /* atomic */
    gint freed;             /* atomic */
    int id;
    void (*act)(gpointer listener);     /* what the callback does; NULL: nothing */
} Listener;

struct Setting {
    EsxEvents *events;
    virConnectPtr conn;
    virConnectPtr otherConn;
    InventorySnapshot *snapshot;
    const InventoryPool *ds;
    const InventoryPool *other;
    Listener listeners[4];
};

static void
settingOpen(Setting *s)
{
    static gsize hasLoop;
    size_t i;

    if (g_once_init_enter(&hasLoop)) {
        loopInit();
        g_once_init_leave(&hasLoop, 1);
    }
    s->events = esxEventsNew();
    s->conn = virGetConnect();
    s->otherConn = virGetConnect();
    s->snapshot = fixtureSnapshot(IS_THERE OTHER, NULL);
    s->ds = fixturePool(s->snapshot, "ds");
    s->other = fixturePool(s->snapshot, "other");
    for (i = 0; i < G_N_ELEMENTS(s->listeners); i++) {
        s->listeners[i].setting = s;
        s->listeners[i].conn = s->conn;
        s->listeners[i].told = g_string_new(NULL);
        s->listeners[i].id = -1;
    }
    virResetLastError();
}

static void
settingClose(Setting *s)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(s->listeners); i++) {
        Listener *listener = &s->listeners[i];

        if (listener->id >= 0)
            g_assert_cmpint(esxEventsDeregister(s->events, listener->conn, listener->id), ==, 0);
    }
    esxEventsFree(s->events);
    loopFor(1);
    virObjectUnref(s->conn);
    virObjectUnref(s->otherConn);
    inventorySnapshotUnref(s->snapshot);
    for (i = 0; i < G_N_ELEMENTS(s->listeners); i++)
        g_string_free(s->listeners[i].told, TRUE);
    virResetLastError();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setting, settingClose)

/* ---- listening ------------------------------------------------------------------------------- */

static void
hear(Listener *listener, virConnectPtr conn, virStoragePoolPtr pool, const char *kind)
{
    g_assert_true(conn == listener->conn && pool->conn == conn);
    g_string_append_printf(listener->told, "%s%s:%s", listener->told->len ? " " : "", pool->name,
                           kind);
    if (listener->act)
        listener->act(listener);
    g_atomic_int_inc(&listener->calls);
}

static void
hearLifecycle(virConnectPtr conn, virStoragePoolPtr pool, int event, int detail, void *opaque)
{
    static const char *const kinds[] = {
        [VIR_STORAGE_POOL_EVENT_DEFINED] = "defined",
        [VIR_STORAGE_POOL_EVENT_UNDEFINED] = "undefined",
        [VIR_STORAGE_POOL_EVENT_STARTED] = "started",
        [VIR_STORAGE_POOL_EVENT_STOPPED] = "stopped",
    };

    g_assert_cmpint(event, <, (int)G_N_ELEMENTS(kinds));
    g_assert_cmpint(detail, ==, 0);
    hear(opaque, conn, pool, kinds[event]);
}

static void
hearRefresh(virConnectPtr conn, virStoragePoolPtr pool, void *opaque)
{
    hear(opaque, conn, pool, "refresh");
}

static void
freed(void *opaque)
{
    Listener *listener = opaque;

    g_atomic_int_inc(&listener->freed);
}

/* Returns: as esxEventsRegister(). */
static int
tryListen(Listener *listener, const InventoryPool *pool, int eventID)
{
    virStoragePoolPtr object =
        pool ? virGetStoragePool(listener->conn, pool->name, pool->uuid, NULL, NULL) : NULL;
    int id = esxEventsRegister(listener->setting->events, listener->conn, object, eventID,
                               eventID == LIFECYCLE ? VIR_STORAGE_POOL_EVENT_CALLBACK(hearLifecycle)
                                                    : hearRefresh,
                               listener, freed);

    virObjectUnref(object);
    return id;
}

static void
listenTo(Listener *listener, const InventoryPool *pool, int eventID)
{
    listener->id = tryListen(listener, pool, eventID);
    g_assert_cmpint(listener->id, >=, 0);
}

static void
forget(Listener *listener)
{
    int id = listener->id;

    listener->id = -1;
    g_assert_cmpint(esxEventsDeregister(listener->setting->events, listener->conn, id), ==, 0);
}

/* Runs the loop; meanwhile the listener is told of just @expected, since the last time. */
static void
expectReport(Listener *listener, const char *expected)
{
    if (*expected && !listener->told->len) {
        g_atomic_int_set(&listener->calls, 0);
        loopUntil(&listener->calls);
    }
    loopFor(1);
    g_assert_cmpstr(listener->told->str, ==, expected);
    g_string_truncate(listener->told, 0);
}

/* ---- what is told ---------------------------------------------------------------------------- */

static void
testTell(void)
{
    static const struct {
        const char *before;
        const char *now;
        const char *lifecycle;
        const char *refresh;
    } rows[] = {
        { OTHER, OTHER IS_THERE, "ds:defined ds:started", "" },
        { OTHER, OTHER IS_LOST, "ds:defined", "" },
        { OTHER IS_THERE, OTHER, "ds:stopped ds:undefined", "" },
        { OTHER IS_LOST, OTHER, "ds:undefined", "" },
        { OTHER IS_THERE, OTHER IS_LOST, "ds:stopped", "" },
        { OTHER IS_LOST, OTHER IS_THERE, "ds:started", "" },
        /* The name is what people know, and what a client keeps: the old one goes first. */
        { OTHER IS_THERE, OTHER IS_RENAMED,
          "ds:stopped ds:undefined new:defined new:started", "" },
        { OTHER IS_THERE, OTHER IS_FULLER("49000"), "", "" },
        { OTHER IS_THERE, OTHER IS_FULLER("48900"), "", "ds:refresh" },
        { OTHER IS_THERE, OTHER IS_THERE, "", "" },
        { OTHER, IS_THERE, "other:stopped other:undefined ds:defined ds:started", "" },
        { NULL, IS_THERE, "", "" },
    };
    g_auto(Setting) s = { 0 };
    size_t i;

    settingOpen(&s);
    listenTo(&s.listeners[0], NULL, LIFECYCLE);
    listenTo(&s.listeners[1], NULL, REFRESH);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(InventorySnapshot) before =
            rows[i].before ? fixtureSnapshot(rows[i].before, NULL) : NULL;
        g_autoptr(InventorySnapshot) now = fixtureSnapshot(rows[i].now, NULL);

        g_test_message("row %zu", i);
        esxEventsReport(s.events, before, now);
        expectReport(&s.listeners[0], rows[i].lifecycle);
        expectReport(&s.listeners[1], rows[i].refresh);
    }
}

/* Those of one pool, by its UUID: under whatever name. */
static void
testOnePool(void)
{
    g_auto(Setting) s = { 0 };
    g_autoptr(InventorySnapshot) renamed = fixtureSnapshot(IS_RENAMED, NULL);

    settingOpen(&s);
    listenTo(&s.listeners[0], s.ds, REFRESH);
    listenTo(&s.listeners[1], s.ds, LIFECYCLE);
    listenTo(&s.listeners[2], NULL, REFRESH);
    esxEventsRefresh(s.events, s.other);
    esxEventsRefresh(s.events, s.ds);
    esxEventsReport(s.events, s.snapshot, renamed);
    expectReport(&s.listeners[2], "other:refresh ds:refresh");
    expectReport(&s.listeners[0], "ds:refresh");
    expectReport(&s.listeners[1], "ds:stopped ds:undefined new:defined new:started");
}

/* All who listen hear it, each with its own connection. */
static void
testTwo(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    s.listeners[1].conn = s.otherConn;
    listenTo(&s.listeners[0], NULL, REFRESH);
    listenTo(&s.listeners[1], NULL, REFRESH);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
    expectReport(&s.listeners[1], "ds:refresh");

    forget(&s.listeners[0]);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[1], "ds:refresh");
    expectReport(&s.listeners[0], "");
}

/* What happened before anybody listened is not told. */
static void
testNobody(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    esxEventsRefresh(s.events, s.ds);
    esxEventsRefresh(NULL, s.ds);
    esxEventsReport(NULL, NULL, s.snapshot);
    esxEventsFree(NULL);
    listenTo(&s.listeners[0], NULL, REFRESH);
    expectReport(&s.listeners[0], "");
}

/* ---- registering ----------------------------------------------------------------------------- */

/* Runs first: the other tests make an event loop, for good. */
static void
testNoLoop(void)
{
    g_autoptr(EsxEvents) events = esxEventsNew();
    Setting s = { .events = events };
    Listener listener = { .setting = &s, .conn = virGetConnect() };

    g_assert_cmpint(tryListen(&listener, NULL, LIFECYCLE), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_CONFIG_UNSUPPORTED);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "need an event loop"));
    g_assert_cmpint(listener.freed, ==, 0);
    virObjectUnref(listener.conn);
    virResetLastError();
}

static void
testRefused(void)
{
    static const int unknown[] = { -1, VIR_STORAGE_POOL_EVENT_ID_LAST, G_MAXINT };
    g_auto(Setting) s = { 0 };
    size_t i;

    settingOpen(&s);
    for (i = 0; i < G_N_ELEMENTS(unknown); i++) {
        g_assert_cmpint(tryListen(&s.listeners[0], NULL, unknown[i]), ==, -1);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    }

    /* The same callback twice; and who was there before hears on. */
    listenTo(&s.listeners[0], NULL, REFRESH);
    g_assert_cmpint(tryListen(&s.listeners[1], NULL, REFRESH), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(s.listeners[1].freed, ==, 0);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
}

static void
testDeregister(void)
{
    g_auto(Setting) s = { 0 };
    int first;

    settingOpen(&s);
    listenTo(&s.listeners[0], NULL, REFRESH);
    first = s.listeners[0].id;
    g_assert_cmpint(esxEventsDeregister(s.events, s.otherConn, first), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
    g_assert_cmpint(esxEventsDeregister(s.events, s.conn, first + 1), ==, -1);
    g_assert_cmpint(esxEventsDeregister(s.events, s.conn, -1), ==, -1);

    /* What was on its way is not told any more. */
    esxEventsRefresh(s.events, s.ds);
    forget(&s.listeners[0]);
    g_assert_cmpint(s.listeners[0].freed, ==, 1);
    expectReport(&s.listeners[0], "");
    g_assert_cmpint(esxEventsDeregister(s.events, s.conn, first), ==, -1);

    /* A number is never that of two registrations. */
    listenTo(&s.listeners[0], NULL, REFRESH);
    g_assert_cmpint(s.listeners[0].id, >, first);
    g_assert_cmpint(esxEventsDeregister(s.events, s.conn, first), ==, -1);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
}

/* A connection lives as long as its callbacks. */
static void
testConnection(void)
{
    g_auto(Setting) s = { 0 };
    virConnectPtr conn = virGetConnect();
    GWeakRef weak;

    settingOpen(&s);
    g_weak_ref_init(&weak, conn);
    s.listeners[0].conn = conn;
    listenTo(&s.listeners[0], NULL, REFRESH);
    virObjectUnref(conn);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
    forget(&s.listeners[0]);
    g_assert_null(g_weak_ref_get(&weak));
    g_weak_ref_clear(&weak);
}

/* Who frees the events while the loop has not yet freed its timer. */
static void
testFreedAtOnce(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    listenTo(&s.listeners[0], NULL, REFRESH);
    esxEventsRefresh(s.events, s.ds);
    forget(&s.listeners[0]);
    g_clear_pointer(&s.events, esxEventsFree);
    expectReport(&s.listeners[0], "");
    g_assert_cmpint(s.listeners[0].freed, ==, 1);
}

/* ---- inside a callback ----------------------------------------------------------------------- */

static void
forgetIt(gpointer opaque)
{
    forget(opaque);
}

static void
testDeregisterInside(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    s.listeners[0].act = forgetIt;
    listenTo(&s.listeners[0], NULL, REFRESH);
    esxEventsRefresh(s.events, s.ds);
    esxEventsRefresh(s.events, s.other);
    expectReport(&s.listeners[0], "ds:refresh");
    g_assert_cmpint(s.listeners[0].freed, ==, 1);

    s.listeners[0].act = NULL;
    listenTo(&s.listeners[0], NULL, REFRESH);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
}

/* The next listener comes while the last one is still being told. */
static void
replaceIt(gpointer opaque)
{
    Listener *listener = opaque;

    forget(listener);
    esxEventsRefresh(listener->setting->events, listener->setting->other);
    listenTo(listener + 1, NULL, REFRESH);
    esxEventsRefresh(listener->setting->events, listener->setting->ds);
}

static void
testReplaceInside(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    s.listeners[0].act = replaceIt;
    listenTo(&s.listeners[0], NULL, REFRESH);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
    expectReport(&s.listeners[1], "ds:refresh");
}

/* One that is told last deregisters another; who was told may register a further one. */
static void
registerNext(gpointer opaque)
{
    Listener *listener = opaque;

    listener->act = NULL;
    listenTo(listener + 1, NULL, LIFECYCLE);
}

static void
testRegisterInside(void)
{
    g_auto(Setting) s = { 0 };
    g_autoptr(InventorySnapshot) lost = fixtureSnapshot(IS_LOST OTHER, NULL);

    settingOpen(&s);
    s.listeners[0].act = registerNext;
    listenTo(&s.listeners[0], NULL, REFRESH);
    esxEventsRefresh(s.events, s.ds);
    expectReport(&s.listeners[0], "ds:refresh");
    esxEventsReport(s.events, s.snapshot, lost);
    expectReport(&s.listeners[1], "ds:stopped");
}

/* ---- threads --------------------------------------------------------------------------------- */

#define ROUNDS 300

typedef struct {
    Setting *setting;
    gint over;      /* atomic */
} Storm;

static gpointer
reportOften(gpointer opaque)
{
    Storm *storm = opaque;

    while (!g_atomic_int_get(&storm->over)) {
        esxEventsRefresh(storm->setting->events, storm->setting->ds);
        g_usleep(50);
    }
    return NULL;
}

static gpointer
comeAndGo(gpointer opaque)
{
    Storm *storm = opaque;
    Listener *listener = &storm->setting->listeners[0];
    guint i;

    for (i = 0; i < ROUNDS; i++) {
        listenTo(listener, NULL, REFRESH);
        if (i % 3 == 0)
            g_usleep(100);
        forget(listener);
    }
    g_atomic_int_set(&storm->over, 1);
    return NULL;
}

/* However the last one went, the next one hears. */
static void
testStorm(void)
{
    g_auto(Setting) s = { 0 };
    Storm storm = { .setting = &s };
    GThread *reporter = NULL;
    GThread *listener = NULL;

    settingOpen(&s);
    reporter = g_thread_new("tells", reportOften, &storm);
    listener = g_thread_new("listens", comeAndGo, &storm);
    /* Nothing wakes the loop when it is over. */
    while (!g_atomic_int_get(&storm.over))
        loopFor(5);
    g_thread_join(listener);
    g_thread_join(reporter);
    loopFor(1);
    g_assert_cmpint(s.listeners[0].freed, ==, ROUNDS);

    g_string_truncate(s.listeners[0].told, 0);
    listenTo(&s.listeners[0], NULL, REFRESH);
    esxEventsRefresh(s.events, s.other);
    expectReport(&s.listeners[0], "other:refresh");
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);
    g_test_add_func("/esx/events/no-loop", testNoLoop);
    g_test_add_func("/esx/events/tell", testTell);
    g_test_add_func("/esx/events/one-pool", testOnePool);
    g_test_add_func("/esx/events/two", testTwo);
    g_test_add_func("/esx/events/nobody", testNobody);
    g_test_add_func("/esx/events/refused", testRefused);
    g_test_add_func("/esx/events/deregister", testDeregister);
    g_test_add_func("/esx/events/connection", testConnection);
    g_test_add_func("/esx/events/freed-at-once", testFreedAtOnce);
    g_test_add_func("/esx/events/deregister-inside", testDeregisterInside);
    g_test_add_func("/esx/events/replace-inside", testReplaceInside);
    g_test_add_func("/esx/events/register-inside", testRegisterInside);
    g_test_add_func("/esx/events/storm", testStorm);
    return g_test_run();
}

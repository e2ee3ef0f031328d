/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A stream's callback on libvirt's own event loop. */

#include "esx_stream_event.h"

#include <dirent.h>
#include <string.h>
#include <sys/resource.h>

#include "loop_fixture.h"

#define R VIR_STREAM_EVENT_READABLE
#define W VIR_STREAM_EVENT_WRITABLE
#define E VIR_STREAM_EVENT_ERROR
#define H VIR_STREAM_EVENT_HANGUP

typedef struct {
    virConnectPtr conn;
    virStreamPtr stream;
    EsxStreamEvents *events;
    gint ready;             /* atomic: what is true */

    gint calls;             /* atomic */
    int told;               /* by the last call */
    gint freed;             /* atomic */
    void (*act)(gpointer setting);      /* what the callback does; NULL: nothing */
    guint disposed;         /* the stream was */
    gboolean keepsReady;    /* the callback does not take what it was told of */
} Setting;

static int
ready(gpointer opaque)
{
    Setting *s = opaque;

    return g_atomic_int_get(&s->ready);
}

static void
disposed(void *opaque)
{
    Setting *s = opaque;

    s->disposed++;
}

static void
settingOpen(Setting *s, int implied)
{
    s->conn = virGetConnect();
    s->stream = virGetStream(s->conn);
    s->stream->privateData = s;
    s->stream->ff = disposed;
    s->events = esxStreamEventsNew(ready, s, implied);
}

static void
settingClose(Setting *s)
{
    esxStreamEventsFree(s->events);
    virObjectUnref(s->stream);
    virObjectUnref(s->conn);
    g_assert_cmpuint(s->disposed, ==, 1);
    loopFor(1);
    virResetLastError();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setting, settingClose)

static void
change(Setting *s, int events)
{
    g_atomic_int_set(&s->ready, events);
    esxStreamEventsChanged(s->events);
}

static void
called(virStreamPtr stream, int events, void *opaque)
{
    Setting *s = opaque;

    g_assert_true(!s->stream || stream == s->stream);
    s->told = events;
    if (s->act)
        s->act(s);
    else if (!s->keepsReady)
        change(s, 0);
    g_atomic_int_inc(&s->calls);
}

static void
freed(void *opaque)
{
    Setting *s = opaque;

    g_atomic_int_inc(&s->freed);
}

static void
add(Setting *s, int interest)
{
    g_assert_cmpint(esxStreamEventsAdd(s->events, s->stream, interest, called, s, freed), ==, 0);
}

/* Runs the loop until the callback was called once more, which told @events. */
static void
expect(Setting *s, int events)
{
    g_atomic_int_set(&s->calls, 0);
    loopUntil(&s->calls);
    g_assert_cmpint(s->calls, ==, 1);
    g_assert_cmpint(s->told, ==, events);
}

static void
expectQuiet(Setting *s)
{
    g_atomic_int_set(&s->calls, 0);
    loopFor(30);
    g_assert_cmpint(s->calls, ==, 0);
}

static guint
openFiles(void)
{
    DIR *dir = opendir("/proc/self/fd");
    guint n = 0;

    g_assert_nonnull(dir);
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

/* ---- what is told --------------------------------------------------------------------------- */

static void
testInterest(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s, 0);
    change(&s, R | W);
    add(&s, 0);
    expectQuiet(&s);
    g_assert_cmpint(esxStreamEventsUpdate(s.events, R), ==, 0);
    expect(&s, R);
    expectQuiet(&s);

    change(&s, W);
    expectQuiet(&s);
    g_assert_cmpint(esxStreamEventsUpdate(s.events, W), ==, 0);
    expect(&s, W);
    change(&s, R | W | E | H);
    expect(&s, W);
}

/* Again and again while it is true, and no longer. */
static void
testLevel(void)
{
    g_auto(Setting) s = { .keepsReady = TRUE };

    settingOpen(&s, 0);
    add(&s, R);
    change(&s, R);
    loopFor(10);
    g_assert_cmpint(s.calls, >, 2);
    change(&s, 0);
    loopFor(1);
    expectQuiet(&s);
}

/* An error is told to who is interested in something, and only then. */
static void
testImplied(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s, E);
    add(&s, 0);
    change(&s, E | H);
    expectQuiet(&s);
    g_assert_cmpint(esxStreamEventsUpdate(s.events, W), ==, 0);
    expect(&s, E);
}

static gpointer
changeSoon(gpointer data)
{
    g_usleep(20 * 1000);
    change(data, R);
    return NULL;
}

static void
testOtherThread(void)
{
    g_auto(Setting) s = { 0 };
    GThread *thread = NULL;

    settingOpen(&s, 0);
    add(&s, R);
    thread = g_thread_new("changes", changeSoon, &s);
    expect(&s, R);
    g_thread_join(thread);
}

/* ---- adding and removing -------------------------------------------------------------------- */

static void
testRefusals(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s, 0);
    g_assert_cmpint(esxStreamEventsUpdate(s.events, R), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_INVALID);
    g_assert_cmpint(esxStreamEventsRemove(s.events), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_INVALID);
    g_assert_cmpint(esxStreamEventsAdd(s.events, s.stream, R, NULL, &s, freed), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_INVALID);

    add(&s, R);
    g_assert_cmpint(esxStreamEventsAdd(s.events, s.stream, R, called, &s, freed), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_INVALID);
    /* What a refused callback was to be given stays its owner's. */
    g_assert_cmpint(s.freed, ==, 0);
}

static void
testRemove(void)
{
    g_auto(Setting) s = { 0 };
    guint before = openFiles();
    int i;

    settingOpen(&s, 0);
    change(&s, R);
    for (i = 1; i <= 3; i++) {
        add(&s, R);
        g_assert_cmpint(esxStreamEventsRemove(s.events), ==, 0);
        g_assert_cmpint(s.freed, ==, i);
    }
    expectQuiet(&s);
    g_assert_cmpuint(openFiles(), ==, before);
}

static void
removeItself(gpointer data)
{
    Setting *s = data;

    g_assert_cmpint(esxStreamEventsRemove(s->events), ==, 0);
    g_assert_cmpint(s->freed, ==, 0);      /* it is still in use */
}

static void
testRemovesItself(void)
{
    g_auto(Setting) s = { .act = removeItself };

    settingOpen(&s, 0);
    add(&s, R);
    change(&s, R);
    expect(&s, R);
    g_assert_cmpint(s.freed, ==, 1);
    expectQuiet(&s);
    g_assert_cmpint(s.freed, ==, 1);
}

static void
replaceItself(gpointer data)
{
    Setting *s = data;

    removeItself(s);
    s->act = NULL;
    add(s, W);
}

static void
testReplacesItself(void)
{
    g_auto(Setting) s = { .act = replaceItself };

    settingOpen(&s, 0);
    add(&s, R);
    change(&s, R);
    expect(&s, R);
    g_assert_cmpint(s.freed, ==, 1);
    expectQuiet(&s);
    change(&s, W);
    expect(&s, W);
}

/* Everything goes while the callback runs: the events, the stream, its connection. */
static void
freeEverything(gpointer data)
{
    Setting *s = data;

    g_clear_pointer(&s->events, esxStreamEventsFree);
    g_clear_pointer(&s->stream, virObjectUnref);
    g_clear_pointer(&s->conn, virObjectUnref);
}

static void
testFreesEverything(void)
{
    Setting s = { .act = freeEverything };
    guint before = openFiles();

    settingOpen(&s, 0);
    add(&s, R);
    change(&s, R);
    expect(&s, R);
    loopFor(5);
    g_assert_cmpint(s.freed, ==, 1);
    g_assert_cmpuint(s.disposed, ==, 1);
    g_assert_cmpuint(openFiles(), ==, before);
}

static void
testFreedWithCallback(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s, 0);
    change(&s, R);
    add(&s, R);
    g_clear_pointer(&s.events, esxStreamEventsFree);
    g_assert_cmpint(s.freed, ==, 1);
    loopFor(10);
    g_assert_cmpint(s.calls, ==, 0);
}

/* ---- removing while it runs in another thread ----------------------------------------------- */

static struct {
    GMutex lock;
    GCond changed;
    gboolean inside, leave;
} gate;

static void
stayInside(gpointer data G_GNUC_UNUSED)
{
    g_mutex_lock(&gate.lock);
    gate.inside = TRUE;
    g_cond_broadcast(&gate.changed);
    while (!gate.leave)
        g_cond_wait(&gate.changed, &gate.lock);
    g_mutex_unlock(&gate.lock);
}

static gpointer
removeFromOutside(gpointer data)
{
    Setting *s = data;

    g_mutex_lock(&gate.lock);
    while (!gate.inside)
        g_cond_wait(&gate.changed, &gate.lock);
    g_assert_cmpint(esxStreamEventsRemove(s->events), ==, 0);
    g_assert_cmpint(s->freed, ==, 0);
    gate.leave = TRUE;
    g_cond_broadcast(&gate.changed);
    g_mutex_unlock(&gate.lock);
    return NULL;
}

static void
testRemovedWhileRunning(void)
{
    g_auto(Setting) s = { .act = stayInside };
    GThread *thread = NULL;

    settingOpen(&s, 0);
    add(&s, R);
    change(&s, R);
    thread = g_thread_new("removes", removeFromOutside, &s);
    expect(&s, R);
    g_thread_join(thread);
    g_assert_cmpint(s.freed, ==, 1);
    expectQuiet(&s);
}

/* One thread changes what is true, the loop calls, another adds and removes. */
static gpointer
changeOften(gpointer data)
{
    int i;

    for (i = 0; i < 3000; i++) {
        change(data, i % 2 ? R : W);
        if (i % 100 == 0)
            g_usleep(1000);
    }
    return NULL;
}

static gpointer
addOften(gpointer data)
{
    Setting *s = data;
    int i;

    for (i = 0; i < 300; i++) {
        add(s, i % 2 ? R : R | W);
        g_usleep((gulong)(i % 5) * 50);
        esxStreamEventsUpdate(s->events, W);
        g_assert_cmpint(esxStreamEventsRemove(s->events), ==, 0);
    }
    return NULL;
}

static void
testTorture(void)
{
    g_auto(Setting) s = { .keepsReady = TRUE };
    guint before = openFiles();
    GThread *threads[2] = { NULL };

    settingOpen(&s, E);
    threads[0] = g_thread_new("changes", changeOften, &s);
    threads[1] = g_thread_new("adds", addOften, &s);
    loopFor(300);
    g_thread_join(threads[0]);
    g_thread_join(threads[1]);
    loopFor(10);
    g_assert_cmpuint(openFiles(), ==, before);
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

/* The sentence is that of all other places. */
static void
testTooFewDescriptors(void)
{
    g_auto(Setting) s = { 0 };
    struct rlimit old = { 0 };
    struct rlimit none = { 0 };
    int added;

    settingOpen(&s, 0);
    g_assert_cmpint(getrlimit(RLIMIT_NOFILE, &old), ==, 0);
    none = old;
    none.rlim_cur = 3;
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &none), ==, 0);
    added = esxStreamEventsAdd(s.events, s.stream, R, called, &s, freed);
    g_assert_cmpint(setrlimit(RLIMIT_NOFILE, &old), ==, 0);

    g_assert_cmpint(added, ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_SYSTEM_ERROR);
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "eventfd"));
    g_assert_nonnull(strstr(virGetLastErrorMessage(), "this process has too few file descriptors"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    loopInit();
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);
    /* The loop makes its own wake-up files when it is run first. */
    loopFor(1);

    g_test_add_func("/stream-event/too-few-descriptors", testTooFewDescriptors);
    g_test_add_func("/stream-event/interest", testInterest);
    g_test_add_func("/stream-event/level", testLevel);
    g_test_add_func("/stream-event/implied", testImplied);
    g_test_add_func("/stream-event/other-thread", testOtherThread);
    g_test_add_func("/stream-event/refusals", testRefusals);
    g_test_add_func("/stream-event/remove", testRemove);
    g_test_add_func("/stream-event/removes-itself", testRemovesItself);
    g_test_add_func("/stream-event/replaces-itself", testReplacesItself);
    g_test_add_func("/stream-event/frees-everything", testFreesEverything);
    g_test_add_func("/stream-event/freed-with-callback", testFreedWithCallback);
    g_test_add_func("/stream-event/removed-while-running", testRemovedWhileRunning);
    g_test_add_func("/stream-event/torture", testTorture);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_vmfs_fetch.h"
#include "vi_fixture.h"

#include <string.h>

#define MIB ((guint64)1024 * 1024)
#define PIECE ((size_t)16 * 1024)

/* A server: byte @at of its file is byteAt(@at). */
typedef struct {
    guint delayUs;          /* before each piece, at most, by chance */
    guint lingerUs;         /* behind the last byte of each request */
    guint gather;           /* no request goes on before so many have come */
    guint64 failAt;         /* a request with this byte fails; 0: none */
    size_t lacks;           /* each request brings so much less */
    size_t adds;            /* or more */
    gboolean endless;       /* no request ends before it is stopped */

    GMutex lock;            /* guards what follows */
    GCond changed;
    guint came, now, mostAtOnce;
    guint64 lastEnd;        /* the furthest byte asked for */
} Server;

/* Who takes it all. */
typedef struct {
    guint64 at, end;
    guint64 failAt;         /* 0: never */
    guint delayUs;
    gboolean same;
    guint64 ahead;          /* most that was asked for beyond what was taken */
    Server *server;
} Taker;

static char
byteAt(guint64 at)
{
    return (char)((at * 2654435761u) >> 13);
}

static void
serverInit(Server *server)
{
    g_mutex_init(&server->lock);
    g_cond_init(&server->changed);
}

/* Returns: FALSE when the request is to end. */
static gboolean
enter(Server *server, guint64 end, const Cancel *cancel)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    server->came++;
    server->now++;
    server->mostAtOnce = MAX(server->mostAtOnce, server->now);
    server->lastEnd = MAX(server->lastEnd, end);
    g_cond_broadcast(&server->changed);
    while (server->came < server->gather)
        g_cond_wait(&server->changed, &server->lock);
    while (server->endless && !cancelIsRaised(cancel))
        g_cond_wait_until(&server->changed, &server->lock, g_get_monotonic_time() + 1000);
    return !server->endless;
}

static void
leave(Server *server)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&server->lock);

    server->now--;
}

static gboolean
serve(const Server *server, guint64 offset, guint64 length, ViTransferSink sink, gpointer opaque,
      const Cancel *cancel, GError **error)
{
    g_autofree char *bytes = g_malloc(PIECE);
    guint64 end = offset + length - server->lacks + server->adds;
    size_t piece;
    size_t i;

    for (; offset < end; offset += piece) {
        piece = (size_t)g_random_int_range(1, (gint)PIECE + 1);
        piece = (size_t)MIN(piece, end - offset);
        if (cancelIsRaised(cancel)) {
            g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "stopped");
            return FALSE;
        }
        if (server->failAt > 0 && offset + piece > server->failAt) {
            g_set_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN, "the wire is cut");
            return FALSE;
        }
        if (server->delayUs > 0)
            g_usleep((gulong)g_random_int_range(0, (gint)server->delayUs));
        for (i = 0; i < piece; i++)
            bytes[i] = byteAt(offset + i);
        if (!sink(bytes, piece, opaque, error))
            return FALSE;
    }
    g_usleep(server->lingerUs);
    return TRUE;
}

/* EsxVmfsFetchRead */
static gboolean
readServer(gpointer opaque, guint64 offset, guint64 length, ViTransferSink sink,
           gpointer sinkOpaque, const Cancel *cancel, GError **error)
{
    Server *server = opaque;
    gboolean ok;

    if (enter(server, offset + length, cancel)) {
        ok = serve(server, offset, length, sink, sinkOpaque, cancel, error);
    } else {
        g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "stopped");
        ok = FALSE;
    }
    leave(server);
    return ok;
}

/* ViTransferSink */
static gboolean
take(const char *data, size_t length, gpointer opaque, GError **error)
{
    Taker *taker = opaque;
    size_t i;

    if (taker->failAt > 0 && taker->at + length > taker->failAt) {
        g_set_error(error, ESX_ERROR, ESX_ERROR_INTERNAL, "the bucket is full");
        return FALSE;
    }
    for (i = 0; i < length; i++)
        taker->same = taker->same && data[i] == byteAt(taker->at + i);
    g_mutex_lock(&taker->server->lock);
    taker->ahead = MAX(taker->ahead, taker->server->lastEnd - taker->at);
    g_mutex_unlock(&taker->server->lock);
    taker->at += length;
    if (taker->delayUs > 0)
        g_usleep(taker->delayUs);
    return TRUE;
}

static gboolean
fetch(Server *server, Taker *taker, guint64 offset, guint64 length, guint workers,
      const Cancel *cancel, GError **error)
{
    const EsxVmfsFetch what = { offset, length, workers, readServer, server };
    gboolean ok;

    taker->at = offset;
    taker->same = TRUE;
    taker->server = server;
    ok = esxVmfsFetchRun(&what, take, taker, cancel, error);
    g_assert_true(taker->same);
    g_assert_cmpuint(server->now, ==, 0);
    return ok;
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* Memory has one ceiling, whatever the number of workers. */
static void
testSegments(void)
{
    guint workers;

    for (workers = 1; workers <= 16; workers++) {
        size_t segment = esxVmfsFetchSegment(workers);

        g_assert_cmpuint(segment, >=, 512 * 1024);
        g_assert_cmpuint(segment % ESX_VMFS_FETCH_GRAIN, ==, 0);
        g_assert_cmpuint(segment * (workers + 1), <=, ESX_VMFS_FETCH_WINDOW);
    }
    g_assert_cmpuint(esxVmfsFetchSegment(4), ==, 2 * MIB);
}

/* All in order, whatever comes when. */
static void
testOrder(void)
{
    static const guint workers[] = { 1, 2, 3, 4, 7, 16 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(workers); i++) {
        Server server = { .delayUs = 200, .lingerUs = i % 2 ? 10000 : 0 };
        Taker taker = { 0 };
        g_autoptr(GError) error = NULL;
        guint64 offset = (guint64)g_random_int_range(0, 3 * (gint)MIB);
        guint64 length = (guint64)g_random_int_range(1, 30 * (gint)MIB);

        serverInit(&server);
        g_assert_true(fetch(&server, &taker, offset, length, workers[i], NULL, &error));
        g_assert_no_error(error);
        g_assert_cmpuint(taker.at, ==, offset + length);
        g_assert_cmpuint(server.mostAtOnce, <=, workers[i]);
    }
}

static void
testEdges(void)
{
    static const guint64 lengths[] = { 0, 1, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(lengths); i++) {
        Server server = { 0 };
        Taker taker = { 0 };
        g_autoptr(GError) error = NULL;

        serverInit(&server);
        g_assert_true(fetch(&server, &taker, 2 * MIB - 1, lengths[i], 4, NULL, &error));
        g_assert_cmpuint(taker.at, ==, 2 * MIB - 1 + lengths[i]);
    }
}

/* No request goes on before all workers have one: so they do run side by side. */
static void
testAtOnce(void)
{
    Server server = { .gather = 4 };
    Taker taker = { 0 };
    g_autoptr(GError) error = NULL;

    serverInit(&server);
    g_assert_true(fetch(&server, &taker, 0, 20 * MIB, 4, NULL, &error));
    g_assert_cmpuint(server.mostAtOnce, ==, 4);
}

/* A slow taker: nobody runs away. */
static void
testWindow(void)
{
    Server server = { 0 };
    Taker taker = { .delayUs = 2000 };
    g_autoptr(GError) error = NULL;

    serverInit(&server);
    g_assert_true(fetch(&server, &taker, 0, 40 * MIB, 4, NULL, &error));
    g_assert_cmpuint(taker.ahead, <=, ESX_VMFS_FETCH_WINDOW);
    g_assert_cmpuint(taker.ahead, >, 4 * MIB);
}

/* What is there of a segment is given away before it is whole. */
static void
testPartOfSegment(void)
{
    Server server = { .delayUs = 1000, .failAt = 700 * 1024 };
    Taker taker = { 0 };
    g_autoptr(GError) error = NULL;

    serverInit(&server);
    g_assert_false(fetch(&server, &taker, 0, 2 * MIB, 4, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_cmpuint(taker.at, >, 0);
    g_assert_cmpuint(taker.at, <, 700 * 1024);
}

/* ---- failures -------------------------------------------------------------------------------- */

static void
testReadFails(void)
{
    Server server = { .delayUs = 50, .failAt = 17 * MIB };
    Taker taker = { 0 };
    g_autoptr(GError) error = NULL;

    serverInit(&server);
    g_assert_false(fetch(&server, &taker, 0, 100 * MIB, 4, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN);
    fixtureAssertPhrase(error->message, "the wire is cut");
    g_assert_cmpuint(taker.at, <=, 17 * MIB);
}

static void
testSinkFails(void)
{
    Server server = { .delayUs = 50 };
    Taker taker = { .failAt = 5 * MIB };
    g_autoptr(GError) error = NULL;

    serverInit(&server);
    g_assert_false(fetch(&server, &taker, 0, 100 * MIB, 4, NULL, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INTERNAL);
    fixtureAssertPhrase(error->message, "the bucket is full");
}

static void
testWrongLengths(void)
{
    Server little = { .lacks = 1 };
    Server much = { .adds = 1 };
    Taker taker = { 0 };
    g_autoptr(GError) error = NULL;

    serverInit(&little);
    serverInit(&much);
    g_assert_false(fetch(&little, &taker, 0, 20 * MIB, 4, NULL, &error));
    fixtureAssertPhrase(error->message, "sent less");
    g_clear_error(&error);
    g_assert_false(fetch(&much, &taker, 0, 20 * MIB, 4, NULL, &error));
    fixtureAssertPhrase(error->message, "sent more");
}

static gpointer
cancelSoon(gpointer cancel)
{
    g_usleep(50000);
    cancelRaise(cancel);
    return NULL;
}

static void
testCancel(void)
{
    Server server = { .endless = TRUE };
    Taker taker = { 0 };
    g_autoptr(Cancel) cancel = cancelNew(NULL);
    const gint64 begun = g_get_monotonic_time();
    GThread *thread = NULL;
    g_autoptr(GError) error = NULL;

    serverInit(&server);
    thread = g_thread_new("cancel", cancelSoon, cancel);
    g_assert_false(fetch(&server, &taker, 0, 100 * MIB, 16, cancel, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, 10 * G_TIME_SPAN_SECOND);
    g_thread_join(thread);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/fetch/segments", testSegments);
    g_test_add_func("/storage/fetch/order", testOrder);
    g_test_add_func("/storage/fetch/edges", testEdges);
    g_test_add_func("/storage/fetch/at-once", testAtOnce);
    g_test_add_func("/storage/fetch/window", testWindow);
    g_test_add_func("/storage/fetch/part-of-segment", testPartOfSegment);
    g_test_add_func("/storage/fetch/read-fails", testReadFails);
    g_test_add_func("/storage/fetch/sink-fails", testSinkFails);
    g_test_add_func("/storage/fetch/wrong-lengths", testWrongLengths);
    g_test_add_func("/storage/fetch/cancel", testCancel);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The queue between a transfer and a stream with both sides at work. With -m perf: how fast. */

#include "esx_pipe.h"

#include <string.h>

#include "thread_fixture.h"

#define TORTURE_BYTES (24 * 1024 * 1024)

typedef struct {
    EsxPipe *pipe;
    char *image;        /* what is sent; holes are zeros */
    size_t size;
    guint32 seed;
    gboolean expand;
    gint turn;          /* who writes and who reads; atomic */
    gint taken;         /* by all who read; atomic */
} Torture;

/* Runs of zeros and of other bytes, of any length. */
static char *
makeImage(GRand *rand, size_t size)
{
    char *image = g_malloc0(size);
    size_t at = 0;

    while (at < size) {
        size_t length = (size_t)g_rand_int_range(rand, 1, 100000);

        length = MIN(length, size - at);
        if (g_rand_boolean(rand))
            memset(image + at, g_rand_int_range(rand, 1, 255), length);
        at += length;
    }
    return image;
}

static size_t
zerosAt(const Torture *t, size_t at)
{
    size_t n = 0;

    while (at + n < t->size && t->image[at + n] == 0)
        n++;
    return n;
}

static void
tortureWrite(Torture *t, GRand *rand)
{
    size_t at = 0;

    while (at < t->size) {
        size_t zeros = zerosAt(t, at);
        size_t length = (size_t)g_rand_int_range(rand, 1, 70000);
        size_t written = 0;
        EsxPipeResult result = ESX_PIPE_DONE;

        if (zeros > 0) {
            written = MIN(zeros, length);
            result = esxPipeWriteHole(t->pipe, written);
        } else {
            gboolean block = g_rand_int_range(rand, 0, 4) > 0;

            result = esxPipeWrite(t->pipe, t->image + at, MIN(length, t->size - at), block,
                                  &written);
            g_assert_true(block ? result == ESX_PIPE_DONE : result != ESX_PIPE_CLOSED);
        }
        at += written;
    }
    esxPipeEnd(t->pipe);
}

/* Returns: how many bytes of the image are next, or 0 at the end. */
static size_t
tortureStep(const Torture *t, GRand *rand, char *buffer, size_t size, size_t at)
{
    gboolean block = g_rand_int_range(rand, 0, 4) > 0;
    size_t got = 0;
    guint64 hole = 0;

    switch (esxPipeRead(t->pipe, buffer, size, t->expand, block, &got)) {
    case ESX_PIPE_DONE:
        g_assert_cmpuint(got, >, 0);
        g_assert_cmpint(memcmp(buffer, t->image + at, got), ==, 0);
        return got;
    case ESX_PIPE_HOLE:
        g_assert_false(t->expand);
        g_assert_cmpint(esxPipeReadHole(t->pipe, block, &hole), ==, ESX_PIPE_HOLE);
        /* A hole is told whole. */
        g_assert_cmpuint(hole, ==, zerosAt(t, at));
        return hole;
    case ESX_PIPE_WAIT:
        g_assert_false(block);
        return tortureStep(t, rand, buffer, size, at);
    case ESX_PIPE_END:
        g_assert_cmpuint(at, ==, t->size);
        return 0;
    case ESX_PIPE_CLOSED:
    default:
        g_assert_not_reached();
    }
}

static void
tortureRead(Torture *t, GRand *rand)
{
    g_autofree char *buffer = g_malloc(70000);
    size_t at = 0;
    size_t got = 0;

    do {
        got = tortureStep(t, rand, buffer, (size_t)g_rand_int_range(rand, 1, 70000), at);
        at += got;
    } while (got > 0);
    g_assert_cmpuint(at, ==, t->size);
}

static void
tortureSide(gpointer data)
{
    Torture *t = data;
    gint turn = g_atomic_int_add(&t->turn, 1);
    GRand *rand = g_rand_new_with_seed(t->seed + (guint32)turn);

    if (turn == 0)
        tortureWrite(t, rand);
    else
        tortureRead(t, rand);
    g_rand_free(rand);
}

static void
testTorture(gconstpointer data)
{
    const size_t capacity = GPOINTER_TO_SIZE(data);
    int i;

    for (i = 0; i < 2; i++) {
        GRand *rand = g_rand_new_with_seed(g_test_rand_int());
        g_autoptr(EsxPipe) pipe = esxPipeNew(capacity);
        Torture t = {
            .pipe = pipe,
            .size = capacity < 100 ? TORTURE_BYTES / 1000 : TORTURE_BYTES,
            .seed = g_rand_int(rand),
            .expand = i == 1,
        };

        t.image = makeImage(rand, t.size);
        crewJoin(crewStart(2, tortureSide, &t));
        g_free(t.image);
        g_rand_free(rand);
    }
}

/* Closed by a third thread at any moment: both sides come back, and say so. */
static void
closedWrite(EsxPipe *pipe)
{
    char bytes[1000] = { 0 };
    size_t written = 0;

    while (esxPipeWrite(pipe, bytes, sizeof(bytes), TRUE, &written) != ESX_PIPE_CLOSED)
        esxPipeWriteHole(pipe, 100);
}

static void
closedRead(EsxPipe *pipe)
{
    char bytes[700];
    size_t got = 0;
    guint64 hole = 0;

    while (esxPipeRead(pipe, bytes, sizeof(bytes), FALSE, TRUE, &got) != ESX_PIPE_CLOSED)
        esxPipeReadHole(pipe, FALSE, &hole);
}

static void
closedSide(gpointer data)
{
    Torture *t = data;

    if (g_atomic_int_add(&t->turn, 1) == 0)
        closedWrite(t->pipe);
    else
        closedRead(t->pipe);
}

static void
testCloseAnyTime(void)
{
    int i;

    for (i = 0; i < 200; i++) {
        g_autoptr(EsxPipe) pipe = esxPipeNew(4096);
        Torture t = { .pipe = esxPipeRef(pipe) };
        Crew *crew = crewStart(2, closedSide, &t);

        g_usleep((gulong)g_test_rand_int_range(0, 500));
        esxPipeClose(pipe, NULL);
        crewJoin(crew);
        esxPipeUnref(t.pipe);
    }
}

/* Two on one side, which nobody should do, spoil nothing but the order. */
static void
sharedSide(gpointer data)
{
    Torture *t = data;
    gint turn = g_atomic_int_add(&t->turn, 1);
    char bytes[997];
    size_t done = 0;
    size_t total = 0;

    memset(bytes, 'x', sizeof(bytes));
    if (turn < 2) {
        for (total = 0; total < t->size; total += done)
            esxPipeWrite(t->pipe, bytes, MIN(sizeof(bytes), t->size - total), TRUE, &done);
        return;
    }
    while (esxPipeRead(t->pipe, bytes, sizeof(bytes), TRUE, TRUE, &done) == ESX_PIPE_DONE) {
        g_assert_cmpint(bytes[0], ==, 'x');
        g_assert_cmpint(memcmp(bytes, bytes + 1, done - 1), ==, 0);
        if (g_atomic_int_add(&t->taken, (gint)done) + (gint)done == 2 * (gint)t->size)
            esxPipeEnd(t->pipe);
    }
}

static void
testTwoOnEachSide(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(5000);
    Torture t = { .pipe = pipe, .size = 1000 * 1000 };

    crewJoin(crewStart(4, sharedSide, &t));
    g_assert_cmpint(t.taken, ==, 2 * 1000 * 1000);
}

/* ---- speed ---------------------------------------------------------------------------------- */

#define SPEED_BYTES (G_GUINT64_CONSTANT(1) << 30)

static void
speedSide(gpointer data)
{
    Torture *t = data;
    const size_t size = 256 * 1024;
    g_autofree char *bytes = g_malloc0(size);
    guint64 total = 0;
    size_t done = 0;

    if (g_atomic_int_add(&t->turn, 1) == 0) {
        for (total = 0; total < SPEED_BYTES; total += done)
            esxPipeWrite(t->pipe, bytes, (size_t)MIN(16384, SPEED_BYTES - total), TRUE, &done);
        esxPipeEnd(t->pipe);
        return;
    }
    while (esxPipeRead(t->pipe, bytes, size, FALSE, TRUE, &done) == ESX_PIPE_DONE)
        total += done;
    g_assert_cmpuint(total, ==, SPEED_BYTES);
}

/* With -m perf: 1 GiB in the steps of libcurl and of virStreamRecvAll. */
static void
testSpeed(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(4 * 1024 * 1024);
    Torture t = { .pipe = pipe };
    double seconds = 0;

    g_test_timer_start();
    crewJoin(crewStart(2, speedSide, &t));
    seconds = g_test_timer_elapsed();
    g_test_maximized_result(1024 / seconds, "%.0f MiB/s", 1024 / seconds);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_data_func("/pipe-torture/large", GSIZE_TO_POINTER(256 * 1024), testTorture);
    g_test_add_data_func("/pipe-torture/odd", GSIZE_TO_POINTER(10007), testTorture);
    g_test_add_data_func("/pipe-torture/tiny", GSIZE_TO_POINTER(1), testTorture);
    g_test_add_func("/pipe-torture/close-any-time", testCloseAnyTime);
    g_test_add_func("/pipe-torture/two-on-each-side", testTwoOnEachSide);
    if (g_test_perf())
        g_test_add_func("/pipe-torture/speed", testSpeed);
    return g_test_run();
}

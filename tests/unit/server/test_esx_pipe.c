/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The queue between a transfer and a stream: order, holes, waiting, closing. */

#include "esx_pipe.h"

#include <string.h>

#include "base_limits.h"
#include "thread_fixture.h"

static size_t
writeText(EsxPipe *pipe, const char *text)
{
    size_t written = 0;

    esxPipeWrite(pipe, text, strlen(text), FALSE /* block */, &written);
    return written;
}

/* Asserts that the next read, of @size bytes at most, answers @result and gives @text. */
static void
assertRead(EsxPipe *pipe, size_t size, gboolean expand, EsxPipeResult result, const char *text,
           size_t length)
{
    char buffer[64];
    size_t got = 99;

    g_assert_cmpuint(size, <=, sizeof(buffer));
    g_assert_cmpint(esxPipeRead(pipe, buffer, size, expand, FALSE /* block */, &got), ==, result);
    g_assert_cmpmem(buffer, got, text, length);
}

#define ASSERT_DATA(pipe, size, text) \
    assertRead(pipe, size, FALSE, ESX_PIPE_DONE, text, sizeof(text) - 1)
#define ASSERT_NOTHING(pipe, result) assertRead(pipe, 8, FALSE, result, "", 0)

static void
assertPeek(EsxPipe *pipe, EsxPipeResult result, guint64 length)
{
    guint64 told = 99;

    g_assert_cmpint(esxPipePeek(pipe, FALSE /* block */, &told), ==, result);
    g_assert_cmpuint(told, ==, length);
}

static void
assertHole(EsxPipe *pipe, EsxPipeResult result, guint64 length)
{
    guint64 told = 99;

    g_assert_cmpint(esxPipeReadHole(pipe, FALSE /* block */, &told), ==, result);
    g_assert_cmpuint(told, ==, length);
}

/* ---- one thread ----------------------------------------------------------------------------- */

static void
testDataGoesRound(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);

    ASSERT_NOTHING(pipe, ESX_PIPE_WAIT);
    g_assert_cmpuint(writeText(pipe, "abcdef"), ==, 6);
    ASSERT_DATA(pipe, 4, "abcd");
    /* Goes over the ring's end, and no further than there is room. */
    g_assert_cmpuint(writeText(pipe, "ghijklmn"), ==, 6);
    g_assert_cmpuint(writeText(pipe, "x"), ==, 0);
    assertPeek(pipe, ESX_PIPE_DONE, 8);
    ASSERT_DATA(pipe, 64, "efghijkl");
    esxPipeEnd(pipe);
    ASSERT_NOTHING(pipe, ESX_PIPE_END);
    assertPeek(pipe, ESX_PIPE_END, 0);
}

static void
testNothingIsNothing(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    size_t written = 99;

    g_assert_cmpint(esxPipeWrite(pipe, "", 0, FALSE, &written), ==, ESX_PIPE_DONE);
    g_assert_cmpuint(written, ==, 0);
    g_assert_cmpint(esxPipeWriteHole(pipe, 0), ==, ESX_PIPE_DONE);
    ASSERT_NOTHING(pipe, ESX_PIPE_WAIT);
    writeText(pipe, "a");
    assertRead(pipe, 0, FALSE, ESX_PIPE_DONE, "", 0);
    ASSERT_DATA(pipe, 8, "a");
}

static void
testHoles(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);

    writeText(pipe, "ab");
    g_assert_cmpint(esxPipeWriteHole(pipe, 10), ==, ESX_PIPE_DONE);
    esxPipeWriteHole(pipe, G_GUINT64_CONSTANT(1) << 40);
    writeText(pipe, "cd");

    assertHole(pipe, ESX_PIPE_DONE, 0);
    ASSERT_DATA(pipe, 8, "ab");
    ASSERT_NOTHING(pipe, ESX_PIPE_HOLE);
    assertPeek(pipe, ESX_PIPE_HOLE, (G_GUINT64_CONSTANT(1) << 40) + 10);
    assertHole(pipe, ESX_PIPE_HOLE, (G_GUINT64_CONSTANT(1) << 40) + 10);
    ASSERT_DATA(pipe, 8, "cd");
    assertHole(pipe, ESX_PIPE_WAIT, 0);
}

/* How long a hole is, is only told when no more of it can come. */
static void
testOpenHole(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);

    esxPipeWriteHole(pipe, 10);
    assertPeek(pipe, ESX_PIPE_WAIT, 0);
    ASSERT_NOTHING(pipe, ESX_PIPE_WAIT);
    g_assert_false(esxPipeIsReadable(pipe, FALSE /* expand */));
    g_assert_true(esxPipeIsReadable(pipe, TRUE /* expand */));
    esxPipeWriteHole(pipe, 5);
    esxPipeEnd(pipe);
    g_assert_true(esxPipeIsReadable(pipe, FALSE /* expand */));
    assertHole(pipe, ESX_PIPE_HOLE, 15);
    assertHole(pipe, ESX_PIPE_END, 0);
}

static void
testExpandedHole(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);

    esxPipeWriteHole(pipe, 5);
    assertRead(pipe, 2, TRUE, ESX_PIPE_DONE, "\0\0", 2);
    writeText(pipe, "a");
    assertRead(pipe, 8, TRUE, ESX_PIPE_DONE, "\0\0\0", 3);
    assertRead(pipe, 8, TRUE, ESX_PIPE_DONE, "a", 1);
    assertRead(pipe, 8, TRUE, ESX_PIPE_WAIT, "", 0);
}

/* Bytes between holes cannot make the queue of runs grow without end. */
static void
testManyRuns(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(1024 * 1024);
    size_t pairs = 0;
    size_t i;

    while (writeText(pipe, "x") == 1) {
        esxPipeWriteHole(pipe, 1);
        pairs++;
        g_assert_cmpuint(pairs, <, 10000);
    }
    g_assert_cmpuint(pairs, ==, LIMIT_PIPE_RUNS / 2);
    g_assert_false(esxPipeIsWritable(pipe));
    esxPipeWriteHole(pipe, 1);

    /* Two runs that are read make room for two more. */
    ASSERT_DATA(pipe, 8, "x");
    g_assert_true(esxPipeIsWritable(pipe));
    g_assert_cmpuint(writeText(pipe, "y"), ==, 1);
    esxPipeWriteHole(pipe, 7);
    g_assert_cmpuint(writeText(pipe, "z"), ==, 0);
    assertHole(pipe, ESX_PIPE_HOLE, 1);
    ASSERT_DATA(pipe, 8, "x");
    g_assert_cmpuint(writeText(pipe, "z"), ==, 1);
    esxPipeEnd(pipe);

    for (i = 2; i <= pairs; i++) {
        assertHole(pipe, ESX_PIPE_HOLE, i < pairs ? 1 : 2);
        if (i < pairs)
            ASSERT_DATA(pipe, 8, "x");
    }
    ASSERT_DATA(pipe, 8, "y");
    assertHole(pipe, ESX_PIPE_HOLE, 7);
    ASSERT_DATA(pipe, 8, "z");
    ASSERT_NOTHING(pipe, ESX_PIPE_END);
}

static void
testClose(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    g_autoptr(GError) given = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_IO, "first");
    g_autoptr(GError) second = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_IO, "second");
    g_autoptr(GError) error = NULL;

    writeText(pipe, "lost");
    g_assert_null(esxPipeError(pipe));
    esxPipeClose(pipe, given);
    esxPipeClose(pipe, second);
    esxPipeClose(pipe, NULL);

    ASSERT_NOTHING(pipe, ESX_PIPE_CLOSED);
    assertPeek(pipe, ESX_PIPE_CLOSED, 0);
    assertHole(pipe, ESX_PIPE_CLOSED, 0);
    g_assert_cmpuint(writeText(pipe, "x"), ==, 0);
    g_assert_cmpint(esxPipeWriteHole(pipe, 1), ==, ESX_PIPE_CLOSED);
    g_assert_true(esxPipeIsReadable(pipe, FALSE /* expand */));
    g_assert_true(esxPipeIsWritable(pipe));
    error = esxPipeError(pipe);
    g_assert_error(error, G_FILE_ERROR, G_FILE_ERROR_IO);
    g_assert_cmpstr(error->message, ==, "first");
}

/* An error that follows, for instance that of who noticed, is not the reason. */
static void
testCloseWithoutError(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    g_autoptr(GError) late = g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_IO, "late");

    esxPipeClose(pipe, NULL);
    esxPipeClose(pipe, late);
    g_assert_null(esxPipeError(pipe));
    ASSERT_NOTHING(pipe, ESX_PIPE_CLOSED);
}

static void
testWriteAfterEnd(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    size_t written = 99;

    writeText(pipe, "a");
    esxPipeEnd(pipe);
    g_assert_cmpint(esxPipeWrite(pipe, "b", 1, TRUE /* block */, &written), ==, ESX_PIPE_CLOSED);
    g_assert_cmpint(esxPipeWriteHole(pipe, 1), ==, ESX_PIPE_CLOSED);
    ASSERT_DATA(pipe, 8, "a");
    ASSERT_NOTHING(pipe, ESX_PIPE_END);
}

/* ---- news ----------------------------------------------------------------------------------- */

static void
count(gpointer opaque)
{
    guint *news = opaque;

    ++*news;
}

static void
testNotify(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    guint news = 0;

    esxPipeSetNotify(pipe, count, &news);
    writeText(pipe, "abcd");        /* readable */
    g_assert_cmpuint(news, ==, 1);
    writeText(pipe, "efgh");        /* was so before; full */
    g_assert_cmpuint(news, ==, 1);
    g_assert_false(esxPipeIsWritable(pipe));
    ASSERT_DATA(pipe, 1, "a");      /* a little room is none */
    g_assert_false(esxPipeIsWritable(pipe));
    g_assert_cmpuint(news, ==, 1);
    ASSERT_DATA(pipe, 1, "b");      /* a quarter */
    g_assert_true(esxPipeIsWritable(pipe));
    g_assert_cmpuint(news, ==, 2);
    ASSERT_DATA(pipe, 8, "cdefgh");
    g_assert_cmpuint(news, ==, 2);

    esxPipeWriteHole(pipe, 3);      /* readable for who expands it */
    g_assert_cmpuint(news, ==, 3);
    esxPipeWriteHole(pipe, 3);
    g_assert_cmpuint(news, ==, 3);
    writeText(pipe, "i");           /* readable for who does not */
    g_assert_cmpuint(news, ==, 4);
    esxPipeEnd(pipe);
    g_assert_cmpuint(news, ==, 5);
    esxPipeClose(pipe, NULL);
    g_assert_cmpuint(news, ==, 6);
}

/* Who reads hears of so much, not of less: but for what ends the waiting. */
static void
testStep(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(16);
    guint news = 0;

    esxPipeSetNotify(pipe, count, &news);
    esxPipeSetStep(pipe, 100);      /* a quarter at most: 4 */
    writeText(pipe, "abc");
    g_assert_cmpuint(news, ==, 0);
    g_assert_true(esxPipeIsReadable(pipe, FALSE));
    writeText(pipe, "d");
    g_assert_cmpuint(news, ==, 1);
    writeText(pipe, "efgh");
    g_assert_cmpuint(news, ==, 1);
    ASSERT_DATA(pipe, 16, "abcdefgh");

    esxPipeWriteHole(pipe, 3);
    g_assert_cmpuint(news, ==, 2);
    writeText(pipe, "i");           /* the hole's length is known */
    g_assert_cmpuint(news, ==, 3);
    esxPipeEnd(pipe);
    g_assert_cmpuint(news, ==, 4);
}

/* ---- two threads ---------------------------------------------------------------------------- */

typedef struct {
    EsxPipe *pipe;
    EsxPipeResult result;
    guint64 length;
} Waiter;

static void
readBlocking(gpointer data)
{
    Waiter *waiter = data;
    char buffer[8];
    size_t got = 0;

    waiter->result = esxPipeRead(waiter->pipe, buffer, sizeof(buffer), FALSE, TRUE, &got);
    waiter->length = got;
}

static void
peekBlocking(gpointer data)
{
    Waiter *waiter = data;

    waiter->result = esxPipePeek(waiter->pipe, TRUE, &waiter->length);
}

static void
writeBlocking(gpointer data)
{
    Waiter *waiter = data;
    size_t written = 0;

    waiter->result = esxPipeWrite(waiter->pipe, "0123456789", 10, TRUE, &written);
    waiter->length = written;
}

static void
giveData(EsxPipe *pipe)
{
    writeText(pipe, "abc");
}

static void
closeIt(EsxPipe *pipe)
{
    esxPipeClose(pipe, NULL);
}

static void
giveHole(EsxPipe *pipe)
{
    esxPipeWriteHole(pipe, 4);
}

static void
takeAll(EsxPipe *pipe)
{
    ASSERT_DATA(pipe, 8, "abcdefgh");
}

typedef struct {
    const char *name;
    void (*prepare)(EsxPipe *pipe);
    void (*wait)(gpointer waiter);
    void (*wake)(EsxPipe *pipe);
    EsxPipeResult result;
    guint64 length;
} WakeCase;

static void
fill(EsxPipe *pipe)
{
    g_assert_cmpuint(writeText(pipe, "abcdefgh"), ==, 8);
}

static void
leaveEmpty(EsxPipe *pipe G_GNUC_UNUSED)
{
}

static const WakeCase wakeCases[] = {
    { "read-data", leaveEmpty, readBlocking, giveData, ESX_PIPE_DONE, 3 },
    { "read-end", leaveEmpty, readBlocking, esxPipeEnd, ESX_PIPE_END, 0 },
    { "read-close", leaveEmpty, readBlocking, closeIt, ESX_PIPE_CLOSED, 0 },
    { "peek-hole-data", giveHole, peekBlocking, giveData, ESX_PIPE_HOLE, 4 },
    { "peek-hole-end", giveHole, peekBlocking, esxPipeEnd, ESX_PIPE_HOLE, 4 },
    { "read-hole-close", giveHole, readBlocking, closeIt, ESX_PIPE_CLOSED, 0 },
    { "write-room", fill, writeBlocking, takeAll, ESX_PIPE_DONE, 8 },
    { "write-close", fill, writeBlocking, closeIt, ESX_PIPE_CLOSED, 0 },
};

static void
testWake(gconstpointer data)
{
    const WakeCase *wanted = data;
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    Waiter waiter = { pipe, ESX_PIPE_WAIT, 99 };
    Crew *crew = NULL;

    wanted->prepare(pipe);
    crew = crewStart(1, wanted->wait, &waiter);
    crewAwaitAsleep(crew, 1);
    wanted->wake(pipe);
    crewJoin(crew);
    g_assert_cmpint(waiter.result, ==, wanted->result);
    g_assert_cmpuint(waiter.length, ==, wanted->length);
}

/* ---- the other side is silent ---------------------------------------------------------------- */

/* Only the side of which that was said, and not while there is something to do. */
static void
testReaderTimesOut(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    guint64 length = 0;
    char buffer[8];
    size_t got = 0;

    esxPipeSetTimeout(pipe, TRUE /* ofReader */, 20);
    g_assert_cmpuint(esxPipeTimeoutMs(pipe), ==, 20);
    g_assert_cmpint(esxPipeRead(pipe, buffer, 8, FALSE, TRUE, &got), ==, ESX_PIPE_WAIT);
    g_assert_cmpint(esxPipePeek(pipe, TRUE, &length), ==, ESX_PIPE_WAIT);
    g_assert_cmpint(esxPipeAwaitEnd(pipe), ==, ESX_PIPE_WAIT);
    writeText(pipe, "ab");
    g_assert_cmpint(esxPipeRead(pipe, buffer, 8, FALSE, TRUE, &got), ==, ESX_PIPE_DONE);
    esxPipeEnd(pipe);
    g_assert_cmpint(esxPipeRead(pipe, buffer, 8, FALSE, TRUE, &got), ==, ESX_PIPE_END);
}

#define SLOW_STEPS 12

static void
takeSlowly(gpointer data)
{
    Waiter *waiter = data;
    char buffer[10];
    size_t got = 0;
    guint i;

    for (i = 0; i < SLOW_STEPS; i++) {
        g_usleep(200 * 1000);
        waiter->result = esxPipeRead(waiter->pipe, buffer, sizeof(buffer), FALSE, FALSE, &got);
        waiter->length += got;
    }
}

/* A reader who takes little at a time is not silent, however long a quarter takes to be free. */
static void
testWriterTimesOut(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(400);
    g_autofree char *data = g_malloc0(400);
    Waiter slow = { pipe, ESX_PIPE_WAIT, 0 };
    Crew *crew = NULL;
    size_t written = 0;

    esxPipeSetTimeout(pipe, FALSE /* ofReader */, 1500);
    g_assert_cmpint(esxPipeWrite(pipe, data, 400, TRUE, &written), ==, ESX_PIPE_DONE);
    crew = crewStart(1, takeSlowly, &slow);
    g_assert_cmpint(esxPipeWrite(pipe, data, 400, TRUE, &written), ==, ESX_PIPE_DONE);
    crewJoin(crew);
    g_assert_cmpuint(slow.length, ==, 10 * SLOW_STEPS);

    esxPipeSetTimeout(pipe, FALSE /* ofReader */, 20);
    while (esxPipeWrite(pipe, data, 400, FALSE, &written) == ESX_PIPE_DONE)
        continue;
    g_assert_cmpint(esxPipeWrite(pipe, data, 1, TRUE, &written), ==, ESX_PIPE_WAIT);
}

/* ---- the beginning, and an end that is expected ---------------------------------------------- */

static void
awaitExpectedEnd(gpointer opaque)
{
    Waiter *waiter = opaque;

    waiter->result = esxPipeAwaitEnd(waiter->pipe);
}

/*
 * Who has written what was expected may not say that this was all before the reader is through
 * with it.
 */
static void
testExpectedLength(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(100);
    Waiter waiter = { pipe, ESX_PIPE_WAIT, 0 };
    Crew *crew = NULL;
    char buffer[8];
    size_t length = 0;

    esxPipeExpect(pipe, 8);
    g_assert_cmpint(esxPipeWrite(pipe, "1234", 4, FALSE, &length), ==, ESX_PIPE_DONE);
    g_assert_true(esxPipeIsWritable(pipe));
    g_assert_cmpint(esxPipeWriteHole(pipe, 4), ==, ESX_PIPE_DONE);
    g_assert_false(esxPipeIsWritable(pipe));
    g_assert_cmpint(esxPipeWrite(pipe, "5", 1, FALSE, &length), ==, ESX_PIPE_WAIT);
    g_assert_cmpint(esxPipeRead(pipe, buffer, 8, TRUE, FALSE, &length), ==, ESX_PIPE_DONE);
    g_assert_cmpint(esxPipeRead(pipe, buffer, 8, TRUE, FALSE, &length), ==, ESX_PIPE_DONE);
    g_assert_false(esxPipeIsWritable(pipe));
    g_assert_false(esxPipeIsDrained(pipe));

    crew = crewStart(1, awaitExpectedEnd, &waiter);
    crewAwaitAsleep(crew, 1);
    g_assert_true(esxPipeIsWritable(pipe));
    g_assert_true(esxPipeIsDrained(pipe));
    esxPipeEnd(pipe);
    crewJoin(crew);
    g_assert_cmpint(waiter.result, ==, ESX_PIPE_END);
}

static void
testMoreThanExpected(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(100);
    char buffer[4];
    size_t length = 0;

    esxPipeExpect(pipe, 4);
    g_assert_cmpint(esxPipeWrite(pipe, "12345", 5, FALSE, &length), ==, ESX_PIPE_DONE);
    g_assert_cmpint(esxPipeRead(pipe, buffer, 4, TRUE, FALSE, &length), ==, ESX_PIPE_DONE);
    g_assert_cmpint(esxPipeAwaitEnd(pipe), ==, ESX_PIPE_DONE);
}

static void
testBegun(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(8);
    g_autoptr(EsxPipe) hole = esxPipeNew(8);
    g_autoptr(EsxPipe) ended = esxPipeNew(8);
    g_autoptr(EsxPipe) closed = esxPipeNew(8);

    g_assert_cmpint(esxPipeAwaitBegun(pipe, 1), ==, ESX_PIPE_WAIT);
    giveData(pipe);
    g_assert_cmpint(esxPipeAwaitBegun(pipe, 0), ==, ESX_PIPE_DONE);
    esxPipeClose(pipe, NULL);
    g_assert_cmpint(esxPipeAwaitBegun(pipe, 0), ==, ESX_PIPE_DONE);

    g_assert_cmpint(esxPipeWriteHole(hole, 1), ==, ESX_PIPE_DONE);
    g_assert_cmpint(esxPipeAwaitBegun(hole, 0), ==, ESX_PIPE_DONE);
    esxPipeEnd(ended);
    g_assert_cmpint(esxPipeAwaitBegun(ended, 0), ==, ESX_PIPE_DONE);
    esxPipeClose(closed, NULL);
    g_assert_cmpint(esxPipeAwaitBegun(closed, 0), ==, ESX_PIPE_CLOSED);
}

int
main(int argc, char **argv)
{
    size_t i;

    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/pipe/round", testDataGoesRound);
    g_test_add_func("/pipe/nothing", testNothingIsNothing);
    g_test_add_func("/pipe/holes", testHoles);
    g_test_add_func("/pipe/open-hole", testOpenHole);
    g_test_add_func("/pipe/expanded-hole", testExpandedHole);
    g_test_add_func("/pipe/many-runs", testManyRuns);
    g_test_add_func("/pipe/close", testClose);
    g_test_add_func("/pipe/close-without-error", testCloseWithoutError);
    g_test_add_func("/pipe/write-after-end", testWriteAfterEnd);
    g_test_add_func("/pipe/notify", testNotify);
    g_test_add_func("/pipe/step", testStep);
    g_test_add_func("/pipe/expected-length", testExpectedLength);
    g_test_add_func("/pipe/more-than-expected", testMoreThanExpected);
    g_test_add_func("/pipe/begun", testBegun);
    g_test_add_func("/pipe/reader-times-out", testReaderTimesOut);
    g_test_add_func("/pipe/writer-times-out", testWriterTimesOut);
    for (i = 0; i < G_N_ELEMENTS(wakeCases); i++) {
        g_autofree char *path = g_strdup_printf("/pipe/wake/%s", wakeCases[i].name);

        g_test_add_data_func(path, &wakeCases[i], testWake);
    }
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What a stream's worker comes to, and who waits for it: Finish, Abort and freeing. */

#include "esx_stream_worker.h"

#include "stream_fixture.h"
#include "thread_fixture.h"

/* Sends or receives @length bytes. */
static void
move(virStreamPtr st, const Fake *fake, size_t length)
{
    g_autofree char *bytes = g_malloc0(length);
    size_t done = 0;
    int n = 0;

    fixtureBytes(fake, 0, bytes, length);
    for (done = 0; done < length; done += (size_t)n) {
        n = fake->isUpload ? virStreamSend(st, bytes + done, length - done)
                           : virStreamRecv(st, bytes + done, length - done);
        g_assert_cmpint(n, >, 0);
    }
}

/* Waits until a failed transfer has told the stream. */
static void
awaitFailure(EsxStream *stream)
{
    guint64 length = 0;

    fixtureAwait(&stream->failed);
    while (esxPipePeek(stream->pipe, FALSE /* block */, &length) != ESX_PIPE_CLOSED)
        g_usleep(1000);
}

static void
assertEnded(const StreamSetting *s, Fake *fake)
{
    g_assert_null(s->st->privateData);
    g_assert_cmpint(g_atomic_int_get(&fake->freed), ==, 1);
    g_assert_cmpuint(s->connection->busy, ==, 0);
}

/* ---- Finish --------------------------------------------------------------------------------- */

static void
testFinishUpload(void)
{
    Fake fake = { .isUpload = TRUE, .tidyMs = 20 };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 300000);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    assertEnded(&s, &fake);
    g_assert_cmpint(fake.ended, ==, 1);
    g_assert_true(fake.same);
    g_assert_cmpuint(fake.got, ==, 300000);
    g_assert_cmpint(fake.sigpipeBlocked, ==, 1);
}

static void
testFinishFailedUpload(void)
{
    Fake fake = { .isUpload = TRUE, .size = 1000, .failure = "there is no space" };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 1000);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': there is no space");
    assertEnded(&s, &fake);
}

static void
testFinishDownload(void)
{
    Fake fake = { .size = 100000, .tidyMs = 20 };
    g_auto(StreamSetting) s = { 0 };
    char byte = 0;

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 100000);
    g_assert_cmpint(virStreamRecv(s.st, &byte, 1), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    assertEnded(&s, &fake);
    g_assert_cmpint(fake.cancelled, ==, 0);
}

/* Every byte was taken, the end was not. */
static void
testFinishWithoutEnd(void)
{
    Fake fake = { .size = 100000, .pauseUs = 2000 };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 100000);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    assertEnded(&s, &fake);
    g_assert_cmpint(fake.cancelled, ==, 0);
}

static void
testFinishEarly(void)
{
    Fake fake = { .endless = TRUE };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 1000);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_null(s.st->privateData);
    fixtureAwait(&fake.cancelled);
}

/* A server that neither sends nor ends does not hold Finish up. */
static void
testFinishStalled(void)
{
    Fake fake = { .size = 1000, .unended = TRUE };
    g_auto(StreamSetting) s = { 0 };
    gint64 begin = 0;

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 1000);
    begin = g_get_monotonic_time();
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_cmpint(g_get_monotonic_time() - begin, <, 10 * G_TIME_SPAN_SECOND);
    fixtureAwait(&fake.cancelled);
}

/* A download that broke is no success, though nothing more was wanted of it. */
static void
testFinishFailedDownload(void)
{
    Fake fake = { .size = 1000, .failure = "the server is gone" };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    awaitFailure(s.st->privateData);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the server is gone");
    assertEnded(&s, &fake);
}

static void
testFinishLimit(void)
{
    Fake fake = { .isUpload = TRUE, .silent = TRUE, .finishMs = 50 };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_TIMEOUT, "transfer of 'x' did not end");
    fixtureAwait(&fake.cancelled);
}

/* The worker goes on behind it: what it may not come to take away is named. */
static void
testFinishLimitNamesTheRest(void)
{
    Fake fake = {
        .isUpload = TRUE, .silent = TRUE, .finishMs = 50, .rest = "[ds] x.upload-12345678",
    };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_TIMEOUT,
                       "was cancelled; '[ds] x.upload-12345678' may be left behind; whether");
    fixtureAwait(&fake.cancelled);
}

/* Behind one that was waited for in vain, also while bytes go out: the waits must not add up. */
static void
testFinishBehindAMissedOne(void)
{
    Fake fake = { .isUpload = TRUE, .pipeBytes = 1024 * 1024, .pauseUs = 50000 };
    g_auto(StreamSetting) s = { 0 };
    g_autofree char *data = g_malloc0(512 * 1024);
    gint *missed = NULL;

    streamSettingOpen(&s, &fake, VIR_STREAM_NONBLOCK);
    missed = s.connection->server->missed;
    g_assert_cmpint(virStreamSend(s.st, data, 512 * 1024), ==, 512 * 1024);
    g_atomic_int_set(missed, MAX((gint)(g_get_monotonic_time() / G_USEC_PER_SEC), 1));
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_TIMEOUT, "transfer of 'x' did not end within 0.");
    fixtureAwait(&fake.cancelled);
    g_atomic_int_set(missed, 0);
}

/* ---- the beginning -------------------------------------------------------------------------- */

/* @fake has to fail before it has begun: that is what opening the stream says. */
static void
assertNotOpened(Fake *fake, int code, const char *message)
{
    g_auto(StreamSetting) s = { 0 };
    Fake good = { .isUpload = TRUE };

    streamSettingOpen(&s, &good, 0);
    virStreamFree(s.st);
    s.st = virStreamNew(s.conn, VIR_STREAM_NONBLOCK);
    g_assert_cmpint(esxStreamOpen(s.st, s.connection, fixtureTransfer(fake)), ==, -1);
    fixtureAssertError(code, message);
    g_assert_null(s.st->driver);
    g_assert_null(s.st->privateData);
    fixtureAwait(&fake->freed);
}

static void
testFailsBeforeItBegins(void)
{
    assertNotOpened(&(Fake){ .failure = "it is refused" }, VIR_ERR_OPERATION_FAILED,
                    "transfer of 'x': it is refused");
    assertNotOpened(&(Fake){ .sparse = TRUE, .failure = "it is refused" },
                    VIR_ERR_OPERATION_FAILED, "transfer of 'x': it is refused");
}

static void
testNeverBegins(void)
{
    assertNotOpened(&(Fake){ .silent = TRUE, .finishMs = 50 }, VIR_ERR_OPERATION_TIMEOUT,
                    "transfer of 'x' did not begin within 0.05 seconds");
}

/* Opening a download waits for the server: without a place it is refused, and nothing is begun. */
static void
testNoPlaceToWait(void)
{
    static Places none = PLACES_INIT(0, "no place to wait");
    g_auto(StreamSetting) s = { 0 };
    Fake first = { .isUpload = TRUE };
    Fake second = { .isUpload = TRUE };
    Fake fake = { 0 };
    PlacesVisit *visit = NULL;

    streamSettingOpen(&s, &first, 0);
    virStreamFree(s.st);
    s.st = virStreamNew(s.conn, VIR_STREAM_NONBLOCK);
    visit = placesVisit(&none);
    g_assert_cmpint(esxStreamOpen(s.st, s.connection, fixtureTransfer(&fake)), ==, -1);
    fixtureAssertError(VIR_ERR_RESOURCE_BUSY, "transfer of 'x': no place to wait");
    g_assert_null(s.st->driver);
    g_assert_cmpint(fake.started, ==, 0);
    g_assert_cmpint(fake.freed, ==, 1);

    /* An upload begins with what its client sends: its open waits for nothing. */
    g_assert_cmpint(esxStreamOpen(s.st, s.connection, fixtureTransfer(&second)), ==, 0);
    placesVisitFree(visit);
}

/* ---- Abort ---------------------------------------------------------------------------------- */

/* Returns: how long an abort took, in microseconds. */
static gint64
abortOne(void)
{
    Fake fake = { .isUpload = TRUE, .tidyMs = 200 };
    g_auto(StreamSetting) s = { 0 };
    gint64 took = 0;

    streamSettingOpen(&s, &fake, 0);
    move(s.st, &fake, 20000);
    took = g_get_monotonic_time();
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
    took = g_get_monotonic_time() - took;
    g_assert_null(s.st->privateData);

    virStreamFree(g_steal_pointer(&s.st));
    esxConnectionFree(g_steal_pointer(&s.connection));
    g_assert_cmpint(g_atomic_int_get(&fake.cancelled), ==, 1);
    g_assert_cmpint(g_atomic_int_get(&fake.freed), ==, 1);
    return took;
}

/* It returns at once; the connection waits for what goes on. A busy machine may hold one up. */
static void
testAbort(void)
{
    gint64 fastest = G_MAXINT64;
    int i;

    for (i = 0; i < 3; i++) {
        gint64 took = abortOne();

        fastest = MIN(fastest, took);
    }
    g_assert_cmpint(fastest, <, 50 * G_TIME_SPAN_MILLISECOND);
}

static void
testEndTwice(void)
{
    Fake fake = { .endless = TRUE };
    g_auto(StreamSetting) s = { 0 };
    char byte = 0;

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_cmpint(virStreamRecv(s.st, &byte, 1), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "has ended");
    g_assert_cmpint(virStreamEventUpdateCallback(s.st, 0), ==, -1);
    g_assert_cmpint(virStreamEventRemoveCallback(s.st), ==, -1);
}

static void
testFreed(void)
{
    Fake fake = { .endless = TRUE };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    virStreamFree(g_steal_pointer(&s.st));
    fixtureAwait(&fake.cancelled);
    fixtureAwait(&fake.freed);
}

/* ---- from another thread -------------------------------------------------------------------- */

static void
sendUntilItFails(gpointer data)
{
    virStreamPtr st = data;
    char bytes[1000] = { 0 };
    int n = 0;

    do {
        n = virStreamSend(st, bytes, sizeof(bytes));
    } while (n > 0);
    g_assert_cmpint(n, ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_ABORTED);
    fixtureAssertPhrase(virGetLastErrorMessage(), "transfer of 'x' was aborted");
    virResetLastError();
}

static void
receiveUntilItFails(gpointer data)
{
    char byte = 0;

    g_assert_cmpint(virStreamRecv(data, &byte, 1), ==, 1);
    g_assert_cmpint(virStreamRecv(data, &byte, 1), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_ABORTED);
    virResetLastError();
}

static void
testAbortWakes(gconstpointer data)
{
    /* A download has to begin before a stream of it is there. */
    Fake upload = { .isUpload = TRUE, .silent = TRUE };
    Fake download = { .size = 1, .unended = TRUE };
    Fake fake = GPOINTER_TO_INT(data) ? upload : download;
    g_auto(StreamSetting) s = { 0 };
    Crew *crew = NULL;

    streamSettingOpen(&s, &fake, 0);
    crew = crewStart(1, fake.isUpload ? sendUntilItFails : receiveUntilItFails, s.st);
    crewAwaitAsleep(crew, 1);
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
    crewJoin(crew);
}

/* ---- opening -------------------------------------------------------------------------------- */

static void
testInUse(void)
{
    Fake fake = { .endless = TRUE };
    Fake second = { 0 };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(esxStreamOpen(s.st, s.connection, fixtureTransfer(&second)), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "already in use");
    g_assert_cmpint(second.freed, ==, 1);
    g_assert_cmpint(second.started, ==, 0);
}

static void
testTransferFree(void)
{
    EsxTransfer *plain = g_new0(EsxTransfer, 1);

    plain->what = g_strdup("x");
    esxTransferFree(plain);
    esxTransferFree(NULL);
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

/* The reason is named as it is. In the last suite: no stream starts after it. */
static void
testProcessEnds(void)
{
    Fake fake = { .isUpload = TRUE };
    Fake late = { .isUpload = TRUE };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    esxStreamsCancel();
    virStreamFree(s.st);
    s.st = virStreamNew(s.conn, VIR_STREAM_NONBLOCK);
    g_assert_cmpint(esxStreamOpen(s.st, s.connection, fixtureTransfer(&late)), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_ABORTED, "transfer of 'x': the process is ending");
    g_assert_null(s.st->driver);
    fixtureAwait(&late.freed);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/stream-worker/finish/upload", testFinishUpload);
    g_test_add_func("/stream-worker/finish/failed-upload", testFinishFailedUpload);
    g_test_add_func("/stream-worker/finish/download", testFinishDownload);
    g_test_add_func("/stream-worker/finish/without-end", testFinishWithoutEnd);
    g_test_add_func("/stream-worker/finish/early", testFinishEarly);
    g_test_add_func("/stream-worker/finish/stalled", testFinishStalled);
    g_test_add_func("/stream-worker/finish/failed-download", testFinishFailedDownload);
    g_test_add_func("/stream-worker/finish/limit", testFinishLimit);
    g_test_add_func("/stream-worker/finish/limit-names-the-rest", testFinishLimitNamesTheRest);
    g_test_add_func("/stream-worker/finish/limit-behind-a-missed-one", testFinishBehindAMissedOne);
    g_test_add_func("/stream-worker/begin/fails", testFailsBeforeItBegins);
    g_test_add_func("/stream-worker/begin/never", testNeverBegins);
    g_test_add_func("/stream-worker/begin/no-place-to-wait", testNoPlaceToWait);
    g_test_add_func("/stream-worker/abort", testAbort);
    g_test_add_func("/stream-worker/end-twice", testEndTwice);
    g_test_add_func("/stream-worker/freed", testFreed);
    g_test_add_data_func("/stream-worker/abort-wakes/receive", GINT_TO_POINTER(FALSE),
                         testAbortWakes);
    g_test_add_data_func("/stream-worker/abort-wakes/send", GINT_TO_POINTER(TRUE), testAbortWakes);
    g_test_add_func("/stream-worker/in-use", testInUse);
    g_test_add_func("/stream-worker/transfer-free", testTransferFree);
    g_test_add_func("/stream-worker/end/process-ends", testProcessEnds);
    return g_test_run();
}

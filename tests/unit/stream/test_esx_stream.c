/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The stream driver by libvirt's own API: sending, receiving, holes. */

#include "esx_stream.h"

#include "stream_fixture.h"

#define NONBLOCK VIR_STREAM_NONBLOCK
#define STOP VIR_STREAM_RECV_STOP_AT_HOLE

/* ---- the whole way, blocking ---------------------------------------------------------------- */

static int
source(virStreamPtr st G_GNUC_UNUSED, char *data, size_t nbytes, void *opaque)
{
    Place *place = opaque;
    size_t length = (size_t)MIN(nbytes, place->size - place->at);

    fixtureBytes(place->fake, place->at, data, length);
    place->at += length;
    return (int)length;
}

/* Runs of 10,000 bytes, as in the fixture. */
static int
sourceHole(virStreamPtr st G_GNUC_UNUSED, int *inData, long long *length, void *opaque)
{
    Place *place = opaque;

    *inData = place->at < place->size && fixtureByte(place->fake, place->at) != 0;
    *length = (long long)(MIN(place->size, (place->at / 10000 + 1) * 10000) - place->at);
    return 0;
}

static int
sourceSkip(virStreamPtr st G_GNUC_UNUSED, long long length, void *opaque)
{
    Place *place = opaque;

    place->at += (guint64)length;
    place->holes += (guint64)length;
    return 0;
}

static void
testDownload(void)
{
    Fake fake = { .size = 3000000 };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamRecvAll(s.st, fixtureSink, &place), ==, 0);
    g_assert_cmpuint(place.at, ==, fake.size);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

/* Without SPARSE_STREAM holes are zeros, also for who stops at holes. */
static void
testDownloadExpanded(void)
{
    Fake fake = { .size = 300000, .holes = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamSparseRecvAll(s.st, fixtureSink, fixtureSinkHole, &place), ==, 0);
    g_assert_cmpuint(place.at, ==, fake.size);
    g_assert_cmpuint(place.holes, ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

static void
testDownloadSparse(void)
{
    Fake fake = { .size = 310000, .holes = TRUE, .sparse = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamSparseRecvAll(s.st, fixtureSink, fixtureSinkHole, &place), ==, 0);
    g_assert_cmpuint(place.at, ==, fake.size);
    g_assert_cmpuint(place.holes, ==, 100000);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

/* Who knows nothing of holes reads zeros from a sparse stream. */
static void
testDownloadSparsePlainly(void)
{
    Fake fake = { .size = 310000, .holes = TRUE, .sparse = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamRecvAll(s.st, fixtureSink, &place), ==, 0);
    g_assert_cmpuint(place.at, ==, fake.size);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

static void
testUpload(void)
{
    Fake fake = { .isUpload = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake, .size = 3000000 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamSendAll(s.st, source, &place), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_cmpuint(fake.got, ==, 3000000);
    g_assert_true(fake.same);
}

static void
testUploadSparse(void)
{
    Fake fake = { .isUpload = TRUE, .sparse = TRUE, .holes = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake, .size = 320000 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamSparseSendAll(s.st, source, sourceHole, sourceSkip, &place), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_cmpuint(fake.got, ==, 320000);
    g_assert_cmpuint(place.holes, ==, 110000);
    g_assert_cmpuint(fake.holesGot, ==, place.holes);
    g_assert_true(fake.same);
}

static void
testFailedDownload(void)
{
    Fake fake = { .size = 300000, .failure = "the disk is full" };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamRecvAll(s.st, fixtureSink, &place), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the disk is full");
}

static void
testFailedUpload(void)
{
    Fake fake = { .isUpload = TRUE, .size = 300000, .failure = "the disk is full" };
    g_auto(StreamSetting) s = { 0 };
    Place place = { .fake = &fake, .size = 1 << 30 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamSendAll(s.st, source, &place), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the disk is full");
}

/* ---- one call at a time --------------------------------------------------------------------- */

static void
testDirections(void)
{
    Fake down = { .endless = TRUE, .sparse = TRUE };
    Fake up = { .isUpload = TRUE };
    g_auto(StreamSetting) d = { 0 };
    g_auto(StreamSetting) u = { 0 };
    long long length = 0;
    int data = 0;
    char byte = 0;

    streamSettingOpen(&d, &down, 0);
    g_assert_cmpint(virStreamSend(d.st, "x", 1), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "can only be received");
    g_assert_cmpint(virStreamSendHole(d.st, 1, 0), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "there is no hole of 1 bytes here");
    g_assert_cmpint(virStreamRecvHole(d.st, &length, 0), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "there is no hole here");

    streamSettingOpen(&u, &up, 0);
    g_assert_cmpint(virStreamRecv(u.st, &byte, 1), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "can only be sent");
    g_assert_cmpint(virStreamSendHole(u.st, 1, 0), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "sparse");
    g_assert_cmpint(virStreamRecvHole(u.st, &length, 0), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "can only be sent");
    g_assert_cmpint(virStreamInData(u.st, &data, &length), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "can only be sent");
    g_assert_cmpint(virStreamRecvFlags(d.st, &byte, 1, 64), ==, -1);
    fixtureAssertError(VIR_ERR_INVALID_ARG, "flags");
}

static void
testNonblockingSend(void)
{
    Fake fake = { .isUpload = TRUE, .silent = TRUE, .pipeBytes = 1000 };
    g_auto(StreamSetting) s = { 0 };
    char bytes[700] = { 0 };

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(virStreamSend(s.st, bytes, 700), ==, 700);
    g_assert_cmpint(virStreamSend(s.st, bytes, 700), ==, 300);
    g_assert_cmpint(virStreamSend(s.st, bytes, 700), ==, -2);
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
}

/* Waits until the pipe has something, by asking. */
static int
receive(virStreamPtr st, char *bytes, size_t size, unsigned int flags)
{
    int n = -2;
    guint ms;

    for (ms = 0; n == -2 && ms < 10000; ms++) {
        n = virStreamRecvFlags(st, bytes, size, flags);
        if (n == -2)
            g_usleep(1000);
    }
    return n;
}

static void
testNonblockingReceive(void)
{
    Fake fake = { .size = 10000, .unended = TRUE };
    g_auto(StreamSetting) s = { 0 };
    char bytes[20000];

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(receive(s.st, bytes, sizeof(bytes), 0), ==, 10000);
    g_assert_cmpint(virStreamRecv(s.st, bytes, sizeof(bytes)), ==, -2);
    g_assert_cmpint(virStreamRecv(s.st, bytes, 0), ==, -2);
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
}

/* A hole that may still grow is nothing yet, unless zeros are wanted of it. */
static void
testOpenHole(void)
{
    Fake fake = { .size = 20000, .holes = TRUE, .sparse = TRUE, .unended = TRUE };
    g_auto(StreamSetting) s = { 0 };
    char bytes[20000];
    long long length = 99;
    int data = 99;

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(receive(s.st, bytes, sizeof(bytes), STOP), ==, 10000);
    g_assert_cmpint(virStreamRecvFlags(s.st, bytes, sizeof(bytes), STOP), ==, -2);
    g_assert_cmpint(virStreamRecvHole(s.st, &length, 0), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "there is no hole here");
    g_assert_cmpint(virStreamInData(s.st, &data, &length), ==, 0);
    g_assert_cmpint(data, ==, 1);
    g_assert_cmpint(length, ==, 0);
    g_assert_cmpint(receive(s.st, bytes, sizeof(bytes), 0), ==, 10000);
}

/* As libvirtd does it: it asks, then steps over the hole by sending it. */
static void
testInData(void)
{
    Fake fake = { .size = 40000, .holes = TRUE, .sparse = TRUE };
    g_auto(StreamSetting) s = { 0 };
    char bytes[20000];
    long long length = 0;
    int data = 0;

    streamSettingOpen(&s, &fake, 0);
    fixtureAwait(&fake.freed);
    g_assert_cmpint(virStreamInData(s.st, &data, &length), ==, 0);
    g_assert_true(data && length == 10000);
    g_assert_cmpint(virStreamRecv(s.st, bytes, sizeof(bytes)), ==, 10000);

    g_assert_cmpint(virStreamInData(s.st, &data, &length), ==, 0);
    g_assert_true(!data && length == 10000);
    g_assert_cmpint(virStreamSendHole(s.st, 9999, 0), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_INVALID, "no hole of 9999 bytes");
    g_assert_cmpint(virStreamSendHole(s.st, 10000, 0), ==, 0);

    g_assert_cmpint(virStreamInData(s.st, &data, &length), ==, 0);
    g_assert_true(data && length == 20000);
    g_assert_cmpint(virStreamRecv(s.st, bytes, sizeof(bytes)), ==, 20000);
    g_assert_cmpint(virStreamInData(s.st, &data, &length), ==, 0);
    g_assert_true(!data && length == 0);
    g_assert_cmpint(virStreamRecv(s.st, bytes, 0), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

static void
testHoleLengths(void)
{
    Fake fake = { .isUpload = TRUE, .sparse = TRUE };
    g_auto(StreamSetting) s = { 0 };

    streamSettingOpen(&s, &fake, 0);
    g_assert_cmpint(virStreamSendHole(s.st, -1, 0), ==, -1);
    fixtureAssertError(VIR_ERR_INVALID_ARG, "a hole of -1 bytes");
    g_assert_cmpint(virStreamSendHole(s.st, G_MAXINT64 - 5, 0), ==, 0);
    g_assert_cmpint(virStreamSendHole(s.st, 6, 0), ==, -1);
    fixtureAssertError(VIR_ERR_INVALID_ARG, "a hole of 6 bytes");
    g_assert_cmpint(virStreamSendHole(s.st, 5, 0), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_cmpuint(fake.got, ==, G_MAXINT64);
}

/* A hole for a transfer that has failed is taken, since libvirtd would lose the reason. */
static void
testHoleAfterFailure(void)
{
    Fake fake = { .isUpload = TRUE, .sparse = TRUE, .failure = "the disk is full" };
    g_auto(StreamSetting) s = { 0 };
    int n = 0;
    int i;

    streamSettingOpen(&s, &fake, NONBLOCK);
    fixtureAwait(&fake.freed);
    g_assert_cmpint(virStreamSendHole(s.st, 10, 0), ==, 0);
    for (i = 0; i < 1000 && (n = virStreamSend(s.st, "x", 1)) == 1; i++)
        g_usleep(1000);
    g_assert_cmpint(n, ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the disk is full");
    g_assert_cmpint(virStreamSendHole(s.st, 10, 0), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the disk is full");
}

/* ---- speed ---------------------------------------------------------------------------------- */

#define SPEED_BYTES (G_GUINT64_CONSTANT(1) << 30)

static gboolean
runFast(EsxTransfer *transfer, EsxPipe *pipe, const Cancel *cancel G_GNUC_UNUSED,
        GError **error G_GNUC_UNUSED)
{
    g_autofree char *bytes = g_malloc0(16384);
    guint64 total = 0;
    size_t done = 0;

    if (transfer->isUpload) {
        while (esxPipeRead(pipe, bytes, 16384, FALSE, TRUE, &done) == ESX_PIPE_DONE)
            total += done;
        return total == SPEED_BYTES;
    }
    for (total = 0; total < SPEED_BYTES; total += done)
        esxPipeWrite(pipe, bytes, (size_t)MIN(16384, SPEED_BYTES - total), TRUE, &done);
    esxPipeEnd(pipe);
    return TRUE;
}

static int
fastSink(virStreamPtr st G_GNUC_UNUSED, const char *data G_GNUC_UNUSED, size_t nbytes, void *opaque)
{
    guint64 *total = opaque;

    *total += nbytes;
    return (int)nbytes;
}

static int
fastSource(virStreamPtr st G_GNUC_UNUSED, char *data G_GNUC_UNUSED, size_t nbytes, void *opaque)
{
    guint64 *total = opaque;
    size_t length = (size_t)MIN(nbytes, SPEED_BYTES - *total);

    *total += length;
    return (int)length;
}

/* With -m perf: 1 GiB through pipe and stream, blocking. */
static void
testSpeed(gconstpointer data)
{
    g_auto(StreamSetting) s = { 0 };
    Fake nothing = { 0 };
    virStreamPtr st = NULL;
    EsxTransfer *transfer = g_new0(EsxTransfer, 1);
    guint64 total = 0;
    double seconds = 0;

    streamSettingOpen(&s, &nothing, 0);
    st = virStreamNew(s.conn, 0);
    transfer->run = runFast;
    transfer->isUpload = GPOINTER_TO_INT(data);
    transfer->pipeBytes = 4 * 1024 * 1024;
    transfer->what = g_strdup("speed");
    g_test_timer_start();
    g_assert_cmpint(esxStreamOpen(st, s.connection, transfer), ==, 0);
    if (GPOINTER_TO_INT(data))
        g_assert_cmpint(virStreamSendAll(st, fastSource, &total), ==, 0);
    else
        g_assert_cmpint(virStreamRecvAll(st, fastSink, &total), ==, 0);
    g_assert_cmpint(virStreamFinish(st), ==, 0);
    seconds = g_test_timer_elapsed();
    g_assert_cmpuint(total, ==, SPEED_BYTES);
    virStreamFree(st);
    g_test_maximized_result(1024 / seconds, "%.0f MiB/s", 1024 / seconds);
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

    g_test_add_func("/stream/download", testDownload);
    g_test_add_func("/stream/download/expanded", testDownloadExpanded);
    g_test_add_func("/stream/download/sparse", testDownloadSparse);
    g_test_add_func("/stream/download/sparse-plainly", testDownloadSparsePlainly);
    g_test_add_func("/stream/download/failed", testFailedDownload);
    g_test_add_func("/stream/upload", testUpload);
    g_test_add_func("/stream/upload/sparse", testUploadSparse);
    g_test_add_func("/stream/upload/failed", testFailedUpload);
    g_test_add_func("/stream/directions", testDirections);
    g_test_add_func("/stream/nonblocking/send", testNonblockingSend);
    g_test_add_func("/stream/nonblocking/receive", testNonblockingReceive);
    g_test_add_func("/stream/holes/open", testOpenHole);
    g_test_add_func("/stream/holes/in-data", testInData);
    g_test_add_func("/stream/holes/lengths", testHoleLengths);
    g_test_add_func("/stream/holes/after-failure", testHoleAfterFailure);
    if (g_test_perf()) {
        g_test_add_data_func("/stream/speed/download", GINT_TO_POINTER(FALSE), testSpeed);
        g_test_add_data_func("/stream/speed/upload", GINT_TO_POINTER(TRUE), testSpeed);
    }
    return g_test_run();
}

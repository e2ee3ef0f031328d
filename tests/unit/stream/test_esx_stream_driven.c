/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Streams on libvirt's event loop, as libvirtd drives them. */

#include "esx_stream.h"

#include "loop_fixture.h"
#include "stream_fixture.h"

#define NONBLOCK VIR_STREAM_NONBLOCK

/* One side of a stream as libvirtd drives it. */
typedef struct {
    Place place;
    virStreamPtr st;
    gint over;
    int calls;
    int told;           /* by all calls together */
    int result;         /* of the last send or receive */
    guint freed;
} Driven;

static void
freed(void *opaque)
{
    Driven *driven = opaque;

    driven->freed++;
}

static void
stop(Driven *driven, virStreamPtr st)
{
    g_assert_cmpint(virStreamEventRemoveCallback(st), ==, 0);
    driven->over = 1;
}

/* One message for each call, until nothing comes any more. */
static void
takeMessage(virStreamPtr st, int events, void *opaque)
{
    Driven *driven = opaque;
    char bytes[16384];

    driven->calls++;
    driven->told |= events;
    driven->result = virStreamRecv(st, bytes, sizeof(bytes));
    /* It is only told what is so. */
    g_assert_cmpint(driven->result, !=, -2);
    if (driven->result > 0) {
        fixtureSink(st, bytes, (size_t)driven->result, &driven->place);
        return;
    }
    stop(driven, st);
}

static void
testDrivenDownload(void)
{
    Fake fake = { .size = 1000000, .pauseUs = 100 };
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { .place = { .fake = &fake } };

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(virStreamEventAddCallback(s.st, VIR_STREAM_EVENT_READABLE, takeMessage, &driven,
                                              freed), ==, 0);
    loopUntil(&driven.over);
    g_assert_cmpint(driven.result, ==, 0);
    g_assert_cmpuint(driven.place.at, ==, fake.size);
    g_assert_cmpint(driven.told, ==, VIR_STREAM_EVENT_READABLE);
    g_assert_cmpuint(driven.freed, ==, 1);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

/* The way of libvirtd's sparse downloads. */
static void
takeRun(virStreamPtr st, int events G_GNUC_UNUSED, void *opaque)
{
    Driven *driven = opaque;
    char bytes[16384];
    long long length = 0;
    int data = 0;

    g_assert_cmpint(virStreamInData(st, &data, &length), ==, 0);
    if (!data && length > 0) {
        g_assert_cmpint(fixtureSinkHole(st, length, &driven->place), ==, 0);
        g_assert_cmpint(virStreamSendHole(st, length, 0), ==, 0);
        return;
    }
    driven->result = virStreamRecv(st, bytes, (size_t)MIN(length, (long long)sizeof(bytes)));
    g_assert_cmpint(driven->result, !=, -2);
    if (driven->result > 0)
        g_assert_cmpint(fixtureSink(st, bytes, (size_t)driven->result, &driven->place), >, 0);
    else
        stop(driven, st);
}

static void
testDrivenSparseDownload(void)
{
    Fake fake = { .size = 1000000, .holes = TRUE, .sparse = TRUE, .pauseUs = 100 };
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { .place = { .fake = &fake } };

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(virStreamEventAddCallback(s.st, VIR_STREAM_EVENT_READABLE, takeRun, &driven,
                                              freed), ==, 0);
    loopUntil(&driven.over);
    g_assert_cmpint(driven.result, ==, 0);
    g_assert_cmpuint(driven.place.at, ==, fake.size);
    g_assert_cmpuint(driven.place.holes, ==, 330000);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
}

static void
giveMessage(virStreamPtr st, int events, void *opaque)
{
    Driven *driven = opaque;
    char bytes[16384];
    size_t length = (size_t)MIN(sizeof(bytes), driven->place.size - driven->place.at);

    driven->calls++;
    driven->told |= events;
    fixtureBytes(driven->place.fake, driven->place.at, bytes, length);
    driven->result = length > 0 ? virStreamSend(st, bytes, length) : 0;
    g_assert_cmpint(driven->result, !=, -2);
    if (driven->result > 0)
        driven->place.at += (guint64)driven->result;
    else
        stop(driven, st);
}

static void
testDrivenUpload(void)
{
    Fake fake = { .isUpload = TRUE, .pauseUs = 100, .pipeBytes = 50000 };
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { .place = { .fake = &fake, .size = 1000000 } };

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(virStreamEventAddCallback(s.st, VIR_STREAM_EVENT_WRITABLE, giveMessage, &driven,
                                              freed), ==, 0);
    loopUntil(&driven.over);
    g_assert_cmpint(virStreamFinish(s.st), ==, 0);
    g_assert_cmpuint(fake.got, ==, 1000000);
    g_assert_true(fake.same);
}

static void
testDrivenFailure(gconstpointer data)
{
    const Fake *wanted = data;
    Fake fake = *wanted;
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { .place = { .fake = &fake, .size = 1 << 30 } };
    int events = fake.isUpload ? VIR_STREAM_EVENT_WRITABLE : VIR_STREAM_EVENT_READABLE;

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(virStreamEventAddCallback(s.st, events,
                                              fake.isUpload ? giveMessage : takeMessage, &driven,
                                              freed), ==, 0);
    loopUntil(&driven.over);
    g_assert_cmpint(driven.result, ==, -1);
    /* An upload's ERROR would make libvirtd forget why. */
    g_assert_cmpint(driven.told, ==, fake.isUpload ? events : events | VIR_STREAM_EVENT_ERROR);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the disk is full");
}

static void
note(virStreamPtr st, int events, void *opaque)
{
    Driven *driven = opaque;

    driven->calls++;
    driven->told = events;
    stop(driven, st);
}

/* What is told, in the end, to who asks for @interest. */
static void
assertReported(Fake *fake, int interest, int told)
{
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { 0 };

    streamSettingOpen(&s, fake, NONBLOCK);
    g_assert_cmpint(virStreamEventAddCallback(s.st, interest, note, &driven, NULL), ==, 0);
    loopUntil(&driven.over);
    g_assert_cmpint(driven.told, ==, told);
}

static void
testTold(void)
{
    /* libvirtd asks whether it may write when its client ends a download. */
    assertReported(&(Fake){ .endless = TRUE }, VIR_STREAM_EVENT_WRITABLE,
                   VIR_STREAM_EVENT_WRITABLE);
    assertReported(&(Fake){ .size = 0 }, VIR_STREAM_EVENT_HANGUP, VIR_STREAM_EVENT_HANGUP);
    assertReported(&(Fake){ .size = 1, .failure = "no" }, VIR_STREAM_EVENT_HANGUP,
                   VIR_STREAM_EVENT_ERROR);
    assertReported(&(Fake){ .isUpload = TRUE, .failure = "no" }, VIR_STREAM_EVENT_ERROR,
                   VIR_STREAM_EVENT_ERROR);
}

/* No calls, and no turns of the loop, while there is nothing to do. */
static void
testIdle(void)
{
    Fake fake = { .size = 10000, .unended = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { .place = { .fake = &fake } };
    gint64 used = 0;
    char byte = 0;

    streamSettingOpen(&s, &fake, NONBLOCK);
    /* Data is there, but nobody is interested. */
    g_assert_cmpint(virStreamEventAddCallback(s.st, 0, takeMessage, &driven, freed), ==, 0);
    while (virStreamRecv(s.st, &byte, 1) != 1)
        g_usleep(1000);
    driven.place.at++;
    used = g_get_monotonic_time();
    loopFor(50);
    g_assert_cmpint(driven.calls, ==, 0);

    /* Somebody is interested, but nothing is there any more. */
    g_assert_cmpint(virStreamEventUpdateCallback(s.st, VIR_STREAM_EVENT_READABLE), ==, 0);
    loopFor(50);
    g_assert_cmpint(driven.calls, ==, 1);
    g_assert_cmpuint(driven.place.at, ==, 10000);
    g_assert_cmpint(g_get_monotonic_time() - used, >, 90 * G_TIME_SPAN_MILLISECOND);

    /* Ending the stream ends the callback. */
    g_assert_cmpint(virStreamAbort(s.st), ==, 0);
    loopFor(20);
    g_assert_cmpint(driven.calls, ==, 1);
    g_assert_cmpuint(driven.freed, ==, 1);
}

static void
endInside(virStreamPtr st, int events G_GNUC_UNUSED, void *opaque)
{
    Driven *driven = opaque;

    driven->calls++;
    g_assert_cmpint(virStreamAbort(st), ==, 0);
    g_assert_cmpuint(driven->freed, ==, 0);
    virStreamFree(st);
    driven->over = 1;
}

static void
testEndedInside(void)
{
    Fake fake = { .endless = TRUE };
    g_auto(StreamSetting) s = { 0 };
    Driven driven = { 0 };

    streamSettingOpen(&s, &fake, NONBLOCK);
    g_assert_cmpint(virStreamEventAddCallback(s.st, VIR_STREAM_EVENT_READABLE, endInside, &driven,
                                              freed), ==, 0);
    s.st = NULL;
    loopUntil(&driven.over);
    loopFor(10);
    g_assert_cmpint(driven.calls, ==, 1);
    g_assert_cmpuint(driven.freed, ==, 1);
    fixtureAwait(&fake.freed);
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    static const Fake failedDownload = { .size = 300000, .failure = "the disk is full" };
    static const Fake failedUpload = {
        .isUpload = TRUE, .size = 300000, .failure = "the disk is full",
    };

    g_test_init(&argc, &argv, NULL);
    loopInit();
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/stream-driven/download", testDrivenDownload);
    g_test_add_func("/stream-driven/sparse-download", testDrivenSparseDownload);
    g_test_add_func("/stream-driven/upload", testDrivenUpload);
    g_test_add_data_func("/stream-driven/failed-download", &failedDownload, testDrivenFailure);
    g_test_add_data_func("/stream-driven/failed-upload", &failedUpload, testDrivenFailure);
    g_test_add_func("/stream-driven/told", testTold);
    g_test_add_func("/stream-driven/idle", testIdle);
    g_test_add_func("/stream-driven/ended-inside", testEndedInside);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What a stream tells its client before libvirtd has sent the reply that opens it. */

#include "esx_stream_reply.h"

#include "stream_fixture.h"

#define SOON_MS 20
#define LATE_MS 20000

/* A client of libvirtd, with a call of it under way on this thread. */
typedef struct {
    virIdentity *identity;      /* the client's own reference */
    virIdentity *call;          /* that of the call */
} Caller;

static void
callerBegin(Caller *caller)
{
    caller->identity = virIdentityNew();
    caller->call = g_object_ref(caller->identity);
    g_assert_cmpint(virIdentitySetCurrent(caller->call), ==, 0);
}

/* The function has returned; the reply is not queued. */
static void
callerReturn(void)
{
    g_assert_cmpint(virIdentitySetCurrent(NULL), ==, 0);
}

static void
callerEnd(Caller *caller)
{
    g_clear_object(&caller->call);
}

static void
callerClear(Caller *caller)
{
    callerReturn();
    callerEnd(caller);
    g_clear_object(&caller->identity);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Caller, callerClear)

static void
testNoCallNoReply(void)
{
    g_assert_null(esxStreamReplyNew());
    g_assert_true(esxStreamReplyAwait(NULL, LATE_MS, NULL));
    esxStreamReplyFree(NULL);
}

static void
testProof(void)
{
    g_auto(Caller) caller = { 0 };
    g_autoptr(EsxStreamReply) reply = NULL;
    g_autoptr(EsxStreamReply) other = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    callerBegin(&caller);
    reply = esxStreamReplyNew();
    other = esxStreamReplyNew();
    g_assert_nonnull(reply);
    g_assert_false(esxStreamReplyAwait(reply, SOON_MS, cancel));
    callerReturn();
    g_assert_false(esxStreamReplyAwait(reply, SOON_MS, cancel));
    cancelRaise(cancel);
    g_assert_false(esxStreamReplyAwait(reply, LATE_MS, cancel));
    callerEnd(&caller);
    g_assert_true(esxStreamReplyAwait(reply, LATE_MS, cancel));
    g_assert_true(esxStreamReplyAwait(other, LATE_MS, cancel));
    /* The client is gone. */
    g_clear_object(&caller.identity);
    g_assert_true(esxStreamReplyAwait(reply, LATE_MS, cancel));
}

static int
receiveSoon(virStreamPtr st, char *buffer, size_t size)
{
    int n = -2;

    while ((n = virStreamRecv(st, buffer, size)) == -2)
        g_usleep(1000);
    return n;
}

/* No error before the reply: the end of the data, and Finish tells. */
static void
testFailureBeforeTheReply(void)
{
    Fake fake = { .size = 1000, .failure = "the server is gone" };
    g_auto(StreamSetting) s = { 0 };
    g_auto(Caller) caller = { 0 };
    char bytes[1000];
    int got = 0;

    callerBegin(&caller);
    streamSettingOpen(&s, &fake, VIR_STREAM_NONBLOCK);
    callerReturn();
    while (got < 1000) {
        int n = receiveSoon(s.st, bytes, sizeof(bytes));

        g_assert_cmpint(n, >, 0);
        got += n;
    }
    g_assert_cmpint(receiveSoon(s.st, bytes, sizeof(bytes)), ==, 0);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the server is gone");
}

static void
testFailureAfterTheReply(void)
{
    Fake fake = { .size = 1000, .failure = "the server is gone" };
    g_auto(StreamSetting) s = { 0 };
    g_auto(Caller) caller = { 0 };
    char bytes[1000];
    int n = 0;

    callerBegin(&caller);
    streamSettingOpen(&s, &fake, VIR_STREAM_NONBLOCK);
    callerReturn();
    callerEnd(&caller);
    while ((n = receiveSoon(s.st, bytes, sizeof(bytes))) > 0)
        continue;
    g_assert_cmpint(n, ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the server is gone");
}

/* The call that opens it reports it, and waits for no reply of its own. */
static void
testFailureBeforeTheBeginning(void)
{
    Fake good = { .isUpload = TRUE };
    Fake fake = { .failure = "it is refused" };
    g_auto(StreamSetting) s = { 0 };
    g_auto(Caller) caller = { 0 };

    streamSettingOpen(&s, &good, 0);
    virStreamFree(s.st);
    callerBegin(&caller);
    s.st = virStreamNew(s.conn, VIR_STREAM_NONBLOCK);
    g_assert_cmpint(esxStreamOpen(s.st, s.connection, fixtureTransfer(&fake)), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': it is refused");
    fixtureAwait(&fake.freed);
}

/* Who finishes before the failure was told hears of it. */
static void
testFinishBeforeTheProof(void)
{
    Fake fake = { .size = 1000, .failure = "the server is gone" };
    g_auto(StreamSetting) s = { 0 };
    g_auto(Caller) caller = { 0 };

    callerBegin(&caller);
    streamSettingOpen(&s, &fake, VIR_STREAM_NONBLOCK);
    callerReturn();
    fixtureAwait(&fake.freed);
    g_usleep(50 * 1000);
    g_assert_cmpint(virStreamFinish(s.st), ==, -1);
    fixtureAssertError(VIR_ERR_OPERATION_FAILED, "transfer of 'x': the server is gone");
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

    g_test_add_func("/stream-reply/no-call", testNoCallNoReply);
    g_test_add_func("/stream-reply/proof", testProof);
    g_test_add_func("/stream-reply/failure-before", testFailureBeforeTheReply);
    g_test_add_func("/stream-reply/failure-before-the-beginning", testFailureBeforeTheBeginning);
    g_test_add_func("/stream-reply/failure-after", testFailureAfterTheReply);
    g_test_add_func("/stream-reply/finish-before", testFinishBeforeTheProof);
    return g_test_run();
}

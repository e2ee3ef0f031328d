/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "stream_fixture.h"
#include "connection_fixture.h"

#include <signal.h>
#include <string.h>

#include "esx_error.h"

#define PIECE 10000
#define PATIENCE_MS 20000

typedef struct {
    EsxTransfer base;
    Fake *fake;
} FakeTransfer;

static gboolean
isHole(const Fake *fake, guint64 at)
{
    return fake->holes && at / PIECE % 3 == 1;
}

char
fixtureByte(const Fake *fake, guint64 at)
{
    return isHole(fake, at) ? 0 : (char)(at % 251 + 1);
}

void
fixtureBytes(const Fake *fake, guint64 at, char *buffer, size_t length)
{
    size_t i;

    for (i = 0; i < length; i++)
        buffer[i] = fixtureByte(fake, at + i);
}

int
fixtureSink(virStreamPtr st G_GNUC_UNUSED, const char *data, size_t nbytes, void *opaque)
{
    Place *place = opaque;
    g_autofree char *wanted = g_malloc(nbytes);

    fixtureBytes(place->fake, place->at, wanted, nbytes);
    g_assert_cmpint(memcmp(wanted, data, nbytes), ==, 0);
    place->at += nbytes;
    return (int)nbytes;
}

int
fixtureSinkHole(virStreamPtr st G_GNUC_UNUSED, long long length, void *opaque)
{
    Place *place = opaque;

    g_assert_cmpint(fixtureByte(place->fake, place->at), ==, 0);
    place->at += (guint64)length;
    place->holes += (guint64)length;
    return 0;
}

static gboolean
isCancelled(Fake *fake, const Cancel *cancel)
{
    if (cancelIsRaised(cancel))
        g_atomic_int_set(&fake->cancelled, 1);
    return g_atomic_int_get(&fake->cancelled);
}

static void
untilCancelled(Fake *fake, const Cancel *cancel)
{
    while (!isCancelled(fake, cancel))
        g_usleep(500);
}

/* Returns: FALSE when the pipe was closed. */
static gboolean
writePiece(EsxPipe *pipe, const char *bytes, size_t length)
{
    size_t done = 0;
    size_t written = 0;

    for (done = 0; done < length; done += written) {
        if (esxPipeWrite(pipe, bytes + done, length - done, TRUE, &written) != ESX_PIPE_DONE)
            return FALSE;
    }
    return TRUE;
}

static void
download(Fake *fake, EsxPipe *pipe, const Cancel *cancel)
{
    guint64 at = 0;
    char bytes[PIECE];
    gboolean open = TRUE;

    while (open && (at < fake->size || fake->endless) && !isCancelled(fake, cancel)) {
        size_t length = fake->endless ? PIECE : (size_t)MIN(PIECE, fake->size - at);

        if (isHole(fake, at)) {
            open = esxPipeWriteHole(pipe, length) == ESX_PIPE_DONE;
        } else {
            fixtureBytes(fake, at, bytes, length);
            open = writePiece(pipe, bytes, length);
        }
        at += length;
        g_usleep(fake->pauseUs);
    }
    if (fake->unended)
        untilCancelled(fake, cancel);
    if (!fake->failure)
        esxPipeEnd(pipe);
}

static void
upload(Fake *fake, EsxPipe *pipe, const Cancel *cancel)
{
    char bytes[PIECE];
    char wanted[PIECE];
    size_t length = 0;
    guint64 hole = 0;
    EsxPipeResult result = ESX_PIPE_DONE;

    fake->same = TRUE;
    while (!isCancelled(fake, cancel) && !(fake->failure && fake->got >= fake->size)) {
        result = esxPipeRead(pipe, bytes, sizeof(bytes), FALSE, TRUE, &length);
        if (result == ESX_PIPE_HOLE && esxPipeReadHole(pipe, TRUE, &hole) == ESX_PIPE_HOLE) {
            fake->got += hole;
            fake->holesGot += hole;
        } else if (result == ESX_PIPE_DONE) {
            fixtureBytes(fake, fake->got, wanted, length);
            fake->same = fake->same && memcmp(bytes, wanted, length) == 0;
            fake->got += length;
        } else {
            break;
        }
        g_usleep(fake->pauseUs);
    }
    isCancelled(fake, cancel);
}

static gboolean
run(EsxTransfer *transfer, EsxPipe *pipe, const Cancel *cancel, GError **error)
{
    Fake *fake = ((FakeTransfer *)transfer)->fake;
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    g_atomic_int_set(&fake->sigpipeBlocked, sigismember(&blocked, SIGPIPE));
    g_atomic_int_set(&fake->started, 1);
    if (fake->silent)
        untilCancelled(fake, cancel);
    else if (fake->isUpload)
        upload(fake, pipe, cancel);
    else
        download(fake, pipe, cancel);
    g_usleep(fake->tidyMs * 1000);

    if (isCancelled(fake, cancel))
        g_set_error(error, VI_ERROR, VI_ERROR_CANCELLED, "it was cancelled");
    else if (fake->failure)
        g_set_error_literal(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE, fake->failure);
    g_atomic_int_set(&fake->ended, 1);
    return !isCancelled(fake, cancel) && !fake->failure;
}

static void
transferFree(EsxTransfer *transfer)
{
    g_atomic_int_inc(&((FakeTransfer *)transfer)->fake->freed);
    g_free(transfer);
}

EsxTransfer *
fixtureTransfer(Fake *fake)
{
    FakeTransfer *transfer = g_new0(FakeTransfer, 1);

    transfer->fake = fake;
    transfer->base = (EsxTransfer){
        .run = run,
        .free = transferFree,
        .isUpload = fake->isUpload,
        .sparse = fake->sparse,
        .pipeBytes = fake->pipeBytes ? fake->pipeBytes : 64 * 1024,
        .what = g_strdup("transfer of 'x'"),
        .rest = g_strdup(fake->rest),
        .finishMs = fake->finishMs,
    };
    return &transfer->base;
}

void
streamSettingOpen(StreamSetting *s, Fake *fake, unsigned int flags)
{
    s->canned = cannedNew();
    s->connection = esxConnectionNew(fixtureLogin(s->canned), NULL, "h", 0);
    s->conn = virGetConnect();
    s->st = virStreamNew(s->conn, flags);
    g_assert_nonnull(s->st);
    g_assert_cmpint(esxStreamOpen(s->st, s->connection, fixtureTransfer(fake)), ==, 0);
}

void
streamSettingClose(StreamSetting *s)
{
    if (s->st)
        virStreamFree(s->st);
    esxConnectionFree(s->connection);
    virObjectUnref(s->conn);
    cannedFree(s->canned);
    virResetLastError();
}

void
fixtureAwait(const gint *flag)
{
    guint ms = 0;

    for (ms = 0; !g_atomic_int_get(flag); ms++) {
        g_assert_cmpuint(ms, <, PATIENCE_MS);
        g_usleep(1000);
    }
}

void
fixtureAssertError(int code, const char *phrase)
{
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    fixtureAssertPhrase(virGetLastErrorMessage(), phrase);
    virResetLastError();
}

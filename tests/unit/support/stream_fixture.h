/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_stream.h"
#include "vi_fixture.h"

/*
 * Transfers without a server, on real streams. A Fake tells what its transfer does and keeps what
 * it did; it outlives the transfer.
 */
typedef struct {
    /* A download writes @size bytes of fixtureByte(), with a hole for each third 10,000 of them if
     * @holes; an upload reads what comes. */
    gboolean isUpload;
    gboolean sparse;
    gboolean holes;
    guint64 size;
    size_t pipeBytes;
    const char *rest;       /* as EsxTransfer */
    guint finishMs;
    guint pauseUs;          /* after each piece */
    gboolean endless;       /* a download repeats itself until it is cancelled */
    gboolean silent;        /* does nothing until it is cancelled, */
    gboolean unended;       /* before the end of a download it does the same */
    guint tidyMs;           /* goes on for so long after its end or its cancelling */
    const char *failure;    /* the error it ends with, after @size bytes */

    gint started, ended, freed, cancelled;      /* atomic */
    gint sigpipeBlocked;
    guint64 got;            /* an upload's bytes, holes included */
    guint64 holesGot;       /* of these in holes */
    gboolean same;          /* they were those of fixtureByte() */
} Fake;

/* Where a test is in a transfer. */
typedef struct {
    const Fake *fake;
    guint64 at;
    guint64 holes;      /* of these bytes in holes */
    guint64 size;
} Place;

typedef struct {
    Canned *canned;
    EsxConnection *connection;
    virConnectPtr conn;
    virStreamPtr st;
} StreamSetting;

/* What byte @at of every transfer is. */
char fixtureByte(const Fake *fake, guint64 at);

/* Fills @buffer with the bytes from @at on. */
void fixtureBytes(const Fake *fake, guint64 at, char *buffer, size_t length);

/* As virStreamSinkFunc and virStreamSinkHoleFunc: @opaque is a Place, which moves on. They assert
 * that what comes is what must come. */
int fixtureSink(virStreamPtr st, const char *data, size_t nbytes, void *opaque);
int fixtureSinkHole(virStreamPtr st, long long length, void *opaque);

/* A transfer that does as @fake says; called "transfer of 'x'". */
EsxTransfer *fixtureTransfer(Fake *fake);

/* A connection with an open stream; @flags as for virStreamNew. */
void streamSettingOpen(StreamSetting *s, Fake *fake, unsigned int flags);

/* Frees it all, which waits for the transfer. */
void streamSettingClose(StreamSetting *s);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(StreamSetting, streamSettingClose)

/* Waits for an atomic flag, seconds at the very most. */
void fixtureAwait(const gint *flag);

/* Asserts libvirt's last error, of which @phrase is a part, and resets it. */
void fixtureAssertError(int code, const char *phrase);

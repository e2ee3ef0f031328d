/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"

/*
 * Played: an HttpTransport for the file API, with scripted replies. Requests take them in their
 * order, whatever they ask for; what was asked is written down. A request without a reply ends the
 * test, and so does one without a deadline that is no contents. Requests to /sdk go to another
 * transport. Thread-safe.
 */
typedef struct _Played Played;

typedef struct {
    guint status;               /* 0: 200 */
    const char *contentType;    /* NULL: "application/octet-stream"; "": none */
    const char *contentRange;   /* NULL: none */
    const char *location;       /* NULL: none */
    const char *body;           /* NULL: none */
    gint64 contentLength;       /* 0: of the body; as sent, so that -1 is none */
    guint takes;                /* how many bytes of a source are taken; 0: all */
    gboolean unheard;           /* nothing of the request arrives, the source is not asked */
    GQuark domain;              /* not 0: then, at the end of the body, the request fails */
    gint code;
    void (*hook)(gpointer);     /* called before the reply, without a lock; NULL: none */
    gpointer hookData;
} PlayedReply;

Played *playedNew(void);

/* Ends the test when replies are left. */
void playedFree(Played *played);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Played, playedFree)

/*
 * Returns: (transfer full) a transport; there may be several. @played must outlive it.
 *
 * @sdk: (transfer full) where requests to /sdk go; NULL: there are none.
 */
HttpTransport *playedTransport(Played *played, HttpTransport *sdk);

/* Strings are not copied. */
void playedAdd(Played *played, const PlayedReply *reply);

/* What every request gets that finds no scripted reply. */
void playedAlways(Played *played, const PlayedReply *reply);

/*
 * All requests since the last call are @log, one a line: "METHOD path", then " range" for a range,
 * " <cookie" for a cookie, and of a PUT " =body" with the bytes it brought.
 */
void playedAssertLog(Played *played, const char *log);

/* Forgets all requests: those of many threads come in no order. */
void playedForgetLog(Played *played);

/* How many requests have come. */
guint playedCount(Played *played);

/* Waits until @n have. */
void playedAwait(Played *played, guint n);

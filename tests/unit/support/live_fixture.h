/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_live.h"
#include "live_server.h"

/* An inventory at a LiveServer, and a watch that writes down what it is told. */
typedef struct {
    LiveServer *server;
    ViSession *session;
    Inventory *inventory;

    GMutex lock;            /* guards what follows */
    GCond changed;
    GString *told;          /* "live", "lost", "a b" for names of a snapshot, with ", " between */
    GError *lost;           /* of the last one */
    InventorySnapshot *last;
} Live;

/*
 * Pauses of some milliseconds; a poll of 30 seconds that is quick all its life. A poll that was to
 * end has so much time for it that a second Cancel follows only where the first one was lost.
 */
extern const InventoryPace livePace;

/* Likewise, but it tries nothing of its own for an hour. */
extern const InventoryPace livePaceLazy;

/* As livePace, but a second Cancel follows soon. */
extern const InventoryPace livePaceHasty;

/* As livePace, but no second Cancel follows. */
extern const InventoryPace livePaceOnce;

/* A server with a datastore "a". @pace: NULL: livePace. */
void liveInit(Live *live, const InventoryPace *pace);

/* The same, gone live: "a" was read, told, and the first poll is under way; the log is empty. */
void liveStart(Live *live, const InventoryPace *pace);

void liveClear(Live *live);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Live, liveClear)

/* A read with a time-to-live of 0 shows @names. */
void liveAssertNames(Live *live, const char *names);

/* It fails so. */
void liveAssertFails(Live *live, GQuark domain, gint code);

/* Waits until all that was told so far is @told, and forgets it. */
void liveAwaitReport(Live *live, const char *told);

/* The same of the last thing that was told. */
void liveAwaitLastReport(Live *live, const char *last);

/* The first change has to be told against what was read last. */
void liveExpectFrom(Live *live);

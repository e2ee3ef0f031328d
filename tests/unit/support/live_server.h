/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_session.h"

/*
 * LiveServer: an HttpTransport with a small VI server behind it, for the tests of long polls. It
 * has datastores that come and go, sessions that end, a filter, and waits that last until something
 * changes, somebody calls them off, or their time is over. Thread-safe; nothing in it sleeps.
 */
typedef struct _LiveServer LiveServer;

LiveServer *liveServerNew(void);

/* Ends the test when the transport was not freed. */
void liveServerFree(LiveServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(LiveServer, liveServerFree)

/* What one request of later sessions may take: httpTransportTimeoutMs(). */
extern guint liveServerTimeoutMs;

/* Returns: (transfer full) a session, logged in. Once. */
ViSession *liveServerLogin(LiveServer *server);

/* ---- the world ------------------------------------------------------------------------------ */

/* A datastore called @name comes, or goes. */
void liveServerAdd(LiveServer *server, const char *name);
void liveServerRemove(LiveServer *server, const char *name);

/* ---- its ways ------------------------------------------------------------------------------- */

typedef enum {
    LIVE_HEALTHY,
    LIVE_DOWN,          /* the connection breaks, and none can be made */
    LIVE_BLACK_HOLE,    /* nothing is ever answered */
    LIVE_SILENT,        /* the server went silent: whatever is asked times out */
} LiveState;

/* Waits that are under way notice. */
void liveServerSetState(LiveServer *server, LiveState state);

/* Each is FALSE or 0 at first. Set while nobody is asking, but for what a test knows. */
typedef struct {
    guint page;             /* changes in one answer; 0: all */
    gboolean neverDone;     /* there is always something, and more to come */
    gboolean refusesPolls;  /* a wait of more than 0 seconds is a fault */
    gboolean answersAtOnce; /* a wait of more than 0 seconds ends at once */
    gboolean breaksPolls;   /* a wait of more than 0 seconds ends with a broken connection */
    gboolean expiresPolls;  /* it ends with NotAuthenticated */
    gboolean deafToCancel;  /* CancelWaitForUpdates does nothing */
    gboolean losesCancel;   /* the next one does nothing */
    gboolean failsCancel;   /* it cannot be sent */
    gboolean callsOffWaits; /* a session that ends calls its waits off, as CancelWaitForUpdates */
    gboolean forgetsWaits;  /* a session that ends leaves its waits hanging */
    gboolean holdsLogin;    /* a login is never answered */
    gboolean holdsFilter;   /* nor is CreateFilter */
    gboolean holdsSyncs;    /* nor is a wait of 0 seconds, until this ends */
    gboolean refusesLogin;
    gboolean cancelsSyncs;  /* the next wait of 0 seconds is called off */
} LiveWays;

/* Changes what it does. @ways: copied. */
void liveServerSetWays(LiveServer *server, const LiveWays *ways);

/* All sessions end; the next call, and waits that are under way, notice. */
void liveServerExpire(LiveServer *server);

/* Versions from before now are unknown; a wait that is under way ends with that fault. */
void liveServerForget(LiveServer *server);

/* The wait that is under way ends with an empty answer: its time is over. */
void liveServerElapse(LiveServer *server);

/* ---- what was asked ------------------------------------------------------------------------- */

/*
 * Waits until a long poll is under way, and has been told of all changes: the @n-th one, counted
 * from the first.
 */
void liveServerAwaitPoll(LiveServer *server, guint n);

/* How many long polls have begun. */
guint liveServerPolls(LiveServer *server);

/* Waits until @method was asked @n times in all. */
void liveServerAwait(LiveServer *server, const char *method, guint n);

/*
 * All since the last call is @log: "Filter", "Sync" (a wait of 0 seconds), "Poll", "Cancel", and
 * names of methods, with a blank in between.
 */
void liveServerAssertLog(LiveServer *server, const char *log);
void liveServerForgetLog(LiveServer *server);

/* How often that was asked. */
guint liveServerCount(LiveServer *server, const char *word);

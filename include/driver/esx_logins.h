/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_refusals.h"
#include "esx_server.h"
#include "esx_uri.h"

/*
 * EsxLogins: the servers at which this process is logged in, so that connections can share one
 * login.
 *
 * Joining: the URIs must agree on the server, on how it is reached, and on what is shown
 * (esxUriKey()). User and password must be the same too: they are looked up for each client, and
 * compared in constant time. So a client only joins a session that it could have opened. If the
 * server refuses to renew the session of a login, only its present users keep it; the next client
 * makes another.
 *
 * Opening: one thread opens; others that arrive meanwhile with the same credentials wait for its
 * outcome, also if it fails: a wrong password is tried once for all of them. The lock is not held
 * during an open or a logout.
 *
 * Leaving: the last user logs out, or leaves the login lingering for some time, so that the next
 * one can join it. A thread, esx-linger, exists while a login lingers; it logs out those that were
 * not joined, up to LIMIT_LINGERING_LOGINS at a time. With LIMIT_UNUSED_LOGINS that linger or wait
 * for their logout, no other login is made.
 */
typedef struct _EsxLogins EsxLogins;

EsxLogins *esxLoginsNew(void);

/* Flushes and frees. Neither it nor a server of it may be in use. Accepts NULL. */
void esxLoginsFree(EsxLogins *logins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxLogins, esxLoginsFree)

/* Returns: (transfer none): the table of refused passwords. */
EsxRefusals *esxLoginsRefusals(EsxLogins *logins);

/* The logins of this process; not freed. */
EsxLogins *esxLoginsDefault(void);

/*
 * Whether there is a login for @uri, or one is being opened, with any credentials. Then it need not
 * be checked first whether the server is reachable.
 */
gboolean esxLoginsKnows(EsxLogins *logins, const EsxUri *uri);

/* Makes a server. Returns: (transfer full), or NULL with @error. */
typedef EsxServer *(*EsxLoginsOpener)(gpointer opaque, GError **error);

/*
 * @identity: of the host, if it is known; else NULL.
 * @open: called with @opaque, on this thread and at most once, if there is no login to join.
 * Returns: a server, to be released with esxLoginsLeave(); NULL with @error: that of the opening
 * thread, HTTP_ERROR_TIMEOUT if that took longer than timeout= of @uri, or VI_ERROR_BUSY with
 * LIMIT_UNUSED_LOGINS.
 */
EsxServer *esxLoginsJoin(EsxLogins *logins, const EsxUri *uri, const HttpIdentity *identity,
                         const char *userName, const Secret *password, EsxLoginsOpener open,
                         gpointer opaque, GError **error);

/*
 * @lingerMs: how long to stay logged in if @server has no other user. The thread or
 * esxLoginsFlush() then logs out; this call does not wait for the server. 0: not at all, the logout
 * is done when this returns.
 */
void esxLoginsLeave(EsxLogins *logins, EsxServer *server, guint lingerMs);

/*
 * The process is about to end: logs out lingering logins, all at once, and none will linger any
 * more; the thread has ended when this returns. Takes as long as the slowest logout: a few seconds
 * if a server is unreachable. May be called again.
 */
void esxLoginsFlush(EsxLogins *logins);

/*
 * Flushes, and ends the servers that are still in use, all at once: their connections may not be
 * closed any more. At its end, libvirtd sometimes leaves connections of its clients open.
 */
void esxLoginsStop(EsxLogins *logins);

/*
 * The process exits with logins in use: their connections were not closed, or libvirt closes them
 * in a thread that the process does not wait for. Ends the threads of their servers, but waits at
 * most half a second for each, and logs out, all at once. A logout that is under way in another
 * thread is waited for, at most one second. The servers are not freed: other threads may be using
 * them.
 */
void esxLoginsStopAtExit(EsxLogins *logins);

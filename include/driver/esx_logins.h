/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_refusals.h"
#include "esx_server.h"
#include "esx_uri.h"

/*
 * EsxLogins: the servers this process is logged in at, so that connections can share one login.
 *
 * Who joins. What the URIs say of the server, of the way to it and of what is shown must be the
 * same (esxUriKey()), and so must user and password: a client must have found the credentials
 * itself, and they are compared in constant time. So a client gets only a session that it could
 * have opened. A login whose session the server refuses to renew is left to those who use it; the
 * next one makes another.
 *
 * Who opens. One thread does, others that come meanwhile with the same credentials wait for its
 * outcome, also when it fails: a password that is wrong is tried once for all of them. The lock is
 * never held while somebody opens or logs out.
 *
 * Who leaves. The last one out logs out, or leaves the server lingering for some time, for the next
 * one to join. One thread, esx-linger, exists while something lingers; it logs out what nobody
 * came for, up to LIMIT_LINGERING_LOGINS at a time. With LIMIT_UNUSED_LOGINS that linger or wait
 * for their logouts no other login is made.
 */
typedef struct _EsxLogins EsxLogins;

EsxLogins *esxLoginsNew(void);

/* Flushes. Nobody may be using it or a server of it. Accepts NULL. */
void esxLoginsFree(EsxLogins *logins);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxLogins, esxLoginsFree)

/* Returns: (transfer none): the passwords that hosts have refused. */
EsxRefusals *esxLoginsRefusals(EsxLogins *logins);

/* The logins of this process, which lives as long. */
EsxLogins *esxLoginsDefault(void);

/*
 * Whether somebody is logged in as @uri says, or is about to be; with what credentials is another
 * question. Then there is no need to find out first whether the server is there.
 */
gboolean esxLoginsKnows(EsxLogins *logins, const EsxUri *uri);

/* Makes a server. Returns: (transfer full), or NULL with @error. */
typedef EsxServer *(*EsxLoginsOpener)(gpointer opaque, GError **error);

/*
 * @identity: of the host, if it is known; else NULL.
 * @open: called with @opaque, on this thread and at most once, when there is nothing to join.
 * Returns: a server, to be given back by esxLoginsLeave(); NULL with @error: the opener's,
 * whoever that was, HTTP_ERROR_TIMEOUT when he needed longer than timeout= of @uri, or
 * VI_ERROR_BUSY with LIMIT_UNUSED_LOGINS.
 */
EsxServer *esxLoginsJoin(EsxLogins *logins, const EsxUri *uri, const HttpIdentity *identity,
                           const char *userName, const Secret *password, EsxLoginsOpener open,
                           gpointer opaque, GError **error);

/*
 * @lingerMs: how long to stay logged in when nobody else uses @server, which is left to the thread
 * or to esxLoginsFlush(): nothing waits for the server here. 0: not at all, the logout is done
 * when this returns.
 */
void esxLoginsLeave(EsxLogins *logins, EsxServer *server, guint lingerMs);

/*
 * The process is about to end: what lingers is logged out, all at once, and nothing will linger
 * any more; the thread has ended when this returns. Takes as long as the slowest logout, which is a
 * few seconds if a server is unreachable. May be called again.
 */
void esxLoginsFlush(EsxLogins *logins);

/*
 * Flushes, and ends the servers that are still in use, all at once: their connections may never be
 * closed. libvirtd leaves those of clients that are there at its end sometimes open.
 */
void esxLoginsStop(EsxLogins *logins);

/*
 * The process exits with logins in use: their connections were not closed, or libvirt closes them
 * in a thread that the process does not wait for. Ends the threads of their servers, or leaves them
 * to themselves after half a second, and logs out, all at once. A logout of another thread that is
 * under way is waited for, one second at most. The servers stay: other threads may be using them.
 */
void esxLoginsStopAtExit(EsxLogins *logins);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"
#include "esx_uri.h"
#include "http_transport.h"
#include "vi_session.h"

/*
 * Passwords of a daemon that a host has refused. ESX locks an account for 15 minutes after five
 * of them, so that clients who need not know a password could lock the account out by opening, as
 * soon as the one in the auth file is not the host's. One is remembered for LIMIT_REFUSED_MS, or
 * until it has been let in; another password is another matter, up to LIMIT_REFUSED_USER of one
 * user at one host. LIMIT_REFUSED in all: of more, the first is forgotten.
 *
 * Which host it is: the one of the same name and port, and the one that has the same certificate,
 * by whatever name it was reached. Clients that may not choose reach each host by a certificate
 * that is trusted for its name.
 *
 * Thread-safe. Times are g_get_monotonic_time().
 */
typedef struct _EsxRefusals EsxRefusals;

EsxRefusals *esxRefusalsNew(void);
void esxRefusalsFree(EsxRefusals *refusals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxRefusals, esxRefusalsFree)

/* Where somebody logs in, and as what. */
typedef struct {
    const EsxUri *uri;              /* its host and port count */
    const HttpIdentity *identity;   /* of the host; NULL: not known */
    const char *userName;
    const Secret *password;
} EsxRefusalKey;

/* The host has refused it; or, @unknown, nobody knows whether it has. */
void esxRefusalsAdd(EsxRefusals *refusals, const EsxRefusalKey *key, gboolean unknown, gint64 now);

/* The host has taken it. A guard forgets all of the user, if it was a client that may choose. */
void esxRefusalsForget(EsxRefusals *refusals, const EsxRefusalKey *key);

/*
 * Whether it may be tried at @now.
 *
 * Returns: FALSE with VI_ERROR_NOT_TRIED: it was refused, or there were LIMIT_REFUSED_USER logins
 * of the user at this host that were refused or have an unknown outcome.
 */
gboolean esxRefusalsAdmit(EsxRefusals *refusals, const EsxRefusalKey *key, gint64 now,
                          GError **error);

/*
 * Stands before each login of a session, the ones that renew it included, as soon as the host is
 * known by its certificate: one at a time for each host and user, as long as the refusals admit
 * it; what came of it is remembered. Of a client that may choose, the first login is neither held
 * up nor counted; to renew its session, only the very password that was refused is withheld. A
 * login that timed out counts where such a client has chosen the time-outs.
 *
 * @refusals: must outlive the session.
 */
void esxRefusalsGuard(EsxRefusals *refusals, ViSession *session, const EsxUri *uri,
                      const char *userName, const Secret *password);

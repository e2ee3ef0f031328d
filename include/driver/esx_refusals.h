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
 * Passwords of a daemon that a host has refused. ESX locks an account for 15 minutes after five of
 * them. So clients that do not know the password could lock the account by opening connections, if
 * the password in the auth file is wrong. A refusal is remembered for LIMIT_REFUSED_MS, or until
 * the password is accepted. Another password may be tried, up to LIMIT_REFUSED_USER of one user at
 * one host. At most LIMIT_REFUSED are remembered; the oldest is dropped first.
 *
 * A host is identified by its name and port, and by its certificate, whatever its name. Restricted
 * clients reach a host only with a certificate that is trusted for its name.
 *
 * Thread-safe. Times are g_get_monotonic_time().
 */
typedef struct _EsxRefusals EsxRefusals;

EsxRefusals *esxRefusalsNew(void);
void esxRefusalsFree(EsxRefusals *refusals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxRefusals, esxRefusalsFree)

/* The host and the credentials of a login. */
typedef struct {
    const EsxUri *uri;              /* only host and port are used */
    const HttpIdentity *identity;   /* of the host; NULL: not known */
    const char *userName;
    const Secret *password;
} EsxRefusalKey;

/* The host has refused it; with @unknown, the outcome is unknown. */
void esxRefusalsAdd(EsxRefusals *refusals, const EsxRefusalKey *key, gboolean unknown, gint64 now);

/*
 * The host has accepted it. After an unrestricted client's login, a guard drops all refusals of the
 * user.
 */
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
 * Guards each login of a session, including renewals, as soon as the host's certificate is known:
 * one at a time for each host and user, if the refusals allow it; its outcome is recorded. The
 * first login of an unrestricted client is neither delayed nor counted; for the renewal of its
 * session, only exactly the refused password is withheld. A login that timed out counts if a
 * restricted client has chosen the timeouts.
 *
 * @refusals: must outlive the session.
 */
void esxRefusalsGuard(EsxRefusals *refusals, ViSession *session, const EsxUri *uri,
                      const char *userName, const Secret *password);

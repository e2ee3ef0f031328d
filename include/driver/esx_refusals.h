/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"
#include "esx_uri.h"

/*
 * Passwords of a daemon that a host has refused. ESX locks an account for 15 minutes after five
 * of them, so that clients who need not know a password could lock the account out by opening, as
 * soon as the one in the auth file is not the host's. One is remembered for LIMIT_REFUSED_MS, or
 * until it has been let in; another password is another matter. LIMIT_REFUSED of them at most: of
 * more, the first is forgotten.
 *
 * Not locked: the caller's business. Times are g_get_monotonic_time().
 */
typedef struct _EsxRefusals EsxRefusals;

EsxRefusals *esxRefusalsNew(void);
void esxRefusalsFree(EsxRefusals *refusals);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxRefusals, esxRefusalsFree)

/* The host and port of @uri count, however they are reached. */
void esxRefusalsAdd(EsxRefusals *refusals, const EsxUri *uri, const char *userName,
                    const Secret *password, gint64 now);

void esxRefusalsForget(EsxRefusals *refusals, const EsxUri *uri, const char *userName,
                       const Secret *password);

gboolean esxRefusalsHas(const EsxRefusals *refusals, const EsxUri *uri, const char *userName,
                        const Secret *password, gint64 now);

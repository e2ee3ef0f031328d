/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"

/*
 * The cookie of a session, as the server sends it. Pure.
 *
 * Extracts it from @setCookie, which has one cookie per line (or is NULL): up to its first ';',
 * with its quotes.
 *
 * @ret_cookie: (transfer full) "vmware_soap_session=…", or NULL if there is none.
 * Returns: FALSE with VI_ERROR_PROTOCOL if it cannot be sent back in a header line, or is longer
 * than LIMIT_TICKET_BYTES.
 */
gboolean viCookieTake(const char *setCookie, Secret **ret_cookie, GError **error);

/* Returns: (transfer full) the header line that sends @cookie, to be erased; NULL for NULL. */
char *viCookieLine(const Secret *cookie);

/* Appends @line (may be NULL) to @lines (may be NULL). Returns: (transfer container). */
const char **viCookieBehind(const char *const *lines, const char *line);

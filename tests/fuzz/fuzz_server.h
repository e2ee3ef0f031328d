/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_session.h"

/*
 * A server that answers with what a target gives it, as an HttpTransport. It says who it is and
 * lets everybody log in; the replies to all else are the parts of an input, one after the other,
 * which a form feed keeps apart. Without a part left it cannot be reached.
 *
 * Ends the process when a header line of a request has a control character in it.
 */
typedef struct {
    const char *next;           /* what is left of the input; NULL: nothing */
    const char *end;
    const char *setCookie;      /* of each reply; NULL: none */
    gboolean isVcenter;
    guint asked;                /* requests answered from the input */
    size_t longestHeader;       /* of all header lines sent to it */
} FuzzServer;

/*
 * Returns: (transfer full) a session that has logged in at @server, which must outlive it; NULL
 * with @error only where the server hands out a cookie.
 */
ViSession *fuzzServerLogin(FuzzServer *server, GError **error);

/* The server answers with @size bytes at @bytes from now on. */
void fuzzServerGive(FuzzServer *server, const char *bytes, size_t size);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>
#include <openssl/ssl.h>

/*
 * A server that does not want a body replies and closes. Whoever is still sending finds the
 * connection broken, while the reply, with the reason in it, lies unread in the socket. libcurl
 * gives up there, and the reason is lost. So, while a source's body goes out, what stands between
 * OpenSSL and the socket calls the first failures of sending "not now": then libcurl reads first.
 */

/* The way to the server of one handle; what it says counts for the TLS connection made last. */
typedef struct {
    gboolean listening;     /* failures of sending are to be held back: a source's body goes out */
    gboolean ended;         /* nothing more will be read */
    guint heldBack;         /* failures so far */
} HttpWire;

/* Watches the connection whose handshake is about to begin on @context; reports to @wire. */
void httpWireAttach(HttpWire *wire, SSL_CTX *context);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>
#include <openssl/ssl.h>

/*
 * A server that refuses a body replies and closes the connection. A client that is still sending
 * then finds the connection broken, while the reply, with the reason, is unread in the socket.
 * libcurl gives up at that point, and the reason is lost. So, while a source's body is sent, a
 * layer between OpenSSL and the socket reports the first failures of sending as "not now": then
 * libcurl reads first.
 */

/* The connection of one handle to the server; its fields apply to the TLS connection made last. */
typedef struct {
    gboolean listening;     /* hold back failures of sending: a source's body is being sent */
    gboolean ended;         /* no more can be read */
    guint heldBack;         /* failures so far */
} HttpWire;

/* Watches the connection whose handshake is about to begin on @context; reports to @wire. */
void httpWireAttach(HttpWire *wire, SSL_CTX *context);

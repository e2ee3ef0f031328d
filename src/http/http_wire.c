/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Works in a callback of the BIO through which OpenSSL sends and receives, whichever code made the
 * BIO. OpenSSL shows that BIO when a handshake begins, so the callback is installed there.
 */

#include "http_wire.h"

#include <openssl/bio.h>

/* libcurl reads whenever it cannot send; it may fail to do so this many times. */
#define HTTP_WIRE_PATIENCE 100

static gboolean
httpWireHoldsBack(HttpWire *wire)
{
    return wire->listening && !wire->ended && wire->heldBack++ < HTTP_WIRE_PATIENCE;
}

/* OpenSSL's hook around each use of the BIO. Returns: the new @result. */
static long
httpWireWatch(BIO *bio, int operation, const char *data, size_t length, int argument, long value,
              int result, size_t *processed)
{
    HttpWire *wire = (HttpWire *)(gpointer)BIO_get_callback_arg(bio);
    gboolean failed = result <= 0 && !BIO_should_retry(bio);

    (void)data;
    (void)length;
    (void)argument;
    (void)value;
    (void)processed;

    if (operation == (BIO_CB_READ | BIO_CB_RETURN) && failed)
        wire->ended = TRUE;
    if (operation == (BIO_CB_WRITE | BIO_CB_RETURN) && failed && httpWireHoldsBack(wire))
        BIO_set_retry_write(bio);

    return result;
}

static void
httpWireBegin(const SSL *ssl, int where, int result)
{
    BIO *bio = SSL_get_wbio(ssl);
    HttpWire *wire = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

    (void)result;

    if (!(where & SSL_CB_HANDSHAKE_START) || !bio || BIO_get_callback_ex(bio))
        return;

    *wire = (HttpWire){ 0 };
    BIO_set_callback_arg(bio, (char *)wire);
    BIO_set_callback_ex(bio, httpWireWatch);
}

void
httpWireAttach(HttpWire *wire, SSL_CTX *context)
{
    SSL_CTX_set_app_data(context, wire);
    SSL_CTX_set_info_callback(context, httpWireBegin);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "soap_decode.h"

/*
 * Receives the body of a reply: SOAP goes to the decoder; of anything else, the beginning is kept
 * to quote it.
 */
typedef struct {
    SoapDecoder *decoder;
    GString *quote;
} ViReplySink;

/* By its status and type. */
gboolean viReplyIsSoap(const HttpResponse *response);

/* HttpSink; @opaque is a ViReplySink. */
gboolean viReplyTake(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
                     GError **error);

/* Sets an error about a reply that is not SOAP: by vi_status.h, else VI_ERROR_PROTOCOL. */
void viReplySetNotSoap(const HttpResponse *response, const GString *quote, GError **error);

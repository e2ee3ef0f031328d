/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_table.h"

/*
 * Replies. The decoder accepts unknown elements (skipped) and types (read as the declared type),
 * items of arrays without xsi:type, any prefix for any namespace, and replies without required
 * fields. So a caller finds NULL, or a count of 0, for what is missing.
 */

typedef struct {
    const char *code;           /* faultcode */
    const char *message;        /* faultstring; never NULL */
    const char *name;           /* "InvalidLogin": from xsi:type or the detail element's name; never
                                   NULL, "" if there is no detail */
    SoapObject *detail;         /* decoded as its nearest known type, or NULL */
} SoapFault;

typedef struct {
    Arena *arena;           /* holds everything below, and the reply itself */
    SoapObject *body;       /* struct of method->response; NULL if there was a fault */
    SoapFault *fault;       /* NULL if there was none */
    size_t bytes;           /* of the reply as received, after decompression */
} SoapReply;

void soapReplyFree(SoapReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapReply, soapReplyFree)

/* One reply being read. Belongs to one thread. */
typedef struct _SoapDecoder SoapDecoder;

SoapDecoder *soapDecoderNew(const SoapMethod *method);

/* May be called at any time, also in the middle of a reply. Accepts NULL. */
void soapDecoderFree(SoapDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapDecoder, soapDecoderFree)

/* Continues reading. After FALSE only soapDecoderFree() may be called. */
gboolean soapDecoderFeed(SoapDecoder *decoder, const char *data, size_t length, GError **error);

/* The reply has ended. Returns: (transfer full), or NULL with @error. */
SoapReply *soapDecoderFinish(SoapDecoder *decoder, GError **error);

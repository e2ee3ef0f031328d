/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_table.h"

/*
 * Replies. What a server may send and still be understood: elements and types we do not know
 * (skipped, or read as the declared type), items of arrays without xsi:type, any prefix for any
 * namespace, required fields that are missing. So whoever reads a reply finds NULL, or a count of
 * 0, where nothing came.
 */

typedef struct {
    const char *code;           /* faultcode */
    const char *message;        /* faultstring; never NULL */
    const char *name;           /* "InvalidLogin": from xsi:type or the detail element's name; never
                                   NULL, "" where there is no detail */
    SoapObject *detail;         /* decoded as its nearest known type, or NULL */
} SoapFault;

typedef struct {
    Arena *arena;           /* everything below lives here, the reply itself too */
    SoapObject *body;       /* struct of method->response; NULL when there was a fault */
    SoapFault *fault;       /* NULL when there was none */
    size_t bytes;           /* of the reply, as it came, after decompression */
} SoapReply;

void soapReplyFree(SoapReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapReply, soapReplyFree)

/* One reply being read. Belongs to one thread. */
typedef struct _SoapDecoder SoapDecoder;

SoapDecoder *soapDecoderNew(const SoapMethod *method);

/* At any time, also in the middle of a reply; accepts NULL. */
void soapDecoderFree(SoapDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapDecoder, soapDecoderFree)

/* Reads on. After a FALSE only soapDecoderFree() may follow. */
gboolean soapDecoderFeed(SoapDecoder *decoder, const char *data, size_t length, GError **error);

/* The reply is at its end. Returns: (transfer full), or NULL with @error. */
SoapReply *soapDecoderFinish(SoapDecoder *decoder, GError **error);

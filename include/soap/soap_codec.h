/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_table.h"

/*
 * SOAP codec: bytes to objects and back, by the tables. Pure: it opens no file and no socket, no DTD is
 * read, no entity but XML's five is expanded. Namespaces are compared, never prefixes.
 */

#define SOAP_ERROR (soapErrorQuark())
GQuark soapErrorQuark(void);

typedef enum {
    SOAP_ERROR_XML,         /* not well-formed, invalid UTF-8, DTD or entity */
    SOAP_ERROR_ENVELOPE,    /* well-formed, but no SOAP reply to this method */
    SOAP_ERROR_VALUE,       /* a field whose text is not of its type; a required type of node missing */
    SOAP_ERROR_LIMIT,       /* a ceiling of base_limits.h was reached */
    SOAP_ERROR_TRUNCATED,   /* the reply ended in the middle */
} SoapErrorCode;

/*
 * Appends a whole request envelope for @method to @out. @args is a struct of method->request (the caller sets
 * fields; object->type of every object in it must be set: use VIM_INIT). Absent optionals are left out
 * entirely (real servers reject empty ones).
 *
 * Returns: FALSE with SOAP_ERROR_VALUE when a required field is missing or a string is not UTF-8 or has a character XML cannot carry.
 */
gboolean soapEncodeRequest(const SoapMethod *method, gconstpointer args, GString *out, GError **error);

typedef struct {
    const char *code;           /* faultcode */
    const char *message;        /* faultstring; never NULL */
    const char *name;           /* "InvalidLogin": from xsi:type or the detail element's name; never NULL, may be "" */
    SoapObject *detail;         /* decoded as its nearest known type, or NULL */
} SoapFault;

typedef struct {
    Arena *arena;           /* everything below lives here */
    SoapObject *body;       /* struct of method->response; NULL when there was a fault */
    SoapFault *fault;       /* NULL when there was none */
} SoapReply;

void soapReplyFree(SoapReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapReply, soapReplyFree)

/* One reply being read. Belongs to one thread. */
typedef struct _SoapDecoder SoapDecoder;

SoapDecoder *soapDecoderNew(const SoapMethod *method);
void soapDecoderFree(SoapDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapDecoder, soapDecoderFree)

/* Reads on. After a FALSE only soapDecoderFree() may follow. */
gboolean soapDecoderFeed(SoapDecoder *decoder, const char *data, size_t length, GError **error);

/* The reply is at its end. Returns: (transfer full), or NULL with @error. */
SoapReply *soapDecoderFinish(SoapDecoder *decoder, GError **error);

/*
 * Writes @object as indented "name: value" lines, for debug logs and tests; SECRET fields as "***".
 *
 * Returns: (transfer full).
 */
char *soapDump(gconstpointer object);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * The XML below SOAP: libxml2's push parser behind three callbacks. This file decides which XML is
 * accepted from a server: no document type and therefore only XML's five entities, no access to
 * files or the network, and limits on bytes, depth, elements, attributes and markup. The caller
 * knows what the elements mean.
 *
 * Errors are in SOAP_ERROR's domain (soap_error.h).
 */

/* The value of an attribute, not NUL-terminated; @text is NULL if there is none. */
typedef struct {
    const char *text;
    size_t length;
} SoapXmlValue;

/*
 * The start of an element, with the attributes that VI uses. Within a reply, @name and @uri have
 * one address for each string. The values are valid only during the callback.
 */
typedef struct {
    const char *name;           /* local name */
    const char *uri;            /* namespace or NULL */
    gboolean hasAttributes;     /* FALSE: none of the following */
    SoapXmlValue xsiType;       /* xsi:type, whatever the prefix */
    SoapXmlValue xsiNil;        /* xsi:nil */
    SoapXmlValue type;          /* type, without a namespace */
} SoapXmlElement;

/* Each returns FALSE with @error to stop reading. */
typedef struct {
    gboolean (*start)(gpointer user, const SoapXmlElement *element, GError **error);
    gboolean (*end)(gpointer user, GError **error);
    gboolean (*text)(gpointer user, const char *text, size_t length, GError **error);
} SoapXmlHandler;

typedef struct _SoapXml SoapXml;

/* @handler and @user must live as long as the parser. */
SoapXml *soapXmlNew(const SoapXmlHandler *handler, gpointer user);
void soapXmlFree(SoapXml *xml);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SoapXml, soapXmlFree)

/* Continues reading. After FALSE only soapXmlFree() may be called. */
gboolean soapXmlFeed(SoapXml *xml, const char *data, size_t length, GError **error);

/* The input has ended. Fails with SOAP_ERROR_TRUNCATED if the document has not. */
gboolean soapXmlFinish(SoapXml *xml, GError **error);

/* Returns: (transfer full): the start of the reply, printable and in quotes, for error messages. */
char *soapXmlQuote(const SoapXml *xml);

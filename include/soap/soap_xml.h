/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * The XML below SOAP: libxml2's push parser behind three callbacks. Here is decided what XML we
 * take from a server at all: no document type, hence no entity but XML's five, no file and no
 * network, and the ceilings on bytes, depth, elements, attributes and markup. What elements mean is
 * the caller's.
 *
 * Errors are in SOAP_ERROR's domain (soap_error.h).
 */

/* The value of an attribute, not NUL-terminated; @text is NULL where there is none. */
typedef struct {
    const char *text;
    size_t length;
} SoapXmlValue;

/*
 * The start of an element, with the attributes that mean something in VI. Within a reply @name and
 * @uri have one address for each string; the values are valid during the callback only.
 */
typedef struct {
    const char *name;           /* local name */
    const char *uri;            /* namespace or NULL */
    gboolean hasAttributes;     /* FALSE: none of the following */
    SoapXmlValue xsiType;       /* xsi:type, whatever the prefix */
    SoapXmlValue xsiNil;        /* xsi:nil */
    SoapXmlValue type;          /* type, without a namespace */
} SoapXmlElement;

/* Each returns FALSE with @error to end the reading. */
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

/* Reads on. After a FALSE only soapXmlFree() may follow. */
gboolean soapXmlFeed(SoapXml *xml, const char *data, size_t length, GError **error);

/*
 * Nothing follows. Fails with SOAP_ERROR_TRUNCATED when the document is not at its end.
 */
gboolean soapXmlFinish(SoapXml *xml, GError **error);

/* Returns: (transfer full): how the reply begins, printable and in quotes, for error messages. */
char *soapXmlQuote(const SoapXml *xml);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_xml.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "soap_error.h"

/*
 * libxml2 gets the reply in steps of this size, so that a long tag is noticed before it is stored,
 * and libxml2's own limit on look-ahead is not reached.
 */
#define STEP (16 * 1024)

#define MARK_LENGTH 3

#define NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

#define FIVE 5      /* an attribute in SAX2: local name, prefix, namespace, value, end of value */

struct _SoapXml {
    const SoapXmlHandler *handler;
    gpointer user;
    xmlParserCtxtPtr parser;
    GError *error;          /* the first one, raised inside of a callback */
    guint depth;
    guint elements;
    size_t bytes;
    size_t quiet;           /* bytes since the last event */
    gboolean closed;        /* the root element has ended */
    char head[LIMIT_QUOTED_BYTES + 1];    /* one more, to detect that there is more */
    size_t nhead;
    /* From the parser's dictionary, which has all names of elements, attributes and namespaces. */
    const guchar *nameType;
    const guchar *nameNil;
    const guchar *uriInstance;
};

/* Stops reading; xml->error says why. */
static void
soapXmlStop(SoapXml *xml)
{
    xmlStopParser(xml->parser);
}

G_GNUC_PRINTF(3, 4)
static void
soapXmlFail(SoapXml *xml, SoapErrorCode code, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list arguments;

    if (xml->error)
        return;
    va_start(arguments, format);
    text = textFormatV(format, arguments);
    va_end(arguments);
    xml->error = g_error_new_literal(SOAP_ERROR, (gint)code, text);
    soapXmlStop(xml);
}

/* Reports which limit was reached. */
static void
soapXmlRefuseElement(SoapXml *xml)
{
    if (xml->depth > LIMIT_REPLY_DEPTH)
        soapXmlFail(xml, SOAP_ERROR_LIMIT, "the reply nests elements deeper than %d levels",
                    LIMIT_REPLY_DEPTH);
    else if (xml->elements > LIMIT_REPLY_ELEMENTS)
        soapXmlFail(xml, SOAP_ERROR_LIMIT, "the reply has more than %d elements",
                    LIMIT_REPLY_ELEMENTS);
    else
        soapXmlFail(xml, SOAP_ERROR_LIMIT, "the reply has an element with more than %d attributes",
                    LIMIT_REPLY_ATTRIBUTES);
}

static void
soapXmlTakeAttributes(const SoapXml *xml, const guchar **attributes, size_t n,
                      SoapXmlElement *element)
{
    const guchar **end = attributes + n * FIVE;
    const guchar **at;

    element->hasAttributes = TRUE;
    for (at = attributes; at < end; at += FIVE) {
        const SoapXmlValue value = { (const char *)at[3], (size_t)(at[4] - at[3]) };

        if (at[0] == xml->nameType && at[2] == xml->uriInstance)
            element->xsiType = value;
        else if (at[0] == xml->nameType && !at[2])
            element->type = value;
        else if (at[0] == xml->nameNil && at[2] == xml->uriInstance)
            element->xsiNil = value;
    }
}

static void
soapXmlOnStart(void *user, const xmlChar *name, const xmlChar *prefix G_GNUC_UNUSED,
               const xmlChar *uri, int nnamespaces, const xmlChar **namespaces G_GNUC_UNUSED,
               int nattributes, int ndefaulted G_GNUC_UNUSED, const xmlChar **attributes)
{
    SoapXml *xml = user;
    SoapXmlElement element = { .name = (const char *)name, .uri = (const char *)uri };

    if (xml->error)
        return;
    xml->quiet = 0;
    xml->depth++;
    xml->elements++;
    if (xml->depth > LIMIT_REPLY_DEPTH || xml->elements > LIMIT_REPLY_ELEMENTS ||
        nattributes > LIMIT_REPLY_ATTRIBUTES || nnamespaces > LIMIT_REPLY_ATTRIBUTES) {
        soapXmlRefuseElement(xml);
        return;
    }
    if (nattributes > 0)
        soapXmlTakeAttributes(xml, attributes, (size_t)nattributes, &element);
    if (!xml->handler->start(xml->user, &element, &xml->error))
        soapXmlStop(xml);
}

static void
soapXmlOnEnd(void *user, const xmlChar *name G_GNUC_UNUSED, const xmlChar *prefix G_GNUC_UNUSED,
             const xmlChar *uri G_GNUC_UNUSED)
{
    SoapXml *xml = user;

    if (xml->error)
        return;
    xml->quiet = 0;
    xml->depth--;
    xml->closed = xml->depth == 0;
    if (!xml->handler->end(xml->user, &xml->error))
        soapXmlStop(xml);
}

static void
soapXmlOnText(void *user, const xmlChar *text, int length)
{
    SoapXml *xml = user;

    if (xml->error)
        return;
    xml->quiet = 0;
    if (!xml->handler->text(xml->user, (const char *)text, (size_t)length, &xml->error))
        soapXmlStop(xml);
}

static void
soapXmlOnComment(void *user, const xmlChar *text G_GNUC_UNUSED)
{
    ((SoapXml *)user)->quiet = 0;
}

static void
soapXmlOnInstruction(void *user, const xmlChar *target G_GNUC_UNUSED,
                     const xmlChar *data G_GNUC_UNUSED)
{
    ((SoapXml *)user)->quiet = 0;
}

/*
 * SOAP forbids document types. Without them no entity can be declared, so libxml2 reports all but
 * XML's five as errors.
 */
static void
soapXmlOnDocumentType(void *user, const xmlChar *name G_GNUC_UNUSED,
                      const xmlChar *external G_GNUC_UNUSED, const xmlChar *system G_GNUC_UNUSED)
{
    SoapXml *xml = user;
    g_autofree char *quote = soapXmlQuote(xml);

    soapXmlFail(xml, SOAP_ERROR_XML,
                "the reply is not a SOAP message, because it declares a document type; it begins "
                "with " TEXT_MESSAGE, quote);
}

/* The error that libxml2 passes: constant since 2.12. */
#if LIBXML_VERSION >= 21200
typedef const xmlError *GivenError;
#else
typedef xmlErrorPtr GivenError;
#endif

/* Prevents libxml2 from printing; its error is read when parsing has ended. */
static void
soapXmlOnError(void *user G_GNUC_UNUSED, GivenError error G_GNUC_UNUSED)
{
}

static const xmlSAXHandler soapXmlSax = {
    .initialized = XML_SAX2_MAGIC,
    .startElementNs = soapXmlOnStart,
    .endElementNs = soapXmlOnEnd,
    .characters = soapXmlOnText,
    .ignorableWhitespace = soapXmlOnText,
    .cdataBlock = soapXmlOnText,
    .comment = soapXmlOnComment,
    .processingInstruction = soapXmlOnInstruction,
    .internalSubset = soapXmlOnDocumentType,
    .serror = soapXmlOnError,
};

static gpointer
soapXmlInitLibrary(gpointer unused G_GNUC_UNUSED)
{
    xmlInitParser();
    return NULL;
}

static const guchar *
soapXmlIntern(SoapXml *xml, const char *name)
{
    const guchar *interned = xmlDictLookup(xml->parser->dict, (const guchar *)name, -1);

    if (!interned)
        g_error("out of memory for an XML parser");
    return interned;
}

SoapXml *
soapXmlNew(const SoapXmlHandler *handler, gpointer user)
{
    static GOnce once = G_ONCE_INIT;
    SoapXml *xml = g_new0(SoapXml, 1);

    g_once(&once, soapXmlInitLibrary, NULL);
    xml->handler = handler;
    xml->user = user;
    xml->parser = xmlCreatePushParserCtxt((xmlSAXHandlerPtr)&soapXmlSax, xml, NULL, 0, NULL);
    if (!xml->parser)
        g_error("out of memory for an XML parser");
    /*
     * NOENT, because without it libxml2 passes "&amp;" in attributes on as "&#38;"; the only
     * entities are XML's five, as a document type stops the reading. UTF-8, whatever the reply
     * claims: VI uses no other encoding, and a server must not choose which converters run.
     */
    xmlCtxtUseOptions(xml->parser, XML_PARSE_NONET | XML_PARSE_NOENT | XML_PARSE_IGNORE_ENC);
    xmlSwitchEncoding(xml->parser, XML_CHAR_ENCODING_UTF8);
    xml->nameType = soapXmlIntern(xml, "type");
    xml->nameNil = soapXmlIntern(xml, "nil");
    xml->uriInstance = soapXmlIntern(xml, NS_INSTANCE);
    return xml;
}

void
soapXmlFree(SoapXml *xml)
{
    if (!xml)
        return;
    xmlFreeParserCtxt(xml->parser);
    g_clear_error(&xml->error);
    g_free(xml);
}

static void
soapXmlKeepHead(SoapXml *xml, const char *data, size_t length)
{
    size_t room = MIN(sizeof(xml->head) - xml->nhead, length);

    memcpy(xml->head + xml->nhead, data, room);
    xml->nhead += room;
}

/*
 * The byte order mark that may begin a UTF-8 text. libxml2 looks for it only if it may guess the
 * encoding, so it is handled here.
 */
static gboolean
soapXmlHasMark(const SoapXml *xml)
{
    return xml->nhead >= MARK_LENGTH && memcmp(xml->head, "\xef\xbb\xbf", MARK_LENGTH) == 0;
}

/* Whether the reply began like XML: then the error gets a line number. */
static gboolean
soapXmlLooksLikeXml(const SoapXml *xml)
{
    size_t i = soapXmlHasMark(xml) ? MARK_LENGTH : 0;

    while (i < xml->nhead && g_ascii_isspace(xml->head[i]))
        i++;
    return i < xml->nhead && xml->head[i] == '<';
}

/* Rewords errors of libxml2, which quote the reply unchanged and at length. */
static void
soapXmlRaise(SoapXml *xml, GError **error)
{
    const xmlError *last = xmlCtxtGetLastError(xml->parser);
    const char *message = last && last->message ? last->message : "malformed";
    g_autofree char *said = textQuote(message, -1);
    g_autofree char *quote = NULL;

    if (xml->elements == 0 || !soapXmlLooksLikeXml(xml)) {
        quote = soapXmlQuote(xml);
        textToError(error, SOAP_ERROR, SOAP_ERROR_XML,
                    "the reply is not a SOAP message; it begins with " TEXT_MESSAGE, quote);
        return;
    }
    textToError(error, SOAP_ERROR, SOAP_ERROR_XML,
                "the reply is not well-formed XML: %s in line %d",
                said, last ? last->line : 0);
}

static gboolean
soapXmlStep(SoapXml *xml, const char *data, size_t length, GError **error)
{
    xml->quiet += length;
    xmlParseChunk(xml->parser, data, (int)length, 0);
    if (xml->error) {
        g_propagate_error(error, g_steal_pointer(&xml->error));
        return FALSE;
    }
    if (!xml->parser->wellFormed) {
        soapXmlRaise(xml, error);
        return FALSE;
    }
    if (xmlDictSize(xml->parser->dict) > LIMIT_REPLY_NAMES) {
        textToError(error, SOAP_ERROR, SOAP_ERROR_LIMIT,
                    "the reply has more than %d different names of elements and attributes",
                    LIMIT_REPLY_NAMES);
        return FALSE;
    }
    if (xml->quiet > LIMIT_REPLY_MARKUP) {
        textToError(error, SOAP_ERROR, SOAP_ERROR_LIMIT,
                    "the reply has a tag or comment of more than %d bytes, or as many blanks "
                    "outside its elements", LIMIT_REPLY_MARKUP);
        return FALSE;
    }
    return TRUE;
}

/*
 * Holds back the first bytes until it is known whether they are a byte order mark.
 *
 * Returns: how many of the @length bytes at @data were used.
 */
static size_t
soapXmlHold(SoapXml *xml, const char *data, size_t length)
{
    size_t before = xml->nhead;

    soapXmlKeepHead(xml, data, length);
    return before < MARK_LENGTH ? MIN(MARK_LENGTH - before, length) : 0;
}

gboolean
soapXmlFeed(SoapXml *xml, const char *data, size_t length, GError **error)
{
    size_t done;

    if (length > LIMIT_REPLY_BYTES - xml->bytes) {
        textToError(error, SOAP_ERROR, SOAP_ERROR_LIMIT, "the reply is longer than %d bytes",
                    LIMIT_REPLY_BYTES);
        return FALSE;
    }
    xml->bytes += length;
    done = soapXmlHold(xml, data, length);
    if (done > 0 && xml->nhead >= MARK_LENGTH && !soapXmlHasMark(xml)) {
        if (!soapXmlStep(xml, xml->head, MARK_LENGTH, error))
            return FALSE;
    }
    while (done < length) {
        size_t step = MIN(length - done, STEP);

        if (!soapXmlStep(xml, data + done, step, error))
            return FALSE;
        done += step;
    }
    return TRUE;
}

/*
 * Check for truncation first: libxml2 turns "<s" at the end into an element, which then has an
 * unexpected name.
 */
gboolean
soapXmlFinish(SoapXml *xml, GError **error)
{
    if (xml->bytes == 0) {
        g_set_error_literal(error, SOAP_ERROR, SOAP_ERROR_TRUNCATED, "the reply is empty");
        return FALSE;
    }
    if (xml->nhead < MARK_LENGTH)
        xmlParseChunk(xml->parser, xml->head, (int)xml->nhead, 0);
    xmlParseChunk(xml->parser, NULL, 0, 1);
    if (!soapXmlLooksLikeXml(xml)) {
        soapXmlRaise(xml, error);
        return FALSE;
    }
    if (!xml->closed) {
        textToError(error, SOAP_ERROR, SOAP_ERROR_TRUNCATED,
                    "the reply ends after %zu bytes, before its last element is closed",
                    xml->bytes);
        return FALSE;
    }
    if (xml->error) {
        g_propagate_error(error, g_steal_pointer(&xml->error));
        return FALSE;
    }
    if (!xml->parser->wellFormed) {
        soapXmlRaise(xml, error);
        return FALSE;
    }
    return TRUE;
}

char *
soapXmlQuote(const SoapXml *xml)
{
    g_autofree char *printable = textQuote(xml->head, (gssize)xml->nhead);

    return g_strdup_printf("\"%s\"", printable);
}

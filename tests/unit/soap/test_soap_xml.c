/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What XML is taken at all: well-formed, without document types, within the ceilings. */

#include "soap_xml.h"

#include <string.h>

#include "base_limits.h"
#include "soap_error.h"

#define XSI "http://www.w3.org/2001/XMLSchema-instance"

/* Writes events as text: <name>, text, </>. */
typedef struct {
    GString *seen;
    const char *refuse;     /* end the reading at this element */
} Log;

static void
logValue(Log *log, const char *name, const SoapXmlValue *value)
{
    if (value->text)
        g_string_append_printf(log->seen, " %s=%.*s", name, (int)value->length, value->text);
}

static gboolean
logStart(gpointer user, const SoapXmlElement *element, GError **error)
{
    Log *log = user;

    if (log->refuse && strcmp(element->name, log->refuse) == 0) {
        g_set_error_literal(error, SOAP_ERROR, SOAP_ERROR_VALUE, "refused");
        return FALSE;
    }
    if (log->seen) {
        g_string_append_printf(log->seen, "<%s", element->name);
        if (element->uri)
            g_string_append_printf(log->seen, "{%s}", element->uri);
        logValue(log, "xsi:type", &element->xsiType);
        logValue(log, "xsi:nil", &element->xsiNil);
        logValue(log, "type", &element->type);
        g_string_append_c(log->seen, '>');
    }
    return TRUE;
}

static gboolean
logEnd(gpointer user, GError **error G_GNUC_UNUSED)
{
    Log *log = user;

    if (log->seen)
        g_string_append(log->seen, "</>");
    return TRUE;
}

static gboolean
logText(gpointer user, const char *text, size_t length, GError **error G_GNUC_UNUSED)
{
    Log *log = user;

    if (log->seen)
        g_string_append_len(log->seen, text, (gssize)length);
    return TRUE;
}

static const SoapXmlHandler logHandler = { logStart, logEnd, logText };

static gboolean
readAll(const char *data, size_t length, Log *log, GError **error)
{
    g_autoptr(SoapXml) xml = soapXmlNew(&logHandler, log);

    return soapXmlFeed(xml, data, length, error) && soapXmlFinish(xml, error);
}

static void
assertBad(const char *data, size_t length, SoapErrorCode code, const char *phrase)
{
    g_autoptr(GError) error = NULL;
    Log log = { NULL, NULL };

    g_assert_false(readAll(data, length, &log, &error));
    g_assert_error(error, SOAP_ERROR, (gint)code);
    if (!strstr(error->message, phrase))
        g_test_message("no \"%s\" in \"%s\"", phrase, error->message);
    g_assert_nonnull(strstr(error->message, phrase));
}

static const struct {
    const char *xml;
    const char *events;
} goodCases[] = {
    { "<a/>", "<a></>" },
    { "<a>x<b>y</b>z</a>", "<a>x<b>y</>z</>" },
    { "<a>&lt;&amp;&#65;&quot;&apos;&gt;</a>", "<a><&A\"'></>" },
    { "<a><![CDATA[<b>&]]></a>", "<a><b>&</>" },
    { "<p:a xmlns:p='urn:x'><p:b/><c/></p:a>", "<a{urn:x}><b{urn:x}></><c></></>" },
    /* attributes are known by namespace, not by prefix */
    { "<a xmlns='urn:y' xmlns:q='" XSI "' type='T' q:type='X' q:nil='1'/>",
      "<a{urn:y} xsi:type=X xsi:nil=1 type=T></>" },
    { "<a xmlns:xsi='urn:x' xsi:type='T' nil='1' other='o'/>", "<a></>" },
    { "<a xmlns:q='" XSI "' q:type='a&amp;b'/>", "<a xsi:type=a&b></>" },
    { "<a type=''/>", "<a type=></>" },
    { "<?xml version='1.0'?><!-- c --><a><!-- c --><?pi x?></a><!-- c -->\n", "<a></>" },
    { "\xef\xbb\xbf<a>\xc3\xa4</a>", "<a>\xc3\xa4</>" },
    { "<?xml version='1.0' encoding='utf-8'?><a/>", "<a></>" },
    /* what it claims does not count */
    { "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xc3\xa4</a>", "<a>\xc3\xa4</>" },
    { "<?xml version='1.0' encoding='UTF-16'?><a/>", "<a></>" },
    { "<?xml version='1.0' encoding='no-such'?><a/>", "<a></>" },
};

static void
testEvents(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(goodCases); i++) {
        g_autoptr(GString) seen = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        Log log = { seen, NULL };

        readAll(goodCases[i].xml, strlen(goodCases[i].xml), &log, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(seen->str, ==, goodCases[i].events);
    }
}

/* Wherever the network cuts, the events are the same. */
static void
testByteByByte(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(goodCases); i++) {
        g_autoptr(GString) seen = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        Log log = { seen, NULL };
        g_autoptr(SoapXml) xml = soapXmlNew(&logHandler, &log);
        const char *at;

        for (at = goodCases[i].xml; *at; at++)
            g_assert_true(soapXmlFeed(xml, at, 1, NULL));
        soapXmlFinish(xml, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(seen->str, ==, goodCases[i].events);
    }
}

static const struct {
    const char *data;
    SoapErrorCode code;
    const char *phrase;
} badCases[] = {
    { "", SOAP_ERROR_TRUNCATED, "the reply is empty" },
    { "<a><b>", SOAP_ERROR_TRUNCATED, "ends after 6 bytes, before its last element is closed" },
    { "<a><b></b", SOAP_ERROR_TRUNCATED, "before its last element is closed" },
    { "<", SOAP_ERROR_TRUNCATED, "before its last element is closed" },
    { "<?xml version='1.0'?>", SOAP_ERROR_TRUNCATED, "before its last element is closed" },
    { "Bad Request", SOAP_ERROR_XML, "begins with \"Bad Request\"" },
    { "x", SOAP_ERROR_XML, "begins with \"x\"" },
    { "\x1f\x8b\x08", SOAP_ERROR_XML, "is not a SOAP message" },
    { "<a><b></a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a b='1' b='2'/>", SOAP_ERROR_XML, "begins with \"<a b='1' b='2'/>\"" },
    { "<a/><b/>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a/>x", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a>&nbsp;</a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a b='&x;'/>", SOAP_ERROR_XML, "is not a SOAP message" },
    { "<a>\xff\xfe</a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a>\xc0\x80</a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a>\xed\xa0\x80</a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe4</a>", SOAP_ERROR_XML,
      "not well-formed XML" },
    { "\xef<a/>", SOAP_ERROR_XML, "is not a SOAP message" },
    { "\xff\xfe<a/>", SOAP_ERROR_XML, "is not a SOAP message" },
    { "<a>\x01</a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<a>&#1;</a>", SOAP_ERROR_XML, "not well-formed XML" },
    { "<!DOCTYPE html><html></html>", SOAP_ERROR_XML, "declares a document type; it begins with "
      "\"<!DOCTYPE html>" },
    { "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", SOAP_ERROR_XML, "declares a document type" },
    { "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>", SOAP_ERROR_XML,
      "declares a document type" },
    { "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/'> %p;]><a/>", SOAP_ERROR_XML,
      "declares a document type" },
};

static void
testBad(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(badCases); i++) {
        g_test_message("%s", badCases[i].phrase);
        assertBad(badCases[i].data, strlen(badCases[i].data), badCases[i].code, badCases[i].phrase);
    }
    assertBad("<a>\0</a>", 8, SOAP_ERROR_XML, "not well-formed XML");
    assertBad("\xff\xfe<\0a\0/\0>\0", 10, SOAP_ERROR_XML, "is not a SOAP message");
    assertBad("<\0a\0/\0>\0", 8, SOAP_ERROR_XML, "is not a SOAP message");
}

/* The classical bomb ends at its document type, before a single entity is declared. */
static void
testEntityBomb(void)
{
    g_autoptr(GString) bomb = g_string_new("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e0 'ha'>");
    guint i;

    for (i = 1; i < 40; i++)
        g_string_append_printf(bomb, "<!ENTITY e%u '&e%u;&e%u;'>", i, i - 1, i - 1);
    g_string_append(bomb, "]><a>&e39;</a>");
    assertBad(bomb->str, bomb->len, SOAP_ERROR_XML, "declares a document type");
}

static void
testRefusedByHandler(void)
{
    static const char xml[] = "<a><b><c/></b></a>";
    g_autoptr(GString) seen = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Log log = { seen, "b" };

    g_assert_false(readAll(xml, strlen(xml), &log, &error));
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_VALUE);
    g_assert_cmpstr(seen->str, ==, "<a>");
}

static void
testQuoteIsPrintable(void)
{
    Log log = { NULL, NULL };
    g_autoptr(SoapXml) xml = soapXmlNew(&logHandler, &log);
    g_autofree char *quote = NULL;

    soapXmlFeed(xml, "a\n\x01" "b\xff" "c", 6, NULL);
    quote = soapXmlQuote(xml);
    g_assert_cmpstr(quote, ==, "\"a b\xef\xbf\xbd" "c\"");
}

/* ---- ceilings ---- */

/* Feeds @piece over and over until the reading ends. */
static void
assertEndless(const char *start, const char *piece, size_t times, const char *phrase)
{
    g_autoptr(GString) block = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Log log = { NULL, NULL };
    g_autoptr(SoapXml) xml = soapXmlNew(&logHandler, &log);
    gboolean more = soapXmlFeed(xml, start, strlen(start), &error);
    size_t i;

    for (i = 0; i < 1000; i++)
        g_string_append(block, piece);
    for (i = 0; more && i < times / 1000 + 1; i++)
        more = soapXmlFeed(xml, block->str, block->len, &error);
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT);
    if (!strstr(error->message, phrase))
        g_test_message("no \"%s\" in \"%s\"", phrase, error->message);
    g_assert_nonnull(strstr(error->message, phrase));
}

static void
testLimitBytes(void)
{
    g_autofree char *piece = g_strnfill(1000, 'x');

    assertEndless("<a>", piece, LIMIT_REPLY_BYTES / 1000 + 1000, "longer than 67108864 bytes");
}

static void
testLimitElements(void)
{
    assertEndless("<a>", "<b/>", LIMIT_REPLY_ELEMENTS + 1000, "more than 4000000 elements");
}

static void
testLimitMarkup(void)
{
    assertEndless("<a b='", "x", 2 * LIMIT_REPLY_MARKUP, "tag or comment of more than 65536 bytes");
    assertEndless("<a><!--", "x", 2 * LIMIT_REPLY_MARKUP, "tag or comment of more than");
    assertEndless("<a><?p ", "x", 2 * LIMIT_REPLY_MARKUP, "tag or comment of more than");
    assertEndless("<", "x", 2 * LIMIT_REPLY_MARKUP, "tag or comment of more than");
    assertEndless("", " ", 2 * LIMIT_REPLY_MARKUP, "as many blanks outside its elements");
}

/* A reply of ever new names takes no more of the parser's table than that. */
static void
testLimitNames(void)
{
    static const char *const formats[] = { "<n%x/>", "<n a%x='1'/>", "<n xmlns:p%x='urn:%x'/>" };
    size_t form;

    for (form = 0; form < G_N_ELEMENTS(formats); form++) {
        Log log = { NULL, NULL };
        g_autoptr(SoapXml) xml = soapXmlNew(&logHandler, &log);
        g_autoptr(GError) error = NULL;
        gboolean more = soapXmlFeed(xml, "<a>", 3, &error);
        guint i;

        for (i = 0; more && i < 2 * LIMIT_REPLY_NAMES; i++) {
            g_autoptr(GString) piece = g_string_new(formats[form]);
            g_autofree char *number = g_strdup_printf("%x", i);

            g_string_replace(piece, "%x", number, 0);
            more = soapXmlFeed(xml, piece->str, piece->len, &error);
        }
        g_assert_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT);
        g_assert_nonnull(strstr(error->message, "more than 16384 different names"));
    }
}

static GString *
nest(guint depth)
{
    GString *xml = g_string_new(NULL);
    guint i;

    for (i = 0; i < depth; i++)
        g_string_append(xml, "<a>");
    for (i = 0; i < depth; i++)
        g_string_append(xml, "</a>");
    return xml;
}

static void
testLimitDepth(void)
{
    GString *deep = nest(LIMIT_REPLY_DEPTH);
    GString *deeper = nest(LIMIT_REPLY_DEPTH + 1);
    g_autoptr(GError) error = NULL;
    Log log = { NULL, NULL };

    readAll(deep->str, deep->len, &log, &error);
    g_assert_no_error(error);
    assertBad(deeper->str, deeper->len, SOAP_ERROR_LIMIT, "deeper than 64 levels");
    g_string_free(deep, TRUE);
    g_string_free(deeper, TRUE);
}

/* An element with @n attributes or namespaces, by @format. */
static GString *
crowd(guint n, const char *what)
{
    GString *xml = g_string_new("<a");
    guint i;

    for (i = 0; i < n; i++)
        g_string_append_printf(xml, " %s%u='x'", what, i);
    g_string_append(xml, "/>");
    return xml;
}

static void
testLimitAttributes(void)
{
    static const char *const kinds[] = { "b", "xmlns:b" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        GString *many = crowd(LIMIT_REPLY_ATTRIBUTES, kinds[i]);
        GString *more = crowd(LIMIT_REPLY_ATTRIBUTES + 1, kinds[i]);
        g_autoptr(GError) error = NULL;
        Log log = { NULL, NULL };

        readAll(many->str, many->len, &log, &error);
        g_assert_no_error(error);
        assertBad(more->str, more->len, SOAP_ERROR_LIMIT, "more than 64 attributes");
        g_string_free(many, TRUE);
        g_string_free(more, TRUE);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-xml/events", testEvents);
    g_test_add_func("/soap-xml/byte-by-byte", testByteByByte);
    g_test_add_func("/soap-xml/bad", testBad);
    g_test_add_func("/soap-xml/entity-bomb", testEntityBomb);
    g_test_add_func("/soap-xml/refused-by-handler", testRefusedByHandler);
    g_test_add_func("/soap-xml/quote-is-printable", testQuoteIsPrintable);
    g_test_add_func("/soap-xml/limit/bytes", testLimitBytes);
    g_test_add_func("/soap-xml/limit/elements", testLimitElements);
    g_test_add_func("/soap-xml/limit/markup", testLimitMarkup);
    g_test_add_func("/soap-xml/limit/names", testLimitNames);
    g_test_add_func("/soap-xml/limit/depth", testLimitDepth);
    g_test_add_func("/soap-xml/limit/attributes", testLimitAttributes);
    return g_test_run();
}

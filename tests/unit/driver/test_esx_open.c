/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Opening, step by step, at a scripted server: what is asked, refused, and left behind. */

#include "esx_open.h"

#include <string.h>

#include "base_limits.h"
#include "esx_error.h"
#include "vi_fixture.h"

static EsxUri *
makeUri(const char *scheme, const char *name, const char *value)
{
    EsxUriParameter parameter = { name, value };
    EsxUriSource source = {
        .scheme = scheme, .host = "esx1", .parameters = &parameter, .nparameters = name ? 1 : 0,
    };
    g_autoptr(GError) error = NULL;
    EsxUri *uri = esxUriNew(&source, &error);

    g_assert_no_error(error);
    return uri;
}

/* @data: of tests/data/vi; the server that answers. */
static ViSession *
openAt(Canned *canned, const EsxUri *uri, const char *data, GError **error)
{
    ViSession *session = NULL;

    fixtureScriptContent(canned, data);
    session = esxOpenSessionOver(cannedTransport(canned), uri, error);
    cannedAssertLog(canned, "RetrieveServiceContent");
    return session;
}

static void
assertRefused(const char *scheme, const char *data, const char *phrase)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxUri) uri = makeUri(scheme, NULL, NULL);
    g_autoptr(GError) error = NULL;

    g_assert_null(openAt(canned, uri, data, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(error->message, "'esx1'");
    fixtureAssertPhrase(error->message, phrase);
}

static void
testProduct(void)
{
    const struct {
        const char *scheme;
        const char *data;
    } good[] = {
        { "esx", "service-content-8.0.xml" },
        { "esx", "service-content-5.5.xml" },
        { "vpx", "service-content-vcenter.xml" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(good); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(EsxUri) uri = makeUri(good[i].scheme, NULL, NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(ViSession) session = openAt(canned, uri, good[i].data, &error);

        g_assert_no_error(error);
        g_assert_nonnull(session);
    }
}

static void
testOtherProduct(void)
{
    assertRefused("vpx", "service-content-8.0.xml", "esx://");
    assertRefused("esx", "service-content-vcenter.xml", "vpx://");
}

/* VMware Server, as it called itself. */
static void
testUnknownProduct(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxUri) uri = makeUri("esx", NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *host = cannedData("service-content-8.0.xml");
    g_auto(GStrv) parts = g_strsplit(host, "embeddedEsx", 2);
    g_autofree char *bytes = g_strjoinv("gsx", parts);

    cannedAdd(canned, "RetrieveServiceContent", &(CannedExchange){ .bytes = bytes });
    g_assert_null(esxOpenSessionOver(cannedTransport(canned), uri, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(error->message, "'gsx'");
    fixtureAssertPhrase(error->message, "neither");
}

static void
leave(EsxServer *server, gpointer opaque)
{
    EsxServer **left = opaque;

    *left = server;
}

/* What a connection says of its own security. */
static void
testLogin(void)
{
    const struct {
        const char *name;
        const char *value;
        gboolean encrypted;
        gboolean secure;
    } cases[] = {
        { NULL,        NULL,   TRUE,  TRUE },
        { "cacert",    "/ca",  TRUE,  TRUE },
        { "no_verify", "1",    TRUE,  FALSE },
        { "transport", "http", FALSE, FALSE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(EsxUri) uri = makeUri("esx", cases[i].name, cases[i].value);
        g_autoptr(GError) error = NULL;
        ViSession *session = openAt(canned, uri, "service-content-8.0.xml", &error);
        EsxServer *server = NULL;
        EsxServer *left = NULL;
        EsxConnection *connection = NULL;

        fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
        cannedReplyAlways(canned, "Logout", "");
        server = esxOpenServer(session, uri, "root", secretNew(FIXTURE_PASSWORD), &error);
        g_assert_no_error(error);
        g_assert_nonnull(server->hosts);
        connection = esxOpenConnection(server, uri, leave, &left);
        g_assert_cmpint(connection->encrypted, ==, cases[i].encrypted);
        g_assert_cmpint(connection->secure, ==, cases[i].secure);
        g_assert_cmpstr(connection->host, ==, "esx1");
        g_assert_cmpuint(connection->clientMs, ==, LIMIT_CLIENT_SILENCES * 60 * 1000);

        esxConnectionFree(connection);
        g_assert_true(left == server);
        cannedAssertLog(canned, "Login");
        esxServerFree(server);
        cannedAssertLog(canned, "Logout");
    }
}

static void
testLoginRefused(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxUri) uri = makeUri("esx", NULL, NULL);
    g_autoptr(GError) error = NULL;
    ViSession *session = openAt(canned, uri, "service-content-8.0.xml", &error);

    cannedFault(canned, "Login", "InvalidLogin", "Wrong user name or password.");
    g_assert_null(esxOpenServer(session, uri, "me", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    fixtureAssertPhrase(error->message, "'esx1' as 'me'");
    g_assert_null(strstr(error->message, FIXTURE_PASSWORD));
    cannedAssertLog(canned, "Login");
}

/* A path that leads nowhere is noticed after the login, which must not stay behind. */
static void
testPathLeadsNowhere(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxUri) uri = makeUri("vpx", "path", "DC/nowhere");
    g_autoptr(GError) error = NULL;
    ViSession *session = openAt(canned, uri, "service-content-vcenter.xml", &error);

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    cannedReply(canned, "RetrievePropertiesEx",
                "<returnval><objects><obj type=\"Folder\">group-d1</obj><propSet><name>name</name>"
                "<val xsi:type=\"xsd:string\">Datacenters</val></propSet></objects></returnval>");
    cannedReply(canned, "Logout", "");
    g_assert_null(esxOpenServer(session, uri, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH);
    cannedAssertLog(canned, "Login RetrievePropertiesEx Logout");
}

/* What the transport refuses before there is a connection. */
static void
testServer(void)
{
    g_autoptr(EsxUri) ca = makeUri("esx", "cacert", "/nonexistent/ca.pem");
    g_autoptr(EsxUri) proxy = makeUri("esx", "proxy", "ftp://h");
    g_autoptr(GError) error = NULL;

    g_assert_null(esxOpenSession(ca, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_INVALID);
    fixtureAssertPhrase(error->message, "/nonexistent/ca.pem");

    g_clear_error(&error);
    g_assert_null(esxOpenSession(proxy, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_INVALID);
    fixtureAssertPhrase(error->message, "proxy");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/open/product", testProduct);
    g_test_add_func("/open/other-product", testOtherProduct);
    g_test_add_func("/open/unknown-product", testUnknownProduct);
    g_test_add_func("/open/login", testLogin);
    g_test_add_func("/open/login-refused", testLoginRefused);
    g_test_add_func("/open/path-leads-nowhere", testPathLeadsNowhere);
    g_test_add_func("/open/server", testServer);
    return g_test_run();
}

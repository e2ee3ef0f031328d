/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Connecting, login and logout. Renewals are in test_vi_session_renew.c. */

#include "vi_fixture.h"

#include <string.h>

#include "base_limits.h"
#include "vi_call.h"
#include "vim_types.h"

/* ---- who the server is ---------------------------------------------------------------------- */

static void
testContent(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    const ViAbout *about = viSessionAbout(session);
    const ViServices *services = viSessionServices(session);

    g_assert_cmpint(about->product, ==, VI_PRODUCT_ESX);
    g_assert_cmpstr(about->fullName, ==, "VMware ESXi 8.0.3 build-24674464");
    g_assert_cmpstr(about->version, ==, "8.0.3");
    g_assert_cmpstr(about->apiVersion, ==, "8.0.3.0");
    g_assert_cmpstr(about->productLine, ==, "embeddedEsx");
    g_assert_cmpstr(services->rootFolder->value, ==, "ha-folder-root");
    g_assert_cmpstr(services->propertyCollector->value, ==, "ha-property-collector");
    g_assert_cmpstr(services->sessionManager->value, ==, "ha-sessionmgr");
    g_assert_nonnull(services->virtualDiskManager);
    g_assert_nonnull(services->fileManager);
    g_assert_cmpstr(services->namespaceManager->type, ==, "DatastoreNamespaceManager");
    g_assert_cmpuint(viSessionGeneration(session), ==, 0);
}

/* Connects to a server whose ServiceContent is that of an ESX host with @from replaced by @to. */
static ViSession *
connectEdited(Canned *canned, const char *from, const char *to, GError **error)
{
    g_autofree char *data = cannedData("service-content-8.0.xml");
    g_autoptr(GString) bytes = g_string_new(data);

    g_assert_cmpuint(g_string_replace(bytes, from, to, 0), >, 0);
    cannedAdd(canned, "RetrieveServiceContent", &(CannedExchange){ .bytes = bytes->str });
    return viSessionNew(cannedTransport(canned), error);
}

/* What is kept as long as the session has a longest length. */
static void
testContentTooLong(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autofree char *name = g_strnfill(LIMIT_KEPT_REPLY, 'x');
    g_autofree char *full = g_strdup_printf("<fullName>%s", name);
    g_autoptr(GError) error = NULL;

    g_assert_null(connectEdited(canned, "<fullName>", full, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(error->message, "description of itself takes more than 128 KiB"));
    g_assert_cmpuint(strlen(error->message), <, 200);
}

static void
testProducts(void)
{
    static const struct {
        const char *line;
        ViProduct product;
    } rows[] = {
        { "esx", VI_PRODUCT_ESX },
        { "vpx", VI_PRODUCT_VPX },
        { "gsx", VI_PRODUCT_OTHER },
        { "", VI_PRODUCT_OTHER },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(GError) error = NULL;
        g_autofree char *line = g_strdup_printf("<productLineId>%s</productLineId>", rows[i].line);
        g_autoptr(ViSession) session = connectEdited(
            canned, "<productLineId>embeddedEsx</productLineId>", line, &error);

        g_assert_no_error(error);
        g_assert_cmpint(viSessionAbout(session)->product, ==, rows[i].product);
    }
}

/* A server that lacks what every ESX has is none. */
static void
testContentLacks(void)
{
    static const char *const parts[] = {
        "<rootFolder type=\"Folder\">ha-folder-root</rootFolder>",
        "<propertyCollector type=\"PropertyCollector\">ha-property-collector</propertyCollector>",
        "<sessionManager type=\"SessionManager\">ha-sessionmgr</sessionManager>",
        "<apiVersion>8.0.3.0</apiVersion>",
        "<productLineId>embeddedEsx</productLineId>",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(parts); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(GError) error = NULL;

        g_test_message("%s", parts[i]);
        g_assert_null(connectEdited(canned, parts[i], "", &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
        fixtureAssertPhrase(error->message, "it is not an ESX host or vCenter");
    }
}

static void
testContentEmpty(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "RetrieveServiceContent", "");
    g_assert_null(viSessionNew(cannedTransport(canned), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
}

/* What is optional has something in its place. */
static void
testContentOptional(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSession) session = NULL;

    cannedReply(canned, "RetrieveServiceContent",
                "<returnval><rootFolder type=\"Folder\">root</rootFolder>"
                "<propertyCollector type=\"PropertyCollector\">pc</propertyCollector>"
                "<about><productLineId>esx</productLineId><apiVersion>6.7</apiVersion></about>"
                "<sessionManager type=\"SessionManager\">sm</sessionManager></returnval>");
    session = viSessionNew(cannedTransport(canned), &error);
    g_assert_no_error(error);
    g_assert_cmpstr(viSessionAbout(session)->fullName, ==, "esx");
    g_assert_cmpstr(viSessionAbout(session)->version, ==, "6.7");
    g_assert_null(viSessionServices(session)->virtualDiskManager);
    g_assert_null(viSessionServices(session)->fileManager);
    g_assert_null(viSessionServices(session)->namespaceManager);
}

static void
testTooOld(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;

    g_assert_null(connectEdited(canned, "<apiVersion>8.0.3.0</apiVersion>",
                                "<apiVersion>5.1</apiVersion>", &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
    fixtureAssertPhrase(error->message, "speaks version 5.1 of the vSphere API");
    fixtureAssertPhrase(error->message, "VMware ESXi 8.0.3 build-24674464");
}

static void
testContentFault(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;

    cannedFault(canned, "RetrieveServiceContent", "HostCommunication", "Cannot talk.");
    g_assert_null(viSessionNew(cannedTransport(canned), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_HOST_UNREACHABLE);
    g_assert_cmpstr(error->message, ==, "RetrieveServiceContent: HostCommunication: Cannot talk");
}

/* ---- what goes over the wire ---------------------------------------------------------------- */

/* The first call asks for the oldest version, the others for the newest both know. */
static void
testSoapAction(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);

    g_assert_cmpstr(cannedHeader(cannedLast(canned, "RetrieveServiceContent"), "SOAPAction"), ==,
                    "\"urn:vim25/5.5\"");
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "Login"), "SOAPAction"), ==,
                    "\"urn:vim25/8.0.3.0\"");
    g_assert_cmpstr(cannedLast(canned, "Login")->path, ==, "/sdk");
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "Login"), "Content-Type"), ==,
                    "text/xml; charset=utf-8");
}

static void
testLoginRequest(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    const CannedRequest *login = cannedLast(canned, "Login");

    g_assert_nonnull(strstr(login->body, "<_this type=\"SessionManager\">ha-sessionmgr</_this>"));
    g_assert_nonnull(strstr(login->body, "<userName>root</userName>"));
    g_assert_nonnull(strstr(login->body, "<password>pass&amp;word &lt;of&gt; root</password>"));
    g_assert_nonnull(strstr(login->body, "<locale>en</locale>"));
    g_assert_null(cannedHeader(login, "Cookie"));
    g_assert_true(login->noRetry);
    g_assert_cmpuint(viSessionGeneration(session), ==, 1);
    g_assert_true(viSessionIsUsable(session));
}

/* The cookie goes back with its quotes and without its attributes. */
static void
testCookie(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "CurrentTime"), "Cookie"), ==, FIXTURE_COOKIE);
}

/* 5.5 hands out the cookie with the first call; Login brings it back and gets none. */
static void
testCookieOfFirstCall(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autofree char *data = cannedData("service-content-5.5.xml");
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSession) session = NULL;

    cannedAdd(canned, "RetrieveServiceContent",
              &(CannedExchange){ .bytes = data, .setCookie = FIXTURE_SET_COOKIE });
    fixtureScriptLogin(canned, NULL /* setCookie */);
    cannedReplyAlways(canned, "Logout", "");
    session = viSessionNew(cannedTransport(canned), &error);
    g_assert_no_error(error);
    g_assert_true(viSessionLogin(session, "root", secretNew("x"), &error));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "Login"), "Cookie"), ==, FIXTURE_COOKIE);
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "Login"), "SOAPAction"), ==,
                    "\"urn:vim25/5.5\"");

    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "CurrentTime"), "Cookie"), ==, FIXTURE_COOKIE);
}

/* A proxy puts its own cookies before and behind the server's. */
static void
testCookieAmongOthers(void)
{
    g_autoptr(Canned) canned = cannedNew();
    ViSession *session = fixtureConnect(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, "lb=1; Path=/\n" FIXTURE_SET_COOKIE "\nroute=2");
    cannedReplyAlways(canned, "Logout", "");
    g_assert_true(viSessionLogin(session, "root", secretNew("x"), &error));
    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "CurrentTime"), "Cookie"), ==, FIXTURE_COOKIE);
    viSessionFree(session);
}

/* A cookie that cannot be sent back, or is longer than LIMIT_TICKET_BYTES, ends the login. */
static void
testOddCookies(void)
{
    static const char name[] = "vmware_soap_session=";
    g_autofree char *value = g_strnfill(LIMIT_TICKET_BYTES - strlen(name), 'c');
    g_autofree char *longest = g_strdup_printf("%s%s; Path=/", name, value);
    g_autofree char *tooLong = g_strdup_printf("%s%sc; Path=/", name, value);
    const struct {
        const char *setCookie;
        const char *phrase;     /* NULL: taken */
    } rows[] = {
        { longest, NULL },
        { tooLong, "Login: the server sent a session cookie of 4097 bytes; the limit is" },
        { "vmware_soap_session=a\tb", "Login: the server sent a session cookie that contains a "
                                      "control" },
        { "vmware_soap_session=a\rX: 1", "Login: the server sent a session cookie that contains a "
                                         "control" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureConnect(canned);
        g_autoptr(GError) error = NULL;

        fixtureScriptLogin(canned, rows[i].setCookie);
        cannedReplyAlways(canned, "Logout", "");
        g_assert_true(viSessionLogin(session, "root", secretNew("x"), &error) ==
                      !rows[i].phrase);
        if (!rows[i].phrase)
            continue;
        g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
        fixtureAssertPhrase(error->message, rows[i].phrase);
    }
}

/* A cookie of somebody else, and one that a later call brings, change nothing. */
static void
testForeignCookie(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *time = cannedEnvelope("CurrentTime", FIXTURE_TIME);
    g_autoptr(GError) error = NULL;

    cannedAdd(canned, "CurrentTime",
              &(CannedExchange){ .bytes = time, .setCookie = "JSESSIONID=1; Path=/" });
    cannedAdd(canned, "CurrentTime",
              &(CannedExchange){ .bytes = time, .setCookie = FIXTURE_SET_COOKIE_2 });
    cannedReply(canned, "CurrentTime", FIXTURE_TIME);
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_true(fixtureCallSafe(session, &error));
    g_assert_cmpstr(cannedHeader(cannedLast(canned, "CurrentTime"), "Cookie"), ==, FIXTURE_COOKIE);
}

/* ---- a login that fails --------------------------------------------------------------------- */

/* The server refuses the password: tried once, and no later call tries it again. */
static void
testInvalidLogin(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) later = NULL;

    cannedFault(canned, "Login", "InvalidLogin",
                "Cannot complete login due to an incorrect user name or password.");
    g_assert_false(viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_assert_null(strstr(error->message, FIXTURE_PASSWORD));
    cannedAssertLog(canned, "Login");

    g_assert_false(viSessionIsUsable(session));
    g_assert_false(fixtureCallSafe(session, &later));
    g_assert_error(later, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(canned, "");
}

/* Whoever did not get in does not log out. */
static void
testNoLogoutWithoutLogin(void)
{
    g_autoptr(Canned) canned = cannedNew();
    ViSession *session = fixtureConnect(canned);
    g_autoptr(GError) error = NULL;

    cannedFail(canned, "Login", HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(viSessionLogin(session, "root", secretNew("x"), &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CONNECT);
    /* What the network does has nothing to do with the method. */
    g_assert_false(g_str_has_prefix(error->message, "Login: "));
    viSessionFree(session);
    cannedAssertLog(canned, "Login");
}

static void
testLogoutOnce(void)
{
    g_autoptr(Canned) canned = cannedNew();
    ViSession *session = fixtureLogin(canned);
    const CannedRequest *logout = NULL;

    viSessionFree(session);
    cannedAssertLog(canned, "Logout");
    logout = cannedLast(canned, "Logout");
    g_assert_cmpstr(cannedHeader(logout, "Cookie"), ==, FIXTURE_COOKIE);
    /* Nobody waits long for a server that is gone. */
    g_assert_cmpuint(logout->timeoutMs, >, 0);
    g_assert_cmpuint(logout->timeoutMs, <=, 10000);
}

/* A server that is gone by then does not matter, and is not asked twice. */
static void
testLogoutFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    ViSession *session = fixtureConnect(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    cannedFail(canned, "Logout", HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_true(viSessionLogin(session, "root", secretNew("x"), &error));
    viSessionFree(session);
    cannedAssertLog(canned, "Login Logout");
}

/* ---- answers that are no SOAP --------------------------------------------------------------- */

/* The error of a CurrentTime that is answered by @exchange. */
static GError *
errorOfAnswer(const CannedExchange *exchange)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    GError *error = NULL;

    cannedAdd(canned, "CurrentTime", exchange);
    g_assert_false(fixtureCallSafe(session, &error));
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_assert_null(strstr(error->message, "1f8a3c"));
    return error;
}

static void
testBusy(void)
{
    g_autoptr(GError) error = errorOfAnswer(&(CannedExchange){
        .status = 503, .contentType = "text/plain", .bytes = "Service Unavailable" });

    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
    fixtureAssertPhrase(error->message,
                        "CurrentTime: the server is out of sessions or overloaded (HTTP "
                        "status 503); it says 'Service Unavailable'");
}

static void
testHtml(void)
{
    g_autoptr(GError) error = errorOfAnswer(&(CannedExchange){
        .contentType = "text/html", .bytes = "<html>\n<title>Router</title>\n</html>" });

    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "HTTP status 200 and text/html instead of a SOAP reply");
    fixtureAssertPhrase(error->message, "'Router'");
    fixtureAssertPhrase(error->message, "check that the URI names the web port");
}

static void
testNotFound(void)
{
    g_autoptr(GError) error = errorOfAnswer(&(CannedExchange){ .status = 404, .contentType = "" });

    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "HTTP status 404 and no content type");
}

/* A quote has one line, valid UTF-8, and an end. */
static void
testHtmlLong(void)
{
    g_autofree char *filler = g_strnfill(500000, 'x');
    g_autofree char *bytes = g_strconcat("\001bad \377 bytes\n", filler, NULL);
    g_autoptr(GError) error = errorOfAnswer(
        &(CannedExchange){ .status = 500, .contentType = "text/html", .bytes = bytes });

    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_cmpuint(strlen(error->message), <, 600);
    g_assert_null(strchr(error->message, '\n'));
    g_assert_null(strchr(error->message, '\001'));
}

static void
testRedirect(void)
{
    g_autoptr(GError) error =
        errorOfAnswer(&(CannedExchange){ .status = 301,
                                         .contentType = "text/html",
                                         .location = "https://esx.example/sdk",
                                         .bytes = "moved" });
    g_autoptr(GError) nowhere =
        errorOfAnswer(&(CannedExchange){ .status = 302, .contentType = "" });

    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "redirects to 'https://esx.example/sdk' (HTTP status 301)");
    g_assert_error(nowhere, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(nowhere->message, "redirects to 'nowhere'");
}

/* What a server puts into its header lines is not trusted to be text. */
static void
testHeadersAreQuoted(void)
{
    g_autoptr(GError) type = errorOfAnswer(
        &(CannedExchange){ .contentType = "text/\377\001", .bytes = "x" });
    g_autoptr(GError) location = errorOfAnswer(
        &(CannedExchange){ .status = 301, .contentType = "", .location = "http://\377\001/" });

    g_assert_null(strchr(type->message, '\001'));
    g_assert_null(strchr(location->message, '\001'));
}

/* Content types are the same in capitals; none at all may be SOAP as well. */
static void
testContentTypes(void)
{
    static const char *const types[] = {
        "text/xml", "TEXT/XML; charset=UTF-8", "application/soap+xml", "",
    };
    g_autofree char *bytes = cannedEnvelope("CurrentTime", FIXTURE_TIME);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(types); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;

        cannedAdd(canned, "CurrentTime",
                  &(CannedExchange){ .contentType = types[i], .bytes = bytes });
        fixtureCallSafe(session, &error);
        g_assert_no_error(error);
    }
}

/* A SOAP reply of another method is not taken for this one's. */
static void
testOtherMethodsReply(void)
{
    g_autofree char *bytes = cannedEnvelope("Login", "");
    g_autoptr(GError) error = errorOfAnswer(&(CannedExchange){ .bytes = bytes });

    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE);
    g_assert_true(g_str_has_prefix(error->message, "CurrentTime: "));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/session/content", testContent);
    g_test_add_func("/vi/session/content-too-long", testContentTooLong);
    g_test_add_func("/vi/session/products", testProducts);
    g_test_add_func("/vi/session/content-lacks", testContentLacks);
    g_test_add_func("/vi/session/content-empty", testContentEmpty);
    g_test_add_func("/vi/session/content-optional", testContentOptional);
    g_test_add_func("/vi/session/too-old", testTooOld);
    g_test_add_func("/vi/session/content-fault", testContentFault);
    g_test_add_func("/vi/session/soap-action", testSoapAction);
    g_test_add_func("/vi/session/login-request", testLoginRequest);
    g_test_add_func("/vi/session/cookie", testCookie);
    g_test_add_func("/vi/session/cookie-of-first-call", testCookieOfFirstCall);
    g_test_add_func("/vi/session/cookie-among-others", testCookieAmongOthers);
    g_test_add_func("/vi/session/odd-cookies", testOddCookies);
    g_test_add_func("/vi/session/foreign-cookie", testForeignCookie);
    g_test_add_func("/vi/session/invalid-login", testInvalidLogin);
    g_test_add_func("/vi/session/no-logout-without-login", testNoLogoutWithoutLogin);
    g_test_add_func("/vi/session/logout-once", testLogoutOnce);
    g_test_add_func("/vi/session/logout-fails", testLogoutFails);
    g_test_add_func("/vi/session/busy", testBusy);
    g_test_add_func("/vi/session/html", testHtml);
    g_test_add_func("/vi/session/not-found", testNotFound);
    g_test_add_func("/vi/session/html-long", testHtmlLong);
    g_test_add_func("/vi/session/redirect", testRedirect);
    g_test_add_func("/vi/session/headers-are-quoted", testHeadersAreQuoted);
    g_test_add_func("/vi/session/content-types", testContentTypes);
    g_test_add_func("/vi/session/other-methods-reply", testOtherMethodsReply);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Where credentials come from, and what clients of a daemon may choose. */

#include "esx_auth.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#define AUTH_FILE_HOST \
    "[credentials-x]\nusername=filed\npassword=secret 1\n[auth-esx-h]\ncredentials=x\n"
#define AUTH_FILE_DEFAULT \
    "[credentials-x]\npassword=secret 1\n[auth-esx-default]\ncredentials=x\n"

/* One test's connection, with an auth file of its own. */
typedef struct {
    virConnectPtr conn;
    EsxUri *uri;
    char *file;
} Fixture;

static void
fixtureInit(Fixture *fixture, const char *scheme, const char *user, const char *parameter,
            const char *value, const char *authFile)
{
    EsxUriParameter parameters = { parameter, value };
    EsxUriSource source = {
        .scheme = scheme, .user = user, .host = "h", .parameters = &parameters,
        .nparameters = parameter ? 1 : 0,
    };
    g_autoptr(GError) error = NULL;
    int fd = g_file_open_tmp("esx-auth-XXXXXX", &fixture->file, &error);

    g_assert_no_error(error);
    close(fd);
    g_file_set_contents(fixture->file, authFile, -1, &error);
    g_assert_no_error(error);
    g_setenv("LIBVIRT_AUTH_FILE", fixture->file, TRUE);

    fixture->uri = esxUriNew(&source, &error);
    g_assert_no_error(error);
    fixture->conn = virGetConnect();
    virResetLastError();
}

static void
fixtureClear(Fixture *fixture)
{
    g_clear_pointer(&fixture->uri, esxUriFree);
    fixture->conn->driver = NULL;       /* else libvirt would close the connection */
    virObjectUnref(fixture->conn);
    g_unlink(fixture->file);
    g_free(fixture->file);
    virResetLastError();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fixture, fixtureClear)

/* What a user types; NULL: nothing at all. */
typedef struct {
    const char *name;
    const char *password;
    int asked;
} Answers;

static int
answer(virConnectCredentialPtr credentials, unsigned int n, void *opaque)
{
    Answers *answers = opaque;
    unsigned int i;

    for (i = 0; i < n; i++) {
        const char *text = credentials[i].type == VIR_CRED_AUTHNAME ? answers->name
                                                                    : answers->password;

        credentials[i].result = g_strdup(text);
        credentials[i].resultlen = text ? (unsigned int)strlen(text) : 0;
        answers->asked++;
    }
    return 0;
}

/* The credentials for @fixture must come out as these. */
static void
assertGets(Fixture *fixture, Answers *answers, const char *name, const char *password)
{
    int types[] = { VIR_CRED_AUTHNAME, VIR_CRED_PASSPHRASE };
    virConnectAuth auth = { types, G_N_ELEMENTS(types), answer, answers };
    g_autofree char *userName = NULL;
    g_autoptr(Secret) secret = NULL;

    g_assert_cmpint(esxAuthGet(fixture->conn, answers ? &auth : NULL, fixture->uri, &userName,
                               &secret), ==, 0);
    g_assert_cmpstr(userName, ==, name);
    g_assert_cmpstr(secretText(secret), ==, password);
}

/* There must be none, and the error must say so with @phrase. */
static void
assertGetsNone(Fixture *fixture, Answers *answers, const char *phrase)
{
    int types[] = { VIR_CRED_AUTHNAME, VIR_CRED_PASSPHRASE };
    virConnectAuth auth = { types, G_N_ELEMENTS(types), answer, answers };
    g_autofree char *userName = NULL;
    g_autoptr(Secret) secret = NULL;

    g_assert_cmpint(esxAuthGet(fixture->conn, answers ? &auth : NULL, fixture->uri, &userName,
                               &secret), ==, -1);
    g_assert_null(userName);
    g_assert_null(secret);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_AUTH_FAILED);
    if (!strstr(virGetLastErrorMessage(), phrase))
        g_error("'%s' is not in: %s", phrase, virGetLastErrorMessage());
}

static void
testFile(void)
{
    g_auto(Fixture) byFile = { 0 };
    g_auto(Fixture) byUri = { 0 };
    Answers answers = { "typed", "typed", 0 };

    fixtureInit(&byFile, "esx", NULL, NULL, NULL, AUTH_FILE_HOST);
    assertGets(&byFile, NULL, "filed", "secret 1");
    assertGets(&byFile, &answers, "filed", "secret 1");
    g_assert_cmpint(answers.asked, ==, 0);

    fixtureInit(&byUri, "esx", "named", NULL, NULL, AUTH_FILE_HOST);
    assertGets(&byUri, NULL, "named", "secret 1");
}

static void
testDefaultUser(void)
{
    g_auto(Fixture) esx = { 0 };
    g_auto(Fixture) vpx = { 0 };

    fixtureInit(&esx, "esx", NULL, NULL, NULL, AUTH_FILE_DEFAULT);
    assertGets(&esx, NULL, "root", "secret 1");

    fixtureInit(&vpx, "vpx", NULL, NULL, NULL, AUTH_FILE_DEFAULT);
    assertGets(&vpx, NULL, "administrator@vsphere.local", "secret 1");
}

static void
testCallback(void)
{
    g_auto(Fixture) fixture = { 0 };
    Answers both = { "typed", "typed password", 0 };
    Answers enterOnly = { "", "typed password", 0 };

    fixtureInit(&fixture, "esx", NULL, NULL, NULL, "");
    assertGets(&fixture, &both, "typed", "typed password");
    g_assert_cmpint(both.asked, ==, 2);
    assertGets(&fixture, &enterOnly, "root", "typed password");
}

static void
testNone(void)
{
    g_auto(Fixture) fixture = { 0 };
    Answers nothing = { "typed", NULL, 0 };
    Answers empty = { "typed", "", 0 };
    Answers noName = { NULL, NULL, 0 };

    fixtureInit(&fixture, "esx", NULL, NULL, NULL, "");
    assertGetsNone(&fixture, NULL, "no password for 'h', and no way to ask for it; add it to "
                   "auth.conf, in a section [auth-esx-h]");
    assertGetsNone(&fixture, &nothing, "no password for 'h': the answer was empty; add it to "
                   "auth.conf, in a section [auth-esx-h]");
    assertGetsNone(&fixture, &empty, "no password for 'h': the answer was empty");
    assertGetsNone(&fixture, &noName, "no user name for 'h'");
}

/* Callbacks that cannot be asked for a password are none. */
static void
testCallbackForOtherThings(void)
{
    g_auto(Fixture) fixture = { 0 };
    int nameOnly[] = { VIR_CRED_AUTHNAME };
    Answers answers = { "typed", "typed", 0 };
    virConnectAuth auths[] = {
        { nameOnly, G_N_ELEMENTS(nameOnly), answer, &answers },
        { nameOnly, 0, answer, &answers },
        { nameOnly, G_N_ELEMENTS(nameOnly), NULL, NULL },
    };
    size_t i;

    fixtureInit(&fixture, "esx", "root", NULL, NULL, "");
    for (i = 0; i < G_N_ELEMENTS(auths); i++) {
        g_autofree char *userName = NULL;
        g_autoptr(Secret) secret = NULL;

        g_assert_cmpint(esxAuthGet(fixture.conn, &auths[i], fixture.uri, &userName, &secret), ==,
                        -1);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_AUTH_FAILED);
        g_assert_nonnull(strstr(virGetLastErrorMessage(), "[auth-esx-h]"));
        g_assert_nonnull(strstr(virGetLastErrorMessage(), "and no way to ask for it"));
    }
}

/* Sections that look right, but are not read; and credentials without a password. */
static void
testNearMiss(void)
{
    static const struct {
        const char *file;
        const char *phrase;
    } cases[] = {
        { "[credentials-x]\npassword=secret 1\n[auth-esx-H]\ncredentials=x\n",
          "in a section [auth-esx-h]; the section [auth-esx-H] is not used" },
        { "[credentials-x]\npassword=secret 1\n[auth-vpx-h]\ncredentials=x\n",
          "in a section [auth-esx-h]; the section [auth-vpx-h] is not used" },
        { "[credentials-x]\npassword=secret 1\n[auth-esx-h:443]\ncredentials=x\n",
          "the section [auth-esx-h:443] is not used" },
        { "[credentials-x]\npassword=secret 1\n[auth-esx-h.]\ncredentials=x\n",
          "the section [auth-esx-h.] is not used" },
        { "[credentials-x]\npassword=secret 1\n[auth-esx-hh]\ncredentials=x\n",
          "in a section [auth-esx-h]" },
        { "[credentials-x]\nusername=me\n[auth-esx-h]\ncredentials=x\n",
          "the section [auth-esx-h] of auth.conf names" },
        { "[credentials-x]\nusername=me\n[auth-esx-default]\ncredentials=x\n",
          "the section [auth-esx-default] of auth.conf names" },
        { "[credentials-x]\npassword=\n[auth-esx-h]\ncredentials=x\n",
          "[credentials-x] of the auth file has a password= that is empty, and [auth-esx-h] uses" },
        { "[credentials-x]\npassword=  \n[auth-esx-h]\ncredentials=x\n", "that is empty" },
    };
    Answers empty = { "typed", "", 0 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Fixture) fixture = { 0 };

        fixtureInit(&fixture, "esx", NULL, NULL, NULL, cases[i].file);
        assertGetsNone(&fixture, NULL, cases[i].phrase);
        assertGetsNone(&fixture, &empty, cases[i].phrase);
        g_assert_null(strstr(virGetLastErrorMessage(), "secret"));
        g_assert_null(strstr(virGetLastErrorMessage(), "[auth-esx-hh]"));
    }
}

/* As GLib reads them: an account that was not meant is not tried. */
static void
testBackslashes(void)
{
    static const char file[] =
        "[credentials-x]\nusername=LAB\\\\svc\npassword=\\sa\\\\b\n[auth-esx-h]\ncredentials=x\n";
    static const char *names[] = { "LAB\\svc", "LAB\\nobody", "LAB\\tester", "LAB\\root" };
    g_auto(Fixture) doubled = { 0 };
    size_t i;

    fixtureInit(&doubled, "esx", NULL, NULL, NULL, file);
    assertGets(&doubled, NULL, "LAB\\svc", " a\\b");

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *text = g_strdup_printf("[credentials-x]\nusername=%s\npassword=secret 1\n"
                                                "[auth-esx-h]\ncredentials=x\n", names[i]);
        g_auto(Fixture) fixture = { 0 };

        fixtureInit(&fixture, "esx", NULL, NULL, NULL, text);
        assertGetsNone(&fixture, NULL, "[credentials-x] of the auth file has a username=");
        g_assert_nonnull(strstr(virGetLastErrorMessage(), "write \\\\ for a backslash"));
    }
}

/* The line with the password must not be quoted. */
static void
testBrokenFile(void)
{
    g_auto(Fixture) fixture = { 0 };

    fixtureInit(&fixture, "esx", "root", NULL, NULL, "[credentials-x]\npassword secret 1\n");
    assertGetsNone(&fixture, NULL, fixture.file);
    g_assert_null(strstr(virGetLastErrorMessage(), "secret 1"));
}

/* ---- in a daemon ---------------------------------------------------------------------------- */

/* Makes this thread one that serves @user's client. */
static void
serve(uid_t user)
{
    g_autoptr(virIdentity) identity = virIdentityNew();

    g_assert_cmpint(virIdentitySetUNIXUserID(identity, user), ==, 0);
    g_assert_cmpint(virIdentitySetCurrent(identity), ==, 0);
}

static void
serveNoClient(void)
{
    g_assert_cmpint(virIdentitySetCurrent(NULL), ==, 0);
}

static void
assertMay(Fixture *fixture)
{
    if (esxAuthCheckUri(fixture->conn, fixture->uri) != 0)
        g_error("refused: %s", virGetLastErrorMessage());
}

static void
assertMayNot(Fixture *fixture, const char *phrase)
{
    g_assert_cmpint(esxAuthCheckUri(fixture->conn, fixture->uri), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_DENIED);
    if (!strstr(virGetLastErrorMessage(), phrase))
        g_error("'%s' is not in: %s", phrase, virGetLastErrorMessage());
}

static void
testChoices(void)
{
    static const char *choices[][2] = {
        { "no_verify", "1" },
        { "cacert", "/ca" },
        { "thumbprint", "00112233445566778899aabbccddeeff00112233" },
        { "proxy", "h" },
        { "transport", "http" },
    };
    virHypervisorDriver driver = { .name = "ESX" };
    uid_t stranger = geteuid() + 1;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(choices); i++) {
        g_auto(Fixture) fixture = { 0 };

        fixtureInit(&fixture, "esx", NULL, choices[i][0], choices[i][1], AUTH_FILE_HOST);
        fixture.conn->driver = &driver;
        assertMay(&fixture);

        serve(stranger);
        assertMay(&fixture);
        fixture.conn->flags = VIR_CONNECT_RO;
        assertMayNot(&fixture, choices[i][0]);

        serve(geteuid());
        assertMay(&fixture);
        serveNoClient();
    }
}

static void
testHostsOfTheFile(void)
{
    g_auto(Fixture) named = { 0 };
    g_auto(Fixture) unnamed = { 0 };

    fixtureInit(&named, "esx", NULL, NULL, NULL, AUTH_FILE_HOST);
    named.conn->flags = VIR_CONNECT_RO;
    serve(geteuid() + 1);
    assertMay(&named);

    fixtureInit(&unnamed, "esx", NULL, NULL, NULL, AUTH_FILE_DEFAULT);
    unnamed.conn->flags = VIR_CONNECT_RO;
    assertMayNot(&unnamed, "[auth-esx-h]");
    serveNoClient();
    assertMay(&unnamed);
}

/* Opens @user at @port as a stranger who only reads, with @more in the section of the host. */
static void
assertStranger(const char *scheme, const char *user, guint port, const char *credentials,
               const char *more, const char *refusal)
{
    g_autofree char *file = g_strdup_printf("[credentials-x]\npassword=secret 1\n%s\n"
                                            "[auth-esx-h]\ncredentials=x\n%s\n",
                                            credentials, more);
    g_auto(Fixture) fixture = { 0 };

    fixtureInit(&fixture, scheme, user, NULL, NULL, file);
    fixture.conn->flags = VIR_CONNECT_RO;
    if (port != 0) {
        fixture.uri->port = port;
        fixture.uri->hasPort = TRUE;
    }

    serve(geteuid() + 1);
    if (refusal) {
        assertMayNot(&fixture, refusal);
        g_assert_false(fixture.uri->isGuest);
    } else {
        assertMay(&fixture);
        g_assert_true(fixture.uri->isGuest);
    }

    /* the daemon's own user may say all of it */
    serve(geteuid());
    fixture.uri->isGuest = FALSE;
    assertMay(&fixture);
    g_assert_false(fixture.uri->isGuest);
    serveNoClient();
}

static void
testUserIsTheSections(void)
{
    assertStranger("esx", NULL, 0, "", "", NULL);
    assertStranger("esx", "root", 0, "", "", NULL);
    assertStranger("esx", "Root", 0, "", "", "the user 'Root' is not allowed at 'h'");
    assertStranger("esx", "root ", 0, "", "", "remove it");
    assertStranger("esx", "me", 0, "username=me", "", NULL);
    assertStranger("esx", NULL, 0, "username=me", "", NULL);
    assertStranger("esx", "root", 0, "username=me", "", "the user 'root'");
    assertStranger("vpx", "administrator@vsphere.local", 0, "", "", NULL);
    assertStranger("vpx", "root", 0, "", "", "the user 'root'");
    assertStranger("vpx", "root", 0, "username=root", "", NULL);
}

static void
testPortIsTheSections(void)
{
    assertStranger("esx", NULL, 443, "", "", NULL);
    assertStranger("esx", NULL, 80, "", "", "the port 80 of 'h' is not allowed");
    assertStranger("esx", NULL, 8443, "", "port=8443", NULL);
    assertStranger("esx", NULL, 8443, "port=8443", "", NULL);
    assertStranger("esx", NULL, 443, "", "port=8443", "remove it");
    assertStranger("esx", NULL, 0, "", "port=8443", NULL);
}

/* For everybody: a URI without a port means that of the section. */
static void
testPortIsTaken(void)
{
    static const char file[] =
        "[credentials-x]\npassword=secret 1\n[auth-esx-h]\ncredentials=x\nport=8443\n";
    g_auto(Fixture) own = { 0 };
    g_auto(Fixture) plain = { 0 };

    fixtureInit(&own, "esx", NULL, NULL, NULL, file);
    assertMay(&own);
    g_assert_cmpuint(own.uri->port, ==, 8443);
    own.uri->port = 443;
    own.uri->hasPort = TRUE;
    assertMay(&own);
    g_assert_cmpuint(own.uri->port, ==, 443);

    fixtureInit(&plain, "esx", NULL, "transport", "http", file);
    assertMay(&plain);
    g_assert_cmpuint(plain.uri->port, ==, 80);
}

/* trust=fixed: also those who may write may not choose; root and the daemon's user may. */
static void
testTrustIsFixed(void)
{
    static const char fixed[] =
        "[credentials-x]\npassword=secret 1\n[auth-esx-h]\ncredentials=x\ntrust=fixed\n";
    static const char throughDefault[] =
        "[credentials-x]\npassword=secret 1\n[auth-esx-k]\ncredentials=x\ntrust=fixed\n"
        "[auth-esx-default]\ncredentials=x\n";
    static const char misspelt[] =
        "[credentials-x]\npassword=secret 1\n[auth-esx-h]\ncredentials=x\ntrust=fix\n";
    virHypervisorDriver driver = { .name = "ESX" };
    const struct {
        const char *user;
        const char *name;
        const char *value;
        const char *file;
        const char *refusal;
    } cases[] = {
        { NULL, "no_verify", "1", fixed, "no_verify is not allowed to clients of this daemon" },
        { NULL, "cacert", "/ca", fixed, "trust=fixed" },
        { NULL, "proxy", "h", fixed, "trust=fixed" },
        { NULL, "transport", "http", fixed, "trust=fixed" },
        { "me", NULL, NULL, fixed, "the user 'me'" },
        { NULL, "timeout", "301", fixed, "at most 300" },
        { NULL, NULL, NULL, throughDefault, "[auth-esx-h]" },
        { NULL, NULL, NULL, fixed, NULL },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Fixture) fixture = { 0 };

        fixtureInit(&fixture, "esx", cases[i].user, cases[i].name, cases[i].value, cases[i].file);
        fixture.conn->driver = &driver;
        serve(geteuid() + 1);
        if (cases[i].refusal)
            assertMayNot(&fixture, cases[i].refusal);
        else
            assertMay(&fixture);
        serve(geteuid());
        assertMay(&fixture);
        serve(0);
        assertMay(&fixture);
        serveNoClient();
        assertMay(&fixture);
    }

    g_auto(Fixture) fixture = { 0 };
    fixtureInit(&fixture, "esx", NULL, NULL, NULL, misspelt);
    fixture.conn->driver = &driver;
    serve(geteuid() + 1);
    g_assert_cmpint(esxAuthCheckUri(fixture.conn, fixture.uri), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_AUTH_FAILED);
    serveNoClient();
}

static void
testAuthFileParameter(void)
{
    g_auto(Fixture) fixture = { 0 };

    fixtureInit(&fixture, "esx", NULL, "authfile", "/etc/shadow", AUTH_FILE_HOST);
    assertMay(&fixture);
    serve(geteuid());
    assertMayNot(&fixture, "authfile");
    serveNoClient();
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    virAccessManager *manager = NULL;
    int failed = 0;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);
    manager = virAccessManagerNew("none");
    virAccessManagerSetDefault(manager);

    g_test_add_func("/auth/file", testFile);
    g_test_add_func("/auth/default-user", testDefaultUser);
    g_test_add_func("/auth/callback", testCallback);
    g_test_add_func("/auth/none", testNone);
    g_test_add_func("/auth/callback-for-other-things", testCallbackForOtherThings);
    g_test_add_func("/auth/near-miss", testNearMiss);
    g_test_add_func("/auth/backslashes", testBackslashes);
    g_test_add_func("/auth/broken-file", testBrokenFile);
    g_test_add_func("/auth/choices", testChoices);
    g_test_add_func("/auth/hosts-of-the-file", testHostsOfTheFile);
    g_test_add_func("/auth/user-is-the-sections", testUserIsTheSections);
    g_test_add_func("/auth/port-is-the-sections", testPortIsTheSections);
    g_test_add_func("/auth/port-is-taken", testPortIsTaken);
    g_test_add_func("/auth/trust-is-fixed", testTrustIsFixed);
    g_test_add_func("/auth/authfile-parameter", testAuthFileParameter);
    failed = g_test_run();

    virAccessManagerSetDefault(NULL);
    virObjectUnref(manager);
    return failed;
}

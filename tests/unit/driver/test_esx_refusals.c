/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Which refused passwords are remembered, and for how long. */

#include "esx_refusals.h"

#include <string.h>

#include "base_limits.h"
#include "vi_fixture.h"

#define REFUSED ((gint64)LIMIT_REFUSED_MS * G_TIME_SPAN_MILLISECOND)

static EsxUri *
makeUri(const char *host, guint port)
{
    EsxUriSource source = { .scheme = "esx", .host = host, .port = port };
    g_autoptr(GError) error = NULL;
    EsxUri *uri = esxUriNew(&source, &error);

    g_assert_no_error(error);
    return uri;
}

/* What the functions are given, in short: @host of "NAME" or "NAME=IDENTITY". */
typedef struct {
    EsxUri *uri;
    HttpIdentity identity;
    Secret *password;
    EsxRefusalKey key;
} Login;

static Login *
loginNew(const char *host, guint port, const char *user, const char *password)
{
    Login *login = g_new0(Login, 1);
    g_auto(GStrv) parts = g_strsplit(host, "=", 2);

    login->uri = makeUri(parts[0], port);
    login->password = secretNew(password);
    if (parts[1])
        memcpy(login->identity.digest, parts[1], strlen(parts[1]));
    login->key = (EsxRefusalKey){
        .uri = login->uri, .identity = parts[1] ? &login->identity : NULL, .userName = user,
        .password = login->password,
    };
    return login;
}

static void
loginFree(Login *login)
{
    esxUriFree(login->uri);
    secretFree(login->password);
    g_free(login);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Login, loginFree)

static gboolean
mayTry(EsxRefusals *refusals, const Login *login, gint64 now)
{
    g_autoptr(GError) error = NULL;
    gboolean may = esxRefusalsAdmit(refusals, &login->key, now, &error);

    if (may) {
        g_assert_no_error(error);
    } else {
        g_assert_error(error, VI_ERROR, VI_ERROR_NOT_TRIED);
        g_assert_null(strstr(error->message, secretText(login->password)));
        fixtureAssertPhrase(error->message, "a client with more rights logs in");
    }
    return may;
}

static void
testRemember(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Login) wrong = loginNew("h", 443, "root", "wr0ng");
    const struct {
        const char *host;
        guint port;
        const char *user;
        const char *password;
    } others[] = {
        { "h", 443, "root", "r1ght" },
        { "h", 443, "me", "wr0ng" },
        { "h", 444, "root", "wr0ng" },
        { "k", 443, "root", "wr0ng" },
    };
    size_t i;

    g_assert_true(mayTry(refusals, wrong, 7));
    esxRefusalsAdd(refusals, &wrong->key, FALSE, 7);
    g_assert_false(mayTry(refusals, wrong, 7));
    /* what is tried meanwhile does not prolong it */
    esxRefusalsAdd(refusals, &wrong->key, FALSE, 7 + REFUSED - 1);
    g_assert_false(mayTry(refusals, wrong, 7 + REFUSED - 1));
    g_assert_true(mayTry(refusals, wrong, 7 + REFUSED));

    esxRefusalsAdd(refusals, &wrong->key, FALSE, 7 + REFUSED);
    for (i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(Login) other = loginNew(others[i].host, others[i].port, others[i].user,
                                          others[i].password);

        g_assert_true(mayTry(refusals, other, 7 + REFUSED));
        esxRefusalsForget(refusals, &other->key);
        g_assert_false(mayTry(refusals, wrong, 7 + REFUSED));
    }
    esxRefusalsForget(refusals, &wrong->key);
    g_assert_true(mayTry(refusals, wrong, 7 + REFUSED));
}

/* One host is one host, by whatever name and port; another is another, with the same password. */
static void
testNames(void)
{
    static const char *const names[] = {
        "short=A", "short.example.org=A", "SHORT=A", "short.=A", "localhost=A", "127.0.0.1=A",
        "::1=A", "10.0.0.7=A", "fe80::1=A", "x=A",
    };
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Login) first = loginNew("first=A", 443, "root", "wr0ng");
    g_autoptr(Login) other = loginNew("other=B", 443, "root", "wr0ng");
    g_autoptr(Login) user = loginNew("x=A", 443, "me", "wr0ng");
    g_autoptr(GError) error = NULL;
    size_t i;

    esxRefusalsAdd(refusals, &first->key, FALSE, 7);
    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(Login) login = loginNew(names[i], 443 + (guint)(i % 2), "root", "wr0ng");

        g_assert_false(mayTry(refusals, login, 8));
    }
    g_assert_true(mayTry(refusals, other, 8));
    g_assert_true(mayTry(refusals, user, 8));
    g_clear_pointer(&other, loginFree);
    other = loginNew("x=A", 443, "root", "wr0ng");
    g_assert_false(esxRefusalsAdmit(refusals, &other->key, 8, &error));
    fixtureAssertPhrase(error->message, "'x' is the host 'first' (it has the same certificate)");

    /* let in by any of its names, it is let in by all */
    esxRefusalsForget(refusals, &other->key);
    g_assert_true(mayTry(refusals, first, 8));
}

/* Other passwords of one user, and logins without an outcome, count together. */
static void
testManyPasswords(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Login) elsewhere = loginNew("k=B", 443, "root", "last-1");
    g_autoptr(Login) last = loginNew("x=A", 443, "root", "last-1");
    guint i;

    for (i = 0; i < LIMIT_REFUSED_USER; i++) {
        g_autofree char *name = g_strdup_printf("n%u=A", i);
        g_autofree char *password = g_strdup_printf("wr0ng-%u", i);
        g_autoptr(Login) login = loginNew(name, 443, "root", password);

        g_assert_true(mayTry(refusals, last, 7));
        g_assert_true(mayTry(refusals, login, 7));
        esxRefusalsAdd(refusals, &login->key, i % 2 == 1, 7);
    }
    g_assert_false(mayTry(refusals, last, 7));
    g_assert_true(mayTry(refusals, elsewhere, 7));
    g_assert_true(mayTry(refusals, last, 7 + REFUSED));
}

static void
testMany(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Login) first = loginNew("h", 1, "root", "wr0ng");
    g_autoptr(Login) second = loginNew("h", 2, "root", "wr0ng");
    guint i;

    for (i = 1; i <= LIMIT_REFUSED + 1; i++) {
        g_autoptr(Login) login = loginNew("h", i, "root", "wr0ng");

        esxRefusalsAdd(refusals, &login->key, FALSE, i);
        g_assert_false(mayTry(refusals, login, i));
    }
    g_assert_true(mayTry(refusals, first, i));
    g_assert_false(mayTry(refusals, second, i));
}

/* ---- before each login ----------------------------------------------------------------------- */

static ViSession *
guarded(EsxRefusals *refusals, Canned *canned, const char *host, gboolean isGuest)
{
    g_autoptr(EsxUri) uri = makeUri(host, 443);
    g_autoptr(Secret) password = secretNew(FIXTURE_PASSWORD);
    ViSession *session = fixtureConnect(canned);

    uri->isGuest = isGuest;
    esxRefusalsGuard(refusals, session, uri, "root", password);
    return session;
}

static void
testGuardCountsRefusals(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(Canned) other = cannedNew();
    g_autoptr(ViSession) session = guarded(refusals, canned, "h", TRUE);
    g_autoptr(ViSession) again = guarded(refusals, other, "h", TRUE);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, "Login", "InvalidLogin", "no");
    g_assert_false(viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_clear_error(&error);

    /* The other server would have no answer. */
    g_assert_false(viSessionLogin(again, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_TRIED);
    g_assert_true(viSessionIsUsable(again));
}

static void
testGuardLetsOthersTry(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Login) login = loginNew("h", 443, "root", FIXTURE_PASSWORD);
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = guarded(refusals, canned, "h", FALSE);
    g_autoptr(GError) error = NULL;

    esxRefusalsAdd(refusals, &login->key, FALSE, g_get_monotonic_time());
    g_assert_false(mayTry(refusals, login, g_get_monotonic_time()));
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    g_assert_true(viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    g_assert_true(mayTry(refusals, login, g_get_monotonic_time()));

    /* But not to renew, when the password has been refused since. */
    esxRefusalsAdd(refusals, &login->key, FALSE, g_get_monotonic_time());
    g_assert_false(viSessionRenew(session, 1, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_TRIED);
    esxRefusalsForget(refusals, &login->key);
    g_clear_error(&error);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    g_assert_true(viSessionRenew(session, 1, &error));
    g_assert_no_error(error);
    cannedReplyAlways(canned, "Logout", "");
}

static void
loginMeanwhile(gpointer data)
{
    g_autoptr(GError) error = NULL;
    const gint64 begun = g_get_monotonic_time();

    g_assert_false(viSessionLogin(data, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
    fixtureAssertPhrase(error->message, "another login at 'h' as 'root' is in progress");
    g_assert_cmpint(g_get_monotonic_time() - begun, >=,
                    LIMIT_LOGIN_TURN_MS * G_TIME_SPAN_MILLISECOND);
}

/* One at a time: a second one waits for its turn, for LIMIT_LOGIN_TURN_MS. */
static void
testGuardTakesTurns(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(Canned) other = cannedNew();
    g_autoptr(ViSession) session = guarded(refusals, canned, "h", TRUE);
    g_autoptr(ViSession) meanwhile = guarded(refusals, other, "h", TRUE);
    g_autofree char *fault = cannedFaultEnvelope("InvalidLogin", "no", NULL);
    g_autoptr(GError) error = NULL;

    cannedAdd(canned, "Login",
              &(CannedExchange){ .status = 500, .bytes = fault, .hook = loginMeanwhile,
                                 .hookData = meanwhile });
    g_assert_false(viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/refusals/remember", testRemember);
    g_test_add_func("/refusals/names", testNames);
    g_test_add_func("/refusals/many-passwords", testManyPasswords);
    g_test_add_func("/refusals/many", testMany);
    g_test_add_func("/refusals/guard-counts-refusals", testGuardCountsRefusals);
    g_test_add_func("/refusals/guard-lets-others-try", testGuardLetsOthersTry);
    g_test_add_func("/refusals/guard-takes-turns", testGuardTakesTurns);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Who joins which login, and who waits for whom: with servers that are scripted. */

#include "base_limits.h"
#include "esx_uri_table.h"
#include "logins_fixture.h"
#include "thread_fixture.h"

/* ---- joining --------------------------------------------------------------------------------- */

static void
testJoin(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = NULL;

    g_assert_false(esxLoginsKnows(site->registry, site->uri));
    server = siteJoin(site);
    g_assert_true(esxLoginsKnows(site->registry, site->uri));
    g_assert_true(siteJoin(site) == server);
    g_assert_cmpuint(site->opens, ==, 1);

    siteLeave(site, server);
    cannedAssertLog(siteCanned(site, 0), "Login");
    siteLeave(site, server);
    cannedAssertLog(siteCanned(site, 0), "Logout");
    g_assert_false(esxLoginsKnows(site->registry, site->uri));
}

static void
testOtherCredentials(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(GError) error = NULL;
    EsxServer *server = siteJoin(site);
    EsxServer *user = siteJoinAs(site, site->uri, "me", FIXTURE_PASSWORD, &error);
    EsxServer *password = siteJoinAs(site, site->uri, USER, "other", &error);

    g_assert_no_error(error);
    g_assert_true(server != user && server != password && user != password);
    g_assert_cmpuint(site->opens, ==, 3);

    /* A password that is wrong is refused by the server, good login or not. */
    site->refuses = TRUE;
    g_assert_null(siteJoinAs(site, site->uri, USER, "wrong", &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_assert_cmpuint(site->opens, ==, 4);
    g_assert_true(siteJoin(site) == server);

    siteLeave(site, server);
    siteLeave(site, server);
    siteLeave(site, user);
    siteLeave(site, password);
}

/* Each of these says another server, another way there, or another part of it. */
static void
testOtherUri(void)
{
    const struct {
        const char *scheme;
        const char *name;
        const char *value;
    } cases[] = {
        { "vpx", NULL, NULL },
        { "vpx", "path", "DC/host" },
        { "esx", "no_verify", "1" },
        { "esx", "cacert", "/ca.pem" },
        { "esx", "transport", "http" },
        { "esx", "proxy", "h:1" },
        { "esx", "timeout", "7" },
    };
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *servers[G_N_ELEMENTS(cases)] = { NULL };
    EsxServer *first = siteJoin(site);
    g_autoptr(GError) error = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(EsxUri) uri = siteUri(cases[i].scheme, cases[i].name, cases[i].value);

        g_assert_false(esxLoginsKnows(site->registry, uri));
        servers[i] = siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(site->opens, ==, i + 2);
    }
    for (i = 0; i < G_N_ELEMENTS(cases); i++)
        siteLeave(site, servers[i]);
    siteLeave(site, first);
}

/* What is the business of one connection alone. */
static void
testSameServer(void)
{
    const char *names[] = { "cache_ttl", "linger", "task_timeout", "connections", "root" };
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = siteJoin(site);
    g_autoptr(GError) error = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(EsxUri) uri = siteUri("esx", names[i], "7");

        g_assert_true(siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, &error) == server);
        siteLeave(site, server);
    }
    g_assert_no_error(error);
    siteLeave(site, server);
    g_assert_cmpuint(site->opens, ==, 1);
}

/* ---- clients that may not choose ------------------------------------------------------------- */

static EsxUri *
guestUri(const char *name, const char *value)
{
    EsxUri *uri = siteUri(name && g_str_equal(name, "path") ? "vpx" : "esx", name, value);
    g_autoptr(GError) error = NULL;

    g_assert_true(esxUriCheckGuest(uri, &error));
    return uri;
}

/* A wrong password is tried once, whatever they add to the URI, until somebody else is let in. */
static void
testGuestsLockNobodyOut(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) guest = guestUri(NULL, NULL);
    g_autoptr(EsxUri) other = guestUri("timeout", "7");
    g_autoptr(GError) first = NULL;
    EsxServer *server = NULL;
    guint i;

    site->refuses = TRUE;
    g_assert_null(siteJoinAs(site, guest, USER, "wrong", &first));
    g_assert_error(first, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    for (i = 0; i < 10; i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(siteJoinAs(site, i % 2 ? guest : other, USER, "wrong", &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_NOT_TRIED);
        fixtureAssertPhrase(error->message, "not tried again for 15 minutes");
    }
    g_assert_cmpuint(site->opens, ==, 1);

    /* the others may try */
    g_clear_error(&first);
    g_assert_null(siteJoinAs(site, site->uri, USER, "wrong", &first));
    g_assert_cmpuint(site->opens, ==, 2);

    /* another password is another matter, and so is this one when the host has taken it */
    site->refuses = FALSE;
    g_clear_error(&first);
    server = siteJoinAs(site, guest, USER, "right", &first);
    g_assert_no_error(first);
    siteLeave(site, server);
    server = siteJoinAs(site, site->uri, USER, "wrong", &first);
    g_assert_no_error(first);
    siteLeave(site, server);
    server = siteJoinAs(site, guest, USER, "wrong", &first);
    g_assert_no_error(first);
    siteLeave(site, server);
}

/* @message names each parameter that makes a login of such a client differ. */
static void
assertNamesItsParameters(const char *message)
{
    EsxUriId id;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriRow *row = &esxUriTable[id];
        g_autofree char *name = g_strconcat(row->name, "=", NULL);

        if (row->isKey && row->guest != ESX_URI_GUEST_MAY_NOT)
            fixtureAssertPhrase(message,
                                g_str_has_suffix(row->name, "timeout") ? "timeouts" : name);
    }
}

/* So many logins that differ; the common one can be had in any case. */
static void
testGuestsLoginsAreBounded(void)
{
    static const char *const timeouts[] = { "7", "8", "9", "10" };
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) common = guestUri(NULL, NULL);
    g_autoptr(EsxUri) same = guestUri("timeout", "300");
    EsxServer *servers[G_N_ELEMENTS(timeouts)] = { NULL };
    EsxServer *server = NULL;
    g_autoptr(GError) error = NULL;
    size_t i;

    G_STATIC_ASSERT(G_N_ELEMENTS(timeouts) == LIMIT_GUEST_LOGINS + 1);
    for (i = 0; i < LIMIT_GUEST_LOGINS; i++) {
        g_autoptr(EsxUri) uri = guestUri("timeout", timeouts[i]);

        servers[i] = siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, &error);
        g_assert_no_error(error);
    }

    g_autoptr(EsxUri) last = guestUri("timeout", timeouts[i]);
    g_autoptr(EsxUri) first = guestUri("timeout", timeouts[0]);
    g_assert_null(siteJoinAs(site, last, USER, FIXTURE_PASSWORD, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
    fixtureAssertPhrase(error->message, "remove these parameters");
    assertNamesItsParameters(error->message);
    g_clear_error(&error);

    /* what is there is shared; the common one is none of them */
    g_assert_true(siteJoinAs(site, first, USER, FIXTURE_PASSWORD, &error) == servers[0]);
    siteLeave(site, servers[0]);
    server = siteJoinAs(site, common, USER, FIXTURE_PASSWORD, &error);
    g_assert_true(siteJoinAs(site, same, USER, FIXTURE_PASSWORD, &error) == server);
    siteLeave(site, server);
    siteLeave(site, server);

    /* nor does anybody else count */
    g_autoptr(EsxUri) writer = siteUri("esx", "timeout", timeouts[LIMIT_GUEST_LOGINS]);
    server = siteJoinAs(site, writer, USER, FIXTURE_PASSWORD, &error);
    g_assert_no_error(error);
    siteLeave(site, server);
    for (i = 0; i < LIMIT_GUEST_LOGINS; i++)
        siteLeave(site, servers[i]);
    server = siteJoinAs(site, last, USER, FIXTURE_PASSWORD, &error);
    g_assert_no_error(error);
    siteLeave(site, server);
}

/* ---- many at once ---------------------------------------------------------------------------- */

/* One of many that come at the same moment. */
static void
joinInCrew(gpointer data)
{
    Site *site = data;
    g_autoptr(GError) error = NULL;
    EsxServer *server = siteJoinAs(site, site->uri, USER, FIXTURE_PASSWORD, &error);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    if (server) {
        site->servers[site->joined++] = server;
        return;
    }
    if (g_error_matches(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT))
        fixtureAssertPhrase(error->message, "'esx1'");
    else
        g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    site->refused++;
    g_cond_broadcast(&site->changed);
}

/* Brings all of a crew to where one opens and the others wait for it. */
static Crew *
crewAtTheGate(Site *site)
{
    Crew *crew = NULL;

    siteHold(site, TRUE);
    crew = crewStart(CREW, joinInCrew, site);
    crewAwaitAsleep(crew, CREW);
    siteAwaitOpens(site, 1);
    return crew;
}

static void
testOneOpensForAll(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    Crew *crew = crewAtTheGate(site);
    guint i;

    g_assert_true(esxLoginsKnows(site->registry, site->uri));
    siteHold(site, FALSE);
    crewJoin(crew);
    g_assert_cmpuint(site->opens, ==, 1);
    g_assert_cmpuint(site->joined, ==, CREW);
    for (i = 0; i < CREW; i++)
        g_assert_true(site->servers[i] == site->servers[0]);
    for (i = 1; i < CREW; i++)
        siteLeave(site, site->servers[0]);
    cannedAssertLog(siteCanned(site, 0), "Login");
    siteLeave(site, site->servers[0]);
    cannedAssertLog(siteCanned(site, 0), "Logout");
}

/* A server locks accounts that try a wrong password too often. */
static void
testOneIsRefusedForAll(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    Crew *crew = NULL;

    site->refuses = TRUE;
    crew = crewAtTheGate(site);
    siteHold(site, FALSE);
    crewJoin(crew);
    g_assert_cmpuint(site->opens, ==, 1);
    g_assert_cmpuint(site->refused, ==, CREW);
    g_assert_false(esxLoginsKnows(site->registry, site->uri));

    /* It is not remembered. */
    site->refuses = FALSE;
    siteLeave(site, siteJoin(site));
}

/* Who waits for somebody else's login does not wait for ever. */
static void
testWaitingIsBounded(void)
{
    g_autoptr(Site) site = siteNew("timeout", "0.1");
    Crew *crew = NULL;

    siteHold(site, TRUE);
    crew = crewStart(CREW, joinInCrew, site);
    g_mutex_lock(&site->lock);
    while (site->refused < CREW - 1)
        g_cond_wait(&site->changed, &site->lock);
    g_mutex_unlock(&site->lock);
    siteHold(site, FALSE);
    crewJoin(crew);
    g_assert_cmpuint(site->opens, ==, 1);
    g_assert_cmpuint(site->joined, ==, 1);
    siteLeave(site, site->servers[0]);
}

/* Neither opening nor logging out holds up what has nothing to do with it. */
static void
testLeaveWhileAnotherOpens(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = siteUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *server = siteJoinAs(site, other, USER, FIXTURE_PASSWORD, &error);
    Crew *crew = NULL;

    siteHold(site, TRUE);
    crew = crewStart(1, joinInCrew, site);
    siteAwaitOpens(site, 2);
    g_assert_true(siteJoinAs(site, other, USER, FIXTURE_PASSWORD, &error) == server);
    siteLeave(site, server);
    siteLeave(site, server);
    cannedAssertLog(siteCanned(site, 0), "Login Logout");

    siteHold(site, FALSE);
    crewJoin(crew);
    siteLeave(site, site->servers[0]);
    g_assert_no_error(error);
}

/* Joining and leaving as fast as it goes; whoever has a server can use it. */
static void
joinAndLeaveOften(gpointer data)
{
    Site *site = data;
    guint i;

    for (i = 0; i < 60; i++) {
        EsxServer *server = siteJoin(site);
        g_autoptr(GError) error = NULL;

        g_assert_true(fixtureCallSafe(server->session, &error));
        g_assert_no_error(error);
        esxLoginsLeave(site->registry, server, i % 3);
    }
}

static void
testJoinAndLeaveOften(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    guint i;

    site->answersCalls = TRUE;
    crewJoin(crewStart(4, joinAndLeaveOften, site));
    esxLoginsFlush(site->registry);
    g_assert_false(esxLoginsKnows(site->registry, site->uri));
    for (i = 0; i < site->opens; i++)
        g_assert_cmpuint(cannedCount(siteCanned(site, i), "Logout"), ==, 1);
}

/* ---- sessions that die ----------------------------------------------------------------------- */

/* The session has ended, and the server does not take the password any more. */
static void
killSession(EsxServer *server, Canned *canned)
{
    g_autoptr(GError) error = NULL;

    fixtureScriptExpired(canned, "CurrentTime");
    cannedFault(canned, "Login", "InvalidLogin", "No.");
    g_assert_false(fixtureCallSafe(server->session, &error));
    g_assert_false(viSessionIsUsable(server->session));
    cannedAssertLog(canned, "Login CurrentTime Login");
}

static void
testDeadSessionIsReplaced(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *dead = siteJoin(site);
    EsxServer *server = NULL;

    killSession(dead, siteCanned(site, 0));
    g_assert_false(esxLoginsKnows(site->registry, site->uri));
    server = siteJoin(site);
    g_assert_true(server != dead);
    g_assert_true(siteJoin(site) == server);
    g_assert_cmpuint(site->opens, ==, 2);

    /* Who has it keeps it, and nobody lingers with it. */
    esxLoginsLeave(site->registry, dead, HOUR_MS);
    cannedAssertLog(siteCanned(site, 0), "");
    siteLeave(site, server);
    siteLeave(site, server);
    cannedAssertLog(siteCanned(site, 1), "Login Logout");
}

static void
testDeadSessionDoesNotLinger(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *dead = siteJoin(site);

    killSession(dead, siteCanned(site, 0));
    esxLoginsLeave(site->registry, dead, HOUR_MS);
    g_assert_false(esxLoginsKnows(site->registry, site->uri));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/registry/join", testJoin);
    g_test_add_func("/registry/other-credentials", testOtherCredentials);
    g_test_add_func("/registry/other-uri", testOtherUri);
    g_test_add_func("/registry/guests-lock-nobody-out", testGuestsLockNobodyOut);
    g_test_add_func("/registry/guests-logins-are-bounded", testGuestsLoginsAreBounded);
    g_test_add_func("/registry/same-server", testSameServer);
    g_test_add_func("/registry/one-opens-for-all", testOneOpensForAll);
    g_test_add_func("/registry/one-is-refused-for-all", testOneIsRefusedForAll);
    g_test_add_func("/registry/waiting-is-bounded", testWaitingIsBounded);
    g_test_add_func("/registry/leave-while-another-opens", testLeaveWhileAnotherOpens);
    g_test_add_func("/registry/join-and-leave-often", testJoinAndLeaveOften);
    g_test_add_func("/registry/dead-session-is-replaced", testDeadSessionIsReplaced);
    g_test_add_func("/registry/dead-session-does-not-linger", testDeadSessionDoesNotLinger);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Who joins which login, who waits for whom, and when it ends: with servers that are scripted. */

#include "esx_registry.h"

#include "thread_fixture.h"
#include "vi_fixture.h"

#define USER "root"
#define HOUR_MS 3600000u
#define SOON_MS 20
#define CREW 16

/* A server, as often as somebody opens it, and the registry it is opened through. */
typedef struct {
    EsxRegistry *registry;
    EsxUri *uri;

    GMutex lock;            /* guards what follows */
    GCond changed;
    guint opens;
    gboolean holds;         /* who opens waits */
    gboolean refuses;
    gboolean holdsLogout;   /* of what is opened from now on */
    gboolean answersCalls;  /* CurrentTime, likewise */
    guint joined;
    guint refused;
    GPtrArray *canned;      /* Canned, one a login */
    EsxServer *servers[CREW];   /* what a crew has got */
} Site;

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

static void
freeCanned(gpointer canned)
{
    cannedFree(canned);
}

static Site *
siteNew(const char *name, const char *value)
{
    Site *site = g_new0(Site, 1);

    site->registry = esxRegistryNew();
    site->uri = makeUri("esx", name, value);
    site->canned = g_ptr_array_new_with_free_func(freeCanned);
    g_mutex_init(&site->lock);
    g_cond_init(&site->changed);
    return site;
}

/* Nothing may be left that somebody uses. */
static void
siteFree(Site *site)
{
    esxRegistryFree(site->registry);
    g_ptr_array_unref(site->canned);
    esxUriFree(site->uri);
    g_cond_clear(&site->changed);
    g_mutex_clear(&site->lock);
    g_free(site);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Site, siteFree)

static EsxServer *
makeServer(Canned *canned, gboolean holdsLogout)
{
    ViSession *session = fixtureConnect(canned);
    g_autofree char *bytes = cannedEnvelope("Logout", "");
    CannedExchange logout = { .bytes = bytes, .held = holdsLogout, .always = TRUE };
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    cannedAdd(canned, "Logout", &logout);
    g_assert_true(viSessionLogin(session, USER, secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    return esxServerNew(session, NULL /* scope */, "esx1");
}

/* EsxRegistryOpener */
static EsxServer *
openSite(gpointer opaque, GError **error)
{
    Site *site = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);
    Canned *canned = NULL;

    site->opens++;
    g_cond_broadcast(&site->changed);
    while (site->holds)
        g_cond_wait(&site->changed, &site->lock);
    if (site->refuses) {
        g_set_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN, "Login: no");
        return NULL;
    }
    canned = cannedNew();
    g_ptr_array_add(site->canned, canned);
    if (site->answersCalls)
        cannedReplyAlways(canned, "CurrentTime", FIXTURE_TIME);
    return makeServer(canned, site->holdsLogout);
}

static void
siteHold(Site *site, gboolean holds)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    site->holds = holds;
    g_cond_broadcast(&site->changed);
}

/* The server of the @nth login. */
static Canned *
cannedOf(Site *site, guint nth)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    return g_ptr_array_index(site->canned, nth);
}

static void
siteAwaitOpens(Site *site, guint n)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    while (site->opens < n)
        g_cond_wait(&site->changed, &site->lock);
}

static EsxServer *
joinAs(Site *site, const EsxUri *uri, const char *user, const char *password, GError **error)
{
    g_autoptr(Secret) secret = secretNew(password);

    return esxRegistryJoin(site->registry, uri, user, secret, openSite, site, error);
}

static EsxServer *
join(Site *site)
{
    g_autoptr(GError) error = NULL;
    EsxServer *server = joinAs(site, site->uri, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    g_assert_nonnull(server);
    return server;
}

static void
leave(Site *site, EsxServer *server)
{
    esxRegistryLeave(site->registry, server, 0);
}

/* ---- joining --------------------------------------------------------------------------------- */

static void
testJoin(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = NULL;

    g_assert_false(esxRegistryKnows(site->registry, site->uri));
    server = join(site);
    g_assert_true(esxRegistryKnows(site->registry, site->uri));
    g_assert_true(join(site) == server);
    g_assert_cmpuint(site->opens, ==, 1);

    leave(site, server);
    cannedAssertLog(cannedOf(site, 0), "Login");
    leave(site, server);
    cannedAssertLog(cannedOf(site, 0), "Logout");
    g_assert_false(esxRegistryKnows(site->registry, site->uri));
}

static void
testOtherCredentials(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(GError) error = NULL;
    EsxServer *server = join(site);
    EsxServer *user = joinAs(site, site->uri, "me", FIXTURE_PASSWORD, &error);
    EsxServer *password = joinAs(site, site->uri, USER, "other", &error);

    g_assert_no_error(error);
    g_assert_true(server != user && server != password && user != password);
    g_assert_cmpuint(site->opens, ==, 3);

    /* A password that is wrong is refused by the server, good login or not. */
    site->refuses = TRUE;
    g_assert_null(joinAs(site, site->uri, USER, "wrong", &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    g_assert_cmpuint(site->opens, ==, 4);
    g_assert_true(join(site) == server);

    leave(site, server);
    leave(site, server);
    leave(site, user);
    leave(site, password);
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
    EsxServer *first = join(site);
    g_autoptr(GError) error = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(EsxUri) uri = makeUri(cases[i].scheme, cases[i].name, cases[i].value);

        g_assert_false(esxRegistryKnows(site->registry, uri));
        servers[i] = joinAs(site, uri, USER, FIXTURE_PASSWORD, &error);
        g_assert_no_error(error);
        g_assert_cmpuint(site->opens, ==, i + 2);
    }
    for (i = 0; i < G_N_ELEMENTS(cases); i++)
        leave(site, servers[i]);
    leave(site, first);
}

/* What is the business of one connection alone. */
static void
testSameServer(void)
{
    const char *names[] = { "cache_ttl", "linger", "task_timeout", "connections", "root" };
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = join(site);
    g_autoptr(GError) error = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(EsxUri) uri = makeUri("esx", names[i], "7");

        g_assert_true(joinAs(site, uri, USER, FIXTURE_PASSWORD, &error) == server);
        leave(site, server);
    }
    g_assert_no_error(error);
    leave(site, server);
    g_assert_cmpuint(site->opens, ==, 1);
}

/* ---- many at once ---------------------------------------------------------------------------- */

/* One of many that come at the same moment. */
static void
joinInCrew(gpointer data)
{
    Site *site = data;
    g_autoptr(GError) error = NULL;
    EsxServer *server = joinAs(site, site->uri, USER, FIXTURE_PASSWORD, &error);
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

    g_assert_true(esxRegistryKnows(site->registry, site->uri));
    siteHold(site, FALSE);
    crewJoin(crew);
    g_assert_cmpuint(site->opens, ==, 1);
    g_assert_cmpuint(site->joined, ==, CREW);
    for (i = 0; i < CREW; i++)
        g_assert_true(site->servers[i] == site->servers[0]);
    for (i = 1; i < CREW; i++)
        leave(site, site->servers[0]);
    cannedAssertLog(cannedOf(site, 0), "Login");
    leave(site, site->servers[0]);
    cannedAssertLog(cannedOf(site, 0), "Logout");
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
    g_assert_false(esxRegistryKnows(site->registry, site->uri));

    /* It is not remembered. */
    site->refuses = FALSE;
    leave(site, join(site));
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
    leave(site, site->servers[0]);
}

/* Neither opening nor logging out holds up what has nothing to do with it. */
static void
testLeaveWhileAnotherOpens(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = makeUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *server = joinAs(site, other, USER, FIXTURE_PASSWORD, &error);
    Crew *crew = NULL;

    siteHold(site, TRUE);
    crew = crewStart(1, joinInCrew, site);
    siteAwaitOpens(site, 2);
    g_assert_true(joinAs(site, other, USER, FIXTURE_PASSWORD, &error) == server);
    leave(site, server);
    leave(site, server);
    cannedAssertLog(cannedOf(site, 0), "Login Logout");

    siteHold(site, FALSE);
    crewJoin(crew);
    leave(site, site->servers[0]);
    g_assert_no_error(error);
}

/* Joining and leaving as fast as it goes; whoever has a server can use it. */
static void
joinAndLeaveOften(gpointer data)
{
    Site *site = data;
    guint i;

    for (i = 0; i < 60; i++) {
        EsxServer *server = join(site);
        g_autoptr(GError) error = NULL;

        g_assert_true(fixtureCallSafe(server->session, &error));
        g_assert_no_error(error);
        esxRegistryLeave(site->registry, server, i % 3);
    }
}

static void
testJoinAndLeaveOften(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    guint i;

    site->answersCalls = TRUE;
    crewJoin(crewStart(4, joinAndLeaveOften, site));
    esxRegistryFlush(site->registry);
    g_assert_false(esxRegistryKnows(site->registry, site->uri));
    for (i = 0; i < site->opens; i++)
        g_assert_cmpuint(cannedCount(cannedOf(site, i), "Logout"), ==, 1);
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
    EsxServer *dead = join(site);
    EsxServer *server = NULL;

    killSession(dead, cannedOf(site, 0));
    g_assert_false(esxRegistryKnows(site->registry, site->uri));
    server = join(site);
    g_assert_true(server != dead);
    g_assert_true(join(site) == server);
    g_assert_cmpuint(site->opens, ==, 2);

    /* Who has it keeps it, and nobody lingers with it. */
    esxRegistryLeave(site->registry, dead, HOUR_MS);
    cannedAssertLog(cannedOf(site, 0), "");
    leave(site, server);
    leave(site, server);
    cannedAssertLog(cannedOf(site, 1), "Login Logout");
}

static void
testDeadSessionDoesNotLinger(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *dead = join(site);

    killSession(dead, cannedOf(site, 0));
    esxRegistryLeave(site->registry, dead, HOUR_MS);
    g_assert_false(esxRegistryKnows(site->registry, site->uri));
}

/* ---- lingering ------------------------------------------------------------------------------- */

static void
testLingerEnds(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);

    esxRegistryLeave(site->registry, join(site), SOON_MS);
    cannedAwait(cannedOf(site, 0), "Logout", 1);

    /* The thread has ended, or is about to; another one comes. */
    esxRegistryLeave(site->registry, join(site), SOON_MS);
    g_assert_cmpuint(site->opens, ==, 2);
    cannedAwait(cannedOf(site, 1), "Logout", 1);
}

static void
testJoinWhatLingers(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = join(site);

    esxRegistryLeave(site->registry, server, HOUR_MS);
    g_assert_true(esxRegistryKnows(site->registry, site->uri));
    g_assert_true(join(site) == server);

    /* The time of the last one counts. */
    esxRegistryLeave(site->registry, server, SOON_MS);
    cannedAwait(cannedOf(site, 0), "Logout", 1);
    g_assert_cmpuint(site->opens, ==, 1);
}

/* Who joins in time is not logged out when the time is over. */
static void
testJoinedInTimeStays(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = makeUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *server = join(site);
    EsxServer *marker = joinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    esxRegistryLeave(site->registry, server, SOON_MS);
    g_assert_true(join(site) == server);
    /* When this one has gone, the thread has looked behind the time of the other. */
    esxRegistryLeave(site->registry, marker, 2 * SOON_MS);
    cannedAwait(cannedOf(site, 1), "Logout", 1);
    cannedAssertLog(cannedOf(site, 0), "Login");
    leave(site, server);
}

/* Who comes while a login is being left gets a new one, at once. */
static void
testJoinBehindALogout(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = NULL;

    site->holdsLogout = TRUE;
    esxRegistryLeave(site->registry, join(site), SOON_MS);
    cannedAwait(cannedOf(site, 0), "Logout", 1);
    g_assert_false(esxRegistryKnows(site->registry, site->uri));
    site->holdsLogout = FALSE;
    server = join(site);
    g_assert_cmpuint(site->opens, ==, 2);
    leave(site, server);
    cannedOpen(cannedOf(site, 0), "Logout");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
testFlush(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = makeUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *used = joinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    esxRegistryLeave(site->registry, join(site), HOUR_MS);
    esxRegistryFlush(site->registry);
    cannedAssertLog(cannedOf(site, 1), "Login Logout");

    /* What is in use stays, and goes without lingering; so does what comes later. */
    cannedAssertLog(cannedOf(site, 0), "Login");
    esxRegistryLeave(site->registry, used, HOUR_MS);
    cannedAssertLog(cannedOf(site, 0), "Logout");
    esxRegistryLeave(site->registry, join(site), HOUR_MS);
    cannedAssertLog(cannedOf(site, 2), "Login Logout");
    esxRegistryFlush(site->registry);
    g_assert_no_error(error);
}

static void
flush(gpointer data)
{
    esxRegistryFlush(data);
}

/* A server that keeps its logout waiting keeps no other. */
static void
testFlushLogsOutAllAtOnce(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    const char *values[] = { "1", "2", "3" };
    g_autoptr(GError) error = NULL;
    Crew *crew = NULL;
    size_t i;

    site->holdsLogout = TRUE;
    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(EsxUri) uri = makeUri("esx", "timeout", values[i]);
        EsxServer *server = joinAs(site, uri, USER, FIXTURE_PASSWORD, &error);

        g_assert_no_error(error);
        esxRegistryLeave(site->registry, server, HOUR_MS);
    }
    crew = crewStart(1, flush, site->registry);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        cannedAwait(cannedOf(site, i), "Logout", 1);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        cannedOpen(cannedOf(site, i), "Logout");
    crewJoin(crew);
}

/* Also what nobody gives back, and once. */
static void
testEnd(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = makeUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *used = joinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    esxRegistryLeave(site->registry, join(site), HOUR_MS);
    esxRegistryEnd(site->registry);
    cannedAssertLog(cannedOf(site, 0), "Login Logout");
    cannedAssertLog(cannedOf(site, 1), "Login Logout");
    esxRegistryLeave(site->registry, used, HOUR_MS);
    esxRegistryEnd(site->registry);
    cannedAssertLog(cannedOf(site, 0), "");
}

static void
testOneForTheProcess(void)
{
    g_assert_nonnull(esxRegistryDefault());
    g_assert_true(esxRegistryDefault() == esxRegistryDefault());
    esxRegistryFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/registry/join", testJoin);
    g_test_add_func("/registry/other-credentials", testOtherCredentials);
    g_test_add_func("/registry/other-uri", testOtherUri);
    g_test_add_func("/registry/same-server", testSameServer);
    g_test_add_func("/registry/one-opens-for-all", testOneOpensForAll);
    g_test_add_func("/registry/one-is-refused-for-all", testOneIsRefusedForAll);
    g_test_add_func("/registry/waiting-is-bounded", testWaitingIsBounded);
    g_test_add_func("/registry/leave-while-another-opens", testLeaveWhileAnotherOpens);
    g_test_add_func("/registry/join-and-leave-often", testJoinAndLeaveOften);
    g_test_add_func("/registry/dead-session-is-replaced", testDeadSessionIsReplaced);
    g_test_add_func("/registry/dead-session-does-not-linger", testDeadSessionDoesNotLinger);
    g_test_add_func("/registry/linger-ends", testLingerEnds);
    g_test_add_func("/registry/join-what-lingers", testJoinWhatLingers);
    g_test_add_func("/registry/joined-in-time-stays", testJoinedInTimeStays);
    g_test_add_func("/registry/join-behind-a-logout", testJoinBehindALogout);
    g_test_add_func("/registry/flush", testFlush);
    g_test_add_func("/registry/flush-logs-out-all-at-once", testFlushLogsOutAllAtOnce);
    g_test_add_func("/registry/end", testEnd);
    g_test_add_func("/registry/one-for-the-process", testOneForTheProcess);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* When a login ends: after it has lingered, and with the process. */

#include "base_limits.h"
#include "logins_fixture.h"
#include "thread_fixture.h"

/* ---- lingering ------------------------------------------------------------------------------- */

static void
testLingerEnds(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);

    esxLoginsLeave(site->registry, siteJoin(site), SOON_MS);
    cannedAwait(siteCanned(site, 0), "Logout", 1);

    /* The thread has ended, or is about to; another one comes. */
    esxLoginsLeave(site->registry, siteJoin(site), SOON_MS);
    g_assert_cmpuint(site->opens, ==, 2);
    cannedAwait(siteCanned(site, 1), "Logout", 1);
}

static void
testJoinWhatLingers(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = siteJoin(site);

    esxLoginsLeave(site->registry, server, HOUR_MS);
    g_assert_true(esxLoginsKnows(site->registry, site->uri));
    g_assert_true(siteJoin(site) == server);

    /* The time of the last one counts. */
    esxLoginsLeave(site->registry, server, SOON_MS);
    cannedAwait(siteCanned(site, 0), "Logout", 1);
    g_assert_cmpuint(site->opens, ==, 1);
}

/* Who joins in time is not logged out when the time is over. */
static void
testJoinedInTimeStays(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = siteUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *server = siteJoin(site);
    EsxServer *marker = siteJoinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    esxLoginsLeave(site->registry, server, SOON_MS);
    g_assert_true(siteJoin(site) == server);
    /* When this one has gone, the thread has looked behind the time of the other. */
    esxLoginsLeave(site->registry, marker, 2 * SOON_MS);
    cannedAwait(siteCanned(site, 1), "Logout", 1);
    cannedAssertLog(siteCanned(site, 0), "Login");
    siteLeave(site, server);
}

/* Who comes while a login is being left gets a new one, at once. */
static void
testJoinBehindALogout(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    EsxServer *server = NULL;

    site->holdsLogout = TRUE;
    esxLoginsLeave(site->registry, siteJoin(site), SOON_MS);
    cannedAwait(siteCanned(site, 0), "Logout", 1);
    g_assert_false(esxLoginsKnows(site->registry, site->uri));
    site->holdsLogout = FALSE;
    server = siteJoin(site);
    g_assert_cmpuint(site->opens, ==, 2);
    siteLeave(site, server);
    cannedOpen(siteCanned(site, 0), "Logout");
}

/* Of too many, those go first whose time comes first. */
static void
testLingeringIsLimited(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(GError) error = NULL;
    guint i;

    for (i = 0; i < LIMIT_LINGERING_LOGINS + 2; i++) {
        g_autofree char *value = g_strdup_printf("%u", i + 1);
        g_autoptr(EsxUri) uri = siteUri("esx", "timeout", value);
        EsxServer *server = siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, &error);

        g_assert_no_error(error);
        esxLoginsLeave(site->registry, server, HOUR_MS);
    }
    cannedAwait(siteCanned(site, 0), "Logout", 1);
    cannedAwait(siteCanned(site, 1), "Logout", 1);
    for (i = 2; i < LIMIT_LINGERING_LOGINS + 2; i++)
        cannedAssertLog(siteCanned(site, i), "Login");
}

/* Joins with a parameter of its own for each @n. */
static EsxServer *
joinNumber(Site *site, guint n, GError **error)
{
    g_autofree char *value = g_strdup_printf("%u", n + 1);
    g_autoptr(EsxUri) uri = siteUri("esx", "timeout", value);

    return siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, error);
}

/* Hosts that answer no logout: so many logins may wait for theirs, then there are no others. */
static void
testUnusedAreLimited(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) refusal = NULL;
    EsxServer *server = NULL;
    guint i;

    site->holdsLogout = TRUE;
    for (i = 0; i < LIMIT_UNUSED_LOGINS; i++) {
        server = joinNumber(site, i, &error);
        g_assert_no_error(error);
        esxLoginsLeave(site->registry, server, HOUR_MS);
    }
    g_assert_null(joinNumber(site, i, &refusal));
    g_assert_error(refusal, VI_ERROR, VI_ERROR_BUSY);
    fixtureAssertPhrase(refusal->message, "are waiting to be closed");
    g_assert_cmpuint(site->opens, ==, LIMIT_UNUSED_LOGINS);

    /* What lingers can be joined. */
    server = joinNumber(site, i - 1, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(site->opens, ==, LIMIT_UNUSED_LOGINS);
    esxLoginsLeave(site->registry, server, HOUR_MS);

    for (i = 0; i < LIMIT_UNUSED_LOGINS; i++)
        cannedOpen(siteCanned(site, i), "Logout");
    esxLoginsFlush(site->registry);
    site->holdsLogout = FALSE;
    server = joinNumber(site, i, &error);
    g_assert_no_error(error);
    siteLeave(site, server);
}

/* Logins that are due at once are logged out at once: one host holds up none of the others. */
static void
testDueLogOutTogether(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(GError) error = NULL;
    guint i;

    site->holdsLogout = TRUE;
    for (i = 0; i < LIMIT_LINGERING_LOGINS + 1; i++)
        esxLoginsLeave(site->registry, joinNumber(site, i, &error), HOUR_MS);
    cannedAwait(siteCanned(site, 0), "Logout", 1);
    /* Meanwhile two more are due. */
    for (; i < LIMIT_LINGERING_LOGINS + 3; i++)
        esxLoginsLeave(site->registry, joinNumber(site, i, &error), HOUR_MS);
    g_assert_no_error(error);
    cannedOpen(siteCanned(site, 0), "Logout");
    cannedAwait(siteCanned(site, 1), "Logout", 1);
    cannedAwait(siteCanned(site, 2), "Logout", 1);
    for (i = 1; i < LIMIT_LINGERING_LOGINS + 3; i++)
        cannedOpen(siteCanned(site, i), "Logout");
}

/* ---- the end --------------------------------------------------------------------------------- */

static void
testFlush(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = siteUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *used = siteJoinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    esxLoginsLeave(site->registry, siteJoin(site), HOUR_MS);
    esxLoginsFlush(site->registry);
    cannedAssertLog(siteCanned(site, 1), "Login Logout");

    /* What is in use stays. It does not linger; nor does what comes later. */
    cannedAssertLog(siteCanned(site, 0), "Login");
    esxLoginsLeave(site->registry, used, HOUR_MS);
    esxLoginsLeave(site->registry, siteJoin(site), HOUR_MS);
    /* Leaving is for a main loop too: the next flush logs out. */
    cannedAssertLog(siteCanned(site, 0), "");
    cannedAssertLog(siteCanned(site, 2), "Login");
    esxLoginsFlush(site->registry);
    cannedAssertLog(siteCanned(site, 0), "Logout");
    cannedAssertLog(siteCanned(site, 2), "Logout");
    g_assert_no_error(error);
}

static void
flush(gpointer data)
{
    esxLoginsFlush(data);
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
        g_autoptr(EsxUri) uri = siteUri("esx", "timeout", values[i]);
        EsxServer *server = siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, &error);

        g_assert_no_error(error);
        esxLoginsLeave(site->registry, server, HOUR_MS);
    }
    crew = crewStart(1, flush, site->registry);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        cannedAwait(siteCanned(site, i), "Logout", 1);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        cannedOpen(siteCanned(site, i), "Logout");
    crewJoin(crew);
}

/* Also what nobody gives back, and once. */
static void
testEnd(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = siteUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *used = siteJoinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    esxLoginsLeave(site->registry, siteJoin(site), HOUR_MS);
    esxLoginsStop(site->registry);
    cannedAssertLog(siteCanned(site, 0), "Login Logout");
    cannedAssertLog(siteCanned(site, 1), "Login Logout");
    esxLoginsLeave(site->registry, used, HOUR_MS);
    esxLoginsStop(site->registry);
    cannedAssertLog(siteCanned(site, 0), "");
}

/* Threads and sessions end; what is in use stays, and may be given back afterwards. */
static void
testExit(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    g_autoptr(EsxUri) other = siteUri("esx", "no_verify", "1");
    g_autoptr(GError) error = NULL;
    EsxServer *server = siteJoin(site);
    EsxServer *second = siteJoinAs(site, other, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    inventoryGoLive(server->inventory);
    esxLoginsStopAtExit(site->registry);
    g_assert_null(inventoryAcquire(server->inventory, 0 /* ttlMs */, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedAssertLog(siteCanned(site, 0), "Login Logout");
    cannedAssertLog(siteCanned(site, 1), "Login Logout");
    siteLeave(site, server);
    siteLeave(site, second);
    cannedAssertLog(siteCanned(site, 0), "");
}

typedef struct {
    Site *site;
    EsxServer *server;
} Leaver;

static void
leave(gpointer data)
{
    Leaver *leaver = data;

    siteLeave(leaver->site, leaver->server);
}

/* One second, of a logout that another thread is at and whose answer does not come. */
static void
testExitAwaitsLogouts(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    Leaver leaver = { .site = site };
    Crew *crew = NULL;
    gint64 begun = 0;

    site->holdsLogout = TRUE;
    leaver.server = siteJoin(site);
    crew = crewStart(1, leave, &leaver);
    cannedAwait(siteCanned(site, 0), "Logout", 1);
    begun = g_get_monotonic_time();
    esxLoginsStopAtExit(site->registry);
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, G_TIME_SPAN_SECOND);
    cannedOpen(siteCanned(site, 0), "Logout");
    crewJoin(crew);

    /* Without one there is nothing to wait for. */
    begun = g_get_monotonic_time();
    esxLoginsStopAtExit(site->registry);
    g_assert_cmpint(g_get_monotonic_time() - begun, <, G_TIME_SPAN_SECOND);
}

static void
exitProcess(gpointer data)
{
    esxLoginsStopAtExit(data);
}

/* A server that keeps its logout waiting keeps no other. */
static void
testExitLogsOutAllAtOnce(void)
{
    g_autoptr(Site) site = siteNew(NULL, NULL);
    const char *values[] = { "1", "2", "3" };
    EsxServer *servers[G_N_ELEMENTS(values)] = { NULL };
    g_autoptr(GError) error = NULL;
    Crew *crew = NULL;
    size_t i;

    site->holdsLogout = TRUE;
    for (i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(EsxUri) uri = siteUri("esx", "timeout", values[i]);

        servers[i] = siteJoinAs(site, uri, USER, FIXTURE_PASSWORD, &error);
        g_assert_no_error(error);
    }
    crew = crewStart(1, exitProcess, site->registry);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        cannedAwait(siteCanned(site, i), "Logout", 1);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        cannedOpen(siteCanned(site, i), "Logout");
    crewJoin(crew);
    for (i = 0; i < G_N_ELEMENTS(values); i++)
        siteLeave(site, servers[i]);
}

static void
testOneForTheProcess(void)
{
    g_assert_nonnull(esxLoginsDefault());
    g_assert_true(esxLoginsDefault() == esxLoginsDefault());
    esxLoginsFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/registry/linger-ends", testLingerEnds);
    g_test_add_func("/registry/join-what-lingers", testJoinWhatLingers);
    g_test_add_func("/registry/joined-in-time-stays", testJoinedInTimeStays);
    g_test_add_func("/registry/join-behind-a-logout", testJoinBehindALogout);
    g_test_add_func("/registry/lingering-is-limited", testLingeringIsLimited);
    g_test_add_func("/registry/unused-are-limited", testUnusedAreLimited);
    g_test_add_func("/registry/due-log-out-together", testDueLogOutTogether);
    g_test_add_func("/registry/flush", testFlush);
    g_test_add_func("/registry/flush-logs-out-all-at-once", testFlushLogsOutAllAtOnce);
    g_test_add_func("/registry/end", testEnd);
    g_test_add_func("/registry/exit", testExit);
    g_test_add_func("/registry/exit-awaits-logouts", testExitAwaitsLogouts);
    g_test_add_func("/registry/exit-logs-out-all-at-once", testExitLogsOutAllAtOnce);
    g_test_add_func("/registry/one-for-the-process", testOneForTheProcess);
    return g_test_run();
}

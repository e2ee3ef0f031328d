/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A connection object at a scripted server. */

#include "esx_connection.h"
#include "connection_fixture.h"

#include "vi_fixture.h"

#define HARDWARE \
    "<returnval><objects><obj type=\"HostSystem\">ha-host</obj>" \
    "<propSet><name>summary.hardware.memorySize</name>" \
    "<val xsi:type=\"xsd:long\">4096</val></propSet>" \
    "</objects></returnval>"

/* A worker that goes on behind its caller: the connection lives until it is done. */
typedef struct {
    EsxConnection *connection;
    gint done;
} Worker;

static gpointer
workOn(gpointer data)
{
    Worker *worker = data;
    g_autoptr(GError) error = NULL;

    g_usleep(100 * 1000);
    g_assert_nonnull(esxServerHardware(worker->connection->server, &error));
    g_assert_no_error(error);
    g_atomic_int_set(&worker->done, 1);
    esxConnectionLeave(worker->connection);
    return NULL;
}

static void
testFreeWaitsForWorkers(void)
{
    g_autoptr(Canned) canned = cannedNew();
    Worker worker = { esxConnectionNew(fixtureLogin(canned), NULL, "esx1", 0), 0 };
    GThread *thread = NULL;

    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    esxConnectionHold(worker.connection);
    thread = g_thread_new("worker", workOn, &worker);
    esxConnectionFree(worker.connection);
    g_assert_cmpint(g_atomic_int_get(&worker.done), ==, 1);
    g_thread_join(thread);
    cannedAssertLog(canned, "RetrievePropertiesEx Logout");
}

static void
noteLeft(EsxServer *server, gpointer opaque)
{
    esxServerFree(server);
    g_atomic_int_set((gint *)opaque, 1);
}

/*
 * A daemon's close waits for no worker, whatever that is waiting for; the last one of them leaves
 * the server.
 */
static void
testFreeInADaemonWaitsForNobody(void)
{
    g_autoptr(Canned) canned = cannedNew();
    gint left = 0;
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL /* scope */, "esx1", 443);
    EsxConnection *connection = esxConnectionJoin(server, noteLeft, &left, "esx1", 0);
    Worker workers[] = { { connection, 0 }, { connection, 0 } };
    GThread *thread = NULL;

    connection->closeMs = 0;
    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    esxConnectionHold(connection);
    esxConnectionHold(connection);
    esxConnectionFree(connection);
    g_assert_cmpint(g_atomic_int_get(&left), ==, 0);

    thread = g_thread_new("worker", workOn, &workers[0]);
    g_thread_join(thread);
    g_assert_cmpint(g_atomic_int_get(&left), ==, 0);
    cannedAssertLog(canned, "RetrievePropertiesEx");
    thread = g_thread_new("worker", workOn, &workers[1]);
    g_thread_join(thread);
    g_assert_cmpint(g_atomic_int_get(&left), ==, 1);
    cannedAssertLog(canned, "Logout");
}

/* A client waits for its workers, but not for good. */
static void
testFreeWaitsALimitedTime(void)
{
    g_autoptr(Canned) canned = cannedNew();
    EsxConnection *connection = esxConnectionNew(fixtureLogin(canned), NULL, "esx1", 0);

    connection->closeMs = 20;
    esxConnectionHold(connection);
    esxConnectionFree(connection);
    cannedAssertLog(canned, "");
    esxConnectionLeave(connection);
    cannedAssertLog(canned, "Logout");
}

/* What a connection that leaves does to the server is the business of who made it. */
static void
noteLeaving(EsxServer *server, gpointer opaque)
{
    GPtrArray *left = opaque;

    g_ptr_array_add(left, server);
}

static void
testTwoShareAServer(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL /* scope */, "esx1", 443);
    EsxConnection *first = esxConnectionJoin(server, noteLeaving, left, "esx1", 0);
    EsxConnection *second = esxConnectionJoin(server, noteLeaving, left, "esx1", 7);

    g_assert_true(first->session == second->session);
    g_assert_true(first->inventory == second->inventory);
    g_assert_true(first->transfer == second->transfer);
    g_assert_true(first->events == second->events);
    g_assert_cmpuint(first->options.cacheTtlMs, ==, 0);
    g_assert_cmpuint(second->options.cacheTtlMs, ==, 7);

    esxConnectionFree(first);
    g_assert_cmpuint(left->len, ==, 1);
    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    g_assert_nonnull(esxServerHardware(second->server, NULL));
    esxConnectionFree(second);
    g_assert_cmpuint(left->len, ==, 2);
    g_assert_true(left->pdata[0] == server && left->pdata[1] == server);
    cannedAssertLog(canned, "RetrievePropertiesEx");
    esxServerFree(server);
    cannedAssertLog(canned, "Logout");
}

/* A guest's verb is on a visit, and nobody else's. */
static void
testGuests(void)
{
    EsxConnection guest = { .isGuest = TRUE };
    EsxConnection own = { 0 };
    PlacesVisit *visit = esxConnectionVisit(&guest);

    g_assert_nonnull(visit);
    placesVisitFree(visit);
    g_assert_null(esxConnectionVisit(&own));
}

static void
testFreeNothing(void)
{
    esxConnectionFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/connection/free-waits-for-workers", testFreeWaitsForWorkers);
    g_test_add_func("/connection/free-in-a-daemon-waits-for-nobody",
                    testFreeInADaemonWaitsForNobody);
    g_test_add_func("/connection/free-waits-a-limited-time", testFreeWaitsALimitedTime);
    g_test_add_func("/connection/two-share-a-server", testTwoShareAServer);
    g_test_add_func("/connection/guests", testGuests);
    g_test_add_func("/connection/free-nothing", testFreeNothing);
    return g_test_run();
}

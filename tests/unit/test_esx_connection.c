/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* A connection object at a scripted server. */

#include "esx_connection.h"

#include "vi_fixture.h"

#define HARDWARE \
    "<returnval><objects><obj type=\"HostSystem\">ha-host</obj>" \
    "<propSet><name>summary.hardware.memorySize</name>" \
    "<val xsi:type=\"xsd:long\">4096</val></propSet>" \
    "</objects></returnval>"

static void
testHardwareIsAskedForOnce(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;
    EsxConnection *connection = esxConnectionNew(fixtureLogin(canned), NULL, "esx1", 0);
    const InventoryHardware *hardware = NULL;

    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    hardware = esxConnectionHardware(connection, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(hardware->memoryBytes, ==, 4096);
    g_assert_true(esxConnectionHardware(connection, &error) == hardware);

    esxConnectionFree(connection);
    cannedAssertLog(canned, "RetrievePropertiesEx Logout");
}

/* A failure is not kept: the next call asks again. */
static void
testHardwareAfterFailure(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;
    EsxConnection *connection = esxConnectionNew(fixtureLogin(canned), NULL, "esx1", 0);

    cannedFault(canned, "RetrievePropertiesEx", "NoPermission", "No.");
    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    g_assert_null(esxConnectionHardware(connection, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    g_clear_error(&error);
    g_assert_nonnull(esxConnectionHardware(connection, &error));
    g_assert_no_error(error);

    esxConnectionFree(connection);
    cannedAssertLog(canned, "RetrievePropertiesEx RetrievePropertiesEx Logout");
}

/* Two threads that ask at the same moment get the same answer. */
static gpointer
askForHardware(gpointer data)
{
    return (gpointer)esxConnectionHardware(data, NULL);
}

static void
testHardwareFromTwoThreads(void)
{
    g_autoptr(Canned) canned = cannedNew();
    EsxConnection *connection = esxConnectionNew(fixtureLogin(canned), NULL, "esx1", 0);
    g_autofree char *bytes = cannedEnvelope("RetrievePropertiesEx", HARDWARE);
    CannedExchange exchange = { .bytes = bytes, .held = TRUE, .always = TRUE };
    GThread *threads[2] = { NULL };
    gconstpointer answers[2] = { NULL };
    size_t i;

    cannedAdd(canned, "RetrievePropertiesEx", &exchange);
    for (i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("asks", askForHardware, connection);
    cannedAwait(canned, "RetrievePropertiesEx", G_N_ELEMENTS(threads));
    cannedOpen(canned, "RetrievePropertiesEx");
    for (i = 0; i < G_N_ELEMENTS(threads); i++)
        answers[i] = g_thread_join(threads[i]);

    g_assert_nonnull(answers[0]);
    g_assert_true(answers[0] == answers[1]);
    esxConnectionFree(connection);
}

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
    g_assert_nonnull(esxConnectionHardware(worker->connection, &error));
    g_assert_no_error(error);
    g_atomic_int_set(&worker->done, 1);
    esxConnectionRelease(worker->connection);
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
testFreeNothing(void)
{
    esxConnectionFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/connection/hardware-once", testHardwareIsAskedForOnce);
    g_test_add_func("/connection/hardware-after-failure", testHardwareAfterFailure);
    g_test_add_func("/connection/hardware-from-two-threads", testHardwareFromTwoThreads);
    g_test_add_func("/connection/free-waits-for-workers", testFreeWaitsForWorkers);
    g_test_add_func("/connection/free-nothing", testFreeNothing);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How many rescans refreshes cost. */

#include "base_limits.h"
#include "connection_fixture.h"
#include "esx_storage_rescan.h"
#include "thread_fixture.h"
#include "vi_fixture.h"

#include <string.h>

#define HOUR_MS (3600 * 1000)
#define CREW 6

static const SoapMoRef first = { "HostStorageSystem", "storage-1" };
static const SoapMoRef second = { "HostStorageSystem", "storage-2" };

static const InventoryAdapter adapter = { .storageSystem = &first, .device = "vmhba65" };

/* A connection whose rescans are good for @ms. */
static EsxConnection *
connectFor(Canned *canned, guint ms)
{
    EsxConnection *connection = esxConnectionNew(fixtureLogin(canned), NULL, "esx1", 0);

    connection->options.rescanIntervalMs = ms;
    return connection;
}

static gint64
inAMinute(void)
{
    return g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
}

static void
rescan(EsxConnection *connection, const InventoryAdapter *which)
{
    g_autoptr(GError) error = NULL;

    g_assert_true(esxRescanAdapter(connection, which, inAMinute(), &error));
    g_assert_no_error(error);
}

/* One within the interval answers, for that adapter of that host alone. */
static void
testInterval(void)
{
    const InventoryAdapter device = { .storageSystem = &first, .device = "vmhba33" };
    const InventoryAdapter host = { .storageSystem = &second, .device = "vmhba65" };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, HOUR_MS);

    cannedReplyAlways(canned, "RescanHba", "");
    rescan(connection, &adapter);
    rescan(connection, &adapter);
    cannedAssertLog(canned, "RescanHba");
    rescan(connection, &device);
    rescan(connection, &host);
    cannedAssertLog(canned, "RescanHba RescanHba");
    g_assert_nonnull(strstr(cannedLast(canned, "RescanHba")->body, "storage-2"));
    rescan(connection, &device);
    rescan(connection, &host);
    rescan(connection, &adapter);
    cannedAssertLog(canned, "");
}

/* With an interval of 0 each refresh has its own. */
static void
testEachTime(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, 0);

    cannedReplyAlways(canned, "RescanHba", "");
    rescan(connection, &adapter);
    rescan(connection, &adapter);
    cannedAssertLog(canned, "RescanHba RescanHba");
}

static void
rescanOnce(gpointer data)
{
    rescan(data, &adapter);
}

/* Those that come while one is under way share it, or with an interval of 0 the next one. */
static void
testTogether(gconstpointer data)
{
    const guint ms = GPOINTER_TO_UINT(data);
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, ms);
    g_autofree char *reply = cannedEnvelope("RescanHba", "");
    Crew *leader = NULL;
    Crew *others = NULL;

    cannedAdd(canned, "RescanHba", &(CannedExchange){ .bytes = reply, .held = TRUE });
    cannedReplyAlways(canned, "RescanHba", "");
    leader = crewStart(1, rescanOnce, connection);
    cannedAwait(canned, "RescanHba", 1);
    others = crewStart(CREW, rescanOnce, connection);
    crewAwaitAsleep(others, CREW);
    cannedOpen(canned, "RescanHba");
    crewJoin(leader);
    crewJoin(others);
    cannedAssertLog(canned, ms > 0 ? "RescanHba" : "RescanHba RescanHba");
}

/* The request has the deadline of the refresh. */
static void
testDeadline(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, 0);
    const gint64 deadline = inAMinute();
    gint64 passed = 0;
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "RescanHba", "");
    g_assert_true(esxRescanAdapter(connection, &adapter, deadline, &error));
    g_assert_no_error(error);
    passed = cannedLast(canned, "RescanHba")->deadline;
    g_assert_cmpint(passed, >=, deadline);
    g_assert_cmpint(passed, <=, inAMinute());
}

/* A rescan that failed answers nobody else. */
static void
testFailure(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, HOUR_MS);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, "RescanHba", "HostConfigFault", "The host is busy.");
    g_assert_false(esxRescanAdapter(connection, &adapter, inAMinute(), &error));
    fixtureAssertPhrase(error->message, "rescan of the adapter 'vmhba65' failed: ");
    cannedReply(canned, "RescanHba", "");
    rescan(connection, &adapter);
    cannedAssertLog(canned, "RescanHba RescanHba");
}

static void
testImpossible(void)
{
    const InventoryAdapter homeless = { .device = "vmhba65" };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, 0);
    g_autoptr(GError) noWay = NULL;
    g_autoptr(GError) late = NULL;

    g_assert_false(esxRescanAdapter(connection, &homeless, inAMinute(), &noWay));
    g_assert_error(noWay, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_false(esxRescanAdapter(connection, &adapter, g_get_monotonic_time(), &late));
    g_assert_error(late, VI_ERROR, VI_ERROR_TIMEOUT);
    cannedAssertLog(canned, "");
}

/* Beyond the ceiling the adapter that was used longest ago is forgotten. */
static void
testCeiling(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connectFor(canned, HOUR_MS);
    guint i;

    cannedReplyAlways(canned, "RescanHba", "");
    for (i = 0; i <= LIMIT_KEPT_ADAPTERS; i++) {
        g_autofree char *device = g_strdup_printf("vmhba%u", i);
        const InventoryAdapter which = { .storageSystem = &first, .device = device };

        rescan(connection, &which);
    }
    g_assert_cmpuint(cannedCount(canned, "RescanHba"), ==, LIMIT_KEPT_ADAPTERS + 1);
    rescan(connection, &(InventoryAdapter){ .storageSystem = &first, .device = "vmhba1" });
    g_assert_cmpuint(cannedCount(canned, "RescanHba"), ==, LIMIT_KEPT_ADAPTERS + 1);
    rescan(connection, &(InventoryAdapter){ .storageSystem = &first, .device = "vmhba0" });
    g_assert_cmpuint(cannedCount(canned, "RescanHba"), ==, LIMIT_KEPT_ADAPTERS + 2);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/rescan/interval", testInterval);
    g_test_add_func("/storage/rescan/each-time", testEachTime);
    g_test_add_data_func("/storage/rescan/together", GUINT_TO_POINTER(HOUR_MS), testTogether);
    g_test_add_data_func("/storage/rescan/together-each-time", GUINT_TO_POINTER(0), testTogether);
    g_test_add_func("/storage/rescan/deadline", testDeadline);
    g_test_add_func("/storage/rescan/failure", testFailure);
    g_test_add_func("/storage/rescan/impossible", testImpossible);
    g_test_add_func("/storage/rescan/ceiling", testCeiling);
    return g_test_run();
}

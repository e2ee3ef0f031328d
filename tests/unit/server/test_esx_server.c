/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What connections share, at a scripted server. */

#include "esx_server.h"

#include "base_limits.h"
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
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL, "esx1", 443);
    const InventoryHardware *hardware = NULL;

    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    hardware = esxServerHardware(server, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(hardware->memoryBytes, ==, 4096);
    g_assert_true(esxServerHardware(server, &error) == hardware);

    esxServerFree(server);
    cannedAssertLog(canned, "RetrievePropertiesEx Logout");
}

/* A failure is not kept: the next call asks again. */
static void
testHardwareAfterFailure(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(GError) error = NULL;
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL, "esx1", 443);

    cannedFault(canned, "RetrievePropertiesEx", "NoPermission", "No.");
    cannedReply(canned, "RetrievePropertiesEx", HARDWARE);
    g_assert_null(esxServerHardware(server, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    g_clear_error(&error);
    g_assert_nonnull(esxServerHardware(server, &error));
    g_assert_no_error(error);

    esxServerFree(server);
    cannedAssertLog(canned, "RetrievePropertiesEx RetrievePropertiesEx Logout");
}

/* What was left out is remembered by listing, so that it is said once; of many listings some. */
static void
testLeftOut(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxServer) server = esxServerNew(fixtureLogin(canned), NULL, "esx1", 443);
    LeftOut out = { 0 };
    guint i;

    esxServerLogLeftOut(server, "the pools", &out);
    g_assert_cmpuint(g_hash_table_size(server->leftOut), ==, 0);
    leftOutAdd(&out, "a pool whose name is too long", "a\nb");
    esxServerLogLeftOut(server, "the pools", &out);
    esxServerLogLeftOut(server, "the pools", &out);
    g_assert_cmpuint(g_hash_table_size(server->leftOut), ==, 1);
    g_assert_cmpstr(g_hash_table_lookup(server->leftOut, "the pools"), ==,
                    "1 omitted, the first one is a pool whose name is too long: 'a b…'");

    for (i = 0; i < 70; i++) {
        g_autofree char *listing = g_strdup_printf("the volumes of pool '%u'", i);

        esxServerLogLeftOut(server, listing, &out);
    }
    g_assert_cmpuint(g_hash_table_size(server->leftOut), <=, LIMIT_LEFT_OUT_LISTINGS);
}

/* ---- what backends keep ---------------------------------------------------------------------- */

typedef struct {
    guint expired;
    const InventoryPool *pool;
} Kept;

static guint freed;

static gpointer
newKept(void)
{
    return g_new0(Kept, 1);
}

static void
freeKept(gpointer state)
{
    freed++;
    g_free(state);
}

static void
expireKept(gpointer state, const InventoryPool *pool)
{
    Kept *kept = state;

    kept->expired++;
    kept->pool = pool;
}

/* Each kind that has asked has one state at a server, and hears of changes that matter to it. */
static void
testStates(void)
{
    static const EsxServerState kinds[] = {
        { newKept, freeKept, expireKept },
        { newKept, freeKept, expireKept },
        { newKept, freeKept, NULL /* expire */ },
    };
    g_autoptr(Canned) canned = cannedNew();
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL, "esx1", 443);
    const InventoryPool pool = { .name = "ds1" };
    Kept *first = NULL;
    Kept *second = NULL;
    Kept *constant = NULL;

    freed = 0;
    esxServerExpire(server, &pool);
    first = esxServerStateOf(server, &kinds[0]);
    esxServerExpire(server, &pool);
    second = esxServerStateOf(server, &kinds[1]);
    constant = esxServerStateOf(server, &kinds[2]);
    g_assert_true(first != second);
    g_assert_true(esxServerStateOf(server, &kinds[0]) == first);
    esxServerExpire(server, &pool);
    g_assert_cmpuint(first->expired, ==, 2);
    g_assert_cmpuint(second->expired, ==, 1);
    g_assert_true(second->pool == &pool);
    g_assert_cmpuint(constant->expired, ==, 0);

    esxServerFree(server);
    g_assert_cmpuint(freed, ==, 3);
}

/* Two threads that ask at the same moment get the same answer. */
static gpointer
askForHardware(gpointer data)
{
    return (gpointer)esxServerHardware(data, NULL);
}

static void
testHardwareFromTwoThreads(void)
{
    g_autoptr(Canned) canned = cannedNew();
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL, "esx1", 443);
    g_autofree char *bytes = cannedEnvelope("RetrievePropertiesEx", HARDWARE);
    CannedExchange exchange = { .bytes = bytes, .held = TRUE, .always = TRUE };
    GThread *threads[2] = { NULL };
    gconstpointer answers[2] = { NULL };
    size_t i;

    cannedAdd(canned, "RetrievePropertiesEx", &exchange);
    for (i = 0; i < G_N_ELEMENTS(threads); i++)
        threads[i] = g_thread_new("asks", askForHardware, server);
    cannedAwait(canned, "RetrievePropertiesEx", G_N_ELEMENTS(threads));
    cannedOpen(canned, "RetrievePropertiesEx");
    for (i = 0; i < G_N_ELEMENTS(threads); i++)
        answers[i] = g_thread_join(threads[i]);

    g_assert_nonnull(answers[0]);
    g_assert_true(answers[0] == answers[1]);
    esxServerFree(server);
}

/* At the end of a process that may not come to free it, and if it does. */
static void
testEnd(void)
{
    g_autoptr(Canned) canned = cannedNew();
    EsxServer *server = esxServerNew(fixtureLogin(canned), NULL, "esx1", 443);

    esxServerStop(server);
    cannedAssertLog(canned, "Logout");
    esxServerFree(server);
    cannedAssertLog(canned, "");
}

/* Whether any of several other hosts is not affected: each may share the entry by chance. */
static gboolean
hasHostApart(void)
{
    static const char *hosts[] = {
        "esx2", "192.0.2.7", "vcenter.example.org", "a-host-with-a-long-name.example.net",
    };
    gboolean found = FALSE;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(Canned) canned = cannedNew();
        EsxServer *server = esxServerNew(fixtureLogin(canned), NULL, hosts[i], 443);

        found |= g_atomic_int_get(server->missed) == 0;
        esxServerFree(server);
    }
    return found;
}

/* Clients choose how many logins there are; what one of them has found out is for all. */
static void
testMissedIsOfTheHost(void)
{
    g_autoptr(Canned) first = cannedNew();
    g_autoptr(Canned) second = cannedNew();
    g_autoptr(Canned) third = cannedNew();
    EsxServer *server = esxServerNew(fixtureLogin(first), NULL, "esx1", 443);
    g_autoptr(EsxServer) same = esxServerNew(fixtureLogin(second), NULL, "ESX1", 443);
    g_autoptr(EsxServer) port = esxServerNew(fixtureLogin(third), NULL, "esx1", 8443);

    g_atomic_int_set(server->missed, 7);
    esxServerFree(server);
    g_assert_cmpint(g_atomic_int_get(same->missed), ==, 7);
    g_assert_true(hasHostApart());
    g_assert_cmpint(g_atomic_int_get(port->missed), ==, 0);
    g_atomic_int_set(same->missed, 0);
}

static void
testFreeNothing(void)
{
    esxServerFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/server/hardware-once", testHardwareIsAskedForOnce);
    g_test_add_func("/server/hardware-after-failure", testHardwareAfterFailure);
    g_test_add_func("/server/missed-is-of-the-host", testMissedIsOfTheHost);
    g_test_add_func("/server/hardware-from-two-threads", testHardwareFromTwoThreads);
    g_test_add_func("/server/end", testEnd);
    g_test_add_func("/server/free-nothing", testFreeNothing);
    g_test_add_func("/esx/server/left-out", testLeftOut);
    g_test_add_func("/esx/server/states", testStates);
    return g_test_run();
}

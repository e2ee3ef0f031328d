/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * One visit to a server (connect, log in, read pools, read them again, search a datastore, leave),
 * with something going wrong at request 1, 2, 3 and so on: the outcome is right or a clean error,
 * nothing leaks, and the next visit over the same session works.
 */

#include "inventory.h"
#include "vi_fixture.h"

#include <string.h>

#include "vi_browser.h"

#define POOLS "iqn.2026-01.org.example:target-0000"

static void
replyAlways(Canned *canned, const char *method, const char *bytes, const char *setCookie)
{
    cannedAdd(canned, method,
              &(CannedExchange){ .bytes = bytes, .setCookie = setCookie, .always = TRUE });
}

/* A server that answers every request of a visit, as often as it is asked. */
static Canned *
healthyServer(void)
{
    Canned *canned = cannedNew();
    g_autofree char *content = cannedData("service-content-8.0.xml");
    g_autofree char *updates = cannedData("updates-same-iqn.xml");
    g_autofree char *login = cannedEnvelope("Login", "");

    replyAlways(canned, "RetrieveServiceContent", content, NULL);
    replyAlways(canned, "Login", login, FIXTURE_SET_COOKIE);
    replyAlways(canned, "WaitForUpdatesEx", updates, NULL);
    cannedReplyAlways(canned, "Logout", "");
    cannedReplyAlways(canned, "CreateFilter", "<returnval type=\"PropertyFilter\">f</returnval>");
    cannedReplyAlways(canned, "DestroyPropertyFilter", "");
    cannedReplyAlways(canned, "SearchDatastoreSubFolders_Task",
                      "<returnval type=\"Task\">t</returnval>");
    cannedReplyAlways(
        canned, "RetrievePropertiesEx",
        "<returnval><objects><obj type=\"Task\">t</obj><propSet><name>info.state</name>"
        "<val xsi:type=\"TaskInfoState\">success</val></propSet>"
        "<propSet><name>info.result</name>"
        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\"></val></propSet></objects>"
        "</returnval>");
    return canned;
}

/* ---- a visit --------------------------------------------------------------------------------- */

/* An error is a sentence that keeps our secrets. Returns: FALSE. */
static gboolean
cleanError(GError *error)
{
    g_assert_nonnull(error);
    g_assert_cmpuint(strlen(error->message), >, 10);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_assert_null(strstr(error->message, FIXTURE_PASSWORD));
    g_assert_null(strstr(error->message, "1f8a3c"));
    g_error_free(error);
    return FALSE;
}

/* What is read is whole, or there is an error. */
static gboolean
readPools(Inventory *inventory)
{
    GError *error = NULL;
    g_autoptr(InventorySnapshot) snapshot = inventoryAcquire(inventory, 0, &error);
    size_t n = 0;

    if (!snapshot)
        return cleanError(error);
    g_assert_no_error(error);
    inventorySnapshotPools(snapshot, &n);
    g_assert_cmpuint(n, ==, 5);
    g_assert_nonnull(inventoryPoolByName(snapshot, POOLS));
    return TRUE;
}

static gboolean
searchOnce(ViSession *session)
{
    SoapMoRef browser = { "HostDatastoreBrowser", "b" };
    GError *error = NULL;
    g_autoptr(ViSearch) found = viBrowserSearchAll(session, &browser, "ds", VI_BROWSER_ALL, NULL,
                                                    &error);

    return found ? TRUE : cleanError(error);
}

static ViSession *
enter(Canned *canned)
{
    GError *error = NULL;
    g_autoptr(ViSession) session = viSessionNew(cannedTransport(canned), &error);

    if (session && viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error))
        return g_steal_pointer(&session);
    cleanError(error);
    return NULL;
}

/* Returns: how many requests it took when nothing went wrong, else 0. */
static guint
visit(Canned *canned)
{
    g_autoptr(ViSession) session = enter(canned);
    g_autoptr(Inventory) inventory = session ? inventoryNew(session, NULL) : NULL;
    gboolean good = FALSE;

    if (!session)
        return 0;
    good = readPools(inventory) && readPools(inventory) && searchOnce(session);
    /* Whatever went wrong: the next time it works. */
    g_assert_true(readPools(inventory));
    g_assert_true(searchOnce(session));
    return good ? cannedCount(canned, "WaitForUpdatesEx") : 0;
}

/* Requests of a visit: content, login, filter, 3 waits, 2 searches with a look each, logout. */
#define REQUESTS 11

static void
testHealthy(void)
{
    g_autoptr(Canned) canned = healthyServer();

    g_assert_cmpuint(visit(canned), ==, 3);
    cannedAssertLog(canned,
                    "RetrieveServiceContent Login CreateFilter WaitForUpdatesEx WaitForUpdatesEx "
                    "SearchDatastoreSubFolders_Task RetrievePropertiesEx WaitForUpdatesEx "
                    "SearchDatastoreSubFolders_Task RetrievePropertiesEx Logout");
}

/* ---- what goes wrong ------------------------------------------------------------------------- */

/* Each request of a visit in turn gets @instead; the last ones are those of the good second half.
 */
static void
spoilEach(const CannedExchange *instead)
{
    guint n;

    for (n = 1; n <= 7; n++) {
        g_autoptr(Canned) canned = healthyServer();

        g_test_message("request %u", n);
        cannedSpoil(canned, n, instead);
        visit(canned);
        /* Whoever got in leaves, once. */
        g_assert_cmpuint(cannedCount(canned, "Logout"), ==, n > 2 ? 1 : 0);
    }
}

static void
testErrors(void)
{
    static const gint codes[] = {
        HTTP_ERROR_RESOLVE, HTTP_ERROR_CONNECT, HTTP_ERROR_TIMEOUT, HTTP_ERROR_TLS,
        HTTP_ERROR_TRUST, HTTP_ERROR_PROTOCOL, HTTP_ERROR_BROKEN, HTTP_ERROR_INVALID,
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++)
        spoilEach(&(CannedExchange){ .domain = HTTP_ERROR, .code = codes[i] });
}

static void
testFaults(void)
{
    static const char *const faults[] = {
        "NotSupported", "NoPermission", "ManagedObjectNotFound", "InvalidCollectorVersion",
        "Unheard",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autofree char *bytes = cannedFaultEnvelope(faults[i], "Words.", NULL);

        spoilEach(&(CannedExchange){ .status = 500, .bytes = bytes });
    }
}

static void
testOddReplies(void)
{
    spoilEach(&(CannedExchange){ .status = 503, .contentType = "text/plain", .bytes = "busy" });
    spoilEach(&(CannedExchange){ .contentType = "text/html", .bytes = "<html></html>" });
    spoilEach(&(CannedExchange){ .status = 302, .contentType = "", .location = "http://x/" });
    spoilEach(&(CannedExchange){ .bytes = "" });
    spoilEach(&(CannedExchange){ .bytes = "no XML" });
    spoilEach(&(CannedExchange){ .bytes = "<a/>" });
    spoilEach(&(CannedExchange){ .bytes = "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>" });
}

/* The session ends at each request after the login: every read works all the same. */
static void
testSessionEnds(void)
{
    g_autofree char *bytes = cannedFaultEnvelope("NotAuthenticated", "", NULL);
    guint n;

    for (n = 3; n < REQUESTS; n++) {
        g_autoptr(Canned) canned = healthyServer();

        cannedSpoil(canned, n, &(CannedExchange){ .status = 500, .bytes = bytes });
        g_test_message("request %u", n);
        g_assert_cmpuint(visit(canned), >, 0);
        g_assert_cmpuint(cannedCount(canned, "Login"), ==, 2);
        g_assert_cmpuint(cannedCount(canned, "Logout"), ==, 1);
    }
}

/* The reply with all the pools ends at each of its tags: what is shown is whole. */
static void
testCutUpdates(void)
{
    g_autofree char *updates = cannedData("updates-same-iqn.xml");
    const char *tag = NULL;
    guint cuts = 0;

    for (tag = strchr(updates, '<'); tag; tag = strchr(tag + 1, '<')) {
        g_autoptr(Canned) canned = healthyServer();

        if (cuts++ % 5 != 0)
            continue;
        cannedCut(canned, 4, (size_t)(tag - updates));
        g_assert_cmpuint(visit(canned), >, 0);
    }
    g_assert_cmpuint(cuts, >, 500);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/torture/healthy", testHealthy);
    g_test_add_func("/inventory/torture/errors", testErrors);
    g_test_add_func("/inventory/torture/faults", testFaults);
    g_test_add_func("/inventory/torture/odd-replies", testOddReplies);
    g_test_add_func("/inventory/torture/session-ends", testSessionEnds);
    g_test_add_func("/inventory/torture/cut-updates", testCutUpdates);
    return g_test_run();
}

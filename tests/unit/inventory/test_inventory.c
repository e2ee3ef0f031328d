/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Keeping the snapshot current: which requests a read costs, and what it shows when they fail. */

#include "inventory_fixture.h"
#include "thread_fixture.h"
#include "vi_fixture.h"

#include <string.h>

#include "base_limits.h"

#define FILTER "CreateFilter"
#define WAIT "WaitForUpdatesEx"
#define DESTROY "DestroyPropertyFilter"

#define DATASTORE(name) ENTER("Datastore", "ds-" name, SUMMARY(name, "VMFS", ""))

#define HOUR_MS (3600 * 1000)

static void
scriptFilter(Canned *canned, const char *name)
{
    g_autofree char *inner = g_strdup_printf("<returnval type=\"PropertyFilter\">%s</returnval>",
                                             name);

    cannedReply(canned, FILTER, inner);
}

static void
scriptUpdates(Canned *canned, const char *version, gboolean truncated, const char *objects)
{
    g_autofree char *bytes = fixtureUpdateEnvelope(version, truncated, objects);

    cannedAdd(canned, WAIT, &(CannedExchange){ .bytes = bytes });
}

static void
scriptNothing(Canned *canned)
{
    cannedReply(canned, WAIT, "");
}

/* Reads the inventory, which must show pools called @names, and returns the snapshot. */
static InventorySnapshot *
readNames(Inventory *inventory, guint ttlMs, const char *names)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) text = g_string_new(NULL);
    InventorySnapshot *snapshot = inventoryAcquire(inventory, ttlMs, &error);
    const InventoryPool *const *pools = NULL;
    size_t n = 0;
    size_t i;

    g_assert_no_error(error);
    pools = inventorySnapshotPools(snapshot, &n);
    for (i = 0; i < n; i++)
        g_string_append_printf(text, "%s%s", i > 0 ? " " : "", pools[i]->name);
    g_assert_cmpstr(text->str, ==, names);
    return snapshot;
}

/* A read that asks the server. */
static void
assertNames(Inventory *inventory, const char *names)
{
    inventorySnapshotUnref(readNames(inventory, 0, names));
}

/* A read that takes what was proven within the last hour. */
static void
assertNamesOfHour(Inventory *inventory, const char *names)
{
    inventorySnapshotUnref(readNames(inventory, HOUR_MS, names));
}

/* The read must fail so; nothing half-read may be left to be seen. */
static void
assertFails(Inventory *inventory, GQuark domain, gint code)
{
    g_autoptr(GError) error = NULL;

    g_assert_null(inventoryAcquire(inventory, 0, &error));
    g_assert_error(error, domain, code);
    fixtureAssertPhrase(error->message, "cannot read the inventory: ");
}

/* An inventory that has shown datastore "a" once and proves on every read. */
static Inventory *
startInventory(Canned *canned, ViSession *session)
{
    Inventory *inventory = inventoryNew(session, NULL);

    scriptFilter(canned, "session[1]filter");
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    cannedAssertLog(canned, FILTER " " WAIT);
    return inventory;
}

/* ---- the budget ------------------------------------------------------------------------------ */

static void
testFirstRead(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    g_assert_nonnull(strstr(cannedLast(canned, WAIT)->body, "<version></version>"));
    g_assert_null(inventoryScope(inventory));
}

#define LOOK "RetrievePropertiesEx"

static void
scriptLook(Canned *canned, const char *name)
{
    g_autofree char *inner = g_strdup_printf(
        "<returnval><objects><obj type=\"Datastore\">ds-a</obj><propSet><name>summary</name>"
        "<val xsi:type=\"DatastoreSummary\"><name>%s</name><capacity>1000</capacity>"
        "<accessible>true</accessible><type>VMFS</type></val></propSet></objects></returnval>",
        name);

    cannedReply(canned, LOOK, inner);
}

/* Who reads but once pays one request; who goes on has a filter made then. */
static void
testBrief(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    inventorySetBrief(inventory);
    scriptLook(canned, "first");
    assertNamesOfHour(inventory, "first");
    assertNamesOfHour(inventory, "first");
    cannedAssertLog(canned, LOOK);

    scriptFilter(canned, "f");
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    scriptNothing(canned);
    assertNames(inventory, "a");
    cannedAssertLog(canned, FILTER " " WAIT " " WAIT);
}

static void
testBriefFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    inventorySetBrief(inventory);
    cannedFault(canned, LOOK, "NoPermission", "No.");
    assertFails(inventory, VI_ERROR, VI_ERROR_NO_PERMISSION);
    scriptLook(canned, "second");
    assertNames(inventory, "second");
}

static void
testWithinTtl(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    scriptFilter(canned, "f");
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    assertNamesOfHour(inventory, "a");
    assertNamesOfHour(inventory, "a");
    assertNamesOfHour(inventory, "a");
    cannedAssertLog(canned, FILTER " " WAIT);
}

/* One question, from where the last answer left off; the same snapshot while nothing changes. */
static void
testUnchanged(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);
    g_autoptr(InventorySnapshot) before = inventoryPeek(inventory);
    g_autoptr(InventorySnapshot) after = NULL;

    scriptNothing(canned);
    after = readNames(inventory, 0, "a");
    cannedAssertLog(canned, WAIT);
    g_assert_true(before == after);
    g_assert_nonnull(strstr(cannedLast(canned, WAIT)->body, "<version>1</version>"));
}

static void
testChanged(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);
    g_autoptr(InventorySnapshot) before = inventoryPeek(inventory);

    scriptUpdates(canned, "2", FALSE, DATASTORE("b"));
    assertNames(inventory, "a b");
    scriptUpdates(canned, "3", FALSE, LEAVE("Datastore", "ds-a"));
    assertNames(inventory, "b");
    scriptUpdates(canned, "4", FALSE, MODIFY("Datastore", "ds-b", SUMMARY("c", "VMFS", "")));
    assertNames(inventory, "c");
    cannedAssertLog(canned, WAIT " " WAIT " " WAIT);
    /* Whoever holds an old snapshot goes on seeing what it showed. */
    g_assert_nonnull(inventoryPoolByName(before, "a"));
}

static void
testExpire(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    g_assert_null(inventoryPeek(inventory));
    scriptFilter(canned, "f");
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    assertNamesOfHour(inventory, "a");
    inventoryExpire(inventory);
    scriptNothing(canned);
    assertNamesOfHour(inventory, "a");
    assertNamesOfHour(inventory, "a");
    cannedAssertLog(canned, FILTER " " WAIT " " WAIT);
}

static void
testTruncated(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    scriptFilter(canned, "f");
    scriptUpdates(canned, "0_1", TRUE, DATASTORE("a"));
    scriptUpdates(canned, "0_2", TRUE, DATASTORE("b"));
    scriptUpdates(canned, "1", FALSE, DATASTORE("c"));
    assertNames(inventory, "a b c");
    cannedAssertLog(canned, FILTER " " WAIT " " WAIT " " WAIT);
    g_assert_nonnull(strstr(cannedLast(canned, WAIT)->body, "<version>0_2</version>"));
}

/* A truncated update that is followed by nothing is whole after all. */
static void
testTruncatedThenNothing(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    scriptFilter(canned, "f");
    scriptUpdates(canned, "0_1", TRUE, DATASTORE("a"));
    scriptNothing(canned);
    assertNames(inventory, "a");
}

/* ---- starting over --------------------------------------------------------------------------- */

/* The server has forgotten the version: everything again, and the old filter goes. */
static void
testVersionForgotten(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    cannedFault(canned, WAIT, "InvalidCollectorVersion", "");
    cannedReply(canned, DESTROY, "");
    scriptFilter(canned, "session[1]second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("b"));
    assertNames(inventory, "b");
    cannedAssertLog(canned, WAIT " " DESTROY " " FILTER " " WAIT);
    g_assert_nonnull(strstr(cannedLast(canned, DESTROY)->body, "session[1]filter"));
    g_assert_nonnull(strstr(cannedLast(canned, WAIT)->body, "<version></version>"));
}

/* A change of a part of what is kept as a whole. */
static void
testPartialUpdate(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    scriptUpdates(canned, "2", FALSE, MODIFY("Datastore", "ds-a", SET("summary.name", TEXT("z"))));
    cannedReply(canned, DESTROY, "");
    scriptFilter(canned, "second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("z"));
    assertNames(inventory, "z");
    cannedAssertLog(canned, WAIT " " DESTROY " " FILTER " " WAIT);
}

/* Objects that died with their session, and only the server knows so. */
static void
testFilterGone(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    cannedFault(canned, WAIT, "ManagedObjectNotFound", "Gone.");
    cannedFault(canned, DESTROY, "ManagedObjectNotFound", "Gone.");
    scriptFilter(canned, "second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    cannedAssertLog(canned, WAIT " " DESTROY " " FILTER " " WAIT);
}

/* The session ends between two reads: one login, a new filter in the new session. */
static void
testSessionEnds(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    fixtureScriptExpired(canned, WAIT);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    scriptFilter(canned, "second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("b"));
    assertNames(inventory, "b");
    cannedAssertLog(canned, WAIT " Login " FILTER " " WAIT);
    g_assert_cmpstr(cannedHeader(cannedLast(canned, FILTER), "Cookie"), ==, FIXTURE_COOKIE_2);
}

/* Another call has renewed it meanwhile: the dead filter is not even asked. */
static void
testSessionRenewedElsewhere(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    g_assert_true(viSessionRenew(session, 1, &error));
    cannedAssertLog(canned, "Login");
    scriptFilter(canned, "second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("b"));
    assertNames(inventory, "b");
    cannedAssertLog(canned, FILTER " " WAIT);
}

/* The session ended before the very first read. */
static void
testSessionEndsAtFirst(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    fixtureScriptExpired(canned, FILTER);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    scriptFilter(canned, "f");
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    cannedAssertLog(canned, FILTER " Login " FILTER " " WAIT);
}

/* The connection breaks in the middle of a set of updates. */
static void
testBroken(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    scriptUpdates(canned, "2_1", TRUE, DATASTORE("b"));
    cannedFail(canned, WAIT, HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedReply(canned, DESTROY, "");
    scriptFilter(canned, "second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("c"));
    assertNames(inventory, "c");
    cannedAssertLog(canned, WAIT " " WAIT " " DESTROY " " FILTER " " WAIT);
}

/* ---- trouble --------------------------------------------------------------------------------- */

/* Broken twice: an error, and what had arrived of the update is never shown. */
static void
testHalfAppliedIsNotShown(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);
    g_autoptr(InventorySnapshot) peeked = NULL;

    scriptUpdates(canned, "2_1", TRUE, LEAVE("Datastore", "ds-a") DATASTORE("b"));
    cannedFail(canned, WAIT, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    assertFails(inventory, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    peeked = inventoryPeek(inventory);
    g_assert_nonnull(inventoryPoolByName(peeked, "a"));
    g_assert_null(inventoryPoolByName(peeked, "b"));
    cannedAssertLog(canned, WAIT " " WAIT);

    /* The next read starts over, and does not leave the old filter behind. */
    cannedReply(canned, DESTROY, "");
    scriptFilter(canned, "second");
    scriptUpdates(canned, "1", FALSE, DATASTORE("c"));
    assertNames(inventory, "c");
    cannedAssertLog(canned, DESTROY " " FILTER " " WAIT);
    g_assert_nonnull(strstr(cannedLast(canned, DESTROY)->body, "session[1]filter"));
}

/* A server that is never done reporting. */
static void
testEndlessUpdates(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);
    g_autofree char *bytes = fixtureUpdateEnvelope("1", TRUE, DATASTORE("a"));

    scriptFilter(canned, "f");
    cannedAdd(canned, WAIT, &(CannedExchange){ .bytes = bytes, .always = TRUE });
    assertFails(inventory, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_cmpuint(cannedCount(canned, WAIT), ==, LIMIT_PAGES);
    g_assert_null(inventoryPeek(inventory));
}

/* A server that reports nothing at all, not even its root folder, has not an empty inventory. */
static void
testNothingAtFirst(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    scriptFilter(canned, "f");
    scriptNothing(canned);
    assertFails(inventory, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_null(inventoryPeek(inventory));
}

/* A host without datastores and adapters is empty, and says so. */
static void
testEmpty(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    scriptFilter(canned, "f");
    scriptUpdates(canned, "1", FALSE, ENTER("HostSystem", "ha-host", ""));
    assertNames(inventory, "");
    scriptNothing(canned);
    assertNames(inventory, "");
}

static void
testNoPermission(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);

    cannedFault(canned, FILTER, "NoPermission", "Permission was denied.");
    assertFails(inventory, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(canned, FILTER);
}

/* The password was changed: no read knocks at the server any more. */
static void
testRefused(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = startInventory(canned, session);

    fixtureScriptExpired(canned, WAIT);
    cannedFault(canned, "Login", "InvalidLogin", "Wrong.");
    assertFails(inventory, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(canned, WAIT " Login");
    assertFails(inventory, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(canned, "");
}

/* ---- many threads ---------------------------------------------------------------------------- */

typedef struct {
    Inventory *inventory;
    guint ttlMs;
    gint failures;      /* atomic */
} Readers;

static void
readOnce(gpointer data)
{
    Readers *readers = data;
    g_autoptr(InventorySnapshot) snapshot =
        inventoryAcquire(readers->inventory, readers->ttlMs, NULL);

    if (!snapshot || !inventoryPoolByName(snapshot, "a"))
        g_atomic_int_inc(&readers->failures);
}

/* Eight threads that come while the first read is under way share it. */
static void
testShared(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);
    g_autofree char *bytes = fixtureUpdateEnvelope("1", FALSE, DATASTORE("a"));
    Readers readers = { .inventory = inventory, .ttlMs = HOUR_MS };
    Crew *crew = NULL;

    scriptFilter(canned, "f");
    cannedAdd(canned, WAIT, &(CannedExchange){ .bytes = bytes, .held = TRUE });
    crew = crewStart(8, readOnce, &readers);
    cannedAwait(canned, WAIT, 1);
    crewAwaitAsleep(crew, 8);
    cannedOpen(canned, WAIT);
    crewJoin(crew);
    g_assert_cmpint(readers.failures, ==, 0);
    cannedAssertLog(canned, FILTER " " WAIT);
}

static void
readMany(gpointer data)
{
    guint i;

    for (i = 0; i < 50; i++)
        readOnce(data);
}

/* The world changes under eight readers. For TSan most of all. */
static void
testStorm(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(Inventory) inventory = inventoryNew(session, NULL);
    Readers readers = { .inventory = inventory };
    guint i;

    cannedReplyAlways(canned, DESTROY, "");
    for (i = 0; i < 20; i++) {
        scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
        scriptUpdates(canned, "2", FALSE, DATASTORE("b"));
        scriptNothing(canned);
        scriptUpdates(canned, "3", FALSE, LEAVE("Datastore", "ds-b"));
        cannedFault(canned, WAIT, "InvalidCollectorVersion", "");
    }
    scriptUpdates(canned, "1", FALSE, DATASTORE("a"));
    cannedReplyAlways(canned, WAIT, "");
    cannedReplyAlways(canned, FILTER, "<returnval type=\"PropertyFilter\">f</returnval>");
    crewJoin(crewStart(8, readMany, &readers));
    g_assert_cmpint(readers.failures, ==, 0);
    g_assert_cmpuint(cannedCount(canned, FILTER), ==, 21);
    g_assert_cmpuint(cannedCount(canned, DESTROY), ==, 20);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/first-read", testFirstRead);
    g_test_add_func("/inventory/brief", testBrief);
    g_test_add_func("/inventory/brief-fails", testBriefFails);
    g_test_add_func("/inventory/within-ttl", testWithinTtl);
    g_test_add_func("/inventory/unchanged", testUnchanged);
    g_test_add_func("/inventory/changed", testChanged);
    g_test_add_func("/inventory/expire", testExpire);
    g_test_add_func("/inventory/truncated", testTruncated);
    g_test_add_func("/inventory/truncated-then-nothing", testTruncatedThenNothing);
    g_test_add_func("/inventory/version-forgotten", testVersionForgotten);
    g_test_add_func("/inventory/partial-update", testPartialUpdate);
    g_test_add_func("/inventory/filter-gone", testFilterGone);
    g_test_add_func("/inventory/session-ends", testSessionEnds);
    g_test_add_func("/inventory/session-renewed-elsewhere", testSessionRenewedElsewhere);
    g_test_add_func("/inventory/session-ends-at-first", testSessionEndsAtFirst);
    g_test_add_func("/inventory/broken", testBroken);
    g_test_add_func("/inventory/half-applied-is-not-shown", testHalfAppliedIsNotShown);
    g_test_add_func("/inventory/endless-updates", testEndlessUpdates);
    g_test_add_func("/inventory/nothing-at-first", testNothingAtFirst);
    g_test_add_func("/inventory/empty", testEmpty);
    g_test_add_func("/inventory/no-permission", testNoPermission);
    g_test_add_func("/inventory/refused", testRefused);
    g_test_add_func("/inventory/shared", testShared);
    g_test_add_func("/inventory/storm", testStorm);
    return g_test_run();
}

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
testFirstRead(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    g_assert_nonnull(strstr(cannedLast(f->canned, WAIT)->body, "<version></version>"));
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
testBrief(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    inventorySetBrief(inventory);
    scriptLook(f->canned, "first");
    assertNamesOfHour(inventory, "first");
    assertNamesOfHour(inventory, "first");
    cannedAssertLog(f->canned, LOOK);

    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    scriptNothing(f->canned);
    assertNames(inventory, "a");
    cannedAssertLog(f->canned, FILTER " " WAIT " " WAIT);
}

static void
testBriefFails(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    inventorySetBrief(inventory);
    cannedFault(f->canned, LOOK, "NoPermission", "No.");
    assertFails(inventory, VI_ERROR, VI_ERROR_NO_PERMISSION);
    scriptLook(f->canned, "second");
    assertNames(inventory, "second");
}

static void
testWithinTtl(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
    assertNamesOfHour(inventory, "a");
    assertNamesOfHour(inventory, "a");
    assertNamesOfHour(inventory, "a");
    cannedAssertLog(f->canned, FILTER " " WAIT);
}

/* One question, from where the last answer left off; the same snapshot while nothing changes. */
static void
testUnchanged(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);
    g_autoptr(InventorySnapshot) before = inventoryPeek(inventory);
    g_autoptr(InventorySnapshot) after = NULL;

    scriptNothing(f->canned);
    after = readNames(inventory, 0, "a");
    cannedAssertLog(f->canned, WAIT);
    g_assert_true(before == after);
    g_assert_nonnull(strstr(cannedLast(f->canned, WAIT)->body, "<version>1</version>"));
}

static void
testChanged(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);
    g_autoptr(InventorySnapshot) before = inventoryPeek(inventory);

    scriptUpdates(f->canned, "2", FALSE, DATASTORE("b"));
    assertNames(inventory, "a b");
    scriptUpdates(f->canned, "3", FALSE, LEAVE("Datastore", "ds-a"));
    assertNames(inventory, "b");
    scriptUpdates(f->canned, "4", FALSE, MODIFY("Datastore", "ds-b", SUMMARY("c", "VMFS", "")));
    assertNames(inventory, "c");
    cannedAssertLog(f->canned, WAIT " " WAIT " " WAIT);
    /* Whoever holds an old snapshot goes on seeing what it showed. */
    g_assert_nonnull(inventoryPoolByName(before, "a"));
}

static void
testExpire(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    g_assert_null(inventoryPeek(inventory));
    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
    assertNamesOfHour(inventory, "a");
    inventoryExpire(inventory);
    scriptNothing(f->canned);
    assertNamesOfHour(inventory, "a");
    assertNamesOfHour(inventory, "a");
    cannedAssertLog(f->canned, FILTER " " WAIT " " WAIT);
}

static void
testTruncated(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "0_1", TRUE, DATASTORE("a"));
    scriptUpdates(f->canned, "0_2", TRUE, DATASTORE("b"));
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("c"));
    assertNames(inventory, "a b c");
    cannedAssertLog(f->canned, FILTER " " WAIT " " WAIT " " WAIT);
    g_assert_nonnull(strstr(cannedLast(f->canned, WAIT)->body, "<version>0_2</version>"));
}

/* A truncated update that is followed by nothing is whole after all. */
static void
testTruncatedThenNothing(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "0_1", TRUE, DATASTORE("a"));
    scriptNothing(f->canned);
    assertNames(inventory, "a");
}

/* ---- starting over --------------------------------------------------------------------------- */

/* The server has forgotten the version: everything again, and the old filter goes. */
static void
testVersionForgotten(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    cannedFault(f->canned, WAIT, "InvalidCollectorVersion", "");
    cannedReply(f->canned, DESTROY, "");
    scriptFilter(f->canned, "session[1]second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("b"));
    assertNames(inventory, "b");
    cannedAssertLog(f->canned, WAIT " " DESTROY " " FILTER " " WAIT);
    g_assert_nonnull(strstr(cannedLast(f->canned, DESTROY)->body, "session[1]filter"));
    g_assert_nonnull(strstr(cannedLast(f->canned, WAIT)->body, "<version></version>"));
}

/* A change of a part of what is kept as a whole. */
static void
testPartialUpdate(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    scriptUpdates(f->canned, "2", FALSE,
                  MODIFY("Datastore", "ds-a", SET("summary.name", TEXT("z"))));
    cannedReply(f->canned, DESTROY, "");
    scriptFilter(f->canned, "second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("z"));
    assertNames(inventory, "z");
    cannedAssertLog(f->canned, WAIT " " DESTROY " " FILTER " " WAIT);
}

/* Objects that died with their session, and only the server knows so. */
static void
testFilterGone(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    cannedFault(f->canned, WAIT, "ManagedObjectNotFound", "Gone.");
    cannedFault(f->canned, DESTROY, "ManagedObjectNotFound", "Gone.");
    scriptFilter(f->canned, "second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    cannedAssertLog(f->canned, WAIT " " DESTROY " " FILTER " " WAIT);
}

/* The session ends between two reads: one login, a new filter in the new session. */
static void
testSessionEnds(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    fixtureScriptExpired(f->canned, WAIT);
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    scriptFilter(f->canned, "second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("b"));
    assertNames(inventory, "b");
    cannedAssertLog(f->canned, WAIT " Login " FILTER " " WAIT);
    g_assert_cmpstr(cannedHeader(cannedLast(f->canned, FILTER), "Cookie"), ==, FIXTURE_COOKIE_2);
}

/* Another call has renewed it meanwhile: the dead filter is not even asked. */
static void
testSessionRenewedElsewhere(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    g_assert_true(viSessionRenew(f->session, 1, &error));
    cannedAssertLog(f->canned, "Login");
    scriptFilter(f->canned, "second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("b"));
    assertNames(inventory, "b");
    cannedAssertLog(f->canned, FILTER " " WAIT);
}

/* The session ended before the very first read. */
static void
testSessionEndsAtFirst(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    fixtureScriptExpired(f->canned, FILTER);
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
    assertNames(inventory, "a");
    cannedAssertLog(f->canned, FILTER " Login " FILTER " " WAIT);
}

/* The connection breaks in the middle of a set of updates. */
static void
testBroken(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    scriptUpdates(f->canned, "2_1", TRUE, DATASTORE("b"));
    cannedFail(f->canned, WAIT, HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedReply(f->canned, DESTROY, "");
    scriptFilter(f->canned, "second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("c"));
    assertNames(inventory, "c");
    cannedAssertLog(f->canned, WAIT " " WAIT " " DESTROY " " FILTER " " WAIT);
}

/* ---- trouble --------------------------------------------------------------------------------- */

/* Broken twice: an error, and what had arrived of the update is never shown. */
static void
testHalfAppliedIsNotShown(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);
    g_autoptr(InventorySnapshot) peeked = NULL;

    scriptUpdates(f->canned, "2_1", TRUE, LEAVE("Datastore", "ds-a") DATASTORE("b"));
    cannedFail(f->canned, WAIT, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    assertFails(inventory, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    peeked = inventoryPeek(inventory);
    g_assert_nonnull(inventoryPoolByName(peeked, "a"));
    g_assert_null(inventoryPoolByName(peeked, "b"));
    cannedAssertLog(f->canned, WAIT " " WAIT);

    /* The next read starts over, and does not leave the old filter behind. */
    cannedReply(f->canned, DESTROY, "");
    scriptFilter(f->canned, "second");
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("c"));
    assertNames(inventory, "c");
    cannedAssertLog(f->canned, DESTROY " " FILTER " " WAIT);
    g_assert_nonnull(strstr(cannedLast(f->canned, DESTROY)->body, "session[1]filter"));
}

/* A server that is never done reporting. */
static void
testEndlessUpdates(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);
    g_autofree char *bytes = fixtureUpdateEnvelope("1", TRUE, DATASTORE("a"));

    scriptFilter(f->canned, "f");
    cannedAdd(f->canned, WAIT, &(CannedExchange){ .bytes = bytes, .always = TRUE });
    assertFails(inventory, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_cmpuint(cannedCount(f->canned, WAIT), ==, LIMIT_PAGES);
    g_assert_null(inventoryPeek(inventory));
}

/* A server that reports nothing at all, not even its root folder, has not an empty inventory. */
static void
testNothingAtFirst(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    scriptFilter(f->canned, "f");
    scriptNothing(f->canned);
    assertFails(inventory, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_null(inventoryPeek(inventory));
}

/* A host without datastores and adapters is empty, and says so. */
static void
testEmpty(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    scriptFilter(f->canned, "f");
    scriptUpdates(f->canned, "1", FALSE, ENTER("HostSystem", "ha-host", ""));
    assertNames(inventory, "");
    scriptNothing(f->canned);
    assertNames(inventory, "");
}

static void
testNoPermission(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);

    cannedFault(f->canned, FILTER, "NoPermission", "Permission was denied.");
    assertFails(inventory, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(f->canned, FILTER);
}

/* The password was changed: no read knocks at the server any more. */
static void
testRefused(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = startInventory(f->canned, f->session);

    fixtureScriptExpired(f->canned, WAIT);
    cannedFault(f->canned, "Login", "InvalidLogin", "Wrong.");
    assertFails(inventory, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(f->canned, WAIT " Login");
    assertFails(inventory, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(f->canned, "");
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
testShared(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);
    g_autofree char *bytes = fixtureUpdateEnvelope("1", FALSE, DATASTORE("a"));
    Readers readers = { .inventory = inventory, .ttlMs = HOUR_MS };
    Crew *crew = NULL;

    scriptFilter(f->canned, "f");
    cannedAdd(f->canned, WAIT, &(CannedExchange){ .bytes = bytes, .held = TRUE });
    crew = crewStart(8, readOnce, &readers);
    cannedAwait(f->canned, WAIT, 1);
    crewAwaitAsleep(crew, 8);
    cannedOpen(f->canned, WAIT);
    crewJoin(crew);
    g_assert_cmpint(readers.failures, ==, 0);
    cannedAssertLog(f->canned, FILTER " " WAIT);
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
testStorm(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(Inventory) inventory = inventoryNew(f->session, NULL);
    Readers readers = { .inventory = inventory };
    guint i;

    cannedReplyAlways(f->canned, DESTROY, "");
    for (i = 0; i < 20; i++) {
        scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
        scriptUpdates(f->canned, "2", FALSE, DATASTORE("b"));
        scriptNothing(f->canned);
        scriptUpdates(f->canned, "3", FALSE, LEAVE("Datastore", "ds-b"));
        cannedFault(f->canned, WAIT, "InvalidCollectorVersion", "");
    }
    scriptUpdates(f->canned, "1", FALSE, DATASTORE("a"));
    cannedReplyAlways(f->canned, WAIT, "");
    cannedReplyAlways(f->canned, FILTER, "<returnval type=\"PropertyFilter\">f</returnval>");
    crewJoin(crewStart(8, readMany, &readers));
    g_assert_cmpint(readers.failures, ==, 0);
    g_assert_cmpuint(cannedCount(f->canned, FILTER), ==, 21);
    g_assert_cmpuint(cannedCount(f->canned, DESTROY), ==, 20);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixtureAdd("/inventory/first-read", testFirstRead);
    fixtureAdd("/inventory/brief", testBrief);
    fixtureAdd("/inventory/brief-fails", testBriefFails);
    fixtureAdd("/inventory/within-ttl", testWithinTtl);
    fixtureAdd("/inventory/unchanged", testUnchanged);
    fixtureAdd("/inventory/changed", testChanged);
    fixtureAdd("/inventory/expire", testExpire);
    fixtureAdd("/inventory/truncated", testTruncated);
    fixtureAdd("/inventory/truncated-then-nothing", testTruncatedThenNothing);
    fixtureAdd("/inventory/version-forgotten", testVersionForgotten);
    fixtureAdd("/inventory/partial-update", testPartialUpdate);
    fixtureAdd("/inventory/filter-gone", testFilterGone);
    fixtureAdd("/inventory/session-ends", testSessionEnds);
    fixtureAdd("/inventory/session-renewed-elsewhere", testSessionRenewedElsewhere);
    fixtureAdd("/inventory/session-ends-at-first", testSessionEndsAtFirst);
    fixtureAdd("/inventory/broken", testBroken);
    fixtureAdd("/inventory/half-applied-is-not-shown", testHalfAppliedIsNotShown);
    fixtureAdd("/inventory/endless-updates", testEndlessUpdates);
    fixtureAdd("/inventory/nothing-at-first", testNothingAtFirst);
    fixtureAdd("/inventory/empty", testEmpty);
    fixtureAdd("/inventory/no-permission", testNoPermission);
    fixtureAdd("/inventory/refused", testRefused);
    fixtureAdd("/inventory/shared", testShared);
    fixtureAdd("/inventory/storm", testStorm);
    return g_test_run();
}

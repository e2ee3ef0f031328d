/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Snapshots that follow one another: each is what a whole build would be, whatever has happened;
 * they share what has not changed; and what they replaced is freed.
 */

#include <malloc.h>

#include "inventory_diff.h"
#include "inventory_fixture.h"
#include "random_world.h"
#include "slow_diff.h"

/* ---- anything may happen --------------------------------------------------------------------- */

/* A snapshot that somebody holds, and what it showed when it was new. */
typedef struct {
    InventorySnapshot *snapshot;
    char *text;
} Held;

static void
heldRelease(Held *held)
{
    g_autofree char *text = held->snapshot ? slowDescribe(held->snapshot) : NULL;

    g_assert_cmpstr(text, ==, held->text);
    g_clear_pointer(&held->snapshot, inventorySnapshotUnref);
    g_clear_pointer(&held->text, g_free);
}

/* How many pools of @now are not those of @before, by address. */
static guint
countOthers(const InventorySnapshot *before, const InventorySnapshot *now)
{
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(now, &n);
    guint others = 0;
    size_t i;

    for (i = 0; i < n; i++)
        others += inventoryPoolByName(before, pools[i]->name) == pools[i] ? 0 : 1;
    return others;
}

/* The snapshots of one world, one after the other. */
typedef struct {
    RandomWorld *world;
    InventoryStore *store;
    const InventoryScope *scope;
    GHashTable *told;       /* see slow_diff.h */
    InventorySnapshot *now;
    Held held[7];           /* some older ones */
    guint small;            /* changes that only a few pools were built for */
} Run;

static void
runStep(Run *run, guint step)
{
    Held *held = &run->held[step % G_N_ELEMENTS(run->held)];
    g_autoptr(InventorySnapshot) before = run->now;
    g_autoptr(InventorySnapshot) whole = NULL;
    g_autoptr(GString) fast = g_string_new(NULL);
    g_autofree char *slow = NULL;
    g_autofree char *expected = NULL;
    gboolean small = FALSE;
    g_autofree char *objects = randomWorldChange(run->world, &small);

    fixtureApply(run->store, objects);
    whole = inventorySnapshotBuild(run->store, run->scope, NULL /* error */);
    run->now = inventorySnapshotUpdate(before, run->store, run->scope, NULL /* error */);
    run->small += small && before != run->now && countOthers(before, run->now) <= 3 ? 1 : 0;

    heldRelease(held);
    held->snapshot = inventorySnapshotRef(run->now);
    held->text = slowDescribe(run->now);
    expected = slowDescribe(whole);
    g_assert_cmpstr(held->text, ==, expected);

    inventoryDiff(before, run->now, slowNote, fast);
    slow = slowDiff(before, whole, run->told);
    g_assert_cmpstr(fast->str, ==, slow);
}

/* Returns: how many changes only a few pools were built for. */
static guint
runWorld(guint32 seed, const InventoryScope *scope, guint steps)
{
    g_autoptr(RandomWorld) world = randomWorldNew(seed);
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(GHashTable) told = NULL;
    g_autofree char *objects = randomWorldEnter(world);
    Run run = { .world = world, .store = store, .scope = scope };
    guint i;

    fixtureApply(store, objects);
    run.now = inventorySnapshotUpdate(NULL, store, scope, NULL /* error */);
    told = run.told = slowReportedNew(run.now);
    for (i = 0; i < steps; i++)
        runStep(&run, i);
    inventorySnapshotUnref(run.now);
    for (i = 0; i < G_N_ELEMENTS(run.held); i++)
        heldRelease(&run.held[i]);
    return run.small;
}

static void
testRandom(void)
{
    SoapMoRef host = { "HostSystem", "h0" };
    SoapMoRef datacenter = { "Datacenter", "dc1" };
    char path[] = "F/DC";
    const InventoryScope ofHost = { .host = &host };
    const InventoryScope ofDatacenter = { .host = &host, .datacenter = &datacenter,
                                          .datacenterPath = path };
    guint32 seed = (guint32)g_test_rand_int();
    guint small = 0;
    guint i;

    for (i = 0; i < 4; i++) {
        g_test_message("seed %u", seed + 3 * i);
        small += runWorld(seed + 3 * i, NULL, 150);
        small += runWorld(seed + 3 * i + 1, &ofHost, 100);
        small += runWorld(seed + 3 * i + 2, &ofDatacenter, 50);
    }
    /* A quarter, mostly: the others change nothing, rename, or more than that. */
    g_assert_cmpuint(small, >, 4 * 300 / 10);
}

/* ---- what is shared -------------------------------------------------------------------------- */

#define THREE \
    VMFS("d1", "a", MOUNTS(MOUNT("h", IN("path", "/1")))) VMFS("d2", "b", "") VMFS("d3", "c", "")

/* What changes one property of a datastore makes one pool anew, what is more makes all. */
static void
testShares(void)
{
    static const struct {
        const char *objects;
        guint others;
    } cases[] = {
        { "", 0 },
        { MODIFY("Datastore", "d1", SUMMARY("a", "NFS", "")), 1 },
        { MODIFY("Datastore", "d1", MOUNTS(MOUNT("h", IN("path", "/1") IN("accessible", "0")))),
          1 },
        { MODIFY("Datastore", "d2", SET("browser", REF("HostDatastoreBrowser", "x")))
          MODIFY("Datastore", "d3", UNSET("info")) MODIFY("Datastore", "d2", UNSET("info")), 2 },
        { ENTER("Datastore", "d3", SUMMARY("c", "VMFS", "")), 1 },
        { LEAVE("Datastore", "d9"), 0 },
        { MODIFY("Datastore", "d1", SUMMARY("A", "VMFS", "")), 3 },
        { MODIFY("Datastore", "d1", MOUNTS(MOUNT("h", IN("path", "/2")))), 3 },
        { MODIFY("Datastore", "d1", UNSET("host")), 3 },
        { MODIFY("Datastore", "d2", UNSET("summary")), 3 },
        { LEAVE("Datastore", "d3"), 2 },
        { VMFS("d4", "d", ""), 4 },
        { MODIFY("Folder", "f", SET("name", TEXT("f"))), 3 },
        { ENTER("HostSystem", "h", ""), 3 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
        g_autoptr(InventorySnapshot) before = NULL;
        g_autoptr(InventorySnapshot) now = NULL;

        fixtureApply(store, THREE);
        before = inventorySnapshotUpdate(NULL, store, NULL, NULL /* error */);
        fixtureApply(store, cases[i].objects);
        now = inventorySnapshotUpdate(before, store, NULL, NULL /* error */);
        g_test_message("case %zu", i);
        g_assert_cmpuint(countOthers(before, now), ==, cases[i].others);
        g_assert_cmpint(before == now, ==, cases[i].others == 0);
    }
}

/* One built with all others, and one that replaced it: each is whole without a snapshot. */
static void
testPoolOutlivesSnapshot(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    InventorySnapshot *before = NULL;
    InventorySnapshot *now = NULL;
    const InventoryPool *pools[3] = { NULL };
    size_t i;

    fixtureApply(store, THREE);
    before = inventorySnapshotUpdate(NULL, store, NULL, NULL /* error */);
    fixtureApply(store, MODIFY("Datastore", "d1", SUMMARY("a", "NFS", "")));
    now = inventorySnapshotUpdate(before, store, NULL, NULL /* error */);
    g_assert_cmpuint(countOthers(before, now), ==, 1);

    pools[0] = inventoryPoolRef(fixturePool(before, "a"));
    pools[1] = inventoryPoolRef(fixturePool(now, "a"));
    pools[2] = inventoryPoolRef(pools[1]);
    g_assert_true(pools[0] != pools[1]);
    inventorySnapshotUnref(before);
    inventorySnapshotUnref(now);
    inventoryPoolUnref(pools[2]);

    g_assert_cmpstr(pools[0]->datastore->fsType, ==, "VMFS");
    g_assert_cmpstr(pools[1]->datastore->fsType, ==, "NFS");
    for (i = 0; i < 2; i++) {
        g_assert_cmpstr(pools[i]->name, ==, "a");
        g_assert_cmpstr(pools[i]->datastore->name, ==, "a");
        g_assert_cmpstr(pools[i]->datastore->ref->value, ==, "d1");
        g_assert_nonnull(pools[i]->kind);
        inventoryPoolUnref(pools[i]);
    }
    inventoryPoolUnref(NULL);
}

/* From a snapshot that is not the last of this store everything is built. */
static void
testFollowsOnlyTheLast(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(InventoryStore) other = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(InventorySnapshot) first = NULL;
    g_autoptr(InventorySnapshot) second = NULL;
    g_autoptr(InventorySnapshot) third = NULL;
    g_autoptr(InventorySnapshot) built = NULL;
    g_autoptr(InventorySnapshot) fourth = NULL;
    g_autoptr(InventorySnapshot) foreign = NULL;

    fixtureApply(store, THREE);
    first = inventorySnapshotUpdate(NULL, store, NULL, NULL /* error */);
    fixtureApply(store, MODIFY("Datastore", "d1", SUMMARY("a", "NFS", "")));
    second = inventorySnapshotUpdate(first, store, NULL, NULL /* error */);
    g_assert_cmpuint(countOthers(first, second), ==, 1);

    third = inventorySnapshotUpdate(first, store, NULL, NULL /* error */);
    g_assert_cmpuint(countOthers(first, third), ==, 3);
    g_assert_cmpstr(fixturePool(third, "a")->datastore->fsType, ==, "NFS");

    built = inventorySnapshotBuild(store, NULL, NULL /* error */);
    fourth = inventorySnapshotUpdate(built, store, NULL, NULL /* error */);
    g_assert_cmpuint(countOthers(built, fourth), ==, 3);

    fixtureApply(other, VMFS("d1", "a", ""));
    foreign = inventorySnapshotUpdate(fourth, other, NULL, NULL /* error */);
    g_assert_null(inventoryPoolByName(foreign, "b"));
}

#define AVAILABLE(available) \
    MODIFY("Datastore", "d1", SET("summary", STRUCT("DatastoreSummary", IN("name", "a") \
        IN("capacity", "1000") IN("url", "u") IN("freeSpace", available) \
        IN("accessible", "true") IN("type", "VMFS"))))

/* Steps below 1 % count together, over whole builds as well. */
static void
testCreep(void)
{
    static const struct {
        const char *objects;
        const char *told;
    } steps[] = {
        { AVAILABLE("404"), "" },
        { AVAILABLE("408"), "" },
        { VMFS("d5", "z", ""), "0 z " },
        { AVAILABLE("412"), "4 a " },
        { AVAILABLE("404"), "" },
        { LEAVE("Datastore", "d5"), "1 z " },
        { AVAILABLE("401"), "4 a " },
        { AVAILABLE("391"), "" },
        { AVAILABLE("411"), "" },
        { AVAILABLE("412"), "4 a " },
    };
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    InventorySnapshot *before = NULL;
    size_t i;

    fixtureApply(store, ENTER("Datastore", "d1", "") VMFS("d2", "b", "") AVAILABLE("400"));
    before = inventorySnapshotUpdate(NULL, store, NULL, NULL /* error */);
    for (i = 0; i < G_N_ELEMENTS(steps); i++) {
        InventorySnapshot *now = NULL;
        g_autoptr(GString) told = g_string_new(NULL);
        g_auto(GStrv) lines = NULL;
        size_t j;

        fixtureApply(store, steps[i].objects);
        now = inventorySnapshotUpdate(before, store, NULL, NULL /* error */);
        inventoryDiff(before, now, slowNote, told);
        lines = g_strsplit(told->str, "\n", -1);
        g_string_truncate(told, 0);
        for (j = 0; lines[j] && *lines[j]; j++)
            g_string_append_len(told, lines[j], 4);
        g_assert_cmpstr(told->str, ==, steps[i].told);
        inventorySnapshotUnref(before);
        before = now;
    }
    inventorySnapshotUnref(before);
}

/* ---- memory ---------------------------------------------------------------------------------- */

#define RESIZED(value, name) \
    MODIFY("Datastore", value, SET("summary", STRUCT("DatastoreSummary", IN("name", name) \
        IN("capacity", "1000000") IN("freeSpace", "%u") IN("accessible", "true"))))

/* Datastore @i of fifty has @available bytes; now and then, one after the other, two of them. */
static InventorySnapshot *
resize(InventorySnapshot *before, InventoryStore *store, guint i, guint available)
{
    g_autofree char *one = g_strdup_printf(RESIZED("d%u", "n%u"), i % 50, i % 50, available);
    g_autofree char *two = g_strdup_printf(RESIZED("d%u", "n%u"), (i + 7) % 50, (i + 7) % 50,
                                           available);
    g_autofree char *both = i % 5 == 0 ? g_strconcat(one, two, NULL) : NULL;

    fixtureApply(store, both ? both : one);
    return inventorySnapshotUpdate(before, store, NULL, NULL /* error */);
}

static InventorySnapshot *
fifty(InventoryStore *store)
{
    g_autoptr(GString) objects = g_string_new(NULL);
    guint i;

    for (i = 0; i < 50; i++)
        g_string_append_printf(objects, VMFS("d%u", "n%u", ""), i, i, i);
    fixtureApply(store, objects->str);
    return inventorySnapshotUpdate(NULL, store, NULL, NULL /* error */);
}

/* What pools of old replaced is freed as soon as nobody shows it: memory stays where it was. */
static void
testMemory(void)
{
    const guint rounds = 100000;
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    InventorySnapshot *held[5] = { NULL };
    InventorySnapshot *now = fifty(store);
    g_autoptr(InventorySnapshot) oldest = inventorySnapshotRef(now);
    size_t settled = 0;
    size_t n = 0;
    guint i;

    for (i = 0; i < rounds; i++) {
        InventorySnapshot *next = resize(now, store, i, i);
        const guint slot = i % G_N_ELEMENTS(held);

        inventorySnapshotUnref(held[slot]);
        held[slot] = now;
        now = next;
        if (i % 100 == 0)
            inventorySnapshotPools(now, &n);
        if (i == rounds / 10)
            settled = mallinfo2().uordblks;
    }
    g_assert_cmpuint(fixturePool(now, "n49")->available, ==, rounds - 1);
    g_assert_cmpuint(fixturePool(oldest, "n49")->available, ==, 400);
    g_assert_cmpuint(mallinfo2().uordblks, <, settled + 64 * 1024);

    for (i = 0; i < G_N_ELEMENTS(held); i++)
        inventorySnapshotUnref(held[i]);
    inventorySnapshotUnref(now);
}

/* ---- threads --------------------------------------------------------------------------------- */

typedef struct {
    GMutex lock;
    InventorySnapshot *now;
    gboolean over;
} Published;

/* Returns: (transfer full): the snapshot of the moment; NULL: that was the last. */
static InventorySnapshot *
takeNow(Published *published)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&published->lock);

    return published->over ? NULL : inventorySnapshotRef(published->now);
}

static gpointer
readAll(gpointer data)
{
    InventorySnapshot *before = takeNow(data);
    InventorySnapshot *now = NULL;

    while ((now = takeNow(data))) {
        size_t n = 0;
        const InventoryPool *const *pools = inventorySnapshotPools(now, &n);

        g_assert_cmpuint(n, ==, 50);
        g_assert_true(inventoryPoolByUuid(now, pools[n - 1]->uuid) == pools[n - 1]);
        g_assert_cmpuint(countOthers(before, now), <=, 50);
        inventorySnapshotUnref(before);
        before = now;
    }
    inventorySnapshotUnref(before);
    return NULL;
}

/* Readers take, compare and give back what another thread goes on changing. */
static void
testThreads(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    Published published = { .now = fifty(store) };
    GThread *readers[3] = { NULL };
    guint i;

    g_mutex_init(&published.lock);
    for (i = 0; i < G_N_ELEMENTS(readers); i++)
        readers[i] = g_thread_new("reader", readAll, &published);
    for (i = 0; i < 3000; i++) {
        InventorySnapshot *before = published.now;
        InventorySnapshot *now = resize(before, store, i, i);

        g_mutex_lock(&published.lock);
        published.now = now;
        published.over = i == 2999;
        g_mutex_unlock(&published.lock);
        inventorySnapshotUnref(before);
    }
    for (i = 0; i < G_N_ELEMENTS(readers); i++)
        g_thread_join(readers[i]);
    inventorySnapshotUnref(published.now);
    g_mutex_clear(&published.lock);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/update/random", testRandom);
    g_test_add_func("/inventory/update/shares", testShares);
    g_test_add_func("/inventory/update/pool-outlives-snapshot", testPoolOutlivesSnapshot);
    g_test_add_func("/inventory/update/follows-only-the-last", testFollowsOnlyTheLast);
    g_test_add_func("/inventory/update/creep", testCreep);
    g_test_add_func("/inventory/update/memory", testMemory);
    g_test_add_func("/inventory/update/threads", testThreads);
    return g_test_run();
}

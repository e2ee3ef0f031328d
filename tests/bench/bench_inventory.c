/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * What a change costs in inventories of all sizes: one datastore of D reports a new size, and the
 * snapshot that shows it is published and compared with the one before. Beside it what building
 * everything costs.
 *
 *   bench_inventory [UPDATES]     (default 2,000 for each size)
 *
 * Prints one JSON object a line. Times are microseconds, medians; memory is bytes.
 *   decode   XML to structs, for one update; not part of what follows
 *   update   apply it to the store, build the snapshot, find what differs, free the one before
 *   apply, build, diff    parts of it
 *   list     the first inventorySnapshotPools() of a snapshot, which makes the list
 *   whole    a build of everything; whole_diff: comparing two such
 */

#include <malloc.h>
#include <time.h>

#include "inventory_diff.h"
#include "inventory_fixture.h"

/* ---- worlds ---------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    guint datastores;       /* a datacenter for each hundred */
    guint hosts;
    guint targets;          /* of each host; each with one LUN and one path */
    guint luns;             /* behind one target of each host, more than that */
    guint paths;            /* to each of these */
} World;

static const World worlds[] = {
    { "datastores", 10, 1, 0, 0, 0 },
    { "datastores", 100, 1, 0, 0, 0 },
    { "datastores", 1000, 1, 0, 0, 0 },
    { "datastores", 2000, 1, 0, 0, 0 },
    { "datastores", 10000, 1, 0, 0, 0 },
    { "vcenter", 2000, 1000, 20, 0, 0 },
    { "luns", 2, 1, 0, 1024, 4 },
    { "shared-luns", 2, 64, 0, 1024, 4 },
};

static void
addDatastore(GString *out, guint i)
{
    g_string_append_printf(
        out, ENTER("Datastore", "datastore-%u",
             SET("summary", STRUCT("DatastoreSummary", IN("name", "volume-%u")
                 IN("url", "ds:///vmfs/volumes/64a5-%08x-0011/") IN("capacity", "2199023255552")
                 IN("freeSpace", "1099511627776") IN("accessible", "true")
                 IN("multipleHostAccess", "true") IN("type", "VMFS")))
             SET("info", STRUCT("VmfsDatastoreInfo", IN("name", "volume-%u")
                 IN("url", "ds:///vmfs/volumes/64a5-%08x-0011/")
                 IN("vmfs", IN("extent", IN("diskName", "naa.600508b1001c%08x") IN("partition", "1")
                 ))))
             MOUNTS(MOUNT("host-0", IN("path", "/vmfs/volumes/64a5-%08x-0011"))
                    MOUNT("host-1", IN("path", "/vmfs/volumes/64a5-%08x-0011")))
             SET("browser", REF("HostDatastoreBrowser", "datastoreBrowser-%u"))),
        i, i, i, i, i, i, i, i, i);
}

static void
addDatacenter(GString *out, guint i, guint datastores)
{
    guint j;

    g_string_append_printf(out, "<objectSet><kind>enter</kind><obj type=\"Datacenter\">dc-%u</obj>",
                           i);
    g_string_append_printf(out, SET("name", TEXT("DC %u")), i);
    g_string_append(out, "<changeSet><name>datastore</name><op>assign</op>"
                         "<val xsi:type=\"ArrayOfManagedObjectReference\">");
    for (j = i; j < datastores; j += datastores / 100 + 1)
        g_string_append_printf(out, REF_ITEM("Datastore", "datastore-%u"), j);
    g_string_append(out, "</val></changeSet></objectSet>");
}

#define SCSI_LUN \
    ITEM("ScsiLun", "HostScsiDisk", IN("deviceName", "/vmfs/devices/disks/naa.%u") \
         IN("key", "key-%u") IN("uuid", "uuid-%u") IN("canonicalName", "naa.%u") \
         IN("capacity", IN("blockSize", "512") IN("block", "1000000")))
#define PATH \
    IN("path", IN("state", "active") \
       AS("transport", "HostInternetScsiTargetTransport", IN("iScsiName", "iqn.t-%u")))
#define BEGIN(name, type) \
    "<changeSet><name>" name "</name><op>assign</op><val xsi:type=\"" type "\">"
#define END "</val></changeSet>"

/* Host @h sees targets and LUNs from @first on; target 0, "iqn.t-0", has those of all hosts. */
static void
addHost(GString *out, const World *world, guint h)
{
    const guint first = 1 + h * world->targets;
    guint i, j;

    g_string_append_printf(
        out, "<objectSet><kind>enter</kind><obj type=\"HostSystem\">host-%u</obj>", h);
    g_string_append_printf(out, SET("name", TEXT("esx-%u"))
                           SET("configManager.storageSystem", REF("HostStorageSystem", "s-%u")),
                           h, h);
    g_string_append(out, BEGIN("config.storageDevice.hostBusAdapter", "ArrayOfHostHostBusAdapter")
                         "<HostHostBusAdapter xsi:type=\"HostInternetScsiHba\">"
                         IN("device", "vmhba65"));
    for (i = 0; i < world->targets; i++)
        g_string_append_printf(out, IN("configuredStaticTarget", IN("address", "10.0.0.1")
                                       IN("iScsiName", "iqn.t-%u")), first + i);
    for (i = 0; i < world->paths; i++)
        g_string_append_printf(out, IN("configuredStaticTarget", IN("address", "10.0.0.%u")
                                       IN("iScsiName", "iqn.t-0")), i);
    g_string_append(out, "</HostHostBusAdapter>" END
                         BEGIN("config.storageDevice.scsiLun", "ArrayOfScsiLun"));
    for (i = 0; i < world->targets; i++)
        g_string_append_printf(out, SCSI_LUN, first + i, first + i, first + i, first + i);
    for (i = 1000000; i < 1000000 + world->luns; i++)
        g_string_append_printf(out, SCSI_LUN, i, i, i, i);
    g_string_append(out, END BEGIN("config.storageDevice.multipathInfo", "HostMultipathInfo"));
    for (i = 0; i < world->targets; i++)
        g_string_append_printf(out, IN("lun", IN("lun", "key-%u") PATH), first + i, first + i);
    for (i = 1000000; i < 1000000 + world->luns; i++) {
        g_string_append_printf(out, "<lun>" IN("lun", "key-%u"), i);
        for (j = 0; j < world->paths; j++)
            g_string_append_printf(out, PATH, 0);
        g_string_append(out, "</lun>");
    }
    g_string_append(out, END "</objectSet>");
}

/* Applies what @out holds, as one reply, and empties it. */
static void
flush(InventoryStore *store, GString *out)
{
    fixtureApply(store, out->str);
    g_string_truncate(out, 0);
}

static InventoryStore *
enter(const World *world)
{
    g_autoptr(GString) out = g_string_new(NULL);
    InventoryStore *store = inventoryStoreNew(inventoryKindIsAlone);
    guint i;

    for (i = 0; i < world->datastores; i++) {
        addDatastore(out, i);
        if (i % 1000 == 999)
            flush(store, out);
    }
    for (i = 0; i <= world->datastores / 100; i++)
        addDatacenter(out, i, world->datastores);
    for (i = 0; i < world->hosts; i++) {
        addHost(out, world, i);
        if (i % 50 == 49)
            flush(store, out);
    }
    flush(store, out);
    return store;
}

/* ---- measuring ------------------------------------------------------------------------------- */

static double
now(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* CPU time of this thread in microseconds, like all times here unless they are called wall. */
static double
cpu(void)
{
    return now(CLOCK_THREAD_CPUTIME_ID);
}

static size_t
memory(void)
{
    const struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

static gint
compareTimes(gconstpointer a, gconstpointer b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static GArray *
timesNew(void)
{
    return g_array_new(FALSE, FALSE, sizeof(double));
}

static void
note(GArray *times, double time)
{
    g_array_append_val(times, time);
}

static double
quantile(GArray *times, double part)
{
    g_array_sort(times, compareTimes);
    return g_array_index(times, double, (guint)(part * (times->len - 1)));
}

static void
count(InventoryChange change G_GNUC_UNUSED, const InventoryPool *pool G_GNUC_UNUSED,
      gpointer opaque)
{
    ++*(guint *)opaque;
}

/* ---- updates --------------------------------------------------------------------------------- */

enum { DECODE, UPDATE, WALL, APPLY, BUILD, DIFF, LIST, N_TIMES };
static const char *const names[N_TIMES] = {
    "decode_us", "update_cpu_us", "update_wall_us", "apply_us", "build_us", "diff_us", "list_us",
};

/* One update of datastore @i, to @available bytes. Returns: the snapshot in place of @before. */
static InventorySnapshot *
update(InventorySnapshot *before, InventoryStore *store, guint i, guint64 available,
       GArray **times)
{
    g_autofree char *objects = g_strdup_printf(
        MODIFY("Datastore", "datastore-%u", SET("summary", STRUCT("DatastoreSummary",
               IN("name", "volume-%u") IN("url", "ds:///vmfs/volumes/64a5-%08x-0011/")
               IN("capacity", "2199023255552") IN("freeSpace", "%" G_GUINT64_FORMAT)
               IN("accessible", "true") IN("multipleHostAccess", "true") IN("type", "VMFS")))),
        i, i, i, available);
    g_autofree char *bytes = fixtureUpdateEnvelope("1", FALSE, objects);
    VimUpdateSet *updates = NULL;
    InventorySnapshot *snapshot = NULL;
    const double begun = cpu();
    SoapReply *reply = fixtureUpdates(bytes, &updates);
    const double decoded = cpu();
    const double wall = now(CLOCK_MONOTONIC);
    const gboolean ok = inventoryStoreApply(store, updates, reply, NULL);
    const double applied = cpu();
    double built, compared, ended;
    guint changes = 0;
    size_t n = 0;

    g_assert_true(ok);
    snapshot = inventorySnapshotUpdate(before, store, NULL, NULL /* error */);
    built = cpu();
    inventoryDiff(before, snapshot, count, &changes);
    compared = cpu();
    inventorySnapshotUnref(before);
    ended = cpu();
    note(times[WALL], now(CLOCK_MONOTONIC) - wall);
    g_assert_cmpuint(changes, <=, 1);

    note(times[DECODE], decoded - begun);
    note(times[UPDATE], ended - decoded);
    note(times[APPLY], applied - decoded);
    note(times[BUILD], built - applied);
    note(times[DIFF], compared - built);
    ended = cpu();
    inventorySnapshotPools(snapshot, &n);
    note(times[LIST], cpu() - ended);
    return snapshot;
}

/* Prints what @n updates of datastores all over @world cost. Returns: the last snapshot. */
static InventorySnapshot *
benchUpdates(const World *world, InventoryStore *store, guint n)
{
    InventorySnapshot *snapshot = inventorySnapshotUpdate(NULL, store, NULL, NULL /* error */);
    GArray *times[N_TIMES];
    guint64 available = 0;
    guint i;

    for (i = 0; i < N_TIMES; i++)
        times[i] = timesNew();
    /* A stride that no number of datastores divides, so that all of them come round. */
    for (i = 0; i < n; i++) {
        available = (available + 50000000011) % 2000000000000;
        snapshot = update(snapshot, store, (i * 7919) % world->datastores, available, times);
    }
    g_print(", \"update_cpu_us_p99\": %.2f", quantile(times[UPDATE], 0.99));
    for (i = 0; i < N_TIMES; i++) {
        g_print(", \"%s\": %.2f", names[i], quantile(times[i], 0.5));
        g_array_unref(times[i]);
    }
    return snapshot;
}

/* ---- whole builds ---------------------------------------------------------------------------- */

static void
benchWhole(InventoryStore *store, guint n)
{
    g_autoptr(InventorySnapshot) last = inventorySnapshotBuild(store, NULL, NULL /* error */);
    g_autoptr(GArray) builds = timesNew();
    g_autoptr(GArray) diffs = timesNew();
    guint i;

    for (i = 0; i < n; i++) {
        const double begun = cpu();
        InventorySnapshot *snapshot = inventorySnapshotBuild(store, NULL, NULL /* error */);
        const double built = cpu();
        guint changes = 0;

        inventoryDiff(last, snapshot, count, &changes);
        note(builds, built - begun);
        note(diffs, cpu() - built);
        g_assert_cmpuint(changes, ==, 0);
        inventorySnapshotUnref(last);
        last = snapshot;
    }
    g_print(", \"whole_us\": %.0f, \"whole_diff_us\": %.0f", quantile(builds, 0.5),
            quantile(diffs, 0.5));
}

static void
bench(const World *world, guint updates)
{
    const size_t empty = memory();
    g_autoptr(InventoryStore) store = enter(world);
    const size_t entered = memory();
    g_autoptr(InventorySnapshot) first = inventorySnapshotBuild(store, NULL, NULL /* error */);
    const size_t built = memory();
    g_autoptr(InventorySnapshot) last = NULL;
    size_t before, npools = 0;

    inventorySnapshotPools(first, &npools);
    g_print("{\"bench\": \"inventory\", \"world\": \"%s\", \"pools\": %zu, \"datastores\": %u"
            ", \"hosts\": %u, \"luns\": %u, \"updates\": %u", world->name, npools,
            world->datastores, world->hosts, world->luns, updates);
    g_print(", \"store_bytes_per_pool\": %zu, \"snapshot_bytes_per_pool\": %zu",
            (entered - empty) / npools, (built - entered) / npools);
    g_clear_pointer(&first, inventorySnapshotUnref);

    benchWhole(store, npools > 5000 ? 5 : 21);
    before = memory();
    last = benchUpdates(world, store, updates);
    g_print(", \"bytes_per_datastore_replaced\": %zu}\n",
            (memory() - before - (built - entered)) / MIN(world->datastores, updates));
}

int
main(int argc, char **argv)
{
    const guint updates = argc > 1 ? (guint)g_ascii_strtoull(argv[1], NULL, 10) : 2000;
    size_t i;

    if (updates == 0 || argc > 2) {
        g_printerr("usage: bench_inventory [UPDATES]\n");
        return 2;
    }
    for (i = 0; i < G_N_ELEMENTS(worlds); i++)
        bench(&worlds[i], updates);
    return 0;
}

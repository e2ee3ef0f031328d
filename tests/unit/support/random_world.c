/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "random_world.h"

#include "inventory_fixture.h"

#define DATASTORES 80
#define DATACENTERS 3
#define HOSTS 3

struct _RandomWorld {
    GRand *random;
    gboolean there[DATASTORES];
    gboolean hostThere[HOSTS];
    /* Mostly the same from one update to the next. */
    guint name[DATASTORES];
    guint mount[DATASTORES];
    guint64 capacity[DATASTORES];
    guint64 available[DATASTORES];
};

/* 0 to @n - 1 */
static guint
pick(RandomWorld *world, guint n)
{
    return (guint)g_rand_int_range(world->random, 0, (gint32)n);
}

/* Once in @n times. */
static gboolean
once(RandomWorld *world, guint n)
{
    return pick(world, n) == 0;
}

RandomWorld *
randomWorldNew(guint32 seed)
{
    RandomWorld *world = g_new0(RandomWorld, 1);
    guint i;

    world->random = g_rand_new_with_seed(seed);
    for (i = 0; i < DATASTORES; i++) {
        world->name[i] = i;
        world->mount[i] = i;
        world->capacity[i] = 1000 + i;
    }
    return world;
}

void
randomWorldFree(RandomWorld *world)
{
    g_rand_free(world->random);
    g_free(world);
}

/* ---- datastores ------------------------------------------------------------------------------ */

/* Sizes mostly creep. */
static void
moveSizes(RandomWorld *world, guint i)
{
    if (once(world, 5)) {
        world->capacity[i] = pick(world, 2000);
        world->available[i] = pick(world, 2000);
    } else {
        world->capacity[i] += pick(world, 5);
        world->available[i] += pick(world, 9);
    }
}

static void
addSummary(RandomWorld *world, guint i, GString *out)
{
    moveSizes(world, i);
    g_string_append_printf(
        out, SET("summary", STRUCT("DatastoreSummary",
             IN("name", "ds%u") IN("capacity", "%" G_GUINT64_FORMAT)
             IN("url", "ds:///vmfs/volumes/%u/") IN("freeSpace", "%" G_GUINT64_FORMAT)
             IN("accessible", "%s") IN("multipleHostAccess", "true") IN("type", "%s"))),
        world->name[i], world->capacity[i], world->mount[i], world->available[i],
        once(world, 8) ? "false" : "true", once(world, 12) ? "NFS" : "VMFS");
}

static void
addInfo(RandomWorld *world, GString *out)
{
    switch (pick(world, 3)) {
    case 0:
        g_string_append_printf(
            out, SET("info", STRUCT("VmfsDatastoreInfo", IN("vmfs", IN("extent",
                 IN("diskName", "naa.%u") IN("partition", "%u"))))),
            pick(world, 3), pick(world, 2));
        return;
    case 1:
        g_string_append_printf(
            out, SET("info", STRUCT("NasDatastoreInfo", IN("nas",
                 IN("remoteHost", "nas%u") IN("remotePath", "/export")))),
            pick(world, 2));
        return;
    default:
        g_string_append(out, UNSET("info"));
    }
}

static void
addMounts(RandomWorld *world, guint i, GString *out)
{
    const char *accessible = once(world, 6) ? "false" : "true";

    if (once(world, 8)) {
        g_string_append(out, UNSET("host"));
        return;
    }
    g_string_append_printf(
        out, MOUNTS(MOUNT("h0", IN("path", "/vmfs/volumes/%u") IN("accessible", "%s"))
                    MOUNT("h1", IN("accessible", "%s"))),
        world->mount[i], accessible, once(world, 2) ? "true" : accessible);
}

/* One change or more of datastore @i; most leave its name and its identity alone. */
static void
addProperties(RandomWorld *world, guint i, GString *out)
{
    if (once(world, 40))
        world->name[i] = pick(world, DATASTORES / 2);
    if (once(world, 40))
        world->mount[i] = pick(world, DATASTORES / 2);
    if (!once(world, 4))
        addSummary(world, i, out);
    if (once(world, 6))
        addInfo(world, out);
    if (once(world, 6))
        addMounts(world, i, out);
    if (once(world, 10))
        g_string_append_printf(out, SET("browser", REF("HostDatastoreBrowser", "b%u")),
                               pick(world, 9));
    if (once(world, 30))
        g_string_append(out, UNSET("summary"));
}

static void
addDatastore(RandomWorld *world, const char *kind, guint i, GString *out)
{
    g_string_append_printf(out, "<objectSet><kind>%s</kind><obj type=\"Datastore\">d%u</obj>", kind,
                           i);
    addProperties(world, i, out);
    g_string_append(out, "</objectSet>");
}

/* ---- everything else ------------------------------------------------------------------------- */

#define TRANSPORT AS("transport", "HostInternetScsiTargetTransport", IN("iScsiName", "iqn.t%u"))

/* Two targets and three LUNs, in one of many arrangements. */
static void
addStorage(RandomWorld *world, GString *out)
{
    guint i;

    g_string_append_printf(
        out, SET("config.storageDevice.hostBusAdapter", ARRAY("HostHostBusAdapter",
             AS("HostHostBusAdapter", "HostInternetScsiHba", IN("device", "vmhba%u")
                IN("configuredStaticTarget", IN("address", "10.0.0.%u") IN("iScsiName", "iqn.t0"))
                IN("configuredStaticTarget", IN("address", "10.0.0.1") IN("iScsiName", "iqn.t%u"))
                ))),
        pick(world, 2), pick(world, 2), pick(world, 4));
    g_string_append(out, "<changeSet><name>config.storageDevice.scsiLun</name><op>assign</op>"
                         "<val xsi:type=\"ArrayOfScsiLun\">");
    for (i = 0; i < 3; i++)
        g_string_append_printf(
            out, ITEM("ScsiLun", "HostScsiDisk", IN("deviceName", "naa.%u") IN("key", "k%u")
                      IN("uuid", "u%u") IN("capacity", IN("blockSize", "512") IN("block", "%u"))),
            i, i, i, pick(world, 3));
    g_string_append(out, "</val></changeSet><changeSet>"
                         "<name>config.storageDevice.multipathInfo</name><op>assign</op>"
                         "<val xsi:type=\"HostMultipathInfo\">");
    for (i = 0; i < 3; i++)
        g_string_append_printf(
            out, IN("lun", IN("lun", "k%u") IN("path", IN("state", "%s") TRANSPORT)), i,
            once(world, 3) ? "dead" : "active", pick(world, 4));
    g_string_append(out, "</val></changeSet>");
}

static void
addHost(RandomWorld *world, guint i, GString *out)
{
    if (world->hostThere[i] && once(world, 3)) {
        world->hostThere[i] = FALSE;
        g_string_append_printf(out, LEAVE("HostSystem", "h%u"), i);
        return;
    }
    g_string_append_printf(out, "<objectSet><kind>%s</kind><obj type=\"HostSystem\">h%u</obj>",
                           world->hostThere[i] ? "modify" : "enter", i);
    g_string_append_printf(out, SET("name", TEXT("esx%u")), i);
    addStorage(world, out);
    g_string_append(out, "</objectSet>");
    world->hostThere[i] = TRUE;
}

/* Which datastores it has is drawn anew each time. */
static void
addDatacenter(RandomWorld *world, guint i, GString *out)
{
    guint j;

    g_string_append_printf(out, "<objectSet><kind>modify</kind><obj type=\"Datacenter\">dc%u</obj>",
                           i);
    g_string_append_printf(out, SET("name", TEXT("DC%u")) SET("parent", REF("Folder", "f0")),
                           pick(world, 2));
    g_string_append(out, "<changeSet><name>datastore</name><op>assign</op>"
                         "<val xsi:type=\"ArrayOfManagedObjectReference\">");
    for (j = 0; j < DATASTORES; j++) {
        if (once(world, DATACENTERS))
            g_string_append_printf(out, REF_ITEM("Datastore", "d%u"), j);
    }
    g_string_append(out, "</val></changeSet></objectSet>");
}

static void
addComingOrGoing(RandomWorld *world, guint i, GString *out)
{
    if (world->there[i])
        g_string_append_printf(out, LEAVE("Datastore", "d%u"), i);
    else
        addDatastore(world, "enter", i, out);
    world->there[i] = !world->there[i];
}

char *
randomWorldEnter(RandomWorld *world)
{
    GString *out = g_string_new(ENTER("Folder", "root", SET("name", TEXT("Datacenters")))
                                ENTER("Folder", "f0", SET("name", TEXT("F"))
                                      SET("parent", REF("Folder", "root"))));
    guint i;

    for (i = 0; i < DATASTORES; i++) {
        if (!once(world, 6))
            addComingOrGoing(world, i, out);
    }
    for (i = 0; i < DATACENTERS; i++)
        addDatacenter(world, i, out);
    addHost(world, 0, out);
    return g_string_free(out, FALSE);
}

char *
randomWorldChange(RandomWorld *world, gboolean *ret_small)
{
    GString *out = g_string_new(NULL);
    guint n = pick(world, 4);

    *ret_small = TRUE;
    for (; n > 0; n--) {
        const guint i = pick(world, DATASTORES);

        if (!once(world, 12)) {
            if (world->there[i])
                addDatastore(world, "modify", i, out);
            continue;
        }
        *ret_small = FALSE;
        switch (pick(world, 4)) {
        case 0:
            addHost(world, pick(world, HOSTS), out);
            break;
        case 1:
            addDatacenter(world, pick(world, DATACENTERS), out);
            break;
        default:
            addComingOrGoing(world, i, out);
        }
    }
    return g_string_free(out, FALSE);
}

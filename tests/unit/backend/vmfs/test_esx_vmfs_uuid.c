/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_vmfs_uuid.h"
#include "connection_fixture.h"
#include "inventory_fixture.h"
#include "task_fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>

#define SEARCH "SearchDatastoreSubFolders_Task"
#define LOOK "RetrievePropertiesEx"
#define ASK "QueryVirtualDiskUuid"

#define UUID "6000c29a-1234-5678-9abc-def012345678"
/* The same as ESX writes it. */
#define WIRE_UUID "60 00 C2 9a 12 34 56 78-9a bc de f0 12 34 56 78"
#define OTHER_UUID "60 00 C2 9a 00 00 00 00-00 00 00 00 00 00 00 00"

#define BROWSER SET("browser", REF("HostDatastoreBrowser", "b"))

/* How many threads the system still gives; negative: any number. */
static gint threadsLeft = -1;

/* Stands before the C library's, which GLib calls for each thread. */
int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *),
               void *data)
{
    static int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

    if (threadsLeft == 0)
        return EAGAIN;
    if (threadsLeft > 0)
        threadsLeft--;
    if (!next)
        *(void **)&next = dlsym(RTLD_NEXT, "pthread_create");
    return next(thread, attributes, work, data);
}

static InventorySnapshot *
oneDatastore(void)
{
    return fixtureSnapshot(VMFS("d1", "ds", BROWSER), NULL);
}

/* Scripts a search that finds @files. */
static void
scriptSearch(Canned *canned, const char *files)
{
    g_autofree char *value = g_strdup_printf(
        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\">"
        "<HostDatastoreBrowserSearchResults>"
        "<folderPath>[ds] vm/</folderPath>%s</HostDatastoreBrowserSearchResults></val>", files);

    fixtureScriptResult(canned, SEARCH, value);
}

#define DISK(path) AS("file", "VmDiskFileInfo", IN("path", path))
#define ISO(path) AS("file", "IsoImageFileInfo", IN("path", path))

/* A connection over a new session at @canned. */
static EsxConnection *
connect1(Canned *canned)
{
    return esxConnectionNew(fixtureLogin(canned), NULL /* scope */, "esx1", 3600 * 1000);
}

/* The disk that is found in @snapshot; NULL: none. */
static char *
find(EsxConnection *connection, InventorySnapshot *snapshot)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *pool = NULL;
    g_autofree char *name = NULL;
    gboolean ok = esxVmfsFindDisk(connection, snapshot, UUID, &pool, &name, &error);

    g_assert_no_error(error);
    g_assert_true(ok);
    return name ? g_strdup_printf("[%s] %s", pool, name) : NULL;
}

static void
testFound(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autofree char *path = NULL;

    scriptSearch(canned, DISK("a.vmdk") ISO("b.iso"));
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
    path = find(connection, snapshot);
    g_assert_cmpstr(path, ==, "[ds] vm/a.vmdk");
    /* Only disks are asked, and the one that is found once more. */
    cannedAssertLog(canned, SEARCH " " LOOK " " ASK " " ASK);
    g_assert_nonnull(strstr(cannedLast(canned, ASK)->body, "<name>[ds] vm/a.vmdk</name>"));
}

/* A locked or broken disk does not hide the others. */
static void
testPassesOver(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autofree char *path = NULL;

    scriptSearch(canned, DISK("a.vmdk") DISK("b.vmdk") DISK("c.vmdk"));
    cannedFault(canned, ASK, "FileLocked", "Locked.");
    cannedReply(canned, ASK, "");
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
    path = find(connection, snapshot);
    g_assert_nonnull(path);
    g_assert_cmpuint(cannedCount(canned, ASK), ==, 4);
}

/* A reply to another question says the UUID once: the disk has it only when it says so again. */
static void
testSaidOnce(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();

    scriptSearch(canned, DISK("a.vmdk"));
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
    cannedReply(canned, ASK, "<returnval>" OTHER_UUID "</returnval>");
    g_assert_null(find(connection, snapshot));
    g_assert_cmpuint(cannedCount(canned, ASK), ==, 2);
}

static void
testNotFound(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();

    scriptSearch(canned, DISK("a.vmdk") DISK("b.vmdk"));
    cannedReply(canned, ASK, "<returnval>" OTHER_UUID "</returnval>");
    cannedReply(canned, ASK, "<returnval>no uuid</returnval>");
    g_assert_null(find(connection, snapshot));
}

/* Trouble that is not one disk's ends the search with an error, not with "not found". */
static void
testConnectionLost(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autoptr(GError) error = NULL;
    char *pool = NULL;
    char *name = NULL;

    scriptSearch(canned, DISK("a.vmdk"));
    cannedFail(canned, ASK, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(esxVmfsFindDisk(connection, snapshot, UUID, &pool, &name, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_null(pool);
    g_assert_null(name);
}

/* The server is overloaded: that is no disk's fault either. */
static void
testBusy(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autoptr(GError) error = NULL;
    char *pool = NULL;
    char *name = NULL;

    scriptSearch(canned, DISK("a.vmdk"));
    cannedAdd(canned, ASK, &(CannedExchange){ .status = 503, .contentType = "text/plain" });
    g_assert_false(esxVmfsFindDisk(connection, snapshot, UUID, &pool, &name, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_BUSY);
}

/* Nobody could answer: that is no proof that no disk has the UUID. */
static void
testNobodyAnswers(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autoptr(GError) error = NULL;
    char *pool = NULL;
    char *name = NULL;

    scriptSearch(canned, DISK("a.vmdk"));
    cannedFault(canned, ASK, "NoPermission", "Permission denied.");
    g_assert_false(esxVmfsFindDisk(connection, snapshot, UUID, &pool, &name, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
}

static void
testSearchFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autoptr(GError) error = NULL;
    char *pool = NULL;
    char *name = NULL;

    cannedFail(canned, SEARCH, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    g_assert_false(esxVmfsFindDisk(connection, snapshot, UUID, &pool, &name, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    cannedAssertLog(canned, SEARCH);
}

#define HBA_WITH_TARGET \
    ARRAY("HostHostBusAdapter", \
          AS("HostHostBusAdapter", "HostInternetScsiHba", IN("device", "vmhba65") \
             IN("configuredStaticTarget", IN("address", "1") IN("iScsiName", "iqn.a"))))

/* Datastores that cannot be searched, and targets, are passed over without a request. */
static void
testNothingToSearch(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = fixtureSnapshot(
        VMFS("d1", "ds", "")
        ENTER("Datastore", "d2", BROWSER)
        ENTER("HostSystem", "h1", SET("config.storageDevice.hostBusAdapter", HBA_WITH_TARGET)),
        NULL);

    g_assert_null(find(connection, snapshot));
    cannedAssertLog(canned, "");
}

/* Scripts @n disks, of which the last one that is queried has the UUID. */
static void
scriptMany(Canned *canned, guint n)
{
    g_autoptr(GString) files = g_string_new(NULL);
    guint i;

    for (i = 0; i < n; i++)
        g_string_append_printf(files, DISK("disk%u.vmdk"), i);
    scriptSearch(canned, files->str);
    for (i = 1; i < n; i++)
        cannedReply(canned, ASK, "<returnval>" OTHER_UUID "</returnval>");
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
    cannedReply(canned, ASK, "<returnval>" WIRE_UUID "</returnval>");
}

/* Many disks on a few threads. For TSan most of all. */
static void
testMany(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autofree char *path = NULL;

    scriptMany(canned, 200);
    path = find(connection, snapshot);
    g_assert_nonnull(path);
    g_assert_cmpuint(cannedCount(canned, ASK), ==, 201);
}

/* Fewer threads than wanted take longer, and are enough. */
static void
testFewThreads(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autofree char *path = NULL;

    scriptMany(canned, 20);
    threadsLeft = 1;
    path = find(connection, snapshot);
    g_assert_cmpint(threadsLeft, ==, 0);
    threadsLeft = -1;
    g_assert_cmpstr(path, ==, "[ds] vm/disk9.vmdk");    /* the last one of the sorted list */
    g_assert_cmpuint(cannedCount(canned, ASK), ==, 21);
}

/* Without any thread the lookup fails; it must not wait for one. */
static void
testNoThread(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(EsxConnection) connection = connect1(canned);
    g_autoptr(InventorySnapshot) snapshot = oneDatastore();
    g_autoptr(GError) error = NULL;
    char *pool = NULL;
    char *name = NULL;

    scriptSearch(canned, DISK("a.vmdk") DISK("b.vmdk"));
    threadsLeft = 0;
    g_assert_false(esxVmfsFindDisk(connection, snapshot, UUID, &pool, &name, &error));
    threadsLeft = -1;
    g_assert_error(error, G_THREAD_ERROR, G_THREAD_ERROR_AGAIN);
    g_assert_true(g_str_has_prefix(error->message, "cannot start a thread: "));
    g_assert_null(pool);
    g_assert_null(name);
    g_assert_cmpuint(cannedCount(canned, ASK), ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-uuid/found", testFound);
    g_test_add_func("/esx/vmfs-uuid/passes-over", testPassesOver);
    g_test_add_func("/esx/vmfs-uuid/said-once", testSaidOnce);
    g_test_add_func("/esx/vmfs-uuid/not-found", testNotFound);
    g_test_add_func("/esx/vmfs-uuid/connection-lost", testConnectionLost);
    g_test_add_func("/esx/vmfs-uuid/busy", testBusy);
    g_test_add_func("/esx/vmfs-uuid/nobody-answers", testNobodyAnswers);
    g_test_add_func("/esx/vmfs-uuid/search-fails", testSearchFails);
    g_test_add_func("/esx/vmfs-uuid/nothing-to-search", testNothingToSearch);
    g_test_add_func("/esx/vmfs-uuid/many", testMany);
    g_test_add_func("/esx/vmfs-uuid/few-threads", testFewThreads);
    g_test_add_func("/esx/vmfs-uuid/no-thread", testNoThread);
    return g_test_run();
}

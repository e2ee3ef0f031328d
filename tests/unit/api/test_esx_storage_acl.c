/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Access checks of the facade. This program has its own versions of libvirt's checks; they come
 * before those of the library, record what they are asked and answer as the test orders. A check
 * that the facade calls and this program does not have is the library's, which refuses: there is no
 * access manager.
 */

#include "esx_storage_driver.h"
#include "connection_fixture.h"

#include "esx_connection.h"
#include "esx_libvirt.h"
#include "inventory_fixture.h"
#include "loop_fixture.h"
#include "vi_fixture.h"
#include "acl_guard.h"

#include <string.h>

#define SEARCH "SearchDatastore_Task"
#define LOOK "RetrievePropertiesEx"
#define FILTER "CreateFilter"
#define WAIT "WaitForUpdatesEx"
#define HOUR_MS (3600 * 1000)

/* No server has to be asked to refuse a volume that is no file. Nobody believes the key. */
#define NEW_VOLUME "<volume type='dir'><name>new.iso</name><key>[ds] a.iso</key>" \
    "<capacity>1</capacity></volume>"

/* ---- a connection --------------------------------------------------------------------------- */

#define MAX_NAMES 7

typedef struct {
    Canned *canned;
    InventorySnapshot *snapshot;
    virConnectPtr conn;
    virStoragePoolPtr pool;     /* "ds" */
    virStorageVolPtr vol;       /* its "a.iso" */
    virStreamPtr stream;
    const char *path;           /* its target path */
    char *names[MAX_NAMES + 1]; /* what a list told; NULL behind the last */
} Setting;

#define OBJECTS \
    VMFS("d1", "ds", SET("browser", REF("HostDatastoreBrowser", "b1"))) \
    VMFS("d2", "other", SET("browser", REF("HostDatastoreBrowser", "b2")))

#define FILE(name) AS("file", "IsoImageFileInfo", IN("path", name))

/* The answer to LOOK, once a search is done: of everything, or of one folder. */
#define FOUND(type, result) \
    "<returnval><objects><obj type=\"Task\">t</obj><propSet><name>info.state</name>" \
    "<val xsi:type=\"TaskInfoState\">success</val></propSet><propSet><name>info.result</name>" \
    "<val xsi:type=\"" type "\">" result "</val></propSet></objects></returnval>"
#define RESULTS "HostDatastoreBrowserSearchResults"
#define FILES "<folderPath>[ds]</folderPath>" FILE("a.iso") FILE("b.iso")

static void
script(Canned *canned, bool lists)
{
    g_autofree char *updates = fixtureUpdateEnvelope("1", FALSE, OBJECTS);
    g_autofree char *locked = cannedFaultEnvelope("FileLocked", "locked", NULL);

    cannedReplyAlways(canned, FILTER, "<returnval type=\"PropertyFilter\">f</returnval>");
    cannedAdd(canned, WAIT, &(CannedExchange){ .bytes = updates, .always = TRUE });
    cannedReplyAlways(canned, SEARCH, "<returnval type=\"Task\">t</returnval>");
    cannedReplyAlways(canned, "SearchDatastoreSubFolders_Task",
                      "<returnval type=\"Task\">t</returnval>");
    cannedReplyAlways(canned, LOOK, lists
                      ? FOUND("ArrayOf" RESULTS, IN(RESULTS, FILES)) : FOUND(RESULTS, FILES));
    cannedReplyAlways(canned, "RefreshDatastore", "");
    cannedAdd(canned, "DeleteDatastoreFile_Task",
              &(CannedExchange){ .bytes = locked, .status = 500, .always = TRUE });
}

/* @warm: the inventory has been read. */
static void
settingOpen(Setting *s, bool warm, bool lists)
{
    EsxConnection *connection = NULL;
    const InventoryPool *pool = NULL;

    s->canned = cannedNew();
    script(s->canned, lists);
    connection = esxConnectionNew(fixtureLogin(s->canned), NULL, "h", HOUR_MS);
    if (warm)
        inventorySnapshotUnref(inventoryAcquire(connection->inventory, 0, NULL));
    cannedAssertLog(s->canned, warm ? FILTER " " WAIT : "");

    s->snapshot = fixtureSnapshot(OBJECTS, NULL);
    pool = fixturePool(s->snapshot, "ds");
    s->path = pool->targetPath;
    s->conn = virGetConnect();
    s->conn->privateData = connection;
    s->pool = virGetStoragePool(s->conn, "ds", pool->uuid, NULL, NULL);
    s->vol = virGetStorageVol(s->conn, "ds", "a.iso", "[ds] a.iso", NULL, NULL);
    s->stream = virGetStream(s->conn);

    guard.snapshot = s->snapshot;
    guard.asked = g_string_new(NULL);
    guard.deny = false;
    guard.hidden = NULL;
    virResetLastError();
}

static void
settingClose(Setting *s)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(s->names); i++)
        g_free(s->names[i]);
    g_string_free(guard.asked, TRUE);
    virObjectUnref(s->stream);
    virObjectUnref(s->vol);
    virObjectUnref(s->pool);
    esxConnectionFree(g_steal_pointer(&s->conn->privateData));
    virObjectUnref(s->conn);
    inventorySnapshotUnref(s->snapshot);
    cannedFree(s->canned);
    virResetLastError();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setting, settingClose)

/* ---- the callbacks, each with its access check ----------------------------------------------- */

/* How callbacks answer whose result is no number. */
static int
object(gpointer result)
{
    int rc = result ? 0 : -1;

    virObjectUnref(result);
    return rc;
}

static int
text(char *result)
{
    int rc = result ? 0 : -1;

    g_free(result);
    return rc;
}

static const virStorageDriver *const table = &esxStorageDriver;

/*
 * CONNECT(VERB, …) defines the check virConnectVERBEnsureACL, and connectVERB(), which calls the
 * callback of that name; the others likewise.
 */
#define CONNECT(verb, result) \
    int virConnect##verb##EnsureACL(virConnectPtr conn G_GNUC_UNUSED) \
    { \
        return ensure(G_STRFUNC, NULL, NULL); \
    } \
    static int connect##verb(Setting *s) \
    { \
        return result; \
    }

#define POOL(verb, result) \
    int virStoragePool##verb##EnsureACL(virConnectPtr conn G_GNUC_UNUSED, \
                                        virStoragePoolDef *pool) \
    { \
        return ensure(G_STRFUNC, pool, NULL); \
    } \
    static int storagePool##verb(Setting *s) \
    { \
        return result; \
    }

#define VOL(verb, result) \
    int virStorageVol##verb##EnsureACL(virConnectPtr conn G_GNUC_UNUSED, virStoragePoolDef *pool, \
                                       virStorageVolDef *vol) \
    { \
        return ensure(G_STRFUNC, pool, vol); \
    } \
    static int storageVol##verb(Setting *s) \
    { \
        return result; \
    }

#define CONNECT_FILTER(verb) \
    bool virConnect##verb##CheckACL(virConnectPtr conn G_GNUC_UNUSED, virStoragePoolDef *pool) \
    { \
        return mayShow(G_STRFUNC, pool, NULL); \
    }

#define POOL_FILTER(verb) \
    bool virStoragePool##verb##CheckACL(virConnectPtr conn G_GNUC_UNUSED, \
                                        virStoragePoolDef *pool, virStorageVolDef *vol) \
    { \
        return mayShow(G_STRFUNC, pool, vol); \
    }

static int
listAllPools(Setting *s)
{
    g_autofree virStoragePoolPtr *pools = NULL;
    int n = table->connectListAllStoragePools(s->conn, &pools, 0);
    int i;

    for (i = 0; i < n; i++) {
        s->names[i] = g_strdup(pools[i]->name);
        virObjectUnref(pools[i]);
    }
    return n;
}

static int
listAllVolumes(Setting *s)
{
    g_autofree virStorageVolPtr *vols = NULL;
    int n = table->storagePoolListAllVolumes(s->pool, &vols, 0);
    int i;

    for (i = 0; i < n; i++) {
        s->names[i] = g_strdup(vols[i]->name);
        virObjectUnref(vols[i]);
    }
    return n;
}

static void
hear(virConnectPtr conn G_GNUC_UNUSED, virStoragePoolPtr pool G_GNUC_UNUSED,
     void *opaque G_GNUC_UNUSED)
{
}

static EsxEvents *
eventsOf(Setting *s)
{
    const EsxConnection *connection = s->conn->privateData;

    return connection->events;
}

/* Nothing stays registered, so that the connection can go. Keeps the error there is. */
static void
deregister(Setting *s, int id)
{
    virErrorPtr saved = NULL;

    virErrorPreserveLast(&saved);
    g_assert_cmpint(esxEventsDeregister(eventsOf(s), s->conn, id), ==, 0);
    /* The loop frees its timer. */
    loopFor(1);
    virErrorRestore(&saved);
}

static int
registerForEvents(Setting *s)
{
    int id = table->connectStoragePoolEventRegisterAny(
        s->conn, NULL, VIR_STORAGE_POOL_EVENT_ID_REFRESH, hear, NULL, NULL);

    if (id >= 0)
        deregister(s, id);
    return id;
}

static int
deregisterFromEvents(Setting *s)
{
    int id = esxEventsRegister(eventsOf(s), s->conn, NULL, VIR_STORAGE_POOL_EVENT_ID_REFRESH, hear,
                               NULL, NULL);
    int rc = table->connectStoragePoolEventDeregisterAny(s->conn, id);

    if (rc < 0)
        deregister(s, id);
    else
        loopFor(1);
    return rc;
}

/* One with the name and the UUID of a pool that exists: the check is given what is in the XML. */
static int
defineAnother(Setting *s, virStoragePoolPtr (*callback)(virConnectPtr conn, const char *xml,
                                                        unsigned int flags))
{
    char uuid[VIR_UUID_STRING_BUFLEN];
    g_autofree char *xml = NULL;

    virUUIDFormat(s->pool->uuid, uuid);
    xml = g_strdup_printf("<pool type='dir'><name>ds</name><uuid>%s</uuid>"
                          "<target><path>/x</path></target></pool>", uuid);
    return object(callback(s->conn, xml, 0));
}

CONNECT(NumOfStoragePools, table->connectNumOfStoragePools(s->conn))
CONNECT(ListStoragePools, table->connectListStoragePools(s->conn, s->names, MAX_NAMES))
CONNECT(NumOfDefinedStoragePools, table->connectNumOfDefinedStoragePools(s->conn))
CONNECT(ListDefinedStoragePools,
        table->connectListDefinedStoragePools(s->conn, s->names, MAX_NAMES))
CONNECT(ListAllStoragePools, table->connectListAllStoragePools(s->conn, NULL, 0))
CONNECT(GetStoragePoolCapabilities, text(table->connectGetStoragePoolCapabilities(s->conn, 0)))
CONNECT(StoragePoolEventRegisterAny, registerForEvents(s))
CONNECT(StoragePoolEventDeregisterAny, deregisterFromEvents(s))
CONNECT_FILTER(NumOfStoragePools)
CONNECT_FILTER(ListStoragePools)
CONNECT_FILTER(ListAllStoragePools)
CONNECT_FILTER(NumOfDefinedStoragePools)
CONNECT_FILTER(ListDefinedStoragePools)

POOL(LookupByName, object(table->storagePoolLookupByName(s->conn, "ds")))
POOL(LookupByUUID, object(table->storagePoolLookupByUUID(s->conn, s->pool->uuid)))
POOL(LookupByVolume, object(table->storagePoolLookupByVolume(s->vol)))
POOL(LookupByTargetPath, object(table->storagePoolLookupByTargetPath(s->conn, s->path)))
POOL(CreateXML, defineAnother(s, table->storagePoolCreateXML))
POOL(DefineXML, defineAnother(s, table->storagePoolDefineXML))
POOL(Build, table->storagePoolBuild(s->pool, 0))
POOL(Undefine, table->storagePoolUndefine(s->pool))
POOL(Create, table->storagePoolCreate(s->pool, 0))
POOL(Destroy, table->storagePoolDestroy(s->pool))
POOL(Delete, table->storagePoolDelete(s->pool, 0))
POOL(Refresh, table->storagePoolRefresh(s->pool, 0))
POOL(GetInfo, table->storagePoolGetInfo(s->pool, &(virStoragePoolInfo){ 0 }))
POOL(GetXMLDesc, text(table->storagePoolGetXMLDesc(s->pool, 0)))
POOL(GetAutostart, table->storagePoolGetAutostart(s->pool, &(int){ 0 }))
POOL(SetAutostart, table->storagePoolSetAutostart(s->pool, 1))
POOL(IsActive, table->storagePoolIsActive(s->pool))
POOL(IsPersistent, table->storagePoolIsPersistent(s->pool))
POOL(NumOfVolumes, table->storagePoolNumOfVolumes(s->pool))
POOL(ListVolumes, table->storagePoolListVolumes(s->pool, s->names, MAX_NAMES))
POOL(ListAllVolumes, table->storagePoolListAllVolumes(s->pool, NULL, 0))
POOL_FILTER(NumOfVolumes)
POOL_FILTER(ListVolumes)
POOL_FILTER(ListAllVolumes)

VOL(LookupByName, object(table->storageVolLookupByName(s->pool, "a.iso")))
VOL(LookupByKey, object(table->storageVolLookupByKey(s->conn, "[ds] a.iso")))
VOL(LookupByPath, object(table->storageVolLookupByPath(s->conn, "[ds] a.iso")))
VOL(GetInfo, table->storageVolGetInfo(s->vol, &(virStorageVolInfo){ 0 }))
VOL(GetInfoFlags, table->storageVolGetInfoFlags(s->vol, &(virStorageVolInfo){ 0 }, 0))
VOL(GetXMLDesc, text(table->storageVolGetXMLDesc(s->vol, 0)))
VOL(GetPath, text(table->storageVolGetPath(s->vol)))
VOL(CreateXML, object(table->storageVolCreateXML(s->pool, NEW_VOLUME, 0)))
VOL(CreateXMLFrom, object(table->storageVolCreateXMLFrom(s->pool, NEW_VOLUME, s->vol, 0)))
VOL(Delete, table->storageVolDelete(s->vol, 0))
VOL(Wipe, table->storageVolWipe(s->vol, 0))
VOL(WipePattern, table->storageVolWipePattern(s->vol, VIR_STORAGE_VOL_WIPE_ALG_ZERO, 0))
VOL(Resize, table->storageVolResize(s->vol, 1, 0))
VOL(Download, table->storageVolDownload(s->vol, s->stream, 0, 0, 0))
VOL(Upload, table->storageVolUpload(s->vol, s->stream, 0, 0, 0))

/* ---- what is expected of each ---------------------------------------------------------------- */

/* What an access check is told of. */
typedef enum {
    HOST,           /* nothing but the connection */
    IN_HOST,        /* the same, and a filter is told of each pool */
    A_POOL,         /* "ds" */
    XML_POOL,       /* the same, but of XML, so that nothing is read for it */
    IN_POOL,        /* the same, and a filter is told of each volume */
    NEW,            /* "ds", and a volume to be made in it */
    A_VOLUME,       /* "ds" and "a.iso": only a search tells that it is there */
} Scope;

typedef struct {
    const char *verb;       /* the check's name but for its ending */
    size_t member;          /* offset in the table */
    int (*call)(Setting *s);
    Scope scope;
    bool names;             /* a list tells names, not only their number */
    int allowed;            /* the error of who may */
    int denied;             /* the error of who may not; 0: VIR_ERR_ACCESS_DENIED */
} Row;

#define CONNECT_ROW(verb) \
    "virConnect" #verb, offsetof(virStorageDriver, connect##verb), connect##verb
#define POOL_ROW(verb) \
    "virStoragePool" #verb, offsetof(virStorageDriver, storagePool##verb), storagePool##verb
#define VOL_ROW(verb) \
    "virStorageVol" #verb, offsetof(virStorageDriver, storageVol##verb), storageVol##verb
#define LIST_ALL_POOLS_ROW \
    "virConnectListAllStoragePools", offsetof(virStorageDriver, connectListAllStoragePools), \
    listAllPools
#define LIST_ALL_VOLUMES_ROW \
    "virStoragePoolListAllVolumes", offsetof(virStorageDriver, storagePoolListAllVolumes), \
    listAllVolumes

static const Row rows[] = {
    { CONNECT_ROW(NumOfStoragePools), .scope = IN_HOST },
    { CONNECT_ROW(ListStoragePools), .scope = IN_HOST, .names = true },
    { CONNECT_ROW(NumOfDefinedStoragePools), .scope = HOST },
    { CONNECT_ROW(ListDefinedStoragePools), .scope = HOST },
    { CONNECT_ROW(ListAllStoragePools), .scope = IN_HOST },
    { LIST_ALL_POOLS_ROW, .scope = IN_HOST, .names = true },
    { CONNECT_ROW(GetStoragePoolCapabilities), .scope = HOST },
    { CONNECT_ROW(StoragePoolEventRegisterAny), .scope = HOST },
    { CONNECT_ROW(StoragePoolEventDeregisterAny), .scope = HOST },

    { POOL_ROW(LookupByName), .scope = A_POOL },
    { POOL_ROW(LookupByUUID), .scope = A_POOL },
    { POOL_ROW(LookupByVolume), .scope = A_POOL },
    { POOL_ROW(LookupByTargetPath), .scope = A_POOL },
    { POOL_ROW(CreateXML), .scope = XML_POOL, .allowed = VIR_ERR_NO_SUPPORT },
    { POOL_ROW(DefineXML), .scope = XML_POOL, .allowed = VIR_ERR_NO_SUPPORT },
    { POOL_ROW(Build), .scope = A_POOL, .allowed = VIR_ERR_NO_SUPPORT },
    { POOL_ROW(Undefine), .scope = A_POOL, .allowed = VIR_ERR_NO_SUPPORT },
    { POOL_ROW(Create), .scope = A_POOL, .allowed = VIR_ERR_OPERATION_INVALID },
    { POOL_ROW(Destroy), .scope = A_POOL, .allowed = VIR_ERR_NO_SUPPORT },
    { POOL_ROW(Delete), .scope = A_POOL, .allowed = VIR_ERR_NO_SUPPORT },
    { POOL_ROW(Refresh), .scope = A_POOL },
    { POOL_ROW(GetInfo), .scope = A_POOL },
    { POOL_ROW(GetXMLDesc), .scope = A_POOL },
    { POOL_ROW(GetAutostart), .scope = A_POOL },
    { POOL_ROW(SetAutostart), .scope = A_POOL },
    { POOL_ROW(IsActive), .scope = A_POOL },
    { POOL_ROW(IsPersistent), .scope = A_POOL },
    { POOL_ROW(NumOfVolumes), .scope = IN_POOL },
    { POOL_ROW(ListVolumes), .scope = IN_POOL, .names = true },
    { POOL_ROW(ListAllVolumes), .scope = IN_POOL },
    { LIST_ALL_VOLUMES_ROW, .scope = IN_POOL, .names = true },

    { VOL_ROW(LookupByName), .scope = A_VOLUME },
    { VOL_ROW(LookupByKey), .scope = A_VOLUME, .denied = VIR_ERR_NO_STORAGE_VOL },
    { VOL_ROW(LookupByPath), .scope = A_VOLUME, .denied = VIR_ERR_NO_STORAGE_VOL },
    { VOL_ROW(GetInfo), .scope = A_VOLUME },
    { VOL_ROW(GetInfoFlags), .scope = A_VOLUME },
    { VOL_ROW(GetXMLDesc), .scope = A_VOLUME },
    { VOL_ROW(GetPath), .scope = A_VOLUME },
    { VOL_ROW(CreateXML), .scope = NEW, .allowed = VIR_ERR_NO_SUPPORT },
    { VOL_ROW(CreateXMLFrom), .scope = NEW, .allowed = VIR_ERR_NO_SUPPORT },
    { VOL_ROW(Delete), .scope = A_VOLUME, .allowed = VIR_ERR_OPERATION_INVALID },
    { VOL_ROW(Wipe), .scope = A_VOLUME, .allowed = VIR_ERR_NO_SUPPORT },
    { VOL_ROW(WipePattern), .scope = A_VOLUME, .allowed = VIR_ERR_NO_SUPPORT },
    { VOL_ROW(Resize), .scope = A_VOLUME, .allowed = VIR_ERR_NO_SUPPORT },
    /* No file is found: see transfer_stub.h. */
    { VOL_ROW(Download), .scope = A_VOLUME, .allowed = VIR_ERR_NO_STORAGE_VOL },
    { VOL_ROW(Upload), .scope = A_VOLUME, .allowed = VIR_ERR_NO_STORAGE_VOL },
};

/* What the check, and it alone, is asked. */
static void
expectEnsure(GString *expected, const Row *row)
{
    static const char *const told[] = {
        [HOST] = "", [IN_HOST] = "", [A_POOL] = " ds", [XML_POOL] = " ds",
        [IN_POOL] = " ds",
        [NEW] = " ds new.iso [ds] new.iso", [A_VOLUME] = " ds a.iso [ds] a.iso",
    };

    g_string_append_printf(expected, "%sEnsureACL%s\n", row->verb, told[row->scope]);
}

/* What the filter is asked after that. */
static void
expectCheck(GString *expected, const Row *row)
{
    if (row->scope == IN_HOST)
        g_string_append_printf(expected, "%sCheckACL ds\n%sCheckACL other\n", row->verb, row->verb);
    if (row->scope == IN_POOL)
        g_string_append_printf(expected, "%sCheckACL ds a.iso [ds] a.iso\n"
                               "%sCheckACL ds b.iso [ds] b.iso\n", row->verb, row->verb);
}

static bool
isList(const Row *row)
{
    return row->scope == IN_HOST || row->scope == IN_POOL;
}

static void
assertNames(Setting *s, const char *names)
{
    g_autofree char *told = g_strjoinv(" ", s->names);

    g_assert_cmpstr(told, ==, names);
}

static void
checkAllowed(const Row *row, bool warm)
{
    g_auto(Setting) s = { 0 };
    g_autoptr(GString) expected = g_string_new(NULL);
    int result;

    settingOpen(&s, warm, isList(row));
    result = row->call(&s);
    expectEnsure(expected, row);
    expectCheck(expected, row);
    g_assert_cmpstr(guard.asked->str, ==, expected->str);
    g_assert_cmpint(virGetLastErrorCode(), ==, row->allowed);
    if (isList(row))
        g_assert_cmpint(result, ==, 2);
    else
        g_assert_true(row->allowed ? result == -1 : result >= 0);
    assertNames(&s, !row->names ? "" : row->scope == IN_HOST ? "ds other" : "a.iso b.iso");
}

static void
checkDenied(const Row *row, bool warm)
{
    g_auto(Setting) s = { 0 };
    g_autoptr(GString) expected = g_string_new(NULL);
    bool reads = !warm && row->scope != HOST && row->scope != IN_HOST &&
                 row->scope != XML_POOL;
    bool searches = row->scope == A_VOLUME;
    g_autofree char *log = g_strconcat(reads ? FILTER " " WAIT : "", reads && searches ? " " : "",
                                       searches ? SEARCH " " LOOK : "", NULL);

    settingOpen(&s, warm, isList(row));
    guard.deny = true;
    g_assert_cmpint(row->call(&s), ==, -1);
    expectEnsure(expected, row);
    g_assert_cmpstr(guard.asked->str, ==, expected->str);
    g_assert_cmpint(virGetLastErrorCode(), ==, row->denied ? row->denied : VIR_ERR_ACCESS_DENIED);
    cannedAssertLog(s.canned, log);
    assertNames(&s, "");
}

/* The first of the two is hidden. */
static void
checkFiltered(const Row *row)
{
    g_auto(Setting) s = { 0 };
    g_autoptr(GString) expected = g_string_new(NULL);

    settingOpen(&s, true /* warm */, isList(row));
    guard.hidden = row->scope == IN_HOST ? "ds" : "a.iso";
    g_assert_cmpint(row->call(&s), ==, 1);
    expectEnsure(expected, row);
    expectCheck(expected, row);
    g_assert_cmpstr(guard.asked->str, ==, expected->str);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OK);
    assertNames(&s, !row->names ? "" : row->scope == IN_HOST ? "other" : "b.iso");
}

/* Pools are found in two ways: before the inventory was read, and after. */
static void
testRow(gconstpointer data)
{
    const Row *row = data;

    checkAllowed(row, false /* warm */);
    checkAllowed(row, true /* warm */);
    checkDenied(row, false /* warm */);
    checkDenied(row, true /* warm */);
    if (isList(row))
        checkFiltered(row);
}

/* A callback that is new in the table needs a row here. */
static void
testEveryCallback(void)
{
    size_t member, i;

    for (member = sizeof(table->name); member < sizeof(*table); member += sizeof(gpointer)) {
        gpointer callback = NULL;
        bool has = false;

        memcpy(&callback, (const char *)table + member, sizeof(callback));
        for (i = 0; i < G_N_ELEMENTS(rows); i++)
            has = has || rows[i].member == member;
        if (has != (callback != NULL))
            g_error("callback %zu of the table has %s", member / sizeof(gpointer),
                    callback ? "no row" : "a row, but is NULL");
    }
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    size_t i;

    g_test_init(&argc, &argv, NULL);
    loopInit();
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/esx/storage-acl/every-callback", testEveryCallback);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_strdup_printf("/esx/storage-acl/%s%s", rows[i].verb,
                                                rows[i].names ? "/names" : "");

        g_test_add_data_func(path, &rows[i], testRow);
    }
    return g_test_run();
}

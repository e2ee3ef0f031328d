/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_create.h"
#include "vmfs_fixture.h"

#include <string.h>

#define MIB ((guint64)1024 * 1024)

#define CREATE "CreateVirtualDisk_Task"
#define MKDIR "MakeDirectory"
#define MOVE "MoveDatastoreFile_Task"
#define DELETE "DeleteDatastoreFile_Task"
#define LOOK FIXTURE_LOOK

static EsxVolumeList *
create(Vmfs *vmfs, const EsxVolumeSpec *spec)
{
    g_autoptr(GError) error = NULL;
    EsxVolumeList *list = NULL;
    gboolean ok;

    folderStubSee(g_str_has_suffix(spec->name, ".vmdk") ? 500 : -1);
    ok = esxVmfsCreate(vmfs->connection, vmfs->pool, spec, &list, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    return list;
}

static GError *
createFails(Vmfs *vmfs, const InventoryPool *pool, const EsxVolumeSpec *spec)
{
    GError *error = NULL;
    EsxVolumeList *list = NULL;

    g_assert_false(esxVmfsCreate(vmfs->connection, pool, spec, &list, &error));
    g_assert_null(list);
    return error;
}

/* ---- virtual disks --------------------------------------------------------------------------- */

/* 2 requests, whatever its kind. */
static void
testDisk(void)
{
    static const struct {
        guint64 allocation;
        gboolean preallocate;
        const char *wire;
        ViDiskType type;
        guint64 known;
    } rows[] = {
        { 0, FALSE, "<diskType>thin</diskType>", VI_DISK_THIN, 0 },
        { 1, FALSE, "<diskType>thin</diskType>", VI_DISK_THIN, 0 },
        { MIB - 1, FALSE, "<diskType>thin</diskType>", VI_DISK_THIN, 0 },
        { MIB, FALSE, "<diskType>preallocated</diskType>", VI_DISK_THICK, MIB },
        { 5 * MIB, FALSE, "<diskType>preallocated</diskType>", VI_DISK_THICK, MIB },
        { MIB, TRUE, "<diskType>eagerZeroedThick</diskType>", VI_DISK_EAGER, MIB },
        { 0, TRUE, "<diskType>eagerZeroedThick</diskType>", VI_DISK_EAGER, MIB },
        { 1, TRUE, "<diskType>eagerZeroedThick</diskType>", VI_DISK_EAGER, MIB },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Vmfs) vmfs = { 0 };
        const EsxVolumeSpec spec = {
            "vm/a b.vmdk", VIR_STORAGE_FILE_VMDK, MIB, rows[i].allocation, rows[i].preallocate,
        };
        g_autoptr(EsxVolumeList) list = NULL;
        const EsxVolume *volume;

        vmfsInit(&vmfs);
        fixtureScriptTask(vmfs.canned, CREATE);
        list = create(&vmfs, &spec);
        cannedAssertLog(vmfs.canned, CREATE " " LOOK);
        vmfsAssertSent(&vmfs, CREATE, "<name>[ds] vm/a b.vmdk</name>");
        vmfsAssertSent(&vmfs, CREATE, rows[i].wire);
        vmfsAssertSent(&vmfs, CREATE, "<adapterType>lsiLogic</adapterType>");
        vmfsAssertSent(&vmfs, CREATE, "<capacityKb>1024</capacityKb>");

        volume = esxVolumeListAt(list, 0);
        g_assert_cmpstr(volume->name, ==, "vm/a b.vmdk");
        g_assert_cmpstr(volume->key, ==, "[ds] vm/a b.vmdk");
        g_assert_cmpstr(volume->path, ==, "[ds] vm/a b.vmdk");
        g_assert_cmpint(volume->type, ==, VIR_STORAGE_VOL_FILE);
        g_assert_cmpint(volume->format, ==, VIR_STORAGE_FILE_VMDK);
        g_assert_cmpuint(volume->capacity, ==, MIB);
        g_assert_cmpuint(volume->allocation, ==, rows[i].known);
        g_assert_cmpint(volume->disk.type, ==, rows[i].type);
    }
    folderStubAssertLog("size [ds] vm/a b.vmdk\n");
}

static void
testRoundsUp(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    const EsxVolumeSpec spec = { "a.vmdk", VIR_STORAGE_FILE_NONE, MIB + 1, MIB + 1, FALSE };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    fixtureScriptTask(vmfs.canned, CREATE);
    list = create(&vmfs, &spec);
    vmfsAssertSent(&vmfs, CREATE, "<capacityKb>1025</capacityKb>");
    g_assert_cmpuint(esxVolumeListAt(list, 0)->capacity, ==, MIB + 1024);
    g_assert_cmpint(esxVolumeListAt(list, 0)->format, ==, VIR_STORAGE_FILE_VMDK);
}

/* What cannot be is refused without asking. */
static void
testRefused(void)
{
    static const struct {
        EsxVolumeSpec spec;
        gint code;
        const char *phrase;
    } rows[] = {
        { { "a.vmdk", VIR_STORAGE_FILE_VMDK, 0, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "capacity of a virtual disk must be greater than 0" },
        { { "a.vmdk", VIR_STORAGE_FILE_VMDK, G_MAXUINT64, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "no ESX host can create a volume of 18446744073709551615 bytes" },
        { { "a.iso", VIR_STORAGE_FILE_VMDK, 10, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "name it 'a.iso.vmdk'" },
        { { "a.VMDK", VIR_STORAGE_FILE_RAW, 10, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "treats 'a.VMDK' as a virtual disk" },
        { { "a.vmdk", VIR_STORAGE_FILE_ISO, 10, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "treats 'a.vmdk' as a virtual disk" },
        { { "a.qcow2", VIR_STORAGE_FILE_QCOW2, 10, 0, FALSE }, ESX_ERROR_NO_SUPPORT,
          "not support volumes of the format 'qcow2'" },
        { { "a.x", 12345, 10, 0, FALSE }, ESX_ERROR_NO_SUPPORT, "the format 'unknown'" },
        { { "../a.vmdk", VIR_STORAGE_FILE_VMDK, 10, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "the name '../a.vmdk' has a component \".\" or \"..\"" },
        { { "", VIR_STORAGE_FILE_RAW, 10, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "the name '' is empty" },
        { { "a.img", VIR_STORAGE_FILE_RAW, G_MAXUINT64, 0, FALSE }, ESX_ERROR_INVALID_ARGUMENT,
          "no ESX host can create" },
    };
    g_auto(Vmfs) vmfs = { 0 };
    size_t i;

    vmfsInit(&vmfs);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = createFails(&vmfs, vmfs.pool, &rows[i].spec);

        vmfsAssertRefused(&vmfs, error, rows[i].code, rows[i].phrase);
    }
}

static void
testExists(void)
{
    static const EsxVolumeSpec spec = { "vm/a.vmdk", VIR_STORAGE_FILE_VMDK, MIB, 0, FALSE };
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileAlreadyExists", "It is there.");
    error = createFails(&vmfs, vmfs.pool, &spec);
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK);
    vmfsAssertExpired(&vmfs);
}

/* ---- plain files ----------------------------------------------------------------------------- */

#define TEMPORARY "iso/a.iso.upload-XXXXXXXX"

static const EsxVolumeSpec isoSpec = { "iso/a.iso", VIR_STORAGE_FILE_RAW, 5000, 0, FALSE };
static const EsxVolumeSpec largeSpec = {
    "iso/a.iso", VIR_STORAGE_FILE_NONE, ESX_VMFS_CREATE_SMALL + 1, 0, FALSE,
};

/* Written and moved; what it is follows from its name. */
static void
testFile(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;
    const EsxVolume *volume;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, MOVE);
    list = create(&vmfs, &isoSpec);
    folderStubAssertLog("write [ds] " TEMPORARY " 5000\nsize [ds] iso/a.iso\n");
    cannedAssertLog(vmfs.canned, MOVE " " LOOK);
    vmfsAssertSent(&vmfs, MOVE, "<sourceName>[ds] iso/a.iso.upload-");
    vmfsAssertSent(&vmfs, MOVE, "<destinationName>[ds] iso/a.iso</destinationName>");
    vmfsAssertSent(&vmfs, MOVE, "<force>false</force>");
    volume = esxVolumeListAt(list, 0);
    g_assert_cmpint(volume->format, ==, VIR_STORAGE_FILE_ISO);
    g_assert_cmpuint(volume->capacity, ==, 5000);
    g_assert_cmpuint(volume->allocation, ==, 5000);
    vmfsAssertExpired(&vmfs);
}

static void
testEmptyFile(void)
{
    static const EsxVolumeSpec spec = { "a.img", VIR_STORAGE_FILE_ISO, 0, 0, FALSE };
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    fixtureScriptTask(vmfs.canned, MOVE);
    list = create(&vmfs, &spec);
    folderStubAssertLog("write [ds] a.img.upload-XXXXXXXX 0\nsize [ds] a.img\n");
    g_assert_cmpint(esxVolumeListAt(list, 0)->format, ==, VIR_STORAGE_FILE_RAW);
    cannedAssertLog(vmfs.canned, MOVE " " LOOK);
}

/* Much is not sent for nothing: its name is looked at first. */
static void
testLargeFile(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    folderStubFile();
    error = createFails(&vmfs, vmfs.pool, &largeSpec);
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(error->message, ==, "iso/a.iso");
    folderStubAssertLog("size [ds] iso/a.iso\n");
    cannedAssertLog(vmfs.canned, "");

    fixtureScriptTask(vmfs.canned, MOVE);
    list = create(&vmfs, &largeSpec);
    folderStubAssertLog("size [ds] iso/a.iso\nwrite [ds] " TEMPORARY " 16777217\n"
                        "size [ds] iso/a.iso\n");
    cannedAssertLog(vmfs.canned, MOVE " " LOOK);
}

/* What the whole datastore has no room for is not sent. */
static void
testTooLargeFile(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    InventoryPool pool;
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    pool = *vmfs.pool;
    pool.capacity = 4999;
    error = createFails(&vmfs, &pool, &isoSpec);
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    fixtureAssertPhrase(error->message, "capacity of 4999 bytes, too small for a file of 5000");
    folderStubAssertLog("");
    cannedAssertLog(vmfs.canned, "");
}

static void
testFileInMissingDirectory(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    folderStubFail("write", VI_ERROR_FILE_NOT_FOUND);
    cannedReply(vmfs.canned, MKDIR, "");
    fixtureScriptTask(vmfs.canned, MOVE);
    list = create(&vmfs, &isoSpec);
    folderStubAssertLog("write [ds] " TEMPORARY " 5000\nwrite [ds] " TEMPORARY " 5000\n"
                        "size [ds] iso/a.iso\n");
    cannedAssertLog(vmfs.canned, MKDIR " " MOVE " " LOOK);
    vmfsAssertSent(&vmfs, MKDIR, "<name>[ds] iso</name>");
}

/* Where no directory can be made nothing was written, and nothing is deleted. */
static void
testFileWithoutDirectory(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    folderStubFail("write", VI_ERROR_FILE_NOT_FOUND);
    cannedFault(vmfs.canned, MKDIR, "NoPermission", "Not you.");
    error = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    folderStubAssertLog("write [ds] " TEMPORARY " 5000\n");
    cannedAssertLog(vmfs.canned, MKDIR);
}

static void
testFileNameTaken(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, MOVE, "FileAlreadyExists", "It is there.");
    fixtureScriptTask(vmfs.canned, DELETE);
    error = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(error->message, ==, "iso/a.iso");
    cannedAssertLog(vmfs.canned, MOVE " " LOOK " " DELETE " " LOOK);
    vmfsAssertSent(&vmfs, DELETE, "<name>[ds] iso/a.iso.upload-");
    folderStubAssertLog("write [ds] " TEMPORARY " 5000\n");
    vmfsAssertExpired(&vmfs);
}

/* Whatever goes wrong once something was written, it does not stay, or is named. */
static void
testFileTidiedUp(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) unwritten = NULL;
    g_autoptr(GError) stays = NULL;
    g_autoptr(GError) unmoved = NULL;
    g_autoptr(GError) unknown = NULL;

    vmfsInit(&vmfs);
    folderStubFail("write", VI_ERROR_NO_DISK_SPACE);
    fixtureScriptTaskFault(vmfs.canned, DELETE, "FileNotFound", "Nothing there.");
    unwritten = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(unwritten, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    g_assert_cmpstr(unwritten->message, ==, "scripted trouble");
    cannedAssertLog(vmfs.canned, DELETE " " LOOK);

    folderStubFail("write", VI_ERROR_OUTCOME_UNKNOWN);
    cannedFail(vmfs.canned, DELETE, HTTP_ERROR, HTTP_ERROR_CONNECT);
    stays = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(stays, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(stays->message, "'[ds] iso/a.iso.upload-");
    fixtureAssertPhrase(stays->message, "' may be left behind; delete it (deleting it failed: ");
    cannedAssertLog(vmfs.canned, DELETE);

    fixtureScriptTaskFault(vmfs.canned, MOVE, "NoPermission", "Not you.");
    fixtureScriptTask(vmfs.canned, DELETE);
    unmoved = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(unmoved, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(vmfs.canned, MOVE " " LOOK " " DELETE " " LOOK);

    cannedFail(vmfs.canned, MOVE, HTTP_ERROR, HTTP_ERROR_BROKEN);
    unknown = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(unknown, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(unknown->message, " holds the new file, unless it has already been "
                                          "renamed: ");
    cannedAssertLog(vmfs.canned, MOVE);
    folderStubAssertLog("write [ds] " TEMPORARY " 5000\nwrite [ds] " TEMPORARY " 5000\n"
                        "write [ds] " TEMPORARY " 5000\nwrite [ds] " TEMPORARY " 5000\n");
}

/* Tidying up goes on when everything is told to stop. */
static void
raiseFlag(gpointer flag)
{
    cancelRaise(flag);
}

static void
testCancelled(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autofree char *bytes = cannedFaultEnvelope("NoPermission", "Not you.", NULL);
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    cannedAdd(vmfs.canned, MOVE, &(CannedExchange){
        .status = 500, .bytes = bytes, .hook = raiseFlag, .hookData = esxServerCancelFlag(),
    });
    fixtureScriptTask(vmfs.canned, DELETE);
    error = createFails(&vmfs, vmfs.pool, &isoSpec);
    cancelLower(esxServerCancelFlag());
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    g_assert_null(strstr(error->message, "left behind"));
    cannedAssertLog(vmfs.canned, MOVE " " DELETE " " LOOK);
    folderStubAssertLog("write [ds] " TEMPORARY " 5000\n");
}

/* ---- a server that says yes ------------------------------------------------------------------ */

static void
testHollow(void)
{
    static const EsxVolumeSpec disk = { "vm/a.vmdk", VIR_STORAGE_FILE_VMDK, MIB, MIB, FALSE };
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) made = NULL;
    g_autoptr(GError) moved = NULL;
    g_autoptr(GError) unseen = NULL;

    vmfsInit(&vmfs);
    fixtureScriptTask(vmfs.canned, CREATE);
    made = createFails(&vmfs, vmfs.pool, &disk);
    g_assert_error(made, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(made->message, "the file was created, but it does not exist");

    folderStubFail("size", VI_ERROR_FILE_NOT_FOUND);
    fixtureScriptTask(vmfs.canned, MOVE);
    fixtureScriptTask(vmfs.canned, DELETE);
    moved = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(moved, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(moved->message, "reported that the new file was renamed");
    vmfsAssertSent(&vmfs, DELETE, "<name>[ds] iso/a.iso.upload-");

    folderStubFail("size", VI_ERROR_PROTOCOL);
    fixtureScriptTask(vmfs.canned, MOVE);
    unseen = createFails(&vmfs, vmfs.pool, &isoSpec);
    g_assert_error(unseen, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(unseen->message, "'[ds] iso/a.iso' was created; check it: checking");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-create/disk", testDisk);
    g_test_add_func("/esx/vmfs-create/rounds-up", testRoundsUp);
    g_test_add_func("/esx/vmfs-create/refused", testRefused);
    g_test_add_func("/esx/vmfs-create/exists", testExists);
    g_test_add_func("/esx/vmfs-create/file", testFile);
    g_test_add_func("/esx/vmfs-create/empty-file", testEmptyFile);
    g_test_add_func("/esx/vmfs-create/large-file", testLargeFile);
    g_test_add_func("/esx/vmfs-create/too-large-file", testTooLargeFile);
    g_test_add_func("/esx/vmfs-create/file-in-missing-directory", testFileInMissingDirectory);
    g_test_add_func("/esx/vmfs-create/file-without-directory", testFileWithoutDirectory);
    g_test_add_func("/esx/vmfs-create/file-name-taken", testFileNameTaken);
    g_test_add_func("/esx/vmfs-create/file-tidied-up", testFileTidiedUp);
    g_test_add_func("/esx/vmfs-create/cancelled", testCancelled);
    g_test_add_func("/storage/create/hollow", testHollow);
    return g_test_run();
}

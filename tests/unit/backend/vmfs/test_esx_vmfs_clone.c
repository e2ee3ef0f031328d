/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_clone.h"
#include "vim_types.h"
#include "vmfs_fixture.h"

#include <string.h>

#define MIB ((guint64)1024 * 1024)

#define COPY "CopyVirtualDisk_Task"
#define EXTEND "ExtendVirtualDisk_Task"
#define DELETE "DeleteVirtualDisk_Task"
#define COPY_FILE "CopyDatastoreFile_Task"
#define MKDIR "MakeDirectory"
#define LOOK FIXTURE_LOOK

static const EsxVolume thin = {
    .name = "vm/a.vmdk", .key = "[other] vm/a.vmdk", .path = "[other] vm/a.vmdk",
    .type = VIR_STORAGE_VOL_FILE, .format = VIR_STORAGE_FILE_VMDK,
    .capacity = MIB, .allocation = 1000, .physical = 1000,
    .disk = { VI_DISK_THIN, VIM_VIRTUAL_DISK_ADAPTER_TYPE_IDE },
};
static const EsxVolume iso = {
    .name = "a.iso", .key = "[other] a.iso", .path = "[other] a.iso",
    .type = VIR_STORAGE_VOL_FILE, .format = VIR_STORAGE_FILE_ISO,
    .capacity = 5000, .allocation = 4096, .physical = 4096,
};

static const EsxVolumeSpec diskSpec = { "new/b.vmdk", VIR_STORAGE_FILE_VMDK, MIB, MIB, FALSE };
static const EsxVolumeSpec fileSpec = { "new/b.iso", VIR_STORAGE_FILE_NONE, 5000, 5000, FALSE };

/* Copies @source from the datastore "other" to "ds". */
static EsxVolumeList *
copyOf(Vmfs *vmfs, const EsxVolumeSpec *spec, const EsxVolume *source)
{
    g_autoptr(GError) error = NULL;
    EsxVolumeList *list = NULL;
    gboolean ok;

    folderStubSee((gint64)source->capacity);
    ok = esxVmfsClone(vmfs->connection, vmfs->pool, spec, vmfs->other, source, &list, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return list;
}

static GError *
copyFails(Vmfs *vmfs, const EsxVolumeSpec *spec, const InventoryPool *sourcePool,
          const EsxVolume *source)
{
    GError *error = NULL;
    EsxVolumeList *list = NULL;

    g_assert_false(esxVmfsClone(vmfs->connection, vmfs->pool, spec, sourcePool, source, &list,
                                &error));
    g_assert_null(list);
    return error;
}

/* ---- virtual disks --------------------------------------------------------------------------- */

/* Thin stays thin, and the adapter what it was. */
static void
testDisk(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;
    const EsxVolume *volume;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, COPY);
    list = copyOf(&vmfs, &diskSpec, &thin);
    cannedAssertLog(vmfs.canned, COPY " " LOOK);
    vmfsAssertSent(&vmfs, COPY, "<sourceName>[other] vm/a.vmdk</sourceName>");
    vmfsAssertSent(&vmfs, COPY, "<destName>[ds] new/b.vmdk</destName>");
    vmfsAssertSent(&vmfs, COPY, "<diskType>thin</diskType><adapterType>ide</adapterType>");
    vmfsAssertSent(&vmfs, COPY, "<force>false</force>");

    volume = esxVolumeListAt(list, 0);
    g_assert_cmpstr(volume->name, ==, "new/b.vmdk");
    g_assert_cmpstr(volume->key, ==, "[ds] new/b.vmdk");
    g_assert_cmpint(volume->format, ==, VIR_STORAGE_FILE_VMDK);
    g_assert_cmpuint(volume->capacity, ==, MIB);
    g_assert_cmpuint(volume->allocation, ==, 1000);
    g_assert_cmpint(volume->disk.type, ==, VI_DISK_THIN);
    vmfsAssertExpired(&vmfs);
}

static void
testKinds(void)
{
    static const struct {
        ViDiskKind source;
        gboolean preallocate;
        const char *wire;       /* NULL: the server decides */
        ViDiskType type;
        guint64 allocation;
    } rows[] = {
        { { VI_DISK_THICK, NULL }, FALSE,
          "<diskType>preallocated</diskType><adapterType>lsiLogic</adapterType>", VI_DISK_THICK,
          MIB },
        { { VI_DISK_EAGER, "busLogic" }, FALSE,
          "<diskType>eagerZeroedThick</diskType><adapterType>busLogic</adapterType>",
          VI_DISK_EAGER, MIB },
        { { VI_DISK_THIN, "busLogic" }, TRUE,
          "<diskType>eagerZeroedThick</diskType><adapterType>busLogic</adapterType>",
          VI_DISK_EAGER, MIB },
        { { VI_DISK_UNKNOWN, NULL }, TRUE,
          "<diskType>eagerZeroedThick</diskType><adapterType>lsiLogic</adapterType>",
          VI_DISK_EAGER, MIB },
        { { VI_DISK_UNKNOWN, "ide" }, FALSE, NULL, VI_DISK_UNKNOWN, 1000 },
    };
    g_auto(Vmfs) vmfs = { 0 };
    size_t i;

    vmfsInit(&vmfs);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        EsxVolume source = thin;
        EsxVolumeSpec spec = diskSpec;
        g_autoptr(EsxVolumeList) list = NULL;

        source.disk = rows[i].source;
        spec.preallocate = rows[i].preallocate;
        fixtureScriptTask(vmfs.canned, COPY);
        list = copyOf(&vmfs, &spec, &source);
        cannedAssertLog(vmfs.canned, COPY " " LOOK);
        if (rows[i].wire)
            vmfsAssertSent(&vmfs, COPY, rows[i].wire);
        else
            g_assert_null(strstr(cannedLast(vmfs.canned, COPY)->body, "diskType"));
        g_assert_cmpint(esxVolumeListAt(list, 0)->disk.type, ==, rows[i].type);
        g_assert_cmpuint(esxVolumeListAt(list, 0)->allocation, ==, rows[i].allocation);
    }
}

/* vCenter does not implement it: the disk is copied all the same, and what it is, is unknown. */
static void
testKindRefused(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    cannedFault(vmfs.canned, COPY, "NotImplemented", "Not here.");
    fixtureScriptTask(vmfs.canned, COPY);
    list = copyOf(&vmfs, &diskSpec, &thin);
    cannedAssertLog(vmfs.canned, COPY " " COPY " " LOOK);
    g_assert_cmpint(esxVolumeListAt(list, 0)->disk.type, ==, VI_DISK_UNKNOWN);
}

/* ---- larger ---------------------------------------------------------------------------------- */

static const EsxVolumeSpec largeSpec = { "new/b.vmdk", VIR_STORAGE_FILE_VMDK, MIB + 1, 0, FALSE };

static void
testLarger(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(EsxVolumeList) smaller = NULL;
    const EsxVolumeSpec smallSpec = { "new/b.vmdk", VIR_STORAGE_FILE_VMDK, 1, 0, FALSE };

    vmfsInit(&vmfs);
    fixtureScriptTask(vmfs.canned, COPY);
    fixtureScriptTask(vmfs.canned, EXTEND);
    list = copyOf(&vmfs, &largeSpec, &thin);
    cannedAssertLog(vmfs.canned, COPY " " LOOK " " EXTEND " " LOOK);
    vmfsAssertSent(&vmfs, EXTEND, "<name>[ds] new/b.vmdk</name>");
    vmfsAssertSent(&vmfs, EXTEND, "<newCapacityKb>1025</newCapacityKb>");
    vmfsAssertSent(&vmfs, EXTEND, "<eagerZero>false</eagerZero>");
    g_assert_cmpuint(esxVolumeListAt(list, 0)->capacity, ==, MIB + 1024);

    fixtureScriptTask(vmfs.canned, COPY);
    smaller = copyOf(&vmfs, &smallSpec, &thin);
    cannedAssertLog(vmfs.canned, COPY " " LOOK);
    g_assert_cmpuint(esxVolumeListAt(smaller, 0)->capacity, ==, MIB);
}

/* A copy that cannot be extended does not stay, or is named. */
static void
testCannotExtend(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) gone = NULL;
    g_autoptr(GError) stays = NULL;
    g_autoptr(GError) unknown = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, COPY);
    fixtureScriptTaskFault(vmfs.canned, EXTEND, "NoDiskSpace", "Full.");
    fixtureScriptTask(vmfs.canned, DELETE);
    gone = copyFails(&vmfs, &largeSpec, vmfs.other, &thin);
    g_assert_error(gone, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    fixtureAssertPhrase(gone->message, "the copy was created but cannot be extended: ");
    g_assert_null(strstr(gone->message, "left behind"));
    cannedAssertLog(vmfs.canned, COPY " " LOOK " " EXTEND " " LOOK " " DELETE " " LOOK);
    vmfsAssertSent(&vmfs, DELETE, "<name>[ds] new/b.vmdk</name>");
    vmfsAssertExpired(&vmfs);

    fixtureScriptTask(vmfs.canned, COPY);
    fixtureScriptTaskFault(vmfs.canned, EXTEND, "NoDiskSpace", "Full.");
    fixtureScriptTaskFault(vmfs.canned, DELETE, "NoPermission", "In use.");
    stays = copyFails(&vmfs, &largeSpec, vmfs.other, &thin);
    g_assert_error(stays, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    fixtureAssertPhrase(stays->message, "'[ds] new/b.vmdk' may be left behind");
    cannedAssertLog(vmfs.canned, COPY " " LOOK " " EXTEND " " LOOK " " DELETE " " LOOK);

    fixtureScriptTask(vmfs.canned, COPY);
    cannedFail(vmfs.canned, EXTEND, HTTP_ERROR, HTTP_ERROR_BROKEN);
    unknown = copyFails(&vmfs, &largeSpec, vmfs.other, &thin);
    g_assert_error(unknown, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(unknown->message, "'[ds] new/b.vmdk' is the copy, and may still");
    cannedAssertLog(vmfs.canned, COPY " " LOOK " " EXTEND);
}

/* ---- plain files, directories ---------------------------------------------------------------- */

static void
testFile(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, COPY_FILE, "FileNotFound", "No directory.");
    cannedReply(vmfs.canned, MKDIR, "");
    fixtureScriptTask(vmfs.canned, COPY_FILE);
    list = copyOf(&vmfs, &fileSpec, &iso);
    cannedAssertLog(vmfs.canned, COPY_FILE " " LOOK " " MKDIR " " COPY_FILE " " LOOK);
    vmfsAssertSent(&vmfs, COPY_FILE, "<sourceName>[other] a.iso</sourceName>");
    vmfsAssertSent(&vmfs, COPY_FILE, "<destinationName>[ds] new/b.iso</destinationName>");
    vmfsAssertSent(&vmfs, COPY_FILE, "<force>false</force>");
    g_assert_cmpuint(esxVolumeListAt(list, 0)->capacity, ==, 5000);
    g_assert_cmpint(esxVolumeListAt(list, 0)->format, ==, VIR_STORAGE_FILE_ISO);
    vmfsAssertExpired(&vmfs);
}

/* One that seems too small is looked at: it may have grown since it was listed. */
static void
testLargerFile(void)
{
    static const EsxVolumeSpec spec = { "b.iso", VIR_STORAGE_FILE_ISO, 5001, 0, FALSE };
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(GError) same = NULL;

    vmfsInit(&vmfs);
    same = copyFails(&vmfs, &spec, vmfs.other, &iso);
    g_assert_error(same, ESX_ERROR, ESX_ERROR_NO_SUPPORT);
    fixtureAssertPhrase(same->message, "cannot be larger than the 5000 bytes of its source");
    folderStubAssertLog("size [other] a.iso\n");
    cannedAssertLog(vmfs.canned, "");

    folderStubSee(6000);
    fixtureScriptTask(vmfs.canned, COPY_FILE);
    g_assert_true(esxVmfsClone(vmfs.connection, vmfs.pool, &spec, vmfs.other, &iso, &list, NULL));
    g_assert_cmpuint(esxVolumeListAt(list, 0)->capacity, ==, 6000);
    cannedAssertLog(vmfs.canned, COPY_FILE " " LOOK);
}

static void
testExists(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) same = NULL;
    EsxVolume source = thin;

    vmfsInit(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, COPY, "FileAlreadyExists", "It is there.");
    error = copyFails(&vmfs, &diskSpec, vmfs.other, &thin);
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    cannedAssertLog(vmfs.canned, COPY " " LOOK);

    /* Onto itself. */
    source.name = diskSpec.name;
    same = copyFails(&vmfs, &diskSpec, vmfs.pool, &source);
    g_assert_error(same, VI_ERROR, VI_ERROR_FILE_EXISTS);
    cannedAssertLog(vmfs.canned, "");
}

/* What cannot be is refused without asking. */
static void
testRefused(void)
{
    static const EsxVolumeSpec huge = { "b.vmdk", VIR_STORAGE_FILE_VMDK, G_MAXUINT64, 0, FALSE };
    static const EsxVolumeSpec bad = { "b//c.vmdk", VIR_STORAGE_FILE_VMDK, MIB, 0, FALSE };
    static const InventoryTarget target = { .iqn = "iqn.2001-05.com.example:a" };
    static const EsxVolume lun = { .name = "naa.6", .format = VIR_STORAGE_FILE_NONE };
    const struct {
        const EsxVolumeSpec *spec;
        const EsxVolume *source;
        gint code;
        const char *phrase;
    } rows[] = {
        { &diskSpec, &iso, ESX_ERROR_NO_SUPPORT,
          "'a.iso' is a plain file, so the name of the copy must not end in '.vmdk'" },
        { &fileSpec, &thin, ESX_ERROR_NO_SUPPORT,
          "'vm/a.vmdk' is a virtual disk, so the name of the copy must end in '.vmdk'" },
        { &huge, &thin, ESX_ERROR_INVALID_ARGUMENT, "no ESX host can create" },
        { &bad, &thin, ESX_ERROR_INVALID_ARGUMENT, "the name 'b//c.vmdk' has an empty component" },
    };
    g_auto(Vmfs) vmfs = { 0 };
    InventoryPool pool = { .name = "iqn.2001-05.com.example:a", .accessible = TRUE,
                           .target = &target };
    g_autoptr(GError) fromLun = NULL;
    g_autoptr(GError) fromLost = NULL;
    size_t i;

    vmfsInit(&vmfs);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = copyFails(&vmfs, rows[i].spec, vmfs.other, rows[i].source);

        vmfsAssertRefused(&vmfs, error, rows[i].code, rows[i].phrase);
    }
    fromLun = copyFails(&vmfs, &diskSpec, &pool, &lun);
    vmfsAssertRefused(&vmfs, fromLun, ESX_ERROR_NO_SUPPORT,
                      "'naa.6' is a LUN of pool 'iqn.2001-05.com.example:a'");
    pool = *vmfs.other;
    pool.accessible = FALSE;
    fromLost = copyFails(&vmfs, &diskSpec, &pool, &thin);
    vmfsAssertRefused(&vmfs, fromLost, ESX_ERROR_INVALID_OPERATION,
                      "pool 'other' of the source: the host cannot reach");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-clone/disk", testDisk);
    g_test_add_func("/esx/vmfs-clone/kinds", testKinds);
    g_test_add_func("/esx/vmfs-clone/kind-refused", testKindRefused);
    g_test_add_func("/esx/vmfs-clone/larger", testLarger);
    g_test_add_func("/esx/vmfs-clone/cannot-extend", testCannotExtend);
    g_test_add_func("/esx/vmfs-clone/file", testFile);
    g_test_add_func("/esx/vmfs-clone/larger-file", testLargerFile);
    g_test_add_func("/esx/vmfs-clone/exists", testExists);
    g_test_add_func("/esx/vmfs-clone/refused", testRefused);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_change.h"
#include "vmfs_fixture.h"

#include <string.h>

#define MIB ((guint64)1024 * 1024)

#define ZEROS VIR_STORAGE_VOL_WIPE_ALG_ZERO

#define EXTEND "ExtendVirtualDisk_Task"
#define ZERO "ZeroFillVirtualDisk_Task"
#define DELETE "DeleteVirtualDisk_Task"
#define DELETE_FILE "DeleteDatastoreFile_Task"
#define LOOK FIXTURE_LOOK

static const EsxVolume disk = {
    .name = "vm/a.vmdk", .key = "[ds] vm/a.vmdk", .path = "[ds] vm/a.vmdk",
    .type = VIR_STORAGE_VOL_FILE, .format = VIR_STORAGE_FILE_VMDK,
    .capacity = MIB, .allocation = 1000, .physical = 1000,
};
static const EsxVolume iso = {
    .name = "a.iso", .key = "[ds] a.iso", .path = "[ds] a.iso",
    .type = VIR_STORAGE_VOL_FILE, .format = VIR_STORAGE_FILE_ISO,
    .capacity = 5000, .allocation = 5000, .physical = 5000,
};

static gboolean
resize(Vmfs *vmfs, const EsxVolume *volume, guint64 capacity, gboolean allocate, GError **error)
{
    return esxVmfsResize(vmfs->connection, vmfs->pool, volume, capacity, allocate, error);
}

/* ---- resize ---------------------------------------------------------------------------------- */

static void
testGrow(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, EXTEND);
    g_assert_true(resize(&vmfs, &disk, MIB + 1, FALSE, &error));
    g_assert_no_error(error);
    cannedAssertLog(vmfs.canned, EXTEND " " LOOK);
    vmfsAssertSent(&vmfs, EXTEND, "<name>[ds] vm/a.vmdk</name>");
    vmfsAssertSent(&vmfs, EXTEND, "<newCapacityKb>1025</newCapacityKb>");
    vmfsAssertSent(&vmfs, EXTEND, "<eagerZero>false</eagerZero>");
    vmfsAssertExpired(&vmfs);

    fixtureScriptTask(vmfs.canned, EXTEND);
    g_assert_true(resize(&vmfs, &disk, 2 * MIB, TRUE, &error));
    cannedAssertLog(vmfs.canned, EXTEND " " LOOK);
    vmfsAssertSent(&vmfs, EXTEND, "<eagerZero>true</eagerZero>");
}

/* What it has already costs nothing; neither does what is rounded up to that. */
static void
testSameSize(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    g_assert_true(resize(&vmfs, &disk, MIB, FALSE, &error));
    g_assert_true(resize(&vmfs, &disk, MIB - 1023, TRUE, &error));
    g_assert_no_error(error);
    cannedAssertLog(vmfs.canned, "");
}

static void
testResizeFails(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, EXTEND, "FileLocked", "A machine has it.");
    g_assert_false(resize(&vmfs, &disk, 2 * MIB, FALSE, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_LOCKED);
    fixtureAssertPhrase(error->message, "A machine has it");
    cannedAssertLog(vmfs.canned, EXTEND " " LOOK);
    vmfsAssertExpired(&vmfs);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static void
testRefused(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    InventoryPool lost;
    g_autoptr(GError) shrink = NULL;
    g_autoptr(GError) nothing = NULL;
    g_autoptr(GError) file = NULL;
    g_autoptr(GError) wipe = NULL;
    g_autoptr(GError) pattern = NULL;
    g_autoptr(GError) gone = NULL;
    g_autoptr(GError) undeleted = NULL;
    g_autoptr(GError) unwiped = NULL;

    vmfsInit(&vmfs);
    lost = *vmfs.pool;
    lost.accessible = FALSE;
    g_assert_false(resize(&vmfs, &disk, MIB - 1024, FALSE, &shrink));
    vmfsAssertRefused(&vmfs, shrink, ESX_ERROR_NO_SUPPORT, "ESX cannot shrink a virtual disk");
    g_assert_false(resize(&vmfs, &disk, 0, FALSE, &nothing));
    vmfsAssertRefused(&vmfs, nothing, ESX_ERROR_INVALID_ARGUMENT, "must be greater than 0");
    g_assert_false(resize(&vmfs, &iso, 6000, FALSE, &file));
    vmfsAssertRefused(&vmfs, file, ESX_ERROR_NO_SUPPORT, "not plain files; upload the file again");
    g_assert_false(esxVmfsWipe(vmfs.connection, vmfs.pool, &iso, ZEROS, &wipe));
    vmfsAssertRefused(&vmfs, wipe, ESX_ERROR_NO_SUPPORT, "ESX can wipe virtual disks");
    g_assert_false(esxVmfsWipe(vmfs.connection, vmfs.pool, &disk, VIR_STORAGE_VOL_WIPE_ALG_NNSA,
                               &pattern));
    vmfsAssertRefused(&vmfs, pattern, ESX_ERROR_NO_SUPPORT, "overwrite disks with zeros");
    g_assert_false(esxVmfsResize(vmfs.connection, &lost, &disk, 2 * MIB, FALSE, &gone));
    vmfsAssertRefused(&vmfs, gone, ESX_ERROR_INVALID_OPERATION, "cannot reach the datastore");
    g_assert_false(esxVmfsDelete(vmfs.connection, &lost, &disk, &undeleted));
    vmfsAssertRefused(&vmfs, undeleted, ESX_ERROR_INVALID_OPERATION, "cannot reach the datastore");
    g_assert_false(esxVmfsWipe(vmfs.connection, &lost, &disk, ZEROS, &unwiped));
    vmfsAssertRefused(&vmfs, unwiped, ESX_ERROR_INVALID_OPERATION, "cannot reach the datastore");
}

/* ---- wipe ------------------------------------------------------------------------------------ */

static void
testWipe(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, ZERO);
    g_assert_true(esxVmfsWipe(vmfs.connection, vmfs.pool, &disk, ZEROS, &error));
    g_assert_no_error(error);
    cannedAssertLog(vmfs.canned, ZERO " " LOOK);
    vmfsAssertSent(&vmfs, ZERO, "<name>[ds] vm/a.vmdk</name>");
    vmfsAssertExpired(&vmfs);
}

/* ---- delete ---------------------------------------------------------------------------------- */

static void
testDelete(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, DELETE);
    g_assert_true(esxVmfsDelete(vmfs.connection, vmfs.pool, &disk, &error));
    g_assert_no_error(error);
    cannedAssertLog(vmfs.canned, DELETE " " LOOK);
    vmfsAssertSent(&vmfs, DELETE, "<name>[ds] vm/a.vmdk</name>");
    vmfsAssertExpired(&vmfs);
}

static void
testDeleteFile(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTask(vmfs.canned, DELETE_FILE);
    g_assert_true(esxVmfsDelete(vmfs.connection, vmfs.pool, &iso, &error));
    g_assert_no_error(error);
    cannedAssertLog(vmfs.canned, DELETE_FILE " " LOOK);
    vmfsAssertSent(&vmfs, DELETE_FILE, "<name>[ds] a.iso</name>");
    vmfsAssertExpired(&vmfs);

    fixtureScriptTaskFault(vmfs.canned, DELETE_FILE, "CannotDeleteFile", "No.");
    g_assert_false(esxVmfsDelete(vmfs.connection, vmfs.pool, &iso, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_FAULT);
    cannedAssertLog(vmfs.canned, DELETE_FILE " " LOOK);
    folderStubAssertLog("size [ds] a.iso\n");
}

#define DESCRIPTOR "# Disk DescriptorFile\nRW 2048 VMFS \"a-flat.vmdk\"\n"

/* A refusal that says little is explained by the descriptor, if it can be. */
static void
testDescriptorForbids(void)
{
    static const struct {
        const char *text;       /* NULL: it cannot be read */
        gboolean forbids;
    } rows[] = {
        { DESCRIPTOR "ddb.deletable = \"false\"\n", TRUE },
        { DESCRIPTOR "ddb.deletable = \"true\"\n", FALSE },
        { DESCRIPTOR, FALSE },
        { "no descriptor", FALSE },
        { NULL, FALSE },
    };
    g_auto(Vmfs) vmfs = { 0 };
    size_t i;

    vmfsInit(&vmfs);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        if (rows[i].text)
            folderStubText(rows[i].text);
        fixtureScriptTaskFault(vmfs.canned, DELETE, "CannotDeleteFile", "Cannot delete it.");
        g_assert_false(esxVmfsDelete(vmfs.connection, vmfs.pool, &disk, &error));
        cannedAssertLog(vmfs.canned, DELETE " " LOOK);
        folderStubAssertLog("read [ds] vm/a.vmdk\n");
        if (rows[i].forbids) {
            g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
            fixtureAssertPhrase(error->message, "its descriptor forbids deletion (ddb.deletable = "
                                                "\"false\")");
        } else {
            g_assert_error(error, VI_ERROR, VI_ERROR_FILE_FAULT);
        }
        fixtureAssertPhrase(error->message, "Cannot delete it");
    }
}

/* One that says what it is about is not looked into. */
static void
testDeleteFails(void)
{
    static const struct {
        const char *fault;
        gint code;
    } rows[] = {
        { "FileLocked", VI_ERROR_FILE_LOCKED },
        { "ResourceInUse", VI_ERROR_IN_USE },
        { "NoPermission", VI_ERROR_NO_PERMISSION },
        { "FileNotFound", VI_ERROR_FILE_NOT_FOUND },
        { "RestrictedVersion", VI_ERROR_RESTRICTED },
    };
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) unknown = NULL;
    size_t i;

    vmfsInit(&vmfs);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        fixtureScriptTaskFault(vmfs.canned, DELETE, rows[i].fault, "No.");
        g_assert_false(esxVmfsDelete(vmfs.connection, vmfs.pool, &disk, &error));
        g_assert_error(error, VI_ERROR, rows[i].code);
        cannedAssertLog(vmfs.canned, DELETE " " LOOK);
    }
    cannedFail(vmfs.canned, DELETE, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(esxVmfsDelete(vmfs.connection, vmfs.pool, &disk, &unknown));
    g_assert_error(unknown, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(vmfs.canned, DELETE);
    folderStubAssertLog("");
}

/* ---- a server that says yes ------------------------------------------------------------------ */

/* A task that has succeeded and done nothing is an error. */
static void
testHollow(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) deleted = NULL;
    g_autoptr(GError) resized = NULL;

    vmfsInit(&vmfs);
    folderStubSee(5000);
    fixtureScriptTask(vmfs.canned, DELETE_FILE);
    g_assert_false(esxVmfsDelete(vmfs.connection, vmfs.pool, &iso, &deleted));
    g_assert_error(deleted, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(deleted->message, "'[ds] a.iso' still exists; delete it again: "
                        "the server reported that it was deleted");

    fixtureScriptTask(vmfs.canned, EXTEND);
    folderStubText("# Disk DescriptorFile\nversion=1\ncreateType=\"vmfs\"\n"
                   "RW 2048 VMFS \"a-flat.vmdk\"\n");
    g_assert_false(resize(&vmfs, &disk, 2 * MIB, FALSE, &resized));
    g_assert_error(resized, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(resized->message, "the descriptor says 1048576");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-change/grow", testGrow);
    g_test_add_func("/esx/vmfs-change/same-size", testSameSize);
    g_test_add_func("/esx/vmfs-change/resize-fails", testResizeFails);
    g_test_add_func("/esx/vmfs-change/refused", testRefused);
    g_test_add_func("/esx/vmfs-change/wipe", testWipe);
    g_test_add_func("/esx/vmfs-change/delete", testDelete);
    g_test_add_func("/esx/vmfs-change/delete-file", testDeleteFile);
    g_test_add_func("/esx/vmfs-change/descriptor-forbids", testDescriptorForbids);
    g_test_add_func("/esx/vmfs-change/delete-fails", testDeleteFails);
    g_test_add_func("/storage/change/hollow", testHollow);
    return g_test_run();
}

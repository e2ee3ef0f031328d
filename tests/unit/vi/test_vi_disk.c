/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "task_fixture.h"

#include <string.h>

#include "vi_file.h"
#include "vim_types.h"

#define COPY "CopyVirtualDisk_Task"

static SoapMoRef datacenter = { "Datacenter", "dc-2" };
static const ViPath here = { "[ds] vm/a.vmdk", NULL };
static const ViPath there = { "[ds2] b.vmdk", &datacenter };
static const ViDiskKind thin = { VI_DISK_THIN, VIM_VIRTUAL_DISK_ADAPTER_TYPE_IDE };

/* The last request of @method has @part in it. */
static void
assertSent(Canned *canned, const char *method, const char *part)
{
    fixtureAssertPhrase(cannedLast(canned, method)->body, part);
}

static void
testCreate(void)
{
    static const struct {
        ViDiskKind kind;
        const char *spec;
    } rows[] = {
        { { VI_DISK_THIN, "ide" },
          "<diskType>thin</diskType><adapterType>ide</adapterType>" },
        { { VI_DISK_THICK, "busLogic" },
          "<diskType>preallocated</diskType><adapterType>busLogic</adapterType>" },
        { { VI_DISK_EAGER, "lsiLogic" },
          "<diskType>eagerZeroedThick</diskType><adapterType>lsiLogic</adapterType>" },
        { { VI_DISK_UNKNOWN, NULL },
          "<diskType>preallocated</diskType><adapterType>lsiLogic</adapterType>" },
    };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        fixtureScriptTask(canned, "CreateVirtualDisk_Task");
        g_assert_true(viDiskCreate(session, &there, 4096, &rows[i].kind, NULL, &error));
        g_assert_no_error(error);
        cannedAssertLog(canned, "CreateVirtualDisk_Task " FIXTURE_LOOK);
        assertSent(canned, "CreateVirtualDisk_Task", rows[i].spec);
        assertSent(canned, "CreateVirtualDisk_Task",
                   "<_this type=\"VirtualDiskManager\">ha-vdiskmanager</_this>"
                   "<name>[ds2] b.vmdk</name><datacenter type=\"Datacenter\">dc-2</datacenter>"
                   "<spec xsi:type=\"FileBackedVirtualDiskSpec\">");
        assertSent(canned, "CreateVirtualDisk_Task", "<capacityKb>4096</capacityKb></spec>");
    }
}

static void
testCreateExisting(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTaskFault(canned, "CreateVirtualDisk_Task", "FileAlreadyExists", "");
    g_assert_false(viDiskCreate(session, &here, 1, &thin, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(error->message, ==,
                    "CreateVirtualDisk_Task: FileAlreadyExists (for '[ds] vm/a.vmdk')");
}

static void
testCopy(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    gboolean taken = FALSE;

    fixtureScriptTask(canned, COPY);
    g_assert_true(viDiskCopy(session, &here, &there, &thin, NULL, &taken, &error));
    g_assert_no_error(error);
    g_assert_true(taken);
    cannedAssertLog(canned, COPY " " FIXTURE_LOOK);
    assertSent(canned, COPY,
               "<sourceName>[ds] vm/a.vmdk</sourceName><destName>[ds2] b.vmdk</destName>"
               "<destDatacenter type=\"Datacenter\">dc-2</destDatacenter>"
               "<destSpec><diskType>thin</diskType><adapterType>ide</adapterType></destSpec>"
               "<force>false</force>");
}

static void
testCopyAnyKind(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    gboolean taken = TRUE;

    fixtureScriptTask(canned, COPY);
    g_assert_true(viDiskCopy(session, &here, &there, NULL, NULL, &taken, &error));
    g_assert_no_error(error);
    g_assert_false(taken);
    g_assert_null(strstr(cannedLast(canned, COPY)->body, "destSpec"));
}

/* vCenter does not implement destSpec, and says so at once or in the task. */
static void
testCopyKindRefused(void)
{
    static const char *const faults[] = { "NotImplemented", "NotSupported", "InvalidArgument" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(faults); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;
        gboolean taken = TRUE;

        cannedFault(canned, COPY, faults[i], "No.");
        fixtureScriptTask(canned, COPY);
        g_assert_true(viDiskCopy(session, &here, &there, &thin, NULL, &taken, &error));
        g_assert_no_error(error);
        g_assert_false(taken);
        cannedAssertLog(canned, COPY " " COPY " " FIXTURE_LOOK);
        g_assert_null(strstr(cannedLast(canned, COPY)->body, "destSpec"));

        fixtureScriptTaskFault(canned, COPY, faults[i], "No.");
        fixtureScriptTask(canned, COPY);
        g_assert_true(viDiskCopy(session, &here, &there, &thin, NULL, NULL, &error));
        g_assert_no_error(error);
        cannedAssertLog(canned, COPY " " FIXTURE_LOOK " " COPY " " FIXTURE_LOOK);
    }
}

/* Nothing else is tried a second time, an unknown outcome least of all. */
static void
testCopyFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) exists = NULL;
    g_autoptr(GError) unknown = NULL;
    gboolean taken = 42;

    fixtureScriptTaskFault(canned, COPY, "FileAlreadyExists", "");
    g_assert_false(viDiskCopy(session, &here, &there, &thin, NULL, &taken, &exists));
    g_assert_error(exists, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(exists->message, ==, COPY ": FileAlreadyExists (from '[ds] vm/a.vmdk' to "
                                         "'[ds2] b.vmdk')");

    cannedFail(canned, COPY, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(viDiskCopy(session, &here, &there, &thin, NULL, &taken, &unknown));
    g_assert_error(unknown, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    cannedAssertLog(canned, COPY " " FIXTURE_LOOK " " COPY);
    g_assert_cmpint(taken, ==, 42);
}

static void
testExtend(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTask(canned, "ExtendVirtualDisk_Task");
    g_assert_true(viDiskExtend(session, &here, G_GUINT64_CONSTANT(1) << 33, TRUE, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "ExtendVirtualDisk_Task " FIXTURE_LOOK);
    assertSent(canned, "ExtendVirtualDisk_Task",
               "<name>[ds] vm/a.vmdk</name><newCapacityKb>8589934592</newCapacityKb>"
               "<eagerZero>true</eagerZero>");
}

static void
testZeroFill(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTask(canned, "ZeroFillVirtualDisk_Task");
    g_assert_true(viDiskZeroFill(session, &here, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "ZeroFillVirtualDisk_Task " FIXTURE_LOOK);
    assertSent(canned, "ZeroFillVirtualDisk_Task", "<name>[ds] vm/a.vmdk</name>");
}

static void
testDelete(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTask(canned, "DeleteVirtualDisk_Task");
    g_assert_true(viDiskDelete(session, &there, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "DeleteVirtualDisk_Task " FIXTURE_LOOK);
    assertSent(canned, "DeleteVirtualDisk_Task",
               "<name>[ds2] b.vmdk</name><datacenter type=\"Datacenter\">dc-2</datacenter>");

    fixtureScriptTaskFault(canned, "DeleteVirtualDisk_Task", "FileLocked",
                           "Unable to access file [ds2] b.vmdk since it is locked");
    g_assert_false(viDiskDelete(session, &there, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_LOCKED);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/disk/create", testCreate);
    g_test_add_func("/vi/disk/create-existing", testCreateExisting);
    g_test_add_func("/vi/disk/copy", testCopy);
    g_test_add_func("/vi/disk/copy-any-kind", testCopyAnyKind);
    g_test_add_func("/vi/disk/copy-kind-refused", testCopyKindRefused);
    g_test_add_func("/vi/disk/copy-fails", testCopyFails);
    g_test_add_func("/vi/disk/extend", testExtend);
    g_test_add_func("/vi/disk/zero-fill", testZeroFill);
    g_test_add_func("/vi/disk/delete", testDelete);
    return g_test_run();
}

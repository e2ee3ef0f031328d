/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What the verbs have in common, as creation of a virtual disk shows it. */

#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_create.h"
#include "esx_vmfs_verb.h"
#include "vmfs_fixture.h"

#include <string.h>

#define MIB ((guint64)1024 * 1024)

#define CREATE "CreateVirtualDisk_Task"
#define MKDIR "MakeDirectory"
#define NAMESPACE "CreateDirectory"
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

/* A datastore nobody can write to is not asked. */
static void
testOutOfReach(void)
{
    static const EsxVolumeSpec spec = { "a.vmdk", VIR_STORAGE_FILE_VMDK, MIB, 0, FALSE };
    g_auto(Vmfs) vmfs = { 0 };
    InventoryDatastore datastore;
    InventoryPool pool;
    g_autoptr(GError) gone = NULL;
    g_autoptr(GError) readOnly = NULL;

    vmfsInit(&vmfs);
    pool = *vmfs.pool;
    datastore = *pool.datastore;
    pool.datastore = &datastore;
    pool.accessible = FALSE;
    gone = createFails(&vmfs, &pool, &spec);
    vmfsAssertRefused(&vmfs, gone, ESX_ERROR_INVALID_OPERATION, "cannot reach the datastore");
    pool.accessible = TRUE;
    datastore.readOnly = TRUE;
    readOnly = createFails(&vmfs, &pool, &spec);
    vmfsAssertRefused(&vmfs, readOnly, ESX_ERROR_INVALID_OPERATION, "mounted the datastore "
                                                                    "read-only");
}

/* ---- directories ----------------------------------------------------------------------------- */

static const EsxVolumeSpec deepSpec = { "a/b/c.vmdk", VIR_STORAGE_FILE_VMDK, MIB, 0, FALSE };

static void
testMissingDirectory(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    vmfsList(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileNotFound", "No directory.");
    cannedReply(vmfs.canned, MKDIR, "");
    fixtureScriptTask(vmfs.canned, CREATE);
    list = create(&vmfs, &deepSpec);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR " " CREATE " " LOOK);
    vmfsAssertSent(&vmfs, MKDIR, "<name>[ds] a/b</name>");
    vmfsAssertSent(&vmfs, MKDIR, "<createParentDirectories>true</createParentDirectories>");
    vmfsAssertExpired(&vmfs);
}

/* Somebody else was faster. */
static void
testDirectoryAppears(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;

    vmfsInit(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileNotFound", "No directory.");
    cannedFault(vmfs.canned, MKDIR, "FileAlreadyExists", "It is there.");
    fixtureScriptTask(vmfs.canned, CREATE);
    list = create(&vmfs, &deepSpec);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR " " CREATE " " LOOK);
}

static void
testDirectoryCannotBeMade(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileNotFound", "No directory.");
    cannedFault(vmfs.canned, MKDIR, "CannotCreateFile", "No.");
    error = createFails(&vmfs, vmfs.pool, &deepSpec);
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(error->message,
                        "the directory '[ds] a/b' is missing and cannot be created: MakeDir");
    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR);
}

/* A directory that was made for nothing is named; in the root there is none to make. */
static void
testDirectoryStays(void)
{
    static const EsxVolumeSpec rootSpec = { "c.vmdk", VIR_STORAGE_FILE_VMDK, MIB, 0, FALSE };
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) full = NULL;
    g_autoptr(GError) taken = NULL;
    g_autoptr(GError) root = NULL;

    vmfsInit(&vmfs);
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileNotFound", "No directory.");
    cannedReply(vmfs.canned, MKDIR, "");
    fixtureScriptTaskFault(vmfs.canned, CREATE, "NoDiskSpace", "Full.");
    full = createFails(&vmfs, vmfs.pool, &deepSpec);
    g_assert_error(full, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    fixtureAssertPhrase(full->message, "'[ds] a/b' is a directory that was created for it and "
                                       "remains");

    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileNotFound", "No directory.");
    cannedReply(vmfs.canned, MKDIR, "");
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileAlreadyExists", "It is there.");
    taken = createFails(&vmfs, vmfs.pool, &deepSpec);
    g_assert_error(taken, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_null(strstr(taken->message, "stays"));

    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR " " CREATE " " LOOK " "
                                 CREATE " " LOOK " " MKDIR " " CREATE " " LOOK);
    fixtureScriptTaskFault(vmfs.canned, CREATE, "FileNotFound", "No datastore.");
    root = createFails(&vmfs, vmfs.pool, &rootSpec);
    g_assert_error(root, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK);
}

/* Runs creation on the vSAN datastore, where MakeDirectory was refused with @fault. */
static GError *
createOnVsan(Vmfs *vmfs, const char *fault)
{
    EsxVolumeList *list = NULL;
    GError *error = NULL;

    fixtureScriptTaskFault(vmfs->canned, CREATE, "FileNotFound", "No directory.");
    cannedFault(vmfs->canned, MKDIR, fault, "Not here.");
    esxVmfsCreate(vmfs->connection, vmfs->other, &deepSpec, &list, &error);
    esxVolumeListUnref(list);
    return error;
}

static void
testNamespace(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    folderStubSee(500);
    cannedReply(vmfs.canned, NAMESPACE, "<returnval>/vmfs/volumes/vsan:1/2</returnval>");
    fixtureScriptTaskFault(vmfs.canned, CREATE, "CannotCreateFile", "No directory.");
    cannedFault(vmfs.canned, MKDIR, "CannotCreateFile", "Not here.");
    cannedReply(vmfs.canned, MKDIR, "");
    fixtureScriptTask(vmfs.canned, CREATE);
    g_assert_true(esxVmfsCreate(vmfs.connection, vmfs.other, &deepSpec, &list, &error));
    g_assert_no_error(error);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR " " NAMESPACE " " MKDIR " " CREATE " "
                                 LOOK);
    vmfsAssertSent(&vmfs, NAMESPACE, "<displayName>a</displayName>");
    vmfsAssertSent(&vmfs, NAMESPACE, ">d2</datastore>");
}

static void
testNoNamespace(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    g_autoptr(GError) refused = NULL;
    g_autoptr(GError) denied = NULL;
    g_autoptr(GError) wrong = NULL;

    vmfsInit(&vmfs);
    cannedFault(vmfs.canned, NAMESPACE, "NotSupported", "No namespaces.");
    refused = createOnVsan(&vmfs, "CannotCreateFile");
    g_assert_error(refused, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(refused->message, "Not here");
    cannedFault(vmfs.canned, NAMESPACE, "NoPermission", "Not you.");
    denied = createOnVsan(&vmfs, "CannotCreateFile");
    g_assert_error(denied, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR " " NAMESPACE " "
                                 CREATE " " LOOK " " MKDIR " " NAMESPACE);
    /* What has another reason is not tried another way. */
    wrong = createOnVsan(&vmfs, "NoPermission");
    g_assert_error(wrong, VI_ERROR, VI_ERROR_NO_PERMISSION);
    cannedAssertLog(vmfs.canned, CREATE " " LOOK " " MKDIR);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* ESX goes by the name. */
static void
testFormats(void)
{
    static const struct {
        const char *name;
        int format;
        int expected;
    } rows[] = {
        { "a.vmdk", VIR_STORAGE_FILE_NONE, VIR_STORAGE_FILE_VMDK },
        { "a/b.VmDk", VIR_STORAGE_FILE_VMDK, VIR_STORAGE_FILE_VMDK },
        { "a.iso", VIR_STORAGE_FILE_NONE, VIR_STORAGE_FILE_ISO },
        { "a.ISO", VIR_STORAGE_FILE_RAW, VIR_STORAGE_FILE_ISO },
        { "a.iso", VIR_STORAGE_FILE_ISO, VIR_STORAGE_FILE_ISO },
        { "iso", VIR_STORAGE_FILE_NONE, VIR_STORAGE_FILE_RAW },
        { "a.img", VIR_STORAGE_FILE_ISO, VIR_STORAGE_FILE_RAW },
        { "vmdk", VIR_STORAGE_FILE_RAW, VIR_STORAGE_FILE_RAW },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        int format = -1;

        g_test_message("'%s'", rows[i].name);
        g_assert_true(esxVmfsCheckNew(rows[i].name, rows[i].format, &format, &error));
        g_assert_no_error(error);
        g_assert_cmpint(format, ==, rows[i].expected);
    }
}

/* A verb that was refused has nothing to end; one that did nothing ends what is known. */
static void
testNotBegun(void)
{
    g_auto(Vmfs) vmfs = { 0 };
    InventoryDatastore datastore;
    InventoryPool pool;
    g_autoptr(EsxVmfsVerb) verb = NULL;
    g_autoptr(GError) error = NULL;

    vmfsInit(&vmfs);
    pool = *vmfs.pool;
    datastore = *pool.datastore;
    datastore.readOnly = TRUE;
    pool.datastore = &datastore;
    g_assert_null(esxVmfsVerbNew(vmfs.connection, &pool, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    esxVmfsVerbFree(NULL);

    vmfsList(&vmfs);
    verb = esxVmfsVerbNew(vmfs.connection, vmfs.pool, NULL /* error */);
    g_assert_nonnull(verb);
    g_assert_false(verb->change.changed);
    g_clear_pointer(&verb, esxVmfsVerbFree);
    vmfsAssertExpired(&vmfs);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-verb/out-of-reach", testOutOfReach);
    g_test_add_func("/esx/vmfs-verb/missing-directory", testMissingDirectory);
    g_test_add_func("/esx/vmfs-verb/directory-appears", testDirectoryAppears);
    g_test_add_func("/esx/vmfs-verb/directory-cannot-be-made", testDirectoryCannotBeMade);
    g_test_add_func("/esx/vmfs-verb/directory-stays", testDirectoryStays);
    g_test_add_func("/esx/vmfs-verb/namespace", testNamespace);
    g_test_add_func("/esx/vmfs-verb/no-namespace", testNoNamespace);
    g_test_add_func("/esx/vmfs-verb/formats", testFormats);
    g_test_add_func("/esx/vmfs-verb/not-begun", testNotBegun);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include <string.h>

#include "base_limits.h"
#include "esx_libvirt.h"
#include "esx_vmfs_files.h"
#include "inventory_fixture.h"
#include "task_fixture.h"

#include "vim_types.h"

static SoapMoRef browser = { "HostDatastoreBrowser", "b1" };

#define FOLDER(path, files) \
    "<HostDatastoreBrowserSearchResults><folderPath>" path "</folderPath>" files \
    "</HostDatastoreBrowserSearchResults>"
#define FILE(type, path, more) AS("file", type, IN("path", path) more)

/* The volumes of a search of @datastore with these results, or NULL with @ret_error. */
static EsxVolumeList *
listNamed(const char *folders, const char *datastore, GError **ret_error)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) search = NULL;
    g_autofree char *value = g_strdup_printf(
        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\">%s</val>", folders);

    fixtureScriptResult(canned, "SearchDatastoreSubFolders_Task", value);
    search = viBrowserSearchAll(session, &browser, datastore, VI_BROWSER_ALL, NULL, &error);
    g_assert_no_error(error);
    return esxVmfsFilesList(search, datastore, datastore, ret_error);
}

static EsxVolumeList *
listOrError(const char *folders, GError **ret_error)
{
    return listNamed(folders, "ds", ret_error);
}

static EsxVolumeList *
listOf(const char *folders)
{
    g_autoptr(GError) error = NULL;
    EsxVolumeList *list = listOrError(folders, &error);

    g_assert_no_error(error);
    return list;
}

static const EsxVolume *
find(const EsxVolumeList *list, const char *name)
{
    const EsxVolume *volume = esxVolumeListFind(list, name);

    if (!volume)
        g_error("there is no volume '%s'", name);
    return volume;
}

static void
testVolume(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds] vm/", FILE("VmDiskFileInfo", "vm.vmdk",
                                           IN("fileSize", "2048") IN("capacityKb", "8"))));
    const EsxVolume *volume = find(list, "vm/vm.vmdk");

    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    g_assert_cmpstr(volume->key, ==, "[ds] vm/vm.vmdk");
    g_assert_cmpstr(volume->path, ==, "[ds] vm/vm.vmdk");
    g_assert_cmpint(volume->type, ==, VIR_STORAGE_VOL_FILE);
    g_assert_cmpint(volume->format, ==, VIR_STORAGE_FILE_VMDK);
    g_assert_cmpuint(volume->capacity, ==, 8192);
    g_assert_cmpuint(volume->allocation, ==, 2048);
    g_assert_cmpuint(volume->physical, ==, 2048);
}

/* Folders as the servers write them. */
static void
testFolders(void)
{
    static const struct {
        const char *folder;
        const char *name;
    } rows[] = {
        { "[ds]", "f.iso" },
        { "[ds] ", "f.iso" },
        { "[ds] /", "f.iso" },
        { "[ds] a", "a/f.iso" },
        { "[ds] a/", "a/f.iso" },
        { "[ds] a/b//", "a/b/f.iso" },
        { "[ds]/a", "a/f.iso" },
        { "[ds]  a/", " a/f.iso" },
        { "[ds]   ", "  /f.iso" },
        { "[ds] a [1] b/", "a [1] b/f.iso" },
        { "", "f.iso" },
        { "no datastore path", "f.iso" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *folders = g_strdup_printf(
            "<HostDatastoreBrowserSearchResults><folderPath>%s</folderPath>"
            "<file xsi:type=\"IsoImageFileInfo\"><path>f.iso</path></file>"
            "</HostDatastoreBrowserSearchResults>", rows[i].folder);
        g_autoptr(EsxVolumeList) list = listOf(folders);

        g_test_message("'%s'", rows[i].folder);
        g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
        g_assert_cmpstr(esxVolumeListAt(list, 0)->name, ==, rows[i].name);
    }
}

/* What is called like an extent is a volume where the server says that it is a disk, and how large;
 * a server that goes by the ending says the first alone. */
static void
testLikeExtents(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds] d/",
        FILE("VmDiskFileInfo", "web-s001.vmdk", IN("capacityKb", "8"))
        FILE("VmDiskFileInfo", "X-FLAT.VMDK", IN("capacityKb", "8"))
        FILE("VmDiskFileInfo", "a-delta.vmdk", "") FILE("FileInfo", "b-ctk.vmdk", "")
        FILE("VmDiskFileInfo", "c-flat.vmdk", IN("capacityKb", "0"))
        FILE("VmDiskFileInfo", ".d-flat.vmdk", IN("capacityKb", "8"))));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 2);
    g_assert_cmpuint(find(list, "d/web-s001.vmdk")->capacity, ==, 8192);
    g_assert_cmpint(find(list, "d/X-FLAT.VMDK")->format, ==, VIR_STORAGE_FILE_VMDK);
}

/* The folder of a result begins behind the datastore's name, which may have brackets. */
static void
testBrackets(void)
{
    static const struct {
        const char *datastore;
        const char *folder;
        const char *name;
    } rows[] = {
        { "ds [old]", "[ds [old]] a/", "a/f.iso" },
        { "[SSD] fast", "[[SSD] fast]", "f.iso" },
        { "a]b", "[a]b] c] d/", "c] d/f.iso" },
        { "a", "[a] b] c/", "b] c/f.iso" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *folders = g_strdup_printf(
            "<HostDatastoreBrowserSearchResults><folderPath>%s</folderPath>"
            "<file xsi:type=\"IsoImageFileInfo\"><path>f.iso</path></file>"
            "</HostDatastoreBrowserSearchResults>", rows[i].folder);
        g_autofree char *key = g_strdup_printf("[%s] %s", rows[i].datastore, rows[i].name);
        g_autoptr(GError) error = NULL;
        g_autoptr(EsxVolumeList) list = listNamed(folders, rows[i].datastore, &error);

        g_assert_no_error(error);
        g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
        g_assert_cmpstr(esxVolumeListAt(list, 0)->name, ==, rows[i].name);
        g_assert_cmpstr(esxVolumeListAt(list, 0)->key, ==, key);
    }
}

static void
testFormats(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds] d/",
        FILE("VmDiskFileInfo", "a.vmdk", "") FILE("IsoImageFileInfo", "b.iso", "")
        FILE("FloppyImageFileInfo", "c.flp", "") FILE("HoloImageFileInfo", "d.holo", "")
        FILE("FolderFileInfo", "sub", "") FILE("FileInfo", "", "") "<file></file>"
        FILE("FileInfo", "e.VMDK", "") FILE("FileInfo", "f.iso", "") FILE("FileInfo", "g", "")));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 7);
    g_assert_cmpint(find(list, "d/a.vmdk")->format, ==, VIR_STORAGE_FILE_VMDK);
    g_assert_cmpint(find(list, "d/b.iso")->format, ==, VIR_STORAGE_FILE_ISO);
    g_assert_cmpint(find(list, "d/c.flp")->format, ==, VIR_STORAGE_FILE_RAW);
    g_assert_cmpint(find(list, "d/d.holo")->format, ==, VIR_STORAGE_FILE_RAW);
    g_assert_cmpint(find(list, "d/e.VMDK")->format, ==, VIR_STORAGE_FILE_VMDK);
    g_assert_cmpint(find(list, "d/f.iso")->format, ==, VIR_STORAGE_FILE_ISO);
    g_assert_cmpint(find(list, "d/g")->format, ==, VIR_STORAGE_FILE_RAW);
}

/* Both sizes are optional on the wire, and neither is trusted. */
static void
testSizes(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds]",
        FILE("VmDiskFileInfo", "none", "") FILE("VmDiskFileInfo", "size", IN("fileSize", "7"))
        FILE("VmDiskFileInfo", "capacity", IN("capacityKb", "1"))
        FILE("VmDiskFileInfo", "negative", IN("fileSize", "-7") IN("capacityKb", "-1"))
        FILE("VmDiskFileInfo", "huge", IN("fileSize", "7") IN("capacityKb", "9223372036854775807"))
        FILE("IsoImageFileInfo", "iso", IN("fileSize", "9"))));

    g_assert_cmpuint(find(list, "none")->capacity, ==, 0);
    g_assert_cmpuint(find(list, "none")->allocation, ==, 0);
    g_assert_cmpuint(find(list, "size")->capacity, ==, 7);
    g_assert_cmpuint(find(list, "capacity")->capacity, ==, 1024);
    g_assert_cmpuint(find(list, "capacity")->allocation, ==, 0);
    g_assert_cmpuint(find(list, "negative")->capacity, ==, 0);
    g_assert_cmpuint(find(list, "negative")->physical, ==, 0);
    g_assert_cmpuint(find(list, "huge")->capacity, ==, 7);
    g_assert_cmpuint(find(list, "iso")->capacity, ==, 9);
}

static void
testSameFileTwice(void)
{
    g_autoptr(EsxVolumeList) list = listOf(
        FOLDER("[ds] a", FILE("IsoImageFileInfo", "x.iso", IN("fileSize", "1")))
        FOLDER("[ds] a/", FILE("IsoImageFileInfo", "x.iso", IN("fileSize", "2"))));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
}

/* A file that is told of twice, in either order: its own type tells more. */
static void
testTypedFirst(void)
{
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds] vm/",
        FILE("FileInfo", "a.vmdk", IN("fileSize", "3"))
        FILE("VmDiskFileInfo", "a.vmdk", IN("fileSize", "4096") IN("capacityKb", "8"))
        FILE("FileInfo", "a.vmdk", IN("fileSize", "3"))
        FILE("FileInfo", "b.bin", IN("fileSize", "5"))));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 2);
    g_assert_cmpuint(find(list, "vm/a.vmdk")->capacity, ==, 8192);
    g_assert_cmpuint(find(list, "vm/a.vmdk")->allocation, ==, 4096);
    g_assert_cmpuint(find(list, "vm/b.bin")->capacity, ==, 5);
}

/* What belongs to a disk or to the host is no volume, whatever the server calls it. */
static void
testLeftOut(void)
{
    g_autoptr(EsxVolumeList) list = listOf(
        FOLDER("[ds] vm/",
               FILE("VmDiskFileInfo", "vm.vmdk", "") FILE("FileInfo", "vm-flat.vmdk", "")
               FILE("VmDiskFileInfo", "vm-000001-delta.vmdk", "") FILE("FileInfo", "vm.vmx", "")
               FILE("VmLogFileInfo", "vmware.log", "") FILE("VmNvramFileInfo", "vm.nvram", "")
               FILE("FileInfo", "notes.txt", "") FILE("FileInfo", "../escape.iso", ""))
        FOLDER("[ds] .sdd.sf/", FILE("FileInfo", "x.iso", "")));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 2);
    find(list, "vm/vm.vmdk");
    find(list, "vm/notes.txt");
}

#define DISK(path, more) FILE("VmDiskFileInfo", path, more)
#define TYPE(type) AS("diskType", "xsd:string", type)
#define CONTROLLER(type) AS("controllerType", "xsd:string", type)
#define FLAT TYPE("VirtualDiskFlatVer2BackingInfo")

static void
testKinds(void)
{
    static const struct {
        const char *name;
        ViDiskType type;
        const char *adapter;
    } rows[] = {
        { "thin.vmdk", VI_DISK_THIN, VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC },
        { "thick.vmdk", VI_DISK_THICK, VIM_VIRTUAL_DISK_ADAPTER_TYPE_IDE },
        { "old.vmdk", VI_DISK_UNKNOWN, VIM_VIRTUAL_DISK_ADAPTER_TYPE_BUS_LOGIC },
        { "sparse.vmdk", VI_DISK_UNKNOWN, VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC },
        { "broken.vmdk", VI_DISK_UNKNOWN, NULL },
        { "image.iso", VI_DISK_UNKNOWN, NULL },
    };
    g_autoptr(EsxVolumeList) list = listOf(FOLDER("[ds]",
        DISK("thin.vmdk", FLAT CONTROLLER("VirtualLsiLogicController") IN("thin", "true"))
        DISK("thick.vmdk", FLAT CONTROLLER("VirtualIDEController") IN("thin", "false"))
        DISK("old.vmdk", FLAT CONTROLLER("VirtualBusLogicController"))
        DISK("sparse.vmdk", TYPE("VirtualDiskSeSparseBackingInfo")
             CONTROLLER("ParaVirtualSCSIController") IN("thin", "true"))
        DISK("broken.vmdk", "") FILE("IsoImageFileInfo", "image.iso", "")));
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        const EsxVolume *volume = find(list, rows[i].name);

        g_test_message("%s", rows[i].name);
        g_assert_cmpint(volume->disk.type, ==, rows[i].type);
        g_assert_cmpstr(volume->disk.adapter, ==, rows[i].adapter);
    }
}

#define SUBFOLDER(path, friendly) FILE("FolderFileInfo", path, IN("friendlyName", friendly))

/* A file is found by the names people gave its folders, too. */
static void
testFriendlyNames(void)
{
    g_autoptr(EsxVolumeList) list = listOf(
        FOLDER("[ds]", SUBFOLDER("naa.1", "web") SUBFOLDER("naa.2", "") SUBFOLDER("plain", "plain"))
        FOLDER("[ds] naa.1/", FILE("IsoImageFileInfo", "a.iso", "") SUBFOLDER("7", "logs"))
        FOLDER("[ds] naa.1/7/", FILE("FileInfo", "b", ""))
        FOLDER("[ds] naa.2/", FILE("FileInfo", "c", "")));

    g_assert_cmpuint(esxVolumeListLength(list), ==, 3);
    g_assert_cmpstr(find(list, "naa.1/a.iso")->path, ==, "[ds] naa.1/a.iso");
    g_assert_true(find(list, "web/a.iso") == find(list, "naa.1/a.iso"));
    g_assert_true(find(list, "web/logs/b") == find(list, "naa.1/7/b"));
    find(list, "naa.2/c");
    g_assert_null(esxVolumeListFind(list, "/c"));
}

/* ---- what is too long, or too much ----------------------------------------------------------- */

/* Returns: (transfer full): @what, @n times. */
static char *
repeat(const char *what, size_t n)
{
    g_autoptr(GString) text = g_string_new(NULL);
    size_t i;

    for (i = 0; i < n; i++)
        g_string_append(text, what);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* 400 files in a folder with a name of nearly 1 MiB: counted, and nothing made of them. */
static void
testLongFolder(void)
{
    g_autofree char *folder = repeat("abcdefghi/", 100000);
    g_autofree char *many = repeat(FILE("FileInfo", "x.iso", ""), 400);
    g_autofree char *folders = g_strdup_printf(
        FOLDER("[ds] %s", "%s") FOLDER("[ds]", FILE("FileInfo", "good.iso", "")
                                       SUBFOLDER("abcdefghi", "f")), folder, many);
    g_autoptr(EsxVolumeList) list = listOf(folders);
    const LeftOut *out = esxVolumeListLeftOut(list);

    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    find(list, "good.iso");
    g_assert_cmpuint(out->count, ==, 1);
    g_assert_nonnull(strstr(out->reason, "folder whose path is too long"));
    g_assert_true(g_str_has_prefix(out->sample, "abcdefghi/abcdefghi/"));
}

/* A path is as long as it may be, or one byte longer. */
static void
testLongFile(void)
{
    g_autofree char *folder = g_strnfill(LIMIT_DATASTORE_PATH - 6, 'f');
    g_autofree char *folders = g_strdup_printf(
        FOLDER("[ds] %s/", FILE("FileInfo", "1.iso", "") FILE("FileInfo", "22.iso", "")
                           FILE("IsoImageFileInfo", "333.iso", "")), folder);
    g_autoptr(EsxVolumeList) list = listOf(folders);
    const LeftOut *out = esxVolumeListLeftOut(list);

    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    g_assert_cmpuint(strlen(esxVolumeListAt(list, 0)->name), ==, LIMIT_DATASTORE_PATH);
    g_assert_cmpuint(out->count, ==, 2);
    g_assert_nonnull(strstr(out->reason, "file whose path is too long"));
}

/* A friendly name that is too long is none; an alias that gets too long is none. */
static void
testLongFriendlyName(void)
{
    g_autofree char *name = g_strnfill(LIMIT_NAME_BYTES + 1, 'n');
    g_autofree char *path = g_strnfill(LIMIT_DATASTORE_PATH - 10, 'p');
    g_autofree char *folders = g_strdup_printf(
        FOLDER("[ds]", SUBFOLDER("1", "%s") SUBFOLDER("2", "%s") SUBFOLDER("3", "a friendly name"))
        FOLDER("[ds] 1", FILE("FileInfo", "a", "")) FOLDER("[ds] 2", FILE("FileInfo", "b", ""))
        FOLDER("[ds] 3", FILE("FileInfo", "%s", "") FILE("FileInfo", "c", "")), name, name + 1,
        path);
    g_autoptr(EsxVolumeList) list = listOf(folders);
    g_autofree char *tooLong = g_strdup_printf("%s/a", name);
    g_autofree char *fits = g_strdup_printf("%s/b", name + 1);
    g_autofree char *alias = g_strdup_printf("a friendly name/%s", path);

    g_assert_cmpuint(esxVolumeListLength(list), ==, 4);
    g_assert_cmpuint(esxVolumeListLeftOut(list)->count, ==, 0);
    g_assert_null(esxVolumeListFind(list, tooLong));
    g_assert_true(find(list, fits) == find(list, "2/b"));
    g_assert_null(esxVolumeListFind(list, alias));
    g_assert_true(find(list, "a friendly name/c") == find(list, "3/c"));
}

/* Below LIMIT_FRIENDLY_LEVELS folders have no friendly names. */
static void
testDeepFriendlyName(void)
{
    g_autoptr(EsxVolumeList) list = listOf(
        FOLDER("[ds] 1/2/3/4/5/6/7/", SUBFOLDER("8", "eight"))
        FOLDER("[ds] 1/2/3/4/5/6/7/8/", SUBFOLDER("9", "nine"))
        FOLDER("[ds] 1/2/3/4/5/6/7/8/9/", FILE("FileInfo", "x", "")));

    find(list, "1/2/3/4/5/6/7/eight/9/x");
    g_assert_null(esxVolumeListFind(list, "1/2/3/4/5/6/7/eight/nine/x"));
}

/* One folder's path, as long as it may be, before each of many files is too much. */
static void
testTooMuch(gconstpointer friendly)
{
    g_autofree char *name = g_strnfill(friendly ? LIMIT_NAME_BYTES : LIMIT_DATASTORE_PATH - 10,
                                       'n');
    g_autoptr(GString) folders = g_string_new(NULL);
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(GError) error = NULL;
    guint i;

    if (friendly)
        g_string_append_printf(folders, FOLDER("[ds]", SUBFOLDER("1", "%s")), name);
    g_string_append_printf(folders, "<HostDatastoreBrowserSearchResults><folderPath>[ds] %s"
                           "</folderPath>", friendly ? "1" : name);
    for (i = 0; i < 20000; i++)
        g_string_append_printf(folders, "<file><path>%u</path></file>", i);
    g_string_append(folders, "</HostDatastoreBrowserSearchResults>");

    list = listOrError(folders->str, &error);
    g_assert_null(list);
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
}

/* As many parts as a path has room for, in many folders, and a friendly name for each level. */
static void
testManyParts(void)
{
    g_autofree char *deep = repeat("a/", LIMIT_DATASTORE_PATH / 2 - 20);
    g_autoptr(GString) folders = g_string_new(FOLDER("[ds]", SUBFOLDER("a", "b")));
    g_autoptr(EsxVolumeList) list = NULL;
    guint i;

    for (i = 0; i < 4000; i++)
        g_string_append_printf(folders, FOLDER("[ds] %sa%u", FILE("FileInfo", "x", "")), deep, i);
    list = listOf(folders->str);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 4000);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-files/volume", testVolume);
    g_test_add_func("/esx/vmfs-files/folders", testFolders);
    g_test_add_func("/esx/vmfs-files/formats", testFormats);
    g_test_add_func("/esx/vmfs-files/like-extents", testLikeExtents);
    g_test_add_func("/esx/vmfs-files/brackets", testBrackets);
    g_test_add_func("/esx/vmfs-files/sizes", testSizes);
    g_test_add_func("/esx/vmfs-files/same-file-twice", testSameFileTwice);
    g_test_add_func("/esx/vmfs-files/typed-first", testTypedFirst);
    g_test_add_func("/esx/vmfs-files/left-out", testLeftOut);
    g_test_add_func("/esx/vmfs-files/kinds", testKinds);
    g_test_add_func("/esx/vmfs-files/friendly-names", testFriendlyNames);
    g_test_add_func("/esx/vmfs-files/long-folder", testLongFolder);
    g_test_add_func("/esx/vmfs-files/long-file", testLongFile);
    g_test_add_func("/esx/vmfs-files/long-friendly-name", testLongFriendlyName);
    g_test_add_func("/esx/vmfs-files/deep-friendly-name", testDeepFriendlyName);
    g_test_add_data_func("/esx/vmfs-files/too-much", NULL, testTooMuch);
    g_test_add_data_func("/esx/vmfs-files/too-much/alias", "friendly", testTooMuch);
    g_test_add_func("/esx/vmfs-files/many-parts", testManyParts);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_limits.h"
#include "esx_error.h"
#include "esx_vmfs_contents.h"
#include "esx_vmfs_descriptor.h"
#include "transfer_fixture.h"

#define HEAD "# Disk DescriptorFile\nversion=1\nCID=fffffffe\n"

static EsxVmfsContents *
find(Memory *memory, const char *name, GError **error)
{
    const EsxVolume volume = memoryVolume(name);

    return esxVmfsContentsFind(memory->connection, memory->pool, &volume, error);
}

static EsxVmfsContents *
mustFind(Memory *memory, const char *name)
{
    g_autoptr(GError) error = NULL;
    EsxVmfsContents *contents = find(memory, name, &error);

    g_assert_no_error(error);
    g_assert_nonnull(contents);
    g_assert_cmpuint(memory->requests, ==, 1);
    memory->requests = 0;
    return contents;
}

static void
assertPart(const EsxVmfsContents *contents, size_t i, const char *file, guint64 fileOffset,
           guint64 start, guint64 length)
{
    const EsxVmfsPart *part = &contents->parts[i];

    g_assert_cmpuint(i, <, contents->nparts);
    g_assert_cmpstr(part->file, ==, file);
    g_assert_cmpuint(part->fileOffset, ==, fileOffset);
    g_assert_cmpuint(part->start, ==, start);
    g_assert_cmpuint(part->length, ==, length);
}

static void
testPlain(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(EsxVmfsContents) contents = NULL;

    memoryInit(&memory);
    memoryAddText(&memory, "dir/a b.iso", "12345");
    contents = mustFind(&memory, "dir/a b.iso");
    g_assert_false(contents->isDisk);
    g_assert_cmpuint(contents->size, ==, 5);
    g_assert_cmpuint(contents->nparts, ==, 1);
    assertPart(contents, 0, "dir/a b.iso", 0, 0, 5);
}

static void
testDisk(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(EsxVmfsContents) inFolder = NULL;
    g_autoptr(EsxVmfsContents) inRoot = NULL;

    memoryInit(&memory);
    memoryAddText(&memory, "vm/x/d.vmdk", HEAD "RW 4 VMFS \"d-flat.vmdk\"\n");
    memoryAddText(&memory, "d.vmdk", HEAD "RW 4 VMFS \"d-flat.vmdk\"\n");
    inFolder = mustFind(&memory, "vm/x/d.vmdk");
    inRoot = mustFind(&memory, "d.vmdk");
    g_assert_true(inFolder->isDisk);
    g_assert_cmpuint(inFolder->size, ==, 2048);
    assertPart(inFolder, 0, "vm/x/d-flat.vmdk", 0, 0, 2048);
    assertPart(inRoot, 0, "d-flat.vmdk", 0, 0, 2048);
}

/* ViTransferSink */
static gboolean
append(const char *data, size_t length, gpointer opaque, GError **error G_GNUC_UNUSED)
{
    g_string_append_len(opaque, data, (gssize)length);
    return TRUE;
}

static void
assertRead(Memory *memory, const EsxVmfsContents *contents, guint64 offset, guint64 length,
           const char *expected)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(esxVmfsContentsRead(contents, memory->connection->transfer, offset, length,
                                      append, got, NULL /* cancel */, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(got->str, ==, expected);
}

/* Several files one behind another, of which one begins in the middle. */
static void
testParts(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(EsxVmfsContents) contents = NULL;
    g_autofree char *a = g_strnfill(512, 'a');
    g_autofree char *x = g_strnfill(512, 'x');
    g_autofree char *b = g_strnfill(1024, 'b');
    g_autofree char *second = g_strconcat(x, b, NULL);

    memoryInit(&memory);
    memoryAddText(&memory, "v/d.vmdk",
                  HEAD "RW 1 FLAT \"d-f001.vmdk\" 0\nRW 2 FLAT \"d-f002.vmdk\" 1\n");
    memoryAddText(&memory, "v/d-f001.vmdk", a);
    memoryAddText(&memory, "v/d-f002.vmdk", second);
    contents = mustFind(&memory, "v/d.vmdk");
    g_assert_cmpuint(contents->size, ==, 1536);
    assertPart(contents, 0, "v/d-f001.vmdk", 0, 0, 512);
    assertPart(contents, 1, "v/d-f002.vmdk", 512, 512, 1024);
    assertRead(&memory, contents, 0, 3, "aaa");
    assertRead(&memory, contents, 510, 4, "aabb");
    assertRead(&memory, contents, 511, 1, "a");
    assertRead(&memory, contents, 512, 2, "bb");
    assertRead(&memory, contents, 1535, 1, "b");
    assertRead(&memory, contents, 100, 0, "");
}

/* What it knows of the pool is its own. */
static void
testOutlives(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(EsxVmfsContents) contents = NULL;

    memoryInit(&memory);
    memoryAddText(&memory, "a", "abc");
    contents = mustFind(&memory, "a");
    inventorySnapshotUnref(g_steal_pointer(&memory.snapshot));
    memory.snapshot = fixtureSnapshot(VMFS("d2", "other", ""), NULL);
    g_assert_cmpstr(contents->pool->name, ==, "ds");
    g_assert_cmpstr(contents->pool->datastore->ref->value, ==, "d1");
    /* Listings are known by it: without it an upload would not end that of its datastore. */
    g_assert_nonnull(contents->pool->datastore->browser);
    /* And all else that a snapshot says of a pool. */
    g_assert_nonnull(contents->pool->kind);
    g_assert_cmpstr(contents->pool->datastore->fsType, ==, "VMFS");
    assertRead(&memory, contents, 1, 2, "bc");
}

/* ---- what cannot be -------------------------------------------------------------------------- */

static void
testRefused(void)
{
    static const struct {
        const char *text;
        gint code;
        const char *phrase;
    } rows[] = {
        { HEAD "parentCID=12345678\nparentFileNameHint=\"d.vmdk\"\n"
          "RW 4 VMFSSPARSE \"d-000001-delta.vmdk\"\n", ESX_ERROR_NO_SUPPORT, "snapshot" },
        { HEAD "RW 4 SESPARSE \"d-sesparse.vmdk\"\n", ESX_ERROR_NO_SUPPORT, "clone the disk" },
        { HEAD "RW 4 VMFSRDM \"d-rdm.vmdk\"\n", ESX_ERROR_NO_SUPPORT, "raw device mapping" },
        { HEAD "RW 4 VMFS \"vsan://1234\"\n", ESX_ERROR_NO_SUPPORT, "a storage object" },
        { "not a descriptor", ESX_ERROR_INVALID_OPERATION, "" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Memory) memory = { 0 };
        g_autoptr(GError) error = NULL;

        memoryInit(&memory);
        memoryAddText(&memory, "d.vmdk", rows[i].text);
        g_assert_null(find(&memory, "d.vmdk", &error));
        g_assert_error(error, ESX_ERROR, rows[i].code);
        fixtureAssertPhrase(error->message, rows[i].phrase);
    }
}

/* A disk in one piece is longer than a descriptor can be. */
static void
testOnePiece(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(GError) error = NULL;

    memoryInit(&memory);
    memoryAdd(&memory, "d.vmdk", memoryRandom(2 * LIMIT_DESCRIPTOR_BYTES, 1));
    g_assert_null(find(&memory, "d.vmdk", &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT);
    fixtureAssertPhrase(error->message, "single file of 131072 bytes");
    fixtureAssertPhrase(error->message, "clone the disk and use the clone");
}

static void
testMissing(void)
{
    static const char *const names[] = { "a", "d.vmdk" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(Memory) memory = { 0 };
        g_autoptr(GError) error = NULL;

        memoryInit(&memory);
        g_assert_null(find(&memory, names[i], &error));
        g_assert_error(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
        fixtureAssertPhrase(error->message, names[i]);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/contents/plain", testPlain);
    g_test_add_func("/storage/contents/disk", testDisk);
    g_test_add_func("/storage/contents/parts", testParts);
    g_test_add_func("/storage/contents/outlives", testOutlives);
    g_test_add_func("/storage/contents/refused", testRefused);
    g_test_add_func("/storage/contents/one-piece", testOnePiece);
    g_test_add_func("/storage/contents/missing", testMissing);
    return g_test_run();
}

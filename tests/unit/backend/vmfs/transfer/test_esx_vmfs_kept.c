/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_vmfs_kept.h"
#include "transfer_fixture.h"

#include <string.h>

#define MIB ((size_t)1024 * 1024)

static EsxVmfsContents *
findContents(Memory *memory, const char *name)
{
    const EsxVolume volume = memoryVolume(name);
    g_autoptr(GError) error = NULL;
    EsxVmfsContents *contents =
        esxVmfsContentsFind(memory->connection, memory->pool, &volume, &error);

    g_assert_no_error(error);
    return contents;
}

static EsxVmfsKept *
start(Memory *memory, const EsxVmfsContents *contents, guint64 offset, guint64 length)
{
    g_autoptr(GError) error = NULL;
    EsxVmfsKept *kept =
        esxVmfsKeptNew(contents, memory->connection->transfer, offset, length, &error);

    g_assert_no_error(error);
    return kept;
}

/* All of it, in order, over connections that break; more than the pipe holds. */
static void
testWhole(void)
{
    g_auto(Memory) memory = { .cutOneIn = 3 };
    g_autoptr(GBytes) bytes = memoryRandom(5 * MIB, 2);
    g_autoptr(EsxVmfsContents) contents = NULL;
    g_autoptr(EsxVmfsKept) kept = NULL;
    g_autofree char *buffer = g_malloc(MIB);
    g_autoptr(GError) error = NULL;
    const char *data = g_bytes_get_data(bytes, NULL);
    size_t at = 1000;
    gssize length;

    memoryInit(&memory);
    memoryAddDisk(&memory, "vm/d.vmdk", g_bytes_ref(bytes));
    contents = findContents(&memory, "vm/d.vmdk");
    kept = start(&memory, contents, at, 4 * MIB);
    while ((length = esxVmfsKeptRead(kept, buffer, MIB, NULL, &error)) > 0) {
        g_assert_cmpint(memcmp(buffer, data + at, (size_t)length), ==, 0);
        at += (size_t)length;
    }
    g_assert_no_error(error);
    g_assert_cmpint(length, ==, 0);
    g_assert_cmpuint(at, ==, 1000 + 4 * MIB);
}

static void
testFails(void)
{
    g_auto(Memory) memory = { .failFrom = 10 };
    g_autoptr(EsxVmfsContents) contents = NULL;
    g_autoptr(EsxVmfsKept) kept = NULL;
    g_autoptr(GError) error = NULL;
    char buffer[100];

    memoryInit(&memory);
    memoryAdd(&memory, "a", memoryRandom(1000, 2));
    contents = findContents(&memory, "a");
    kept = start(&memory, contents, 20, 50);
    g_assert_cmpint(esxVmfsKeptRead(kept, buffer, sizeof(buffer), NULL, &error), ==, -1);
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(error->message, "reading back what the upload keeps failed: ");
}

/* A cancelled wait ends, and so does a reader that is left alone with a full pipe. */
static void
testEnds(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(EsxVmfsContents) contents = NULL;
    g_autoptr(EsxVmfsKept) kept = NULL;
    g_autoptr(GError) error = NULL;
    Cancel *cancel = cancelNew(NULL);
    char buffer[100];

    memoryInit(&memory);
    memoryAdd(&memory, "a", memoryRandom(4 * MIB, 2));
    contents = findContents(&memory, "a");
    kept = start(&memory, contents, 0, 4 * MIB);
    g_assert_cmpint(esxVmfsKeptRead(kept, buffer, sizeof(buffer), cancel, &error), >, 0);
    cancelRaise(cancel);
    g_assert_cmpint(esxVmfsKeptRead(kept, buffer, sizeof(buffer), cancel, &error), ==, -1);
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cancelFree(cancel);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/kept/whole", testWhole);
    g_test_add_func("/storage/kept/fails", testFails);
    g_test_add_func("/storage/kept/ends", testEnds);
    return g_test_run();
}

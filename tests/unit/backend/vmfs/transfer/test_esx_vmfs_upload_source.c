/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "upload_fixture.h"

#include <string.h>

/* Holes are zeros at the server. */
static void
testHoles(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    static const char zeros[3000];
    const char *data;
    gsize length = 0;

    memoryInit(&memory);
    memoryAddText(&memory, "a", "old");
    fixtureScriptTask(memory.canned, MOVE);
    runningStart(&running, uploadBegin(&memory, "a", 0));
    g_assert_true(runningWrite(&running, "ab", 2));
    g_assert_cmpint(esxPipeWriteHole(running.pipe, sizeof(zeros)), ==, ESX_PIPE_DONE);
    esxPipeEnd(running.pipe);
    runningJoin(&running);
    g_assert_no_error(running.error);
    data = g_bytes_get_data(memoryFind(&memory, "a"), &length);
    g_assert_cmpuint(length, ==, 2 + sizeof(zeros));
    g_assert_cmpint(memcmp(data, "ab", 2), ==, 0);
    g_assert_cmpint(memcmp(data + 2, zeros, sizeof(zeros)), ==, 0);
}

static void
assertWrongLength(size_t sent, const char *phrase)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(sent, 1);

    memoryInit(&memory);
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(4096, 2));
    fixtureScriptTask(memory.canned, DELETE);
    uploadAll(&running, uploadBegin(&memory, "vm/d.vmdk", 0), bytes);
    g_assert_error(running.error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(running.error->message, phrase);
    uploadAssertSent(&memory, DELETE, "<name>[ds] vm/d.vmdk.upload-");
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

static void
testWrongLength(void)
{
    assertWrongLength(4097, "the data is longer than the 4096 bytes of the virtual disk");
    assertWrongLength(3 * MIB, "the data is longer than");
}

/* Before something comes the server is asked for nothing but what the volume is. */
static void
testNothingComes(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };

    memoryInit(&memory);
    memoryAddText(&memory, "a", "old");
    runningStart(&running, uploadBegin(&memory, "a", 0));
    memoryAwaitRequests(&memory, 1);
    g_usleep(50 * 1000);
    runningAbort(&running, AT_ONCE_MS);
    g_assert_error(running.error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    g_assert_cmpuint(memory.requests, ==, 1);
    cannedAssertLog(memory.canned, "");
}

/* A client that sends nothing, a little, or all but the end, holds nothing but for a while. */
static void
testSilentClient(void)
{
    static const struct {
        guint64 length;
        const char *sent;
        const char *phrase;
        const char *calls;
    } rows[] = {
        { 0, "", "the client has sent nothing for 0.1 s; the volume is unchanged", "" },
        { 0, "n", "the client has sent nothing for 0.1 s; the volume is", DELETE " " LOOK },
        { 3, "ne", "the client has sent nothing for 0.1 s; the volume is", DELETE " " LOOK },
        { 3, "new", "the client has not ended the upload for 0.1 s; the volume", DELETE " " LOOK },
    };
    g_auto(Memory) memory = { 0 };
    size_t i;

    memoryInit(&memory);
    memoryAddText(&memory, "a", "old");
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Running) running = { .clientTimeoutMs = 100 };

        if (*rows[i].calls)
            fixtureScriptTask(memory.canned, DELETE);
        runningStart(&running, uploadBegin(&memory, "a", rows[i].length));
        g_assert_true(runningWrite(&running, rows[i].sent, strlen(rows[i].sent)));
        runningJoin(&running);
        g_assert_error(running.error, ESX_ERROR, ESX_ERROR_CLIENT_SILENT);
        fixtureAssertPhrase(running.error->message, rows[i].phrase);
        g_assert_cmpuint(g_bytes_get_size(g_hash_table_lookup(memory.files, "a")), ==, 3);
        cannedAssertLog(memory.canned, rows[i].calls);
    }
}

/* Uploads @sent bytes from @offset on into @before bytes: what stands around them stays. */
static void
assertPart(const char *name, const char *target, size_t before, guint64 offset, size_t sent,
           guint64 length)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(sent, 1);
    g_autoptr(GBytes) old = memoryRandom(before, 2);
    g_autoptr(GByteArray) wanted = g_byte_array_new();
    const EsxVolume volume = memoryVolume(name);
    g_autoptr(GError) error = NULL;
    const char *data;
    gsize size = 0;

    memoryInit(&memory);
    memoryAddVolume(&memory, name, g_bytes_ref(old));
    if (sent > 0)
        fixtureScriptTask(memory.canned, MOVE);
    uploadAll(&running, esxVmfsUpload(memory.connection, memory.pool, &volume, offset, length,
                                      &error), bytes);
    g_assert_no_error(running.error);

    g_byte_array_append(wanted, g_bytes_get_data(old, NULL), (guint)before);
    g_byte_array_set_size(wanted, (guint)MAX(before, offset + sent));
    if (sent > 0)
        memcpy(wanted->data + offset, g_bytes_get_data(bytes, NULL), sent);
    data = g_bytes_get_data(memoryFind(&memory, target), &size);
    g_assert_cmpmem(data, size, wanted->data, wanted->len);
    cannedAssertLog(memory.canned, sent > 0 ? MOVE " " LOOK : "");
}

static void
testParts(void)
{
    static const struct {
        guint64 offset;
        size_t sent;
        guint64 length;
    } rows[] = {
        { 0, 4095, 0 }, { 0, 4096 - 512, 4096 - 512 }, { 0, 1, 0 }, { 0, 1, 4096 }, { 1, 1, 1 },
        { 4095, 1, 0 }, { 512, 512, 2000 }, { 100, 3996, 0 }, { 0, 0, 0 }, { 5, 0, 0 },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        assertPart("a", "a", 4096, rows[i].offset, rows[i].sent, rows[i].length);
        assertPart("vm/d.vmdk", "vm/d-flat.vmdk", 4096, rows[i].offset, rows[i].sent,
                   rows[i].length);
    }
    /* Longer than what the pipes hold; beyond the end; an empty file. */
    assertPart("a", "a", 5 * MIB, 2 * MIB + 7, 2 * MIB, 0);
    assertPart("a", "a", 3 * MIB, 2 * MIB + 7, 2 * MIB, 3 * MIB);
    assertPart("a", "a", 4096, 4096, 5000, 0);
    assertPart("a", "a", 4096, 4000, 5000, 6000);
    assertPart("a", "a", 0, 0, 5000, 0);
}

/* What is no raw image is refused for a disk before the server is asked for anything more. */
static void
testNoRawImage(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_auto(Running) plain = { 0 };
    g_autoptr(GBytes) bytes = g_bytes_new("QFI\xfb\0\0\0\3", 8);

    memoryInit(&memory);
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(1024, 2));
    memoryAddText(&memory, "a", "old");
    uploadAll(&running, uploadBegin(&memory, "vm/d.vmdk", 0), bytes);
    g_assert_error(running.error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(running.error->message, "qemu-img convert -O raw");
    g_assert_cmpuint(memory.requests, ==, 1);
    cannedAssertLog(memory.canned, "");

    fixtureScriptTask(memory.canned, MOVE);
    uploadAll(&plain, uploadBegin(&memory, "a", 0), bytes);
    g_assert_no_error(plain.error);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/upload/holes", testHoles);
    g_test_add_func("/storage/upload/wrong-length", testWrongLength);
    g_test_add_func("/storage/upload/nothing-comes", testNothingComes);
    g_test_add_func("/storage/upload/silent-client", testSilentClient);
    g_test_add_func("/storage/upload/parts", testParts);
    g_test_add_func("/storage/upload/no-raw-image", testNoRawImage);
    return g_test_run();
}

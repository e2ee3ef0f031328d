/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_limits.h"
#include "esx_error.h"
#include "upload_fixture.h"

#include <string.h>

/* ---- what crosses between the last look and the move ----------------------------------------- */

/* What somebody else does in that moment. */
typedef struct {
    Memory *memory;
    size_t size;            /* the disk is resized to so much; 0: deleted */
} Crossing;

static void
cross(gpointer opaque)
{
    const Crossing *crossing = opaque;

    if (crossing->size > 0) {
        memoryAddDisk(crossing->memory, "vm/d.vmdk", memoryRandom(crossing->size, 3));
        return;
    }
    memoryRemove(crossing->memory, "vm/d.vmdk");
    memoryRemove(crossing->memory, "vm/d-flat.vmdk");
}

/* Uploads 4096 bytes to the disk @name, which is so long, while @hook does something else. */
static void
uploadAcross(Memory *memory, Running *running, const char *name, void (*hook)(gpointer opaque),
             gpointer opaque)
{
    g_autoptr(GBytes) bytes = memoryRandom(4096, 1);

    memory->beforeMove = hook;
    memory->moveOpaque = opaque;
    memoryAddDisk(memory, name, memoryRandom(4096, 2));
    uploadAll(running, uploadBegin(memory, name, 0), bytes);
    memory->beforeMove = NULL;
}

/* The state is named, with the way out, which is one. */
static void
testResizedBeforeMove(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_auto(Running) again = { 0 };
    g_autoptr(GBytes) whole = memoryRandom(8192, 4);
    Crossing crossing = { &memory, 8192 };

    memoryInit(&memory);
    fixtureScriptTask(memory.canned, MOVE);
    uploadAcross(&memory, &running, "vm/d.vmdk", cross, &crossing);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(running.error->message, "its descriptor says 8192 bytes");
    fixtureAssertPhrase(running.error->message, "its contents have 4096");
    g_assert_true(g_str_has_prefix(running.error->message,
                                   "'[ds] vm/d-flat.vmdk' holds the contents of the disk but "
                                   "does not match its descriptor; upload an image of 8192 bytes: "
                                   ""));

    fixtureScriptTask(memory.canned, MOVE);
    uploadAll(&again, uploadBegin(&memory, "vm/d.vmdk", 0), whole);
    g_assert_no_error(again.error);
    g_assert_true(g_bytes_equal(memoryFind(&memory, "vm/d-flat.vmdk"), whole));
    cannedAssertLog(memory.canned, MOVE " " LOOK " " MOVE " " LOOK);
}

/* What was deleted does not come back, not even a part of it. */
static void
testDeletedBeforeMove(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    Crossing crossing = { &memory, 0 };

    memoryInit(&memory);
    memory.deletes = TRUE;
    fixtureScriptTask(memory.canned, MOVE);
    fixtureScriptTask(memory.canned, DELETE);
    uploadAcross(&memory, &running, "vm/d.vmdk", cross, &crossing);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    fixtureAssertPhrase(running.error->message, "the uploaded data was deleted too");
    g_assert_null(memoryFind(&memory, "vm/"));

    cannedAssertLog(memory.canned, MOVE " " LOOK " " DELETE " " LOOK);
}

/* Where that is not possible, what is left is named. */
static void
testOrphanStays(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    Crossing crossing = { &memory, 0 };

    memoryInit(&memory);
    fixtureScriptTask(memory.canned, MOVE);
    fixtureScriptTaskFault(memory.canned, DELETE, "FileLocked", "in use");
    uploadAcross(&memory, &running, "vm/d.vmdk", cross, &crossing);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    fixtureAssertPhrase(running.error->message,
                        "'[ds] vm/d-flat.vmdk' is left over and belongs to no disk; "
                        "delete it: ");
    cannedAssertLog(memory.canned, MOVE " " LOOK " " DELETE " " LOOK);
}

/* A path of nearly LIMIT_DATASTORE_PATH, with a last part of nearly LIMIT_NAME_PART. */
static char *
longName(const char *ending)
{
    GString *name = g_string_new(NULL);
    guint i;

    for (i = 0; i < 14; i++)
        g_string_append_printf(name, "%0255u/", i);
    g_string_append_printf(name, "%0230u%s", 7, ending);
    return g_string_free(name, FALSE);
}

static void
removeLong(gpointer opaque)
{
    g_autofree char *disk = longName(".vmdk");
    g_autofree char *extent = longName("-flat.vmdk");

    memoryRemove(opaque, disk);
    memoryRemove(opaque, extent);
}

/* What stays has the last part of its name whole, before the reason. */
static void
testLongOrphan(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autofree char *disk = longName(".vmdk");
    g_autofree char *extent = longName("-flat.vmdk");
    g_autofree char *phrase = g_strconcat(strrchr(extent, '/'), "' is left over and belongs to no "
                                          "disk; delete it: the disk was deleted", NULL);

    memoryInit(&memory);
    fixtureScriptTask(memory.canned, MOVE);
    fixtureScriptTaskFault(memory.canned, DELETE, "FileLocked", "in use");
    uploadAcross(&memory, &running, disk, removeLong, &memory);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    fixtureAssertPhrase(running.error->message, phrase);
    g_assert_true(g_str_has_prefix(running.error->message, "'[ds] "));
    g_assert_cmpuint((size_t)(strstr(running.error->message, "' is left") -
                              running.error->message), <=, LIMIT_LEFT_NAME_BYTES + 1);
}

/* Another one's file, of another length, is there when it is looked at. */
static void
replace(gpointer opaque)
{
    memoryAddText(opaque, "a", "another one's");
}

static void
testReplacedBehindMove(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(1000, 1);

    memoryInit(&memory);
    memory.afterMove = replace;
    memory.moveOpaque = &memory;
    memoryAddText(&memory, "a", "old");
    fixtureScriptTask(memory.canned, MOVE);
    uploadAll(&running, uploadBegin(&memory, "a", 0), bytes);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(running.error->message, "'[ds] a' now has 13 bytes, but 1000 were sent");
    cannedAssertLog(memory.canned, MOVE " " LOOK);
}

/* A server that says that it has moved a file. */
static void
assertHollowMove(const char *name)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(4096, 1);
    g_autofree char *prefix = g_strconcat(name, ".upload-", NULL);

    memoryInit(&memory);
    memory.stays = TRUE;
    memory.deletes = TRUE;
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(4096, 2));
    memoryAdd(&memory, "a", memoryRandom(4096, 2));
    memoryAdd(&memory, "b", memoryRandom(10, 2));
    fixtureScriptTask(memory.canned, MOVE);
    fixtureScriptTask(memory.canned, DELETE);
    uploadAll(&running, uploadBegin(&memory, name, 0), bytes);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(running.error->message, "the server reported that the uploaded data was "
                                                "moved");
    g_assert_null(memoryFind(&memory, prefix));
    cannedAssertLog(memory.canned, MOVE " " LOOK " " DELETE " " LOOK);
}

static void
testHollowMove(void)
{
    assertHollowMove("vm/d.vmdk");
    assertHollowMove("a");
    assertHollowMove("b");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/upload/resized-before-move", testResizedBeforeMove);
    g_test_add_func("/storage/upload/deleted-before-move", testDeletedBeforeMove);
    g_test_add_func("/storage/upload/orphan-stays", testOrphanStays);
    g_test_add_func("/storage/upload/long-orphan", testLongOrphan);
    g_test_add_func("/storage/upload/replaced-behind-move", testReplacedBehindMove);
    g_test_add_func("/storage/upload/hollow-move", testHollowMove);
    return g_test_run();
}

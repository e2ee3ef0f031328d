/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_vmfs_claim.h"
#include "upload_fixture.h"

#include <string.h>

static void
assertRefused(Memory *memory, const char *name, guint64 offset, guint64 length, gint code,
              const char *phrase)
{
    const EsxVolume volume = memoryVolume(name);
    g_autoptr(GError) error = NULL;

    g_assert_null(esxVmfsUpload(memory->connection, memory->pool, &volume, offset, length,
                                &error));
    g_assert_error(error, ESX_ERROR, code);
    fixtureAssertPhrase(error->message, phrase);
    cannedAssertLog(memory->canned, "");
}

/* ---- what works ------------------------------------------------------------------------------ */

static void
assertUpload(const char *name, const char *target, size_t before, size_t after, guint64 length)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(after, 1);
    g_autofree char *prefix = g_strconcat(name, ".upload-", NULL);
    g_autofree char *source = g_strdup_printf("<sourceName>[ds] %s", prefix);
    g_autofree char *destination =
        g_strdup_printf("<destinationName>[ds] %s</destinationName>", target);

    memoryInit(&memory);
    memoryAddVolume(&memory, name, memoryRandom(before, 2));
    fixtureScriptTask(memory.canned, MOVE);

    uploadAll(&running, uploadBegin(&memory, name, length), bytes);
    g_assert_no_error(running.error);
    g_assert_null(memoryFind(&memory, prefix));
    g_assert_true(g_bytes_equal(memoryFind(&memory, target), bytes));
    uploadAssertSent(&memory, MOVE, source);
    uploadAssertSent(&memory, MOVE, destination);
    uploadAssertSent(&memory, MOVE, "<force>true</force>");
    cannedAssertLog(memory.canned, MOVE " " LOOK);
}

static void
testPlain(void)
{
    assertUpload("iso/a.iso", "iso/a.iso", 10, 3 * MIB + 17, 0);
    assertUpload("a.iso", "a.iso", 5, 100, 100);
}

static void
testDisk(void)
{
    assertUpload("vm/d.vmdk", "vm/d-flat.vmdk", 2 * MIB, 2 * MIB, 0);
    assertUpload("vm/d.vmdk", "vm/d-flat.vmdk", 2 * MIB, 2 * MIB, 2 * MIB);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void
testRefused(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(GError) error = NULL;

    memoryInit(&memory);
    memoryAddText(&memory, "a", "abcdef");
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(4096, 1));
    memoryAddText(&memory, "vm/two.vmdk",
                  "# Disk DescriptorFile\ncreateType=\"twoGbMaxExtentFlat\"\n"
                  "RW 2 FLAT \"two-f001.vmdk\" 0\nRW 2 FLAT \"two-f002.vmdk\" 0\n");
    assertRefused(&memory, "a", 7, 0, ESX_ERROR_INVALID_ARGUMENT,
                  "it has 6 bytes, so an upload cannot begin at byte 7");
    assertRefused(&memory, "a", 1, G_MAXINT64, ESX_ERROR_INVALID_ARGUMENT, "no ESX host");
    assertRefused(&memory, "a", G_MAXUINT64, 0, ESX_ERROR_INVALID_ARGUMENT, "no ESX host");
    assertRefused(&memory, "a", 0, G_MAXUINT64, ESX_ERROR_INVALID_ARGUMENT, "no ESX host");
    assertRefused(&memory, "vm/d.vmdk", 4096, 0, ESX_ERROR_INVALID_ARGUMENT,
                  "it has 4096 bytes, so an upload cannot begin at byte 4096");
    assertRefused(&memory, "vm/d.vmdk", 4000, 97, ESX_ERROR_INVALID_ARGUMENT,
                  "97 bytes from byte 4000 on are more than the capacity");
    assertRefused(&memory, "vm/d.vmdk", 0, 4097, ESX_ERROR_INVALID_ARGUMENT, "resize the disk "
                                                                             "first");
    assertRefused(&memory, "vm/two.vmdk", 0, 0, ESX_ERROR_NO_SUPPORT, "spread over 2 files");

    /* Whatever a descriptor says, nothing but the disk's own extent is replaced. */
    memoryAddText(&memory, "vm/ro.vmdk",
                  "# Disk DescriptorFile\ncreateType=\"vmfs\"\nRDONLY 2 VMFS \"ro-flat.vmdk\"\n");
    memoryAddText(&memory, "vm/e.vmdk",
                  "# Disk DescriptorFile\ncreateType=\"vmfs\"\nRW 2 VMFS \"d-flat.vmdk\"\n");
    memoryAddText(&memory, "vm/self.vmdk",
                  "# Disk DescriptorFile\ncreateType=\"vmfs\"\nRW 2 VMFS \"self.vmdk\"\n");
    assertRefused(&memory, "vm/ro.vmdk", 0, 0, ESX_ERROR_NO_SUPPORT, "read-only or belongs to "
                                                                     "another disk");
    assertRefused(&memory, "vm/e.vmdk", 0, 0, ESX_ERROR_NO_SUPPORT, "read-only or belongs to "
                                                                    "another disk");
    assertRefused(&memory, "vm/self.vmdk", 0, 0, ESX_ERROR_NO_SUPPORT, "not the name of an extent");
}

static void
testReadOnly(void)
{
    g_auto(Memory) memory = { 0 };
    const EsxVolume volume = memoryVolume("a");
    InventoryDatastore datastore;
    InventoryPool pool;
    g_autoptr(GError) error = NULL;

    memoryInit(&memory);
    pool = *memory.pool;
    datastore = *pool.datastore;
    datastore.readOnly = TRUE;
    pool.datastore = &datastore;
    g_assert_null(esxVmfsUpload(memory.connection, &pool, &volume, 0, 0, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_cmpuint(memory.requests, ==, 0);
}

/* ---- what fails on the way: the other file is deleted ---------------------------------------- */

/* A server that says yes and has not got it all. */
static void
testLost(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(1000, 1);

    memoryInit(&memory);
    memory.putLoses = 1;
    memoryAddText(&memory, "a", "old");
    fixtureScriptTask(memory.canned, DELETE);
    uploadAll(&running, uploadBegin(&memory, "a", 0), bytes);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(running.error->message, "stored 999 of the 1000 bytes");
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

/* Somebody has enlarged the disk meanwhile: its extent must not become a shorter one. */
static void
testResizedMeanwhile(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(4096, 1);

    memoryInit(&memory);
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(4096, 2));
    fixtureScriptTask(memory.canned, DELETE);
    runningStart(&running, uploadBegin(&memory, "vm/d.vmdk", 0));
    memoryAdd(&memory, "vm/d-flat.vmdk", memoryRandom(8192, 2));
    runningWrite(&running, g_bytes_get_data(bytes, NULL), 4096);
    esxPipeEnd(running.pipe);
    runningJoin(&running);
    g_assert_error(running.error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    fixtureAssertPhrase(running.error->message, "resized during the upload");
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

/* Somebody has deleted the file meanwhile: it must not come back. */
static void
testDeletedMeanwhile(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };

    memoryInit(&memory);
    memoryAddText(&memory, "a", "old");
    fixtureScriptTask(memory.canned, DELETE);
    runningStart(&running, uploadBegin(&memory, "a", 0));
    g_mutex_lock(&memory.lock);
    g_hash_table_remove(memory.files, "a");
    g_mutex_unlock(&memory.lock);
    runningWrite(&running, "new", 3);
    esxPipeEnd(running.pipe);
    runningJoin(&running);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    fixtureAssertPhrase(running.error->message, "changed during the upload");
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

static void
testServerFails(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(1000, 1);

    memoryInit(&memory);
    memory.putStatus = 507;
    memoryAddText(&memory, "a", "old");
    fixtureScriptTask(memory.canned, DELETE);
    uploadAll(&running, uploadBegin(&memory, "a", 0), bytes);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_NO_DISK_SPACE);
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

/* The move fails: the same. Nobody knows what it did: nothing more is done, and both are named. */
static void
testMoveFails(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_auto(Running) again = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(1000, 1);

    memoryInit(&memory);
    memory.stays = TRUE;
    memory.deletes = TRUE;
    memoryAddText(&memory, "a", "old");
    fixtureScriptTaskFault(memory.canned, MOVE, "FileLocked", "in use");
    fixtureScriptTask(memory.canned, DELETE);
    uploadAll(&running, uploadBegin(&memory, "a", 0), bytes);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_LOCKED);
    cannedAssertLog(memory.canned, MOVE " " LOOK " " DELETE " " LOOK);

    cannedFail(memory.canned, MOVE, HTTP_ERROR, HTTP_ERROR_BROKEN);
    uploadAll(&again, uploadBegin(&memory, "a", 0), bytes);
    g_assert_error(again.error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(again.error->message,
                        "' holds the uploaded data, unless it has already been moved into place: ");
    fixtureAssertPhrase(again.error->message, "(from it to '[ds] a')");
    cannedAssertLog(memory.canned, MOVE);
}

/* ---- giving up ------------------------------------------------------------------------------- */

static void
abortInTheMiddle(Memory *memory, Running *running)
{
    g_autoptr(GBytes) bytes = memoryRandom(5000, 1);

    memoryAddText(memory, "a", "old");
    runningStart(running, uploadBegin(memory, "a", 0));
    g_assert_true(runningWrite(running, g_bytes_get_data(bytes, NULL), 5000));
    /* What the volume is, and the upload itself. */
    memoryAwaitRequests(memory, 2);
    runningAbort(running, AT_ONCE_MS);
    g_assert_cmpuint(g_bytes_get_size(memoryFind(memory, "a.upload-")), ==, 0);
}

static void
testAbort(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };

    memoryInit(&memory);
    fixtureScriptTask(memory.canned, DELETE);
    abortInTheMiddle(&memory, &running);
    g_assert_error(running.error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

/* The server holds the file for a moment longer. */
static void
testAbortLocked(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };

    memoryInit(&memory);
    fixtureScriptTaskFault(memory.canned, DELETE, "FileLocked", "in use");
    fixtureScriptTask(memory.canned, DELETE);
    abortInTheMiddle(&memory, &running);
    g_assert_error(running.error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    cannedAssertLog(memory.canned, DELETE " " LOOK " " DELETE " " LOOK);
}

static void
endTidying(gpointer unused G_GNUC_UNUSED)
{
    viSessionEndTidying();
}

/*
 * Cleaning up ends while the file is locked: what is left is named at once, with the lock as the
 * reason. This is the last test: that end is final.
 */
static void
testAbortTidyingEnds(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autofree char *locked = cannedFaultEnvelope("FileLocked", "in use", NULL);

    memoryInit(&memory);
    cannedAdd(memory.canned, DELETE,
              &(CannedExchange){ .status = 500, .bytes = locked, .hook = endTidying });
    abortInTheMiddle(&memory, &running);
    fixtureAssertPhrase(running.error->message, "'[ds] a.upload-");
    fixtureAssertPhrase(running.error->message, "in use");
    cannedAssertLog(memory.canned, DELETE);
}

/* What has to be left is told, by an error that is not passed over. */
static void
testAbortLeaves(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };

    memoryInit(&memory);
    fixtureScriptTaskFault(memory.canned, DELETE, "NoPermission", "no");
    abortInTheMiddle(&memory, &running);
    g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_FAULT);
    fixtureAssertPhrase(running.error->message, "'[ds] a.upload-");
    fixtureAssertPhrase(running.error->message, "may be left behind");
}

/* ---- what crosses within this process -------------------------------------------------------- */

static EsxClaim *
claimOther(Memory *memory, const char *name)
{
    const EsxClaimOn on = { esxVmfsClaimKey, memory->pool, name, FALSE };
    g_autoptr(GError) error = NULL;
    EsxClaim *claim = esxClaimTake("a resize", &on, 1, 0 /* waitMs */, NULL, &error);

    g_assert_no_error(error);
    return claim;
}

static void
assertBusy(Memory *memory, const char *name, const char *phrase)
{
    const EsxClaimOn on = { esxVmfsClaimKey, memory->pool, name, FALSE };
    g_autoptr(GError) error = NULL;

    g_assert_null(esxClaimTake("a resize", &on, 1, G_MAXUINT, NULL, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    fixtureAssertPhrase(error->message, phrase);
}

static gboolean
isClaimed(Memory *memory, const char *name)
{
    const EsxClaimOn on = { esxVmfsClaimKey, memory->pool, name, FALSE };
    g_autoptr(EsxClaim) claim = esxClaimTake("a look", &on, 1, 0 /* waitMs */, NULL, NULL);

    return claim == NULL;
}

/* From its first byte on an upload refuses others at once; before it holds nothing up. */
static void
testClaims(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };

    memoryInit(&memory);
    memoryAddText(&memory, "a", "old");
    fixtureScriptTask(memory.canned, DELETE);
    runningStart(&running, uploadBegin(&memory, "a", 0));
    g_usleep(20 * 1000);
    g_assert_false(isClaimed(&memory, "a"));
    g_assert_true(runningWrite(&running, "x", 1));
    while (!isClaimed(&memory, "a"))
        g_usleep(1000);
    assertBusy(&memory, "a", "another change of '[ds] a' is in progress (an upload since ");
    runningAbort(&running, AT_ONCE_MS);
    g_assert_false(isClaimed(&memory, "a"));
    cannedAssertLog(memory.canned, DELETE " " LOOK);
}

/* What ended between the opening of the stream and its first byte is noticed at that. */
static void
testChangedBeforeBeginning(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) bytes = memoryRandom(4096, 1);
    EsxTransfer *transfer;
    guint before;

    memoryInit(&memory);
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(4096, 2));
    transfer = uploadBegin(&memory, "vm/d.vmdk", 0);
    esxClaimFree(claimOther(&memory, "vm/d.vmdk"));
    memoryAddDisk(&memory, "vm/d.vmdk", memoryRandom(8192, 2));
    before = memory.requests;
    uploadAll(&running, transfer, bytes);
    g_assert_error(running.error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    fixtureAssertPhrase(running.error->message, "resized before the upload began");
    g_assert_cmpuint(memory.requests - before, ==, 1);
    cannedAssertLog(memory.canned, "");
}

/* A plain file that was replaced before the beginning keeps what it has now around the data. */
static void
testReplacedBeforeBeginning(void)
{
    g_auto(Memory) memory = { 0 };
    g_auto(Running) running = { 0 };
    const EsxVolume volume = memoryVolume("a");
    g_autoptr(GBytes) bytes = g_bytes_new("X", 1);
    g_autoptr(GBytes) wanted = g_bytes_new("lXnger", 6);
    g_autoptr(GError) error = NULL;
    EsxTransfer *transfer;

    memoryInit(&memory);
    memoryAddText(&memory, "a", "old");
    transfer = esxVmfsUpload(memory.connection, memory.pool, &volume, 1, 0, &error);
    g_assert_no_error(error);
    esxClaimFree(claimOther(&memory, "a"));
    memoryAddText(&memory, "a", "longer");
    fixtureScriptTask(memory.canned, MOVE);
    uploadAll(&running, transfer, bytes);
    g_assert_no_error(running.error);
    g_assert_true(g_bytes_equal(memoryFind(&memory, "a"), wanted));
    cannedAssertLog(memory.canned, MOVE " " LOOK);
}

/* One that meets a change is refused when it is opened. */
static void
testMeetsChange(void)
{
    g_auto(Memory) memory = { 0 };
    const EsxVolume volume = memoryVolume("a");
    g_autoptr(EsxClaim) claim = NULL;
    g_autoptr(GError) error = NULL;

    memoryInit(&memory);
    memory.connection->options.taskTimeoutMs = 10;
    memoryAddText(&memory, "a", "old");
    claim = claimOther(&memory, "a");
    g_assert_null(esxVmfsUpload(memory.connection, memory.pool, &volume, 0, 0, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    fixtureAssertPhrase(error->message, "(a resize since ");
    g_assert_cmpuint(memory.requests, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/upload/plain", testPlain);
    g_test_add_func("/storage/upload/disk", testDisk);
    g_test_add_func("/storage/upload/refused", testRefused);
    g_test_add_func("/storage/upload/read-only", testReadOnly);
    g_test_add_func("/storage/upload/lost", testLost);
    g_test_add_func("/storage/upload/resized-meanwhile", testResizedMeanwhile);
    g_test_add_func("/storage/upload/deleted-meanwhile", testDeletedMeanwhile);
    g_test_add_func("/storage/upload/server-fails", testServerFails);
    g_test_add_func("/storage/upload/move-fails", testMoveFails);
    g_test_add_func("/storage/upload/abort", testAbort);
    g_test_add_func("/storage/upload/abort-locked", testAbortLocked);
    g_test_add_func("/storage/upload/abort-leaves", testAbortLeaves);
    g_test_add_func("/storage/upload/claims", testClaims);
    g_test_add_func("/storage/upload/changed-before-beginning", testChangedBeforeBeginning);
    g_test_add_func("/storage/upload/replaced-before-beginning", testReplacedBeforeBeginning);
    g_test_add_func("/storage/upload/meets-change", testMeetsChange);
    g_test_add_func("/storage/upload/abort-tidying-ends", testAbortTidyingEnds);
    return g_test_run();
}

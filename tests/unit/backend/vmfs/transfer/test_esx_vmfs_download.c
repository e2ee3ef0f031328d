/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_vmfs_download.h"
#include "esx_vmfs_fetch.h"
#include "transfer_fixture.h"

#include <string.h>

#define MIB ((size_t)1024 * 1024)
#define BLOCK ((size_t)64 * 1024)

/* For a piece: too slow for one connection. */
#define SLOW_US 150

static EsxTransfer *
download(Memory *memory, const char *name, guint64 offset, guint64 length)
{
    const EsxVolume volume = memoryVolume(name);
    g_autoptr(GError) error = NULL;
    EsxTransfer *transfer =
        esxVmfsDownload(memory->connection, memory->pool, &volume, offset, length, &error);

    g_assert_no_error(error);
    g_assert_false(transfer->isUpload);
    return transfer;
}

/* @whole: bytes from @offset on, @length of them, are what comes. */
static void
assertSame(GBytes *got, GBytes *whole, size_t offset, size_t length)
{
    const char *wanted = g_bytes_get_data(whole, NULL);
    gsize size = 0;
    const char *data = g_bytes_get_data(got, &size);

    g_assert_cmpuint(size, ==, length);
    g_assert_true(length == 0 || memcmp(data, wanted + offset, length) == 0);
}

/* Downloads and compares; @ret_holes may be NULL. */
static void
assertDownload(Memory *memory, const char *name, GBytes *whole, guint64 offset, guint64 length,
               size_t wanted, guint64 *ret_holes)
{
    g_auto(Running) running = { 0 };
    g_autoptr(GBytes) got = NULL;
    EsxTransfer *transfer = download(memory, name, offset, length);

    transfer->sparse = ret_holes != NULL;
    runningStart(&running, transfer);
    got = runningRead(&running, ret_holes);
    runningJoin(&running);
    g_assert_no_error(running.error);
    g_assert_nonnull(got);
    assertSame(got, whole, offset, wanted);
}

/* ---- what is wanted -------------------------------------------------------------------------- */

/* By libvirt's local storage: more than there is means all there is. */
static void
testRanges(void)
{
    static const struct {
        guint64 offset, length;
        size_t wanted;
    } rows[] = {
        { 0, 0, 100000 }, { 0, 1, 1 }, { 1, 0, 99999 }, { 50000, 1000, 1000 }, { 99999, 5, 1 },
        { 100000, 0, 0 }, { 100000, 7, 0 }, { 0, G_MAXUINT64, 100000 },
    };
    g_auto(Memory) memory = { 0 };
    g_autoptr(GBytes) whole = memoryRandom(100000, 1);
    size_t i;

    memoryInit(&memory);
    memoryAdd(&memory, "dir/a b.iso", g_bytes_ref(whole));
    for (i = 0; i < G_N_ELEMENTS(rows); i++)
        assertDownload(&memory, "dir/a b.iso", whole, rows[i].offset, rows[i].length,
                       rows[i].wanted, NULL);
}

static void
testBehindTheEnd(void)
{
    g_auto(Memory) memory = { 0 };
    const EsxVolume volume = memoryVolume("a.iso");
    g_autoptr(GError) error = NULL;

    memoryInit(&memory);
    memoryAddText(&memory, "a.iso", "abc");
    g_assert_null(esxVmfsDownload(memory.connection, memory.pool, &volume, 4, 0, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(error->message, "has 3 bytes, so a download cannot begin at byte 4");
}

static void
testUnreachable(void)
{
    g_auto(Memory) memory = { 0 };
    const EsxVolume volume = memoryVolume("a.iso");
    InventoryPool pool;
    g_autoptr(GError) error = NULL;

    memoryInit(&memory);
    pool = *memory.pool;
    pool.accessible = FALSE;
    g_assert_null(esxVmfsDownload(memory.connection, &pool, &volume, 0, 0, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_cmpuint(memory.requests, ==, 0);
}

/* ---- connections ----------------------------------------------------------------------------- */

/* A descriptor and one connection, which has to ask once. */
static void
testOneConnection(void)
{
    g_auto(Memory) memory = { 0 };
    g_autoptr(GBytes) whole = memoryRandom(20 * MIB, 2);

    memoryInit(&memory);
    memory.connection->options.connections = 1;
    memoryAddDisk(&memory, "vm/d.vmdk", g_bytes_ref(whole));
    assertDownload(&memory, "vm/d.vmdk", whole, 0, 0, 20 * MIB, NULL);
    g_assert_cmpuint(memory.requests, ==, 2);
    g_assert_cmpuint(memory.mostAtOnce, ==, 1);
}

/* What is short does not make connections for it. */
static void
testShort(void)
{
    const size_t size = 3 * esxVmfsFetchSegment(4) - 1;
    g_auto(Memory) memory = { 0 };
    g_autoptr(GBytes) whole = memoryRandom(size, 3);

    memoryInit(&memory);
    memoryAdd(&memory, "a", g_bytes_ref(whole));
    assertDownload(&memory, "a", whole, 0, 0, size, NULL);
    g_assert_cmpuint(memory.requests, ==, 2);
}

/* Where a request costs a ticket, one has to do: not with a host. */
static void
testTickets(void)
{
    static const char *const contents[] = { "service-content-vcenter.xml", NULL };
    g_autoptr(GBytes) whole = memoryRandom(16 * MIB, 4);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(contents); i++) {
        g_auto(Memory) memory = { .content = contents[i] };

        memoryInit(&memory);
        memory.pieceUs = SLOW_US;
        memory.connection->server->hosts = &memory;
        memoryAdd(&memory, "a", g_bytes_ref(whole));
        assertDownload(&memory, "a", whole, 0, 0, 16 * MIB, NULL);
        g_assert_true((memory.mostAtOnce == 1) == (contents[i] != NULL));
    }
}

/* All that networks do, by chance, with all numbers of connections. */
static void
testTorture(void)
{
    g_auto(Memory) memory = { 0 };
    const size_t size = 16 * MIB + 4711;
    g_autoptr(GBytes) whole = memoryRandom(size, 5);
    guint connections;
    guint most = 0;

    memoryInit(&memory);
    memory.latencyUs = 5000;
    memory.pieceUs = SLOW_US;
    memory.cutOneIn = 4;
    memoryAdd(&memory, "a", g_bytes_ref(whole));
    for (connections = 2; connections <= ESX_CONNECTION_CONNECTIONS_MAX; connections += 2) {
        guint64 offset = (guint64)g_random_int_range(0, MIB);

        memory.connection->options.connections = connections;
        memory.mostAtOnce = 0;
        assertDownload(&memory, "a", whole, offset, 0, size - offset, NULL);
        g_assert_cmpuint(memory.mostAtOnce, <=, connections);
        most = MAX(most, memory.mostAtOnce);
    }
    /* Two of which now the one and now the other is cut may come to take turns. */
    g_assert_cmpuint(most, >, 1);
}

/* ---- holes ----------------------------------------------------------------------------------- */

/* Blocks 0 to 9 are zeros, then data, then every second block is zeros. */
static GBytes *
sparseBytes(size_t size)
{
    g_autoptr(GBytes) random = memoryRandom(size, 6);
    char *data = g_memdup2(g_bytes_get_data(random, NULL), size);
    size_t at;

    memset(data, 0, 10 * BLOCK);
    for (at = 20 * BLOCK; at < size; at += 2 * BLOCK)
        memset(data + at, 0, MIN(BLOCK, size - at));
    return g_bytes_new_take(data, size);
}

static void
testSparse(void)
{
    const size_t size = 12 * MIB + 512;
    const guint64 zeros = 10 * BLOCK + (size / BLOCK - 20) / 2 * BLOCK + 512;
    g_auto(Memory) memory = { .pieceUs = SLOW_US };
    g_autoptr(GBytes) whole = sparseBytes(size);
    guint64 holes = 0;
    guint connections;

    memoryInit(&memory);
    memoryAdd(&memory, "a", g_bytes_ref(whole));
    for (connections = 1; connections <= 4; connections += 3) {
        memory.connection->options.connections = connections;
        assertDownload(&memory, "a", whole, 0, 0, size, &holes);
        g_assert_cmpuint(holes, ==, zeros);
        /* Blocks are those of the volume. */
        assertDownload(&memory, "a", whole, BLOCK / 2, 0, size - BLOCK / 2, &holes);
        g_assert_cmpuint(holes, ==, zeros - BLOCK / 2);
        assertDownload(&memory, "a", whole, 10 * BLOCK - 100, 10 * BLOCK + 200, 10 * BLOCK + 200,
                       &holes);
        g_assert_cmpuint(holes, ==, 200);
    }
}

/* ---- ends ------------------------------------------------------------------------------------ */

static void
testFailure(void)
{
    g_auto(Memory) memory = { 0 };
    guint connections;

    memoryInit(&memory);
    memory.failFrom = 12 * MIB;
    memoryAdd(&memory, "dir/a", memoryRandom(16 * MIB, 7));
    for (connections = 1; connections <= 4; connections += 3) {
        g_auto(Running) running = { 0 };
        g_autoptr(GBytes) got = NULL;

        memory.connection->options.connections = connections;
        runningStart(&running, download(&memory, "dir/a", 0, 0));
        got = runningRead(&running, NULL);
        runningJoin(&running);
        g_assert_null(got);
        g_assert_error(running.error, VI_ERROR, VI_ERROR_FILE_FAULT);
        fixtureAssertPhrase(running.error->message, "[ds] dir/a");
        fixtureAssertPhrase(running.error->message, "of 16777216 bytes were received before that");
    }
}

/* Nobody reads: everybody waits, and ends at once when told. */
static void
testAbort(void)
{
    g_auto(Memory) memory = { 0 };
    guint connections;

    memoryInit(&memory);
    memoryAdd(&memory, "a", memoryRandom(40 * MIB, 8));
    for (connections = 1; connections <= 16; connections += 5) {
        g_auto(Running) running = { 0 };

        memory.connection->options.connections = connections;
        runningStart(&running, download(&memory, "a", 0, 0));
        g_usleep(100000);
        g_assert_false(g_atomic_int_get(&running.done));
        runningAbort(&running, AT_ONCE_MS);
        g_assert_error(running.error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    }
}

/* Nobody reads, and nobody aborts. */
static void
testSilentClient(void)
{
    g_auto(Memory) memory = { 0 };
    guint connections;

    memoryInit(&memory);
    memoryAdd(&memory, "a", memoryRandom(40 * MIB, 8));
    for (connections = 1; connections <= 4; connections += 3) {
        g_auto(Running) running = { .clientTimeoutMs = 100 };

        memory.connection->options.connections = connections;
        runningStart(&running, download(&memory, "a", 0, 0));
        runningJoin(&running);
        g_assert_error(running.error, ESX_ERROR, ESX_ERROR_CLIENT_SILENT);
        fixtureAssertPhrase(running.error->message, "the client has read nothing for 0.1 s (");
        fixtureAssertPhrase(running.error->message, "of 41943040 bytes were received before that");
    }
}

/* The server is slow: the same. */
static void
testAbortSlow(void)
{
    g_auto(Memory) memory = { 0 };
    guint connections;

    memoryInit(&memory);
    memory.pieceUs = 50000;
    memoryAdd(&memory, "a", memoryRandom(40 * MIB, 9));
    for (connections = 1; connections <= 4; connections += 3) {
        g_auto(Running) running = { 0 };

        memory.connection->options.connections = connections;
        runningStart(&running, download(&memory, "a", 0, 0));
        g_usleep(100000);
        runningAbort(&running, AT_ONCE_MS);
        g_assert_error(running.error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/download/ranges", testRanges);
    g_test_add_func("/storage/download/behind-the-end", testBehindTheEnd);
    g_test_add_func("/storage/download/unreachable", testUnreachable);
    g_test_add_func("/storage/download/one-connection", testOneConnection);
    g_test_add_func("/storage/download/short", testShort);
    g_test_add_func("/storage/download/tickets", testTickets);
    g_test_add_func("/storage/download/torture", testTorture);
    g_test_add_func("/storage/download/sparse", testSparse);
    g_test_add_func("/storage/download/failure", testFailure);
    g_test_add_func("/storage/download/abort", testAbort);
    g_test_add_func("/storage/download/silent-client", testSilentClient);
    g_test_add_func("/storage/download/abort-slow", testAbortSlow);
    return g_test_run();
}

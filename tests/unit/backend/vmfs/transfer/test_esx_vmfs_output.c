/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_vmfs_output.h"

#include <string.h>

#include "esx_server.h"

#define BLOCK ESX_VMFS_OUTPUT_BLOCK

/* Reads what is in @pipe: "D100 H65536 …". */
static char *
describe(EsxPipe *pipe)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_autofree char *buffer = g_malloc(16 * BLOCK);
    EsxPipeResult result;
    guint64 hole = 0;
    size_t length = 0;

    esxPipeEnd(pipe);
    while ((result = esxPipeRead(pipe, buffer, 16 * BLOCK, FALSE, TRUE, &length)) !=
           ESX_PIPE_END) {
        if (result == ESX_PIPE_HOLE) {
            g_assert_cmpint(esxPipeReadHole(pipe, TRUE, &hole), ==, ESX_PIPE_HOLE);
            g_string_append_printf(text, "H%" G_GUINT64_FORMAT " ", hole);
        } else {
            g_assert_cmpint(result, ==, ESX_PIPE_DONE);
            g_string_append_printf(text, "D%zu ", length);
        }
    }
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* Zero bytes but for @n marks at these places; in pieces of @piece bytes. */
static void
assertOutput(gboolean sparse, guint64 at, size_t length, size_t piece, const size_t *marks,
             size_t n, const char *expected)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(16 * BLOCK);
    g_auto(EsxVmfsOutput) output = { 0 };
    g_autofree char *data = g_malloc0(length);
    g_autofree char *seen = NULL;
    g_autoptr(GError) error = NULL;
    size_t done;

    while (n > 0)
        data[marks[--n]] = 1;
    esxVmfsOutputInit(&output, pipe, sparse, at);
    for (done = 0; done < length; done += piece)
        g_assert_true(esxVmfsOutputWrite(data + done, MIN(piece, length - done), &output, &error));
    g_assert_true(esxVmfsOutputFlush(&output, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(output.at, ==, at + length);
    seen = describe(pipe);
    g_assert_cmpstr(seen, ==, expected);
}

static void
testDense(void)
{
    assertOutput(FALSE, 0, 3 * BLOCK, BLOCK / 3, NULL, 0, "D196608 ");
    assertOutput(FALSE, 5, 1, 1, NULL, 0, "D1 ");
    assertOutput(FALSE, 5, 9 * BLOCK + 1, 1000, NULL, 0, "D589825 ");
    assertOutput(FALSE, 5, 9 * BLOCK + 1, 9 * BLOCK + 1, NULL, 0, "D589825 ");
}

static void
testSparse(void)
{
    static const size_t pieces[] = { 1000, BLOCK - 1, BLOCK, BLOCK + 1, 16 * BLOCK };
    const size_t first[] = { 0 };
    const size_t second[] = { 2 * BLOCK - 1 };
    const size_t both[] = { 99, 3 * BLOCK };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(pieces); i++) {
        assertOutput(TRUE, 0, 3 * BLOCK, pieces[i], NULL, 0, "H196608 ");
        assertOutput(TRUE, 0, 3 * BLOCK, pieces[i], first, 1, "D65536 H131072 ");
        assertOutput(TRUE, 0, 3 * BLOCK, pieces[i], second, 1, "H65536 D65536 H65536 ");
        /* What there is of a block at both ends counts as one. */
        assertOutput(TRUE, BLOCK - 100, 3 * BLOCK + 1, pieces[i], both, 2, "D100 H131072 D65437 ");
        assertOutput(TRUE, 7 * BLOCK + 5, 10, pieces[i], NULL, 0, "H10 ");
    }
}

static void
testNothing(void)
{
    assertOutput(FALSE, 10, 0, 1, NULL, 0, "");
    assertOutput(TRUE, 10, 0, 1, NULL, 0, "");
}

static void
assertGivenUp(EsxPipe *pipe, gboolean sparse, const char *data)
{
    g_auto(EsxVmfsOutput) output = { 0 };
    g_autoptr(GError) error = NULL;

    esxVmfsOutputInit(&output, pipe, sparse, 0);
    g_assert_false(esxVmfsOutputWrite(data, ESX_VMFS_OUTPUT_STEP, &output, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
}

static void
testClosed(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(BLOCK);
    g_autofree char *data = g_malloc0(ESX_VMFS_OUTPUT_STEP);

    esxPipeClose(pipe, NULL);
    assertGivenUp(pipe, FALSE, data);
    assertGivenUp(pipe, TRUE, data);
}

/* The process is to end. */
static void
testStopped(void)
{
    g_autoptr(EsxPipe) pipe = esxPipeNew(BLOCK);
    g_autofree char *data = g_malloc0(ESX_VMFS_OUTPUT_STEP);

    cancelRaise(esxServerCancelFlag());
    assertGivenUp(pipe, FALSE, data);
    cancelLower(esxServerCancelFlag());
}

static void
testIsZero(void)
{
    char data[200] = { 0 };
    size_t i;

    g_assert_true(esxVmfsIsZero(NULL, 0));
    g_assert_true(esxVmfsIsZero(data, sizeof(data)));
    g_assert_true(esxVmfsIsZero(data, 1));
    for (i = 0; i < sizeof(data); i++) {
        data[i] = (char)0x80;
        g_assert_false(esxVmfsIsZero(data, sizeof(data)));
        g_assert_true(esxVmfsIsZero(data, i));
        data[i] = 0;
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/output/dense", testDense);
    g_test_add_func("/storage/output/sparse", testSparse);
    g_test_add_func("/storage/output/nothing", testNothing);
    g_test_add_func("/storage/output/closed", testClosed);
    g_test_add_func("/storage/output/stopped", testStopped);
    g_test_add_func("/storage/output/is-zero", testIsZero);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "fuzz_corpus.h"

#include <glib.h>
#include <string.h>

#include "../../fuzz/fuzz_target.h"

/* How often each file is cut. */
#define CUTS 20

static void
runFile(const char *path)
{
    g_autofree char *data = NULL;
    gsize size = 0;
    gsize cut;

    g_assert_true(g_file_get_contents(path, &data, &size, NULL));
    LLVMFuzzerTestOneInput((const uint8_t *)data, size);
    for (cut = 0; cut < CUTS; cut++) {
        /* A buffer of just this size, so that reading past it is noticed. */
        gsize part = size * cut / CUTS;
        g_autofree uint8_t *copy = g_malloc(MAX(part, 1));

        memcpy(copy, data, part);
        LLVMFuzzerTestOneInput(copy, part);
    }
}

void
fuzzCorpusRun(const char *name)
{
    g_autofree char *folder = g_test_build_filename(G_TEST_DIST, "fuzz", "corpus", name, NULL);
    g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
    const char *file;
    guint files = 0;

    g_assert_nonnull(dir);
    while ((file = g_dir_read_name(dir))) {
        g_autofree char *path = g_build_filename(folder, file, NULL);

        g_test_message("%s", file);
        runFile(path);
        files++;
    }
    g_assert_cmpuint(files, >, 0);
}

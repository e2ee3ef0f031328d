/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The fuzz target certificate over its corpus. */

#include <glib.h>

#include "fuzz_corpus.h"

static void
testCorpus(void)
{
    fuzzCorpusRun("certificate");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/fuzz/certificate", testCorpus);
    return g_test_run();
}

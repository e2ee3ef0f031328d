/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

/*
 * Runs the linked fuzz target over every file of tests/fuzz/corpus/@name, and over each cut short,
 * so that what a fuzzer once found stays found without one.
 */
void fuzzCorpusRun(const char *name);

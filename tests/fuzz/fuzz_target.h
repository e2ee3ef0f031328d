/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <stddef.h>
#include <stdint.h>

/*
 * What libFuzzer calls with each input, and tests/unit/support/fuzz_corpus.c with each file of a
 * folder.
 */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

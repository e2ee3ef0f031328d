/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/* What the targets have in common: the memory that an input costs, and messages about it. */

/* Memory is counted from here. With a sanitizer its highest point counts, else what is held now. */
void fuzzMemoryBegin(void);

/*
 * Ends the process unless what was made since fuzzMemoryBegin() from @size bytes of input takes at
 * most @factor times that, and LIMIT_AMPLIFIED_BASE for each of @replies.
 */
void fuzzMemoryCheck(size_t size, guint factor, size_t replies);

/*
 * Ends the process unless @message is one line of UTF-8 without controls and marks of direction,
 * and has room for @texts quoted texts besides its own words.
 */
void fuzzCheckMessage(const char *message, guint texts);

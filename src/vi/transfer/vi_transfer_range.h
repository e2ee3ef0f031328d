/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/* Headers of ranged requests. Pure. */

/* A part of a file. */
typedef struct {
    guint64 first;
    guint64 last;       /* its last byte (inclusive) */
    guint64 total;      /* of the whole file; G_MAXUINT64: the server does not say */
} ViRange;

/* Returns: (transfer full) the header line "Range: bytes=FIRST-LAST". */
char *viRangeHeader(guint64 first, guint64 last);

/*
 * Reads the value of a Content-Range: "bytes 0-1023/4096", or with an asterisk for the total.
 *
 * Returns: FALSE if @text is not one, or makes no sense; then nothing is written. Accepts NULL.
 */
gboolean viRangeParse(const char *text, ViRange *ret_range);

/* Whether a body of this Content-Type (may be NULL) has several parts, each with headers. */
gboolean viRangeIsMultipart(const char *contentType);

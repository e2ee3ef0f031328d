/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Makes text from a server, a client or a file fit for a message or the log. Such text enters a
 * message only through one of these functions.
 *
 * All return one line of valid UTF-8. A byte that is not UTF-8 becomes U+FFFD. A run of characters
 * that could steer a terminal, break a line or reorder the text becomes one blank: C0 and C1
 * controls, DEL, line and paragraph separators, direction marks, all other format characters of
 * Unicode (including the zero-width ones), and unassigned characters. A cut is between two
 * characters and is marked with "…". A NULL text counts as empty.
 */

/* Whether @c is kept as it is; all others become a blank. */
gboolean textIsPlain(gunichar c);

/*
 * Returns: (transfer full): @text (of @length bytes; -1: up to its NUL) without blanks at its ends,
 * in at most LIMIT_QUOTED_BYTES bytes; cut at the end if longer.
 */
char *textQuote(const char *text, gssize length);

/*
 * For names and paths: a name that is cut keeps its end, which says more than the middle, as in
 * "[datastore] a long fold…older/disk.vmdk".
 *
 * Returns: (transfer full): @name in at most LIMIT_QUOTED_BYTES bytes.
 */
char *textQuoteName(const char *name);

/* The same in at most @ceiling (at least 16) bytes; at least two thirds of them are the end. */
char *textFitName(const char *name, size_t ceiling);

/* Returns: (transfer full): @text in at most @ceiling (at least 16) bytes, cut at the end. */
char *textFit(const char *text, size_t ceiling);

/*
 * printf for messages. An argument of "%s" in @format goes through textQuoteName() if an apostrophe
 * or a quotation mark precedes it, else through textFit() to LIMIT_QUOTED_BYTES, so that no text
 * enters a message unchanged. A precision sets another ceiling, in bytes: TEXT_MESSAGE is for a
 * message that was already made like this, and takes it whole. The other conversions are d, i, u,
 * x, X and c with the lengths l, ll and z, and g. From any other conversion on, @format is copied
 * literally.
 *
 * Returns: (transfer full).
 */
#define TEXT_MESSAGE "%.8192s"
char *textFormat(const char *format, ...) G_GNUC_PRINTF(1, 2);
char *textFormatV(const char *format, va_list args) G_GNUC_PRINTF(1, 0);

/* The same as one line that libvirt keeps whole: textFit() to LIMIT_MESSAGE_BYTES. */
char *textFormatLineV(const char *format, va_list args) G_GNUC_PRINTF(1, 0);

/* g_set_error(), g_error_new() and g_prefix_error() with textFormat() in them. */
void textToError(GError **error, GQuark domain, int code, const char *format, ...)
    G_GNUC_PRINTF(4, 5);
void textToErrorV(GError **error, GQuark domain, int code, const char *format, va_list args)
    G_GNUC_PRINTF(4, 0);
GError *textAsError(GQuark domain, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);
void textAddToError(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

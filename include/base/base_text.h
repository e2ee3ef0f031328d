/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Text that a server, a client or a file wrote, made fit for a message or the log. Nothing of that
 * kind gets into a message but through one of these.
 *
 * All give one line of valid UTF-8. A byte that is no UTF-8 becomes U+FFFD. A run of characters
 * that could steer a terminal, break a line or reorder the text becomes one blank: C0 and C1
 * controls, DEL, line and paragraph separators, marks of direction, all else that Unicode calls
 * a format character (so the zero-width ones), and what is not assigned. What is cut has "…" in
 * its place, and is cut between two characters. A NULL text is an empty one.
 */

/*
 * Returns: (transfer full): @text (of @length bytes, -1: up to its NUL) without blanks at its
 * ends, in at most LIMIT_QUOTED_BYTES bytes; what is too much is cut off at the end.
 */
char *textQuote(const char *text, gssize length);

/*
 * For the name or path of something: a cut one keeps its end, which says more than the middle,
 * as in "[datastore] a long fold…older/disk.vmdk".
 *
 * Returns: (transfer full): @name in at most LIMIT_QUOTED_BYTES bytes.
 */
char *textQuoteName(const char *name);

/* The same in at most @ceiling bytes, of at least 16: the last two thirds and more are its end. */
char *textFitName(const char *name, size_t ceiling);

/* Returns: (transfer full): @text in at most @ceiling bytes (of at least 16), cut at the end. */
char *textFit(const char *text, size_t ceiling);

/*
 * printf for messages: what stands for "%s" in @format goes through textQuoteName() where an
 * apostrophe or a quotation mark is before it, else through textFit() to LIMIT_QUOTED_BYTES, so
 * that no text gets into a message as it is. A precision is a ceiling of its own, in bytes:
 * TEXT_MESSAGE takes a message that was made like this already, whole. Of the other conversions
 * there are d, i, u, x, X and c with the lengths l, ll and z, and g; from any other on,
 * @format is taken as it is.
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

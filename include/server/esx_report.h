/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_error.h"

/*
 * Where errors of the lower floors become libvirt's: one aligned table (domain, code) →
 * virErrorNumber. Nothing above knows a GError domain.
 */

/* Returns: the virErrorNumber for @error; VIR_ERR_INTERNAL_ERROR where the table has no row. */
int esxErrorNumber(const GError *error);

/* Whether the table has a row for @error: a test proves that it has one for every code there is. */
gboolean esxErrorIsListed(const GError *error);

/*
 * Returns: (transfer full): the text libvirt gets for @error behind the prefix @format (NULL:
 * none), with what the table adds for a person. One line of valid UTF-8 of less than 1024 bytes,
 * which is all that libvirt keeps (see base_text.h): of longer text the middle goes, the end of
 * @error's message first, so that what its message begins with and the advice stay.
 */
char *esxErrorText(const GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Reports @error as one libvirt error: "PREFIX: MESSAGE" with the number of the table. @format may
 * be NULL. Never loses an error: a NULL @error is reported as an internal one.
 */
void esxErrorReport(const GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * virReportError() with textFormat() in it. Nothing else reports, so that nothing foreign gets out
 * as it is.
 */
#define esxReport(number, ...) esxReportAt(number, __FILE__, __func__, __LINE__, __VA_ARGS__)

void esxReportAt(int number, const char *file, const char *function, size_t line,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);

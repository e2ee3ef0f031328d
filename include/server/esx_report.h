/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_error.h"

/*
 * Converts errors of the lower floors to libvirt's, by one table (domain, code) → virErrorNumber.
 * The floors above do not know GError domains.
 */

/* Returns: the virErrorNumber for @error; VIR_ERR_INTERNAL_ERROR if the table has no row. */
int esxErrorNumber(const GError *error);

/*
 * Reports @error as one libvirt error: "PREFIX: MESSAGE" with the number from the table. @format
 * may be NULL. A NULL @error is reported as an internal error.
 */
void esxErrorReport(const GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * virReportError() with textFormat(). Nothing else reports errors, so no foreign text is passed on
 * unchanged.
 */
#define esxReport(number, ...) esxReportAt(number, __FILE__, __func__, __LINE__, __VA_ARGS__)

void esxReportAt(int number, const char *file, const char *function, size_t line,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);

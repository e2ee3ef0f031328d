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

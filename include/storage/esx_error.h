/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Where errors of the lower floors become libvirt's: one aligned table (domain, code) →
 * virErrorNumber. Nothing below reports or logs; nothing above knows a GError domain.
 */

/* Errors the storage floors themselves make. */
#define ESX_ERROR (esxErrorQuark())
GQuark esxErrorQuark(void);

typedef enum {
    ESX_ERROR_NO_POOL,              /* VIR_ERR_NO_STORAGE_POOL */
    ESX_ERROR_NO_VOLUME,            /* VIR_ERR_NO_STORAGE_VOL */
    ESX_ERROR_INVALID_ARGUMENT,     /* VIR_ERR_INVALID_ARG */
    ESX_ERROR_INVALID_OPERATION,    /* VIR_ERR_OPERATION_INVALID */
    ESX_ERROR_NO_SUPPORT,           /* VIR_ERR_NO_SUPPORT */
    ESX_ERROR_AUTH,                 /* VIR_ERR_AUTH_FAILED */
    ESX_ERROR_DENIED,               /* VIR_ERR_OPERATION_DENIED */
    ESX_ERROR_SYSTEM,               /* VIR_ERR_SYSTEM_ERROR */
    ESX_ERROR_INTERNAL,             /* VIR_ERR_INTERNAL_ERROR */
} EsxErrorCode;

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
 * virReportError(), and libvirt's log macros in a file that has VIR_LOG_INIT(), with textFormat()
 * in them. Nothing else reports or logs, so that nothing foreign gets out as it is.
 */
#define esxReport(number, ...) esxReportAt(number, __FILE__, __func__, __LINE__, __VA_ARGS__)
#define esxLog(priority, ...) \
    esxLogAt(&virLogSelf, priority, __FILE__, __LINE__, __func__, __VA_ARGS__)

void esxReportAt(int number, const char *file, const char *function, size_t line,
                 const char *format, ...) G_GNUC_PRINTF(5, 6);
void esxLogAt(gpointer source, int priority, const char *file, int line, const char *function,
              const char *format, ...) G_GNUC_PRINTF(6, 7);

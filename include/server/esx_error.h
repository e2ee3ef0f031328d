/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Errors that originate in the floors above the inventory; esx_report.h has libvirt's number for
 * each.
 */
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
    ESX_ERROR_CLIENT_SILENT,        /* VIR_ERR_OPERATION_TIMEOUT */
    ESX_ERROR_SYSTEM,               /* VIR_ERR_SYSTEM_ERROR */
    ESX_ERROR_INTERNAL,             /* VIR_ERR_INTERNAL_ERROR */
} EsxErrorCode;

/* The text after the name of a file that a failed change may not have removed. */
#define ESX_LEFT_BEHIND " may be left behind"

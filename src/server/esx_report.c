/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The table of errors. libvirt prefixes most messages with its own text, so a number is right only
 * if that text is: NO_CONNECT says "no connection driver available for", HTTP_ERROR "got unknown
 * HTTP error code", UNKNOWN_HOST "unknown host". If none is suitable, SYSTEM_ERROR and RPC print
 * the message alone; libvirt's remote driver also uses them for a server that it cannot reach, and
 * for invalid replies. A certificate that is not trusted is AUTH_FAILED there, and here too.
 */

#include "esx_report_priv.h"

#include <string.h>

#include "base_cached.h"
#include "base_places.h"
#include "base_limits.h"
#include "base_text.h"
#include "esx_libvirt.h"
#include "inventory.h"

typedef struct {
    int code;
    int number;             /* virErrorNumber */
    const char *advice;     /* to append to the message, or NULL */
} EsxErrorRow;

#define ESX_ADVICE_RESTRICTED \
    "the licence of this ESX host (a free or an expired one) makes its API read-only; " \
    "changes need a paid licence"
#define ESX_ADVICE_OUTCOME \
    "whether the server has done it is unknown; check before you repeat it"
#define ESX_ADVICE_IN_USE \
    "it is open on a host, usually in a running virtual machine; power off that machine, or " \
    "detach the disk"
#define ESX_ADVICE_SPACE \
    "delete what is not needed, or choose a smaller capacity, a thin disk or another pool"
#define ESX_ADVICE_PERMISSION \
    "add the privilege to the role of the account, or use another account"

static const EsxErrorRow httpRows[] = {
    { HTTP_ERROR_RESOLVE,            VIR_ERR_SYSTEM_ERROR,          NULL },
    { HTTP_ERROR_CONNECT,            VIR_ERR_SYSTEM_ERROR,          NULL },
    { HTTP_ERROR_TIMEOUT,            VIR_ERR_OPERATION_TIMEOUT,     NULL },
    { HTTP_ERROR_TLS,                VIR_ERR_SYSTEM_ERROR,          NULL },
    { HTTP_ERROR_TRUST,              VIR_ERR_AUTH_FAILED,           NULL },
    { HTTP_ERROR_PROTOCOL,           VIR_ERR_RPC,                   NULL },
    { HTTP_ERROR_BROKEN,             VIR_ERR_SYSTEM_ERROR,          NULL },
    { HTTP_ERROR_CANCELLED,          VIR_ERR_OPERATION_ABORTED,     NULL },
    { HTTP_ERROR_SINK,               VIR_ERR_INTERNAL_ERROR,        NULL },
    { HTTP_ERROR_INVALID,            VIR_ERR_INVALID_ARG,           NULL },
};

static const EsxErrorRow freshRows[] = {
    { CACHED_ERROR_TIMEOUT,           VIR_ERR_OPERATION_TIMEOUT,     NULL },
};

static const EsxErrorRow placesRows[] = {
    { PLACES_ERROR_NONE_FREE,        VIR_ERR_RESOURCE_BUSY,         NULL },
};

static const EsxErrorRow soapRows[] = {
    { SOAP_ERROR_XML,                VIR_ERR_RPC,                   NULL },
    { SOAP_ERROR_ENVELOPE,           VIR_ERR_RPC,                   NULL },
    { SOAP_ERROR_VALUE,              VIR_ERR_RPC,                   NULL },
    { SOAP_ERROR_LIMIT,              VIR_ERR_RPC,                   NULL },
    { SOAP_ERROR_TRUNCATED,          VIR_ERR_RPC,                   NULL },
};

static const EsxErrorRow viRows[] = {
    { VI_ERROR_FAULT,                VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_INVALID_LOGIN,        VIR_ERR_AUTH_FAILED,           NULL },
    { VI_ERROR_NOT_TRIED,            VIR_ERR_AUTH_FAILED,           NULL },
    { VI_ERROR_NOT_AUTHENTICATED,    VIR_ERR_AUTH_FAILED,           NULL },
    { VI_ERROR_NO_PERMISSION,        VIR_ERR_ACCESS_DENIED,         ESX_ADVICE_PERMISSION },
    { VI_ERROR_RESTRICTED,           VIR_ERR_OPERATION_DENIED,      ESX_ADVICE_RESTRICTED },
    { VI_ERROR_OBJECT_GONE,          VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_NOT_FOUND,            VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_INVALID_ARGUMENT,     VIR_ERR_INVALID_ARG,           NULL },
    { VI_ERROR_NOT_SUPPORTED,        VIR_ERR_OPERATION_UNSUPPORTED, NULL },
    { VI_ERROR_HOST_UNREACHABLE,     VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_HOST_CONFIG,          VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_COLLECTOR_VERSION,    VIR_ERR_INTERNAL_ERROR,        NULL },
    { VI_ERROR_FILE_NOT_FOUND,       VIR_ERR_NO_STORAGE_VOL,        NULL },
    { VI_ERROR_FILE_EXISTS,          VIR_ERR_STORAGE_VOL_EXIST,     NULL },
    { VI_ERROR_FILE_LOCKED,          VIR_ERR_OPERATION_INVALID,     ESX_ADVICE_IN_USE },
    { VI_ERROR_FILE_FAULT,           VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_NO_DISK_SPACE,        VIR_ERR_OPERATION_FAILED,      ESX_ADVICE_SPACE },
    { VI_ERROR_INVALID_PATH,         VIR_ERR_INVALID_ARG,           NULL },
    { VI_ERROR_INVALID_DATASTORE,    VIR_ERR_NO_STORAGE_POOL,       NULL },
    { VI_ERROR_IN_USE,               VIR_ERR_OPERATION_INVALID,     NULL },
    { VI_ERROR_INVALID_STATE,        VIR_ERR_OPERATION_INVALID,     NULL },
    { VI_ERROR_CANCELLED,            VIR_ERR_OPERATION_ABORTED,     NULL },
    { VI_ERROR_PROTOCOL,             VIR_ERR_RPC,                   NULL },
    { VI_ERROR_BUSY,                 VIR_ERR_RESOURCE_BUSY,         NULL },
    { VI_ERROR_SERVICE_DOWN,         VIR_ERR_SYSTEM_ERROR,          NULL },
    { VI_ERROR_REFUSED,              VIR_ERR_ACCESS_DENIED,         NULL },
    { VI_ERROR_OUTCOME_UNKNOWN,      VIR_ERR_OPERATION_FAILED,      ESX_ADVICE_OUTCOME },
    { VI_ERROR_SESSION_RENEWED,      VIR_ERR_OPERATION_FAILED,      NULL },
    { VI_ERROR_TIMEOUT,              VIR_ERR_OPERATION_TIMEOUT,     NULL },
};

static const EsxErrorRow inventoryRows[] = {
    { INVENTORY_ERROR_PATH,          VIR_ERR_INVALID_ARG,           NULL },
};

static const EsxErrorRow esxRows[] = {
    { ESX_ERROR_NO_POOL,             VIR_ERR_NO_STORAGE_POOL,       NULL },
    { ESX_ERROR_NO_VOLUME,           VIR_ERR_NO_STORAGE_VOL,        NULL },
    { ESX_ERROR_INVALID_ARGUMENT,    VIR_ERR_INVALID_ARG,           NULL },
    { ESX_ERROR_INVALID_OPERATION,   VIR_ERR_OPERATION_INVALID,     NULL },
    { ESX_ERROR_NO_SUPPORT,          VIR_ERR_NO_SUPPORT,            NULL },
    { ESX_ERROR_AUTH,                VIR_ERR_AUTH_FAILED,           NULL },
    { ESX_ERROR_DENIED,              VIR_ERR_OPERATION_DENIED,      NULL },
    { ESX_ERROR_CLIENT_SILENT,       VIR_ERR_OPERATION_TIMEOUT,     NULL },
    { ESX_ERROR_SYSTEM,              VIR_ERR_SYSTEM_ERROR,          NULL },
    { ESX_ERROR_INTERNAL,            VIR_ERR_INTERNAL_ERROR,        NULL },
};

static const EsxErrorRow threadRows[] = {
    { G_THREAD_ERROR_AGAIN,          VIR_ERR_SYSTEM_ERROR,          NULL },
};

static const struct {
    GQuark (*domain)(void);
    const EsxErrorRow *rows;
    size_t nrows;
} esxErrorDomains[] = {
    { httpErrorQuark,       httpRows,       G_N_ELEMENTS(httpRows) },
    { cachedErrorQuark,      freshRows,      G_N_ELEMENTS(freshRows) },
    { placesErrorQuark,     placesRows,     G_N_ELEMENTS(placesRows) },
    { soapErrorQuark,       soapRows,       G_N_ELEMENTS(soapRows) },
    { viErrorQuark,         viRows,         G_N_ELEMENTS(viRows) },
    { inventoryErrorQuark,  inventoryRows,  G_N_ELEMENTS(inventoryRows) },
    { esxErrorQuark,        esxRows,        G_N_ELEMENTS(esxRows) },
    { g_thread_error_quark, threadRows,     G_N_ELEMENTS(threadRows) },
};

/* The maximum for what failed in a message, and the minimum for why. */
#define ESX_ERROR_PREFIX_BYTES 250
#define ESX_ERROR_ROOM_MIN 16

static const EsxErrorRow *
esxErrorFindRow(const GError *error)
{
    size_t i;
    size_t j;

    if (!error)
        return NULL;

    for (i = 0; i < G_N_ELEMENTS(esxErrorDomains); i++) {
        if (error->domain != esxErrorDomains[i].domain())
            continue;
        for (j = 0; j < esxErrorDomains[i].nrows; j++) {
            if (esxErrorDomains[i].rows[j].code == error->code)
                return &esxErrorDomains[i].rows[j];
        }
    }

    return NULL;
}

gboolean
esxErrorIsListed(const GError *error)
{
    return esxErrorFindRow(error) != NULL;
}

int
esxErrorNumber(const GError *error)
{
    const EsxErrorRow *row = esxErrorFindRow(error);

    return row ? row->number : VIR_ERR_INTERNAL_ERROR;
}

/* The room for a message if @used bytes are taken. It has a minimum. */
static size_t
esxErrorRoom(size_t used)
{
    return LIMIT_MESSAGE_BYTES - MIN(used, LIMIT_MESSAGE_BYTES - ESX_ERROR_ROOM_MIN);
}

/* An unknown outcome is stated before its explanation; other advice follows it. */
static gboolean
esxErrorIsFirst(const EsxErrorRow *row)
{
    return row && row->advice && g_str_equal(row->advice, ESX_ADVICE_OUTCOME);
}

static char * G_GNUC_PRINTF(2, 0)
esxErrorVText(const GError *error, const char *format, va_list args)
{
    const EsxErrorRow *row = esxErrorFindRow(error);
    const char *message = error ? error->message : "an operation failed without a reason";
    const char *advice = row && row->advice ? row->advice : "";
    const gboolean isFirst = esxErrorIsFirst(row);
    g_autofree char *prefix = format ? textFormatV(format, args) : g_strdup("");
    g_autofree char *shortPrefix = textFit(prefix, ESX_ERROR_PREFIX_BYTES);
    g_autofree char *head = g_strconcat(shortPrefix, *prefix ? ": " : "", isFirst ? advice : "",
                                        isFirst ? ": " : "", NULL);
    g_autofree char *tail = !isFirst && *advice ? g_strconcat(" (", advice, ")", NULL)
                                                : g_strdup("");
    g_autofree char *middle = textFit(message, esxErrorRoom(strlen(head) + strlen(tail)));
    g_autofree char *text = g_strconcat(head, middle, tail, NULL);

    return textFit(text, LIMIT_MESSAGE_BYTES);
}

char *
esxErrorText(const GError *error, const char *format, ...)
{
    va_list args;
    char *text;

    va_start(args, format);
    text = esxErrorVText(error, format, args);
    va_end(args);
    return text;
}

void
esxErrorReport(const GError *error, const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = esxErrorVText(error, format, args);
    va_end(args);

    virReportError(esxErrorNumber(error), "%s", text);
}

void
esxReportAt(int number, const char *file, const char *function, size_t line, const char *format,
            ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = textFormatLineV(format, args);
    va_end(args);
    virReportErrorHelper(VIR_FROM_THIS, number, file, function, line, "%s", text);
}

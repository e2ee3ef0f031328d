/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_uri.h"

/*
 * The table of URI parameters: name, range, default, which clients may set it, and where its value
 * is stored. Parsing, checks, keys and messages come from it. tests/python/test_uri_table.py
 * compares it with the tables in docs/reference/libvirt-driver-esx-storage.md and docs/SECURITY.md.
 *
 * A new parameter needs an id, a row, and a field of EsxUri or of a struct in it.
 */

/* In the order of the table. */
typedef enum {
    ESX_URI_TRANSPORT,
    ESX_URI_NO_VERIFY,
    ESX_URI_CACERT,
    ESX_URI_THUMBPRINT,
    ESX_URI_PROXY,
    ESX_URI_PATH,
    ESX_URI_PER_HOST,
    ESX_URI_CACHE_TTL,
    ESX_URI_RESCAN_INTERVAL,
    ESX_URI_CONNECT_TIMEOUT,
    ESX_URI_STALL_TIMEOUT,
    ESX_URI_TIMEOUT,
    ESX_URI_TASK_TIMEOUT,
    ESX_URI_LINGER,
    ESX_URI_CONNECTIONS,
    ESX_URI_AUTO_ANSWER,
    ESX_URI_VCENTER,
    ESX_URI_ROOT,
    ESX_URI_AUTHFILE,
    N_ESX_URI,
} EsxUriId;

/* What a restricted client (esx_auth.h) may set. */
typedef enum {
    ESX_URI_GUEST_MAY,
    ESX_URI_GUEST_MAY_NOT,      /* it determines which server gets the password */
    ESX_URI_GUEST_AT_MOST,      /* the default, or less */
    ESX_URI_GUEST_AT_LEAST,     /* the default, or more */
} EsxUriGuest;

typedef struct {
    const char *name;
    /* Sets @value; FALSE with @error if it is not valid. */
    gboolean (*set)(EsxUri *uri, EsxUriId id, const char *value, GError **error);
    EsxUriGuest guest;
    gboolean isForeign;         /* libvirt's own: its value is not checked here */
    gboolean isKey;             /* part of the login's key: see esxUriKey() */
    size_t offset;              /* of the field in EsxUri; 0: not set by offset */
    guint unit;                 /* a number, in a guint: 1000 for seconds, else 1; 0: a char * */
    guint minimum;              /* as stored: milliseconds, or the number itself */
    guint maximum;
    guint standard;
} EsxUriRow;

extern const EsxUriRow esxUriTable[N_ESX_URI];

/* The field of a parameter that is a number, or a text. */
guint *esxUriNumber(EsxUri *uri, EsxUriId id);
const char **esxUriText(EsxUri *uri, EsxUriId id);

/* Adds a message for the log. */
void esxUriWarn(EsxUri *uri, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Returns: FALSE, with the message for invalid values. */
gboolean esxUriRefuse(EsxUriId id, const char *value, const char *allowed, GError **error);

/* The parameter that chooses @trust; NULL if it needs none. */
const char *esxUriTrustName(HttpTrust trust);

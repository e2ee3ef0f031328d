/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_uri.h"

/*
 * The table of URI parameters: name, range, default, who may set it, and where its value is kept.
 * Parsing, checks, keys and messages come from it. The tables of docs/USER_GUIDE.md and
 * docs/SECURITY.md are held against it by tests/python/test_uri_table.py.
 *
 * A new parameter is one id, one row, and one field of EsxUri, of a struct in it.
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

/* What a client that may not choose (esx_auth.h) may set. */
typedef enum {
    ESX_URI_GUEST_MAY,
    ESX_URI_GUEST_MAY_NOT,      /* it decides who gets the password */
    ESX_URI_GUEST_AT_MOST,      /* the default, or less */
    ESX_URI_GUEST_AT_LEAST,     /* the default, or more */
} EsxUriGuest;

typedef struct {
    const char *name;
    /* Sets what @value says; FALSE with @error when it is not valid. */
    gboolean (*set)(EsxUri *uri, EsxUriId id, const char *value, GError **error);
    EsxUriGuest guest;
    gboolean isForeign;         /* libvirt's own: its value is not checked here */
    gboolean isKey;             /* of the login: see esxUriKey() */
    size_t offset;              /* of the field in EsxUri; 0: it has none that is set by offset */
    guint unit;                 /* a number, in a guint: 1000 for seconds, else 1; 0: a char * */
    guint minimum;              /* as kept: milliseconds, or the number itself */
    guint maximum;
    guint standard;
} EsxUriRow;

extern const EsxUriRow esxUriTable[N_ESX_URI];

/* The field of a parameter that is a number, or a text. */
guint *esxUriNumber(EsxUri *uri, EsxUriId id);
const char **esxUriText(EsxUri *uri, EsxUriId id);

/* Adds a sentence for the log. */
void esxUriWarn(EsxUri *uri, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Returns: FALSE, with the sentence that every wrong value gets. */
gboolean esxUriRefuse(EsxUriId id, const char *value, const char *allowed, GError **error);

/* The parameter that chooses @trust; NULL for what needs none. */
const char *esxUriTrustName(HttpTrust trust);

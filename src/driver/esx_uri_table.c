/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The table of URI parameters, with a function for each kind of value. */

#include "esx_uri_table.h"

#include <string.h>

#include "base_text.h"
#include "esx_error.h"
#include "http_curl.h"
#include "vi_file.h"

guint *
esxUriNumber(EsxUri *uri, EsxUriId id)
{
    return G_STRUCT_MEMBER_P(uri, esxUriTable[id].offset);
}

const char **
esxUriText(EsxUri *uri, EsxUriId id)
{
    return G_STRUCT_MEMBER_P(uri, esxUriTable[id].offset);
}

void
esxUriWarn(EsxUri *uri, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(uri->warnings, textFormatV(format, args));
    va_end(args);
}

gboolean
esxUriRefuse(EsxUriId id, const char *value, const char *allowed, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "the URI parameter %s has the value '%s'; it must be %s",
                esxUriTable[id].name, value, allowed);
    return FALSE;
}

const char *
esxUriTrustName(HttpTrust trust)
{
    switch (trust) {
    case HTTP_TRUST_CA_FILE:
        return esxUriTable[ESX_URI_CACERT].name;
    case HTTP_TRUST_THUMBPRINT:
        return esxUriTable[ESX_URI_THUMBPRINT].name;
    case HTTP_TRUST_ANY:
        return esxUriTable[ESX_URI_NO_VERIFY].name;
    case HTTP_TRUST_SYSTEM:
        break;
    }
    return NULL;
}

/* ---- one function for each kind of value ---------------------------------------------------- */

static gboolean
parseFlag(EsxUriId id, const char *value, gboolean *ret_flag, GError **error)
{
    if (!g_str_equal(value, "0") && !g_str_equal(value, "1"))
        return esxUriRefuse(id, value, "0 or 1", error);

    *ret_flag = *value == '1';
    return TRUE;
}

static gboolean
setText(EsxUri *uri, EsxUriId id, const char *value, GError **error G_GNUC_UNUSED)
{
    *esxUriText(uri, id) = g_strdup(value);
    return TRUE;
}

static gboolean
setTransport(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    if (!g_str_equal(value, "https") && !g_str_equal(value, "http"))
        return esxUriRefuse(id, value, "'https' or 'http'", error);

    uri->transport.scheme = g_str_equal(value, "https") ? "https" : "http";
    return TRUE;
}

/*
 * Records that a parameter chose @trust; only one may. The message says which to remove: the later
 * one in HttpTrust, where no_verify is last.
 */
static gboolean
setTrust(EsxUri *uri, HttpTrust trust, GError **error)
{
    if (uri->transport.trust != HTTP_TRUST_SYSTEM) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the URI parameters %s and %s cannot be combined, because each of them "
                    "determines how the server is trusted; remove %s",
                    esxUriTrustName(uri->transport.trust), esxUriTrustName(trust),
                    esxUriTrustName(MAX(uri->transport.trust, trust)));
        return FALSE;
    }

    uri->transport.trust = trust;
    return TRUE;
}

static gboolean
setNoVerify(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    gboolean flag = FALSE;

    if (!parseFlag(id, value, &flag, error))
        return FALSE;
    return !flag || setTrust(uri, HTTP_TRUST_ANY, error);
}

static gboolean
setCaFile(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    if (!g_path_is_absolute(value))
        return esxUriRefuse(id, value, "the absolute path of a PEM file", error);
    if (!setTrust(uri, HTTP_TRUST_CA_FILE, error))
        return FALSE;

    return setText(uri, id, value, error);
}

static gboolean
setThumbprint(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    guint bytes = httpThumbprintParse(value, NULL);

    if (bytes == 0)
        return esxUriRefuse(id, value, "the SHA-256 digest of the server's certificate: 64 hex "
                                       "digits, optionally with colons between the bytes", error);
    if (!setTrust(uri, HTTP_TRUST_THUMBPRINT, error))
        return FALSE;

    if (bytes == HTTP_SHA1_BYTES)
        esxUriWarn(uri, "thumbprint= is a SHA-1 digest, for which a different certificate can be "
                        "forged; use the SHA-256 digest");
    return setText(uri, id, value, error);
}

static gboolean
setPath(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    if (!uri->isVpx) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the URI parameter path has the value '%s', but is supported for vpx:// only: "
                    "an ESX host has no inventory to choose from; remove it", value);
        return FALSE;
    }
    if (value[strspn(value, "/")] == '\0')
        return esxUriRefuse(id, value, "like 'Datacenter/Cluster/host', or omitted to show all of "
                                       "the vCenter", error);

    return setText(uri, id, value, error);
}

static gboolean
setPerHost(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    gboolean flag = FALSE;

    return parseFlag(id, value, &flag, error) && setText(uri, id, value, error);
}

/* "12", "0.5"; no sign, no exponent, no blanks, and the same in every locale. */
static gboolean
parseSeconds(const char *value, double *ret_seconds)
{
    size_t whole = strspn(value, "0123456789");
    const char *rest = value + whole;

    if (whole == 0 || whole > 9)
        return FALSE;
    if (*rest == '.') {
        size_t part = strspn(rest + 1, "0123456789");

        if (part == 0 || part > 9)
            return FALSE;
        rest += 1 + part;
    }
    if (*rest != '\0')
        return FALSE;

    *ret_seconds = g_ascii_strtod(value, NULL);
    return TRUE;
}

static gboolean
setSeconds(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    guint *field = esxUriNumber(uri, id);
    double minimum = esxUriTable[id].minimum / 1000.0;
    double maximum = esxUriTable[id].maximum / 1000.0;
    double seconds = 0;

    if (!parseSeconds(value, &seconds) || seconds < minimum || seconds > maximum) {
        g_autofree char *allowed =
            g_strdup_printf("a number of seconds from %g to %g, such as 2 or 0.5",
                            minimum, maximum);

        return esxUriRefuse(id, value, allowed, error);
    }

    *field = (guint)(seconds * 1000 + 0.5);
    return TRUE;
}

static gboolean
setNumber(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    guint *field = esxUriNumber(uri, id);
    guint64 number = 0;

    if (!g_ascii_string_to_unsigned(value, 10, esxUriTable[id].minimum, esxUriTable[id].maximum,
                                    &number, NULL)) {
        g_autofree char *allowed = g_strdup_printf("a whole number from %u to %u",
                                                   esxUriTable[id].minimum,
                                                   esxUriTable[id].maximum);

        return esxUriRefuse(id, value, allowed, error);
    }

    *field = (guint)number;
    return TRUE;
}

/* Parameters of libvirt's own ESX driver, so that its URIs are accepted. */
static gboolean
setUseless(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    gboolean flag = FALSE;

    if (id == ESX_URI_AUTO_ANSWER && !parseFlag(id, value, &flag, error))
        return FALSE;
    if (id == ESX_URI_VCENTER && *value == '\0')
        return esxUriRefuse(id, value, "the name of a vCenter or '*'", error);

    esxUriWarn(uri, "%s= has no effect: this driver provides storage only", esxUriTable[id].name);
    return TRUE;
}

/* Parameters that libvirt itself reads. */
static gboolean
setForeign(EsxUri *uri, EsxUriId id, const char *value G_GNUC_UNUSED,
           GError **error G_GNUC_UNUSED)
{
    if (id == ESX_URI_AUTHFILE)
        uri->hasAuthFile = TRUE;
    return TRUE;
}

/* ---- the table ------------------------------------------------------------------------------- */

#define FIELD(field) G_STRUCT_OFFSET(EsxUri, field)
#define SECONDS 1000

const EsxUriRow esxUriTable[N_ESX_URI] = {
    [ESX_URI_TRANSPORT] = {
        .name = "transport", .set = setTransport, .guest = ESX_URI_GUEST_MAY_NOT,
    },
    [ESX_URI_NO_VERIFY] = {
        .name = "no_verify", .set = setNoVerify, .guest = ESX_URI_GUEST_MAY_NOT,
    },
    [ESX_URI_CACERT] = {
        .name = "cacert", .set = setCaFile, .guest = ESX_URI_GUEST_MAY_NOT,
        .isKey = TRUE, .offset = FIELD(transport.caFile),
    },
    [ESX_URI_THUMBPRINT] = {
        .name = "thumbprint", .set = setThumbprint, .guest = ESX_URI_GUEST_MAY_NOT,
        .isKey = TRUE, .offset = FIELD(transport.thumbprint),
    },
    [ESX_URI_PROXY] = {
        .name = "proxy", .set = setText, .guest = ESX_URI_GUEST_MAY_NOT,
        .isKey = TRUE, .offset = FIELD(transport.proxy),
    },
    [ESX_URI_PATH] = {
        .name = "path", .set = setPath, .guest = ESX_URI_GUEST_MAY,
        .isKey = TRUE, .offset = FIELD(path),
    },
    [ESX_URI_PER_HOST] = {
        .name = "per_host", .set = setPerHost, .guest = ESX_URI_GUEST_MAY,
        .isKey = TRUE, .offset = FIELD(perHost),
    },
    [ESX_URI_CACHE_TTL] = {
        .name = "cache_ttl", .set = setSeconds, .guest = ESX_URI_GUEST_AT_LEAST,
        .offset = FIELD(options.cacheTtlMs), .unit = SECONDS,
        .maximum = 3600 * 1000, .standard = ESX_URI_CACHE_TTL_MS,
    },
    [ESX_URI_RESCAN_INTERVAL] = {
        .name = "rescan_interval", .set = setSeconds, .guest = ESX_URI_GUEST_AT_LEAST,
        .offset = FIELD(options.rescanIntervalMs), .unit = SECONDS,
        .maximum = 3600 * 1000, .standard = ESX_URI_RESCAN_INTERVAL_MS,
    },
    [ESX_URI_CONNECT_TIMEOUT] = {
        .name = "connect_timeout", .set = setSeconds, .guest = ESX_URI_GUEST_AT_MOST,
        .isKey = TRUE, .offset = FIELD(transport.connectTimeoutMs), .unit = SECONDS,
        .minimum = 100, .maximum = 600 * 1000, .standard = HTTP_CONNECT_TIMEOUT_MS,
    },
    [ESX_URI_STALL_TIMEOUT] = {
        .name = "stall_timeout", .set = setSeconds, .guest = ESX_URI_GUEST_AT_MOST,
        .isKey = TRUE, .offset = FIELD(transport.stallTimeoutMs), .unit = SECONDS,
        .minimum = 100, .maximum = 3600 * 1000, .standard = HTTP_STALL_TIMEOUT_MS,
    },
    [ESX_URI_TIMEOUT] = {
        .name = "timeout", .set = setSeconds, .guest = ESX_URI_GUEST_AT_MOST,
        .isKey = TRUE, .offset = FIELD(transport.totalTimeoutMs), .unit = SECONDS,
        .minimum = 100, .maximum = 86400 * 1000, .standard = HTTP_TOTAL_TIMEOUT_MS,
    },
    [ESX_URI_TASK_TIMEOUT] = {
        .name = "task_timeout", .set = setSeconds, .guest = ESX_URI_GUEST_AT_MOST,
        .offset = FIELD(options.taskTimeoutMs), .unit = SECONDS,
        .minimum = 1000, .maximum = 604800u * 1000, .standard = VI_FILE_TIMEOUT_MS,
    },
    [ESX_URI_LINGER] = {
        .name = "linger", .set = setSeconds, .guest = ESX_URI_GUEST_AT_MOST,
        .offset = FIELD(lingerMs), .unit = SECONDS,
        .maximum = 3600 * 1000, .standard = ESX_URI_LINGER_MS,
    },
    [ESX_URI_CONNECTIONS] = {
        .name = "connections", .set = setNumber, .guest = ESX_URI_GUEST_AT_MOST,
        .offset = FIELD(options.connections), .unit = 1,
        .minimum = 1, .maximum = ESX_CONNECTION_CONNECTIONS_MAX,
        .standard = ESX_CONNECTION_CONNECTIONS,
    },
    [ESX_URI_AUTO_ANSWER] = {
        .name = "auto_answer", .set = setUseless, .guest = ESX_URI_GUEST_MAY,
    },
    [ESX_URI_VCENTER] = { .name = "vcenter", .set = setUseless, .guest = ESX_URI_GUEST_MAY },
    [ESX_URI_ROOT] = {
        .name = "root", .set = setForeign, .guest = ESX_URI_GUEST_MAY, .isForeign = TRUE,
    },
    [ESX_URI_AUTHFILE] = {
        .name = "authfile", .set = setForeign, .guest = ESX_URI_GUEST_MAY_NOT, .isForeign = TRUE,
    },
};

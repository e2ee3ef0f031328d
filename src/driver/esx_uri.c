/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* URI parameters: one table of names, one function for each kind of value. */

#include "esx_uri.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "esx_connection.h"
#include "esx_error.h"
#include "http_curl.h"
#include "vi_file.h"

#define ESX_URI_PORT_MAX 65535

/* Parameters in the order of the table below. */
typedef enum {
    ESX_URI_TRANSPORT,
    ESX_URI_NO_VERIFY,
    ESX_URI_CACERT,
    ESX_URI_THUMBPRINT,
    ESX_URI_PROXY,
    ESX_URI_PATH,
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

/* Sets what @value says; FALSE with @error when it says nothing sensible. */
typedef gboolean (*EsxUriSetter)(EsxUri *uri, EsxUriId id, const char *value, GError **error);

static gboolean esxUriSetTransport(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetNoVerify(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetCaFile(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetThumbprint(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetText(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetPath(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetSeconds(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetNumber(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetUseless(EsxUri *uri, EsxUriId id, const char *value, GError **error);
static gboolean esxUriSetForeign(EsxUri *uri, EsxUriId id, const char *value, GError **error);

/* What a client that may not choose (esx_auth.h) may say. */
typedef enum {
    GUEST_MAY,
    GUEST_MAY_NOT,              /* it decides who gets the password */
    GUEST_AT_MOST,              /* the default, or less */
    GUEST_AT_LEAST,             /* the default, or more */
} EsxUriGuest;

static const struct {
    const char *name;
    EsxUriSetter set;
    EsxUriGuest guest;
    size_t offset;              /* of what esxUriSetText, …Seconds and …Number write */
    guint minimum;              /* milliseconds, or as it is */
    guint maximum;
    guint standard;
} esxUriTable[N_ESX_URI] = {
    [ESX_URI_TRANSPORT]       = { "transport",       esxUriSetTransport,  GUEST_MAY_NOT },
    [ESX_URI_NO_VERIFY]       = { "no_verify",       esxUriSetNoVerify,   GUEST_MAY_NOT },
    [ESX_URI_CACERT]          = { "cacert",          esxUriSetCaFile,     GUEST_MAY_NOT },
    [ESX_URI_THUMBPRINT]      = { "thumbprint",      esxUriSetThumbprint, GUEST_MAY_NOT },
    [ESX_URI_PROXY]           = { "proxy",           esxUriSetText,       GUEST_MAY_NOT,
                                  G_STRUCT_OFFSET(EsxUri, proxy), 0, 0, 0 },
    [ESX_URI_PATH]            = { "path",            esxUriSetPath,       GUEST_MAY },
    [ESX_URI_CACHE_TTL]       = { "cache_ttl",       esxUriSetSeconds,    GUEST_AT_LEAST,
                                  G_STRUCT_OFFSET(EsxUri, cacheTtlMs), 0, 3600 * 1000,
                                  ESX_URI_CACHE_TTL_MS },
    [ESX_URI_CONNECT_TIMEOUT] = { "connect_timeout", esxUriSetSeconds,    GUEST_AT_MOST,
                                  G_STRUCT_OFFSET(EsxUri, connectTimeoutMs), 100, 600 * 1000,
                                  HTTP_CONNECT_TIMEOUT_MS },
    [ESX_URI_STALL_TIMEOUT]   = { "stall_timeout",   esxUriSetSeconds,    GUEST_AT_MOST,
                                  G_STRUCT_OFFSET(EsxUri, stallTimeoutMs), 100, 3600 * 1000,
                                  HTTP_STALL_TIMEOUT_MS },
    [ESX_URI_TIMEOUT]         = { "timeout",         esxUriSetSeconds,    GUEST_AT_MOST,
                                  G_STRUCT_OFFSET(EsxUri, totalTimeoutMs), 100, 86400 * 1000,
                                  HTTP_TOTAL_TIMEOUT_MS },
    [ESX_URI_TASK_TIMEOUT]    = { "task_timeout",    esxUriSetSeconds,    GUEST_AT_MOST,
                                  G_STRUCT_OFFSET(EsxUri, taskTimeoutMs), 1000, 604800u * 1000,
                                  VI_FILE_TIMEOUT_MS },
    [ESX_URI_LINGER]          = { "linger",          esxUriSetSeconds,    GUEST_AT_MOST,
                                  G_STRUCT_OFFSET(EsxUri, lingerMs), 0, 3600 * 1000,
                                  ESX_URI_LINGER_MS },
    [ESX_URI_CONNECTIONS]     = { "connections",     esxUriSetNumber,     GUEST_AT_MOST,
                                  G_STRUCT_OFFSET(EsxUri, connections),
                                  1, ESX_CONNECTION_CONNECTIONS_MAX, ESX_CONNECTION_CONNECTIONS },
    [ESX_URI_AUTO_ANSWER]     = { "auto_answer",     esxUriSetUseless,    GUEST_MAY },
    [ESX_URI_VCENTER]         = { "vcenter",         esxUriSetUseless,    GUEST_MAY },
    [ESX_URI_ROOT]            = { "root",            esxUriSetForeign,    GUEST_MAY },
    [ESX_URI_AUTHFILE]        = { "authfile",        esxUriSetForeign,    GUEST_MAY_NOT },
};

static void G_GNUC_PRINTF(2, 3)
esxUriWarn(EsxUri *uri, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    g_ptr_array_add(uri->warnings, textFormatV(format, args));
    va_end(args);
}

static void
esxUriWarnUnknown(EsxUri *uri, const char *name)
{
    g_autofree char *quoted = textQuote(name, -1);

    esxUriWarn(uri, "the URI parameter '%s' is not known and has no effect", quoted);
}

/* The field of a number, be it of milliseconds or not. */
static guint *
esxUriNumber(EsxUri *uri, EsxUriId id)
{
    return G_STRUCT_MEMBER_P(uri, esxUriTable[id].offset);
}

/* The sentence every wrong value gets. */
static gboolean
esxUriRefuse(EsxUriId id, const char *value, const char *allowed, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "The URI parameter %s has the value '%s'; it must be %s.",
                esxUriTable[id].name, value, allowed);
    return FALSE;
}

static gboolean
esxUriParseFlag(EsxUriId id, const char *value, gboolean *ret_flag, GError **error)
{
    if (!g_str_equal(value, "0") && !g_str_equal(value, "1"))
        return esxUriRefuse(id, value, "0 or 1", error);

    *ret_flag = *value == '1';
    return TRUE;
}

/* ---- one function for each kind of value ---------------------------------------------------- */

static gboolean
esxUriSetTransport(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    if (!g_str_equal(value, "https") && !g_str_equal(value, "http"))
        return esxUriRefuse(id, value, "'https' or 'http'", error);

    uri->isEncrypted = g_str_equal(value, "https");
    return TRUE;
}

/* The parameter that chooses @trust; NULL for what needs none. */
static const char *
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

/*
 * Notes that a parameter chose @trust; only one may. HttpTrust has no_verify, the first to drop,
 * last.
 */
static gboolean
esxUriSetTrust(EsxUri *uri, HttpTrust trust, GError **error)
{
    if (uri->trust != HTTP_TRUST_SYSTEM) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI has both %s and %s, but there is one way to trust a server at a time; "
                    "drop %s.", esxUriTrustName(uri->trust), esxUriTrustName(trust),
                    esxUriTrustName(MAX(uri->trust, trust)));
        return FALSE;
    }

    uri->trust = trust;
    return TRUE;
}

static gboolean
esxUriSetNoVerify(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    gboolean flag = FALSE;

    if (!esxUriParseFlag(id, value, &flag, error))
        return FALSE;
    return !flag || esxUriSetTrust(uri, HTTP_TRUST_ANY, error);
}

static gboolean
esxUriSetCaFile(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    if (!g_path_is_absolute(value))
        return esxUriRefuse(id, value, "the absolute path of a PEM file", error);
    if (!esxUriSetTrust(uri, HTTP_TRUST_CA_FILE, error))
        return FALSE;

    uri->caFile = g_strdup(value);
    return TRUE;
}

static gboolean
esxUriSetThumbprint(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    guint bytes = httpThumbprintParse(value, NULL);

    if (bytes == 0)
        return esxUriRefuse(id, value, "the SHA-256 of the server's certificate: 64 hex digits, "
                            "colons between the bytes allowed", error);
    if (!esxUriSetTrust(uri, HTTP_TRUST_THUMBPRINT, error))
        return FALSE;

    if (bytes == HTTP_SHA1_BYTES)
        esxUriWarn(uri, "thumbprint= is a SHA-1 digest, for which other certificates can be made; "
                   "use the SHA-256 one");
    uri->thumbprint = g_strdup(value);
    return TRUE;
}

static gboolean
esxUriSetText(EsxUri *uri, EsxUriId id, const char *value, GError **error G_GNUC_UNUSED)
{
    char **field = G_STRUCT_MEMBER_P(uri, esxUriTable[id].offset);

    *field = g_strdup(value);
    return TRUE;
}

static gboolean
esxUriSetPath(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    if (!uri->isVpx) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI parameter path has the value '%s', but it is for vpx:// only: an ESX "
                    "host has no inventory to choose from; drop it.", value);
        return FALSE;
    }
    if (value[strspn(value, "/")] == '\0')
        return esxUriRefuse(id, value, "like 'Datacenter/Cluster/host', or left out to see all of "
                            "vCenter", error);

    uri->path = g_strdup(value);
    return TRUE;
}

/* "12", "0.5"; no sign, no exponent, no blanks, and the same in every locale. */
static gboolean
esxUriParseSeconds(const char *value, double *ret_seconds)
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
esxUriSetSeconds(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    guint *field = esxUriNumber(uri, id);
    double minimum = esxUriTable[id].minimum / 1000.0;
    double maximum = esxUriTable[id].maximum / 1000.0;
    double seconds = 0;

    if (!esxUriParseSeconds(value, &seconds) || seconds < minimum || seconds > maximum) {
        g_autofree char *allowed =
            g_strdup_printf("a number of seconds from %g to %g, such as 2 or 0.5",
                            minimum, maximum);

        return esxUriRefuse(id, value, allowed, error);
    }

    *field = (guint)(seconds * 1000 + 0.5);
    return TRUE;
}

static gboolean
esxUriSetNumber(EsxUri *uri, EsxUriId id, const char *value, GError **error)
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

/* Parameters of libvirt's own ESX driver, so that its URIs work here. */
static gboolean
esxUriSetUseless(EsxUri *uri, EsxUriId id, const char *value, GError **error)
{
    gboolean flag = FALSE;

    if (id == ESX_URI_AUTO_ANSWER && !esxUriParseFlag(id, value, &flag, error))
        return FALSE;
    if (id == ESX_URI_VCENTER && *value == '\0')
        return esxUriRefuse(id, value, "the name of a vCenter or '*'", error);

    esxUriWarn(uri, "%s= has no effect: this driver shows storage only", esxUriTable[id].name);
    return TRUE;
}

/* Parameters libvirt itself reads. */
static gboolean
esxUriSetForeign(EsxUri *uri, EsxUriId id, const char *value G_GNUC_UNUSED,
                 GError **error G_GNUC_UNUSED)
{
    if (id == ESX_URI_AUTHFILE)
        uri->hasAuthFile = TRUE;
    return TRUE;
}

/*
 * Whether @text can stand in messages, in the log and in a request as it is: no longer than @limit,
 * UTF-8, no control characters, nothing that breaks lines or turns text around.
 */
static gboolean
esxUriIsPlain(const char *text, size_t limit)
{
    g_autofree char *plain = strlen(text) <= limit ? textFit(text, limit) : NULL;

    return plain && g_str_equal(plain, text);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static gboolean
esxUriSetParameters(EsxUri *uri, const EsxUriSource *source, GError **error)
{
    gboolean seen[N_ESX_URI] = { FALSE };
    size_t unknown = 0;
    size_t i;

    for (i = 0; i < source->nparameters; i++) {
        const EsxUriParameter *parameter = &source->parameters[i];
        const char *value = parameter->value ? parameter->value : "";
        EsxUriId id = 0;

        while (id < N_ESX_URI && g_ascii_strcasecmp(esxUriTable[id].name, parameter->name) != 0)
            id++;
        if (id == N_ESX_URI) {
            if (++unknown <= LIMIT_URI_WARNINGS)
                esxUriWarnUnknown(uri, parameter->name);
            continue;
        }
        if (seen[id]) {
            textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                        "The URI parameter %s is given twice; give it once.", esxUriTable[id].name);
            return FALSE;
        }

        seen[id] = TRUE;
        if (esxUriTable[id].set != esxUriSetForeign && !esxUriIsPlain(value, LIMIT_URI_VALUE))
            return esxUriRefuse(id, value, "UTF-8 of at most " G_STRINGIFY(LIMIT_URI_VALUE)
                                " bytes without control characters", error);
        if (!esxUriTable[id].set(uri, id, value, error))
            return FALSE;
    }

    if (unknown > LIMIT_URI_WARNINGS)
        esxUriWarn(uri, "%zu more parameters of the URI are not known and have no effect",
                   unknown - LIMIT_URI_WARNINGS);
    return TRUE;
}

/* Neither is quoted: it would be long, or no text. */
static gboolean
esxUriCheckNames(const EsxUriSource *source, GError **error)
{
    if (!esxUriIsPlain(source->host, LIMIT_URI_HOST)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI has a host name of more than %d bytes, or one with control characters "
                    "or no UTF-8; no host has such a name.", LIMIT_URI_HOST);
        return FALSE;
    }
    if (source->user && !esxUriIsPlain(source->user, LIMIT_URI_USER)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI has a user name of more than %d bytes, or one with control characters "
                    "or no UTF-8; no account has such a name.", LIMIT_URI_USER);
        return FALSE;
    }
    return TRUE;
}

/* Host, port, user. */
static gboolean
esxUriSetServer(EsxUri *uri, const EsxUriSource *source, GError **error)
{
    if (!source->host || *source->host == '\0') {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI names no server; write it like "
                    "%s://root@esx1.example.com/embed?root=/DIR.", source->scheme);
        return FALSE;
    }
    if (!esxUriCheckNames(source, error))
        return FALSE;
    if (source->port > ESX_URI_PORT_MAX) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The port %u of the URI is out of range; it must be from 1 to %d.",
                    source->port, ESX_URI_PORT_MAX);
        return FALSE;
    }
    if (source->user && strchr(source->user, ':')) {
        /* not quoted: what follows the colon is a password */
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI has a colon in its user name, as if a password followed; a URI is no "
                    "place for a password: put it into auth.conf under [auth-esx-%s].",
                    source->host);
        return FALSE;
    }

    uri->host = g_strdup(source->host);
    uri->port = source->port;
    uri->hasPort = source->port != 0;
    uri->user = source->user && *source->user ? g_strdup(source->user) : NULL;
    return TRUE;
}

/* What only shows when all parameters are known. */
static gboolean
esxUriFinish(EsxUri *uri, GError **error)
{
    if (!uri->isEncrypted && (uri->caFile || uri->thumbprint)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI has both transport=http and %s, but without https there is no "
                    "certificate to check; drop one of them.", esxUriTrustName(uri->trust));
        return FALSE;
    }

    if (uri->port == 0)
        uri->port = uri->isEncrypted ? ESX_URI_PORT_HTTPS : ESX_URI_PORT_HTTP;
    if (!uri->isEncrypted)
        esxUriWarn(uri, "transport=http sends the password and all else in the clear to '%s'",
                   uri->host);
    else if (uri->trust == HTTP_TRUST_ANY)
        esxUriWarn(uri, "no_verify=1: whoever answers for '%s' gets the password; thumbprint= or "
                   "cacert= would make sure who it is", uri->host);
    return TRUE;
}

EsxUri *
esxUriNew(const EsxUriSource *source, GError **error)
{
    g_autoptr(EsxUri) uri = g_new0(EsxUri, 1);
    EsxUriId id;

    uri->warnings = g_ptr_array_new_with_free_func(g_free);
    uri->isVpx = g_str_equal(source->scheme, "vpx");
    uri->isEncrypted = TRUE;
    uri->trust = HTTP_TRUST_SYSTEM;
    for (id = 0; id < N_ESX_URI; id++) {
        if (esxUriTable[id].maximum > 0)
            *esxUriNumber(uri, id) = esxUriTable[id].standard;
    }

    if (source->fragment) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "The URI has a '#', and all behind it ('%s') would be lost; write it as %%23.",
                    source->fragment);
        return NULL;
    }

    if (!esxUriSetServer(uri, source, error) ||
        !esxUriSetParameters(uri, source, error) ||
        !esxUriFinish(uri, error))
        return NULL;

    return g_steal_pointer(&uri);
}

void
esxUriFree(EsxUri *uri)
{
    if (!uri)
        return;

    g_free(uri->user);
    g_free(uri->host);
    g_free(uri->caFile);
    g_free(uri->thumbprint);
    g_free(uri->proxy);
    g_free(uri->path);
    g_ptr_array_unref(uri->warnings);
    g_free(uri);
}

const char *
esxUriTrustParameter(const EsxUri *uri)
{
    if (!uri->isEncrypted)
        return esxUriTable[ESX_URI_TRANSPORT].name;
    if (uri->trust != HTTP_TRUST_SYSTEM)
        return esxUriTrustName(uri->trust);
    return uri->proxy ? esxUriTable[ESX_URI_PROXY].name : NULL;
}

gboolean
esxUriCheckGuest(EsxUri *uri, GError **error)
{
    EsxUriId id;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriGuest guest = esxUriTable[id].guest;
        const guint standard = esxUriTable[id].standard;
        const double unit = esxUriTable[id].set == esxUriSetSeconds ? 1000 : 1;

        if ((guest != GUEST_AT_MOST || *esxUriNumber(uri, id) <= standard) &&
            (guest != GUEST_AT_LEAST || *esxUriNumber(uri, id) >= standard))
            continue;
        textToError(error, ESX_ERROR, ESX_ERROR_DENIED,
                    "The URI parameter %s is %g, but for clients of a daemon that may not choose "
                    "whom to trust it must be %s %g; leave it out.", esxUriTable[id].name,
                    *esxUriNumber(uri, id) / unit, guest == GUEST_AT_MOST ? "at most" : "at least",
                    standard / unit);
        return FALSE;
    }

    /* A login that ends with each of their connections would be one more at each. */
    uri->lingerMs = MAX(uri->lingerMs, ESX_URI_LINGER_MS);
    uri->isGuest = TRUE;
    return TRUE;
}

gboolean
esxUriIsCommon(const EsxUri *uri)
{
    return !uri->path && uri->connectTimeoutMs == HTTP_CONNECT_TIMEOUT_MS &&
           uri->stallTimeoutMs == HTTP_STALL_TIMEOUT_MS &&
           uri->totalTimeoutMs == HTTP_TOTAL_TIMEOUT_MS;
}

/* Each text with its length, so that none can pass for two. */
static void
esxUriKeyAppend(GString *key, const char *text)
{
    if (text)
        g_string_append_printf(key, "%zu:%s", strlen(text), text);
    g_string_append_c(key, ',');
}

char *
esxUriKey(const EsxUri *uri)
{
    g_autoptr(GString) key = g_string_new(NULL);

    g_string_append_printf(key, "%s,%s,%u,%d,%u,%u,%u,", uri->isVpx ? "vpx" : "esx",
                           uri->isEncrypted ? "https" : "http", uri->port, (int)uri->trust,
                           uri->connectTimeoutMs, uri->stallTimeoutMs, uri->totalTimeoutMs);
    esxUriKeyAppend(key, uri->host);
    esxUriKeyAppend(key, uri->caFile);
    esxUriKeyAppend(key, uri->thumbprint);
    esxUriKeyAppend(key, uri->proxy);
    esxUriKeyAppend(key, uri->path);
    return g_string_free(g_steal_pointer(&key), FALSE);
}

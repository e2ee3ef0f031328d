/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Parses a URI: see esx_uri_table.c for its parameters. */

#include "esx_uri.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_uri_table.h"

#define ESX_URI_PORT_MAX 65535

static void
esxUriWarnUnknown(EsxUri *uri, const char *name)
{
    g_autofree char *quoted = textQuote(name, -1);

    esxUriWarn(uri, "unknown URI parameter '%s' is ignored", quoted);
}

/*
 * Whether @text can be used unchanged in messages, the log and requests: not longer than @limit,
 * UTF-8, no control characters, nothing that breaks lines or reorders text.
 */
static gboolean
esxUriIsPlain(const char *text, size_t limit)
{
    g_autofree char *plain = strlen(text) <= limit ? textFit(text, limit) : NULL;

    return plain && g_str_equal(plain, text);
}

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
                        "the URI parameter %s is given twice; remove one", esxUriTable[id].name);
            return FALSE;
        }

        seen[id] = TRUE;
        if (!esxUriTable[id].isForeign && !esxUriIsPlain(value, LIMIT_URI_VALUE))
            return esxUriRefuse(id, value, "UTF-8 of at most " G_STRINGIFY(LIMIT_URI_VALUE)
                                " bytes without control characters", error);
        if (!esxUriTable[id].set(uri, id, value, error))
            return FALSE;
    }

    if (unknown > LIMIT_URI_WARNINGS)
        esxUriWarn(uri, "%zu more unknown URI parameters are ignored",
                   unknown - LIMIT_URI_WARNINGS);
    return TRUE;
}

/* Neither is quoted: it would be too long, or is not text. */
static gboolean
esxUriCheckNames(const EsxUriSource *source, GError **error)
{
    if (!esxUriIsPlain(source->host, LIMIT_URI_HOST)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the host name in the URI is longer than %d bytes, contains control "
                    "characters or is not valid UTF-8", LIMIT_URI_HOST);
        return FALSE;
    }
    if (source->user && !esxUriIsPlain(source->user, LIMIT_URI_USER)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the user name in the URI is longer than %d bytes, contains control "
                    "characters or is not valid UTF-8", LIMIT_URI_USER);
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
                    "the URI names no server; use the form "
                    "%s://root@esx1.example.com/embed?root=/DIR", source->scheme);
        return FALSE;
    }
    if (!esxUriCheckNames(source, error))
        return FALSE;
    if (source->port > ESX_URI_PORT_MAX) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the port %u of the URI is out of range; it must be from 1 to %d",
                    source->port, ESX_URI_PORT_MAX);
        return FALSE;
    }
    if (source->user && strchr(source->user, ':')) {
        /* not quoted: a password follows the colon */
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the user name in the URI contains a colon, as if a password followed; do not "
                    "put a password into the URI: add it to auth.conf, in a section [auth-esx-%s]",
                    source->host);
        return FALSE;
    }

    uri->host = g_strdup(source->host);
    uri->port = source->port;
    uri->hasPort = source->port != 0;
    uri->user = source->user && *source->user ? g_strdup(source->user) : NULL;
    return TRUE;
}

/* Checks that need all parameters. */
static gboolean
esxUriFinish(EsxUri *uri, GError **error)
{
    const gboolean isEncrypted = esxUriIsEncrypted(uri);

    if (!isEncrypted && (uri->transport.caFile || uri->transport.thumbprint)) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the URI parameters transport=http and %s cannot be combined: without https "
                    "there is no certificate to check; remove one of them",
                    esxUriTrustName(uri->transport.trust));
        return FALSE;
    }

    if (uri->port == 0)
        uri->port = isEncrypted ? ESX_URI_PORT_HTTPS : ESX_URI_PORT_HTTP;
    if (!isEncrypted)
        esxUriWarn(uri, "transport=http sends the password and all other data to '%s' in clear "
                        "text",
                   uri->host);
    else if (uri->transport.trust == HTTP_TRUST_ANY)
        esxUriWarn(uri, "no_verify=1: any server that answers as '%s' receives the password; use "
                        "thumbprint= or cacert= to verify its identity", uri->host);
    return TRUE;
}

EsxUri *
esxUriNew(const EsxUriSource *source, GError **error)
{
    g_autoptr(EsxUri) uri = g_new0(EsxUri, 1);
    EsxUriId id;

    uri->warnings = g_ptr_array_new_with_free_func(g_free);
    uri->isVpx = g_str_equal(source->scheme, "vpx");
    uri->transport.scheme = "https";
    uri->transport.trust = HTTP_TRUST_SYSTEM;
    for (id = 0; id < N_ESX_URI; id++) {
        if (esxUriTable[id].unit > 0)
            *esxUriNumber(uri, id) = esxUriTable[id].standard;
    }

    if (source->fragment) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the URI contains a '#', and everything after it ('%s') would be lost; write "
                    "it as %%23",
                    source->fragment);
        return NULL;
    }

    if (!esxUriSetServer(uri, source, error) ||
        !esxUriSetParameters(uri, source, error) ||
        !esxUriFinish(uri, error))
        return NULL;

    return g_steal_pointer(&uri);
}

gboolean
esxUriHasManyHosts(const EsxUri *uri)
{
    return uri->isVpx && !uri->path;
}

gboolean
esxUriShowsPerHost(const EsxUri *uri)
{
    return uri->perHost ? g_str_equal(uri->perHost, "1") : !esxUriHasManyHosts(uri);
}

void
esxUriFree(EsxUri *uri)
{
    EsxUriId id;

    if (!uri)
        return;

    for (id = 0; id < N_ESX_URI; id++) {
        if (esxUriTable[id].offset > 0 && esxUriTable[id].unit == 0)
            g_free((gpointer)*esxUriText(uri, id));
    }
    g_free(uri->user);
    g_free(uri->host);
    g_ptr_array_unref(uri->warnings);
    g_free(uri);
}

gboolean
esxUriIsEncrypted(const EsxUri *uri)
{
    return g_str_equal(uri->transport.scheme, "https");
}

const char *
esxUriTrustParameter(const EsxUri *uri)
{
    if (!esxUriIsEncrypted(uri))
        return esxUriTable[ESX_URI_TRANSPORT].name;
    if (uri->transport.trust != HTTP_TRUST_SYSTEM)
        return esxUriTrustName(uri->transport.trust);
    return uri->transport.proxy ? esxUriTable[ESX_URI_PROXY].name : NULL;
}

gboolean
esxUriCheckGuest(EsxUri *uri, GError **error)
{
    EsxUriId id;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriRow *row = &esxUriTable[id];
        const gboolean isMost = row->guest == ESX_URI_GUEST_AT_MOST;

        if ((!isMost || *esxUriNumber(uri, id) <= row->standard) &&
            (row->guest != ESX_URI_GUEST_AT_LEAST || *esxUriNumber(uri, id) >= row->standard))
            continue;
        textToError(error, ESX_ERROR, ESX_ERROR_DENIED,
                    "the URI parameter %s is %g, but for restricted clients of a daemon it must "
                    "be %s %g; remove it", row->name,
                    *esxUriNumber(uri, id) / (double)row->unit, isMost ? "at most" : "at least",
                    row->standard / (double)row->unit);
        return FALSE;
    }

    /* Without lingering, each of their connections would cause a login. */
    uri->lingerMs = MAX(uri->lingerMs, ESX_URI_LINGER_MS);
    uri->isGuest = TRUE;
    return TRUE;
}

gboolean
esxUriIsCommon(const EsxUri *uri)
{
    EsxUriId id;

    for (id = 0; id < N_ESX_URI; id++) {
        const EsxUriRow *row = &esxUriTable[id];

        if (!row->isKey || row->guest == ESX_URI_GUEST_MAY_NOT)
            continue;
        if (row->unit > 0 ? *esxUriNumber((EsxUri *)uri, id) != row->standard
                          : *esxUriText((EsxUri *)uri, id) != NULL)
            return FALSE;
    }
    return TRUE;
}

/* Each text has its length, so that one text cannot look like two. */
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
    EsxUriId id;

    g_string_append_printf(key, "%s,%s,%u,%d,", uri->isVpx ? "vpx" : "esx", uri->transport.scheme,
                           uri->port, (int)uri->transport.trust);
    esxUriKeyAppend(key, uri->host);
    for (id = 0; id < N_ESX_URI; id++) {
        if (esxUriTable[id].isKey && esxUriTable[id].unit > 0)
            g_string_append_printf(key, "%u,", *esxUriNumber((EsxUri *)uri, id));
        else if (esxUriTable[id].isKey)
            esxUriKeyAppend(key, *esxUriText((EsxUri *)uri, id));
    }
    return g_string_free(g_steal_pointer(&key), FALSE);
}

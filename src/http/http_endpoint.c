/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Host, port and proxy come from a URI that a user typed. They are checked here, so that they
 * cannot inject other parts into the URL that libcurl gets.
 */

#include "http_endpoint.h"

#include <string.h>

#include "base_text.h"

#define HTTP_PORT_MAX 65535
#define HTTP_PROXY_PORT 1080

/* Characters that would end the host in a URL, or mean something else there. */
#define HTTP_HOST_FORBIDDEN "/?#@[]\\%:\"<>^`{|}"

static gboolean
httpHostIsName(const char *host)
{
    const char *p;

    for (p = host; *p; p++) {
        if (g_ascii_iscntrl(*p) || g_ascii_isspace(*p) || strchr(HTTP_HOST_FORBIDDEN, *p))
            return FALSE;
    }

    return p > host;
}

/* An interface's name after the '%' of a link-local address. */
static gboolean
httpZoneIsValid(const char *zone)
{
    const char *p;

    for (p = zone; *p; p++) {
        if (!g_ascii_isalnum(*p) && !strchr("-_.~", *p))
            return FALSE;
    }

    return p > zone;
}

/*
 * Returns: (transfer full): @host in the form for a URL, or NULL if it is neither a name nor an
 * address.
 */
static char *
httpHostToUrl(const char *host)
{
    const char *zone = strchr(host, '%');
    g_autofree char *address = NULL;

    if (!strchr(host, ':'))
        return httpHostIsName(host) ? g_strdup(host) : NULL;

    address = zone ? g_strndup(host, zone - host) : g_strdup(host);
    if (!g_hostname_is_ip_address(address) || (zone && !httpZoneIsValid(zone + 1)))
        return NULL;

    if (zone)
        return g_strdup_printf("[%s%%25%s]", address, zone + 1);
    return g_strdup_printf("[%s]", address);
}

/* Splits "host", "host:port", "[v6]" or "[v6]:port"; *ret_port is unchanged if none is given. */
static gboolean
httpHostPortSplit(const char *text, char **ret_host, guint *ret_port)
{
    gboolean bracketed = *text == '[';
    const char *end = bracketed ? strchr(text, ']') : strchr(text, ':');
    const char *port = NULL;
    guint64 number = 0;

    if (bracketed && !end)
        return FALSE;
    if (!end)
        end = text + strlen(text);

    port = bracketed ? end + 1 : end;
    if (*port) {
        if (*port != ':' ||
            !g_ascii_string_to_unsigned(port + 1, 10, 1, HTTP_PORT_MAX, &number, NULL))
            return FALSE;
        *ret_port = number;
    }

    text += bracketed;
    *ret_host = g_strndup(text, end - text);
    return TRUE;
}

/* Returns: (transfer full): @proxy in the form that libcurl expects, or NULL if it is malformed. */
static char *
httpProxyToUrl(const char *proxy)
{
    static const struct {
        const char *prefix;
        const char *scheme;
    } kinds[] = {
        { "http://", "http" },     { "socks://", "socks5" },  { "socks4://", "socks4" },
        { "socks4a://", "socks4a" }, { "socks5://", "socks5" },
    };
    const char *scheme = "http";
    g_autofree char *host = NULL;
    g_autofree char *urlHost = NULL;
    guint port = HTTP_PROXY_PORT;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(proxy, kinds[i].prefix)) {
            scheme = kinds[i].scheme;
            proxy += strlen(kinds[i].prefix);
            break;
        }
    }

    if (!httpHostPortSplit(proxy, &host, &port))
        return NULL;

    urlHost = httpHostToUrl(host);
    return urlHost ? g_strdup_printf("%s://%s:%u", scheme, urlHost, port) : NULL;
}

gboolean
httpEndpointInit(HttpEndpoint *endpoint, const HttpCurlOptions *options, GError **error)
{
    g_autofree char *host = options->host ? httpHostToUrl(options->host) : NULL;
    g_autofree char *proxy = options->proxy ? httpProxyToUrl(options->proxy) : g_strdup("");
    g_autofree char *name = NULL;
    gboolean tls = g_strcmp0(options->scheme, "https") == 0;

    if (!tls && g_strcmp0(options->scheme, "http") != 0) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "unknown transport '%s'; use 'https' or 'http'",
                    options->scheme ? options->scheme : "");
        return FALSE;
    }
    if (!host) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "'%s' is neither a host name nor an IP address",
                    options->host ? options->host : "");
        return FALSE;
    }
    if (options->port < 1 || options->port > HTTP_PORT_MAX) {
        textToError(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                    "the port %u is out of range; it must be from 1 to %d",
                    options->port, HTTP_PORT_MAX);
        return FALSE;
    }
    if (!proxy) {
        /* not quoted: it may contain a password */
        g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_INVALID,
                            "the proxy is malformed; it must be like 'http://host:port', with "
                            "http, socks, socks4, socks4a or socks5, without user or password");
        return FALSE;
    }

    endpoint->url = g_strdup_printf("%s://%s:%u", options->scheme, host, options->port);
    name = g_strdup_printf("%s:%u", host, options->port);
    endpoint->name = textQuoteName(name);
    endpoint->host = g_strdup(options->host);
    endpoint->proxy = g_steal_pointer(&proxy);
    endpoint->tls = tls;
    return TRUE;
}

void
httpEndpointClear(HttpEndpoint *endpoint)
{
    g_free(endpoint->url);
    g_free(endpoint->host);
    g_free(endpoint->name);
    g_free(endpoint->proxy);
    *endpoint = (HttpEndpoint){ 0 };
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Statuses that do not come from the API itself. */

#include "vi_status.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"

#define NO_ENDPOINT "failed to connect to endpoint"

static const ViStatus serviceDown = {
    VI_ERROR_SERVICE_DOWN, "the web server runs, but the service behind it does not",
    "wait until it has started, or start it (hostd on an ESX host, vpxd on a vCenter)",
};

static const struct {
    guint status;
    ViStatus meaning;
} rows[] = {
    { 401, { VI_ERROR_REFUSED, "the server, or a proxy in front of it, demands a login by HTTP",
             "check that the URI names the web port of an ESX host or vCenter" } },
    { 403, { VI_ERROR_REFUSED, "the server, or a proxy in front of it, forbids the access",
             "check its firewall and its lockdown mode, and that the URI names the web port of an "
             "ESX host or vCenter" } },
    { 407, { VI_ERROR_REFUSED, "a proxy demands a login, which this driver does not support",
             "use another proxy, or none" } },
    { 502, { VI_ERROR_PROTOCOL, "a proxy in front of the server got no valid reply from it",
             "check that its services run" } },
    { 503, { VI_ERROR_BUSY, "the server is out of sessions or overloaded",
             "try again later, or close sessions that are not needed" } },
    { 504, { VI_ERROR_PROTOCOL, "a proxy in front of the server got no reply from it in time",
             "check that the server is not overloaded" } },
};

/*
 * An error page repeats its title, and its styles do not matter: only the part after <body> counts.
 */
char *
viStatusText(const char *body)
{
    const char *whole = body ? body : "";
    g_autofree char *valid = g_utf8_make_valid(whole,
                                               (gssize)strnlen(whole, LIMIT_REFUSAL_KEPT));
    const char *start = strcasestr(valid, "<body");
    g_autoptr(GString) text = g_string_new(NULL);
    gboolean tag = FALSE;
    gboolean gap = FALSE;
    const char *p;

    for (p = start ? start : valid; *p && text->len <= LIMIT_QUOTED_BYTES;
         p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);

        tag = tag || c == '<';
        if (tag || !g_unichar_isprint(c) || g_unichar_isspace(c)) {
            gap = text->len > 0;
            tag = tag && c != '>';
            continue;
        }
        if (gap)
            g_string_append_c(text, ' ');
        gap = FALSE;
        g_string_append_unichar(text, c);
    }
    if (text->len > 0 && text->str[text->len - 1] == '.')
        g_string_truncate(text, text->len - 1);     /* the message has its own */
    return textQuote(text->str, (gssize)text->len);
}

const ViStatus *
viStatusMeaning(guint status, const char *text)
{
    size_t i;

    if (status == 503 && strcasestr(text, NO_ENDPOINT))
        return &serviceDown;
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (rows[i].status == status)
            return &rows[i].meaning;
    }
    return NULL;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_error.h"

#include "base_limits.h"

GQuark
soapErrorQuark(void)
{
    return g_quark_from_static_string("soap-error-quark");
}

char *
soapErrorPrintable(const char *text, size_t length)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)MIN(length, LIMIT_QUOTED_BYTES));
    g_autoptr(GString) printable = g_string_sized_new(LIMIT_QUOTED_BYTES);
    const char *at;

    for (at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);

        g_string_append_unichar(printable, g_unichar_isprint(c) ? c : ' ');
    }
    return g_strchomp(g_string_free(g_steal_pointer(&printable), FALSE));
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Any text as a name in an address, a host of a ticket, a Content-Range, an error page. */

#include <string.h>

#include "base_limits.h"
#include "fuzz_target.h"
#include "vi_transfer_range.h"
#include "vi_transfer_status.h"
#include "vi_transfer_url.h"

/* An address has nothing in it but what may stand there, and gives the name back. */
static void
checkUrl(const char *name)
{
    static const char before[] = "/folder/";
    ViFile file = { .datacenterPath = name, .datastore = name, .path = name };
    g_autofree char *twice = viTransferUrl(&file, VI_SPELLING_TWICE);
    g_autofree char *once = viTransferUrl(&file, VI_SPELLING_ONCE);
    g_autofree char *path = NULL;
    const char *query = strstr(twice, "?dcPath=");

    g_assert_cmpuint(strspn(twice, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._~/%?&="), ==,
                     strlen(twice));
    g_assert_true(g_str_has_prefix(twice, before));
    g_assert_nonnull(query);
    path = g_uri_unescape_segment(twice + strlen(before), query, NULL);
    if (path)       /* it refuses what is no UTF-8 */
        g_assert_cmpstr(path, ==, name);
    g_assert_cmpuint(strlen(once), <=, strlen(twice));
    g_assert_true(viTransferUrlDiffers(&file) == !g_str_equal(once, twice));
}

static void
checkHost(const char *text)
{
    g_autofree char *host = NULL;
    guint port = 0;

    if (!viTransferUrlSplitHost(text, &host, &port)) {
        g_assert_null(host);
        return;
    }
    g_assert_cmpstr(host, !=, "");
    g_assert_null(strpbrk(host, "/?#@ \t"));
    g_assert_cmpuint(port, >, 0);
    g_assert_cmpuint(port, <=, G_MAXUINT16);
}

static void
checkRange(const char *text)
{
    ViRange range = { 0 };

    if (!viRangeParse(text, &range))
        return;
    g_assert_cmpuint(range.first, <=, range.last);
    g_assert_cmpuint(range.last, <, range.total);
}

/* What is quoted can be shown. */
static void
checkPage(const char *body)
{
    const ViFile file = { .datastore = "ds", .path = "a" };
    HttpResponse response = { .status = 500 };
    g_autoptr(GError) error = NULL;
    const char *p;

    viTransferSetRefused(&error, &file, FALSE /* writing */, &response, body);
    g_assert_true(g_utf8_validate(error->message, -1, NULL));
    g_assert_cmpuint(strlen(error->message), <, LIMIT_QUOTED_BYTES + 300);
    for (p = error->message; *p; p++)
        g_assert_false(g_ascii_iscntrl(*p));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);

    checkUrl(text);
    checkHost(text);
    checkRange(text);
    checkPage(text);
    return 0;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_transfer_url.h"

#include "base_limits.h"

#define ROOT "?dcPath=ha-datacenter&dsName=ds1"

static void
assertUrl(const ViFile *file, ViSpelling spelling, const char *expected)
{
    g_autofree char *url = viTransferUrl(file, spelling);

    g_assert_cmpstr(url, ==, expected);
}

/* The path is encoded once, whatever the spelling of the rest. */
static void
testPath(void)
{
    static const struct {
        const char *path;
        const char *spelled;
    } rows[] = {
        { "vm/disk-flat.vmdk", "vm/disk-flat.vmdk" },
        { "a b.iso", "a%20b.iso" },
        { "a+b.iso", "a%2Bb.iso" },
        { "what?#.iso", "what%3F%23.iso" },
        { "100%.iso", "100%25.iso" },
        { "%41.iso", "%2541.iso" },
        { "R&D/x=y.iso", "R%26D/x%3Dy.iso" },
        { "it's \"q\".iso", "it%27s%20%22q%22.iso" },
        { "Gr\xc3\xb6\xc3\x9f" "e.iso", "Gr%C3%B6%C3%9Fe.iso" },
        { "~a_b-c.d", "~a_b-c.d" },
        { "back\\slash;,:@!$()*", "back%5Cslash%3B%2C%3A%40%21%24%28%29%2A" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        ViFile file = { .datacenterPath = "ha-datacenter", .datastore = "ds1",
                        .path = rows[i].path };
        g_autofree char *expected = g_strconcat("/folder/", rows[i].spelled, ROOT, NULL);

        assertUrl(&file, VI_SPELLING_TWICE, expected);
        assertUrl(&file, VI_SPELLING_ONCE, expected);
        assertUrl(&file, VI_SPELLING_UNKNOWN, expected);
        g_assert_false(viTransferUrlDiffers(&file));
    }
}

static void
testQuery(void)
{
    ViFile file = { .datacenterPath = "My Folder/D&C", .datastore = "a+b/c", .path = "x.iso" };
    g_autofree char *root = viTransferUrlOfRoot(&file, VI_SPELLING_ONCE);

    assertUrl(&file, VI_SPELLING_TWICE,
              "/folder/x.iso?dcPath=My%2520Folder/D%2526C&dsName=a%252Bb%252Fc");
    assertUrl(&file, VI_SPELLING_UNKNOWN,
              "/folder/x.iso?dcPath=My%2520Folder/D%2526C&dsName=a%252Bb%252Fc");
    assertUrl(&file, VI_SPELLING_ONCE, "/folder/x.iso?dcPath=My%20Folder/D%26C&dsName=a%2Bb%2Fc");
    g_assert_cmpstr(root, ==, "/folder/?dcPath=My%20Folder/D%26C&dsName=a%2Bb%2Fc");
    g_assert_true(viTransferUrlDiffers(&file));
}

/* An address that is decoded as often as it was encoded gives the names back. */
static void
testRoundTrip(void)
{
    const char *name = "\xe6\x97\xa5 100% %2f +&?#'\"=";
    ViFile file = { .datastore = name, .path = "x" };
    g_autofree char *url = viTransferUrl(&file, VI_SPELLING_TWICE);
    g_autofree char *first = NULL;
    g_autofree char *second = NULL;

    g_assert_true(g_str_has_prefix(url, "/folder/x?dsName="));
    first = g_uri_unescape_string(url + strlen("/folder/x?dsName="), NULL);
    g_assert_nonnull(first);
    second = g_uri_unescape_string(first, NULL);
    g_assert_cmpstr(second, ==, name);
}

static void
testWithoutDatacenter(void)
{
    ViFile file = { .datastore = "ds 1", .path = "x" };

    assertUrl(&file, VI_SPELLING_TWICE, "/folder/x?dsName=ds%25201");
    assertUrl(&file, VI_SPELLING_ONCE, "/folder/x?dsName=ds%201");
}

static void
testAuthority(void)
{
    g_autofree char *name = viTransferUrlAuthority("esx1.example.com", 443);
    g_autofree char *port = viTransferUrlAuthority("10.0.0.1", 8443);
    g_autofree char *six = viTransferUrlAuthority("fe80::1", 8443);

    g_assert_cmpstr(name, ==, "esx1.example.com");
    g_assert_cmpstr(port, ==, "10.0.0.1:8443");
    g_assert_cmpstr(six, ==, "[fe80::1]:8443");
}

static void
testSplitHost(void)
{
    static const struct {
        const char *text;
        const char *host;   /* NULL: refused */
        guint port;
    } rows[] = {
        { "esx1.example.com", "esx1.example.com", 443 },
        { "esx1:8443", "esx1", 8443 },
        { "127.0.0.1:39001", "127.0.0.1", 39001 },
        { "fe80::1", "fe80::1", 443 },
        { "[fe80::1]", "fe80::1", 443 },
        { "[fe80::1]:902", "fe80::1", 902 },
        { "", NULL, 0 },
        { ":443", NULL, 0 },
        { "esx1:", NULL, 0 },
        { "esx1:0", NULL, 0 },
        { "esx1:65536", NULL, 0 },
        { "esx1:https", NULL, 0 },
        { "[fe80::1", NULL, 0 },
        { "[]", NULL, 0 },
        { "[fe80::1]443", NULL, 0 },
        { "esx1/folder", NULL, 0 },
        { "root@esx1", NULL, 0 },
        { "esx 1", NULL, 0 },
        { "esx\r\n1", NULL, 0 },
        { "esx\x01", NULL, 0 },
        { "\xe2\x80\xae" "esx1", NULL, 0 },
        { "esx1\\folder", NULL, 0 },
    };
    g_autofree char *longest = g_strnfill(LIMIT_NAME_BYTES, 'h');
    g_autofree char *tooLong = g_strnfill(LIMIT_NAME_BYTES + 1, 'h');
    g_autofree char *same = NULL;
    guint unwritten = 0;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *host = NULL;
        guint port = 0;

        g_assert_true(viTransferUrlSplitHost(rows[i].text, &host, &port) == (rows[i].host != NULL));
        g_assert_cmpstr(host, ==, rows[i].host);
        g_assert_cmpuint(port, ==, rows[i].port);
    }
    g_assert_true(viTransferUrlSplitHost(longest, &same, &unwritten));
    g_assert_cmpstr(same, ==, longest);
    g_assert_false(viTransferUrlSplitHost(tooLong, &same, &unwritten));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/folder-url/path", testPath);
    g_test_add_func("/vi/folder-url/query", testQuery);
    g_test_add_func("/vi/folder-url/round-trip", testRoundTrip);
    g_test_add_func("/vi/folder-url/without-datacenter", testWithoutDatacenter);
    g_test_add_func("/vi/folder-url/authority", testAuthority);
    g_test_add_func("/vi/folder-url/split-host", testSplitHost);
    return g_test_run();
}

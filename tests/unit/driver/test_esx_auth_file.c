/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Which section holds for which host, and what is in it. */

#include "esx_auth_file.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base_limits.h"
#include "esx_error.h"

#define LAB "[credentials-lab]\nusername=me\npassword=secret 1\n"

static EsxAuthEntry *
lookup(const char *contents, const char *host, GError **error)
{
    g_autofree char *path = NULL;
    EsxAuthEntry *entry = NULL;
    int fd = g_file_open_tmp("esx-auth-file-XXXXXX", &path, NULL);

    close(fd);
    g_file_set_contents(path, contents, -1, NULL);
    entry = esxAuthFileLookup(path, host, error);
    g_unlink(path);
    return entry;
}

static EsxAuthEntry *
lookupGood(const char *contents, const char *host)
{
    g_autoptr(GError) error = NULL;
    EsxAuthEntry *entry = lookup(contents, host, &error);

    g_assert_no_error(error);
    g_assert_nonnull(entry);
    return entry;
}

static void
assertRefused(const char *contents, const char *phrase)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxAuthEntry) entry = lookup(contents, "h", &error);

    g_assert_null(entry);
    g_assert_error(error, ESX_ERROR, ESX_ERROR_AUTH);
    g_assert_null(strstr(error->message, "secret 1"));
    if (!strstr(error->message, phrase))
        g_error("'%s' is not in: %s", phrase, error->message);
}

static void
testSections(void)
{
    static const char all[] = LAB "[credentials-other]\npassword=secret 2\n"
        "[auth-esx-h]\ncredentials=lab\n[auth-esx-default]\ncredentials=other\n"
        "[auth-esxstorage-k]\ncredentials=other\n[auth-esx-k]\ncredentials=lab\n"
        "[auth-esx-::1]\ncredentials=lab\n";
    const struct {
        const char *host;
        const char *section;
        gboolean isOwn;
        const char *password;
    } cases[] = {
        { "h", "auth-esx-h", TRUE, "secret 1" },
        { "k", "auth-esxstorage-k", TRUE, "secret 2" },
        { "::1", "auth-esx-::1", TRUE, "secret 1" },
        /* byte by byte: these are others */
        { "H", "auth-esx-default", FALSE, "secret 2" },
        { "h.", "auth-esx-default", FALSE, "secret 2" },
        { "0::1", "auth-esx-default", FALSE, "secret 2" },
        { "default", "auth-esx-default", FALSE, "secret 2" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(EsxAuthEntry) entry = lookupGood(all, cases[i].host);

        g_assert_cmpstr(entry->section, ==, cases[i].section);
        g_assert_cmpint(entry->isOwn, ==, cases[i].isOwn);
        g_assert_cmpstr(secretText(entry->password), ==, cases[i].password);
        g_assert_cmpuint(entry->port, ==, 0);
        g_assert_false(entry->isFixed);
    }
}

static void
testNothing(void)
{
    g_autoptr(EsxAuthEntry) noFile = esxAuthFileLookup(NULL, "h", NULL);
    g_autoptr(EsxAuthEntry) empty = lookupGood("", "h");
    g_autoptr(EsxAuthEntry) bare =
        lookupGood("[credentials-x]\n[auth-esx-h]\ncredentials=x\n", "h");

    g_assert_null(noFile->section);
    g_assert_null(empty->section);
    g_assert_null(empty->password);
    g_assert_true(bare->isOwn);
    g_assert_null(bare->userName);
    g_assert_null(bare->password);
}

static void
testPort(void)
{
    g_autoptr(EsxAuthEntry) host =
        lookupGood(LAB "[auth-esx-h]\ncredentials=lab\nport=8443\n", "h");
    g_autoptr(EsxAuthEntry) both =
        lookupGood(LAB "port=8443\n[auth-esx-h]\ncredentials=lab\nport=8443\n", "h");

    g_assert_cmpuint(host->port, ==, 8443);
    g_assert_cmpuint(both->port, ==, 8443);
    assertRefused(LAB "[auth-esx-h]\ncredentials=lab\nport=0\n", "[auth-esx-h]");
    assertRefused(LAB "[auth-esx-h]\ncredentials=lab\nport=65536\n", "from 1 to 65535");
    assertRefused(LAB "[auth-esx-h]\ncredentials=lab\nport=\n", "from 1 to 65535");
    assertRefused(LAB "port=1\n[auth-esx-h]\ncredentials=lab\nport=2\n", "[credentials-lab]");
}

static void
testTrust(void)
{
    static const char *const fixed[] = {
        LAB "[auth-esx-h]\ncredentials=lab\ntrust=fixed\n",
        LAB "trust=fixed\n[auth-esx-h]\ncredentials=lab\n",
        LAB "[auth-esx-h]\ncredentials=lab\ntrust=free\n"
            "[auth-esx-k]\ncredentials=lab\ntrust=fixed\n",
        LAB "[auth-esxstorage-k]\ncredentials=lab\ntrust=fixed\n"
            "[auth-esx-default]\ncredentials=lab\n",
        /* one name, written in two ways */
        ("[credentials-my lab]\npassword=x\n[auth-esx-h]\ncredentials=my lab\n"
         "[auth-esx-k]\ncredentials=my\\slab\ntrust=fixed\n"),
    };
    g_autoptr(EsxAuthEntry) others =
        lookupGood(LAB "[credentials-x]\ntrust=fixed\n[auth-esx-k]\ncredentials=x\ntrust=fixed\n"
                   "[auth-esx-h]\ncredentials=lab\ntrust=free\n", "h");
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(fixed); i++) {
        g_autoptr(EsxAuthEntry) entry = lookupGood(fixed[i], "h");

        g_assert_true(entry->isFixed);
    }
    g_assert_false(others->isFixed);

    /* what somebody misspelt must not count as free */
    assertRefused(LAB "[auth-esx-h]\ncredentials=lab\ntrust=Fixed\n", "[auth-esx-h]");
    assertRefused(LAB "trust=yes\n[auth-esx-h]\ncredentials=lab\n", "'fixed' and 'free'");
}

/* A key that GLib does not find, or of which it takes the last: trust=fixed must not be lost. */
static void
testMisspelt(void)
{
    const struct {
        const char *lines;
        const char *key;
    } cases[] = {
        { "Trust=fixed\n", "'Trust'" },
        { "TRUST = fixed\n", "'TRUST'" },
        { "trust[de]=fixed\n", "'trust[de]'" },
        { "trust[de]=fixed\ntrust=free\n", "'trust[de]'" },
        { "tr ust=fixed\n", "'tr ust'" },
        { "\xc2\xa0trust=fixed\n", "trust'" },
        { "trust-=fixed\n", "'trust-'" },
        { "trusts=fixed\n", "'trusts'" },
        { "trsut = fixed\r\n", "'trsut'" },
        { "Port=1\n", "'Port'" },
        { "port[C]=1\n", "'port[C]'" },
        { "trust=fixed\ntrust=free\n", "'trust' twice" },
        { "trust=fixed\n[x]\n[auth-esx-h]\ntrust=free\n", "'trust' twice" },
        { " trust =fixed\r\n\ttrust\t=free\n", "'trust' twice" },
        { "port=1\nport=2\n", "'port' twice" },
        { "port=1\n[auth-esx-h]\nport=2\n", "'port' twice" },
        { "[auth-esx-h]\ncredentials=x\n", "'credentials' twice" },
        { "[credentials-lab]\nUsername=x\n", "[credentials-lab]" },
        { "[credentials-lab]\npassword=x\n", "'password' twice" },
        { "[credentials-lab]\nTrust=fixed\n", "[credentials-lab]" },
        /* sections that use the same credentials, whatever they are called */
        { "[auth-esx-k]\ncredentials=lab\nTrust=fixed\n", "[auth-esx-k]" },
        { "[auth-esx-k]\nCredentials=lab\ntrust=fixed\n", "'Credentials'" },
        { "[auth-esx-k]\ncredentials=lab\ntrust=fixed\ncredentials=x\n", "[auth-esx-k]" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text =
            g_strconcat(LAB "[auth-esx-h]\ncredentials=lab\n", cases[i].lines, NULL);

        assertRefused(text, cases[i].key);
    }
}

static void
testSpelt(void)
{
    static const char *const fixed[] = {
        "trust =fixed\n", " trust= fixed\r\n", "trust=fixed\ntrust=fixed\n",
        "trust=fixed\n[auth-esx-h]\ntrust=fixed\n",
        "[Auth-esx-k]\ncredentials=lab\ntrust=fixed\n",
        "[credentials-lab]\ntrust=fixed\n",
        "trust=fixed\n#Trust=free\n",
        /* what uses other credentials is another matter */
        "trust=fixed\n[auth-esx-k]\ncredentials=x\nTrust=fixed\nport=1\nport=2\n",
        "trust=fixed\nentrust=free\nsport=x\n",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(fixed); i++) {
        g_autofree char *text =
            g_strconcat(LAB "[auth-esx-h]\ncredentials=lab\n", fixed[i], NULL);
        g_autoptr(EsxAuthEntry) entry = lookupGood(text, "h");

        g_assert_true(entry->isFixed);
        g_assert_cmpuint(entry->port, ==, 0);
    }
}

/* As many sections as a file has room for are looked through once. */
static void
testManySections(void)
{
    g_autoptr(GString) text = g_string_new(LAB "[auth-esx-h]\ncredentials=lab\n");
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxAuthEntry) entry = NULL;
    gint64 began = g_get_monotonic_time();
    guint i;

    for (i = 0; text->len < LIMIT_FILE_BYTES - 100; i++)
        g_string_append_printf(text, "[auth-esx-k%u]\ncredentials=lab\ntrust=fixed\n", i);
    entry = lookup(text->str, "h", &error);
    g_assert_no_error(error);
    g_assert_true(entry->isFixed);
    g_assert_cmpint(g_get_monotonic_time() - began, <, 20 * G_TIME_SPAN_SECOND);
}

static void
testBroken(void)
{
    g_autofree char *longName = g_strnfill(100000, 'x');
    g_autofree char *longFile = g_strdup_printf("[auth-esx-h]\ncredentials=%s\n", longName);
    g_autofree char *tooLong = g_strnfill(LIMIT_FILE_BYTES + 1, '\n');

    assertRefused("[credentials-x]\npassword secret 1\n", "[sections]");
    assertRefused("[auth-esx-h]\nport=1\n", "no credentials=");
    assertRefused("[auth-esx-h]\ncredentials=x\n", "[credentials-x]");
    assertRefused(longFile, "is missing");
    assertRefused(tooLong, "longer than");
}

/* A user's own, or one that authfile= names: it must not be waited for. */
static void
testFifo(void)
{
    g_autofree char *folder = g_dir_make_tmp("esx-auth-file-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "fifo", NULL);
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    g_assert_null(esxAuthFileLookup(path, "h", &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_AUTH);
    g_assert_nonnull(strstr(error->message, "a pipe"));
    g_unlink(path);
    g_rmdir(folder);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/auth-file/sections", testSections);
    g_test_add_func("/auth-file/nothing", testNothing);
    g_test_add_func("/auth-file/port", testPort);
    g_test_add_func("/auth-file/trust", testTrust);
    g_test_add_func("/auth-file/misspelt", testMisspelt);
    g_test_add_func("/auth-file/spelt", testSpelt);
    g_test_add_func("/auth-file/many-sections", testManySections);
    g_test_add_func("/auth-file/broken", testBroken);
    g_test_add_func("/auth-file/fifo", testFifo);
    return g_test_run();
}

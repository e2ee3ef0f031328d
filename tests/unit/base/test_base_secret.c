/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Secrets are kept, in memory that cannot be written and is left out of dumps, and erased. */

#include "base_secret.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void
testKeepsText(void)
{
    g_autofree char *own = g_strdup("pa\"ss wörd");
    g_autoptr(Secret) secret = secretNew(own);
    g_autoptr(Secret) empty = secretNew("");

    secretErase(own);
    g_assert_cmpstr(own, ==, "");
    g_assert_cmpstr(secretText(secret), ==, "pa\"ss wörd");
    g_assert_cmpstr(secretText(empty), ==, "");
}

static void
testLongText(void)
{
    g_autofree char *text = g_strnfill(4 * (gsize)sysconf(_SC_PAGESIZE), 'x');
    g_autoptr(Secret) secret = secretNew(text);

    g_assert_cmpstr(secretText(secret), ==, text);
}

static void
testEqual(void)
{
    const char *texts[] = { "", "a", "b", "ab", "abc", "abd", "xbc" };
    size_t i;
    size_t j;

    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        for (j = 0; j < G_N_ELEMENTS(texts); j++) {
            g_autoptr(Secret) a = secretNew(texts[i]);
            g_autoptr(Secret) b = secretNew(texts[j]);

            g_assert_cmpint(secretEqual(a, b), ==, i == j);
        }
    }
}

/* Returns: (transfer full): what the kernel says of the mapping that @address is in, or NULL. */
static char *
findMapping(const char *address)
{
    g_autofree char *maps = NULL;
    g_auto(GStrv) lines = NULL;
    g_autoptr(GString) found = NULL;
    size_t i;

    if (!g_file_get_contents("/proc/self/smaps", &maps, NULL, NULL))
        return NULL;
    lines = g_strsplit(maps, "\n", -1);
    for (i = 0; lines[i]; i++) {
        gulong start = 0;
        gulong end = 0;

        if (sscanf(lines[i], "%lx-%lx ", &start, &end) == 2) {
            if (found)
                break;
            if (start <= (gulong)address && (gulong)address < end)
                found = g_string_new(NULL);
        }
        if (found)
            g_string_append_printf(found, "%s\n", lines[i]);
    }
    return found ? g_string_free(g_steal_pointer(&found), FALSE) : NULL;
}

static void
testProtectedMemory(void)
{
    g_autoptr(Secret) secret = secretNew("hidden");
    g_autofree char *mapping = findMapping(secretText(secret));

    if (!mapping) {
        g_test_skip("this system does not tell of its mappings");
        return;
    }
    g_assert_nonnull(strstr(mapping, " r--p "));
    /* dd: left out of core dumps */
    g_assert_nonnull(strstr(mapping, " dd"));
}

static void
testErases(void)
{
    char text[] = "secret";
    const char nothing[sizeof(text)] = "";

    secretErase(text);
    g_assert_cmpmem(text, sizeof(text), nothing, sizeof(nothing));
    secretErase(NULL);
    secretEraseFree(NULL);
    secretEraseFree(g_strdup("x"));
    secretFree(NULL);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/secret/keeps-text", testKeepsText);
    g_test_add_func("/secret/long-text", testLongText);
    g_test_add_func("/secret/equal", testEqual);
    g_test_add_func("/secret/protected-memory", testProtectedMemory);
    g_test_add_func("/secret/erases", testErases);
    return g_test_run();
}

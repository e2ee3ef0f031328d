/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Any text as a datastore path, a volume's name, an entity's name, a UUID. */

#include <string.h>

#include "base_limits.h"
#include "base_names.h"
#include "fuzz_target.h"

/* What was split can be joined, and is split the same again. */
static void
checkPath(const char *text)
{
    g_autofree char *datastore = NULL;
    g_autofree char *path = NULL;
    g_autofree char *joined = NULL;
    g_autofree char *sameDatastore = NULL;
    g_autofree char *samePath = NULL;

    const char *end = nameSplitDatastorePath(text, NULL, &datastore, &path);

    if (!end) {
        g_assert_null(datastore);
        g_assert_null(path);
        return;
    }
    g_assert_cmpint(*end, ==, ']');
    g_assert_cmpstr(datastore, !=, "");
    g_assert_cmpuint(strlen(datastore), <=, LIMIT_NAME_BYTES);
    joined = nameJoinDatastorePath(datastore, path);
    g_assert_cmpstr(nameSkipDatastore(joined, datastore), ==, path);
    /* The same name again, among those that it can be. */
    end = NULL;
    do {
        g_clear_pointer(&sameDatastore, g_free);
        g_clear_pointer(&samePath, g_free);
        end = nameSplitDatastorePath(joined, end, &sameDatastore, &samePath);
        g_assert_nonnull(end);
    } while (!g_str_equal(datastore, sameDatastore));
    g_assert_cmpstr(path, ==, samePath);
}

/* A name that is taken cannot leave its datastore. */
static void
checkVolume(const char *name)
{
    g_autofree char *slashed = g_strdup_printf("/%s/", name);

    if (nameRefuseVolume(name))
        return;
    g_assert_true(g_utf8_validate(name, -1, NULL));
    g_assert_cmpuint(strlen(name), <=, LIMIT_DATASTORE_PATH);
    g_assert_null(strstr(slashed, "/../"));
    g_assert_null(strstr(slashed, "/./"));
    g_assert_null(strstr(slashed, "//"));
    g_assert_null(strpbrk(name, "\n\r\t"));
}

static void
checkUuid(const char *text)
{
    guint8 uuid[16] = { 0 };
    guint8 again[16] = { 0 };
    char canonical[37] = "";

    if (!nameParseUuid(text, uuid))
        return;
    nameFormatUuid(uuid, canonical);
    g_assert_cmpuint(strlen(canonical), ==, 36);
    g_assert_true(nameParseUuid(canonical, again));
    g_assert_cmpmem(uuid, sizeof(uuid), again, sizeof(again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);
    g_autofree char *plain = nameUnescapeEntity(text);

    g_assert_cmpuint(strlen(plain), <=, strlen(text));
    checkPath(text);
    checkVolume(text);
    checkUuid(text);
    return 0;
}

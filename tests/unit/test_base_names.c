/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Datastore paths, file names, entity names and UUIDs, each as a table of cases. */

#include "base_names.h"

#include "base_limits.h"

static const struct {
    const char *text;
    const char *datastore;      /* NULL: no datastore path */
    const char *path;
} paths[] = {
    { "[datastore1] dir/file.vmdk", "datastore1", "dir/file.vmdk" },
    { "[datastore1]   dir/file.vmdk", "datastore1", "dir/file.vmdk" },
    { "[datastore1]file.vmdk", "datastore1", "file.vmdk" },
    { "[datastore1]", "datastore1", "" },
    { "[datastore1] ", "datastore1", "" },
    { "[my store (1)] a b/c d.vmdk", "my store (1)", "a b/c d.vmdk" },
    { "[a] b]c", "a", "b]c" },
    { "[a[b] c", "a[b", "c" },
    { "[d\xc3\xa4ta] \xc3\xb6.vmdk", "d\xc3\xa4ta", "\xc3\xb6.vmdk" },
    { "[] file", NULL, NULL },
    { "[datastore1 file", NULL, NULL },
    { "datastore1] file", NULL, NULL },
    { " [datastore1] file", NULL, NULL },
    { "/vmfs/volumes/x", NULL, NULL },
    { "", NULL, NULL },
};

static void
testSplit(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(paths); i++) {
        g_autofree char *datastore = NULL;
        g_autofree char *path = NULL;
        gboolean done = nameSplitDatastorePath(paths[i].text, &datastore, &path);

        g_test_message("%s", paths[i].text);
        g_assert_cmpint(done, ==, paths[i].datastore != NULL);
        g_assert_cmpstr(datastore, ==, paths[i].datastore);
        g_assert_cmpstr(path, ==, paths[i].path);
    }
}

static void
testJoin(void)
{
    g_autofree char *joined = nameJoinDatastorePath("my store", "dir/a.vmdk");
    g_autofree char *datastore = NULL;
    g_autofree char *path = NULL;

    g_assert_cmpstr(joined, ==, "[my store] dir/a.vmdk");
    g_assert_true(nameSplitDatastorePath(joined, &datastore, &path));
    g_assert_cmpstr(datastore, ==, "my store");
    g_assert_cmpstr(path, ==, "dir/a.vmdk");
}

static const struct {
    const char *name;
    const char *refusal;    /* NULL: a good name */
} volumes[] = {
    { "a.vmdk", NULL },
    { "dir/sub dir/a (1) 100% #2.vmdk", NULL },
    { ".hidden/...vmdk", NULL },
    { "a*b[c]?.vmdk", NULL },
    { "\xe4\xb8\xad\xe6\x96\x87.vmdk", NULL },
    { "", "is empty" },
    { "/a", "begins with \"/\"" },
    { "a/", "ends with \"/\"" },
    { "a//b", "has an empty part" },
    { "..", "has a part \".\" or \"..\"" },
    { ".", "has a part \".\" or \"..\"" },
    { "a/../b", "has a part \".\" or \"..\"" },
    { "a/.", "has a part \".\" or \"..\"" },
    { "../a", "has a part \".\" or \"..\"" },
    { "a\nb", "has a control character" },
    { "a\x7f", "has a control character" },
    { "a\xc2\x85", "has a control character" },
    { "a\xff", "is not UTF-8" },
    { "a\xc3", "is not UTF-8" },
};

static void
testRefuseVolume(void)
{
    g_autofree char *longest = g_strnfill(LIMIT_DATASTORE_PATH, 'x');
    g_autofree char *longer = g_strnfill(LIMIT_DATASTORE_PATH + 1, 'x');
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(volumes); i++)
        g_assert_cmpstr(nameRefuseVolume(volumes[i].name), ==, volumes[i].refusal);
    g_assert_null(nameRefuseVolume(longest));
    g_assert_cmpstr(nameRefuseVolume(longer), ==, "is longer than 4096 bytes");
}

static const struct {
    const char *escaped;
    const char *plain;
} entities[] = {
    { "datastore1", "datastore1" },
    { "a%2fb", "a/b" },
    { "a%2Fb%5Cc", "a/b\\c" },
    { "100%25", "100%" },
    { "%252f", "%2f" },
    { "50% off", "50% off" },
    { "%2", "%2" },
    { "%", "%" },
    { "%41", "%41" },
    { "", "" },
};

static void
testUnescapeEntity(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(entities); i++) {
        g_autofree char *plain = nameUnescapeEntity(entities[i].escaped);

        g_assert_cmpstr(plain, ==, entities[i].plain);
    }
}

static const struct {
    const char *text;
    const char *canonical;      /* NULL: no UUID */
} uuids[] = {
    { "6000C29e-2849-5d0b-9ecd-280a8dc01a5c", "6000c29e-2849-5d0b-9ecd-280a8dc01a5c" },
    { "6000c29e28495d0b9ecd280a8dc01a5c", "6000c29e-2849-5d0b-9ecd-280a8dc01a5c" },
    { "6000c29e-28495d0b9ecd-280a8dc01a5c", "6000c29e-2849-5d0b-9ecd-280a8dc01a5c" },
    { "6000c29e28495d0b9ecd280a8dc01a5", NULL },
    { "6000c29e28495d0b9ecd280a8dc01a5c0", NULL },
    { "6000c29e-2849-5d0b-9ecd-280a8dc01a5c-", NULL },
    { "-6000c29e28495d0b9ecd280a8dc01a5c", NULL },
    { "60-00c29e28495d0b9ecd280a8dc01a5c", NULL },
    { "6000c29e--2849-5d0b-9ecd-280a8dc01a5c", NULL },
    { "6000c29g28495d0b9ecd280a8dc01a5c", NULL },
    { "", NULL },
};

static void
testUuids(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(uuids); i++) {
        guint8 uuid[16] = { 0 };
        char text[37] = "";
        gboolean parsed = nameParseUuid(uuids[i].text, uuid);

        g_test_message("%s", uuids[i].text);
        g_assert_cmpint(parsed, ==, uuids[i].canonical != NULL);
        if (!parsed)
            continue;
        nameFormatUuid(uuid, text);
        g_assert_cmpstr(text, ==, uuids[i].canonical);
    }
}

/* MD5's own test vectors (RFC 1321). */
static void
testHashUuid(void)
{
    guint8 uuid[16] = { 0 };
    char text[37] = "";

    nameHashUuid("abc", uuid);
    nameFormatUuid(uuid, text);
    g_assert_cmpstr(text, ==, "90015098-3cd2-4fb0-d696-3f7d28e17f72");
    nameHashUuid("", uuid);
    nameFormatUuid(uuid, text);
    g_assert_cmpstr(text, ==, "d41d8cd9-8f00-b204-e980-0998ecf8427e");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/split", testSplit);
    g_test_add_func("/names/join", testJoin);
    g_test_add_func("/names/refuse-volume", testRefuseVolume);
    g_test_add_func("/names/unescape-entity", testUnescapeEntity);
    g_test_add_func("/names/uuids", testUuids);
    g_test_add_func("/names/hash-uuid", testHashUuid);
    return g_test_run();
}

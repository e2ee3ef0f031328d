/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Datastore paths, file names, entity names and UUIDs, each as a table of cases. */

#include "base_names.h"

#include <string.h>

#include "base_limits.h"

static const struct {
    const char *text;
    const char *datastore;      /* NULL: no datastore path */
    const char *path;
} paths[] = {
    { "[datastore1] dir/file.vmdk", "datastore1", "dir/file.vmdk" },
    { "[datastore1]   dir/file.vmdk", "datastore1", "  dir/file.vmdk" },
    { "[datastore1]file.vmdk", "datastore1", "file.vmdk" },
    { "[datastore1]", "datastore1", "" },
    { "[datastore1] ", "datastore1", "" },
    { "[datastore1]  ", "datastore1", " " },
    { "[datastore1]/dir", "datastore1", "/dir" },
    { "[my store (1)] a b/c d.vmdk", "my store (1)", "a b/c d.vmdk" },
    { "[a] b]c", "a] b", "c" },
    { "[a[b] c", "a[b", "c" },
    { "[ds [old]] dir/file", "ds [old]", "dir/file" },
    { "[[SSD] fast] dir/file", "[SSD] fast", "dir/file" },
    { "[a]b] [c]", "a]b] [c", "" },
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
        gboolean done = nameSplitDatastorePath(paths[i].text, NULL, &datastore, &path) != NULL;

        g_test_message("%s", paths[i].text);
        g_assert_cmpint(done, ==, paths[i].datastore != NULL);
        g_assert_cmpstr(datastore, ==, paths[i].datastore);
        g_assert_cmpstr(path, ==, paths[i].path);
    }
}

/* Each way to read one text, the longest name of a datastore first; not one that is too long. */
static void
testSplitEachWay(void)
{
    static const struct {
        const char *datastore;
        const char *path;
    } ways[] = {
        { "a] [b]/c", "d]e" }, { "a] [b", "/c] d]e" }, { "a", "[b]/c] d]e" },
    };
    static const char text[] = "[a] [b]/c] d]e";
    g_autofree char *name = g_strnfill(LIMIT_NAME_BYTES, 'n');
    g_autofree char *fits = g_strdup_printf("[%s]] x", name);
    g_autofree char *datastore = NULL;
    g_autofree char *path = NULL;
    const char *end = NULL;
    size_t i;

    /* The last bracket ends the longest one: "a] [b]/c] d" of the path "e". */
    end = nameSplitDatastorePath(text, NULL, &datastore, &path);
    g_assert_cmpstr(datastore, ==, "a] [b]/c] d");
    g_assert_cmpstr(path, ==, "e");
    for (i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_clear_pointer(&datastore, g_free);
        g_clear_pointer(&path, g_free);
        end = nameSplitDatastorePath(text, end, &datastore, &path);
        g_assert_nonnull(end);
        g_assert_cmpstr(datastore, ==, ways[i].datastore);
        g_assert_cmpstr(path, ==, ways[i].path);
    }
    g_assert_null(nameSplitDatastorePath(text, end, NULL, NULL));

    g_clear_pointer(&datastore, g_free);
    g_clear_pointer(&path, g_free);
    g_assert_nonnull(nameSplitDatastorePath(fits, NULL, &datastore, &path));
    g_assert_cmpstr(datastore, ==, name);
    g_assert_cmpstr(path, ==, "] x");
}

static void
testJoin(void)
{
    g_autofree char *joined = nameJoinDatastorePath("my store", "dir/a.vmdk");
    g_autofree char *datastore = NULL;
    g_autofree char *path = NULL;

    g_assert_cmpstr(joined, ==, "[my store] dir/a.vmdk");
    g_assert_nonnull(nameSplitDatastorePath(joined, NULL, &datastore, &path));
    g_assert_cmpstr(datastore, ==, "my store");
    g_assert_cmpstr(path, ==, "dir/a.vmdk");
}

#define EXTENT "is reserved for an extent of a virtual disk"
#define OWN "is reserved for files of the host"

static const struct {
    const char *name;
    const char *refusal;    /* NULL: a good name */
} volumes[] = {
    { "a.vmdk", NULL },
    { "dir/sub dir/a (1) 100% #2.vmdk", NULL },
    { " a/ b.vmdk ", NULL },
    { "a..b/c...vmdk", NULL },
    { "a*b[c]?.vmdk", NULL },
    { "\xe4\xb8\xad\xe6\x96\x87.vmdk", NULL },
    { "", "is empty" },
    { "/a", "begins with \"/\"" },
    { "a/", "ends with \"/\"" },
    { "a//b", "has an empty component" },
    { "..", "has a component \".\" or \"..\"" },
    { ".", "has a component \".\" or \"..\"" },
    { "a/../b", "has a component \".\" or \"..\"" },
    { "a/.", "has a component \".\" or \"..\"" },
    { "../a", "has a component \".\" or \"..\"" },
    { "a\nb", "contains a control character" },
    { "a\x7f", "contains a control character" },
    { "a\xc2\x85", "contains a control character" },
    { "a\xff", "is not valid UTF-8" },
    { "a\xc3", "is not valid UTF-8" },
    { "vm/a-FLAT.vmdk", EXTENT },
    { "vm/a-s001.vmdk", EXTENT },
    { "vm/a.vmx", OWN },
    { "a/.hidden/b.iso", OWN },
};

/* Returns: (transfer full) a name of @length bytes in parts of @part bytes and slashes. */
static char *
makeName(size_t length, size_t part)
{
    char *name = g_strnfill(length, 'x');
    size_t i;

    for (i = part; i < length; i += part + 1)
        name[i] = '/';
    return name;
}

static void
testRefuseVolume(void)
{
    g_autofree char *longest = makeName(LIMIT_DATASTORE_PATH - 1, LIMIT_NAME_PART);
    g_autofree char *longer = makeName(LIMIT_DATASTORE_PATH + 1, LIMIT_NAME_PART - 1);
    g_autofree char *longPart = makeName(1000, LIMIT_NAME_PART + 1);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(volumes); i++)
        g_assert_cmpstr(nameRefuseVolume(volumes[i].name), ==, volumes[i].refusal);
    g_assert_null(nameRefuseVolume(longest));
    g_assert_cmpstr(nameRefuseVolume(longer), ==, "is longer than 4096 bytes");
    g_assert_cmpstr(nameRefuseVolume(longPart), ==, "has a component of more than 255 bytes");
}

static const struct {
    const char *name;
    gboolean isExtent;
    gboolean isOwn;
} files[] = {
    { "a.vmdk", FALSE, FALSE },
    { "vm/a-flat.vmdk", TRUE, FALSE },
    { "a-delta.vmdk", TRUE, FALSE },
    { "a-000001-sesparse.vmdk", TRUE, FALSE },
    { "A-CTK.VMDK", TRUE, FALSE },
    { "a-rdm.vmdk", TRUE, FALSE },
    { "a-rdmp.vmdk", TRUE, FALSE },
    { "a-s001.vmdk", TRUE, FALSE },
    { "a-f1234.vmdk", TRUE, FALSE },
    { "a-000001.vmdk", FALSE, FALSE },
    { "a-s01.vmdk", FALSE, FALSE },
    { "a-x001.vmdk", FALSE, FALSE },
    { "as001.vmdk", FALSE, FALSE },
    { "001.vmdk", FALSE, FALSE },
    { "flat.vmdk", FALSE, FALSE },
    { "a-flat.vmdk.bak", FALSE, FALSE },
    { "a-flat/b.vmdk", FALSE, FALSE },
    { "a-flat.iso", FALSE, FALSE },
    { ".vmdk", FALSE, TRUE },
    { "vm/a.vmx", FALSE, TRUE },
    { "vm/a.vmx~", FALSE, TRUE },
    { "vm/a.VMXF", FALSE, TRUE },
    { "vm/a.vmsd", FALSE, TRUE },
    { "vm/a.vmsn", FALSE, TRUE },
    { "vm/a.vmss", FALSE, TRUE },
    { "vm/a.vmem", FALSE, TRUE },
    { "vm/a.vswp", FALSE, TRUE },
    { "vm/a.nvram", FALSE, TRUE },
    { "vm/vmware-1.log", FALSE, TRUE },
    { "vm/a.vmdk.lck", FALSE, TRUE },
    { "vm/a.vmtx", FALSE, TRUE },
    { ".fbb.sf", FALSE, TRUE },
    { "x.sf", FALSE, TRUE },
    { ".dvsData/1/2", FALSE, TRUE },
    { "vm/.lck-1234", FALSE, TRUE },
    { "vm.vmx/a.iso", FALSE, FALSE },
    { "vm/a.vmx.iso", FALSE, FALSE },
    { "catalog", FALSE, FALSE },
    { "vmlog", FALSE, FALSE },
};

static void
testKinds(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(files); i++) {
        g_test_message("%s", files[i].name);
        g_assert_cmpint(nameIsExtent(files[i].name), ==, files[i].isExtent);
        g_assert_cmpint(nameIsHostsOwn(files[i].name), ==, files[i].isOwn);
    }
}

static void
testSkipBlanks(void)
{
    g_assert_cmpstr(nameSkipBlanks("  a b"), ==, "a b");
    g_assert_cmpstr(nameSkipBlanks("a"), ==, "a");
    g_assert_cmpstr(nameSkipBlanks(" "), ==, "");
}

/* @name's temporary one is @kept, ".upload-" and eight digits. */
static void
assertTemporary(const char *name, const char *kept)
{
    g_autofree char *temporary = nameMakeTemporary(name);
    g_autofree char *another = nameMakeTemporary(name);
    g_autofree char *expected = g_strdup_printf("%s.upload-", kept);
    const char *digits = temporary + strlen(expected);

    g_assert_true(g_str_has_prefix(temporary, expected));
    g_assert_cmpuint(strlen(digits), ==, 8);
    g_assert_cmpuint(strspn(digits, "0123456789abcdef"), ==, 8);
    g_assert_null(nameRefuseVolume(temporary));
    g_assert_cmpstr(temporary, !=, another);
}

static void
testMakeTemporary(void)
{
    g_autofree char *fits = g_strnfill(LIMIT_NAME_PART - 16, 'x');
    g_autofree char *ascii = g_strnfill(LIMIT_NAME_PART, 'x');
    g_autofree char *wide = g_strdup_printf("%.*s\xe4\xb8\xad.iso", LIMIT_NAME_PART - 18, ascii);
    g_autofree char *deep = g_strdup_printf("%s/%s", ascii, ascii);
    g_autofree char *deepKept = g_strdup_printf("%s/%s", ascii, fits);

    assertTemporary("a.iso", "a.iso");
    assertTemporary("dir/sub dir/a.vmdk", "dir/sub dir/a.vmdk");
    assertTemporary(fits, fits);
    assertTemporary(ascii, fits);
    assertTemporary(deep, deepKept);

    /* The character that does not fit as a whole goes. */
    ascii[LIMIT_NAME_PART - 18] = '\0';
    assertTemporary(wide, ascii);
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

static void
testHidden(void)
{
    g_assert_true(nameIsHidden(".sdd.sf", 7));
    g_assert_true(nameIsHidden("a/.b/c", 6));
    g_assert_true(nameIsHidden("a/.", 3));
    g_assert_false(nameIsHidden("a/.", 2));
    g_assert_false(nameIsHidden("a.b/c.", 6));
    g_assert_false(nameIsHidden("", 0));
}

static void
testSkipDatastore(void)
{
    g_assert_cmpstr(nameSkipDatastore("[ds] a/b", NULL), ==, "a/b");
    g_assert_cmpstr(nameSkipDatastore("[ds]a", "ds"), ==, "a");
    g_assert_cmpstr(nameSkipDatastore("[ds]", "ds"), ==, "");
    g_assert_cmpstr(nameSkipDatastore("[ds [old]] a", "ds [old]"), ==, "a");
    g_assert_cmpstr(nameSkipDatastore("[a]b] c", "a]b"), ==, "c");
    g_assert_cmpstr(nameSkipDatastore("[a]b] c", "a"), ==, "b] c");
    g_assert_cmpstr(nameSkipDatastore("[a] b", "other"), ==, "b");
    g_assert_null(nameSkipDatastore("[] a", NULL));
    g_assert_null(nameSkipDatastore("[ds a", "ds"));
    g_assert_null(nameSkipDatastore("ds] a", "ds"));
    g_assert_null(nameSkipDatastore("", ""));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/names/split", testSplit);
    g_test_add_func("/names/join", testJoin);
    g_test_add_func("/names/split-each-way", testSplitEachWay);
    g_test_add_func("/names/refuse-volume", testRefuseVolume);
    g_test_add_func("/names/kinds", testKinds);
    g_test_add_func("/names/hidden", testHidden);
    g_test_add_func("/names/skip-datastore", testSkipDatastore);
    g_test_add_func("/names/skip-blanks", testSkipBlanks);
    g_test_add_func("/names/make-temporary", testMakeTemporary);
    g_test_add_func("/names/unescape-entity", testUnescapeEntity);
    g_test_add_func("/names/uuids", testUuids);
    g_test_add_func("/names/hash-uuid", testHashUuid);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_limits.h"
#include "esx_error.h"
#include "esx_vmfs_descriptor.h"

#include <string.h>

typedef EsxVmfsDescriptor Descriptor;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Descriptor, esxVmfsDescriptorFree)

#define HEAD "# Disk DescriptorFile\nversion=1\nCID=fffffffe\n"
#define FLAT HEAD "parentCID=ffffffff\ncreateType=\"vmfs\"\n\n"

static Descriptor *
parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    Descriptor *descriptor = esxVmfsDescriptorParse(text, strlen(text), &error);

    g_assert_no_error(error);
    return descriptor;
}

/* As a host writes one. */
static void
testWhole(void)
{
    g_autoptr(Descriptor) disk = parse(
        FLAT "# Extent description\nRW 2097152 VMFS \"a disk-flat.vmdk\"\n\n"
        "# The Disk Data Base \n#DDB\n\nddb.adapterType = \"lsilogic\"\n"
        "ddb.geometry.cylinders = \"130\"\nddb.thinProvisioned = \"1\"\n"
        "ddb.uuid = \"60 00 C2 9e 28 49 5d 0b-9e cd 28 0a 8d c0 1a 5c\"\n"
        "ddb.deletable = \"false\"\n");

    g_assert_cmpstr(disk->createType, ==, "vmfs");
    g_assert_cmpuint(disk->nextents, ==, 1);
    g_assert_cmpstr(disk->extents[0].access, ==, "RW");
    g_assert_cmpuint(disk->extents[0].sectors, ==, 2097152);
    g_assert_cmpint(disk->extents[0].kind, ==, ESX_VMFS_EXTENT_FLAT);
    g_assert_cmpstr(disk->extents[0].type, ==, "VMFS");
    g_assert_cmpstr(disk->extents[0].file, ==, "a disk-flat.vmdk");
    g_assert_cmpuint(disk->extents[0].offset, ==, 0);
    g_assert_cmpuint(disk->capacity, ==, G_GUINT64_CONSTANT(1) << 30);
    g_assert_cmpstr(disk->adapter, ==, "lsilogic");
    g_assert_cmpstr(disk->uuid, ==, "60 00 C2 9e 28 49 5d 0b-9e cd 28 0a 8d c0 1a 5c");
    g_assert_null(disk->parent);
    g_assert_false(disk->hasParent);
    g_assert_true(disk->thin);
    g_assert_false(disk->deletable);
    g_assert_false(disk->binary);
}

/* What is left out has a value that does no harm. */
static void
testSparing(void)
{
    g_autoptr(Descriptor) disk = parse("# disk descriptorfile\nRW 2 FLAT \"x-flat.vmdk\" 63");

    g_assert_cmpstr(disk->createType, ==, "");
    g_assert_cmpuint(disk->capacity, ==, 1024);
    g_assert_cmpuint(disk->extents[0].offset, ==, 63);
    g_assert_null(disk->adapter);
    g_assert_null(disk->uuid);
    g_assert_false(disk->thin);
    g_assert_true(disk->deletable);
    g_assert_true(esxVmfsDescriptorCheckFlat(disk, NULL));
}

static void
testSpelling(void)
{
    g_autoptr(Descriptor) disk = parse(
        HEAD "\r\n  PARENTCID =  FFFFFFFF\r\ncreatetype=vmfs\r\nno pair here\r\n=\r\n"
        "  RW\t2 \tvmfs\t \"a \"quoted\" name-flat.vmdk\"  0 \r\ncreateType=\"second\"\r\n"
        "ddb.deletable = TRUE\r\nddb.adapterType=\"\"\r\nddb.uuid=\"\r\n");

    g_assert_cmpuint(disk->nextents, ==, 1);
    g_assert_cmpstr(disk->extents[0].file, ==, "a \"quoted\" name-flat.vmdk");
    g_assert_cmpint(disk->extents[0].kind, ==, ESX_VMFS_EXTENT_FLAT);
    g_assert_cmpstr(disk->createType, ==, "vmfs");
    g_assert_cmpstr(disk->adapter, ==, "");
    g_assert_cmpstr(disk->uuid, ==, "\"");
    g_assert_false(disk->hasParent);
    g_assert_true(disk->deletable);
}

/* As other programs write them. */
static void
testOtherWriters(void)
{
    static const char *const texts[] = {
        "# Disk Descriptor File\nRW 2 VMFS \"x-flat.vmdk\"\n",
        "#Disk  descriptorFILE\nRW 2 VMFS \"x-flat.vmdk\"\n",
        "\xef\xbb\xbf# Disk DescriptorFile\nRW 2 VMFS \"x-flat.vmdk\"\n",
        "\n# Disk DescriptorFile\nRW 2 VMFS \"x-flat.vmdk\"\n",
        "\xef\xbb\xbf\r\n \t\r\n# Disk Descriptor File\r\nRW 2 VMFS \"x-flat.vmdk\"\r\n",
        "# Disk DescriptorFile\rRW 2 VMFS \"x-flat.vmdk\"\r",
        "# Disk DescriptorFile\nrw 2 vmfs \"x-flat.vmdk\"\n",
    };
    static const char *const others[] = {
        "", "\n\n", "\xef\xbb\xbf", "# Disk", "Disk DescriptorFile\n", "# Disk Description File\n",
        "\xff\xfe#\n", "RW 2 VMFS \"x-flat.vmdk\"\n# Disk DescriptorFile\n",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(Descriptor) disk = parse(texts[i]);

        g_assert_cmpuint(disk->nextents, ==, 1);
        g_assert_cmpstr(disk->extents[0].access, ==, "RW");
        g_assert_cmpstr(disk->extents[0].file, ==, "x-flat.vmdk");
        g_assert_true(esxVmfsDescriptorCheckFlat(disk, NULL));
    }
    for (i = 0; i < G_N_ELEMENTS(others); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(esxVmfsDescriptorParse(others[i], strlen(others[i]), &error));
        g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
    }
}

/* A name that cannot be used is named by its own fault, and without its raw bytes. */
static void
testNameReasons(void)
{
    static const struct {
        const char *name;
        const char *reason;
    } rows[] = {
        { "gr\xf6\xdf""e-flat.vmdk", "whose name is not UTF-8" },
        { "a\x01""b-flat.vmdk", "whose name has a control character" },
        { "../x-flat.vmdk", "which is not in the folder of the disk" },
        { "/vmfs/volumes/x/x-flat.vmdk", "which is not in the folder of the disk" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *text = g_strdup_printf(FLAT "RW 2 VMFS \"%s\"\n", rows[i].name);
        g_autoptr(Descriptor) disk = parse(text);
        g_autoptr(GError) error = NULL;

        g_assert_false(esxVmfsDescriptorCheckFlat(disk, &error));
        g_assert_nonnull(strstr(error->message, rows[i].reason));
        g_assert_true(g_utf8_validate(error->message, -1, NULL));
        g_assert_null(strpbrk(error->message, "\x01\n\r"));
    }
}

/* A server may pad the text, and it need not end with a NUL. */
static void
testPadding(void)
{
    static const char padded[] = HEAD "RW 2 VMFS \"x-flat.vmdk\"\n\0RW 4 VMFS \"y\"\n";
    static const char whole[] = HEAD "RW 2 VMFS \"x-flat.vmdk\"";
    g_autofree char *cut = g_memdup2(whole, strlen(whole));
    g_autoptr(Descriptor) first = esxVmfsDescriptorParse(padded, sizeof(padded), NULL);
    g_autoptr(Descriptor) second =
        esxVmfsDescriptorParse(cut, strlen(whole), NULL);

    g_assert_cmpuint(first->nextents, ==, 1);
    g_assert_cmpuint(second->nextents, ==, 1);
}

static void
testParts(void)
{
    g_autoptr(Descriptor) disk = parse(
        FLAT "RW 4 FLAT \"x-f001.vmdk\" 0\nRDONLY 2 FLAT \"x-f002.vmdk\" 8\n"
        "RW 6 VMFS \"x-f003.vmdk\"\n");

    g_assert_cmpuint(disk->nextents, ==, 3);
    g_assert_cmpuint(disk->capacity, ==, 12 * 512);
    g_assert_cmpstr(disk->extents[1].access, ==, "RDONLY");
    g_assert_cmpuint(disk->extents[1].offset, ==, 8);
    g_assert_true(esxVmfsDescriptorCheckFlat(disk, NULL));
}

static void
testBroken(void)
{
    static const struct {
        const char *text;
        const char *phrase;
    } rows[] = {
        { "", "not a descriptor of a virtual disk" },
        { "KDM", "not a descriptor of a virtual disk" },
        { "<!DOCTYPE html>", "not a descriptor of a virtual disk" },
        { HEAD, "names no file that holds the contents" },
        { FLAT "RWX 2 VMFS \"x-flat.vmdk\"", "names no file" },
        { FLAT "RW", "does not describe an extent" },
        { FLAT "RW ", "does not describe an extent" },
        { FLAT "RW x", "line 7, 'RW x', does not describe an extent" },
        { FLAT "RW -2 VMFS \"x-flat.vmdk\"", "does not describe an extent" },
        { FLAT "RW 2", "does not describe an extent" },
        { FLAT "RW 2 VMFS", "does not describe an extent" },
        { FLAT "RW 2 VMFS x", "does not describe an extent" },
        { FLAT "RW 2 VMFS \"", "does not describe an extent" },
        { FLAT "RW 2 VMFS \"x-flat.vmdk\" y", "does not describe an extent" },
        { FLAT "RW 2 VMFS \"x-flat.vmdk\" 9223372036854775807", "does not describe an extent" },
        { FLAT "RW 99999999999999999999 VMFS \"x-flat.vmdk\"", "does not describe an extent" },
        { FLAT "RW 36028797018963968 VMFS \"x-flat.vmdk\"", "does not describe an extent" },
        { FLAT "RW 18014398509481983 VMFS \"x-flat.vmdk\"\nRW 1 VMFS \"y\"", "line 8" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;

        g_test_message("'%s'", rows[i].text);
        g_assert_null(esxVmfsDescriptorParse(rows[i].text, strlen(rows[i].text), &error));
        g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
        g_assert_nonnull(strstr(error->message, rows[i].phrase));
    }
}

static void
testLimit(void)
{
    g_autofree char *text = g_strnfill(LIMIT_DESCRIPTOR_BYTES + 1, ' ');
    g_autoptr(Descriptor) disk = NULL;
    g_autoptr(GError) error = NULL;
    static const char start[] = FLAT "RW 2 VMFS \"x-flat.vmdk\"\n";

    memcpy(text, start, strlen(start));
    g_assert_null(esxVmfsDescriptorParse(text, LIMIT_DESCRIPTOR_BYTES + 1, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_nonnull(strstr(error->message, "longer than 65536 bytes"));
    disk = esxVmfsDescriptorParse(text, LIMIT_DESCRIPTOR_BYTES, NULL);
    g_assert_nonnull(disk);
}

/* Each of these is understood, and none can be read byte by byte. */
static void
testNotFlat(void)
{
    static const struct {
        const char *text;
        const char *phrase;
    } rows[] = {
        { HEAD "parentCID=1234abcd\nparentFileNameHint=\"base.vmdk\"\n"
          "createType=\"vmfsSparse\"\nRW 2 VMFSSPARSE \"x-delta.vmdk\"",
          "a snapshot of 'base.vmdk': its file holds only the changes since then; clone the disk" },
        { HEAD "parentCID=1234abcd\nRW 2 VMFS \"x-flat.vmdk\"", "is a snapshot: its file" },
        { HEAD "createType=\"seSparse\"\nRW 2 SESPARSE \"x-sesparse.vmdk\"",
          "of the sparse type 'seSparse'" },
        { HEAD "createType=\"twoGbMaxExtentSparse\"\nRW 2 SPARSE \"x-s001.vmdk\"",
          "of the sparse type 'twoGbMaxExtentSparse'" },
        { HEAD "createType=\"vmfsRawDeviceMap\"\nRW 2 VMFSRDM \"x-rdm.vmdk\"",
          "a raw device mapping (vmfsRawDeviceMap): its contents are on a LUN" },
        { HEAD "createType=\"vmfsPassthroughRawDeviceMap\"\nRW 2 VMFSRDM \"x-rdmp.vmdk\"",
          "a raw device mapping (vmfsPassthroughRawDeviceMap)" },
        { FLAT "RW 2 VMFS \"vsan://5281f817-da25-63b1-f53a-57a4a4c49434\"",
          "in a storage object ('vsan://5281f817" },
        { FLAT "RW 2 VMFS \"x-flat.vmdk\"\nRW 2 ZERO", "an extent of the type 'ZERO'" },
        { FLAT "RW 2 VMFS \"x-flat.vmdk\"\nRW 2 SPARSE \"y\"", "of the sparse type" },
        { FLAT "RW 2 HOLO \"x-flat.vmdk\"", "an extent of the type 'HOLO'" },
        { FLAT "NOACCESS 2 FLAT \"x-flat.vmdk\"", "may not read" },
        { FLAT "RW 2 FLAT \"/dev/sda\"", "names the file '/dev/sda', which is not in the folder of "
                                         "the disk" },
        { FLAT "RW 2 FLAT \"../x\"", "not in the folder of the disk" },
        { FLAT "RW 2 FLAT \"..\"", "not in the folder of the disk" },
        { FLAT "RW 2 FLAT \"\"", "not in the folder of the disk" },
        { FLAT "RW 2 FLAT \"x\377\"", "whose name is not UTF-8" },
        { FLAT "RW 2 FLAT \"x\001\"", "has a control character" },
        { FLAT "RW 2 VMFS \"vm.vmx\"", "not the name of an extent" },
        { FLAT "RW 2 VMFS \"vm.vmdk\"", "not the name of an extent" },
        { FLAT "RW 0 VMFS \"x-flat.vmdk\"", "no capacity" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Descriptor) disk = parse(rows[i].text);
        g_autoptr(GError) error = NULL;

        g_test_message("'%s'", rows[i].text);
        g_assert_false(esxVmfsDescriptorCheckFlat(disk, &error));
        g_assert_error(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT);
        g_assert_nonnull(strstr(error->message, rows[i].phrase));
    }
}

/* A hosted sparse disk has its descriptor inside, if any; what is read is its capacity. */
static void
testBinary(void)
{
    char bytes[512] = "KDMV\1\0\0\0\3\0\0\0\0\10";
    g_autoptr(Descriptor) disk = esxVmfsDescriptorParse(bytes, sizeof(bytes), NULL);
    g_autoptr(Descriptor) brief = esxVmfsDescriptorParse(bytes, 4, NULL);
    g_autoptr(Descriptor) huge = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_true(disk->binary);
    g_assert_cmpuint(disk->capacity, ==, 2048 * 512);
    g_assert_cmpuint(disk->nextents, ==, 0);
    g_assert_cmpuint(brief->capacity, ==, 0);
    g_assert_false(esxVmfsDescriptorCheckFlat(disk, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT);
    g_assert_nonnull(strstr(error->message, "'monolithicSparse'"));
    memset(bytes + 12, 0xff, 8);
    huge = esxVmfsDescriptorParse(bytes, sizeof(bytes), NULL);
    g_assert_cmpuint(huge->capacity, ==, 0);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/esx/vmfs-descriptor/whole", testWhole);
    g_test_add_func("/esx/vmfs-descriptor/sparing", testSparing);
    g_test_add_func("/esx/vmfs-descriptor/spelling", testSpelling);
    g_test_add_func("/esx/vmfs-descriptor/padding", testPadding);
    g_test_add_func("/esx/vmfs-descriptor/other-writers", testOtherWriters);
    g_test_add_func("/esx/vmfs-descriptor/name-reasons", testNameReasons);
    g_test_add_func("/esx/vmfs-descriptor/parts", testParts);
    g_test_add_func("/esx/vmfs-descriptor/broken", testBroken);
    g_test_add_func("/esx/vmfs-descriptor/limit", testLimit);
    g_test_add_func("/esx/vmfs-descriptor/not-flat", testNotFlat);
    g_test_add_func("/esx/vmfs-descriptor/binary", testBinary);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_error.h"
#include "esx_vmfs_image.h"
#include "vi_fixture.h"

#include <string.h>

/* A head of ESX_VMFS_IMAGE_HEAD bytes that is @byte but for @bytes at @at. */
static void
makeHead(char *head, int byte, size_t at, const char *bytes, size_t length)
{
    memset(head, byte, ESX_VMFS_IMAGE_HEAD);
    memcpy(head + at, bytes, length);
}

static void
testRefused(void)
{
#define ROW(at, bytes, phrase) { at, bytes, sizeof(bytes) - 1, phrase }
    static const struct {
        size_t at;
        const char *bytes;
        size_t length;
        const char *phrase;
    } rows[] = {
        ROW(0, "QFI\xfb\0\0\0\x03", "format qcow2, not a raw image; convert it with 'qemu-img "
                                    "convert -O raw IMAGE disk.img', and upload disk.img"),
        ROW(0, "QED\0", "QED"),
        ROW(0, "KDMV\x01\0\0\0", "VMDK (sparse), not a raw image; convert it with 'qemu-img "),
        ROW(0, "COWD", "VMDK (sparse)"),
        ROW(0, "\xbe\xba\xfe\xca\0\0\0\0", "VMDK (seSparse)"),
        ROW(0, "# Disk DescriptorFile\n", "VMDK (descriptor)"),
        ROW(0, "# Disk Descriptor File\n", "VMDK (descriptor)"),
        ROW(0, "vhdxfile", "VHDX, not a raw image; convert it with 'qemu-img convert -O raw "),
        ROW(0, "conectix", "VHD"),
        ROW(64, "\x7f\x10\xda\xbe", "VDI"),
        ROW(0, "WithoutFreeSpace", "Parallels"),
        ROW(0, "WithouFreSpacExt", "Parallels"),
        ROW(0, "Bochs Virtual HD Image", "Bochs"),
        ROW(0, "\x1f\x8b\x08", "compressed (gzip), not a raw image; decompress it with 'gzip -dc "
                               "FILE > IMAGE', make a raw image of that with 'qemu-img convert "
                               "-O raw IMAGE disk.img', and upload disk.img"),
        ROW(0, "\xfd" "7zXZ\0", "'xz -dc FILE > IMAGE'"),
        ROW(4, "1AY&SY", "'bzip2 -dc FILE > IMAGE'"),
        ROW(0, "\x28\xb5\x2f\xfd", "'zstd -dc FILE > IMAGE'"),
        ROW(0, "\x04\x22\x4d\x18", "'lz4 -dc FILE > IMAGE'"),
        ROW(0, "\x89LZO\0\r\n\x1a\n", "'lzop -dc FILE > IMAGE'"),
        ROW(0, "LZIP\x01", "'lzip -dc FILE > IMAGE'"),
        ROW(0, "PK\x03\x04", "'unzip -p FILE > IMAGE'"),
        ROW(0, "7z\xbc\xaf\x27\x1c", "'7z e -so FILE > IMAGE'"),
    };
    char head[ESX_VMFS_IMAGE_HEAD];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        const size_t end = rows[i].at + rows[i].length;
        g_autoptr(GError) error = NULL;

        makeHead(head, 'x', rows[i].at, rows[i].bytes, rows[i].length);
        g_assert_false(esxVmfsImageCheckRaw(head, sizeof(head), &error));
        g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
        fixtureAssertPhrase(error->message, rows[i].phrase);

        /* All there is of it, less a byte, and elsewhere. */
        g_assert_false(esxVmfsImageCheckRaw(head, end, NULL));
        makeHead(head, 'x', rows[i].at + 1, rows[i].bytes, rows[i].length);
        g_assert_true(esxVmfsImageCheckRaw(head, sizeof(head), NULL));
    }
}

static void
testOva(void)
{
    char head[ESX_VMFS_IMAGE_HEAD] = "machine.ovf";
    g_autoptr(GError) error = NULL;

    g_assert_true(esxVmfsImageCheckRaw(head, sizeof(head), NULL));
    memcpy(head + 257, "ustar", 5);
    g_assert_false(esxVmfsImageCheckRaw(head, sizeof(head), &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT);
    fixtureAssertPhrase(error->message, "OVA archive, not a raw image; unpack it with 'tar -xf ");
    g_assert_true(esxVmfsImageCheckRaw(head, 261, NULL));

    /* A disk may hold an archive as it is. */
    memcpy(head, "etc/hostname", 13);
    g_assert_true(esxVmfsImageCheckRaw(head, sizeof(head), NULL));
}

/* Zeros, a boot sector, an encrypted disk, nothing at all. */
static void
testRaw(void)
{
    char head[ESX_VMFS_IMAGE_HEAD];

    makeHead(head, 0, 0, "", 0);
    g_assert_true(esxVmfsImageCheckRaw(head, sizeof(head), NULL));
    makeHead(head, 0x90, 510, "\x55\xaa", 2);
    g_assert_true(esxVmfsImageCheckRaw(head, sizeof(head), NULL));
    makeHead(head, 0, 0, "LUKS\xba\xbe", 6);
    g_assert_true(esxVmfsImageCheckRaw(head, sizeof(head), NULL));
    g_assert_true(esxVmfsImageCheckRaw(head, 0, NULL));
    g_assert_true(esxVmfsImageCheckRaw("QFI", 3, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/image/refused", testRefused);
    g_test_add_func("/storage/image/ova", testOva);
    g_test_add_func("/storage/image/raw", testRaw);
    return g_test_run();
}

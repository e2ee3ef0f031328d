/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Recognises images of disks that are not raw by their first bytes. */

#include "esx_vmfs_image.h"

#include <string.h>

#include "base_text.h"
#include "esx_error.h"

/* Where a tar archive has its magic number, and bytes of the name of its first file. */
#define TAR_MAGIC 257
#define TAR_NAME 100

#define CONVERT "qemu-img convert -O raw IMAGE disk.img"

typedef struct {
    size_t at;
    const char *bytes;
    size_t length;
    const char *format;
    const char *program;    /* what decompresses it to its standard output; NULL: an image */
} Signature;

#define AT(at, bytes, format) { at, bytes, sizeof(bytes) - 1, format, NULL }
#define PACKED(at, bytes, format, program) { at, bytes, sizeof(bytes) - 1, format, program }

static const Signature signatures[] = {
    AT(0, "QFI\xfb", "qcow2"),
    AT(0, "QED\0", "QED"),
    AT(0, "KDMV", "VMDK (sparse)"),
    AT(0, "COWD", "VMDK (sparse)"),
    AT(0, "\xbe\xba\xfe\xca\0\0\0\0", "VMDK (seSparse)"),
    AT(0, "# Disk Descriptor", "VMDK (descriptor)"),
    AT(0, "vhdxfile", "VHDX"),
    AT(0, "conectix", "VHD"),
    AT(64, "\x7f\x10\xda\xbe", "VDI"),
    AT(0, "WithoutFreeSpace", "Parallels"),
    AT(0, "WithouFreSpacExt", "Parallels"),
    AT(0, "Bochs Virtual HD Image", "Bochs"),
    PACKED(0, "\x1f\x8b\x08", "gzip", "gzip -dc"),
    PACKED(0, "\xfd" "7zXZ\0", "xz", "xz -dc"),
    /* "BZh", a digit, and the number of the first block. */
    PACKED(4, "1AY&SY", "bzip2", "bzip2 -dc"),
    PACKED(0, "\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    PACKED(0, "\x04\x22\x4d\x18", "lz4", "lz4 -dc"),
    PACKED(0, "\x89LZO\0\r\n\x1a\n", "lzop", "lzop -dc"),
    PACKED(0, "LZIP\x01", "lzip", "lzip -dc"),
    PACKED(0, "PK\x03\x04", "zip", "unzip -p"),
    PACKED(0, "7z\xbc\xaf\x27\x1c", "7z", "7z e -so"),
};

static const Signature *
findSignature(const char *head, size_t length)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(signatures); i++) {
        const Signature *one = &signatures[i];

        if (length >= one->at + one->length &&
            memcmp(head + one->at, one->bytes, one->length) == 0)
            return one;
    }
    return NULL;
}

/* An OVA is a tar archive whose first file is the description of a machine. */
static gboolean
isOva(const char *head, size_t length)
{
    g_autofree char *name = NULL;

    if (length < TAR_MAGIC + 5 || memcmp(head + TAR_MAGIC, "ustar", 5) != 0)
        return FALSE;
    name = g_strndup(head, TAR_NAME);
    return g_str_has_suffix(name, ".ovf");
}

gboolean
esxVmfsImageCheckRaw(const char *head, size_t length, GError **error)
{
    const Signature *found = findSignature(head, length);

    if (isOva(head, length)) {
        g_set_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the data is an OVA archive, not a raw image; unpack it with 'tar -xf OVA', "
                    "make a raw image of its disk with '" CONVERT "', and upload disk.img");
        return FALSE;
    }
    if (!found)
        return TRUE;
    if (found->program)
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the data is compressed (%s), not a raw image; decompress it with '%s FILE > "
                    "IMAGE', make a raw image of that with '" CONVERT "', and upload disk.img",
                    found->format, found->program);
    else
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the data is an image of the format %s, not a raw image; convert it with '"
                    CONVERT "', and upload disk.img", found->format);
    return FALSE;
}

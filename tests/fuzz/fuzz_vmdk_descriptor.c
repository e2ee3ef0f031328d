/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Any bytes as the descriptor of a virtual disk. */

#include <string.h>

#include "base_limits.h"
#include "esx_vmfs_descriptor.h"
#include "fuzz_check.h"
#include "fuzz_target.h"

typedef EsxVmfsDescriptor Descriptor;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Descriptor, esxVmfsDescriptorFree)

/* What was understood is whole: sizes fit a file's, and add up. */
static void
checkWhole(const Descriptor *disk)
{
    guint64 sectors = 0;
    size_t i;

    g_assert_nonnull(disk->createType);
    g_assert_cmpuint(disk->capacity, <=, G_MAXINT64);
    for (i = 0; i < disk->nextents; i++) {
        g_assert_nonnull(disk->extents[i].access);
        g_assert_nonnull(disk->extents[i].type);
        g_assert_cmpuint(disk->extents[i].offset, <=, G_MAXINT64 / ESX_VMFS_SECTOR);
        sectors += disk->extents[i].sectors;
    }
    if (disk->binary)
        g_assert_cmpuint(disk->nextents, ==, 0);
    else
        g_assert_cmpuint(disk->capacity, ==, sectors * ESX_VMFS_SECTOR);
}

/* What may be read byte by byte lies in files beside the descriptor. */
static void
checkFlat(const Descriptor *disk)
{
    g_autoptr(GError) error = NULL;
    size_t i;

    if (!esxVmfsDescriptorCheckFlat(disk, &error)) {
        g_assert_cmpstr(error->message, !=, "");
        return;
    }
    g_assert_cmpuint(disk->capacity, >, 0);
    for (i = 0; i < disk->nextents; i++) {
        const char *file = disk->extents[i].file;

        g_assert_cmpint(disk->extents[i].kind, ==, ESX_VMFS_EXTENT_FLAT);
        g_assert_nonnull(file);
        g_assert_true(g_utf8_validate(file, -1, NULL));
        g_assert_null(strpbrk(file, "/\n\r\t"));
        g_assert_cmpstr(file, !=, "..");
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Descriptor) disk = NULL;

    fuzzMemoryBegin();
    disk = esxVmfsDescriptorParse((const char *)bytes, size, &error);
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, 1);
    if (!disk) {
        g_assert_cmpstr(error->message, !=, "");
        return 0;
    }
    g_assert_no_error(error);
    checkWhole(disk);
    checkFlat(disk);
    return 0;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds the files that hold the bytes of a volume. */

#include "esx_vmfs_contents.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_descriptor.h"
#include "esx_vmfs_verb.h"

/* ---- finding --------------------------------------------------------------------------------- */

static void
addPart(EsxVmfsContents *contents, char *file, guint64 fileOffset, guint64 length, gboolean isOwn)
{
    contents->parts = g_renew(EsxVmfsPart, contents->parts, contents->nparts + 1);
    contents->parts[contents->nparts++] = (EsxVmfsPart) {
        .file = file, .fileOffset = fileOffset, .start = contents->size, .length = length,
        .isOwn = isOwn,
    };
    contents->size += length;
}

static gboolean
findPlain(EsxConnection *connection, EsxVmfsContents *contents, GError **error)
{
    const ViFile file = esxVmfsViFile(contents->pool, contents->volume);
    guint64 size = 0;

    if (!viTransferSize(connection->transfer, &file, esxServerCancelFlag(), &size, error))
        return FALSE;
    addPart(contents, g_strdup(contents->volume), 0, size, TRUE /* isOwn */);
    contents->parts[0].known = size;
    return TRUE;
}

/* @local: (transfer full) why the descriptor could not be read. Returns: FALSE. */
static gboolean
failDescriptor(EsxConnection *connection, const ViFile *file, GError **error, GError *local)
{
    guint64 size = 0;

    if (g_error_matches(local, VI_ERROR, VI_ERROR_PROTOCOL) &&
        viTransferSize(connection->transfer, file, esxServerCancelFlag(), &size, NULL) &&
        size > LIMIT_DESCRIPTOR_BYTES) {
        g_error_free(local);
        textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                    "the disk is a single file of %" G_GUINT64_FORMAT " bytes (monolithicSparse "
                    "or streamOptimized), not a descriptor with an image of its contents; clone "
                    "the disk and use the clone", size);
        return FALSE;
    }
    g_propagate_error(error, local);
    return FALSE;
}

/* "x-flat.vmdk" belongs to "x.vmdk", and to no other disk. */
static gboolean
isCalledAfter(const char *file, const char *disk)
{
    const char *ending = strrchr(disk, '.');
    const size_t stem = ending ? (size_t)(ending - disk) : strlen(disk);

    return strncmp(file, disk, stem) == 0 && file[stem] == '-';
}

/* An image ends with the last extent in it: the descriptor gives the length of each file. */
static void
setKnown(EsxVmfsContents *contents)
{
    size_t i;
    size_t j;

    for (i = 0; i < contents->nparts; i++) {
        EsxVmfsPart *part = &contents->parts[i];

        for (j = 0; j < contents->nparts; j++) {
            const EsxVmfsPart *other = &contents->parts[j];

            if (g_str_equal(other->file, part->file))
                part->known = MAX(part->known, other->fileOffset + other->length);
        }
    }
}

static gboolean
findDisk(EsxConnection *connection, EsxVmfsContents *contents, GError **error)
{
    const ViFile file = esxVmfsViFile(contents->pool, contents->volume);
    const char *slash = strrchr(contents->volume, '/');
    const int transfer = slash ? (int)(slash - contents->volume) + 1 : 0;
    g_autoptr(EsxVmfsDescriptor) descriptor = NULL;
    g_autofree char *text = NULL;
    GError *local = NULL;
    size_t length = 0;
    size_t i;

    text = viTransferReadText(connection->transfer, &file, LIMIT_DESCRIPTOR_BYTES,
                              esxServerCancelFlag(), &length, &local);
    if (!text)
        return failDescriptor(connection, &file, error, local);
    descriptor = esxVmfsDescriptorParse(text, length, error);
    if (!descriptor || !esxVmfsDescriptorCheckFlat(descriptor, error))
        return FALSE;

    for (i = 0; i < descriptor->nextents; i++) {
        const EsxVmfsExtent *extent = &descriptor->extents[i];

        addPart(contents, g_strdup_printf("%.*s%s", transfer, contents->volume, extent->file),
                extent->offset * ESX_VMFS_SECTOR, extent->sectors * ESX_VMFS_SECTOR,
                g_str_equal(extent->access, "RW") &&
                    isCalledAfter(extent->file, contents->volume + transfer));
    }
    setKnown(contents);
    return TRUE;
}

EsxVmfsContents *
esxVmfsContentsFind(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
                    GError **error)
{
    g_autoptr(EsxVmfsContents) contents = g_new0(EsxVmfsContents, 1);

    contents->pool = inventoryPoolRef(pool);
    contents->volume = g_strdup(volume->name);
    contents->isDisk = volume->format == VIR_STORAGE_FILE_VMDK;
    if (!(contents->isDisk ? findDisk(connection, contents, error)
                           : findPlain(connection, contents, error)))
        return NULL;
    return g_steal_pointer(&contents);
}

void
esxVmfsContentsFree(EsxVmfsContents *contents)
{
    size_t i;

    if (!contents)
        return;
    for (i = 0; i < contents->nparts; i++)
        g_free(contents->parts[i].file);
    g_free(contents->parts);
    g_free(contents->volume);
    inventoryPoolUnref(contents->pool);
    g_free(contents);
}

/* ---- reading --------------------------------------------------------------------------------- */

gboolean
esxVmfsContentsRead(const EsxVmfsContents *contents, ViTransfer *transfer, guint64 offset,
                    guint64 length, ViTransferSink sink, gpointer opaque,
                    const Cancel *cancel, GError **error)
{
    size_t i;

    for (i = 0; i < contents->nparts && length > 0; i++) {
        EsxVmfsPart *part = &contents->parts[i];
        ViFile file = esxVmfsViFile(contents->pool, part->file);
        guint64 skip = offset - part->start;
        guint64 take;

        if (skip >= part->length)
            continue;
        take = MIN(length, part->length - skip);
        file.known = &part->known;
        if (!viTransferRead(transfer, &file, part->fileOffset + skip, take, sink, opaque, cancel,
                            error))
            return FALSE;
        offset += take;
        length -= take;
    }
    return TRUE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Copies of volumes, made by the server. */

#include "esx_vmfs_clone.h"

#include <string.h>

#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_change.h"
#include "esx_vmfs_create.h"
#include "vi_transfer.h"
#include "vim_types.h"

typedef struct {
    const InventoryPool *sourcePool;
    const EsxVolume *source;
    const char *name;           /* of the copy */
    const char *fromPath;
    const char *toPath;
    ViDiskKind kind;            /* VI_DISK_UNKNOWN: the server decides */
    gboolean kindTaken;
} Copy;

/* ---- the request ----------------------------------------------------------------------------- */

static gboolean
isSamePool(const InventoryPool *a, const InventoryPool *b)
{
    return g_str_equal(a->datastore->ref->value, b->datastore->ref->value);
}

static gboolean
checkSource(const InventoryPool *pool, const EsxVolumeSpec *spec, int format,
            const InventoryPool *sourcePool, const EsxVolume *source, GError **error)
{
    const gboolean isDisk = source->format == VIR_STORAGE_FILE_VMDK;

    if (!sourcePool->datastore) {
        textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                    "'%s' is a LUN of pool '%s', and ESX cannot copy a LUN into a datastore; copy "
                    "a volume of a datastore instead",
                    source->name, sourcePool->name);
        return FALSE;
    }
    if (!esxVmfsCheckReachable(sourcePool, error)) {
        textAddToError(error, "pool '%s' of the source: ", sourcePool->name);
        return FALSE;
    }
    if (isDisk != (format == VIR_STORAGE_FILE_VMDK)) {
        textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                    "ESX does not convert volumes: the source '%s' is a %s, so the name of the "
                    "copy must %s in '.vmdk'", source->name, isDisk ? "virtual disk" : "plain file",
                    isDisk ? "end" : "not end");
        return FALSE;
    }
    if (isSamePool(pool, sourcePool) && g_str_equal(spec->name, source->name)) {
        textToError(error, VI_ERROR, VI_ERROR_FILE_EXISTS, "%s", spec->name);
        return FALSE;
    }
    return TRUE;
}

/* ---- virtual disks --------------------------------------------------------------------------- */

/* EsxVmfsStep */
static gboolean
copyDisk(EsxVmfsVerb *verb, gpointer opaque, GError **error)
{
    Copy *copy = opaque;
    const ViPath from = esxVmfsViPath(copy->sourcePool, copy->fromPath);
    const ViPath to = esxVmfsViPath(verb->pool, copy->toPath);
    const ViDiskKind *kind = copy->kind.type == VI_DISK_UNKNOWN ? NULL : &copy->kind;

    if (viDiskCopy(verb->connection->session, &from, &to, kind, &verb->change, &copy->kindTaken,
                   error))
        return TRUE;
    esxVmfsAbout(error, copy->toPath, " may have been created");
    return FALSE;
}

/* Extends the copy; on failure deletes it, or says that it is left over. */
static gboolean
extendCopy(EsxVmfsVerb *verb, const Copy *copy, guint64 capacityKb, GError **error)
{
    const ViPath path = esxVmfsViPath(verb->pool, copy->toPath);
    const EsxVolume made = { .name = copy->name, .format = VIR_STORAGE_FILE_VMDK };
    g_autoptr(GError) local = NULL;
    guint64 has = 0;

    if (viDiskExtend(verb->connection->session, &path, capacityKb,
                     copy->kind.type == VI_DISK_EAGER, &verb->change, &local))
        return TRUE;
    /* The source may have been extended since it was listed: then the copy has it already. */
    if (!esxVmfsIsOpenOutcome(local) &&
        esxVmfsCapacity(verb->connection, verb->pool, &made, &has, NULL) &&
        has >= capacityKb * 1024)
        return TRUE;
    textAddToError(&local, "the copy was created but cannot be extended: ");
    esxVmfsAbout(&local, copy->toPath,
                 " is the copy, and may still have the capacity of its source");
    if (!esxVmfsIsOpenOutcome(local))
        esxVmfsVerbTidy(verb, copy->toPath, TRUE /* isDisk */, local);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* The source's kind, unless another one is requested. */
static ViDiskKind
kindOfCopy(const EsxVolumeSpec *spec, const EsxVolume *source)
{
    ViDiskKind kind = source->disk;

    if (spec->preallocate)
        kind.type = VI_DISK_EAGER;
    if (!kind.adapter)
        kind.adapter = VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC;
    return kind;
}

static gboolean
cloneDisk(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, Copy *copy, EsxVolume *volume,
          GError **error)
{
    const gboolean grows = spec->capacity > copy->source->capacity;
    guint64 capacityKb = 0;

    if (grows && !esxVmfsCapacityKb(spec->capacity, &capacityKb, error))
        return FALSE;
    copy->kind = kindOfCopy(spec, copy->source);
    if (!esxVmfsVerbInDirectory(verb, spec->name, copyDisk, copy, error) ||
        (grows && !extendCopy(verb, copy, capacityKb, error)) ||
        !(grows ? esxVmfsCheckCapacity(verb, spec->name, capacityKb * 1024, error)
                : esxVmfsVerbExpect(verb, spec->name, TRUE /* there */, error)))
        return FALSE;

    volume->disk.type = copy->kindTaken ? copy->kind.type : VI_DISK_UNKNOWN;
    volume->capacity = grows ? capacityKb * 1024 : copy->source->capacity;
    /* The allocation of a thin copy is known only from the next listing. */
    if (volume->disk.type == VI_DISK_THICK || volume->disk.type == VI_DISK_EAGER)
        volume->allocation = volume->capacity;
    else
        volume->allocation = copy->source->allocation;
    return TRUE;
}

/* ---- plain files ----------------------------------------------------------------------------- */

/* EsxVmfsStep */
static gboolean
copyFile(EsxVmfsVerb *verb, gpointer opaque, GError **error)
{
    const Copy *copy = opaque;
    const ViPath from = esxVmfsViPath(copy->sourcePool, copy->fromPath);
    const ViPath to = esxVmfsViPath(verb->pool, copy->toPath);

    if (viFileCopy(verb->connection->session, &from, &to, &verb->change, error))
        return TRUE;
    esxVmfsAbout(error, copy->toPath, " may have been created");
    return FALSE;
}

/*
 * Whether the copy exists and is as long as its source, which may have been replaced.
 *
 * @ret_size: its length; if that cannot be read, the capacity of the source in the listing.
 */
static gboolean
checkCopiedFile(const EsxVmfsVerb *verb, const char *name, const Copy *copy, guint64 *ret_size,
                GError **error)
{
    const ViFile file = esxVmfsViFile(verb->pool, name);
    const ViFile from = esxVmfsViFile(copy->sourcePool, copy->source->name);
    ViTransfer *transfer = verb->connection->transfer;
    guint64 size = 0;
    guint64 wanted = 0;
    GError *local = NULL;

    *ret_size = copy->source->capacity;
    if (!viTransferSize(transfer, &file, verb->change.cancel, &size, &local)) {
        gboolean missing = g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);

        g_error_free(local);
        if (missing)
            g_set_error(error, VI_ERROR, VI_ERROR_FILE_FAULT,
                        "the server reported that the file was created, but it does not exist");
        return !missing;
    }
    *ret_size = size;
    if (size == copy->source->capacity ||
        !viTransferSize(transfer, &from, verb->change.cancel, &wanted, NULL) || size == wanted)
        return TRUE;
    textToError(&local, VI_ERROR, VI_ERROR_FILE_FAULT,
                "the copy has %" G_GUINT64_FORMAT " bytes, but its source '%s' has %"
                G_GUINT64_FORMAT
                "; the source has changed in the meantime, or the copy is incomplete", size,
                copy->fromPath, wanted);
    esxVmfsVerbTidy(verb, copy->toPath, FALSE /* isDisk */, local);
    g_propagate_error(error, local);
    return FALSE;
}

/* A source that seems too small may have grown since it was listed; then its size is read. */
static gboolean
checkNotLarger(const EsxVmfsVerb *verb, const EsxVolumeSpec *spec, const Copy *copy,
               GError **error)
{
    const ViFile from = esxVmfsViFile(copy->sourcePool, copy->source->name);
    guint64 size = copy->source->capacity;

    if (spec->capacity <= size)
        return TRUE;
    viTransferSize(verb->connection->transfer, &from, verb->change.cancel, &size, NULL);
    if (spec->capacity <= size)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                "ESX copies plain files unchanged, so the copy cannot be larger than the %"
                G_GUINT64_FORMAT " bytes of its source; request that capacity", size);
    return FALSE;
}

static gboolean
cloneFile(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, Copy *copy, EsxVolume *volume,
          GError **error)
{
    guint64 size = 0;

    if (!checkNotLarger(verb, spec, copy, error) ||
        !esxVmfsVerbInDirectory(verb, spec->name, copyFile, copy, error) ||
        !checkCopiedFile(verb, spec->name, copy, &size, error))
        return FALSE;

    volume->capacity = size;
    volume->allocation = size == copy->source->capacity ? copy->source->allocation : size;
    return TRUE;
}

/* ---- volumes --------------------------------------------------------------------------------- */

gboolean
esxVmfsClone(EsxConnection *connection, const InventoryPool *pool, const EsxVolumeSpec *spec,
             const InventoryPool *sourcePool, const EsxVolume *source, EsxVolumeList **ret_volume,
             GError **error)
{
    g_autoptr(EsxVmfsVerb) verb = NULL;
    g_autofree char *fromPath = NULL;
    g_autofree char *toPath = NULL;
    g_autoptr(GError) local = NULL;
    EsxVolume volume = { .name = spec->name };
    Copy copy = { .name = spec->name, .sourcePool = sourcePool, .source = source };
    gboolean ok = FALSE;

    if (!esxVmfsCheckNew(spec->name, spec->format, &volume.format, error) ||
        !checkSource(pool, spec, volume.format, sourcePool, source, error) ||
        !(verb = esxVmfsVerbNew(connection, pool, error)))
        return FALSE;

    copy.fromPath = fromPath = esxVmfsPath(sourcePool, source->name);
    copy.toPath = toPath = esxVmfsPath(pool, spec->name);
    ok = volume.format == VIR_STORAGE_FILE_VMDK ? cloneDisk(verb, spec, &copy, &volume, &local)
                                                : cloneFile(verb, spec, &copy, &volume, &local);
    if (!ok) {
        esxVmfsVerbFail(verb, g_steal_pointer(&local), error);
        return FALSE;
    }
    volume.physical = volume.allocation;
    *ret_volume = esxVmfsVolumeOf(pool, &volume);
    return TRUE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* New volumes: the server makes virtual disks; plain files are written with zeros. */

#include "esx_vmfs_create.h"

#include <string.h>

#include "base_names.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "vi_transfer.h"
#include "vim_types.h"

/* ---- the request ----------------------------------------------------------------------------- */

/* libvirt's own XML of a thin disk has what it takes now as its allocation. */
ViDiskType
esxVmfsDiskType(const EsxVolumeSpec *spec)
{
    if (spec->preallocate)
        return VI_DISK_EAGER;
    return spec->allocation < spec->capacity ? VI_DISK_THIN : VI_DISK_THICK;
}

static gboolean
checkCapacity(guint64 capacity, GError **error)
{
    if (capacity <= G_MAXINT64 - 1023)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "no ESX host can create a volume of %" G_GUINT64_FORMAT " bytes", capacity);
    return FALSE;
}

gboolean
esxVmfsCapacityKb(guint64 capacity, guint64 *ret_kb, GError **error)
{
    if (capacity == 0) {
        g_set_error(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "the capacity of a virtual disk must be greater than 0");
        return FALSE;
    }
    if (!checkCapacity(capacity, error))
        return FALSE;
    *ret_kb = (capacity + 1023) / 1024;
    return TRUE;
}

/* ---- virtual disks --------------------------------------------------------------------------- */

typedef struct {
    const char *path;
    guint64 capacityKb;
    ViDiskKind kind;
} NewDisk;

/* EsxVmfsStep */
static gboolean
createDisk(EsxVmfsVerb *verb, gpointer opaque, GError **error)
{
    const NewDisk *disk = opaque;
    const ViPath path = esxVmfsViPath(verb->pool, disk->path);

    if (viDiskCreate(verb->connection->session, &path, disk->capacityKb, &disk->kind,
                     &verb->change, error))
        return TRUE;
    esxVmfsAbout(error, disk->path, " may have been created");
    return FALSE;
}

/* libvirt's XML has no element for the adapter of a volume. */
static gboolean
newDisk(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, EsxVolume *volume, GError **error)
{
    g_autofree char *path = esxVmfsPath(verb->pool, spec->name);
    NewDisk disk = {
        path, 0, { esxVmfsDiskType(spec), VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC },
    };

    if (!esxVmfsCapacityKb(spec->capacity, &disk.capacityKb, error) ||
        !esxVmfsVerbInDirectory(verb, spec->name, createDisk, &disk, error) ||
        !esxVmfsVerbExpect(verb, spec->name, TRUE /* there */, error))
        return FALSE;

    volume->disk = disk.kind;
    volume->capacity = disk.capacityKb * 1024;
    volume->allocation = disk.kind.type == VI_DISK_THIN ? 0 : volume->capacity;
    return TRUE;
}

/* ---- plain files ----------------------------------------------------------------------------- */

/* HttpSource: the remaining number of zeros. */
static gssize
giveZeros(char *buffer, size_t size, gpointer opaque, GError **error G_GNUC_UNUSED)
{
    guint64 *left = opaque;
    size_t length = (size_t)MIN((guint64)size, *left);

    memset(buffer, 0, length);
    *left -= length;
    return (gssize)length;
}

typedef struct {
    const char *name;
    guint64 size;
    gboolean begun;     /* a file with that name may exist */
} NewFile;

/* EsxVmfsStep */
static gboolean
writeZeros(EsxVmfsVerb *verb, gpointer opaque, GError **error)
{
    NewFile *wanted = opaque;
    const ViFile file = esxVmfsViFile(verb->pool, wanted->name);
    guint64 left = wanted->size;
    g_autoptr(GError) local = NULL;

    if (viTransferWrite(verb->connection->transfer, &file, (gint64)wanted->size, giveZeros, &left,
                      verb->change.cancel, NULL /* ret_written */, &local))
        return TRUE;
    /* Without its directory nothing was written. */
    wanted->begun = !g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

static gboolean
setExists(const char *name, GError **error)
{
    textToError(error, VI_ERROR, VI_ERROR_FILE_EXISTS, "%s", name);
    return FALSE;
}

/* A file that is too large for any datastore is not sent. The server checks the free space. */
static gboolean
checkRoom(const InventoryPool *pool, guint64 size, GError **error)
{
    if (!checkCapacity(size, error))
        return FALSE;
    if (pool->capacity == 0 || size <= pool->capacity)
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE,
                "the datastore has a capacity of %" G_GUINT64_FORMAT " bytes, too small for a "
                "file of %" G_GUINT64_FORMAT " bytes", pool->capacity, size);
    return FALSE;
}

/* Checks a name before much data is sent for it. The move detects what this check cannot. */
static gboolean
checkFree(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, GError **error)
{
    const ViFile file = esxVmfsViFile(verb->pool, spec->name);
    guint64 size = 0;

    if (spec->capacity <= ESX_VMFS_CREATE_SMALL ||
        !viTransferSize(verb->connection->transfer, &file, verb->change.cancel, &size, NULL))
        return TRUE;
    return setExists(spec->name, error);
}

/* Moves @temporary to its name; on failure deletes it. */
static gboolean
moveToName(EsxVmfsVerb *verb, const char *temporary, const char *name, GError **error)
{
    g_autofree char *fromPath = esxVmfsPath(verb->pool, temporary);
    g_autofree char *toPath = esxVmfsPath(verb->pool, name);
    const ViPath from = esxVmfsViPath(verb->pool, fromPath);
    const ViPath to = esxVmfsViPath(verb->pool, toPath);
    g_autoptr(GError) local = NULL;

    if (viFileMove(verb->connection->session, &from, &to, FALSE /* force */, &verb->change, &local))
        return TRUE;
    if (g_error_matches(local, VI_ERROR, VI_ERROR_FILE_EXISTS)) {
        g_clear_error(&local);
        setExists(name, &local);
        esxVmfsVerbTidy(verb, fromPath, FALSE /* isDisk */, local);
    } else if (esxVmfsIsOpenOutcome(local)) {
        esxVmfsLeft(local, fromPath, " holds the new file, unless it has already been renamed");
    } else {
        esxVmfsVerbTidy(verb, fromPath, FALSE /* isDisk */, local);
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/*
 * Whether the server has stored what was sent, under the right name. One check for both: the file
 * was made by this verb, since the move replaces nothing, so a bad one can be deleted.
 */
static gboolean
checkNewFile(const EsxVmfsVerb *verb, const char *temporary, const EsxVolumeSpec *spec,
             GError **error)
{
    const ViFile file = esxVmfsViFile(verb->pool, spec->name);
    g_autofree char *fromPath = esxVmfsPath(verb->pool, temporary);
    g_autofree char *toPath = esxVmfsPath(verb->pool, spec->name);
    GError *local = NULL;
    guint64 size = 0;

    if (!viTransferSize(verb->connection->transfer, &file, verb->change.cancel, &size, &local)) {
        if (g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND)) {
            g_clear_error(&local);
            textToError(&local, VI_ERROR, VI_ERROR_FILE_FAULT,
                        "the server reported that the new file was renamed, but it was not");
            esxVmfsVerbTidy(verb, fromPath, FALSE /* isDisk */, local);
        } else {
            textAddToError(&local, "checking the result failed: ");
            esxVmfsLeft(local, toPath, " was created; check it");
        }
        g_propagate_error(error, local);
        return FALSE;
    }
    if (size == spec->capacity)
        return TRUE;
    g_set_error(&local, VI_ERROR, VI_ERROR_FILE_FAULT,
                "the server stored %" G_GUINT64_FORMAT " of the %" G_GUINT64_FORMAT " bytes that "
                "were sent", size, spec->capacity);
    esxVmfsVerbTidy(verb, toPath, FALSE /* isDisk */, local);
    g_propagate_error(error, local);
    return FALSE;
}

static gboolean
newFile(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, EsxVolume *volume, GError **error)
{
    g_autofree char *temporary = nameMakeTemporary(spec->name);
    g_autofree char *path = esxVmfsPath(verb->pool, temporary);
    NewFile file = { temporary, spec->capacity, FALSE };
    g_autoptr(GError) local = NULL;

    if (!checkRoom(verb->pool, spec->capacity, error) || !checkFree(verb, spec, error))
        return FALSE;
    if (!esxVmfsVerbInDirectory(verb, temporary, writeZeros, &file, &local)) {
        if (file.begun)
            esxVmfsVerbTidy(verb, path, FALSE /* isDisk */, local);
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    if (!moveToName(verb, temporary, spec->name, error) ||
        !checkNewFile(verb, temporary, spec, error))
        return FALSE;

    volume->capacity = spec->capacity;
    volume->allocation = spec->capacity;
    return TRUE;
}

/* ---- volumes --------------------------------------------------------------------------------- */

gboolean
esxVmfsCreate(EsxConnection *connection, const InventoryPool *pool, const EsxVolumeSpec *spec,
              EsxVolumeList **ret_volume, GError **error)
{
    g_autoptr(EsxVmfsVerb) verb = NULL;
    EsxVolume volume = { .name = spec->name };
    g_autoptr(GError) local = NULL;
    gboolean ok = FALSE;

    if (!esxVmfsCheckNew(spec->name, spec->format, &volume.format, error) ||
        !(verb = esxVmfsVerbNew(connection, pool, error)))
        return FALSE;

    ok = volume.format == VIR_STORAGE_FILE_VMDK ? newDisk(verb, spec, &volume, &local)
                                                : newFile(verb, spec, &volume, &local);
    if (!ok) {
        esxVmfsVerbFail(verb, g_steal_pointer(&local), error);
        return FALSE;
    }
    volume.physical = volume.allocation;
    *ret_volume = esxVmfsVolumeOf(pool, &volume);
    return TRUE;
}

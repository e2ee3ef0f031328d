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
#include "esx_vmfs_contents.h"
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

/* Moves the file @fromPath to the name of the new volume. A file of that name stays. */
static gboolean
moveFile(EsxVmfsVerb *verb, const char *fromPath, const char *name, GError **error)
{
    g_autofree char *toPath = esxVmfsPath(verb->pool, name);
    const ViPath from = esxVmfsViPath(verb->pool, fromPath);
    const ViPath to = esxVmfsViPath(verb->pool, toPath);
    g_autoptr(GError) local = NULL;

    if (viFileMove(verb->connection->session, &from, &to, FALSE /* force */, &verb->change, &local))
        return TRUE;
    if (g_error_matches(local, VI_ERROR, VI_ERROR_FILE_EXISTS))
        return setExists(name, error);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Moves @temporary to its name; on failure deletes it. */
static gboolean
moveToName(EsxVmfsVerb *verb, const char *temporary, const char *name, GError **error)
{
    g_autofree char *fromPath = esxVmfsPath(verb->pool, temporary);
    GError *local = NULL;

    if (moveFile(verb, fromPath, name, &local))
        return TRUE;
    if (esxVmfsIsOpenOutcome(local))
        esxVmfsLeft(local, fromPath, " holds the new file, unless it has already been renamed");
    else
        esxVmfsVerbTidy(verb, fromPath, FALSE /* isDisk */, local);
    g_propagate_error(error, local);
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

/* ---- plain files that the server creates ----------------------------------------------------- */

/* A disk under a temporary name, whose extent becomes the file. */
typedef struct {
    const EsxVolumeSpec *spec;
    char *name;
    char *path;
} Blank;

static void
blankClear(Blank *blank)
{
    g_free(blank->name);
    g_free(blank->path);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Blank, blankClear)

/* A disk has whole KiB; on an object store, an extent is not a file. */
static gboolean
mayMakeBlank(const EsxVmfsVerb *verb, const Blank *blank)
{
    return blank->spec->capacity > ESX_VMFS_CREATE_SENT && blank->spec->capacity % 1024 == 0 &&
           verb->pool->datastore->fs != INVENTORY_FS_OTHER && !nameRefuseVolume(blank->name);
}

/* Whether the server refuses only this way, so that the zeros can be sent instead. */
static gboolean
isBlankRefused(const GError *error)
{
    if (error->domain != VI_ERROR)
        return error->domain == ESX_ERROR;
    switch (error->code) {
    case VI_ERROR_FAULT:
    case VI_ERROR_NOT_SUPPORTED:
    case VI_ERROR_INVALID_ARGUMENT:
    case VI_ERROR_INVALID_PATH:
    case VI_ERROR_INVALID_STATE:
    case VI_ERROR_FILE_FAULT:
    case VI_ERROR_FILE_NOT_FOUND:
    case VI_ERROR_NO_PERMISSION:
    case VI_ERROR_PROTOCOL:
        return TRUE;
    default:
        return FALSE;
    }
}

/*
 * Removes the disk after @local (transfer full).
 *
 * Returns: FALSE with @error if a file is left behind, or @local is more than a refusal; TRUE if
 * the zeros have to be sent.
 */
static gboolean
dropBlank(EsxVmfsVerb *verb, const Blank *blank, GError *local, GError **error)
{
    const gboolean refused = isBlankRefused(local);

    if (esxVmfsVerbTidy(verb, blank->path, TRUE /* isDisk */, local) && refused) {
        g_error_free(local);
        return TRUE;
    }
    g_propagate_error(error, local);
    return FALSE;
}

/* Returns: (transfer full) the name of the disk's extent; NULL with @error if it cannot be used. */
static char *
findExtent(EsxVmfsVerb *verb, const Blank *blank, GError **error)
{
    const EsxVolume volume = { .name = blank->name, .format = VIR_STORAGE_FILE_VMDK };
    g_autoptr(EsxVmfsContents) contents =
        esxVmfsContentsFind(verb->connection, verb->pool, &volume, error);

    if (!contents)
        return NULL;
    if (contents->nparts == 1 && contents->parts[0].fileOffset == 0 && contents->parts[0].isOwn &&
        contents->size == blank->spec->capacity)
        return g_strdup(contents->parts[0].file);
    g_set_error(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED, "the disk has no file of that length");
    return NULL;
}

/* Removes the descriptor, whose extent has moved. Some servers leave it and report success. */
static gboolean
removeDescriptor(EsxVmfsVerb *verb, const Blank *blank, GError **error)
{
    const ViPath path = esxVmfsViPath(verb->pool, blank->path);
    ViSession *session = verb->connection->session;
    g_autoptr(GError) local = NULL;

    if (viFileDelete(session, &path, &verb->change, NULL) &&
        esxVmfsVerbExpect(verb, blank->name, FALSE /* there */, NULL))
        return TRUE;
    local = g_error_new_literal(VI_ERROR, VI_ERROR_FILE_FAULT, "the new file exists, but the "
                                "descriptor that it was made with could not be removed");
    if (esxVmfsVerbTidy(verb, blank->path, TRUE /* isDisk */, local))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Gives the extent the name of the file. @ret_made: see makeBlank(). */
static gboolean
moveExtent(EsxVmfsVerb *verb, const Blank *blank, const char *extent, gboolean *ret_made,
           GError **error)
{
    g_autofree char *fromPath = esxVmfsPath(verb->pool, extent);
    GError *local = NULL;

    if (!moveFile(verb, fromPath, blank->spec->name, &local)) {
        if (!esxVmfsIsOpenOutcome(local))
            return dropBlank(verb, blank, local, error);
        esxVmfsLeft(local, blank->path, " is left over, with the new file as its extent unless "
                                        "that has already been renamed");
        g_propagate_error(error, local);
        return FALSE;
    }
    if (!checkNewFile(verb, extent, blank->spec, &local)) {
        esxVmfsVerbTidy(verb, blank->path, TRUE /* isDisk */, local);
        g_propagate_error(error, local);
        return FALSE;
    }
    *ret_made = removeDescriptor(verb, blank, error);
    return *ret_made;
}

/*
 * Lets the server create the file: as the extent of a disk, which is moved to the name.
 *
 * @ret_made: FALSE if the server refuses that; then nothing is left behind.
 * Returns: FALSE with @error if the file cannot be made at all.
 */
static gboolean
makeBlank(EsxVmfsVerb *verb, const Blank *blank, gboolean *ret_made, GError **error)
{
    NewDisk disk = {
        blank->path, blank->spec->capacity / 1024,
        { esxVmfsDiskType(blank->spec), VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC },
    };
    g_autofree char *extent = NULL;
    GError *local = NULL;

    *ret_made = FALSE;
    if (!mayMakeBlank(verb, blank))
        return TRUE;
    if (!esxVmfsVerbInDirectory(verb, blank->name, createDisk, &disk, &local)) {
        if (isBlankRefused(local)) {
            g_error_free(local);
            return TRUE;
        }
        g_propagate_error(error, local);
        return FALSE;
    }
    extent = findExtent(verb, blank, &local);
    if (!extent)
        return dropBlank(verb, blank, local, error);
    return moveExtent(verb, blank, extent, ret_made, error);
}

static gboolean
sendFile(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, const char *temporary, GError **error)
{
    g_autofree char *path = esxVmfsPath(verb->pool, temporary);
    NewFile file = { temporary, spec->capacity, FALSE };
    g_autoptr(GError) local = NULL;

    if (!esxVmfsVerbInDirectory(verb, temporary, writeZeros, &file, &local)) {
        if (file.begun)
            esxVmfsVerbTidy(verb, path, FALSE /* isDisk */, local);
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return moveToName(verb, temporary, spec->name, error) &&
           checkNewFile(verb, temporary, spec, error);
}

static gboolean
newFile(EsxVmfsVerb *verb, const EsxVolumeSpec *spec, EsxVolume *volume, GError **error)
{
    g_autofree char *temporary = nameMakeTemporary(spec->name);
    g_auto(Blank) blank = { .spec = spec, .name = g_strconcat(temporary, ".vmdk", NULL) };
    gboolean made = FALSE;

    blank.path = esxVmfsPath(verb->pool, blank.name);
    if (!checkRoom(verb->pool, spec->capacity, error) || !checkFree(verb, spec, error) ||
        !makeBlank(verb, &blank, &made, error) ||
        (!made && !sendFile(verb, spec, temporary, error)))
        return FALSE;

    volume->capacity = spec->capacity;
    volume->allocation = made && esxVmfsDiskType(spec) == VI_DISK_THIN ? 0 : spec->capacity;
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

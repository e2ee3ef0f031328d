/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Extends, wipes and deletes existing volumes. */

#include "esx_vmfs_change.h"

#include "base_limits.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_contents.h"
#include "esx_vmfs_create.h"
#include "esx_vmfs_descriptor.h"
#include "vi_transfer.h"

static gboolean
isDisk(const EsxVolume *volume)
{
    return volume->format == VIR_STORAGE_FILE_VMDK;
}

static gboolean
refuseChange(const char *sentence, GError **error)
{
    g_set_error_literal(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT, sentence);
    return FALSE;
}

/* ---- resize ---------------------------------------------------------------------------------- */

gboolean
esxVmfsCheckCapacity(const EsxVmfsVerb *verb, const char *name, guint64 capacity, GError **error)
{
    const EsxVolume volume = { .name = name, .format = VIR_STORAGE_FILE_VMDK };
    g_autoptr(EsxVmfsContents) contents =
        esxVmfsContentsFind(verb->connection, verb->pool, &volume, NULL);
    g_autofree char *path = esxVmfsPath(verb->pool, name);
    GError *local = NULL;

    if (!contents || contents->size >= capacity)
        return TRUE;
    textToError(&local, VI_ERROR, VI_ERROR_FILE_FAULT,
                "the server reported a resize to %" G_GUINT64_FORMAT " bytes, but the descriptor "
                "says %" G_GUINT64_FORMAT, capacity, contents->size);
    esxVmfsLeft(local, path, " does not have the requested capacity; resize it again");
    g_propagate_error(error, local);
    return FALSE;
}

guint64
esxVmfsRound(const EsxVolume *volume, guint64 capacity)
{
    return isDisk(volume) && capacity <= G_MAXUINT64 - 1023 ? (capacity + 1023) / 1024 * 1024
                                                            : capacity;
}

gboolean
esxVmfsCapacity(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
                guint64 *ret_capacity, GError **error)
{
    g_autoptr(GError) local = NULL;
    g_autoptr(EsxVmfsContents) contents =
        isDisk(volume) ? esxVmfsContentsFind(connection, pool, volume, &local) : NULL;

    if (g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    *ret_capacity = contents ? contents->size / 1024 * 1024 : volume->capacity;
    return TRUE;
}

/*
 * Takes @error of an extension that failed: another client may have extended the disk after it was
 * listed. Returns: whether it has just @capacity.
 */
static gboolean
hasBeenExtended(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
                guint64 capacity, GError **error)
{
    guint64 now = 0;

    if (esxVmfsIsOpenOutcome(*error) || g_error_matches(*error, VI_ERROR, VI_ERROR_CANCELLED) ||
        g_error_matches(*error, VI_ERROR, VI_ERROR_TIMEOUT) ||
        !esxVmfsCapacity(connection, pool, volume, &now, NULL) || now < capacity ||
        now == volume->capacity)
        return FALSE;
    g_clear_error(error);
    if (now == capacity)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                "another client has extended the disk to %" G_GUINT64_FORMAT " bytes in the "
                "meantime", now);
    return FALSE;
}

gboolean
esxVmfsResize(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
              guint64 capacity, gboolean allocate, GError **error)
{
    g_autoptr(EsxVmfsVerb) verb = NULL;
    g_autofree char *path = esxVmfsPath(pool, volume->name);
    const ViPath disk = esxVmfsViPath(pool, path);
    g_autoptr(GError) local = NULL;
    guint64 capacityKb = 0;

    if (esxVmfsRound(volume, capacity) == volume->capacity)
        return TRUE;
    if (!isDisk(volume))
        return refuseChange("ESX can resize virtual disks, not plain files; upload the file again "
                            "with the new size", error);
    if (!esxVmfsCapacityKb(capacity, &capacityKb, error))
        return FALSE;
    if (capacityKb * 1024 < volume->capacity)
        return refuseChange("ESX cannot shrink a virtual disk; create a smaller disk and copy the "
                            "data to it", error);
    if (!(verb = esxVmfsVerbNew(connection, pool, error)))
        return FALSE;
    if (viDiskExtend(connection->session, &disk, capacityKb, allocate, &verb->change, &local))
        return esxVmfsCheckCapacity(verb, volume->name, capacityKb * 1024, error);
    if (hasBeenExtended(connection, pool, volume, capacityKb * 1024, &local))
        return TRUE;
    esxVmfsAbout(&local, path, " may have been resized");
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* ---- wipe ------------------------------------------------------------------------------------ */

gboolean
esxVmfsWipe(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
            unsigned int algorithm, GError **error)
{
    g_autoptr(EsxVmfsVerb) verb = NULL;
    g_autofree char *path = esxVmfsPath(pool, volume->name);
    const ViPath disk = esxVmfsViPath(pool, path);

    if (algorithm != VIR_STORAGE_VOL_WIPE_ALG_ZERO)
        return refuseChange("ESX can only overwrite disks with zeros; omit the algorithm", error);
    if (!isDisk(volume))
        return refuseChange("ESX can wipe virtual disks, not plain files; you can delete the file, "
                            "but its blocks keep their data until they are reused", error);
    if (!(verb = esxVmfsVerbNew(connection, pool, error)))
        return FALSE;
    if (viDiskZeroFill(connection->session, &disk, &verb->change, error))
        return TRUE;
    esxVmfsAbout(error, path, " may have been wiped, completely or in part");
    return FALSE;
}

/* ---- delete ---------------------------------------------------------------------------------- */

/* Whether @error of a deletion does not give the reason. */
static gboolean
isVague(const GError *error)
{
    if (error->domain != VI_ERROR)
        return FALSE;
    switch (error->code) {
    case VI_ERROR_FAULT:
    case VI_ERROR_INVALID_ARGUMENT:
    case VI_ERROR_NOT_SUPPORTED:
    case VI_ERROR_FILE_FAULT:
    case VI_ERROR_INVALID_STATE:
        return TRUE;
    default:
        return FALSE;
    }
}

/* Whether the descriptor of the disk forbids deletion. FALSE if it cannot be read. */
static gboolean
isForbidden(EsxVmfsVerb *verb, const EsxVolume *volume)
{
    const ViFile file = esxVmfsViFile(verb->pool, volume->name);
    size_t length = 0;
    g_autofree char *text =
        viTransferReadText(verb->connection->transfer, &file, LIMIT_DESCRIPTOR_BYTES,
                           verb->change.cancel, &length, NULL);
    g_autoptr(EsxVmfsDescriptor) descriptor =
        text ? esxVmfsDescriptorParse(text, length, NULL) : NULL;

    return descriptor && !descriptor->deletable;
}

gboolean
esxVmfsDelete(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
              GError **error)
{
    g_autoptr(EsxVmfsVerb) verb = NULL;
    g_autofree char *path = esxVmfsPath(pool, volume->name);
    const ViPath file = esxVmfsViPath(pool, path);
    g_autoptr(GError) local = NULL;

    if (!(verb = esxVmfsVerbNew(connection, pool, error)))
        return FALSE;
    if (isDisk(volume) ? viDiskDelete(connection->session, &file, &verb->change, &local)
                       : viFileDelete(connection->session, &file, &verb->change, &local))
        return esxVmfsVerbExpect(verb, volume->name, FALSE /* there */, error);

    esxVmfsAbout(&local, path, " may have been deleted, completely or in part");
    if (isDisk(volume) && isVague(local) && isForbidden(verb, volume))
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                    "its descriptor forbids deletion (ddb.deletable = \"false\"), usually because "
                    "something else needs the disk; if nothing does, remove that entry from the "
                    "descriptor: " TEXT_MESSAGE,
                    local->message);
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* From the temporary file of an upload to the contents of the volume. */

#include "esx_vmfs_upload_place.h"

#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"

/* ---- before the move ------------------------------------------------------------------------- */

/*
 * Deletes the temporary file. If the upload was cancelled, an error is reported only if the file
 * could not be deleted.
 */
void
esxVmfsUploadRemove(EsxVmfsUploading *upload, const char *path, GError **error)
{
    GError *local = g_steal_pointer(error);

    if (!esxVmfsVerbTidy(upload->verb, path, FALSE /* isDisk */, local) &&
        g_error_matches(local, HTTP_ERROR, HTTP_ERROR_CANCELLED)) {
        g_set_error_literal(error, VI_ERROR, VI_ERROR_FILE_FAULT, local->message);
        g_error_free(local);
        return;
    }
    g_propagate_error(error, local);
}

/*
 * If the disk was resized during the upload, it must not get an extent of the wrong size; a deleted
 * volume must not be created again.
 */
gboolean
esxVmfsUploadCheckUnchanged(EsxVmfsUploading *upload, const Cancel *cancel, GError **error)
{
    const gboolean isDisk = upload->contents->isDisk;
    const ViFile file = esxVmfsViFile(upload->verb->pool, upload->contents->parts[0].file);
    guint64 size = 0;

    if (!viTransferSize(upload->verb->connection->transfer, &file, cancel, &size, error)) {
        g_prefix_error(error, "the volume was changed during the upload: ");
        return FALSE;
    }
    if (size == upload->contents->size)
        return TRUE;
    /*
     * An extent only grows. One that is too short is from an earlier upload during a resize, and
     * this upload repairs it.
     */
    if (isDisk && size < upload->contents->size)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                "the %s during the upload: it now has %" G_GUINT64_FORMAT " bytes and had %"
                G_GUINT64_FORMAT " before; upload again",
                isDisk ? "disk was resized" : "file was replaced", size, upload->contents->size);
    return FALSE;
}

/* Finds the contents again. Returns: (transfer full), or NULL with @error. */
EsxVmfsContents *
esxVmfsUploadFindNow(const EsxVmfsUploading *upload, GError **error)
{
    const EsxVmfsContents *contents = upload->contents;
    const EsxVolume volume = {
        .name = contents->volume,
        .format = contents->isDisk ? VIR_STORAGE_FILE_VMDK : VIR_STORAGE_FILE_RAW,
    };

    return esxVmfsContentsFind(upload->verb->connection, contents->pool, &volume, error);
}

/* ---- the move -------------------------------------------------------------------------------- */

/* The move, with the names of both files. */
typedef struct {
    const char *temporary;
    const char *fromPath;
    const char *toPath;
    const Cancel *cancel;
} Place;

/*
 * An error about a file left at @path; first what it is, and what to do about it.
 *
 * @note: what @path is, a phrase that begins with a blank. @why: (transfer full).
 * Returns: FALSE.
 */
static gboolean
failLeft(const char *path, ViErrorCode code, const char *note, char *why, GError **error)
{
    GError *local = g_error_new_literal(VI_ERROR, code, why);

    g_free(why);
    esxVmfsLeft(local, path, TEXT_MESSAGE, note);
    g_propagate_error(error, local);
    return FALSE;
}

/*
 * The disk was deleted between the last check and the move, so the moved file is an extent without
 * a disk. One attempt: a file that cannot be deleted now may belong to a new disk.
 */
static gboolean
removeOrphan(const EsxVmfsUploading *upload, const Place *place, GError **error)
{
    EsxVmfsVerb *verb = upload->verb;
    const ViPath file = esxVmfsViPath(verb->pool, place->toPath);
    g_autoptr(GError) local = NULL;

    if (viFileDelete(verb->connection->session, &file, &verb->change, &local))
        g_set_error(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND,
                    "the disk was deleted during the upload; the uploaded data was deleted too");
    else
        return failLeft(place->toPath, VI_ERROR_FILE_NOT_FOUND,
                        " is left over and belongs to no disk; delete it",
                        textFormat("the disk was deleted during the upload, and deleting the "
                                   "uploaded data failed: " TEXT_MESSAGE, local->message),
                        error);
    return FALSE;
}

/* It is unknown whether the volume now has the uploaded data. @local: (transfer full). */
static gboolean
failLook(const Place *place, GError *local, GError **error)
{
    char *why = textFormat("checking the result failed: " TEXT_MESSAGE, local->message);

    g_error_free(local);
    return failLeft(place->toPath, VI_ERROR_OUTCOME_UNKNOWN,
                    " is where the uploaded data was moved", why, error);
}

/* Whether the server has really moved the file: then the temporary name no longer exists. */
static gboolean
checkMoved(EsxVmfsUploading *upload, const Place *place, GError **error)
{
    const ViFile file = esxVmfsViFile(upload->verb->pool, place->temporary);
    GError *local = NULL;
    guint64 size = 0;

    if (viTransferSize(upload->verb->connection->transfer, &file, place->cancel, &size, &local)) {
        textToError(&local, VI_ERROR, VI_ERROR_FILE_FAULT,
                    "the server reported that the uploaded data was moved to '%s', but it was not",
                    place->toPath);
        esxVmfsUploadRemove(upload, place->fromPath, &local);
        g_propagate_error(error, local);
        return FALSE;
    }
    if (!g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND))
        return failLook(place, local, error);
    g_error_free(local);
    return TRUE;
}

/* Whether the descriptor matches the extent, which is the uploaded file. */
static gboolean
checkDiskNow(EsxVmfsUploading *upload, const Place *place, GError **error)
{
    const EsxVmfsContents *contents = upload->contents;
    const ViFile file = esxVmfsViFile(contents->pool, contents->parts[0].file);
    g_autoptr(EsxVmfsContents) now = NULL;
    g_autofree char *note = NULL;
    GError *local = NULL;
    guint64 size = 0;

    now = esxVmfsUploadFindNow(upload, &local);
    if (!now && g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND)) {
        g_error_free(local);
        return removeOrphan(upload, place, error);
    }
    if (!now)
        return failLook(place, local, error);
    if (now->size == contents->size)
        return TRUE;
    if (!viTransferSize(upload->verb->connection->transfer, &file, place->cancel, &size, &local))
        return failLook(place, local, error);
    /* Resized after the move: then the upload was complete before. */
    if (size == now->size)
        return TRUE;
    note = textFormat(" holds the contents of the disk but does not match its descriptor; %s %"
                      G_GUINT64_FORMAT " bytes",
                      size < now->size ? "upload an image of" : "resize the disk to",
                      MAX(size, now->size));
    return failLeft(place->toPath, VI_ERROR_FILE_FAULT, note,
                    textFormat("the disk was changed during the upload: its descriptor says %"
                               G_GUINT64_FORMAT " bytes, its contents have %" G_GUINT64_FORMAT,
                               now->size, size),
                    error);
}

/* Returns: FALSE. */
static gboolean
setReplaced(const EsxVmfsUploading *upload, const Place *place, guint64 size, GError **error)
{
    g_autofree char *note = textFormat(" now has %" G_GUINT64_FORMAT " bytes, but %"
                                       G_GUINT64_FORMAT " were sent; upload again",
                                       size, upload->given);

    return failLeft(place->toPath, VI_ERROR_FILE_FAULT, note,
                    g_strdup("the file was replaced during the upload"), error);
}

/* One check is enough: if both lengths are equal, check the temporary name. */
static gboolean
checkFileNow(EsxVmfsUploading *upload, const Place *place, GError **error)
{
    const ViFile file = esxVmfsViFile(upload->verb->pool, upload->contents->volume);
    GError *local = NULL;
    guint64 size = 0;

    if (upload->given == upload->contents->size)
        return checkMoved(upload, place, error);
    if (!viTransferSize(upload->verb->connection->transfer, &file, place->cancel, &size, &local)) {
        if (!g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND))
            return failLook(place, local, error);
        g_propagate_prefixed_error(error, local, "the file was deleted during the upload: ");
        return FALSE;
    }
    if (size == upload->given)
        return TRUE;
    if (size == upload->contents->size)
        return checkMoved(upload, place, error) && setReplaced(upload, place, size, error);
    return setReplaced(upload, place, size, error);
}

gboolean
esxVmfsUploadMove(EsxVmfsUploading *upload, const char *temporary, const Cancel *cancel,
                  GError **error)
{
    EsxVmfsVerb *verb = upload->verb;
    const char *fromPath = upload->base.rest;
    g_autofree char *toPath = esxVmfsPath(verb->pool, upload->contents->parts[0].file);
    const ViPath from = esxVmfsViPath(verb->pool, fromPath);
    const ViPath to = esxVmfsViPath(verb->pool, toPath);
    const Place place = { temporary, fromPath, toPath, cancel };
    GError *local = NULL;

    if (viFileMove(verb->connection->session, &from, &to, TRUE /* force */, &verb->change, &local))
        return upload->contents->isDisk ? checkMoved(upload, &place, error) &&
                                              checkDiskNow(upload, &place, error)
                                        : checkFileNow(upload, &place, error);
    if (esxVmfsIsOpenOutcome(local))
        esxVmfsLeft(local, fromPath, " holds the uploaded data, unless it has already been moved "
                                     "into place");
    else
        esxVmfsUploadRemove(upload, fromPath, &local);
    g_propagate_error(error, local);
    return FALSE;
}

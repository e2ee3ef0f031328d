/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Contents of a volume, from the client to the server. */

#include "esx_vmfs_upload.h"

#include "base_names.h"
#include "base_text.h"
#include "esx_claim.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_contents.h"
#include "esx_vmfs_verb.h"

/* Small, so that little is left to send when the client ends the stream. */
#define PIPE_BYTES ((size_t)1024 * 1024)

typedef struct {
    EsxTransfer base;
    EsxVmfsContents *contents;
    EsxVmfsVerb *verb;
    EsxClaim *claim;        /* from the first byte on */
    char *temporary;        /* name of the file that is written first */
    guint64 epoch;          /* when the contents were found */
    guint64 before;         /* bytes of the volume then */
    gint64 length;          /* required length; HTTP_LENGTH_UNKNOWN: any */

    EsxPipe *pipe;          /* while it runs */
    guint64 got;
    gboolean asked;         /* the server has accepted the file's name: the file may exist */
} Upload;

static gboolean
setUploadGivenUp(GError **error)
{
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the upload was aborted");
    return FALSE;
}

/* Meanwhile the client holds the volume, a thread and a connection to the server. */
static gboolean
setSenderSilent(const EsxPipe *pipe, const char *what, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_CLIENT_SILENT,
                "the client has %s for %g s; the volume is unchanged",
                what, esxPipePatienceMs(pipe) / 1000.0);
    return FALSE;
}

/* ---- data from the client -------------------------------------------------------------------- */

static gboolean
setLength(const Upload *upload, const char *what, GError **error)
{
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "%s %" G_GINT64_FORMAT " bytes %s; the volume is unchanged", what, upload->length,
                upload->contents->isDisk ? "of the virtual disk" : "that were announced");
    return FALSE;
}

/* HttpSource: the client's data, up to the announced length; holes as zeros. */
static gssize
giveBytes(char *buffer, size_t size, gpointer opaque, GError **error)
{
    Upload *upload = opaque;
    size_t length = 0;

    upload->asked = TRUE;
    if (upload->length >= 0)
        size = (size_t)MIN((guint64)size, (guint64)upload->length - upload->got);
    if (size == 0)
        return 0;
    if (cancelIsRaised(esxServerCancelFlag())) {
        setUploadGivenUp(error);
        return -1;
    }
    switch (esxPipeRead(upload->pipe, buffer, size, TRUE /* expand */, TRUE /* block */, &length)) {
    case ESX_PIPE_DONE:
        upload->got += length;
        return (gssize)length;
    case ESX_PIPE_END:
        if (upload->length < 0)
            return 0;
        setLength(upload, "the data ends before the", error);
        return -1;
    case ESX_PIPE_WAIT:
        setSenderSilent(upload->pipe, "sent nothing", error);
        return -1;
    case ESX_PIPE_HOLE:
    case ESX_PIPE_CLOSED:
    default:
        setUploadGivenUp(error);
        return -1;
    }
}

/* Waits until the client ends the stream. */
static gboolean
awaitEnd(Upload *upload, GError **error)
{
    if (upload->length < 0)
        return TRUE;
    switch (esxPipeAwaitEnd(upload->pipe)) {
    case ESX_PIPE_END:
        return TRUE;
    case ESX_PIPE_DONE:
        return setLength(upload, "the data is longer than the", error);
    case ESX_PIPE_WAIT:
        return setSenderSilent(upload->pipe, "not ended the upload", error);
    case ESX_PIPE_HOLE:
    case ESX_PIPE_CLOSED:
    default:
        return setUploadGivenUp(error);
    }
}

/* ---- the temporary file ---------------------------------------------------------------------- */

static gboolean
writeFile(Upload *upload, const char *temporary, const Cancel *cancel, GError **error)
{
    ViTransfer *transfer = upload->verb->connection->transfer;
    const ViFile file = esxVmfsViFile(upload->verb->pool, temporary);
    guint64 size = 0;

    if (!viTransferWrite(transfer, &file, upload->length, giveBytes, upload, cancel,
                       NULL /* ret_written */, error))
        return FALSE;
    upload->asked = TRUE;
    /* Before the end: work done by then does not delay Finish, and a daemon's main loop. */
    if (!viTransferSize(transfer, &file, cancel, &size, error))
        return FALSE;
    if (size != upload->got) {
        textToError(error, VI_ERROR, VI_ERROR_FILE_FAULT,
                    "the server stored %" G_GUINT64_FORMAT " of the %" G_GUINT64_FORMAT " bytes "
                    "that were sent; the volume is unchanged", size, upload->got);
        return FALSE;
    }
    if (!awaitEnd(upload, error))
        return FALSE;
    /* The rest takes no longer than other changes. */
    esxClaimSetSlow(upload->claim, FALSE, NULL /* givenUp */);
    return TRUE;
}

/* Whether the file may exist after writing it failed with @error. After an invalid reply it may. */
static gboolean
mayBeThere(const Upload *upload, const GError *error)
{
    return upload->asked || error->domain == HTTP_ERROR || esxVmfsIsOpenOutcome(error) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_PROTOCOL);
}

/*
 * Deletes the temporary file. If the upload was given up, an error is reported only if the file is
 * left over.
 */
static void
removeTemporary(Upload *upload, const char *path, GError **error)
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
static gboolean
checkUnchanged(Upload *upload, const Cancel *cancel, GError **error)
{
    const gboolean isDisk = upload->contents->isDisk;
    const ViFile file = esxVmfsViFile(upload->verb->pool, upload->contents->parts[0].file);
    guint64 size = 0;

    if (!viTransferSize(upload->verb->connection->transfer, &file, cancel, &size, error)) {
        g_prefix_error(error, "the volume was changed during the upload: ");
        return FALSE;
    }
    if (size == upload->before)
        return TRUE;
    /*
     * An extent only grows. One that is too short is from an earlier upload during a resize, and
     * this upload repairs it.
     */
    if (isDisk && size < upload->before)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                "the %s during the upload: it now has %" G_GUINT64_FORMAT " bytes and had %"
                G_GUINT64_FORMAT " before; upload again",
                isDisk ? "disk was resized" : "file was replaced", size, upload->before);
    return FALSE;
}

/*
 * No request is sent before the first data: a daemon may keep a stream whose client died before it
 * began, and which is not ended.
 */
static gboolean
awaitBeginning(EsxPipe *pipe, GError **error)
{
    const guint ms = esxPipePatienceMs(pipe);
    const gint64 deadline = g_get_monotonic_time() + ms * (gint64)G_TIME_SPAN_MILLISECOND;
    const EsxPipeResult begun = esxPipeAwaitBegun(pipe, ms > 0 ? deadline : 0);
    guint64 length = 0;

    if (begun == ESX_PIPE_WAIT)
        return setSenderSilent(pipe, "sent nothing", error);
    return (begun == ESX_PIPE_DONE &&
            esxPipePeek(pipe, FALSE /* block */, &length) != ESX_PIPE_CLOSED) ||
           setUploadGivenUp(error);
}

/* ---- beside other changes -------------------------------------------------------------------- */

/* Finds the contents again. Returns: (transfer full), or NULL with @error. */
static EsxVmfsContents *
findNow(const Upload *upload, GError **error)
{
    const EsxVmfsContents *contents = upload->contents;
    const EsxVolume volume = {
        .name = contents->volume,
        .format = contents->isDisk ? VIR_STORAGE_FILE_VMDK : VIR_STORAGE_FILE_RAW,
    };

    return esxVmfsContentsFind(upload->verb->connection, contents->pool, &volume, error);
}

/* Data about the volume may be outdated if another change has ended since. */
static gboolean
checkStill(Upload *upload, GError **error)
{
    const EsxVmfsContents *contents = upload->contents;
    g_autoptr(EsxVmfsContents) now = NULL;

    if (esxClaimEpoch() == upload->epoch)
        return TRUE;
    now = findNow(upload, error);
    if (!now) {
        g_prefix_error(error, "the volume was changed before the upload began: ");
        return FALSE;
    }
    upload->before = now->size;
    if (!contents->isDisk || (now->size == contents->size && now->nparts == 1 &&
                              g_str_equal(now->parts[0].file, contents->parts[0].file)))
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                "the disk was resized before the upload began: it now has %" G_GUINT64_FORMAT " "
                "bytes and had %" G_GUINT64_FORMAT " before; upload again", now->size,
                contents->size);
    return FALSE;
}

/*
 * Claims the volume, and the temporary file. Not before the first data: a stream that has not begun
 * may not be ended by a client any more.
 */
static gboolean
claimVolume(Upload *upload, const char *temporary, const Cancel *cancel, GError **error)
{
    const EsxClaimOn on[] = {
        { upload->contents->pool, upload->contents->volume, FALSE },
        { upload->contents->pool, temporary, FALSE },
    };

    upload->claim = esxClaimTake("an upload", on, G_N_ELEMENTS(on),
                                 upload->verb->connection->options.taskTimeoutMs, cancel, error);
    if (!upload->claim)
        return FALSE;
    esxClaimSetSlow(upload->claim, TRUE, cancel);
    return checkStill(upload, error);
}

/*
 * Whether an upload that began now would be refused: report that at once, not through the stream.
 */
static gboolean
checkUnclaimed(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
               GError **error)
{
    const EsxClaimOn on = { pool, volume->name, TRUE };
    g_autoptr(EsxClaim) claim = esxClaimTake("an upload", &on, 1, connection->options.taskTimeoutMs,
                                             esxServerCancelFlag(), error);

    return claim != NULL;
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
removeOrphan(const Upload *upload, const Place *place, GError **error)
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
checkMoved(Upload *upload, const Place *place, GError **error)
{
    const ViFile file = esxVmfsViFile(upload->verb->pool, place->temporary);
    GError *local = NULL;
    guint64 size = 0;

    if (viTransferSize(upload->verb->connection->transfer, &file, place->cancel, &size, &local)) {
        textToError(&local, VI_ERROR, VI_ERROR_FILE_FAULT,
                    "the server reported that the uploaded data was moved to '%s', but it was not",
                    place->toPath);
        removeTemporary(upload, place->fromPath, &local);
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
checkDiskNow(Upload *upload, const Place *place, GError **error)
{
    const EsxVmfsContents *contents = upload->contents;
    const ViFile file = esxVmfsViFile(contents->pool, contents->parts[0].file);
    g_autoptr(EsxVmfsContents) now = NULL;
    g_autofree char *note = NULL;
    GError *local = NULL;
    guint64 size = 0;

    now = findNow(upload, &local);
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
setReplaced(const Upload *upload, const Place *place, guint64 size, GError **error)
{
    g_autofree char *note = textFormat(" now has %" G_GUINT64_FORMAT " bytes, but %"
                                       G_GUINT64_FORMAT " were sent; upload again",
                                       size, upload->got);

    return failLeft(place->toPath, VI_ERROR_FILE_FAULT, note,
                    g_strdup("the file was replaced during the upload"), error);
}

/* One check is enough: if both lengths are equal, check the temporary name. */
static gboolean
checkFileNow(Upload *upload, const Place *place, GError **error)
{
    const ViFile file = esxVmfsViFile(upload->verb->pool, upload->contents->volume);
    GError *local = NULL;
    guint64 size = 0;

    if (upload->got == upload->before)
        return checkMoved(upload, place, error);
    if (!viTransferSize(upload->verb->connection->transfer, &file, place->cancel, &size, &local)) {
        if (!g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND))
            return failLook(place, local, error);
        g_propagate_prefixed_error(error, local, "the file was deleted during the upload: ");
        return FALSE;
    }
    if (size == upload->got)
        return TRUE;
    if (size == upload->before)
        return checkMoved(upload, place, error) && setReplaced(upload, place, size, error);
    return setReplaced(upload, place, size, error);
}

static gboolean
moveToPlace(Upload *upload, const char *temporary, const Cancel *cancel, GError **error)
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
        removeTemporary(upload, fromPath, &local);
    g_propagate_error(error, local);
    return FALSE;
}

/* EsxTransfer.run */
static gboolean
runUpload(EsxTransfer *transfer, EsxPipe *pipe, const Cancel *cancel, GError **error)
{
    Upload *upload = (Upload *)transfer;
    const char *temporary = upload->temporary;
    GError *local = NULL;

    upload->pipe = pipe;
    upload->verb->change.cancel = cancel;
    if (!awaitBeginning(pipe, error) || !claimVolume(upload, temporary, cancel, error))
        return FALSE;
    if (writeFile(upload, temporary, cancel, &local) && checkUnchanged(upload, cancel, &local))
        return moveToPlace(upload, temporary, cancel, error);

    if (mayBeThere(upload, local))
        removeTemporary(upload, upload->base.rest, &local);
    g_propagate_error(error, local);
    return FALSE;
}

/* ---- the request ----------------------------------------------------------------------------- */

static gboolean
refusePart(GError **error, const char *why)
{
    textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                "%s: ESX only accepts the contents of a file as a whole; download the volume, "
                "change the copy and upload all of it", why);
    return FALSE;
}

static gboolean
checkDisk(const EsxVmfsContents *contents, guint64 length, GError **error)
{
    if (contents->nparts > 1 || contents->parts[0].fileOffset > 0) {
        textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                    "the contents of the disk are spread over %zu files, or begin within one; "
                    "clone the disk, which makes one file of them, and upload to the clone",
                    contents->nparts);
        return FALSE;
    }
    if (!contents->parts[0].isOwn) {
        textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                    "the contents are in '%s', which is read-only or belongs to another disk; "
                    "clone the disk and upload to the clone", contents->parts[0].file);
        return FALSE;
    }
    if (length <= contents->size)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "%" G_GUINT64_FORMAT " bytes are more than the capacity of the virtual disk, %"
                G_GUINT64_FORMAT " bytes; resize the disk first", length, contents->size);
    return FALSE;
}

/* Whether the whole volume is replaced. */
static gboolean
checkWhole(const EsxVmfsContents *contents, guint64 length, GError **error)
{
    if (length > G_MAXINT64) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "no ESX host supports a file of %" G_GUINT64_FORMAT " bytes", length);
        return FALSE;
    }
    if (length > 0 && length < contents->size)
        return refusePart(error, "an upload cannot end before the end of the volume");
    return !contents->isDisk || checkDisk(contents, length, error);
}

static void
uploadFree(EsxTransfer *transfer)
{
    Upload *upload = (Upload *)transfer;

    esxVmfsVerbFree(upload->verb);
    esxClaimFree(upload->claim);
    esxVmfsContentsFree(upload->contents);
    g_free(upload->temporary);
    g_free(upload);
}

EsxTransfer *
esxVmfsUpload(EsxConnection *connection, const InventoryPool *pool, const EsxVolume *volume,
              guint64 offset, guint64 length, GError **error)
{
    g_autoptr(EsxVmfsContents) contents = NULL;
    EsxVmfsVerb *verb = NULL;
    guint64 epoch;
    Upload *upload;

    if (!esxVmfsCheckWritable(pool, error))
        return NULL;
    if (offset > 0) {
        refusePart(error, "an upload cannot begin in the middle of a volume");
        return NULL;
    }
    if (!checkUnclaimed(connection, pool, volume, error))
        return NULL;
    epoch = esxClaimEpoch();
    contents = esxVmfsContentsFind(connection, pool, volume, error);
    if (!contents || !checkWhole(contents, length, error) ||
        !(verb = esxVmfsVerbNew(connection, contents->pool, error)))
        return NULL;

    upload = g_new0(Upload, 1);
    upload->base = (EsxTransfer) {
        .run = runUpload,
        .free = uploadFree,
        .isUpload = TRUE,
        .pipeBytes = PIPE_BYTES,
        .what = textFormat("upload to '%s'", volume->path),
    };
    upload->verb = verb;
    upload->epoch = epoch;
    upload->before = contents->size;
    upload->length = length > 0 ? (gint64)length : HTTP_LENGTH_UNKNOWN;
    if (contents->isDisk)
        upload->length = (gint64)contents->size;
    upload->base.expected = (guint64)MAX(upload->length, 0);
    upload->temporary = nameMakeTemporary(contents->volume);
    upload->base.rest = esxVmfsPath(contents->pool, upload->temporary);
    upload->contents = g_steal_pointer(&contents);
    return &upload->base;
}

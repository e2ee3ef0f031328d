/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Contents of a volume, from the client to the server. */

#include "esx_vmfs_upload.h"

#include "base_names.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_claim.h"
#include "esx_vmfs_upload_place.h"
#include "esx_vmfs_upload_source.h"

/* Small, so that little is left to send when the client ends the stream. */
#define PIPE_BYTES ((size_t)1024 * 1024)

/* ---- the temporary file ---------------------------------------------------------------------- */

static gboolean
writeFile(EsxVmfsUploading *upload, const char *temporary, const Cancel *cancel, GError **error)
{
    ViTransfer *transfer = upload->verb->connection->transfer;
    const ViFile file = esxVmfsViFile(upload->verb->pool, temporary);
    guint64 size = 0;

    if (!viTransferWrite(transfer, &file, esxVmfsUploadTotal(upload), esxVmfsUploadGive, upload,
                         cancel, NULL /* ret_written */, error))
        return FALSE;
    upload->asked = TRUE;
    /* Before the end: work done by then does not delay Finish, and a daemon's main loop. */
    if (!viTransferSize(transfer, &file, cancel, &size, error))
        return FALSE;
    if (size != upload->given) {
        textToError(error, VI_ERROR, VI_ERROR_FILE_FAULT,
                    "the server stored %" G_GUINT64_FORMAT " of the %" G_GUINT64_FORMAT " bytes "
                    "that were sent; the volume is unchanged", size, upload->given);
        return FALSE;
    }
    if (!esxVmfsUploadAwaitLast(upload, error))
        return FALSE;
    /* The rest takes no longer than other changes. */
    esxClaimSetSlow(upload->claim, FALSE, NULL /* givenUp */);
    return TRUE;
}

/* Whether the file may exist after writing it failed with @error. After an invalid reply it may. */
static gboolean
mayBeThere(const EsxVmfsUploading *upload, const GError *error)
{
    return upload->asked || error->domain == HTTP_ERROR || esxVmfsIsOpenOutcome(error) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_PROTOCOL);
}

/* ---- beside other changes -------------------------------------------------------------------- */

static gboolean
checkOffset(const EsxVmfsContents *contents, guint64 offset, GError **error)
{
    if (offset < contents->size || (offset == contents->size && !contents->isDisk))
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "it has %" G_GUINT64_FORMAT " bytes, so an upload cannot begin at byte %"
                G_GUINT64_FORMAT, contents->size, offset);
    return FALSE;
}

/* Data about the volume may be outdated if another change has ended since. */
static gboolean
checkStill(EsxVmfsUploading *upload, GError **error)
{
    const EsxVmfsContents *contents = upload->contents;
    g_autoptr(EsxVmfsContents) now = NULL;

    if (esxClaimEpoch() == upload->epoch)
        return TRUE;
    now = esxVmfsUploadFindNow(upload, error);
    if (!now) {
        g_prefix_error(error, "the volume was changed before the upload began: ");
        return FALSE;
    }
    if (!contents->isDisk) {
        esxVmfsContentsFree(upload->contents);
        upload->contents = g_steal_pointer(&now);
        return checkOffset(upload->contents, upload->offset, error);
    }
    if (now->size == contents->size && now->nparts == 1 &&
        g_str_equal(now->parts[0].file, contents->parts[0].file))
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
claimVolume(EsxVmfsUploading *upload, const char *temporary, const Cancel *cancel, GError **error)
{
    const EsxClaimOn on[] = {
        { esxVmfsClaimKey, upload->contents->pool, upload->contents->volume, FALSE },
        { esxVmfsClaimKey, upload->contents->pool, temporary, FALSE },
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
    const EsxClaimOn on = { esxVmfsClaimKey, pool, volume->name, TRUE };
    g_autoptr(EsxClaim) claim = esxClaimTake("an upload", &on, 1, connection->options.taskTimeoutMs,
                                             esxServerCancelFlag(), error);

    return claim != NULL;
}

/* ---- the transfer ------------------------------------------------------------------------- */

/* If the kept contents could not be read, the volume may have been changed; then say that. */
static void
explainFailure(EsxVmfsUploading *upload, const Cancel *cancel, GError **error)
{
    g_autoptr(GError) why = NULL;

    if (!upload->keptFailed || g_error_matches(*error, HTTP_ERROR, HTTP_ERROR_CANCELLED) ||
        esxVmfsUploadCheckUnchanged(upload, cancel, &why) ||
        !g_error_matches(why, ESX_ERROR, ESX_ERROR_INVALID_OPERATION))
        return;
    g_error_free(*error);
    *error = g_steal_pointer(&why);
}

/* EsxTransfer.run */
static gboolean
runUpload(EsxTransfer *transfer, EsxPipe *pipe, const Cancel *cancel, GError **error)
{
    EsxVmfsUploading *upload = (EsxVmfsUploading *)transfer;
    const char *temporary = upload->temporary;
    GError *local = NULL;
    guint64 length = 0;

    upload->pipe = pipe;
    upload->cancel = cancel;
    upload->verb->change.cancel = cancel;
    if (!esxVmfsUploadAwaitBeginning(pipe, error))
        return FALSE;
    /* Nothing was sent, so nothing changes. */
    if (esxPipePeek(pipe, FALSE /* block */, &length) == ESX_PIPE_END)
        return TRUE;
    if ((upload->contents->isDisk && upload->offset == 0 &&
         !esxVmfsUploadCheckHead(upload, error)) ||
        !claimVolume(upload, temporary, cancel, error))
        return FALSE;
    if (writeFile(upload, temporary, cancel, &local) &&
        esxVmfsUploadCheckUnchanged(upload, cancel, &local))
        return esxVmfsUploadMove(upload, temporary, cancel, error);

    g_clear_pointer(&upload->kept, esxVmfsKeptFree);
    explainFailure(upload, cancel, &local);
    if (mayBeThere(upload, local))
        esxVmfsUploadRemove(upload, upload->base.rest, &local);
    g_propagate_error(error, local);
    return FALSE;
}

/* ---- the request ----------------------------------------------------------------------------- */

static gboolean
checkDisk(const EsxVmfsContents *contents, guint64 offset, guint64 length, GError **error)
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
    if (length <= contents->size - offset)
        return TRUE;
    textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                "%" G_GUINT64_FORMAT " bytes from byte %" G_GUINT64_FORMAT " on are more than the "
                "capacity of the virtual disk, %" G_GUINT64_FORMAT " bytes; resize the disk first",
                length, offset, contents->size);
    return FALSE;
}

static gboolean
checkRange(const EsxVmfsContents *contents, guint64 offset, guint64 length, GError **error)
{
    if (length > G_MAXINT64 || offset > G_MAXINT64 - length) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "no ESX host supports a file of so many bytes: %" G_GUINT64_FORMAT
                    " from byte %" G_GUINT64_FORMAT " on", length, offset);
        return FALSE;
    }
    return checkOffset(contents, offset, error) &&
           (!contents->isDisk || checkDisk(contents, offset, length, error));
}

/* How many bytes the client may send at most. */
static guint64
limitOf(const EsxVmfsContents *contents, guint64 offset, guint64 length)
{
    if (length > 0)
        return length;
    return contents->isDisk ? contents->size - offset : G_MAXUINT64;
}

static void
uploadFree(EsxTransfer *transfer)
{
    EsxVmfsUploading *upload = (EsxVmfsUploading *)transfer;

    esxVmfsKeptFree(upload->kept);
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
    EsxVmfsUploading *upload;

    if (!esxVmfsCheckWritable(pool, error))
        return NULL;
    if (!checkUnclaimed(connection, pool, volume, error))
        return NULL;
    epoch = esxClaimEpoch();
    contents = esxVmfsContentsFind(connection, pool, volume, error);
    if (!contents || !checkRange(contents, offset, length, error) ||
        !(verb = esxVmfsVerbNew(connection, contents->pool, error)))
        return NULL;

    upload = g_new0(EsxVmfsUploading, 1);
    upload->base = (EsxTransfer) {
        .run = runUpload,
        .free = uploadFree,
        .isUpload = TRUE,
        .pipeBytes = PIPE_BYTES,
        .what = textFormat("upload to '%s'", volume->path),
    };
    upload->verb = verb;
    upload->epoch = epoch;
    upload->offset = offset;
    upload->limit = limitOf(contents, offset, length);
    upload->announced = length > 0;
    upload->base.expected = upload->limit < G_MAXUINT64 ? upload->limit : 0;
    upload->temporary = nameMakeTemporary(contents->volume);
    upload->base.rest = esxVmfsPath(contents->pool, upload->temporary);
    upload->contents = g_steal_pointer(&contents);
    return &upload->base;
}

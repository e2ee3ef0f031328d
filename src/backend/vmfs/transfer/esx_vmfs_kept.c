/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Reads back the part of a volume that an upload keeps. */

#include "esx_vmfs_kept.h"

#include "base_thread.h"
#include "esx_error.h"
#include "esx_pipe.h"

/* Bytes of the queue: as many as the pipe of an upload has. */
#define PIPE_BYTES ((size_t)1024 * 1024)

/* How often a waiting reader checks the cancel flag. */
#define LOOK_MS 100

struct _EsxVmfsKept {
    const EsxVmfsContents *contents;
    ViTransfer *transfer;
    guint64 offset, length;
    EsxPipe *pipe;
    Cancel *cancel;         /* raised by esxVmfsKeptFree() */
    GThread *thread;
};

static gboolean
setKeptGivenUp(GError **error)
{
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED, "the upload was aborted");
    return FALSE;
}

/* ViTransferSink */
static gboolean
keepBytes(const char *data, size_t length, gpointer opaque, GError **error)
{
    EsxVmfsKept *kept = opaque;
    size_t written = 0;

    for (; length > 0; data += written, length -= written) {
        if (esxPipeWrite(kept->pipe, data, length, TRUE /* block */, &written) != ESX_PIPE_DONE)
            return setKeptGivenUp(error);
    }
    return TRUE;
}

static gpointer
readKept(gpointer opaque)
{
    EsxVmfsKept *kept = opaque;
    g_autoptr(GError) error = NULL;

    if (esxVmfsContentsRead(kept->contents, kept->transfer, kept->offset, kept->length, keepBytes,
                            kept, kept->cancel, &error))
        esxPipeEnd(kept->pipe);
    else
        esxPipeClose(kept->pipe, error);
    return NULL;
}

EsxVmfsKept *
esxVmfsKeptNew(const EsxVmfsContents *contents, ViTransfer *transfer, guint64 offset,
               guint64 length, GError **error)
{
    g_autoptr(EsxVmfsKept) kept = g_new0(EsxVmfsKept, 1);

    kept->contents = contents;
    kept->transfer = transfer;
    kept->offset = offset;
    kept->length = length;
    kept->cancel = cancelNew(NULL);
    kept->pipe = esxPipeNew(PIPE_BYTES);
    esxPipeSetTimeout(kept->pipe, TRUE /* ofReader */, LOOK_MS);
    kept->thread = threadStart("esx-keep", readKept, kept, error);
    return kept->thread ? g_steal_pointer(&kept) : NULL;
}

gssize
esxVmfsKeptRead(EsxVmfsKept *kept, char *buffer, size_t size, const Cancel *cancel, GError **error)
{
    GError *local = NULL;
    size_t length = 0;

    for (;;) {
        if (cancelIsRaised(cancel)) {
            setKeptGivenUp(error);
            return -1;
        }
        switch (esxPipeRead(kept->pipe, buffer, size, TRUE /* expand */, TRUE /* block */,
                            &length)) {
        case ESX_PIPE_DONE:
            return (gssize)length;
        case ESX_PIPE_END:
            return 0;
        case ESX_PIPE_WAIT:
            break;
        case ESX_PIPE_HOLE:
        case ESX_PIPE_CLOSED:
        default:
            local = esxPipeError(kept->pipe);
            if (!local)
                setKeptGivenUp(&local);
            g_prefix_error(&local, "reading back what the upload keeps failed: ");
            g_propagate_error(error, local);
            return -1;
        }
    }
}

void
esxVmfsKeptFree(EsxVmfsKept *kept)
{
    if (!kept)
        return;
    cancelRaise(kept->cancel);
    esxPipeClose(kept->pipe, NULL);
    if (kept->thread)
        g_thread_join(kept->thread);
    esxPipeUnref(kept->pipe);
    cancelFree(kept->cancel);
    g_free(kept);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Verbs that transfer the contents of a volume. */

#include "esx_storage_stream.h"

#include "base_text.h"
#include "esx_audit.h"
#include "esx_report.h"
#include "esx_storage_door.h"
#include "esx_stream.h"

typedef EsxTransfer *(*VolTransfer)(EsxConnection *connection, const InventoryPool *pool,
                                    const EsxVolume *volume, guint64 offset, guint64 length,
                                    GError **error);

/* @function: NULL if the backend has none. */
static int
beginTransfer(virStorageVolPtr vol, virStreamPtr stream, const EsxFound *found,
              VolTransfer function, const char *what, guint64 offset, guint64 length, bool sparse)
{
    EsxConnection *connection = vol->conn->privateData;
    const char *reason = found->backend->readOnlyReason;
    const char *verb = g_str_equal(what, "download") ? "download" : "upload";
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    EsxTransfer *transfer = NULL;

    if (!function) {
        esxReport(VIR_ERR_NO_SUPPORT, TEXT_MESSAGE,
                  reason ? reason : "this kind of storage pool does not support it");
        return -1;
    }
    audit = esxAuditNew(verb, found->pool->name, found->volume->name);
    transfer = function(connection, found->pool, found->volume, offset, length, &error);
    if (!transfer) {
        esxAuditLog(audit, FALSE /* isDone */, error);
        esxErrorReport(error, "cannot %s volume '%s' of pool '%s'", what, found->volume->name,
                       found->pool->name);
        return -1;
    }
    transfer->audit = g_steal_pointer(&audit);
    transfer->sparse = sparse;
    return esxStreamOpen(stream, connection, transfer);
}

int
esxStorageVolDownload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                      unsigned long long length, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    virCheckFlags(VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM, -1);

    if (esxOpenVolume(vol, virStorageVolDownloadEnsureACL, &found) < 0)
        return -1;
    return beginTransfer(vol, stream, &found, found.backend->volumeDownload, "download", offset,
                         length, flags & VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM);
}

int
esxStorageVolUpload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                    unsigned long long length, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    virCheckFlags(VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM, -1);

    if (esxOpenVolume(vol, virStorageVolUploadEnsureACL, &found) < 0)
        return -1;
    return beginTransfer(vol, stream, &found, found.backend->volumeUpload, "upload to", offset,
                         length, flags & VIR_STORAGE_VOL_UPLOAD_SPARSE_STREAM);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Rescans of adapters, shared by the rule of base_cached. */

#include "esx_storage_rescan.h"

#include "base_cached.h"
#include "base_limits.h"
#include "base_recent.h"
#include "base_text.h"
#include "vi_call.h"
#include "vim_types.h"

/* The rescans that the connections of one server share. */
typedef struct {
    GMutex lock;            /* guards the table, not the rescans in it */
    Recent *table;          /* storage system and device → Rescan */
} Rescans;

/* One adapter. Waiting threads hold references, since the table may drop it meanwhile. */
typedef struct {
    gatomicrefcount refs;
    ViSession *session;
    char *systemType;
    char *systemValue;
    char *device;
    Cached *done;           /* a proof is a rescan; its value says nothing more */
} Rescan;

/* ---- one rescan ------------------------------------------------------------------------------ */

/* CachedOps.prove */
static gpointer
rescanAdapter(gpointer opaque, gpointer current G_GNUC_UNUSED, gint64 deadline, GError **error)
{
    Rescan *rescan = opaque;
    SoapMoRef system = { rescan->systemType, rescan->systemValue };
    const ViCallOptions options = { .deadline = deadline };
    VimRescanHbaRequest args = VIM_INIT(RescanHbaRequest);
    g_autoptr(SoapReply) reply = NULL;

    args.self = &system;
    args.hbaDevice = rescan->device;
    reply = viCall(rescan->session, &vimMethodRescanHba, &args, &options, error);
    return reply ? rescan : NULL;
}

static gpointer
keepDone(gpointer value)
{
    return value;
}

static void
dropDone(gpointer value G_GNUC_UNUSED)
{
}

static const CachedOps rescanOps = { rescanAdapter, keepDone, dropDone };

static void
rescanUnref(gpointer data)
{
    Rescan *rescan = data;

    if (!rescan || !g_atomic_ref_count_dec(&rescan->refs))
        return;
    cachedFree(rescan->done);
    g_free(rescan->systemType);
    g_free(rescan->systemValue);
    g_free(rescan->device);
    g_free(rescan);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Rescan, rescanUnref)

static Rescan *
rescanNew(ViSession *session, const InventoryAdapter *adapter)
{
    Rescan *rescan = g_new0(Rescan, 1);

    g_atomic_ref_count_init(&rescan->refs);
    rescan->session = session;
    rescan->systemType = g_strdup(adapter->storageSystem->type);
    rescan->systemValue = g_strdup(adapter->storageSystem->value);
    rescan->device = g_strdup(adapter->device);
    rescan->done = cachedNew(&rescanOps, rescan);
    return rescan;
}

/* ---- rescans of a server --------------------------------------------------------------------- */

static gpointer
newRescans(void)
{
    Rescans *rescans = g_new0(Rescans, 1);

    g_mutex_init(&rescans->lock);
    rescans->table = recentNew(LIMIT_KEPT_ADAPTERS, G_MAXSIZE, rescanUnref);
    return rescans;
}

static void
freeRescans(gpointer state)
{
    Rescans *rescans = state;

    recentFree(rescans->table);
    g_mutex_clear(&rescans->lock);
    g_free(rescans);
}

/* Returns: (transfer full). */
static Rescan *
findRescan(EsxConnection *connection, const InventoryAdapter *adapter)
{
    /* A change of files of a datastore does not change the LUNs of an adapter. */
    static const EsxServerState kind = { newRescans, freeRescans, NULL /* expire */ };
    Rescans *rescans = esxServerStateOf(connection->server, &kind);
    g_autofree char *key = g_strdup_printf("%s\n%s", adapter->storageSystem->value,
                                           adapter->device);
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&rescans->lock);
    Rescan *rescan = recentFind(rescans->table, key);

    if (!rescan) {
        rescan = rescanNew(connection->session, adapter);
        recentAdd(rescans->table, key, rescan);
    }
    g_atomic_ref_count_inc(&rescan->refs);
    return rescan;
}

gboolean
esxRescanAdapter(EsxConnection *connection, const InventoryAdapter *adapter, gint64 deadline,
                 GError **error)
{
    const gint64 ttl = (gint64)connection->options.rescanIntervalMs * 1000;
    const gint64 left = deadline - g_get_monotonic_time();
    g_autoptr(Rescan) rescan = NULL;

    if (!adapter->storageSystem) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server reported no way to rescan the adapter '%s'", adapter->device);
        return FALSE;
    }
    if (left <= 0) {
        textToError(error, VI_ERROR, VI_ERROR_TIMEOUT,
                    "rescan of the adapter '%s' was not begun: other rescans for the same pool "
                    "have taken too long", adapter->device);
        return FALSE;
    }
    rescan = findRescan(connection, adapter);
    if (cachedAcquire(rescan->done, ttl, left, error))
        return TRUE;
    textAddToError(error, "rescan of the adapter '%s' failed: ", adapter->device);
    return FALSE;
}

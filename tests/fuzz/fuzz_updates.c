/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Any bytes as the updates of a standing filter: what is understood of them becomes a snapshot,
 * which is whole whatever was left out, doubled or makes no sense, and the same whether it is built
 * at the end or step by step. It takes no more memory than the bytes allow. Several updates are
 * kept apart by a form feed.
 */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_target.h"
#include "inventory_build.h"
#include "inventory_kind.h"
#include "inventory_diff.h"
#include "soap_codec.h"

static SoapReply *
decode(const char *data, size_t size)
{
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(&vimMethodWaitForUpdatesEx);

    if (!soapDecoderFeed(decoder, data, size, NULL))
        return NULL;
    return soapDecoderFinish(decoder, NULL);
}

/* Returns: whether the store may be used on. */
static gboolean
apply(InventoryStore *store, const char *data, size_t size)
{
    SoapReply *reply = decode(data, size);
    const VimUpdateSet *updates = NULL;
    g_autoptr(GError) error = NULL;

    if (reply && reply->body)
        updates = ((VimWaitForUpdatesExResponse *)reply->body)->returnval;
    if (!updates) {
        soapReplyFree(reply);
        return TRUE;
    }
    if (inventoryStoreApply(store, updates, reply, &error))
        return TRUE;
    g_assert_true(error->domain == VI_ERROR && strlen(error->message) > 10);
    return FALSE;
}

static void
checkLuns(const InventorySnapshot *snapshot, const InventoryTarget *target)
{
    size_t i;

    for (i = 0; i < target->nluns; i++) {
        const InventoryLun *lun = target->luns[i];

        g_assert_true(lun->name && *lun->name && lun->devicePath);
        g_assert_true(lun->pool && lun->pool->target);
        g_assert_true(inventoryLunByKey(snapshot, lun->key) == lun);
        g_assert_nonnull(inventoryLunByPath(snapshot, lun->name));
        if (i > 0)
            g_assert_cmpstr(target->luns[i - 1]->name, <=, lun->name);
    }
    for (i = 0; i < target->nportals; i++)
        g_assert_nonnull(target->portals[i].address);
    for (i = 0; i < target->nadapters; i++)
        g_assert_nonnull(target->adapters[i].device);
}

static void
checkDatastore(const InventoryDatastore *datastore)
{
    size_t i;

    g_assert_true(datastore->ref && datastore->name && datastore->fsType);
    for (i = 0; i < datastore->nextents; i++)
        g_assert_nonnull(datastore->extents[i].disk);
}

static void
check(const InventorySnapshot *snapshot)
{
    size_t n = 0;
    const InventoryPool *const *pools = inventorySnapshotPools(snapshot, &n);
    size_t i;

    for (i = 0; i < n; i++) {
        const InventoryPool *pool = pools[i];

        g_assert_true(!pool->datastore != !pool->target);
        g_assert_true(inventoryPoolByName(snapshot, pool->name) == pool);
        g_assert_nonnull(inventoryPoolByUuid(snapshot, pool->uuid));
        g_assert_cmpuint(pool->available, <=, pool->capacity);
        if (i > 0)
            g_assert_true(pool->target || pools[i - 1]->datastore);
        if (pool->target)
            checkLuns(snapshot, pool->target);
        else
            checkDatastore(pool->datastore);
    }
}

static void
differs(InventoryChange change, const InventoryPool *pool, gpointer opaque G_GNUC_UNUSED)
{
    g_error("change %d of '%s'", change, pool->name);
}

static void
ignore(InventoryChange change G_GNUC_UNUSED, const InventoryPool *pool,
       gpointer opaque G_GNUC_UNUSED)
{
    g_assert_nonnull(pool->name);
}

/* Returns: (transfer full): the snapshot that follows @before (transfer full); NULL: too much. */
static InventorySnapshot *
follow(InventorySnapshot *before, InventoryStore *store)
{
    g_autoptr(GError) error = NULL;
    InventorySnapshot *now = inventorySnapshotUpdate(before, store, NULL, &error);

    if (now)
        inventoryDiff(before, now, ignore, NULL);
    else
        g_assert_true(error->domain == VI_ERROR && strlen(error->message) > 10);
    inventorySnapshotUnref(before);
    return now;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    SoapMoRef host = { "HostSystem", "ha-host" };
    const InventoryScope scope = { .host = &host };
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    const char *at = (const char *)bytes;
    const char *const end = at + size;
    g_autoptr(InventorySnapshot) snapshot = NULL;
    gboolean usable = TRUE;
    guint updates = 1;

    fuzzMemoryBegin();
    while (usable && at < end) {
        const char *next = memchr(at, '\f', (size_t)(end - at));
        const char *stop = next ? next : end;

        usable = apply(store, at, (size_t)(stop - at));
        at = next ? next + 1 : end;
        updates++;
        if (usable) {
            snapshot = follow(snapshot, store);
            usable = snapshot != NULL;
        }
    }
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, updates);
    if (usable) {
        g_autoptr(InventorySnapshot) whole = inventorySnapshotBuild(store, NULL, NULL /* error */);
        g_autoptr(InventorySnapshot) ofHost = inventorySnapshotBuild(store, &scope, NULL);

        check(whole);
        if (ofHost)
            check(ofHost);
        inventoryDiff(snapshot, whole, differs, NULL);
    }
    return 0;
}

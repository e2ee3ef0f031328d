/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_fixture.h"

#include <string.h>

#include "base_names.h"
#include "canned_transport.h"

char *
fixtureUpdateEnvelope(const char *version, gboolean truncated, const char *objects)
{
    g_autofree char *inner =
        g_strdup_printf("<returnval><version>%s</version><filterSet>"
                        "<filter type=\"PropertyFilter\">session[1]2</filter>"
                        "%s</filterSet>%s</returnval>",
                        version, objects, truncated ? "<truncated>true</truncated>" : "");

    return cannedEnvelope("WaitForUpdatesEx", inner);
}

SoapReply *
fixtureUpdates(const char *bytes, VimUpdateSet **ret_updates)
{
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(&vimMethodWaitForUpdatesEx);
    g_autoptr(GError) error = NULL;
    SoapReply *reply = NULL;
    gboolean fed = soapDecoderFeed(decoder, bytes, strlen(bytes), &error);

    g_assert_no_error(error);
    g_assert_true(fed);
    reply = soapDecoderFinish(decoder, &error);
    g_assert_no_error(error);
    *ret_updates = ((VimWaitForUpdatesExResponse *)reply->body)->returnval;
    g_assert_nonnull(*ret_updates);
    return reply;
}

static gboolean
apply(InventoryStore *store, const char *objects, GError **error)
{
    g_autofree char *bytes = fixtureUpdateEnvelope("1", FALSE, objects);
    VimUpdateSet *updates = NULL;
    SoapReply *reply = fixtureUpdates(bytes, &updates);

    return inventoryStoreApply(store, updates, reply, error);
}

void
fixtureApply(InventoryStore *store, const char *objects)
{
    g_autoptr(GError) error = NULL;
    gboolean ok = apply(store, objects, &error);

    g_assert_no_error(error);
    g_assert_true(ok);
}

void
fixtureApplyFails(InventoryStore *store, const char *objects, gint code)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(apply(store, objects, &error));
    g_assert_error(error, VI_ERROR, code);
}

InventorySnapshot *
fixtureSnapshot(const char *objects, const InventoryScope *scope)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    fixtureApply(store, objects);
    return inventorySnapshotBuild(store, scope, NULL /* error */);
}

InventorySnapshot *
fixtureSnapshotOf(const char *name)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autofree char *bytes = cannedData(name);
    g_autoptr(GError) error = NULL;
    VimUpdateSet *updates = NULL;
    SoapReply *reply = fixtureUpdates(bytes, &updates);
    gboolean ok = inventoryStoreApply(store, updates, reply, &error);

    g_assert_no_error(error);
    g_assert_true(ok);
    return inventorySnapshotBuild(store, NULL /* scope */, NULL /* error */);
}

const InventoryPool *
fixturePool(const InventorySnapshot *snapshot, const char *name)
{
    const InventoryPool *pool = inventoryPoolByName(snapshot, name);

    if (!pool)
        g_error("there is no pool '%s'", name);
    return pool;
}

const char *
fixtureUuid(const InventoryPool *pool)
{
    static char text[37];

    nameFormatUuid(pool->uuid, text);
    return text;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_claim.h"

#include "base_limits.h"
#include "esx_error.h"
#include "http_transport.h"

#include <string.h>

/* ---- datastores ------------------------------------------------------------------------------ */

static const SoapMoRef first = { "Datastore", "ds-1" };
static const SoapMoRef second = { "Datastore", "ds-2" };

typedef struct {
    InventoryDatastore datastore;
    InventoryPool pool;
} Store;

static Store *
storeNew(const SoapMoRef *ref, const char *mountPath, const char *url, InventoryFs fs)
{
    Store *store = g_new0(Store, 1);

    store->datastore = (InventoryDatastore) {
        .ref = (SoapMoRef *)ref, .name = "ds", .mountPath = mountPath, .url = url, .fs = fs,
    };
    store->pool.datastore = &store->datastore;
    store->pool.name = "ds";
    return store;
}

static EsxClaim *
take(const Store *store, const char *name, gboolean shared, guint waitMs, GError **error)
{
    const EsxClaimOn on = { &store->pool, name, shared };

    return esxClaimTake("a resize", &on, 1, waitMs, NULL /* cancel */, error);
}

/* Whether two claims go together. */
static gboolean
goTogether(const Store *a, const char *name, gboolean shared, const Store *b, const char *other,
           gboolean alsoShared)
{
    g_autoptr(EsxClaim) one = take(a, name, shared, 0, NULL);
    g_autoptr(EsxClaim) two = take(b, other, alsoShared, 0, NULL);

    g_assert_nonnull(one);
    return two != NULL;
}

/* ---- what is one volume ---------------------------------------------------------------------- */

static void
testNames(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    g_autofree Store *windows = storeNew(&first, "/vmfs/volumes/2", NULL, INVENTORY_FS_CIFS);

    g_assert_false(goTogether(store, "a/b.vmdk", FALSE, store, "a/b.vmdk", FALSE));
    g_assert_true(goTogether(store, "a/b.vmdk", FALSE, store, "a/c.vmdk", FALSE));
    g_assert_true(goTogether(store, "a/b.vmdk", FALSE, store, "a/B.vmdk", FALSE));
    g_assert_false(goTogether(windows, "a/b.vmdk", FALSE, windows, "A/B.VMDK", FALSE));
}

static void
testDatastores(void)
{
    g_autofree Store *host = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    g_autofree Store *center = storeNew(&second, NULL, "ds:///vmfs/volumes/1/", INVENTORY_FS_VMFS);
    g_autofree Store *other = storeNew(&first, "/vmfs/volumes/2", NULL, INVENTORY_FS_VMFS);
    g_autofree Store *nameless = storeNew(&first, NULL, NULL, INVENTORY_FS_OTHER);
    g_autofree Store *another = storeNew(&second, NULL, NULL, INVENTORY_FS_OTHER);

    g_assert_false(goTogether(host, "a", FALSE, center, "a", FALSE));
    g_assert_true(goTogether(host, "a", FALSE, other, "a", FALSE));
    g_assert_false(goTogether(nameless, "a", FALSE, nameless, "a", FALSE));
    g_assert_true(goTogether(nameless, "a", FALSE, another, "a", FALSE));
}

static void
testShared(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);

    g_assert_true(goTogether(store, "a", TRUE, store, "a", TRUE));
    g_assert_false(goTogether(store, "a", TRUE, store, "a", FALSE));
    g_assert_false(goTogether(store, "a", FALSE, store, "a", TRUE));
}

/* All or nothing: what was refused has taken none of its parts. */
static void
testSeveral(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    const EsxClaimOn on[] = { { &store->pool, "copy", FALSE }, { &store->pool, "source", TRUE } };
    g_autoptr(EsxClaim) source = take(store, "source", FALSE, 0, NULL);
    g_autoptr(EsxClaim) copy = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(esxClaimTake("a clone", on, 2, 0, NULL, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_nonnull(strstr(error->message, "another change of '[ds] source' is in progress (a "
                                            "resize since 2"));
    copy = take(store, "copy", FALSE, 0, NULL);
    g_assert_nonnull(copy);
}

/* ---- waiting --------------------------------------------------------------------------------- */

static gpointer
freeSoon(gpointer claim)
{
    g_usleep(100 * 1000);
    esxClaimFree(claim);
    return NULL;
}

static void
testWaits(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    EsxClaim *claim = take(store, "a", FALSE, 0, NULL);
    GThread *thread = g_thread_new("free", freeSoon, claim);
    g_autoptr(EsxClaim) next = take(store, "a", FALSE, G_MAXUINT, NULL);

    g_assert_nonnull(next);
    g_thread_join(thread);
}

/* Who waits asks for longer than the limit, and is refused at that. */
static void
testWaitsNoLonger(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    g_autoptr(EsxClaim) claim = take(store, "a", FALSE, 0, NULL);
    const gint64 begun = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    g_assert_null(take(store, "a", FALSE, G_MAXUINT, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, LIMIT_CLAIM_WAIT_MS * 1000);
}

/* An upload is not waited for, until its client has given up. */
static void
testSlow(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    g_autoptr(Cancel) givenUp = cancelNew(NULL);
    EsxClaim *claim = take(store, "a", FALSE, 0, NULL);
    g_autoptr(EsxClaim) next = NULL;
    const gint64 begun = g_get_monotonic_time();
    GThread *thread;

    esxClaimSetSlow(claim, TRUE, givenUp);
    g_assert_null(take(store, "a", FALSE, G_MAXUINT, NULL));
    g_assert_cmpint(g_get_monotonic_time() - begun, <, LIMIT_CLAIM_WAIT_MS * 1000 / 2);

    cancelRaise(givenUp);
    thread = g_thread_new("free", freeSoon, claim);
    next = take(store, "a", FALSE, G_MAXUINT, NULL);
    g_assert_nonnull(next);
    g_thread_join(thread);
}

static void
testCancelled(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    const EsxClaimOn on = { &store->pool, "a", FALSE };
    g_autoptr(EsxClaim) claim = take(store, "a", FALSE, 0, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cancel) cancel = cancelNew(NULL);

    cancelRaise(cancel);
    g_assert_null(esxClaimTake("a wipe", &on, 1, G_MAXUINT, cancel, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
}

/* ---- what was read before -------------------------------------------------------------------- */

static void
testEpoch(void)
{
    g_autofree Store *store = storeNew(&first, "/vmfs/volumes/1", NULL, INVENTORY_FS_VMFS);
    const guint64 before = esxClaimEpoch();

    esxClaimFree(take(store, "a", TRUE, 0, NULL));
    g_assert_cmpuint(esxClaimEpoch(), ==, before);
    esxClaimFree(take(store, "a", FALSE, 0, NULL));
    g_assert_cmpuint(esxClaimEpoch(), !=, before);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/claim/names", testNames);
    g_test_add_func("/storage/claim/datastores", testDatastores);
    g_test_add_func("/storage/claim/shared", testShared);
    g_test_add_func("/storage/claim/several", testSeveral);
    g_test_add_func("/storage/claim/waits", testWaits);
    g_test_add_func("/storage/claim/waits-no-longer", testWaitsNoLonger);
    g_test_add_func("/storage/claim/slow", testSlow);
    g_test_add_func("/storage/claim/cancelled", testCancelled);
    g_test_add_func("/storage/claim/epoch", testEpoch);
    return g_test_run();
}

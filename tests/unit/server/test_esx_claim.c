/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "esx_claim.h"

#include "base_limits.h"
#include "esx_error.h"
#include "http_transport.h"

#include <string.h>

/* ---- volumes --------------------------------------------------------------------------------- */

static const InventoryPool ds = { .name = "ds" };

/* A backend's claimKey: names differ by more than their case. */
static void
keyOf(const InventoryPool *pool, const char *name, char **ret_key, char **ret_path)
{
    g_autofree char *lower = g_ascii_strdown(name, -1);

    *ret_key = g_strdup_printf("%s/%s", pool->name, lower);
    *ret_path = g_strdup_printf("[%s] %s", pool->name, name);
}

static EsxClaim *
take(const InventoryPool *pool, const char *name, gboolean shared, guint waitMs, GError **error)
{
    const EsxClaimOn on = { keyOf, pool, name, shared };

    return esxClaimTake("a resize", &on, 1, waitMs, NULL /* cancel */, error);
}

/* Whether two claims go together. */
static gboolean
goTogether(const InventoryPool *a, const char *name, gboolean shared, const InventoryPool *b,
           const char *other, gboolean alsoShared)
{
    g_autoptr(EsxClaim) one = take(a, name, shared, 0, NULL);
    g_autoptr(EsxClaim) two = take(b, other, alsoShared, 0, NULL);

    g_assert_nonnull(one);
    return two != NULL;
}

/* ---- what is one volume ---------------------------------------------------------------------- */

/* What the backend says identifies a volume, and nothing else. */
static void
testKeys(void)
{
    const InventoryPool same = { .name = "ds" };
    const InventoryPool other = { .name = "other" };

    g_assert_false(goTogether(&ds, "a", FALSE, &ds, "a", FALSE));
    g_assert_false(goTogether(&ds, "a", FALSE, &same, "A", FALSE));
    g_assert_true(goTogether(&ds, "a", FALSE, &ds, "b", FALSE));
    g_assert_true(goTogether(&ds, "a", FALSE, &other, "a", FALSE));
}

static void
testShared(void)
{
    g_assert_true(goTogether(&ds, "a", TRUE, &ds, "a", TRUE));
    g_assert_false(goTogether(&ds, "a", TRUE, &ds, "a", FALSE));
    g_assert_false(goTogether(&ds, "a", FALSE, &ds, "a", TRUE));
}

/* All or nothing: what was refused has taken none of its parts. */
static void
testSeveral(void)
{
    const EsxClaimOn on[] = { { keyOf, &ds, "copy", FALSE }, { keyOf, &ds, "source", TRUE } };
    g_autoptr(EsxClaim) source = take(&ds, "source", FALSE, 0, NULL);
    g_autoptr(EsxClaim) copy = NULL;
    g_autoptr(GError) error = NULL;

    g_assert_null(esxClaimTake("a clone", on, 2, 0, NULL, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_nonnull(strstr(error->message, "another change of '[ds] source' is in progress (a "
                                            "resize since 2"));
    copy = take(&ds, "copy", FALSE, 0, NULL);
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
    EsxClaim *claim = take(&ds, "a", FALSE, 0, NULL);
    GThread *thread = g_thread_new("free", freeSoon, claim);
    g_autoptr(EsxClaim) next = take(&ds, "a", FALSE, G_MAXUINT, NULL);

    g_assert_nonnull(next);
    g_thread_join(thread);
}

/* Who waits asks for longer than the limit, and is refused at that. */
static void
testWaitsNoLonger(void)
{
    g_autoptr(EsxClaim) claim = take(&ds, "a", FALSE, 0, NULL);
    const gint64 begun = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;

    g_assert_null(take(&ds, "a", FALSE, G_MAXUINT, &error));
    g_assert_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION);
    g_assert_cmpint(g_get_monotonic_time() - begun, >=, LIMIT_CLAIM_WAIT_MS * 1000);
}

/* An upload is not waited for, until its client has given up. */
static void
testSlow(void)
{
    g_autoptr(Cancel) givenUp = cancelNew(NULL);
    EsxClaim *claim = take(&ds, "a", FALSE, 0, NULL);
    g_autoptr(EsxClaim) next = NULL;
    const gint64 begun = g_get_monotonic_time();
    GThread *thread;

    esxClaimSetSlow(claim, TRUE, givenUp);
    g_assert_null(take(&ds, "a", FALSE, G_MAXUINT, NULL));
    g_assert_cmpint(g_get_monotonic_time() - begun, <, LIMIT_CLAIM_WAIT_MS * 1000 / 2);

    cancelRaise(givenUp);
    thread = g_thread_new("free", freeSoon, claim);
    next = take(&ds, "a", FALSE, G_MAXUINT, NULL);
    g_assert_nonnull(next);
    g_thread_join(thread);
}

static void
testCancelled(void)
{
    const EsxClaimOn on = { keyOf, &ds, "a", FALSE };
    g_autoptr(EsxClaim) claim = take(&ds, "a", FALSE, 0, NULL);
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
    const guint64 before = esxClaimEpoch();

    esxClaimFree(take(&ds, "a", TRUE, 0, NULL));
    g_assert_cmpuint(esxClaimEpoch(), ==, before);
    esxClaimFree(take(&ds, "a", FALSE, 0, NULL));
    g_assert_cmpuint(esxClaimEpoch(), !=, before);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/storage/claim/keys", testKeys);
    g_test_add_func("/storage/claim/shared", testShared);
    g_test_add_func("/storage/claim/several", testSeveral);
    g_test_add_func("/storage/claim/waits", testWaits);
    g_test_add_func("/storage/claim/waits-no-longer", testWaitsNoLonger);
    g_test_add_func("/storage/claim/slow", testSlow);
    g_test_add_func("/storage/claim/cancelled", testCancelled);
    g_test_add_func("/storage/claim/epoch", testEpoch);
    return g_test_run();
}

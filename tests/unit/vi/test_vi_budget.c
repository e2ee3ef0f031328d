/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What a retrieval may take in all. */

#include "base_limits.h"
#include "vi_budget.h"
#include "vi_fixture.h"

typedef struct {
    Canned *canned;
    ViSession *session;
    ViBudget budget;
    SoapReply reply;
} World;

static void
worldInit(World *world, gint64 deadline)
{
    world->canned = cannedNew();
    world->session = fixtureLogin(world->canned);
    world->reply = (SoapReply){ .arena = arenaNew(LIMIT_ARENA_BYTES) };
    viBudgetInit(&world->budget, world->session, "Method", 0, deadline);
}

static void
worldClear(World *world)
{
    arenaFree(world->reply.arena);
    viSessionFree(world->session);
    cannedFree(world->canned);
}

static void
assertTooMuch(World *world, size_t objects, gboolean more, const char *phrase)
{
    g_autoptr(GError) error = NULL;

    g_assert_false(viBudgetTake(&world->budget, &world->reply, objects, more, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, phrase);
}

static void
testBytes(void)
{
    World world = { 0 };

    worldInit(&world, 0);
    world.reply.bytes = LIMIT_WHOLE_BYTES / 2;
    g_assert_true(viBudgetTake(&world.budget, &world.reply, 0, TRUE, NULL));
    g_assert_true(viBudgetTake(&world.budget, &world.reply, 0, TRUE, NULL));
    world.reply.bytes = 1;
    assertTooMuch(&world, 0, FALSE,
                  "the response is too long: after 3 parts it has more than "
                  G_STRINGIFY(LIMIT_WHOLE_MIB) " MiB; select a part of the inventory with path= "
                  "in the URI");
    worldClear(&world);
}

/* The first read of the largest vCenter of docs/SCALE.md: 31 pages of 7.2 MiB. */
static void
testPublished(void)
{
    World world = { 0 };
    GError *error = NULL;
    guint i;

    worldInit(&world, 0);
    world.reply.bytes = 7550000;
    for (i = 1; i <= 31; i++) {
        g_assert_true(viBudgetTake(&world.budget, &world.reply, 100, i < 31, &error));
        g_assert_no_error(error);
    }
    worldClear(&world);
}

static void
testMemory(void)
{
    World world = { 0 };
    guint i;

    worldInit(&world, 0);
    g_assert_nonnull(arenaAlloc(world.reply.arena, LIMIT_ARENA_BYTES / 8));
    for (i = 0; i < 7; i++)
        g_assert_true(viBudgetTake(&world.budget, &world.reply, 0, TRUE, NULL));
    g_assert_nonnull(arenaAlloc(world.reply.arena, LIMIT_ARENA_BYTES / 8));
    assertTooMuch(&world, 0, FALSE, "more than its memory limit; select a part");
    worldClear(&world);
}

static void
testObjects(void)
{
    World world = { 0 };

    worldInit(&world, 0);
    g_assert_true(viBudgetTake(&world.budget, &world.reply, LIMIT_INVENTORY_OBJECTS, TRUE, NULL));
    assertTooMuch(&world, 1, FALSE, "more than 100000 objects");
    worldClear(&world);
}

static void
testParts(void)
{
    World world = { 0 };
    guint i;

    worldInit(&world, 0);
    for (i = 1; i < LIMIT_PAGES; i++)
        g_assert_true(viBudgetTake(&world.budget, &world.reply, 0, TRUE, NULL));
    assertTooMuch(&world, 0, TRUE, "more than 4096 parts");
    worldClear(&world);
}

/* The whole may take so many times what one request may, and what the server was told to wait. */
static void
testTime(void)
{
    World world = { 0 };
    const gint64 second = G_USEC_PER_SEC;
    gint64 whole;

    worldInit(&world, 0);
    whole = (gint64)viSessionTimeoutMs(world.session) * LIMIT_WHOLE_TIMEOUTS * 1000;
    g_assert_cmpint(world.budget.deadline - world.budget.started, >=, whole - second);
    g_assert_cmpint(world.budget.deadline - world.budget.started, <=, whole + second);

    viBudgetInit(&world.budget, world.session, "Method", 30000, 0);
    g_assert_cmpint(world.budget.deadline - world.budget.started, >=, whole + 29 * second);
    viBudgetInit(&world.budget, world.session, "Method", 0, 5);
    g_assert_cmpint(world.budget.deadline, ==, 5);
    worldClear(&world);
}

/* What is whole is good, however late; what is not is over. */
static void
testLate(void)
{
    g_autoptr(GError) error = NULL;
    World world = { 0 };

    worldInit(&world, g_get_monotonic_time() - 1);
    g_assert_true(viBudgetTake(&world.budget, &world.reply, 0, FALSE, NULL));
    g_assert_false(viBudgetTake(&world.budget, &world.reply, 0, TRUE, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_TIMEOUT);
    fixtureAssertPhrase(error->message, "2 parts were received within");
    worldClear(&world);
}

/* The error of a request whose time was that of the whole says so; no other does. */
static void
testExplain(void)
{
    g_autoptr(GError) late = g_error_new(HTTP_ERROR, HTTP_ERROR_TIMEOUT, "late");
    g_autoptr(GError) other = g_error_new(HTTP_ERROR, HTTP_ERROR_BROKEN, "broken");
    World world = { 0 };

    worldInit(&world, 0);
    viBudgetExplain(&world.budget, &late);
    g_assert_error(late, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
    world.budget.deadline = g_get_monotonic_time();
    viBudgetExplain(&world.budget, &other);
    g_assert_error(other, HTTP_ERROR, HTTP_ERROR_BROKEN);
    viBudgetExplain(&world.budget, &late);
    g_assert_error(late, VI_ERROR, VI_ERROR_TIMEOUT);
    worldClear(&world);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/budget/bytes", testBytes);
    g_test_add_func("/vi/budget/published", testPublished);
    g_test_add_func("/vi/budget/memory", testMemory);
    g_test_add_func("/vi/budget/objects", testObjects);
    g_test_add_func("/vi/budget/parts", testParts);
    g_test_add_func("/vi/budget/time", testTime);
    g_test_add_func("/vi/budget/late", testLate);
    g_test_add_func("/vi/budget/explain", testExplain);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* One budget of bytes, objects and time for a whole retrieval. */

#include "vi_budget.h"

#include "base_text.h"

gint64
viBudgetDeadline(const ViSession *session)
{
    return g_get_monotonic_time() +
           (gint64)viSessionTimeoutMs(session) * LIMIT_WHOLE_TIMEOUTS * 1000;
}

void
viBudgetInit(ViBudget *budget, ViSession *session, const char *what, guint quietMs,
             gint64 deadline)
{
    const gint64 whole = viBudgetDeadline(session) + (gint64)quietMs * 1000;

    *budget = (ViBudget) {
        .what = what,
        .started = g_get_monotonic_time(),
        .deadline = deadline != 0 ? MIN(whole, deadline) : whole,
    };
}

/* The way out, where an inventory is too large. */
#define SELECT_A_PART "; select a part of the inventory with path= in the URI"

static gboolean
setTooMuch(const ViBudget *budget, const char *limit, GError **error)
{
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "%s: the response is too long: after %u parts it has more than %s",
                budget->what, budget->parts, limit);
    return FALSE;
}

static gboolean
isLate(const ViBudget *budget)
{
    return g_get_monotonic_time() >= budget->deadline;
}

static void
setLate(const ViBudget *budget, GError **error)
{
    textToError(error, VI_ERROR, VI_ERROR_TIMEOUT,
                "%s: the response was not complete in time: %u parts were received within %.1f s",
                budget->what, budget->parts,
                (double)(g_get_monotonic_time() - budget->started) / G_USEC_PER_SEC);
}

gboolean
viBudgetTake(ViBudget *budget, const SoapReply *reply, size_t objects, gboolean more,
             GError **error)
{
    budget->parts++;
    budget->bytes += reply->bytes;
    budget->memory += arenaUsed(reply->arena);
    budget->objects += objects;

    if (budget->bytes > LIMIT_WHOLE_BYTES)
        return setTooMuch(budget, G_STRINGIFY(LIMIT_WHOLE_MIB) " MiB" SELECT_A_PART, error);
    if (budget->memory > LIMIT_ARENA_BYTES)
        return setTooMuch(budget, "its memory limit" SELECT_A_PART, error);
    if (budget->objects > LIMIT_INVENTORY_OBJECTS)
        return setTooMuch(budget, G_STRINGIFY(LIMIT_INVENTORY_OBJECTS) " objects" SELECT_A_PART,
                          error);
    if (!more)
        return TRUE;
    if (budget->parts >= LIMIT_PAGES)
        return setTooMuch(budget, G_STRINGIFY(LIMIT_PAGES) " parts", error);
    if (!isLate(budget))
        return TRUE;
    setLate(budget, error);
    return FALSE;
}

void
viBudgetExplain(const ViBudget *budget, GError **error)
{
    if (!error || !g_error_matches(*error, HTTP_ERROR, HTTP_ERROR_TIMEOUT) || !isLate(budget))
        return;
    g_clear_error(error);
    setLate(budget, error);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Arena: memory that is freed at once. Every decoded reply lives in one arena; nothing inside it is
 * ever freed on its own. Blocks grow geometrically; the total has a ceiling given at birth, so that
 * a hostile reply cannot take more memory than the caller allowed.
 *
 *   +--------+     +--------+     +-----------------+
 *   | block  | <-- | block  | <-- | block (current) |
 *   +--------+     +--------+     +-----------------+
 *
 * An arena belongs to one thread at a time.
 */
typedef struct _Arena Arena;

/* Returns: (transfer full): an empty arena that will hold at most @ceiling bytes. */
Arena *arenaNew(size_t ceiling);

/* The same for one that will hold about @room bytes: a small one takes no more than that. */
Arena *arenaNewFor(size_t room, size_t ceiling);

void arenaFree(Arena *arena);

/*
 * What may be made from @bytes of a reply, @factor times as much: LIMIT_DECODED or LIMIT_DERIVED. A
 * constant comes on top, since a small reply is not a hostile one; never more than
 * LIMIT_ARENA_BYTES.
 */
size_t arenaCeilingFor(size_t bytes, size_t factor);

/* Makes @ceiling the ceiling, unless it is higher already. */
void arenaRaise(Arena *arena, size_t ceiling);

/*
 * Returns: zeroed memory of @size bytes, aligned for any type, or NULL: at the ceiling, and where
 * the system has little more than that, since what goes on besides needs some, too.
 */
void *arenaAlloc(Arena *arena, size_t size) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: a copy of the @length bytes at @text with a NUL behind them, or NULL likewise. */
char *arenaStrndup(Arena *arena, const char *text, size_t length) G_GNUC_WARN_UNUSED_RESULT;

/* Bytes handed out so far. */
size_t arenaUsed(const Arena *arena);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arena, arenaFree)

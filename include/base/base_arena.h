/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Arena: memory that is freed as a whole. Each decoded reply is in one arena; nothing in it is
 * freed separately. Blocks grow geometrically. The total has a ceiling, set at creation, so that a
 * hostile reply cannot take more memory than the caller allows.
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

/* The same, for an arena that will hold about @room bytes: a small one takes no more than that. */
Arena *arenaNewFor(size_t room, size_t ceiling);

void arenaFree(Arena *arena);

/*
 * How much memory may be made from @bytes of a reply: @factor (LIMIT_DECODED or LIMIT_DERIVED)
 * times as much, plus a constant for small replies, up to LIMIT_ARENA_BYTES.
 */
size_t arenaCeilingFor(size_t bytes, size_t factor);

/* Raises the ceiling to @ceiling; does not lower it. */
void arenaRaise(Arena *arena, size_t ceiling);

/*
 * Returns: zeroed memory of @size bytes, aligned for any type; NULL at the ceiling, or if the
 * system would have too little memory left for the rest of the process.
 */
void *arenaAlloc(Arena *arena, size_t size) G_GNUC_WARN_UNUSED_RESULT;

/* Returns: a copy of the @length bytes at @text, followed by a NUL; or NULL, as above. */
char *arenaStrndup(Arena *arena, const char *text, size_t length) G_GNUC_WARN_UNUSED_RESULT;

/* Bytes handed out so far. */
size_t arenaUsed(const Arena *arena);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Arena, arenaFree)

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_arena.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * The first block holds a small reply whole, such as the update of one object, of which an
 * inventory keeps thousands; the largest is where growing stops paying.
 */
#define FIRST_BLOCK (2 * 1024)
#define SMALLEST_BLOCK 64
#define LARGEST_BLOCK (1024 * 1024)

#define ALIGNMENT (_Alignof(max_align_t))

typedef struct _Block Block;
struct _Block {
    Block *previous;
    size_t size;        /* of data */
    size_t used;
    _Alignas(max_align_t) char data[];
};

struct _Arena {
    Block *current;
    size_t ceiling;
    size_t used;
    size_t nextSize;    /* of the next block */
};

Arena *
arenaNew(size_t ceiling)
{
    Arena *arena = g_new0(Arena, 1);

    arena->ceiling = ceiling;
    arena->nextSize = FIRST_BLOCK;
    return arena;
}

Arena *
arenaNewFor(size_t room, size_t ceiling)
{
    Arena *arena = arenaNew(ceiling);

    arena->nextSize = CLAMP(room, SMALLEST_BLOCK, LARGEST_BLOCK);
    return arena;
}

void
arenaFree(Arena *arena)
{
    if (!arena)
        return;
    while (arena->current) {
        Block *previous = arena->current->previous;

        g_free(arena->current);
        arena->current = previous;
    }
    g_free(arena);
}

/* Room for @size bytes; what is left of the block before is given up. */
static gboolean
arenaAddBlock(Arena *arena, size_t size)
{
    size_t room = MAX(size, arena->nextSize);
    Block *block = g_try_malloc(sizeof(*block) + room);

    if (!block)
        return FALSE;
    block->previous = arena->current;
    block->size = room;
    block->used = 0;
    arena->current = block;
    arena->nextSize = MIN(arena->nextSize * 2, LARGEST_BLOCK);
    return TRUE;
}

/* As arenaAlloc(), but whatever was there before. */
static void *
arenaTake(Arena *arena, size_t size)
{
    size_t rounded;
    void *memory;

    if (size > arena->ceiling - arena->used)
        return NULL;
    rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (rounded < size || rounded > arena->ceiling - arena->used)
        return NULL;
    if (!arena->current || rounded > arena->current->size - arena->current->used) {
        if (!arenaAddBlock(arena, rounded))
            return NULL;
    }
    memory = arena->current->data + arena->current->used;
    arena->current->used += rounded;
    arena->used += rounded;
    return memory;
}

void *
arenaAlloc(Arena *arena, size_t size)
{
    void *memory = arenaTake(arena, size);

    return memory ? memset(memory, 0, size) : NULL;
}

char *
arenaStrndup(Arena *arena, const char *text, size_t length)
{
    char *copy;

    if (length == SIZE_MAX)
        return NULL;
    copy = arenaTake(arena, length + 1);
    if (!copy)
        return NULL;
    copy[length] = '\0';
    return memcpy(copy, text, length);
}

size_t
arenaUsed(const Arena *arena)
{
    return arena->used;
}

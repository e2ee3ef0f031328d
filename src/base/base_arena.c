/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_arena.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base_limits.h"

/*
 * The first block holds a small reply, such as the update of one object, of which an inventory
 * keeps thousands. Beyond the largest size, growing no longer pays.
 */
#define FIRST_BLOCK (2 * 1024)
#define SMALLEST_BLOCK 64
#define LARGEST_BLOCK (1024 * 1024)

/*
 * A large block is taken only if the system could give this much more. Other code in the process
 * aborts when memory runs out; the owner of an arena can return an error.
 */
#define MARGIN ((size_t)96 * 1024 * 1024)

/*
 * The C library soon returns large blocks to the system, and the next reply pays for fresh pages
 * again. So one block of each size from SMALLEST_SPARE to LARGEST_SPARE is kept for all threads
 * together: less than 1 MiB. With a sanitizer none is kept, so that it detects uses after free.
 */
#define SMALLEST_SPARE (32 * 1024)
#define LARGEST_SPARE (512 * 1024)
#define SPARES 5

#ifdef __SANITIZE_ADDRESS__
#define KEEPS_SPARES FALSE
#else
#define KEEPS_SPARES TRUE
#endif

#define ALIGNMENT (_Alignof(max_align_t))

G_STATIC_ASSERT(SMALLEST_SPARE << (SPARES - 1) == LARGEST_SPARE);

typedef struct _Block Block;
struct _Block {
    Block *previous;
    size_t size;        /* of data */
    _Alignas(max_align_t) char data[];
};

/*
 * The free part of the current block is between @low, where structs are taken, and @high, where
 * texts are taken, so that texts leave no gaps.
 */
struct _Arena {
    Block *current;
    char *low;
    char *high;
    size_t ceiling;
    size_t used;
    size_t nextSize;    /* of the next block */
};

static Block *spares[SPARES];

/* Returns: where a block of @size is kept, or NULL if blocks of that size are not kept. */
static Block **
sparePlace(size_t size)
{
    guint i;

    for (i = 0; KEEPS_SPARES && i < SPARES; i++) {
        if (size == (size_t)SMALLEST_SPARE << i)
            return &spares[i];
    }
    return NULL;
}

static gboolean
hasMargin(void)
{
    gpointer margin = mmap(NULL, MARGIN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                           -1, 0);

    if (margin == MAP_FAILED)
        return FALSE;
    munmap(margin, MARGIN);
    return TRUE;
}

static Block *
blockNew(size_t size)
{
    Block **place = sparePlace(size);
    Block *block = place ? g_atomic_pointer_exchange(place, NULL) : NULL;

    if (!block && (size < LARGEST_BLOCK || hasMargin()))
        block = g_try_malloc(sizeof(*block) + size);
    return block;
}

static void
blockFree(Block *block)
{
    Block **place = sparePlace(block->size);

    if (!place || !g_atomic_pointer_compare_and_exchange(place, NULL, block))
        g_free(block);
}

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

size_t
arenaCeilingFor(size_t bytes, size_t factor)
{
    size_t room = bytes < LIMIT_ARENA_BYTES / factor ? bytes * factor : LIMIT_ARENA_BYTES;

    return MIN(room + LIMIT_AMPLIFIED_BASE / 2, LIMIT_ARENA_BYTES);
}

void
arenaRaise(Arena *arena, size_t ceiling)
{
    arena->ceiling = MAX(arena->ceiling, ceiling);
}

void
arenaFree(Arena *arena)
{
    if (!arena)
        return;
    while (arena->current) {
        Block *previous = arena->current->previous;

        blockFree(arena->current);
        arena->current = previous;
    }
    g_free(arena);
}

/* Makes room for @size bytes; the rest of the previous block is wasted. */
static gboolean
arenaAddBlock(Arena *arena, size_t size)
{
    size_t room = MAX(size, arena->nextSize);
    Block *block = blockNew(room);

    if (!block)
        return FALSE;
    block->previous = arena->current;
    block->size = room;
    arena->current = block;
    arena->low = block->data;
    arena->high = block->data + room;
    arena->nextSize = MIN(arena->nextSize * 2, LARGEST_BLOCK);
    return TRUE;
}

/* Ensures that the current block has @size bytes free, and accounts for them. */
static inline gboolean
arenaReserve(Arena *arena, size_t size)
{
    if (size > arena->ceiling - arena->used)
        return FALSE;
    if (size > (size_t)(arena->high - arena->low) && !arenaAddBlock(arena, size))
        return FALSE;
    arena->used += size;
    return TRUE;
}

void *
arenaAlloc(Arena *arena, size_t size)
{
    size_t rounded = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    char *memory;

    if (rounded < size || !arenaReserve(arena, rounded))
        return NULL;
    memory = arena->low;
    arena->low += rounded;
    return memset(memory, 0, size);
}

char *
arenaStrndup(Arena *arena, const char *text, size_t length)
{
    if (length == SIZE_MAX || !arenaReserve(arena, length + 1))
        return NULL;
    arena->high -= length + 1;
    arena->high[length] = '\0';
    return memcpy(arena->high, text, length);
}

size_t
arenaUsed(const Arena *arena)
{
    return arena->used;
}

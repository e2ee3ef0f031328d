/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * A mutation of our own besides libFuzzer's: a piece of the input is repeated until the input is
 * as large as it may be. What takes more time or memory than it should shows with many of a kind,
 * or with a long one, which flipped bytes do not make.
 */

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Longest piece that is repeated. */
#define LONGEST 512

/* One mutation in so many is of this kind. */
#define ONE_IN 8

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t room);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed);

/* A generator of pseudo-random numbers: Knuth's constants of MMIX. */
static size_t
draw(uint64_t *state, size_t below)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (size_t)(*state >> 33) % below;
}

static size_t
repeat(uint8_t *data, size_t size, size_t room, uint64_t *state)
{
    size_t at = draw(state, size);
    size_t length = 1 + draw(state, size - at < LONGEST ? size - at : LONGEST);
    /* Up to the room, but often less, so that a part behind it stays. */
    size_t times = 1 + draw(state, (room - size) / length + 1);
    uint8_t piece[LONGEST];
    size_t i;

    if ((room - size) / length < times)
        return size;
    memcpy(piece, data + at, length);
    memmove(data + at + times * length, data + at, size - at);
    for (i = 0; i < times; i++)
        memcpy(data + at + i * length, piece, length);
    return size + times * length;
}

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t room, unsigned int seed)
{
    uint64_t state = seed;

    if (size > 0 && draw(&state, ONE_IN) == 0)
        return repeat(data, size, room, &state);
    return LLVMFuzzerMutate(data, size, room);
}

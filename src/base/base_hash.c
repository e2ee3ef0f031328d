/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * A polynomial over the integers modulo a prime, evaluated at the key: two different texts of at
 * most n steps have the same hash for at most n keys.
 */

#include "base_hash.h"

#include <string.h>
#include <unistd.h>

#define PRIME G_GUINT64_CONSTANT(2147483647)    /* 2^31 - 1 */

/* Bytes of one step: fewer bits than the prime has. */
#define STEP 3

/* Returns: the key of this process: neither 0 nor 1. */
static guint64
hashKey(void)
{
    static gsize key;

    if (g_once_init_enter(&key)) {
        guint32 random = 0;

        if (getentropy(&random, sizeof(random)) != 0)
            random = g_random_int();
        g_once_init_leave(&key, (gsize)(2 + random % (PRIME - 2)));
    }
    return key;
}

guint
hashAdd(guint hash, gconstpointer bytes, size_t length)
{
    const guchar *at = bytes;
    const guint64 key = hashKey();
    /* Steps of zeros must count as well. */
    guint64 sum = (hash % PRIME + 1 + length % PRIME) * key % PRIME;

    for (; length >= STEP; length -= STEP, at += STEP)
        sum = (sum + ((guint64)at[0] << 16 | (guint64)at[1] << 8 | at[2])) * key % PRIME;
    for (; length > 0; length--, at++)
        sum = (sum + *at) * key % PRIME;
    return (guint)sum;
}

guint
hashBytes(gconstpointer bytes, size_t length)
{
    return hashAdd(0, bytes, length);
}

guint
hashText(gconstpointer text)
{
    return hashAdd(0, text, strlen(text));
}

guint
hashUuid(gconstpointer uuid)
{
    return hashBytes(uuid, 16);
}

gboolean
hashUuidEqual(gconstpointer a, gconstpointer b)
{
    return memcmp(a, b, 16) == 0;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct _Secret {
    char *text;
    size_t length;      /* without the NUL */
    size_t mapped;      /* whole pages */
};

/*
 * Locking and exclusion from core dumps are best effort: a low RLIMIT_MEMLOCK must not prevent
 * logging in.
 */
Secret *
secretNew(const char *text)
{
    size_t length = strlen(text);
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    Secret *secret = g_new0(Secret, 1);

    secret->length = length;
    secret->mapped = (length + 1 + page - 1) / page * page;
    secret->text = mmap(NULL, secret->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                        -1, 0);
    if (secret->text == MAP_FAILED)
        g_error("cannot map %zu bytes for a secret", secret->mapped);
    (void)mlock(secret->text, secret->mapped);
    (void)madvise(secret->text, secret->mapped, MADV_DONTDUMP);
    memcpy(secret->text, text, length + 1);
    (void)mprotect(secret->text, secret->mapped, PROT_READ);
    return secret;
}

const char *
secretText(const Secret *secret)
{
    return secret->text;
}

gboolean
secretEqual(const Secret *a, const Secret *b)
{
    /* volatile: otherwise the compiler might stop at the first difference */
    volatile unsigned char differs = a->length != b->length;
    size_t i;

    /* Beyond the end of @a, its NUL is compared. */
    for (i = 0; i < b->length; i++)
        differs |= (unsigned char)(a->text[MIN(i, a->length)] ^ b->text[i]);
    return !differs;
}

void
secretFree(Secret *secret)
{
    if (!secret)
        return;
    /* Pages that cannot be made writable again are freed without erasing them. */
    if (mprotect(secret->text, secret->mapped, PROT_READ | PROT_WRITE) == 0)
        explicit_bzero(secret->text, secret->mapped);
    munmap(secret->text, secret->mapped);
    g_free(secret);
}

void
secretErase(char *text)
{
    if (text)
        explicit_bzero(text, strlen(text));
}

void
secretEraseFree(char *text)
{
    secretErase(text);
    g_free(text);
}

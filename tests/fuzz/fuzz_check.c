/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "fuzz_check.h"

#include <malloc.h>
#include <string.h>

#include "base_limits.h"

/* The words of a message besides what it quotes. */
#define OWN_WORDS 400

/* Of a sanitizer's run time, where there is one. */
extern size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
extern size_t __sanitizer_get_allocated_size(const volatile void *block) __attribute__((weak));
extern int __sanitizer_install_malloc_and_free_hooks(
    void (*taken)(const volatile void *block, size_t size),
    void (*given)(const volatile void *block)) __attribute__((weak));

/* Targets have one thread. */
static gssize held;
static gssize highest;
static size_t before;

static void
onMalloc(const volatile void *block G_GNUC_UNUSED, size_t size)
{
    held += (gssize)size;
    highest = MAX(highest, held);
}

static void
onFree(const volatile void *block)
{
    if (block)
        held -= (gssize)__sanitizer_get_allocated_size(block);
}

static gboolean
hasHooks(void)
{
    static int installed = -1;

    if (installed < 0)
        installed = __sanitizer_install_malloc_and_free_hooks && __sanitizer_get_allocated_size &&
                    __sanitizer_install_malloc_and_free_hooks(onMalloc, onFree) > 0;
    return installed > 0;
}

static size_t
heldNow(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

void
fuzzMemoryBegin(void)
{
    held = highest = 0;
    before = hasHooks() ? 0 : heldNow();
}

void
fuzzMemoryCheck(size_t size, guint factor, size_t replies)
{
    size_t now = hasHooks() ? (size_t)MAX(highest, 0) : heldNow();
    size_t taken = now > before ? now - before : 0;
    size_t allowed = factor * size + replies * LIMIT_AMPLIFIED_BASE;

    if (taken > allowed)
        g_error("%zu bytes of input became %zu, more than %u times as many and %zu", size, taken,
                factor, replies * LIMIT_AMPLIFIED_BASE);
}

static gboolean
isPlain(gunichar c)
{
    GUnicodeType type = g_unichar_type(c);

    return type != G_UNICODE_CONTROL && type != G_UNICODE_FORMAT &&
           type != G_UNICODE_LINE_SEPARATOR && type != G_UNICODE_PARAGRAPH_SEPARATOR;
}

void
fuzzCheckMessage(const char *message, guint texts)
{
    const char *p;

    g_assert_nonnull(message);
    g_assert_cmpstr(message, !=, "");
    if (!g_utf8_validate(message, -1, NULL))
        g_error("a message that is no UTF-8");
    for (p = message; *p; p = g_utf8_next_char(p)) {
        if (!isPlain(g_utf8_get_char(p)))
            g_error("a message with the character U+%04X", g_utf8_get_char(p));
    }
    if (strlen(message) > texts * LIMIT_QUOTED_BYTES + OWN_WORDS)
        g_error("a message of %zu bytes", strlen(message));
}

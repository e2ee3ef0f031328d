/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_cache.h"

#include <string.h>

#include "soap_store.h"

G_STATIC_ASSERT((SOAP_CACHE_FIELDS & (SOAP_CACHE_FIELDS - 1)) == 0);
G_STATIC_ASSERT((SOAP_CACHE_NAMES & (SOAP_CACHE_NAMES - 1)) == 0);

/* Returns: (transfer none): the entry for the field @name of @type, made if needed. */
static SoapCacheField *
findField(SoapCache *cache, const SoapType *type, const char *name)
{
    /*
     * Both are addresses. That of a name may be odd; the low bits of a type's are always the same.
     */
    guint64 mixed = ((guint64)(guintptr)name ^ ((guint64)(guintptr)type >> 3)) *
                    G_GUINT64_CONSTANT(0x9E3779B97F4A7C15);
    SoapCacheField *seen = cache->fields[(mixed >> 32) & (SOAP_CACHE_FIELDS - 1)];

    if (seen[0].name == name && seen[0].type == type)
        return &seen[0];
    if (seen[1].name == name && seen[1].type == type)
        return &seen[1];
    seen[1] = seen[0];
    seen[0] = (SoapCacheField){ type, name, soapTypeField(type, name), NULL };
    return &seen[0];
}

const SoapField *
soapCacheSearch(SoapCache *cache, const SoapType *type, const char *name, SoapCacheField **last)
{
    SoapCacheField *found = findField(cache, type, name);

    if (*last)
        (*last)->next = found;
    *last = found;
    return found->field;
}

/*
 * Returns: (transfer none): the local part, with its length, of the qualified name in the @length
 * bytes at @text. XML allows blanks around it.
 */
static const char *
localPart(const char *text, size_t length, size_t *ret_length)
{
    const char *end = text + length;
    const char *colon = NULL;

    while (text < end && g_ascii_isspace(text[0]))
        text++;
    while (text < end && g_ascii_isspace(end[-1]))
        end--;
    colon = memchr(text, ':', (size_t)(end - text));
    if (colon)
        text = colon + 1;
    *ret_length = (size_t)(end - text);
    return text;
}

/* Stores these bytes as the name @seen. */
static gboolean
learnName(SoapCacheName *seen, Arena *arena, const char *text, size_t length, GError **error)
{
    char *copy = soapStoreCopy(arena, text, length, error);
    const char *name;
    size_t rest = 0;

    if (!copy)
        return FALSE;
    name = localPart(copy, length, &rest);
    if (name + rest != copy + length) {
        name = soapStoreCopy(arena, name, rest, error);
        if (!name)
            return FALSE;
    }
    *seen = (SoapCacheName){ .text = copy, .length = length, .name = name };
    return TRUE;
}

SoapCacheName *
soapCacheName(SoapCache *cache, Arena *arena, const char *text, size_t length, GError **error)
{
    /* Names of the same length differ at their ends or in the middle. */
    size_t mixed = length == 0 ? 0 : length + (guchar)text[0] * 3 + (guchar)text[length / 2] * 5 +
                                         (guchar)text[length - 1] * 7;
    SoapCacheName *seen = &cache->names[mixed & (SOAP_CACHE_NAMES - 1)];

    if (seen->text && seen->length == length && memcmp(seen->text, text, length) == 0)
        return seen;
    return learnName(seen, arena, text, length, error) ? seen : NULL;
}

const SoapAnyType *
soapCacheType(SoapCacheName *name)
{
    if (!name->isResolved) {
        name->type = soapAnyTypeOf(name->name, strlen(name->name));
        name->isResolved = TRUE;
    }
    return &name->type;
}

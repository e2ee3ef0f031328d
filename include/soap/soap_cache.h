/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_any.h"
#include "soap_table.h"

/*
 * SoapCache: results of lookups while a reply is read. A reply repeats the same names often, so
 * each is looked up in the tables once. A cache has a fixed size: when it is full, a new entry
 * replaces an old one, which is then looked up again.
 */

/* The value of an attribute that names a type. */
typedef struct {
    const char *text;       /* the value as received, with a NUL, in the arena; NULL: none */
    size_t length;
    const char *name;       /* its local part, without the prefix, at the end of @text; may be "" */
    gboolean isResolved;
    SoapAnyType type;       /* for soapCacheType() */
} SoapCacheName;

typedef struct _SoapCacheField SoapCacheField;
struct _SoapCacheField {
    const SoapType *type;   /* NULL: none */
    const char *name;
    const SoapField *field;
    SoapCacheField *next;    /* the field that followed it the last time; NULL: none */
};

#define SOAP_CACHE_FIELDS 128
#define SOAP_CACHE_NAMES 32

typedef struct {
    SoapCacheField fields[SOAP_CACHE_FIELDS][2];  /* of those that share a place, the newer first */
    SoapCacheName names[SOAP_CACHE_NAMES];
} SoapCache;

/* An empty cache is all zeros. */

/* Like soapCacheField(), for a caller that has already checked what follows @last. */
const SoapField *soapCacheSearch(SoapCache *cache, const SoapType *type, const char *name,
                                 SoapCacheField **last);

/*
 * Like soapTypeField(). @name has one address for each string while @cache is used, like the XML
 * names of one parser. Inline, because nearly every element of a reply is looked up.
 *
 * @last: the field found last for the same struct, NULL before the first; updated. Objects of a
 * type mostly have the same fields in the same order.
 */
static inline const SoapField *
soapCacheField(SoapCache *cache, const SoapType *type, const char *name, SoapCacheField **last)
{
    SoapCacheField *next = *last ? (*last)->next : NULL;

    if (!next || next->name != name || next->type != type)
        return soapCacheSearch(cache, type, name, last);
    *last = next;
    return next->field;
}

/*
 * Returns: (transfer none): the name in the @length bytes at @text, valid until the next call; its
 * strings are in @arena. NULL with SOAP_ERROR_LIMIT if the arena is full.
 */
SoapCacheName *soapCacheName(SoapCache *cache, Arena *arena, const char *text, size_t length,
                             GError **error);

/* Returns: what @name means as a type, see soapAnyTypeOf(); valid as long as @name. */
const SoapAnyType *soapCacheType(SoapCacheName *name);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_any.h"
#include "soap_table.h"

/*
 * SoapCache: what was looked up while a reply is read. A reply says the same names again and again,
 * so each is looked up in the tables once. A cache has a fixed size: what finds no room takes the
 * place of something else, and that is looked up again.
 */

/* A value of an attribute that names a type. */
typedef struct {
    const char *text;       /* the value as it came, with a NUL, in the arena; NULL: none */
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
    SoapCacheField *next;    /* the field that came after it the last time; NULL: none has */
};

#define SOAP_CACHE_FIELDS 128
#define SOAP_CACHE_NAMES 32

typedef struct {
    SoapCacheField fields[SOAP_CACHE_FIELDS][2];  /* the newer of those that share a place first */
    SoapCacheName names[SOAP_CACHE_NAMES];
} SoapCache;

/* An empty cache is all zeros. */

/* As soapCacheField(), for who has looked at what follows @last. */
const SoapField *soapCacheSearch(SoapCache *cache, const SoapType *type, const char *name,
                                SoapCacheField **last);

/*
 * As soapTypeField(). @name has one address for each string for as long as @cache is used, as XML
 * names of one parser have. Inline, as nearly every element of a reply is looked up.
 *
 * @last: what was found last for the same struct, NULL before the first; replaced. Objects of a
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
 * Returns: (transfer none): the name that the @length bytes at @text are, valid until the next
 * call; what it points to lives in @arena. NULL with SOAP_ERROR_LIMIT when that is full.
 */
SoapCacheName *soapCacheName(SoapCache *cache, Arena *arena, const char *text, size_t length,
                           GError **error);

/* Returns: what @name means as a type, as soapAnyTypeOf() says; valid as long as @name. */
const SoapAnyType *soapCacheType(SoapCacheName *name);

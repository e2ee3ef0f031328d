/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_any.h"
#include "soap_table.h"

/*
 * Memo: what was looked up while a reply is read. A reply says the same names again and again, so
 * each is looked up in the tables once. A memo has a fixed size: what finds no room takes the place
 * of something else, and that is looked up again.
 */

/* A value of an attribute that names a type. */
typedef struct {
    const char *text;       /* the value as it came, with a NUL, in the arena; NULL: none */
    size_t length;
    const char *name;       /* its local part, without the prefix, at the end of @text; may be "" */
    gboolean isResolved;
    SoapAnyType type;       /* for soapMemoType() */
} SoapMemoName;

typedef struct _SoapMemoField SoapMemoField;
struct _SoapMemoField {
    const SoapType *type;   /* NULL: none */
    const char *name;
    const SoapField *field;
    SoapMemoField *next;    /* the field that came after it the last time; NULL: none has */
};

#define SOAP_MEMO_FIELDS 128
#define SOAP_MEMO_NAMES 32

typedef struct {
    SoapMemoField fields[SOAP_MEMO_FIELDS][2];  /* the newer of those that share a place first */
    SoapMemoName names[SOAP_MEMO_NAMES];
} SoapMemo;

/* An empty memo is all zeros. */

/* As soapMemoField(), for who has looked at what follows @last. */
const SoapField *soapMemoSearch(SoapMemo *memo, const SoapType *type, const char *name,
                                SoapMemoField **last);

/*
 * As soapTypeField(). @name has one address for each string for as long as @memo is used, as XML
 * names of one parser have. Inline, as nearly every element of a reply is looked up.
 *
 * @last: what was found last for the same struct, NULL before the first; replaced. Objects of a
 * type mostly have the same fields in the same order.
 */
static inline const SoapField *
soapMemoField(SoapMemo *memo, const SoapType *type, const char *name, SoapMemoField **last)
{
    SoapMemoField *next = *last ? (*last)->next : NULL;

    if (!next || next->name != name || next->type != type)
        return soapMemoSearch(memo, type, name, last);
    *last = next;
    return next->field;
}

/*
 * Returns: (transfer none): the name that the @length bytes at @text are, valid until the next
 * call; what it points to lives in @arena. NULL with SOAP_ERROR_LIMIT when that is full.
 */
SoapMemoName *soapMemoName(SoapMemo *memo, Arena *arena, const char *text, size_t length,
                           GError **error);

/* Returns: what @name means as a type, as soapAnyTypeOf() says; valid as long as @name. */
const SoapAnyType *soapMemoType(SoapMemoName *name);

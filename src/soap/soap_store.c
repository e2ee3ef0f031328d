/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_store.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "soap_error.h"

/* The size of an array's first vector, which then doubles. A power of two. */
#define FIRST_VECTOR 4


/* One value of any kind, as in a vector. */
typedef union {
    gboolean boolean;
    gint32 i32;
    gint64 i64;
    gdouble real;
    gpointer pointer;
} Value;

static size_t
kindSize(SoapKind kind)
{
    switch (kind) {
    case SOAP_KIND_BOOL:
        return sizeof(gboolean);
    case SOAP_KIND_INT:
        return sizeof(gint32);
    case SOAP_KIND_LONG:
        return sizeof(gint64);
    case SOAP_KIND_DOUBLE:
        return sizeof(gdouble);
    case SOAP_KIND_STRING:
    case SOAP_KIND_MOREF:
    case SOAP_KIND_OBJECT:
    case SOAP_KIND_ANY:
        break;
    }
    return sizeof(gpointer);
}

static const char *
kindName(SoapKind kind)
{
    switch (kind) {
    case SOAP_KIND_BOOL:
        return "true or false";
    case SOAP_KIND_INT:
        return "a 32-bit number";
    case SOAP_KIND_LONG:
        return "a 64-bit number";
    case SOAP_KIND_DOUBLE:
        return "a floating-point number";
    case SOAP_KIND_STRING:
    case SOAP_KIND_MOREF:
    case SOAP_KIND_OBJECT:
    case SOAP_KIND_ANY:
        break;
    }
    return "text";
}

static void
refuseMemory(GError **error)
{
    textToError(error, SOAP_ERROR, SOAP_ERROR_LIMIT,
                "the reply exceeds its memory limit: %d times its size, at most %zu MiB, and no "
                "more than is available", LIMIT_DECODED, LIMIT_ARENA_BYTES / (1024 * 1024));
}

gpointer
soapStoreAlloc(Arena *arena, size_t size, GError **error)
{
    gpointer memory = arenaAlloc(arena, size);

    if (!memory)
        refuseMemory(error);
    return memory;
}

char *
soapStoreCopy(Arena *arena, const char *text, size_t length, GError **error)
{
    char *copy = arenaStrndup(arena, text, length);

    if (!copy)
        refuseMemory(error);
    return copy;
}

static gboolean
parseBoolean(const char *text, size_t length, gboolean *ret_value)
{
    gboolean isTrue = length == 4 ? memcmp(text, "true", 4) == 0 : length == 1 && text[0] == '1';
    gboolean isFalse = length == 5 ? memcmp(text, "false", 5) == 0 : length == 1 && text[0] == '0';

    *ret_value = isTrue;
    return isTrue || isFalse;
}

/* This many digits fit into 64 bits, whatever they are. */
#define SAFE_DIGITS 18

/*
 * Decimal digits after an optional sign. A third of all fields are numbers, and the C library,
 * which supports all bases and locales, takes several times as long.
 */
static gboolean
parseInteger(const char *text, size_t length, gint64 least, gint64 most, gint64 *ret_value)
{
    gboolean negative = text[0] == '-';
    const char *first = text + (negative || text[0] == '+');
    const char *end = text + length;
    const char *safe = end - first > SAFE_DIGITS ? first + SAFE_DIGITS : end;
    const char *at;
    guint64 ceiling = negative ? (guint64)G_MAXINT64 + 1 : (guint64)G_MAXINT64;
    guint64 value = 0;
    gint64 number;

    for (at = first; at < safe; at++) {
        guint64 digit = (guint64)(guchar)*at - '0';

        if (digit > 9)
            return FALSE;
        value = value * 10 + digit;
    }
    for (; at < end; at++) {
        guint64 digit = (guint64)(guchar)*at - '0';

        if (digit > 9 || value > (ceiling - digit) / 10)
            return FALSE;
        value = value * 10 + digit;
    }
    number = negative ? (gint64)(0 - value) : (gint64)value;
    if (first == end || number < least || number > most)
        return FALSE;
    *ret_value = number;
    return TRUE;
}

/*
 * XML has INF and NaN, which the C library reads in upper and lower case; it also reads
 * hexadecimal.
 */
static gboolean
parseReal(const char *text, size_t length, gdouble *ret_value)
{
    char number[LIMIT_NUMBER_BYTES + 1];
    char *end = NULL;
    gdouble value;

    memcpy(number, text, length);
    number[length] = '\0';
    value = g_ascii_strtod(number, &end);
    if (end != number + length || strpbrk(number, "xX"))
        return FALSE;
    *ret_value = value;
    return TRUE;
}

/* @text is stripped, not empty, and not longer than any number. */
static gboolean
parseScalar(SoapKind kind, const char *text, size_t length, Value *ret_value)
{
    gint64 number = 0;

    switch (kind) {
    case SOAP_KIND_BOOL:
        return parseBoolean(text, length, &ret_value->boolean);
    case SOAP_KIND_INT:
        if (!parseInteger(text, length, G_MININT32, G_MAXINT32, &number))
            return FALSE;
        ret_value->i32 = (gint32)number;
        return TRUE;
    case SOAP_KIND_LONG:
        return parseInteger(text, length, G_MININT64, G_MAXINT64, &ret_value->i64);
    case SOAP_KIND_DOUBLE:
        return parseReal(text, length, &ret_value->real);
    case SOAP_KIND_STRING:
    case SOAP_KIND_MOREF:
    case SOAP_KIND_OBJECT:
    case SOAP_KIND_ANY:
        break;
    }
    return FALSE;
}

static void
refuseText(const SoapField *field, const char *text, size_t length, GError **error)
{
    g_autofree char *shown = textQuote(text, (gssize)MIN(length, LIMIT_NUMBER_BYTES));

    textToError(error, SOAP_ERROR, SOAP_ERROR_VALUE,
                "the reply's field \"%s\" of type %s is \"%s\", which is not %s", field->name,
                field->xsdType, field->flags & SOAP_FIELD_SECRET ? "***" : shown,
                kindName(field->kind));
}

/* Makes room for one more value after the @n values of @vector. */
static gboolean
growVector(Arena *arena, gpointer *vector, size_t n, size_t size, GError **error)
{
    gboolean isFull = n == 0 || (n >= FIRST_VECTOR && (n & (n - 1)) == 0);
    gpointer grown;

    if (!isFull)
        return TRUE;
    grown = soapStoreAlloc(arena, (n == 0 ? FIRST_VECTOR : 2 * n) * size, error);
    if (!grown)
        return FALSE;
    if (n > 0)
        memcpy(grown, *vector, n * size);
    *vector = grown;
    return TRUE;
}

/* The member, or item, at @place. */
static void
putValue(gpointer place, SoapKind kind, const Value *value)
{
    switch (kind) {
    case SOAP_KIND_BOOL:
        *(gboolean *)place = value->boolean;
        break;
    case SOAP_KIND_INT:
        *(gint32 *)place = value->i32;
        break;
    case SOAP_KIND_LONG:
        *(gint64 *)place = value->i64;
        break;
    case SOAP_KIND_DOUBLE:
        *(gdouble *)place = value->real;
        break;
    case SOAP_KIND_STRING:
    case SOAP_KIND_MOREF:
    case SOAP_KIND_OBJECT:
    case SOAP_KIND_ANY:
        *(gpointer *)place = value->pointer;
        break;
    }
}

/* Returns: the place for the next item of @field, which it adds; or NULL. */
static gpointer
placeForItem(Arena *arena, gpointer *vector, size_t *n, const SoapField *field, GError **error)
{
    size_t size = kindSize(field->kind);

    if (!growVector(arena, vector, *n, size, error))
        return NULL;
    return (char *)*vector + (*n)++ * size;
}

/* Returns: the place for the next value of @field, which it adds; or NULL. */
static inline gpointer
placeFor(Arena *arena, gpointer base, const SoapField *field, GError **error)
{
    gpointer member = (char *)base + field->offset;
    gpointer extra = (char *)base + field->extra;

    if (field->flags & SOAP_FIELD_ARRAY)
        return placeForItem(arena, member, extra, field, error);
    if (field->extra != 0)
        *(gboolean *)extra = TRUE;
    return member;
}

static gboolean
storeScalar(Arena *arena, gpointer base, const SoapField *field, const char *text, size_t length,
            GError **error)
{
    Value value = { 0 };
    gpointer place;

    while (length > 0 && g_ascii_isspace(text[0])) {
        text++;
        length--;
    }
    while (length > 0 && g_ascii_isspace(text[length - 1]))
        length--;
    if (length == 0 || length > LIMIT_NUMBER_BYTES ||
        !parseScalar(field->kind, text, length, &value)) {
        refuseText(field, text, length, error);
        return FALSE;
    }
    place = placeFor(arena, base, field, error);
    if (!place)
        return FALSE;
    putValue(place, field->kind, &value);
    return TRUE;
}

gboolean
soapStorePointer(Arena *arena, gpointer base, const SoapField *field, gpointer pointer,
                 GError **error)
{
    gpointer *place = placeFor(arena, base, field, error);

    if (!place)
        return FALSE;
    *place = pointer;
    return TRUE;
}

gboolean
soapStoreText(Arena *arena, gpointer base, const SoapField *field, const char *text, size_t length,
              GError **error)
{
    char **place;
    char *copy;

    if (field->kind != SOAP_KIND_STRING)
        return storeScalar(arena, base, field, text, length, error);
    copy = soapStoreCopy(arena, text, length, error);
    if (!copy)
        return FALSE;
    place = placeFor(arena, base, field, error);
    if (!place)
        return FALSE;
    *place = copy;
    return TRUE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * A request is written by walking the tables, the fields of the root type first. Absent fields are
 * omitted, because servers refuse unexpected empty elements. An xsi:type is written if the real
 * type is not the declared one, and in an anyType.
 */

#include "soap_encode.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base_text.h"
#include "soap_any.h"
#include "soap_cursor.h"
#include "soap_error.h"

/*
 * Room for a request with a secret, in addition to its strings. It is reserved first, so that the
 * buffer does not move and leave a copy of the secret.
 */
#define SECRET_ROOM 4096

/* The longest encoding of one byte: "&quot;". */
#define LONGEST_ESCAPE 6

static gboolean encodeObject(GString *out, const SoapObject *object, GError **error);

static gboolean
encodeFail(GError **error, const char *where, const char *what)
{
    textToError(error, SOAP_ERROR, SOAP_ERROR_VALUE,
                "the request cannot be encoded: its field \"%s\" %s", where, what);
    return FALSE;
}

/* Whether XML allows @c. */
static gboolean
isXmlCharacter(gunichar c)
{
    return c >= 0x20 ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

static const char *
escapeOf(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\n':
        return "&#10;";
    case '\r':
        return "&#13;";
    default:
        return NULL;
    }
}

/* For element text and for attributes. */
static gboolean
encodeText(GString *out, const char *text, const char *where, GError **error)
{
    const char *at;

    if (!g_utf8_validate(text, -1, NULL))
        return encodeFail(error, where, "is not valid UTF-8");
    for (at = text; *at; at = g_utf8_next_char(at)) {
        const char *escape = escapeOf(*at);

        if (!isXmlCharacter(g_utf8_get_char(at)))
            return encodeFail(error, where, "contains a control character");
        if (escape)
            g_string_append(out, escape);
        else
            g_string_append_len(out, at, g_utf8_next_char(at) - at);
    }
    return TRUE;
}

/* <name, or <name xsi:type="..." */
static void
encodeOpen(GString *out, const char *name, const char *xsiType)
{
    g_string_append_printf(out, "<%s", name);
    if (xsiType)
        g_string_append_printf(out, " xsi:type=\"%s\"", xsiType);
}

static void
encodeClose(GString *out, const char *name)
{
    g_string_append_printf(out, "</%s>", name);
}

static void
encodeReal(GString *out, gdouble value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    if (isnan(value))
        g_string_append(out, "NaN");
    else if (isinf(value))
        g_string_append(out, value < 0 ? "-INF" : "INF");
    else
        g_string_append(out, g_ascii_dtostr(text, sizeof(text), value));
}

static gboolean
encodeString(GString *out, const char *name, const char *text, const char *xsiType, GError **error)
{
    if (!text)
        return encodeFail(error, name, "has a missing item");
    encodeOpen(out, name, xsiType);
    g_string_append_c(out, '>');
    if (!encodeText(out, text, name, error))
        return FALSE;
    encodeClose(out, name);
    return TRUE;
}

static gboolean
encodeMoRef(GString *out, const char *name, const SoapMoRef *moref, const char *xsiType,
            GError **error)
{
    if (!moref || !moref->value || !moref->type)
        return encodeFail(error, name, "is a reference without type or value");
    encodeOpen(out, name, xsiType);
    g_string_append(out, " type=\"");
    if (!encodeText(out, moref->type, name, error))
        return FALSE;
    g_string_append(out, "\">");
    if (!encodeText(out, moref->value, name, error))
        return FALSE;
    encodeClose(out, name);
    return TRUE;
}

/* @declared: the type that the server assumes without an xsi:type; NULL: none. */
static gboolean
encodeTyped(GString *out, const char *name, const SoapObject *object, const SoapType *declared,
            GError **error)
{
    if (!object || !object->type)
        return encodeFail(error, name, "has an object without a type");
    if (declared && !soapTypeIs(object->type, declared))
        return encodeFail(error, name, "has an object of a type that is not allowed there");
    encodeOpen(out, name, object->type == declared ? NULL : object->type->name);
    g_string_append_c(out, '>');
    if (!encodeObject(out, object, error))
        return FALSE;
    encodeClose(out, name);
    return TRUE;
}

static gboolean encodeAny(GString *out, const char *name, const SoapAny *any, GError **error);

/* The location of one value of a field: in the struct, or in the vector. */
typedef struct {
    const char *name;           /* of the element */
    SoapKind kind;
    const SoapType *declared;
    const char *xsiType;        /* to be written, or NULL */
} Slot;

static gboolean
encodePointer(GString *out, const Slot *slot, gconstpointer pointer, GError **error)
{
    switch (slot->kind) {
    case SOAP_KIND_STRING:
        return encodeString(out, slot->name, pointer, slot->xsiType, error);
    case SOAP_KIND_MOREF:
        return encodeMoRef(out, slot->name, pointer, slot->xsiType, error);
    case SOAP_KIND_OBJECT:
        return encodeTyped(out, slot->name, pointer, slot->declared, error);
    case SOAP_KIND_ANY:
        return encodeAny(out, slot->name, pointer, error);
    case SOAP_KIND_BOOL:
    case SOAP_KIND_INT:
    case SOAP_KIND_LONG:
    case SOAP_KIND_DOUBLE:
        break;
    }
    g_return_val_if_reached(FALSE);
}

/* Writes the @index-th value of the vector at @values. */
static gboolean
encodeItem(GString *out, const Slot *slot, gconstpointer values, size_t index, GError **error)
{
    if (slot->kind >= SOAP_KIND_STRING)
        return encodePointer(out, slot, ((gconstpointer const *)values)[index], error);
    encodeOpen(out, slot->name, slot->xsiType);
    g_string_append_c(out, '>');
    if (slot->kind == SOAP_KIND_BOOL)
        g_string_append(out, ((const gboolean *)values)[index] ? "true" : "false");
    else if (slot->kind == SOAP_KIND_INT)
        g_string_append_printf(out, "%" PRId32, ((const gint32 *)values)[index]);
    else if (slot->kind == SOAP_KIND_LONG)
        g_string_append_printf(out, "%" PRId64, ((const gint64 *)values)[index]);
    else
        encodeReal(out, ((const gdouble *)values)[index]);
    encodeClose(out, slot->name);
    return TRUE;
}

static gboolean
encodeItems(GString *out, const Slot *slot, gconstpointer values, size_t n, GError **error)
{
    size_t i;

    for (i = 0; i < n; i++) {
        if (!encodeItem(out, slot, values, i, error))
            return FALSE;
    }
    return TRUE;
}

/*
 * The name of the array gives the tag of its items: ArrayOfString has <string>, ArrayOfScsiLun
 * <ScsiLun>.
 */
static const char *
anyItemTag(const SoapAnyType *type)
{
    const char *colon = strchr(type->xsdType, ':');

    return colon ? colon + 1 : type->xsdType;
}

static gboolean
encodeAnyArray(GString *out, const char *name, const SoapAny *any, GError **error)
{
    SoapAnyType type = { 0 };
    Slot slot = { .kind = any->kind };

    if (any->wireType)
        type = soapAnyTypeOf(any->wireType, strlen(any->wireType));
    if (!type.known || !type.isArray || type.kind != any->kind)
        return encodeFail(error, name, "is an array without an item type");
    slot.name = anyItemTag(&type);
    slot.xsiType = type.xsdType;
    encodeOpen(out, name, any->wireType);
    g_string_append_c(out, '>');
    if (!encodeItems(out, &slot, any->value.items, any->n, error))
        return FALSE;
    encodeClose(out, name);
    return TRUE;
}

static gboolean
encodeAny(GString *out, const char *name, const SoapAny *any, GError **error)
{
    Slot slot = { .name = name };
    SoapAnyType type = { 0 };

    if (!any)
        return encodeFail(error, name, "has a missing item");
    if (any->isArray)
        return encodeAnyArray(out, name, any, error);
    if (any->kind == SOAP_KIND_ANY)
        return encodeFail(error, name, "is a value without a type");
    slot.kind = any->kind;
    slot.xsiType = soapAnyField(any->kind, FALSE)->xsdType;
    if (any->wireType)
        type = soapAnyTypeOf(any->wireType, strlen(any->wireType));
    if (type.known && !type.isArray && type.kind == any->kind)
        slot.xsiType = type.xsdType;
    return encodeItem(out, &slot, &any->value, 0, error);
}

static gboolean
encodeIsAbsent(const SoapField *field, gconstpointer member, gconstpointer extra)
{
    if (field->flags & SOAP_FIELD_ARRAY)
        return *(const size_t *)extra == 0;
    if (field->kind >= SOAP_KIND_STRING)
        return *(gconstpointer const *)member == NULL;
    return field->extra != 0 && !*(const gboolean *)extra;
}

static gboolean
encodeField(GString *out, gconstpointer base, const SoapField *field, GError **error)
{
    gconstpointer member = (const char *)base + field->offset;
    gconstpointer extra = (const char *)base + field->extra;
    const Slot slot = { .name = field->name, .kind = field->kind, .declared = field->type };

    if (encodeIsAbsent(field, member, extra)) {
        if (field->flags & (SOAP_FIELD_OPTIONAL | SOAP_FIELD_ARRAY))
            return TRUE;
        return encodeFail(error, field->name, "is required but missing");
    }
    if (field->flags & SOAP_FIELD_ARRAY) {
        return encodeItems(out, &slot, *(gconstpointer const *)member, *(const size_t *)extra,
                           error);
    }
    return encodeItem(out, &slot, member, 0, error);
}

static gboolean
encodeObject(GString *out, const SoapObject *object, GError **error)
{
    SoapCursor cursor;
    const SoapField *field;

    soapCursorInit(&cursor, object->type);
    while ((field = soapCursorNext(&cursor))) {
        if (!encodeField(out, object, field, error))
            return FALSE;
    }
    return TRUE;
}

/* The maximum length of the strings of a request, and whether one of them is secret. */
static size_t
encodeMeasureStrings(gconstpointer args, const SoapType *type, gboolean *ret_secret)
{
    SoapCursor cursor;
    const SoapField *field;
    size_t total = 0;

    *ret_secret = FALSE;
    soapCursorInit(&cursor, type);
    while ((field = soapCursorNext(&cursor))) {
        const char *text = NULL;

        if (field->kind != SOAP_KIND_STRING || field->flags & SOAP_FIELD_ARRAY)
            continue;
        text = *(const char *const *)(gconstpointer)((const char *)args + field->offset);
        total += text ? strlen(text) * LONGEST_ESCAPE : 0;
        if (field->flags & SOAP_FIELD_SECRET)
            *ret_secret = TRUE;
    }
    return total;
}

static void
encodeReserve(GString *out, const SoapMethod *method, gconstpointer args)
{
    gboolean secret = FALSE;
    size_t strings = encodeMeasureStrings(args, method->request, &secret);
    gsize length = out->len;

    if (!secret)
        return;
    g_string_set_size(out, length + strings + SECRET_ROOM);
    g_string_truncate(out, length);
}

gboolean
soapEncodeRequest(const SoapMethod *method, gconstpointer args, GString *out, GError **error)
{
    const SoapObject *request = args;

    if (request->type != method->request)
        return encodeFail(error, method->name, "has arguments of another method");
    encodeReserve(out, method, args);
    g_string_append(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                    "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" "
                    "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" "
                    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>");
    g_string_append_printf(out, "<%s xmlns=\"urn:vim25\">", method->name);
    if (!encodeObject(out, request, error))
        return FALSE;
    encodeClose(out, method->name);
    g_string_append(out, "</soapenv:Body></soapenv:Envelope>");
    return TRUE;
}

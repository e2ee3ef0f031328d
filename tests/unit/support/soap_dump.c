/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_dump.h"

#include <inttypes.h>

#include "soap_cursor.h"

static void dumpObject(GString *out, const SoapObject *object, guint depth);

static void
dumpIndent(GString *out, guint depth)
{
    g_string_append_printf(out, "%*s", (int)(4 * depth), "");
}

static void
dumpMoRef(GString *out, const SoapMoRef *moref)
{
    g_string_append_printf(out, "&%s %s\n", moref->type ? moref->type : "?",
                           moref->value ? moref->value : "?");
}

static void
dumpReal(GString *out, gdouble value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];

    g_string_append_printf(out, "%s\n", g_ascii_dtostr(text, sizeof(text), value));
}

static void dumpAny(GString *out, const SoapAny *any, guint depth);

/* Writes the @index-th value of the vector at @values, behind "name: ". */
static void
dumpItem(GString *out, SoapKind kind, gconstpointer values, size_t index, guint depth)
{
    gconstpointer pointer = NULL;

    if (kind >= SOAP_KIND_STRING)
        pointer = ((gconstpointer const *)values)[index];
    switch (kind) {
    case SOAP_KIND_BOOL:
        g_string_append_printf(out, "%s\n", ((const gboolean *)values)[index] ? "true" : "false");
        break;
    case SOAP_KIND_INT:
        g_string_append_printf(out, "%" PRId32 "\n", ((const gint32 *)values)[index]);
        break;
    case SOAP_KIND_LONG:
        g_string_append_printf(out, "%" PRId64 "\n", ((const gint64 *)values)[index]);
        break;
    case SOAP_KIND_DOUBLE:
        dumpReal(out, ((const gdouble *)values)[index]);
        break;
    case SOAP_KIND_STRING:
        g_string_append_printf(out, "\"%s\"\n", pointer ? (const char *)pointer : "");
        break;
    case SOAP_KIND_MOREF:
        dumpMoRef(out, pointer);
        break;
    case SOAP_KIND_OBJECT:
        dumpObject(out, pointer, depth);
        break;
    case SOAP_KIND_ANY:
        dumpAny(out, pointer, depth);
        break;
    }
}

static void
dumpItems(GString *out, const char *name, SoapKind kind, gconstpointer values, size_t n,
          guint depth)
{
    size_t i;

    for (i = 0; i < n; i++) {
        dumpIndent(out, depth);
        g_string_append_printf(out, "%s[%zu]: ", name, i);
        dumpItem(out, kind, values, i, depth);
    }
}

static void
dumpAny(GString *out, const SoapAny *any, guint depth)
{
    if (!any->isArray) {
        dumpItem(out, any->kind, &any->value, 0, depth);
        return;
    }
    g_string_append_printf(out, "%s\n", any->wireType ? any->wireType : "ArrayOf?");
    dumpItems(out, "item", any->kind, any->value.items, any->n, depth + 1);
}

static void
dumpField(GString *out, gconstpointer base, const SoapField *field, guint depth)
{
    gconstpointer member = (const char *)base + field->offset;
    gconstpointer extra = (const char *)base + field->extra;

    if (field->flags & SOAP_FIELD_ARRAY) {
        dumpItems(out, field->name, field->kind, *(gconstpointer const *)member,
                  *(const size_t *)extra, depth);
        return;
    }
    if (field->kind >= SOAP_KIND_STRING && !*(gconstpointer const *)member)
        return;
    if (field->kind < SOAP_KIND_STRING && field->extra != 0 && !*(const gboolean *)extra)
        return;
    dumpIndent(out, depth);
    g_string_append_printf(out, "%s: ", field->name);
    if (field->flags & SOAP_FIELD_SECRET)
        g_string_append(out, "***\n");
    else
        dumpItem(out, field->kind, member, 0, depth);
}

/* The type's name on the line at hand, the fields below it, one step in. */
static void
dumpObject(GString *out, const SoapObject *object, guint depth)
{
    SoapCursor cursor;
    const SoapField *field;

    g_string_append(out, object->type->name);
    if (object->wireType)
        g_string_append_printf(out, " (%s)", object->wireType);
    g_string_append_c(out, '\n');
    soapCursorInit(&cursor, object->type);
    while ((field = soapCursorNext(&cursor)))
        dumpField(out, object, field, depth + 1);
}

char *
soapDump(gconstpointer object)
{
    GString *out = g_string_new(NULL);

    if (object)
        dumpObject(out, object, 0);
    return g_string_free(out, FALSE);
}

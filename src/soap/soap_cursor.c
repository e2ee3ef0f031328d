/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_cursor.h"

#include <string.h>

/* The type one step nearer to @type than its ancestor @level. */
static const SoapType *
soapCursorDescend(const SoapType *type, const SoapType *level)
{
    const SoapType *at = type;

    if (level == type)
        return NULL;
    while (at->parent != level)
        at = at->parent;
    return at;
}

void
soapCursorInit(SoapCursor *cursor, const SoapType *type)
{
    cursor->type = type;
    cursor->level = type;
    cursor->index = 0;
    while (cursor->level->parent)
        cursor->level = cursor->level->parent;
}

const SoapField *
soapCursorNext(SoapCursor *cursor)
{
    while (cursor->level && cursor->index == cursor->level->nfields) {
        cursor->level = soapCursorDescend(cursor->type, cursor->level);
        cursor->index = 0;
    }
    return cursor->level ? &cursor->level->fields[cursor->index++] : NULL;
}

static gboolean
soapCursorIs(const SoapField *field, const char *name)
{
    return field->name[0] == name[0] && strcmp(field->name, name) == 0;
}

/* Where @cursor stands, or one further: no reply in order needs more, but for what is absent. */
static const SoapField *
soapCursorExpect(SoapCursor *cursor, const char *name)
{
    const SoapType *level = cursor->level;
    guint last;
    guint i;

    if (!level)
        return NULL;
    last = MIN(cursor->index + 2, level->nfields);
    for (i = cursor->index; i < last; i++) {
        if (soapCursorIs(&level->fields[i], name)) {
            cursor->index = i;
            return &level->fields[i];
        }
    }
    return NULL;
}

/* From where @cursor is to the end; on success it stands before the field. */
static const SoapField *
soapCursorScan(SoapCursor *cursor, const char *name)
{
    const SoapField *field;

    while ((field = soapCursorNext(cursor))) {
        if (soapCursorIs(field, name)) {
            cursor->index--;
            return field;
        }
    }
    return NULL;
}

#ifndef NDEBUG
/* What soapCursorFind() must agree with. */
static const SoapField *
soapCursorFindPlainly(const SoapType *type, const char *name)
{
    const SoapType *level;
    guint i;

    for (level = type; level; level = level->parent) {
        for (i = 0; i < level->nfields; i++) {
            if (strcmp(level->fields[i].name, name) == 0)
                return &level->fields[i];
        }
    }
    return NULL;
}
#endif

const SoapField *
soapCursorFind(SoapCursor *cursor, const char *name)
{
    SoapCursor at = *cursor;
    const SoapField *field = soapCursorExpect(&at, name);

    if (!field)
        field = soapCursorScan(&at, name);
    if (!field) {
        soapCursorInit(&at, cursor->type);
        field = soapCursorScan(&at, name);
    }
#ifndef NDEBUG
    g_assert(field == soapCursorFindPlainly(cursor->type, name));
#endif
    if (field)
        *cursor = at;
    return field;
}

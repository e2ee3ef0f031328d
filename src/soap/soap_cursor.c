/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_cursor.h"

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

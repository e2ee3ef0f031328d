/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/* Cursor: a place among the fields of a type, the root's first, as they come on the wire. */
typedef struct {
    const SoapType *type;
    const SoapType *level;  /* the type in the line of @type whose field is next; NULL at the end */
    guint index;
} SoapCursor;

/* Puts @cursor before the first field of @type. */
void soapCursorInit(SoapCursor *cursor, const SoapType *type);

/* Returns: the next field, or NULL at the end. */
const SoapField *soapCursorNext(SoapCursor *cursor);

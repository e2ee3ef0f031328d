/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/* Cursor: a position among the fields of a type in their order in XML, the root type's first. */
typedef struct {
    const SoapType *type;
    const SoapType *level;  /* @type or the ancestor that has the next field; NULL at the end */
    guint index;
} SoapCursor;

/* Puts @cursor before the first field of @type. */
void soapCursorInit(SoapCursor *cursor, const SoapType *type);

/* Returns: the next field, or NULL at the end. */
const SoapField *soapCursorNext(SoapCursor *cursor);

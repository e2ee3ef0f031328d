/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_table.h"

#include <string.h>

const SoapType soapUnknownType = { "DynamicData", NULL, sizeof(SoapObject), NULL, 0 };

gboolean
soapTypeIs(const SoapType *type, const SoapType *ancestor)
{
    const SoapType *at;

    for (at = type; at; at = at->parent) {
        if (at == ancestor)
            return TRUE;
    }
    return FALSE;
}

gboolean
soapObjectIs(gconstpointer object, const SoapType *type)
{
    const SoapObject *known = object;

    return known && soapTypeIs(known->type, type);
}

gpointer
soapObjectCast(gconstpointer object, const SoapType *type)
{
    return soapObjectIs(object, type) ? (gpointer)object : NULL;
}

const SoapField *
soapTypeField(const SoapType *type, const char *name)
{
    const SoapType *level;
    guint i;

    for (level = type; level; level = level->parent) {
        for (i = 0; i < level->nfields; i++) {
            const SoapField *field = &level->fields[i];

            if (field->name[0] == name[0] && strcmp(field->name, name) == 0)
                return field;
        }
    }
    return NULL;
}

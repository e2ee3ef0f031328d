/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Typed reads of property values. */

#include "vi_property.h"

const char *
viAnyString(const SoapAny *any)
{
    if (!any || any->isArray || any->kind != SOAP_KIND_STRING)
        return NULL;
    return any->value.string;
}

const SoapMoRef *
viAnyMoRef(const SoapAny *any)
{
    if (!any || any->isArray || any->kind != SOAP_KIND_MOREF)
        return NULL;
    return any->value.moref;
}

gboolean
viAnyBool(const SoapAny *any, gboolean *ret_value)
{
    if (!any || any->isArray || any->kind != SOAP_KIND_BOOL)
        return FALSE;
    *ret_value = any->value.boolean;
    return TRUE;
}

gpointer
viAnyObject(const SoapAny *any, const SoapType *type)
{
    if (!any || any->isArray || any->kind != SOAP_KIND_OBJECT)
        return NULL;
    return soapObjectCast(any->value.object, type);
}

SoapObject *const *
viAnyObjects(const SoapAny *any, size_t *ret_n)
{
    *ret_n = 0;
    if (!any || any->kind != SOAP_KIND_OBJECT)
        return NULL;

    *ret_n = any->isArray ? any->n : 1;
    return any->isArray ? any->value.objects : &any->value.object;
}

SoapMoRef *const *
viAnyMoRefs(const SoapAny *any, size_t *ret_n)
{
    *ret_n = 0;
    if (!any || any->kind != SOAP_KIND_MOREF)
        return NULL;

    *ret_n = any->isArray ? any->n : 1;
    return any->isArray ? any->value.morefs : &any->value.moref;
}

gboolean
viMoRefEqual(const SoapMoRef *a, const SoapMoRef *b)
{
    return a && b && g_strcmp0(a->type, b->type) == 0 && g_strcmp0(a->value, b->value) == 0;
}

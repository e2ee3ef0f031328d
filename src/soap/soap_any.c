/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_any.h"

#include <stddef.h>
#include <string.h>

#define ARRAY_OF "ArrayOf"

#define NAMED(name) name, sizeof(name) - 1

/* "ManagedObjectReference" and the types of XML; VI has its own names for some of them. */
static const struct {
    const char *name;
    size_t length;
    SoapKind kind;
    const char *xsdType;
} simpleTypes[] = {
    { NAMED("string"), SOAP_KIND_STRING, "xsd:string" },
    { NAMED("boolean"), SOAP_KIND_BOOL, "xsd:boolean" },
    { NAMED("int"), SOAP_KIND_INT, "xsd:int" },
    { NAMED("long"), SOAP_KIND_LONG, "xsd:long" },
    { NAMED("ManagedObjectReference"), SOAP_KIND_MOREF, "ManagedObjectReference" },
    { NAMED("dateTime"), SOAP_KIND_STRING, "xsd:dateTime" },
    { NAMED("byte"), SOAP_KIND_INT, "xsd:byte" },
    { NAMED("short"), SOAP_KIND_INT, "xsd:short" },
    { NAMED("float"), SOAP_KIND_DOUBLE, "xsd:float" },
    { NAMED("double"), SOAP_KIND_DOUBLE, "xsd:double" },
    { NAMED("anyURI"), SOAP_KIND_STRING, "xsd:anyURI" },
    { NAMED("base64Binary"), SOAP_KIND_STRING, "xsd:base64Binary" },
    { NAMED("anyType"), SOAP_KIND_ANY, "xsd:anyType" },
    /* Their names after "ArrayOf". */
    { NAMED("String"), SOAP_KIND_STRING, "xsd:string" },
    { NAMED("Boolean"), SOAP_KIND_BOOL, "xsd:boolean" },
    { NAMED("Int"), SOAP_KIND_INT, "xsd:int" },
    { NAMED("Long"), SOAP_KIND_LONG, "xsd:long" },
    { NAMED("DateTime"), SOAP_KIND_STRING, "xsd:dateTime" },
    { NAMED("Byte"), SOAP_KIND_INT, "xsd:byte" },
    { NAMED("Short"), SOAP_KIND_INT, "xsd:short" },
    { NAMED("Float"), SOAP_KIND_DOUBLE, "xsd:float" },
    { NAMED("Double"), SOAP_KIND_DOUBLE, "xsd:double" },
    { NAMED("AnyURI"), SOAP_KIND_STRING, "xsd:anyURI" },
    { NAMED("Base64Binary"), SOAP_KIND_STRING, "xsd:base64Binary" },
    { NAMED("AnyType"), SOAP_KIND_ANY, "xsd:anyType" },
    { NAMED("PropertyPath"), SOAP_KIND_STRING, "xsd:string" },
    { NAMED("MethodName"), SOAP_KIND_STRING, "xsd:string" },
    { NAMED("TypeName"), SOAP_KIND_STRING, "xsd:string" },
};

#define ONE(Kind, member, xsdType) \
    [Kind] = { "value", Kind, 0, offsetof(SoapAny, value.member), 0, NULL, xsdType }
#define MANY(Kind, xsdType) \
    [Kind] = { "item", Kind, SOAP_FIELD_ARRAY, offsetof(SoapAny, value.items), \
               offsetof(SoapAny, n), NULL, xsdType }

static const SoapField oneFields[] = {
    ONE(SOAP_KIND_BOOL, boolean, "xsd:boolean"),
    ONE(SOAP_KIND_INT, i32, "xsd:int"),
    ONE(SOAP_KIND_LONG, i64, "xsd:long"),
    ONE(SOAP_KIND_DOUBLE, real, "xsd:double"),
    ONE(SOAP_KIND_STRING, string, "xsd:string"),
    ONE(SOAP_KIND_MOREF, moref, "ManagedObjectReference"),
    ONE(SOAP_KIND_OBJECT, object, "xsd:anyType"),
    ONE(SOAP_KIND_ANY, items, "xsd:anyType"),
};

static const SoapField manyFields[] = {
    MANY(SOAP_KIND_BOOL, "xsd:boolean"),
    MANY(SOAP_KIND_INT, "xsd:int"),
    MANY(SOAP_KIND_LONG, "xsd:long"),
    MANY(SOAP_KIND_DOUBLE, "xsd:double"),
    MANY(SOAP_KIND_STRING, "xsd:string"),
    MANY(SOAP_KIND_MOREF, "ManagedObjectReference"),
    MANY(SOAP_KIND_OBJECT, "xsd:anyType"),
    MANY(SOAP_KIND_ANY, "xsd:anyType"),
};

const SoapField *
soapAnyField(SoapKind kind, gboolean isArray)
{
    return isArray ? &manyFields[kind] : &oneFields[kind];
}

/* Fills in the kind of one value of type @name. */
static void
findItemType(const char *name, size_t length, SoapAnyType *type)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(simpleTypes); i++) {
        if (simpleTypes[i].length == length && memcmp(simpleTypes[i].name, name, length) == 0) {
            type->known = TRUE;
            type->kind = simpleTypes[i].kind;
            type->xsdType = simpleTypes[i].xsdType;
            return;
        }
    }
    type->type = vimTypeByName(name, length);
    if (type->type) {
        type->known = TRUE;
        type->kind = SOAP_KIND_OBJECT;
        type->xsdType = type->type->name;
    }
}

SoapAnyType
soapAnyTypeOf(const char *name, size_t length)
{
    SoapAnyType type = { 0 };
    size_t prefix = strlen(ARRAY_OF);

    if (length > prefix && strncmp(name, ARRAY_OF, prefix) == 0) {
        type.isArray = TRUE;
        findItemType(name + prefix, length - prefix, &type);
    } else {
        findItemType(name, length, &type);
    }
    return type;
}

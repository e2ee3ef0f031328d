/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What names of types mean. */

#include "soap_any.h"

#include <string.h>

#include "vim_types.h"

static const struct {
    const char *name;
    gboolean known;
    gboolean isArray;
    SoapKind kind;
    const char *xsdType;
} cases[] = {
    { "string", TRUE, FALSE, SOAP_KIND_STRING, "xsd:string" },
    { "boolean", TRUE, FALSE, SOAP_KIND_BOOL, "xsd:boolean" },
    { "byte", TRUE, FALSE, SOAP_KIND_INT, "xsd:byte" },
    { "short", TRUE, FALSE, SOAP_KIND_INT, "xsd:short" },
    { "int", TRUE, FALSE, SOAP_KIND_INT, "xsd:int" },
    { "long", TRUE, FALSE, SOAP_KIND_LONG, "xsd:long" },
    { "float", TRUE, FALSE, SOAP_KIND_DOUBLE, "xsd:float" },
    { "double", TRUE, FALSE, SOAP_KIND_DOUBLE, "xsd:double" },
    { "dateTime", TRUE, FALSE, SOAP_KIND_STRING, "xsd:dateTime" },
    { "anyURI", TRUE, FALSE, SOAP_KIND_STRING, "xsd:anyURI" },
    { "base64Binary", TRUE, FALSE, SOAP_KIND_STRING, "xsd:base64Binary" },
    { "ManagedObjectReference", TRUE, FALSE, SOAP_KIND_MOREF, "ManagedObjectReference" },
    { "HostScsiDisk", TRUE, FALSE, SOAP_KIND_OBJECT, "HostScsiDisk" },
    { "ArrayOfString", TRUE, TRUE, SOAP_KIND_STRING, "xsd:string" },
    { "ArrayOfInt", TRUE, TRUE, SOAP_KIND_INT, "xsd:int" },
    { "ArrayOfByte", TRUE, TRUE, SOAP_KIND_INT, "xsd:byte" },
    { "ArrayOfLong", TRUE, TRUE, SOAP_KIND_LONG, "xsd:long" },
    { "ArrayOfBoolean", TRUE, TRUE, SOAP_KIND_BOOL, "xsd:boolean" },
    { "ArrayOfDouble", TRUE, TRUE, SOAP_KIND_DOUBLE, "xsd:double" },
    { "ArrayOfAnyType", TRUE, TRUE, SOAP_KIND_ANY, "xsd:anyType" },
    { "ArrayOfManagedObjectReference", TRUE, TRUE, SOAP_KIND_MOREF, "ManagedObjectReference" },
    { "ArrayOfScsiLun", TRUE, TRUE, SOAP_KIND_OBJECT, "ScsiLun" },
    { "ArrayOfTaskInfoState", FALSE, TRUE, SOAP_KIND_BOOL, NULL },
    { "ArrayOf", FALSE, FALSE, SOAP_KIND_BOOL, NULL },
    { "ArrayOfArrayOfString", FALSE, TRUE, SOAP_KIND_BOOL, NULL },
    { "TaskInfoState", FALSE, FALSE, SOAP_KIND_BOOL, NULL },
    { "strin", FALSE, FALSE, SOAP_KIND_BOOL, NULL },
    { "strings", FALSE, FALSE, SOAP_KIND_BOOL, NULL },
    { "", FALSE, FALSE, SOAP_KIND_BOOL, NULL },
};

static void
testTypeOf(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        SoapAnyType type = soapAnyTypeOf(cases[i].name, strlen(cases[i].name));

        g_test_message("%s", cases[i].name);
        g_assert_cmpint(type.known, ==, cases[i].known);
        g_assert_cmpint(type.isArray, ==, cases[i].isArray);
        g_assert_cmpstr(type.xsdType, ==, cases[i].xsdType);
        if (type.known)
            g_assert_cmpint(type.kind, ==, cases[i].kind);
        g_assert_cmpint(type.type != NULL, ==, type.known && type.kind == SOAP_KIND_OBJECT);
    }
    g_assert_true(soapAnyTypeOf("ArrayOfScsiLun", 14).type == &vimScsiLunType);
    /* the length counts, not the end of the string */
    g_assert_cmpint(soapAnyTypeOf("longer", 4).kind, ==, SOAP_KIND_LONG);
}

static void
testFields(void)
{
    guint kind;

    for (kind = SOAP_KIND_BOOL; kind <= SOAP_KIND_ANY; kind++) {
        g_assert_cmpint(soapAnyField((SoapKind)kind, FALSE)->kind, ==, kind);
        g_assert_cmpint(soapAnyField((SoapKind)kind, TRUE)->kind, ==, kind);
        g_assert_cmpuint(soapAnyField((SoapKind)kind, FALSE)->flags, ==, 0);
        g_assert_cmpuint(soapAnyField((SoapKind)kind, TRUE)->flags, ==, SOAP_FIELD_ARRAY);
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-any/type-of", testTypeOf);
    g_test_add_func("/soap-any/fields", testFields);
    return g_test_run();
}

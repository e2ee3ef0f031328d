/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Types and their ancestors, and the generated tables themselves. */

#include "soap_table.h"

#include <string.h>

#include "vim_types.h"

static void
testTypeIs(void)
{
    g_assert_true(soapTypeIs(&vimNasDatastoreInfoType, &vimNasDatastoreInfoType));
    g_assert_true(soapTypeIs(&vimNasDatastoreInfoType, &vimDatastoreInfoType));
    g_assert_false(soapTypeIs(&vimDatastoreInfoType, &vimNasDatastoreInfoType));
    g_assert_false(soapTypeIs(&vimNasDatastoreInfoType, &vimHostHostBusAdapterType));
    g_assert_true(soapTypeIs(&vimFileNotFoundType, &vimMethodFaultType));
}

static void
testObjectCast(void)
{
    VimNasDatastoreInfo nas = VIM_INIT(NasDatastoreInfo, .base.name = "nfs1");
    VimDatastoreInfo *info = soapObjectCast(&nas, &vimDatastoreInfoType);

    g_assert_true(soapObjectIs(&nas, &vimDatastoreInfoType));
    g_assert_nonnull(info);
    g_assert_cmpstr(info->name, ==, "nfs1");
    g_assert_true(soapObjectCast(info, &vimNasDatastoreInfoType) == &nas);
    g_assert_null(soapObjectCast(&nas, &vimVmfsDatastoreInfoType));
    g_assert_false(soapObjectIs(NULL, &vimDatastoreInfoType));
    g_assert_null(soapObjectCast(NULL, &vimDatastoreInfoType));
}

static void
testInit(void)
{
    VimTraversalSpec step = VIM_INIT(TraversalSpec, .path = "parent", .base.name = "up");
    VimLoginRequest login = VIM_INIT(LoginRequest);

    g_assert_true(step.base.object.type == &vimTraversalSpecType);
    g_assert_cmpstr(step.path, ==, "parent");
    g_assert_cmpstr(step.base.name, ==, "up");
    g_assert_true(login.object.type == &vimLoginRequestType);
    g_assert_null(login.password);
}

static void
testByName(void)
{
    size_t i;

    for (i = 0; i < vimTypesCount; i++) {
        const char *name = vimTypes[i]->name;

        g_assert_true(vimTypeByName(name, strlen(name)) == vimTypes[i]);
    }
    g_assert_null(vimTypeByName("NasDatastoreInfoX", strlen("NasDatastoreInfoX")));
    g_assert_null(vimTypeByName("NasDatastoreInf", strlen("NasDatastoreInf")));
    g_assert_null(vimTypeByName("", 0));
    /* Not an object of its own on any wire. */
    g_assert_null(vimTypeByName("LoginRequest", strlen("LoginRequest")));
    g_assert_true(vimTypeByName("ScsiLunXYZ", strlen("ScsiLun")) == &vimScsiLunType);
}

static void
testFieldByName(void)
{
    const SoapType *type = &vimNasDatastoreInfoType;

    g_assert_cmpstr(soapTypeField(type, "nas")->name, ==, "nas");
    /* its parent's */
    g_assert_true(soapTypeField(type, "url") == soapTypeField(&vimDatastoreInfoType, "url"));
    g_assert_null(soapTypeField(&vimDatastoreInfoType, "nas"));
    g_assert_null(soapTypeField(type, "na"));
    g_assert_null(soapTypeField(type, "nasx"));
    g_assert_null(soapTypeField(type, ""));
    g_assert_null(soapTypeField(&vimLogoutResponseType, "returnval"));
    g_assert_null(soapTypeField(&soapUnknownType, "x"));
}

/* No field has the name of one of its type's parents, so that each is found. */
static void
testEveryField(void)
{
    const SoapType *level;
    size_t i;
    guint j;

    for (i = 0; i < vimTypesCount; i++) {
        for (level = vimTypes[i]; level; level = level->parent) {
            for (j = 0; j < level->nfields; j++)
                g_assert_true(soapTypeField(vimTypes[i], level->fields[j].name) ==
                              &level->fields[j]);
        }
    }
}

static void
checkField(const SoapType *type, const SoapField *field)
{
    gboolean isScalar = field->kind < SOAP_KIND_STRING;
    gboolean hasExtra = (field->flags & SOAP_FIELD_ARRAY) ||
                        (isScalar && (field->flags & SOAP_FIELD_OPTIONAL));

    g_test_message("%s.%s", type->name, field->name);
    g_assert_cmpuint(field->offset, <, type->size);
    g_assert_cmpuint(field->offset, >=, sizeof(SoapObject));
    g_assert_cmpint(field->extra != 0, ==, hasExtra);
    g_assert_cmpint(field->type != NULL, ==, field->kind == SOAP_KIND_OBJECT);
    g_assert_nonnull(field->xsdType);
}

static void
checkType(const SoapType *type)
{
    guint i;

    g_assert_cmpuint(type->size, >=, type->parent ? type->parent->size : sizeof(SoapObject));
    for (i = 0; i < type->nfields; i++)
        checkField(type, &type->fields[i]);
}

static void
testTables(void)
{
    size_t i;

    g_assert_cmpuint(vimTypesCount, >, 100);
    for (i = 0; i < vimTypesCount; i++) {
        checkType(vimTypes[i]);
        if (i > 0)
            g_assert_cmpstr(vimTypes[i - 1]->name, <, vimTypes[i]->name);
    }
}

static void
testMethods(void)
{
    size_t i;

    g_assert_cmpuint(vimMethodsCount, >=, 30);
    for (i = 0; i < vimMethodsCount; i++) {
        checkType(vimMethods[i]->request);
        checkType(vimMethods[i]->response);
        g_assert_cmpstr(vimMethods[i]->request->fields[0].name, ==, "_this");
        g_assert_cmpint(vimMethods[i]->request->fields[0].kind, ==, SOAP_KIND_MOREF);
        g_assert_cmpuint(vimMethods[i]->response->nfields, <=, 1);
    }
    g_assert_cmpint(vimMethodLogin.replay, ==, SOAP_REPLAY_ONCE);
    g_assert_cmpint(vimMethodRetrievePropertiesEx.replay, ==, SOAP_REPLAY_SAFE);
    g_assert_cmpint(vimMethodWaitForUpdatesEx.replay, ==, SOAP_REPLAY_SESSION);
    g_assert_cmpint(vimMethodDeleteVirtualDisk_Task.replay, ==, SOAP_REPLAY_ONCE);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-table/type-is", testTypeIs);
    g_test_add_func("/soap-table/object-cast", testObjectCast);
    g_test_add_func("/soap-table/init", testInit);
    g_test_add_func("/soap-table/by-name", testByName);
    g_test_add_func("/soap-table/field-by-name", testFieldByName);
    g_test_add_func("/soap-table/every-field", testEveryField);
    g_test_add_func("/soap-table/tables", testTables);
    g_test_add_func("/soap-table/methods", testMethods);
    return g_test_run();
}

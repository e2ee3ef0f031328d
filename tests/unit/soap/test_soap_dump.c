/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The readable text of objects; what is secret is not in it. */

#include "soap_dump.h"

#include "soap_fixture.h"

static void
testSecret(void)
{
    SoapMoRef self = { "SessionManager", "sm" };
    VimLoginRequest args = VIM_INIT(LoginRequest, .self = &self, .userName = "root",
                                    .password = "hunter2");
    g_autofree char *dump = soapDump(&args);

    g_assert_cmpstr(dump, ==,
                    "LoginRequest\n"
                    "    _this: &SessionManager sm\n"
                    "    userName: \"root\"\n"
                    "    password: ***\n");
}

static void
testEverything(void)
{
    const char *paths[] = { "a", "b" };
    SoapMoRef self = { "PropertyFilter", "f" };
    VimPropertySpec property = VIM_INIT(PropertySpec, .type = "Task", .n_pathSet = 2,
                                        .pathSet = paths, .has_all = TRUE, .all = TRUE);
    VimPropertySpec *properties[] = { &property };
    VimPropertyFilterSpec spec = VIM_INIT(PropertyFilterSpec, .n_propSet = 1,
                                          .propSet = properties);
    VimCreateFilterRequest args = VIM_INIT(CreateFilterRequest, .self = &self, .spec = &spec);
    g_autofree char *dump = soapDump(&args);

    g_assert_cmpstr(dump, ==,
                    "CreateFilterRequest\n"
                    "    _this: &PropertyFilter f\n"
                    "    spec: PropertyFilterSpec\n"
                    "        propSet[0]: PropertySpec\n"
                    "            type: \"Task\"\n"
                    "            all: true\n"
                    "            pathSet[0]: \"a\"\n"
                    "            pathSet[1]: \"b\"\n"
                    "    partialUpdates: false\n");
}

static void
testAny(void)
{
    gint64 numbers[] = { 1, -1 };
    gdouble real = 0.25;
    SoapAny array = { .kind = SOAP_KIND_LONG, .isArray = TRUE, .n = 2, .value.items = numbers };
    SoapAny reals = { .kind = SOAP_KIND_DOUBLE, .isArray = TRUE, .n = 1, .value.items = &real,
                      .wireType = "ArrayOfDouble" };
    VimDynamicProperty property = VIM_INIT(DynamicProperty, .name = "p", .val = &array,
                                           .object.wireType = "Newer");
    g_autofree char *longs = soapDump(&property);
    g_autofree char *doubles = NULL;

    property.val = &reals;
    doubles = soapDump(&property);
    g_assert_cmpstr(longs, ==,
                    "DynamicProperty (Newer)\n    name: \"p\"\n    val: ArrayOf?\n"
                    "        item[0]: 1\n        item[1]: -1\n");
    fixtureAssertContains(doubles, "val: ArrayOfDouble\n        item[0]: 0.25\n");
}

static void
testNothing(void)
{
    g_autofree char *dump = soapDump(NULL);

    g_assert_cmpstr(dump, ==, "");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-dump/secret", testSecret);
    g_test_add_func("/soap-dump/everything", testEverything);
    g_test_add_func("/soap-dump/any", testAny);
    g_test_add_func("/soap-dump/nothing", testNothing);
    return g_test_run();
}

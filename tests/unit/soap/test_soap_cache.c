/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What is remembered is what the tables say, however much finds no room. */

#include "soap_cache.h"

#include <string.h>

#include "soap_error.h"
#include "vim_types.h"

#define MORE_THAN_FIT 1000

static SoapCacheName *
nameOf(SoapCache *cache, Arena *arena, const char *text)
{
    g_autoptr(GError) error = NULL;
    SoapCacheName *name = soapCacheName(cache, arena, text, strlen(text), &error);

    g_assert_no_error(error);
    return name;
}

static void
assertField(SoapCache *cache, const SoapType *type, guint i, SoapCacheField **last)
{
    const char *name = g_intern_string(type->fields[i].name);

    g_assert_true(soapCacheField(cache, type, name, last) == &type->fields[i]);
    g_assert_nonnull(*last);
}

/*
 * Every field of every type, twice, in their order and against it, with names of one address each;
 * there are more than a cache keeps, so that what came next the last time may be something else
 * now.
 */
static void
testFields(void)
{
    g_autofree SoapCache *cache = g_new0(SoapCache, 1);
    guint round;
    size_t i;
    guint j;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < vimTypesCount; i++) {
            const SoapType *type = vimTypes[i];
            SoapCacheField *last = NULL;

            for (j = 0; j < type->nfields; j++)
                assertField(cache, type, j, &last);
            for (j = type->nfields; j > 0; j--)
                assertField(cache, type, j - 1, &last);
            last = NULL;
            for (j = 0; j < type->nfields; j++)
                assertField(cache, type, j, &last);
        }
    }
}

/* A type that has none, and a name that no field has, behind one that some field has. */
static void
testNoFields(void)
{
    g_autofree SoapCache *cache = g_new0(SoapCache, 1);
    const SoapType *type = vimTypeByName("DatastoreSummary", strlen("DatastoreSummary"));
    const char *strange = g_intern_string("strange");
    SoapCacheField *last = NULL;
    guint i;

    for (i = 0; i < 3; i++) {
        assertField(cache, type, 0, &last);
        g_assert_null(soapCacheField(cache, type, strange, &last));
        g_assert_null(soapCacheField(cache, &soapUnknownType, strange, &last));
        g_assert_null(soapCacheField(cache, &soapUnknownType,
                                     g_intern_string(type->fields[0].name), &last));
    }
}

static void
testNames(void)
{
    static const struct {
        const char *text;
        const char *name;
    } cases[] = {
        { "xsd:string", "string" },
        { "ScsiLun", "ScsiLun" },
        { "\n ns1:HostScsiDisk\t", "HostScsiDisk" },
        { ":", "" },
        { "", "" },
        { "   ", "" },
    };
    g_autofree SoapCache *cache = g_new0(SoapCache, 1);
    g_autoptr(Arena) arena = arenaNew(100000);
    size_t i;

    for (i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
        const char *text = cases[i / 2].text;
        const SoapCacheName *name = nameOf(cache, arena, text);

        g_assert_cmpstr(name->text, ==, text);
        g_assert_cmpuint(name->length, ==, strlen(text));
        g_assert_cmpstr(name->name, ==, cases[i / 2].name);
    }
}

/* A name is in the arena once for as long as it is remembered; what it points to stays. */
static void
testOnce(void)
{
    g_autofree SoapCache *cache = g_new0(SoapCache, 1);
    g_autoptr(Arena) arena = arenaNew(1 << 20);
    const char *first = nameOf(cache, arena, "xsd:long")->name;
    size_t used = arenaUsed(arena);
    size_t i;

    g_assert_true(nameOf(cache, arena, "xsd:long")->name == first);
    g_assert_cmpuint(arenaUsed(arena), ==, used);
    for (i = 0; i < MORE_THAN_FIT; i++) {
        g_autofree char *text = g_strdup_printf("xsd:name%zu", i);

        g_assert_cmpstr(nameOf(cache, arena, text)->name, ==, text + strlen("xsd:"));
    }
    g_assert_cmpstr(first, ==, "long");
    g_assert_cmpstr(nameOf(cache, arena, "xsd:long")->name, ==, "long");
}

static void
testTypes(void)
{
    g_autofree SoapCache *cache = g_new0(SoapCache, 1);
    g_autoptr(Arena) arena = arenaNew(1 << 20);
    guint round;
    size_t i;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < vimTypesCount; i++) {
            SoapCacheName *name = nameOf(cache, arena, vimTypes[i]->name);

            g_assert_true(soapCacheType(name)->type == vimTypes[i]);
            g_assert_true(soapCacheType(name)->type == vimTypes[i]);
        }
    }
    g_assert_cmpint(soapCacheType(nameOf(cache, arena, "xsd:int"))->kind, ==, SOAP_KIND_INT);
    g_assert_true(soapCacheType(nameOf(cache, arena, "ArrayOfScsiLun"))->isArray);
    g_assert_false(soapCacheType(nameOf(cache, arena, "Strange"))->known);
}

static void
testFull(void)
{
    g_autofree SoapCache *cache = g_new0(SoapCache, 1);
    g_autoptr(Arena) arena = arenaNew(16);
    g_autoptr(GError) error = NULL;

    g_assert_null(soapCacheName(cache, arena, "xsd:unsignedLong", 16, &error));
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT);
    g_clear_error(&error);
    g_assert_cmpstr(nameOf(cache, arena, "xsd:int")->name, ==, "int");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-memo/fields", testFields);
    g_test_add_func("/soap-memo/no-fields", testNoFields);
    g_test_add_func("/soap-memo/names", testNames);
    g_test_add_func("/soap-memo/once", testOnce);
    g_test_add_func("/soap-memo/types", testTypes);
    g_test_add_func("/soap-memo/full", testFull);
    return g_test_run();
}

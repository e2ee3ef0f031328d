/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_property.h"
#include "vim_types.h"

/* Every read accepts what is not there. */
static void
testNull(void)
{
    gboolean value = TRUE;
    size_t n = 7;

    g_assert_null(viAnyString(NULL));
    g_assert_null(viAnyMoRef(NULL));
    g_assert_null(viAnyObject(NULL, &vimScsiLunType));
    g_assert_false(viAnyBool(NULL, &value));
    g_assert_true(value);
    g_assert_null(viAnyObjects(NULL, &n));
    g_assert_cmpuint(n, ==, 0);
    n = 7;
    g_assert_null(viAnyMoRefs(NULL, &n));
    g_assert_cmpuint(n, ==, 0);
}

static void
testScalars(void)
{
    SoapMoRef ref = { "Datastore", "ds-1" };
    SoapAny string = { .kind = SOAP_KIND_STRING, .value.string = "text" };
    SoapAny moref = { .kind = SOAP_KIND_MOREF, .value.moref = &ref };
    SoapAny yes = { .kind = SOAP_KIND_BOOL, .value.boolean = TRUE };
    gboolean value = FALSE;

    g_assert_cmpstr(viAnyString(&string), ==, "text");
    g_assert_null(viAnyMoRef(&string));
    g_assert_false(viAnyBool(&string, &value));
    g_assert_true(viAnyMoRef(&moref) == &ref);
    g_assert_null(viAnyString(&moref));
    g_assert_true(viAnyBool(&yes, &value));
    g_assert_true(value);
}

/* An array is no single value, whatever it holds. */
static void
testArrayIsNoScalar(void)
{
    const char *text[] = { "text" };
    SoapMoRef ref = { "Datastore", "ds-1" };
    SoapMoRef *references[] = { &ref };
    SoapAny strings = { .kind = SOAP_KIND_STRING, .isArray = TRUE, .n = 1, .value.strings = text };
    SoapAny morefs = {
        .kind = SOAP_KIND_MOREF, .isArray = TRUE, .n = 1, .value.morefs = references
    };
    size_t n = 0;

    g_assert_null(viAnyString(&strings));
    g_assert_null(viAnyMoRef(&morefs));
    g_assert_true(viAnyMoRefs(&morefs, &n)[0] == &ref);
    g_assert_cmpuint(n, ==, 1);
    g_assert_null(viAnyObjects(&morefs, &n));
    g_assert_cmpuint(n, ==, 0);
}

static void
testObject(void)
{
    VimHostScsiDisk disk = VIM_INIT(HostScsiDisk);
    SoapAny any = { .kind = SOAP_KIND_OBJECT, .value.object = (SoapObject *)&disk };

    g_assert_true(viAnyObject(&any, &vimHostScsiDiskType) == &disk);
    g_assert_true(viAnyObject(&any, &vimScsiLunType) == &disk);
    g_assert_null(viAnyObject(&any, &vimDatastoreInfoType));
}

/* Some servers send an array of one as the one. */
static void
testSingleCountsAsVector(void)
{
    VimScsiLun lun = VIM_INIT(ScsiLun);
    SoapMoRef ref = { "Datastore", "ds-1" };
    SoapAny object = { .kind = SOAP_KIND_OBJECT, .value.object = (SoapObject *)&lun };
    SoapAny moref = { .kind = SOAP_KIND_MOREF, .value.moref = &ref };
    size_t n = 0;

    g_assert_true(viAnyObjects(&object, &n)[0] == (SoapObject *)&lun);
    g_assert_cmpuint(n, ==, 1);
    g_assert_true(viAnyMoRefs(&moref, &n)[0] == &ref);
    g_assert_cmpuint(n, ==, 1);
}

static void
testMoRefEqual(void)
{
    SoapMoRef a = { "Datastore", "1" };
    SoapMoRef same = { "Datastore", "1" };
    SoapMoRef otherType = { "HostSystem", "1" };
    SoapMoRef otherValue = { "Datastore", "2" };
    SoapMoRef hollow = { NULL, NULL };

    g_assert_true(viMoRefEqual(&a, &same));
    g_assert_false(viMoRefEqual(&a, &otherType));
    g_assert_false(viMoRefEqual(&a, &otherValue));
    g_assert_false(viMoRefEqual(&a, &hollow));
    g_assert_false(viMoRefEqual(&a, NULL));
    g_assert_false(viMoRefEqual(NULL, NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/property/null", testNull);
    g_test_add_func("/vi/property/scalars", testScalars);
    g_test_add_func("/vi/property/array-is-no-scalar", testArrayIsNoScalar);
    g_test_add_func("/vi/property/object", testObject);
    g_test_add_func("/vi/property/single-counts-as-vector", testSingleCountsAsVector);
    g_test_add_func("/vi/property/moref-equal", testMoRefEqual);
    return g_test_run();
}

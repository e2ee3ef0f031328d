/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What the driver takes out of the XML of a volume that is to be made. */

#include "esx_error.h"
#include "esx_storage_backend_vmfs.h"
#include "esx_volume_xml.h"

#include <string.h>

#define BODY "<capacity unit='KiB'>2</capacity>"

/* Parses for a pool of kind @type. Returns as esxVolumeXmlParse(). */
static int
parse(virStoragePoolType type, const char *text, bool isClone, unsigned int flags,
      EsxVolumeXml *ret_xml)
{
    virStoragePoolDef pool = { .type = type };

    virResetLastError();
    return esxVolumeXmlParse(&pool, text, isClone, flags, ret_xml);
}

static void
assertRefused(int rc, int code, const char *part)
{
    g_assert_cmpint(rc, ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, code);
    if (!strstr(virGetLastErrorMessage(), part))
        g_error("'%s' is not in '%s'", part, virGetLastErrorMessage());
    virResetLastError();
}

static void
testSizes(void)
{
    g_auto(EsxVolumeXml) xml = { 0 };
    g_auto(EsxVolumeXml) thin = { 0 };

    g_assert_cmpint(parse(VIR_STORAGE_POOL_FS, "<volume><name>a/b &amp; c</name>" BODY "</volume>",
                          false, 0, &xml), ==, 0);
    g_assert_cmpstr(xml.spec.name, ==, "a/b & c");
    g_assert_cmpuint(xml.spec.capacity, ==, 2048);
    g_assert_cmpuint(xml.spec.allocation, ==, 2048);
    g_assert_false(xml.spec.preallocate);

    g_assert_cmpint(parse(VIR_STORAGE_POOL_FS,
                          "<volume><name>a</name>" BODY "<allocation>0</allocation></volume>",
                          false, VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, &thin), ==, 0);
    g_assert_cmpuint(thin.spec.allocation, ==, 0);
    g_assert_true(thin.spec.preallocate);
}

/* A format that is not there is told from one that says raw. */
static void
testFormats(void)
{
    static const struct {
        const char *target;
        int format;
    } cases[] = {
        { "", VIR_STORAGE_FILE_NONE },
        { "<target><path>/x</path></target>", VIR_STORAGE_FILE_NONE },
        { "<target><format type='raw'/></target>", VIR_STORAGE_FILE_RAW },
        { "<target><format type='vmdk'/></target>", VIR_STORAGE_FILE_VMDK },
        { "<target><format type='iso'/></target>", VIR_STORAGE_FILE_ISO },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("<volume><name>x</name>" BODY "%s</volume>",
                                                cases[i].target);
        g_auto(EsxVolumeXml) xml = { 0 };

        g_assert_cmpint(parse(VIR_STORAGE_POOL_DIR, text, false, 0, &xml), ==, 0);
        g_assert_cmpint(xml.spec.format, ==, cases[i].format);
    }
}

static void
testCapacityOfClone(void)
{
    g_auto(EsxVolumeXml) xml = { 0 };
    g_auto(EsxVolumeXml) none = { 0 };

    g_assert_cmpint(parse(VIR_STORAGE_POOL_FS, "<volume><name>x</name></volume>", true, 0, &xml),
                    ==, 0);
    g_assert_cmpuint(xml.spec.capacity, ==, 0);
    assertRefused(parse(VIR_STORAGE_POOL_FS, "<volume><name>x</name></volume>", false, 0, &none),
                  VIR_ERR_XML_ERROR, "capacity");
}

static void
testNoXml(void)
{
    g_auto(EsxVolumeXml) xml = { 0 };

    assertRefused(parse(VIR_STORAGE_POOL_FS, "<volume><name>x", false, 0, &xml),
                  VIR_ERR_XML_DETAIL, "<volume><name>x");
    assertRefused(parse(VIR_STORAGE_POOL_FS, "<pool><name>x</name></pool>", false, 0, &xml),
                  VIR_ERR_XML_ERROR, "pool");
}

/* Directories are part of a name, which libvirt's schema does not know. */
static void
testValidate(void)
{
    g_auto(EsxVolumeXml) xml = { 0 };
    g_auto(EsxVolumeXml) bad = { 0 };

    g_assert_cmpint(parse(VIR_STORAGE_POOL_FS,
                          "<volume><name>dir/x &lt;&amp;&gt;.vmdk</name>" BODY
                          "<target/></volume>", false, VIR_STORAGE_VOL_CREATE_VALIDATE, &xml),
                    ==, 0);
    g_assert_cmpstr(xml.spec.name, ==, "dir/x <&>.vmdk");

    assertRefused(parse(VIR_STORAGE_POOL_FS,
                        "<volume><name>dir/x.vmdk</name>" BODY "<target/><nonsense/></volume>",
                        false, VIR_STORAGE_VOL_CREATE_VALIDATE, &bad),
                  VIR_ERR_XML_INVALID_SCHEMA, "nonsense");
}

static void
testStrange(void)
{
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        { "<volume type='block'><name>x</name>" BODY "</volume>", "are files" },
        { "<volume><name>x</name>" BODY "<backingStore><path>/b</path><format type='raw'/>"
          "</backingStore></volume>", "backing file" },
        { "<volume><name>x</name>" BODY "<target><encryption format='luks'/></target></volume>",
          "encryption" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(EsxVolumeXml) xml = { 0 };
        g_autoptr(GError) error = NULL;

        g_assert_cmpint(parse(VIR_STORAGE_POOL_FS, cases[i].text, false, 0, &xml), ==, 0);
        g_assert_false(esxStorageBackendVmfs.volumeCheckNew(xml.def, &error));
        g_assert_error(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT);
        g_assert_nonnull(strstr(error->message, cases[i].part));
    }
}

static void
testNotStrange(void)
{
    g_auto(EsxVolumeXml) xml = { 0 };
    g_autoptr(GError) error = NULL;

    g_assert_cmpint(parse(VIR_STORAGE_POOL_FS,
                          "<volume type='file'><name>x</name><key>k</key>" BODY "</volume>", false,
                          0, &xml), ==, 0);
    g_assert_true(esxStorageBackendVmfs.volumeCheckNew(xml.def, &error));
    g_assert_no_error(error);
    g_assert_null(xml.def->key);
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/volume-xml/sizes", testSizes);
    g_test_add_func("/volume-xml/formats", testFormats);
    g_test_add_func("/volume-xml/capacity-of-clone", testCapacityOfClone);
    g_test_add_func("/volume-xml/no-xml", testNoXml);
    g_test_add_func("/volume-xml/validate", testValidate);
    g_test_add_func("/volume-xml/strange", testStrange);
    g_test_add_func("/volume-xml/not-strange", testNotStrange);
    return g_test_run();
}

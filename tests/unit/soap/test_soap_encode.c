/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Requests, byte by byte, and what is refused. */

#include "soap_encode.h"

#include <math.h>
#include <string.h>

#include "soap_fixture.h"

#define HEAD \
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" \
    "<soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\" " \
    "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" " \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><soapenv:Body>"
#define TAIL "</soapenv:Body></soapenv:Envelope>"

static SoapMoRef someone = { "SessionManager", "ha-sessionmgr" };

static void
assertRequest(const SoapMethod *method, gconstpointer args, const char *expected)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    g_autofree char *whole = g_strconcat(HEAD, expected, TAIL, NULL);

    soapEncodeRequest(method, args, out, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(out->str, ==, whole);
}

static void
assertRefused(const SoapMethod *method, gconstpointer args, const char *phrase)
{
    g_autoptr(GString) out = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(soapEncodeRequest(method, args, out, &error));
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_VALUE);
    fixtureAssertContains(error->message, phrase);
}

static void
testNoArguments(void)
{
    VimLogoutRequest args = VIM_INIT(LogoutRequest, .self = &someone);

    assertRequest(&vimMethodLogout, &args,
                  "<Logout xmlns=\"urn:vim25\"><_this type=\"SessionManager\">ha-sessionmgr</_this>"
                  "</Logout>");
}

static void
testEscapes(void)
{
    VimLoginRequest args = VIM_INIT(LoginRequest, .self = &someone, .userName = "a<b>&\"'\xc3\xa4",
                                    .password = "tab\tnew\nline\r]]>", .locale = "");

    assertRequest(&vimMethodLogin, &args,
                  "<Login xmlns=\"urn:vim25\"><_this type=\"SessionManager\">ha-sessionmgr</_this>"
                  "<userName>a&lt;b&gt;&amp;&quot;'\xc3\xa4</userName>"
                  "<password>tab&#9;new&#10;line&#13;]]&gt;</password><locale></locale></Login>");
}

static void
testScalars(void)
{
    SoapMoRef disks = { "VirtualDiskManager", "ha-vdiskmanager" };
    VimExtendVirtualDisk_TaskRequest args = VIM_INIT(
        ExtendVirtualDisk_TaskRequest, .self = &disks, .name = "[ds] a.vmdk",
        .newCapacityKb = G_MAXINT64, .has_eagerZero = TRUE, .eagerZero = FALSE);

    assertRequest(&vimMethodExtendVirtualDisk_Task, &args,
                  "<ExtendVirtualDisk_Task xmlns=\"urn:vim25\">"
                  "<_this type=\"VirtualDiskManager\">ha-vdiskmanager</_this>"
                  "<name>[ds] a.vmdk</name><newCapacityKb>9223372036854775807</newCapacityKb>"
                  "<eagerZero>false</eagerZero></ExtendVirtualDisk_Task>");
}

/* Subclasses say what they are, the rest does not; the parent's fields come first. */
static void
testObjects(void)
{
    SoapMoRef folder = { "Folder", "ha-folder-root" };
    VimSelectionSpec again = VIM_INIT(SelectionSpec, .name = "down");
    VimSelectionSpec *agains[] = { &again };
    VimTraversalSpec down = VIM_INIT(TraversalSpec, .base.name = "down", .type = "Folder",
                                     .path = "childEntity", .n_selectSet = 1,
                                     .selectSet = agains);
    VimSelectionSpec *steps[] = { &down.base };
    VimObjectSpec object = VIM_INIT(ObjectSpec, .obj = &folder, .has_skip = TRUE, .skip = TRUE,
                                    .n_selectSet = 1, .selectSet = steps);
    VimObjectSpec *objects[] = { &object };
    const char *paths[] = { "name", "info" };
    VimPropertySpec property = VIM_INIT(PropertySpec, .type = "Datastore", .n_pathSet = 2,
                                        .pathSet = paths);
    VimPropertySpec *properties[] = { &property };
    VimPropertyFilterSpec filter = VIM_INIT(PropertyFilterSpec, .n_propSet = 1,
                                            .propSet = properties, .n_objectSet = 1,
                                            .objectSet = objects);
    VimPropertyFilterSpec *filters[] = { &filter };
    VimRetrieveOptions options = VIM_INIT(RetrieveOptions, .has_maxObjects = TRUE,
                                          .maxObjects = 100);
    VimRetrievePropertiesExRequest args = VIM_INIT(RetrievePropertiesExRequest, .self = &folder,
                                                   .n_specSet = 1, .specSet = filters,
                                                   .options = &options);

    assertRequest(&vimMethodRetrievePropertiesEx, &args,
                  "<RetrievePropertiesEx xmlns=\"urn:vim25\">"
                  "<_this type=\"Folder\">ha-folder-root</_this>"
                  "<specSet><propSet><type>Datastore</type><pathSet>name</pathSet>"
                  "<pathSet>info</pathSet></propSet>"
                  "<objectSet><obj type=\"Folder\">ha-folder-root</obj><skip>true</skip>"
                  "<selectSet xsi:type=\"TraversalSpec\"><name>down</name><type>Folder</type>"
                  "<path>childEntity</path><selectSet><name>down</name></selectSet></selectSet>"
                  "</objectSet></specSet><options><maxObjects>100</maxObjects></options>"
                  "</RetrievePropertiesEx>");
}

/* Room is made before the secret is written, so that it never moves. */
static void
testSecretDoesNotMove(void)
{
    g_autofree char *password = g_strnfill(3000, '&');
    VimLoginRequest args = VIM_INIT(LoginRequest, .self = &someone, .userName = "root",
                                    .password = password);
    g_autoptr(GString) out = g_string_new(NULL);
    gsize needed;

    g_assert_true(soapEncodeRequest(&vimMethodLogin, &args, out, NULL));
    needed = out->len;
    g_assert_cmpuint(needed, >, 3000 * strlen("&amp;"));
    g_assert_cmpuint(out->allocated_len, >=, 3000 * strlen("&quot;"));
    g_assert_cmpuint(strlen(out->str), ==, needed);
}

static void
testRefuses(void)
{
    VimLoginRequest incomplete = VIM_INIT(LoginRequest, .self = &someone, .userName = "root");
    VimLoginRequest nobody = VIM_INIT(LoginRequest, .userName = "root", .password = "x");
    VimLoginRequest latin = VIM_INIT(LoginRequest, .self = &someone, .userName = "\xe4",
                                     .password = "x");
    VimLoginRequest bell = VIM_INIT(LoginRequest, .self = &someone, .userName = "a\x07",
                                    .password = "x");
    VimLoginRequest odd = VIM_INIT(LoginRequest, .self = &someone, .userName = "a\xef\xbf\xbf",
                                   .password = "x");
    SoapMoRef vague = { NULL, "x" };
    VimLogoutRequest unclear = VIM_INIT(LogoutRequest, .self = &vague);

    assertRefused(&vimMethodLogin, &incomplete, "field \"password\" is required but missing");
    assertRefused(&vimMethodLogin, &nobody, "field \"_this\" is required but missing");
    assertRefused(&vimMethodLogin, &latin, "field \"userName\" is not valid UTF-8");
    assertRefused(&vimMethodLogin, &bell, "field \"userName\" contains a control character");
    assertRefused(&vimMethodLogin, &odd, "contains a control character");
    assertRefused(&vimMethodLogout, &unclear, "is a reference without type or value");
    assertRefused(&vimMethodLogout, &incomplete, "has arguments of another method");
}

static void
testRefusesObjects(void)
{
    VimDatastoreInfo alien = VIM_INIT(DatastoreInfo);
    VimRetrieveOptions untyped = { .has_maxObjects = FALSE };
    VimRetrievePropertiesExRequest args = VIM_INIT(RetrievePropertiesExRequest, .self = &someone);
    const char *paths[] = { NULL };
    VimPropertySpec property = VIM_INIT(PropertySpec, .type = "Datastore", .n_pathSet = 1,
                                        .pathSet = paths);
    VimPropertySpec *properties[] = { &property };
    VimPropertyFilterSpec filter = VIM_INIT(PropertyFilterSpec, .n_propSet = 1,
                                            .propSet = properties);
    VimPropertyFilterSpec *filters[] = { &filter };

    args.options = (gpointer)&alien;
    assertRefused(&vimMethodRetrievePropertiesEx, &args, "of a type that is not allowed there");
    args.options = &untyped;
    assertRefused(&vimMethodRetrievePropertiesEx, &args, "has an object without a type");
    args.n_specSet = 1;
    args.specSet = filters;
    assertRefused(&vimMethodRetrievePropertiesEx, &args, "\"pathSet\" has a missing item");
}

/* A method that takes anything, to see anyTypes written. */
static void
assertAny(const SoapAny *any, const char *expected)
{
    VimDynamicProperty property = VIM_INIT(DynamicProperty, .name = "p", .val = (SoapAny *)any);
    const SoapMethod method = { "M", &vimDynamicPropertyType, NULL, SOAP_REPLAY_SAFE };
    g_autofree char *body = g_strdup_printf("<M xmlns=\"urn:vim25\"><name>p</name>%s</M>",
                                            expected);

    assertRequest(&method, &property, body);
}

static void
testAny(void)
{
    const SoapMoRef ref = { "Datastore", "ds" };
    VimHostDiskDimensionsLba size = VIM_INIT(HostDiskDimensionsLba, .blockSize = 512, .block = 1);
    const SoapAny text = { .kind = SOAP_KIND_STRING, .value.string = "x" };
    const SoapAny when = { .kind = SOAP_KIND_STRING, .wireType = "dateTime", .value.string = "x" };
    const SoapAny flag = { .kind = SOAP_KIND_BOOL, .value.boolean = TRUE };
    const SoapAny number = { .kind = SOAP_KIND_INT, .value.i32 = -1 };
    const SoapAny nan = { .kind = SOAP_KIND_DOUBLE, .value.real = (gdouble)NAN };
    const SoapAny less = { .kind = SOAP_KIND_DOUBLE, .value.real = -(gdouble)INFINITY };
    const SoapAny half = { .kind = SOAP_KIND_DOUBLE, .value.real = 0.5 };
    const SoapAny moref = { .kind = SOAP_KIND_MOREF, .value.moref = (SoapMoRef *)&ref };
    const SoapAny object = { .kind = SOAP_KIND_OBJECT, .value.object = &size.object };

    assertAny(&text, "<val xsi:type=\"xsd:string\">x</val>");
    assertAny(&when, "<val xsi:type=\"xsd:dateTime\">x</val>");
    assertAny(&flag, "<val xsi:type=\"xsd:boolean\">true</val>");
    assertAny(&number, "<val xsi:type=\"xsd:int\">-1</val>");
    assertAny(&nan, "<val xsi:type=\"xsd:double\">NaN</val>");
    assertAny(&less, "<val xsi:type=\"xsd:double\">-INF</val>");
    assertAny(&half, "<val xsi:type=\"xsd:double\">0.5</val>");
    assertAny(&moref, "<val xsi:type=\"ManagedObjectReference\" type=\"Datastore\">ds</val>");
    assertAny(&object, "<val xsi:type=\"HostDiskDimensionsLba\"><blockSize>512</blockSize>"
              "<block>1</block></val>");
}

static void
testAnyArrays(void)
{
    const char *texts[] = { "a", "b" };
    gint32 numbers[] = { 1, 2 };
    VimHostDiskDimensionsLba size = VIM_INIT(HostDiskDimensionsLba);
    SoapObject *objects[] = { &size.object };
    const SoapAny words = { .kind = SOAP_KIND_STRING, .isArray = TRUE, .wireType = "ArrayOfString",
                            .n = 2, .value.strings = texts };
    const SoapAny bytes = { .kind = SOAP_KIND_INT, .isArray = TRUE, .wireType = "ArrayOfByte",
                            .n = 2, .value.items = numbers };
    const SoapAny sizes = { .kind = SOAP_KIND_OBJECT, .isArray = TRUE, .n = 1,
                            .wireType = "ArrayOfHostDiskDimensionsLba", .value.objects = objects };

    assertAny(&words, "<val xsi:type=\"ArrayOfString\"><string xsi:type=\"xsd:string\">a</string>"
              "<string xsi:type=\"xsd:string\">b</string></val>");
    assertAny(&bytes, "<val xsi:type=\"ArrayOfByte\"><byte xsi:type=\"xsd:byte\">1</byte>"
              "<byte xsi:type=\"xsd:byte\">2</byte></val>");
    assertAny(&sizes, "<val xsi:type=\"ArrayOfHostDiskDimensionsLba\">"
              "<HostDiskDimensionsLba xsi:type=\"HostDiskDimensionsLba\"><blockSize>0</blockSize>"
              "<block>0</block></HostDiskDimensionsLba></val>");
}

static void
testAnyRefuses(void)
{
    const SoapMethod method = { "M", &vimDynamicPropertyType, NULL, SOAP_REPLAY_SAFE };
    SoapAny vague = { .kind = SOAP_KIND_STRING, .isArray = TRUE };
    SoapAny strange = { .kind = SOAP_KIND_STRING, .isArray = TRUE, .wireType = "ArrayOfNew" };
    SoapAny other = { .kind = SOAP_KIND_STRING, .isArray = TRUE, .wireType = "ArrayOfInt" };
    SoapAny nested = { .kind = SOAP_KIND_ANY };
    SoapAny *const bad[] = { &vague, &strange, &other };
    VimDynamicProperty property = VIM_INIT(DynamicProperty, .name = "p", .val = &nested);
    size_t i;

    assertRefused(&method, &property, "is a value without a type");
    for (i = 0; i < G_N_ELEMENTS(bad); i++) {
        property.val = bad[i];
        assertRefused(&method, &property, "\"val\" is an array without an item type");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-encode/no-arguments", testNoArguments);
    g_test_add_func("/soap-encode/escapes", testEscapes);
    g_test_add_func("/soap-encode/scalars", testScalars);
    g_test_add_func("/soap-encode/objects", testObjects);
    g_test_add_func("/soap-encode/secret-does-not-move", testSecretDoesNotMove);
    g_test_add_func("/soap-encode/refuses", testRefuses);
    g_test_add_func("/soap-encode/refuses-objects", testRefusesObjects);
    g_test_add_func("/soap-encode/any", testAny);
    g_test_add_func("/soap-encode/any-arrays", testAnyArrays);
    g_test_add_func("/soap-encode/any-refuses", testAnyRefuses);
    return g_test_run();
}

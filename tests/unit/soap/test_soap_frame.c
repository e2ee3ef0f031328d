/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Values of a reply: what real servers write, what they leave out, and what nobody knows. */

#include "soap_frame.h"

#include <string.h>

#include "soap_dump.h"
#include "soap_fixture.h"

/* Decodes @val as the one property of a reply. */
static SoapReply *
decodeValue(const char *val)
{
    g_autofree char *xml = fixtureProperty(val);

    return fixtureDecodeGood(&vimMethodRetrievePropertiesEx, xml);
}

static void
decodeBadValue(const char *val, SoapErrorCode code, const char *phrase)
{
    g_autofree char *xml = fixtureProperty(val);

    fixtureDecodeBad(&vimMethodRetrievePropertiesEx, xml, code, phrase);
}

/* The value, written by soapDump(), tells kind and contents in one text. */
static const struct {
    const char *val;
    const char *dump;       /* of what follows "val: " */
} anyCases[] = {
    { "<val xsi:type=\"xsd:string\">a &lt; b</val>", "\"a < b\"\n" },
    { "<val xsi:type=\"xsd:string\"></val>", "\"\"\n" },
    { "<val xsi:type=\"xsd:boolean\">true</val>", "true\n" },
    { "<val xsi:type=\"xsd:int\">-7</val>", "-7\n" },
    { "<val xsi:type=\"xsd:long\">8589934592</val>", "8589934592\n" },
    { "<val xsi:type=\"xsd:double\">0.5</val>", "0.5\n" },
    { "<val xsi:type=\"xsd:dateTime\">2024-01-01T00:00:00Z</val>", "\"2024-01-01T00:00:00Z\"\n" },
    { "<val xsi:type=\"string\">no prefix</val>", "\"no prefix\"\n" },
    { "<val xsi:type=\" other:int \">7</val>", "7\n" },
    /* an enumeration, known or not, is its text */
    { "<val xsi:type=\"TaskInfoState\">success</val>", "\"success\"\n" },
    { "<val xsi:type=\"NoSuchEnum\">x</val>", "\"x\"\n" },
    /* no type at all */
    { "<val>bare</val>", "\"bare\"\n" },
    { "<val type=\"Datastore\">ds-1</val>", "&Datastore ds-1\n" },
    { "<val><a>1</a><b><c/></b></val>", "DynamicData\n" },
    { "<val xsi:type=\"NoSuchType\"><a>1</a></val>", "DynamicData (NoSuchType)\n" },
    /* references */
    { "<val type=\"Folder\" xsi:type=\"ManagedObjectReference\">group-d1</val>",
      "&Folder group-d1\n" },
    { "<val xsi:type=\"ManagedObjectReference\">group-d1</val>", "& group-d1\n" },
    /* objects */
    { "<val xsi:type=\"HostDiskDimensionsLba\"><blockSize>512</blockSize><block>4</block></val>",
      "HostDiskDimensionsLba\n                    blockSize: 512\n                    block: 4\n" },
    { "<val xsi:type=\"vim25:HostDiskDimensionsLba\"/>",
      "HostDiskDimensionsLba\n                    blockSize: 0\n                    block: 0\n" },
    /* arrays */
    { "<val xsi:type=\"ArrayOfString\"><string xsi:type=\"xsd:string\">a</string>"
      "<string>b</string></val>",
      "ArrayOfString\n                    item[0]: \"a\"\n                    item[1]: \"b\"\n" },
    { "<val xsi:type=\"ArrayOfString\"/>", "ArrayOfString\n" },
    { "<val xsi:type=\"ArrayOfByte\"><byte>-128</byte><byte>127</byte></val>",
      "ArrayOfByte\n                    item[0]: -128\n                    item[1]: 127\n" },
    { "<val xsi:type=\"ArrayOfLong\"><long>1</long></val>",
      "ArrayOfLong\n                    item[0]: 1\n" },
    { "<val xsi:type=\"ArrayOfBoolean\"><boolean>1</boolean></val>",
      "ArrayOfBoolean\n                    item[0]: true\n" },
    { "<val xsi:type=\"ArrayOfManagedObjectReference\"><ManagedObjectReference type=\"Datastore\" "
      "xsi:type=\"ManagedObjectReference\">d</ManagedObjectReference></val>",
      "ArrayOfManagedObjectReference\n                    item[0]: &Datastore d\n" },
    { "<val xsi:type=\"ArrayOfAnyType\"><anyType xsi:type=\"xsd:int\">1</anyType>"
      "<anyType xsi:type=\"xsd:string\">s</anyType></val>",
      "ArrayOfAnyType\n                    item[0]: 1\n                    item[1]: \"s\"\n" },
    /* an item without xsi:type is of the array's type, whatever its tag */
    { "<val xsi:type=\"ArrayOfHostDiskDimensionsLba\"><HostDiskDimensionsLba><block>1</block>"
      "</HostDiskDimensionsLba><e xsi:type=\"HostDiskDimensionsLba\"/><e/></val>",
      "ArrayOfHostDiskDimensionsLba\n"
      "                    item[0]: HostDiskDimensionsLba\n"
      "                        blockSize: 0\n                        block: 1\n"
      "                    item[1]: HostDiskDimensionsLba\n"
      "                        blockSize: 0\n                        block: 0\n"
      "                    item[2]: HostDiskDimensionsLba\n"
      "                        blockSize: 0\n                        block: 0\n" },
    /* a subclass, one that is none, and one of the future */
    { "<val xsi:type=\"ArrayOfSelectionSpec\"><SelectionSpec xsi:type=\"TraversalSpec\">"
      "<name>a</name><path>p</path></SelectionSpec><SelectionSpec xsi:type=\"ScsiLun\"><name>b"
      "</name><path>p</path></SelectionSpec><SelectionSpec xsi:type=\"QuantumSpec\"><name>c</name>"
      "<qubits>3</qubits></SelectionSpec></val>",
      "ArrayOfSelectionSpec\n"
      "                    item[0]: TraversalSpec\n"
      "                        name: \"a\"\n                        path: \"p\"\n"
      "                    item[1]: SelectionSpec (ScsiLun)\n"
      "                        name: \"b\"\n"
      "                    item[2]: SelectionSpec (QuantumSpec)\n"
      "                        name: \"c\"\n" },
    /* arrays of what we do not know: texts, or objects; the first item tells */
    { "<val xsi:type=\"ArrayOfNew\"><New>a</New><New><b/>c</New></val>",
      "ArrayOfNew\n                    item[0]: \"a\"\n                    item[1]: \"c\"\n" },
    { "<val xsi:type=\"ArrayOfNew\"><New><a/></New><New>b</New></val>",
      "ArrayOfNew\n                    item[0]: DynamicData\n"
      "                    item[1]: DynamicData\n" },
    { "<val xsi:type=\"ArrayOfNew\"><New xsi:type=\"HostDiskDimensionsLba\"><block>1</block></New>"
      "<New xsi:nil=\"true\"/></val>",
      "ArrayOfNew\n                    item[0]: HostDiskDimensionsLba\n"
      "                        blockSize: 0\n                        block: 1\n" },
    { "<val xsi:type=\"ArrayOfNew\"/>", "ArrayOfNew\n" },
    /* nil items are not there */
    { "<val xsi:type=\"ArrayOfString\"><string xsi:nil=\"1\"/><string>b</string></val>",
      "ArrayOfString\n                    item[0]: \"b\"\n" },
};

static void
testAny(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(anyCases); i++) {
        g_autoptr(SoapReply) reply = decodeValue(anyCases[i].val);
        g_autofree char *dump = soapDump(reply->body);
        const char *val = strstr(dump, " val: ");

        g_test_message("%s", anyCases[i].val);
        g_assert_nonnull(val);
        g_assert_cmpstr(val + strlen(" val: "), ==, anyCases[i].dump);
    }
}

static void
testNil(void)
{
    g_autoptr(SoapReply) reply = decodeValue("<val xsi:nil=\"true\" xsi:type=\"ScsiLun\"/>");
    g_autoptr(SoapReply) no = decodeValue("<val xsi:nil=\"false\" xsi:type=\"xsd:string\">x</val>");

    g_assert_null(fixtureValue(reply));
    g_assert_cmpstr(fixtureValue(no)->value.string, ==, "x");
}

static void
testAnyKeepsWireType(void)
{
    g_autoptr(SoapReply) reply = decodeValue("<val xsi:type=\"v:NewEnum\">x</val>");
    g_autoptr(SoapReply) bare = decodeValue("<val>x</val>");

    g_assert_cmpstr(fixtureValue(reply)->wireType, ==, "NewEnum");
    g_assert_null(fixtureValue(bare)->wireType);
}

#define DISK_START "<val xsi:type=\"HostScsiDisk\">"

static const VimHostScsiDisk *
diskOf(const SoapReply *reply)
{
    const VimHostScsiDisk *disk = soapObjectCast(fixtureValue(reply)->value.object,
                                                 &vimHostScsiDiskType);

    g_assert_nonnull(disk);
    return disk;
}

static void
testFields(void)
{
    g_autoptr(SoapReply) reply = decodeValue(
        DISK_START "<deviceName>/vmfs/devices/disks/naa.1</deviceName><deviceType>disk</deviceType>"
        "<key>k</key><uuid>02</uuid><descriptor><quality>highQuality</quality><id>naa.1</id>"
        "</descriptor><descriptor><quality>lowQuality</quality><id>vml.02</id></descriptor>"
        "<canonicalName>naa.1</canonicalName><lunType>disk</lunType><queueDepth>128</queueDepth>"
        "<operationalState>ok</operationalState><operationalState>degraded</operationalState>"
        "<capacity><blockSize>512</blockSize><block>2097152</block></capacity>"
        "<devicePath>/vmfs/devices/disks/naa.1</devicePath><ssd>false</ssd></val>");
    const VimHostScsiDisk *disk = diskOf(reply);

    g_assert_cmpstr(disk->base.base.deviceName, ==, "/vmfs/devices/disks/naa.1");
    g_assert_cmpstr(disk->base.canonicalName, ==, "naa.1");
    g_assert_cmpuint(disk->base.n_descriptor, ==, 2);
    g_assert_cmpstr(disk->base.descriptor[1]->id, ==, "vml.02");
    g_assert_cmpuint(disk->base.n_operationalState, ==, 2);
    g_assert_cmpstr(disk->base.operationalState[0], ==, VIM_SCSI_LUN_STATE_OK);
    g_assert_true(disk->base.has_queueDepth);
    g_assert_cmpint(disk->base.queueDepth, ==, 128);
    g_assert_cmpint(disk->capacity->block, ==, 2097152);
    g_assert_true(disk->has_ssd);
    g_assert_false(disk->ssd);
    g_assert_false(disk->has_localDisk);
    g_assert_null(disk->base.vendor);
}

/* Out of order, mixed arrays, a duplicate, unknown and skipped fields with whatever is in them. */
static void
testSurprises(void)
{
    g_autoptr(SoapReply) reply = decodeValue(
        DISK_START "<ssd>true</ssd><newThing><key>no</key><uuid>no</uuid></newThing>"
        "<operationalState>ok</operationalState><uuid>first</uuid>"
        "<standardInquiry>1</standardInquiry><operationalState>off</operationalState>text between"
        "<uuid>last</uuid><vsanDiskInfo><vsanUuid>x</vsanUuid></vsanDiskInfo>"
        "<key xmlns=\"urn:strange\">no</key><key xmlns=\"\">yes</key></val>");
    const VimHostScsiDisk *disk = diskOf(reply);

    g_assert_true(disk->ssd);
    g_assert_cmpuint(disk->base.n_operationalState, ==, 2);
    g_assert_cmpstr(disk->base.operationalState[1], ==, "off");
    g_assert_cmpstr(disk->base.uuid, ==, "last");
    g_assert_cmpstr(disk->base.key, ==, "yes");
    g_assert_null(disk->capacity);
}

/* Elements inside of a text are not part of it. */
static void
testTextWithElements(void)
{
    g_autoptr(SoapReply) reply = decodeValue(DISK_START "<key>a<b>no<c/></b>d</key></val>");

    g_assert_cmpstr(diskOf(reply)->base.key, ==, "ad");
}

static void
testBadValues(void)
{
    decodeBadValue("<val xsi:type=\"xsd:int\">x</val>", SOAP_ERROR_VALUE,
                   "of type xsd:int is \"x\", which is not a 32-bit number");
    decodeBadValue(DISK_START "<queueDepth>many</queueDepth></val>", SOAP_ERROR_VALUE,
                   "field \"queueDepth\" of type xsd:int is \"many\"");
    decodeBadValue(DISK_START "<ssd/></val>", SOAP_ERROR_VALUE, "field \"ssd\"");
}

/* A value of @length bytes of text. */
static char *
longText(size_t length)
{
    g_autofree char *text = g_strnfill(length, 'x');

    return g_strdup_printf("<val xsi:type=\"xsd:string\">%s</val>", text);
}

static void
testLimitText(void)
{
    g_autofree char *most = longText(LIMIT_REPLY_TEXT);
    g_autofree char *more = longText(LIMIT_REPLY_TEXT + 1);
    g_autoptr(SoapReply) reply = decodeValue(most);

    g_assert_cmpuint(strlen(fixtureValue(reply)->value.string), ==, LIMIT_REPLY_TEXT);
    decodeBadValue(more, SOAP_ERROR_LIMIT, "more than 1048576 bytes of text");
}

static void
assertType(const char *value, const char *expected)
{
    g_autoptr(Arena) arena = arenaNew(100000);
    g_autoptr(GError) error = NULL;
    SoapFrames *frames = g_new0(SoapFrames, 1);
    const SoapXmlElement element = { .xsiType = { value, value ? strlen(value) : 0 } };
    SoapCacheName *name = NULL;

    soapFramesInit(frames, arena, NULL, NULL);
    g_assert_true(soapFramesTypeOf(frames, &element, &name, &error));
    g_assert_cmpstr(name ? name->name : NULL, ==, expected);
    soapFramesClear(frames);
    g_free(frames);
}

static void
testTypeOf(void)
{
    assertType("ns1:ScsiLun", "ScsiLun");
    assertType(" ScsiLun\n", "ScsiLun");
    assertType(" :\n", NULL);
    assertType("", NULL);
    assertType(NULL, NULL);
    g_assert_true(soapFramesIsVim("urn:vim25"));
    g_assert_true(soapFramesIsVim("urn:vim2"));
    g_assert_true(soapFramesIsVim("urn:internalvim25"));
    g_assert_false(soapFramesIsVim("urn:vim"));
    g_assert_false(soapFramesIsVim(NULL));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-frame/any", testAny);
    g_test_add_func("/soap-frame/nil", testNil);
    g_test_add_func("/soap-frame/any-keeps-wire-type", testAnyKeepsWireType);
    g_test_add_func("/soap-frame/fields", testFields);
    g_test_add_func("/soap-frame/surprises", testSurprises);
    g_test_add_func("/soap-frame/text-with-elements", testTextWithElements);
    g_test_add_func("/soap-frame/bad-values", testBadValues);
    g_test_add_func("/soap-frame/limit/text", testLimitText);
    g_test_add_func("/soap-frame/type-of", testTypeOf);
    return g_test_run();
}

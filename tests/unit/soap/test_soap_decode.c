/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Envelopes and faults, replies cut anywhere, and the ceiling on memory. */

#include "soap_decode.h"

#include <string.h>

#include "base_limits.h"
#include "soap_dump.h"
#include "soap_fixture.h"

#define LOGIN "<LoginResponse xmlns=\"urn:vim25\"><returnval><key>5</key>" \
              "<userName>root</userName></returnval></LoginResponse>"

static void
testResponse(void)
{
    g_autofree char *xml = fixtureEnvelope(LOGIN);
    g_autoptr(SoapReply) reply = fixtureDecodeGood(&vimMethodLogin, xml);
    const VimLoginResponse *response = soapObjectCast(reply->body, &vimLoginResponseType);

    g_assert_null(reply->fault);
    g_assert_nonnull(response);
    g_assert_cmpstr(response->returnval->userName, ==, "root");
}

static void
testVoid(void)
{
    g_autofree char *xml = fixtureEnvelope("<LogoutResponse xmlns=\"urn:vim25\"></LogoutResponse>");
    g_autoptr(SoapReply) reply = fixtureDecodeGood(&vimMethodLogout, xml);

    g_assert_true(soapObjectIs(reply->body, &vimLogoutResponseType));
}

/* An ended session may look like this: a result without a result. */
static void
testNoResult(void)
{
    g_autofree char *xml = fixtureEnvelope("<RetrievePropertiesExResponse xmlns=\"urn:vim25\"/>");
    g_autoptr(SoapReply) reply = fixtureDecodeGood(&vimMethodRetrievePropertiesEx, xml);
    const VimRetrievePropertiesExResponse *response = (gconstpointer)reply->body;

    g_assert_nonnull(response);
    g_assert_null(response->returnval);
}

/* Envelopes that differ in what must not matter. */
static const char *const sameLogins[] = {
    "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Body>" LOGIN "</Body></Envelope>",
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Header><x><Body/></x>"
    "</s:Header><s:Body>" LOGIN "</s:Body></s:Envelope>",
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:v='urn:vim25'><s:Body>"
    "<v:LoginResponse><v:returnval><v:key>5</v:key><v:userName>root</v:userName></v:returnval>"
    "</v:LoginResponse></s:Body></s:Envelope>",
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
    "<LoginResponse xmlns='urn:vim2'><returnval xsi:type='UserSession' "
    "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><userName>root</userName></returnval>"
    "</LoginResponse><more/></s:Body></s:Envelope>",
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
    "<LoginResponse xmlns='urn:internalvim25'><returnval><userName>root</userName></returnval>"
    "</LoginResponse></s:Body></s:Envelope>",
};

static void
testPrefixesDoNotMatter(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(sameLogins); i++) {
        g_autoptr(SoapReply) reply = fixtureDecodeGood(&vimMethodLogin, sameLogins[i]);
        const VimLoginResponse *response = (gconstpointer)reply->body;

        g_assert_cmpstr(response->returnval->userName, ==, "root");
    }
}

static const struct {
    const char *xml;
    SoapErrorCode code;
    const char *phrase;
} badCases[] = {
    { "<html><body>Login</body></html>", SOAP_ERROR_ENVELOPE,
      "is not a SOAP message; it begins with \"<html><body>Login</body></html>\"" },
    { "<!DOCTYPE html>\n<html><body>x<br></body></html>", SOAP_ERROR_XML,
      "begins with \"<!DOCTYPE html> <html>" },
    { "<Envelope/>", SOAP_ERROR_ENVELOPE, "is not a SOAP message" },
    { "<Envelope xmlns='http://www.w3.org/2003/05/soap-envelope'/>", SOAP_ERROR_ENVELOPE,
      "is not a SOAP message" },
    { "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'/>", SOAP_ERROR_ENVELOPE,
      "the reply to Login is a SOAP message with an empty body" },
    { "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><Body>" LOGIN "</Body>"
      "</s:Envelope>", SOAP_ERROR_ENVELOPE, "an empty body" },
    { "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body/></s:Envelope>",
      SOAP_ERROR_ENVELOPE, "an empty body" },
    { "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
      "<LogoutResponse xmlns='urn:vim25'/></s:Body></s:Envelope>", SOAP_ERROR_ENVELOPE,
      "the reply to Login is a <LogoutResponse> of namespace \"urn:vim25\"" },
    { "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
      "<LoginResponse xmlns='urn:pbm'/></s:Body></s:Envelope>", SOAP_ERROR_ENVELOPE,
      "is a <LoginResponse> of namespace \"urn:pbm\", which is not the expected response" },
    { "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body>"
      "<LoginResponse/></s:Body></s:Envelope>", SOAP_ERROR_ENVELOPE, "of namespace \"\"" },
};

static void
testBad(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(badCases); i++)
        fixtureDecodeBad(&vimMethodLogin, badCases[i].xml, badCases[i].code, badCases[i].phrase);
}

static SoapReply *
decodeFault(const char *fault)
{
    g_autofree char *body = g_strdup_printf("<soapenv:Fault>%s</soapenv:Fault>", fault);
    g_autofree char *xml = fixtureEnvelope(body);
    SoapReply *reply = fixtureDecodeGood(&vimMethodLogin, xml);

    g_assert_null(reply->body);
    g_assert_nonnull(reply->fault);
    return reply;
}

#define FAULT "<faultcode>ServerFaultCode</faultcode><faultstring>Cannot.</faultstring>"

static void
testFault(void)
{
    g_autoptr(SoapReply) reply = decodeFault(
        FAULT "<detail><NotAuthenticatedFault xmlns=\"urn:vim25\" xsi:type=\"NotAuthenticated\">"
        "<object type=\"Folder\">group-d1</object><privilegeId>System.View</privilegeId>"
        "</NotAuthenticatedFault></detail>");
    const VimNoPermission *refusal = soapObjectCast(reply->fault->detail, &vimNoPermissionType);

    g_assert_cmpstr(reply->fault->code, ==, "ServerFaultCode");
    g_assert_cmpstr(reply->fault->message, ==, "Cannot.");
    g_assert_cmpstr(reply->fault->name, ==, "NotAuthenticated");
    g_assert_nonnull(refusal);
    g_assert_cmpstr(refusal->object_->value, ==, "group-d1");
    g_assert_cmpstr(refusal->privilegeId, ==, "System.View");
}

static const struct {
    const char *fault;
    const char *name;
    const char *type;       /* of the detail; NULL: none */
    const char *wireType;
} faultCases[] = {
    { FAULT, "", NULL, NULL },
    { FAULT "<detail/>", "", NULL, NULL },
    { FAULT "<detail><InvalidLoginFault xmlns=\"urn:vim25\"/></detail>", "InvalidLogin",
      "InvalidLogin", NULL },
    { FAULT "<detail><HostConfigFaultFault xmlns=\"urn:vim25\" xsi:type=\"HostConfigFault\"/>"
      "</detail>", "HostConfigFault", "HostConfigFault", NULL },
    /* vcsim: another element, another prefix, no namespace of VI */
    { FAULT "<detail><Fault xmlns:q=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "q:type=\"InvalidLogin\"></Fault></detail>", "InvalidLogin", "InvalidLogin", NULL },
    { FAULT "<detail><BrandNewFault xmlns=\"urn:vim25\" xsi:type=\"BrandNew\"><a/></BrandNewFault>"
      "</detail>", "BrandNew", "MethodFault", "BrandNew" },
    { FAULT "<detail><BrandNewFault xmlns=\"urn:vim25\"/></detail>", "BrandNew", "MethodFault",
      NULL },
    { FAULT "<detail><X xmlns=\"urn:vim25\" xsi:type=\"ScsiLun\"/></detail>", "ScsiLun",
      "MethodFault", "ScsiLun" },
    { FAULT "<detail><Fault/></detail>", "", "MethodFault", NULL },
    { FAULT "<detail><InvalidLoginFault/><NotFoundFault/></detail>", "InvalidLogin", "InvalidLogin",
      NULL },
    { "", "", NULL, NULL },
};

static void
testFaultNames(void)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(faultCases); i++) {
        g_autoptr(SoapReply) reply = decodeFault(faultCases[i].fault);
        const SoapObject *detail = reply->fault->detail;

        g_test_message("%s", faultCases[i].fault);
        g_assert_nonnull(reply->fault->message);
        g_assert_cmpstr(reply->fault->name, ==, faultCases[i].name);
        g_assert_cmpstr(detail ? detail->type->name : NULL, ==, faultCases[i].type);
        g_assert_cmpstr(detail ? detail->wireType : NULL, ==, faultCases[i].wireType);
    }
}

/* A task's error and a missing property's are objects with a message beside them. */
static void
testLocalizedFault(void)
{
    g_autofree char *xml = fixtureProperty(
        "<val xsi:type=\"TaskInfo\"><state>error</state><error><fault xsi:type=\"FileNotFound\">"
        "<file>[ds] a.vmdk</file></fault><localizedMessage>File not found"
        "</localizedMessage></error></val>");
    g_autoptr(SoapReply) reply = fixtureDecodeGood(&vimMethodRetrievePropertiesEx, xml);
    const VimTaskInfo *info = soapObjectCast(fixtureValue(reply)->value.object, &vimTaskInfoType);
    const VimFileFault *fault = soapObjectCast(info->error->fault, &vimFileFaultType);

    g_assert_cmpstr(info->state, ==, VIM_TASK_INFO_STATE_ERROR);
    g_assert_cmpstr(info->error->localizedMessage, ==, "File not found");
    g_assert_true(soapObjectIs(fault, &vimFileNotFoundType));
    g_assert_cmpstr(fault->file, ==, "[ds] a.vmdk");
}

/* Wherever the reply is cut, that is an error of its own; leaving in the middle leaks nothing. */
static void
testCutAnywhere(void)
{
    g_autofree char *xml = fixtureProperty(
        "<val xsi:type=\"ArrayOfString\"><string xsi:type=\"xsd:string\">&lt;a</string></val>");
    size_t length;

    for (length = 0; length < strlen(xml); length++) {
        g_autoptr(SoapDecoder) decoder = soapDecoderNew(&vimMethodRetrievePropertiesEx);
        g_autoptr(GError) error = NULL;
        g_autoptr(SoapReply) reply = NULL;

        g_assert_true(soapDecoderFeed(decoder, xml, length, &error));
        reply = soapDecoderFinish(decoder, &error);
        g_assert_null(reply);
        g_assert_error(error, SOAP_ERROR, SOAP_ERROR_TRUNCATED);
    }
}

/* And in whatever pieces it comes, it is the same reply. */
static void
testPieces(void)
{
    g_autofree char *xml = fixtureProperty(
        "<val xsi:type=\"ArrayOfString\"><string>a&amp;b</string><string>\xc3\xa4</string></val>");
    g_autoptr(SoapReply) whole = fixtureDecodeGood(&vimMethodRetrievePropertiesEx, xml);
    g_autofree char *expected = soapDump(whole->body);
    size_t piece;

    for (piece = 1; piece < 20; piece++) {
        g_autoptr(SoapDecoder) decoder = soapDecoderNew(&vimMethodRetrievePropertiesEx);
        g_autoptr(SoapReply) reply = NULL;
        g_autofree char *dump = NULL;
        size_t done;

        for (done = 0; done < strlen(xml); done += piece) {
            g_assert_true(soapDecoderFeed(decoder, xml + done, MIN(piece, strlen(xml) - done),
                                          NULL));
        }
        reply = soapDecoderFinish(decoder, NULL);
        g_assert_nonnull(reply);
        dump = soapDump(reply->body);
        g_assert_cmpstr(dump, ==, expected);
    }
}

/* Four bytes on the wire, an adapter in memory: 4 MB of reply would take some 300 MB. */
static void
testLimitArena(void)
{
    g_autofree char *xml = fixtureProperty("<val xsi:type=\"ArrayOfHostInternetScsiHba\">");
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(&vimMethodRetrievePropertiesEx);
    g_autoptr(GError) error = NULL;
    g_autoptr(GString) many = g_string_new(NULL);
    size_t start = (size_t)(strstr(xml, "</propSet>") - xml);
    gboolean more = soapDecoderFeed(decoder, xml, start, &error);
    guint i;

    for (i = 0; i < 10000; i++)
        g_string_append(many, "<a/>");
    for (i = 0; more && i < LIMIT_REPLY_ELEMENTS / 10000; i++)
        more = soapDecoderFeed(decoder, many->str, many->len, &error);
    g_assert_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT);
    fixtureAssertContains(error->message, "exceeds its memory limit");
}

static void
testLimitDepth(void)
{
    g_autoptr(GString) val = g_string_new("<val xsi:type=\"LocalizedMethodFault\"><fault>");
    guint i;

    for (i = 0; i < LIMIT_REPLY_DEPTH; i++)
        g_string_append(val, "<faultCause><fault>");
    {
        g_autofree char *xml = fixtureProperty(val->str);

        fixtureDecodeBad(&vimMethodRetrievePropertiesEx, xml, SOAP_ERROR_LIMIT,
                         "deeper than 64 levels");
    }
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/soap-decode/response", testResponse);
    g_test_add_func("/soap-decode/void", testVoid);
    g_test_add_func("/soap-decode/no-result", testNoResult);
    g_test_add_func("/soap-decode/prefixes-do-not-matter", testPrefixesDoNotMatter);
    g_test_add_func("/soap-decode/bad", testBad);
    g_test_add_func("/soap-decode/fault", testFault);
    g_test_add_func("/soap-decode/fault-names", testFaultNames);
    g_test_add_func("/soap-decode/localized-fault", testLocalizedFault);
    g_test_add_func("/soap-decode/cut-anywhere", testCutAnywhere);
    g_test_add_func("/soap-decode/pieces", testPieces);
    g_test_add_func("/soap-decode/limit/arena", testLimitArena);
    g_test_add_func("/soap-decode/limit/depth", testLimitDepth);
    return g_test_run();
}

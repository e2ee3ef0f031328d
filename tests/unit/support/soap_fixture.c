/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_fixture.h"

#include <string.h>

char *
fixtureEnvelope(const char *body)
{
    return g_strdup_printf("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                           "<soapenv:Envelope"
                           " xmlns:soapenc=\"http://schemas.xmlsoap.org/soap/encoding/\"\n"
                           " xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\"\n"
                           " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"\n"
                           " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n"
                           "<soapenv:Body>\n%s\n</soapenv:Body>\n</soapenv:Envelope>", body);
}

char *
fixtureProperty(const char *val)
{
    g_autofree char *body = g_strdup_printf(
        "<RetrievePropertiesExResponse xmlns=\"urn:vim25\"><returnval><objects>"
        "<obj type=\"HostSystem\">ha-host</obj><propSet><name>p</name>%s</propSet>"
        "</objects></returnval></RetrievePropertiesExResponse>", val);

    return fixtureEnvelope(body);
}

SoapReply *
fixtureDecode(const SoapMethod *method, const char *xml, GError **error)
{
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(method);

    if (!soapDecoderFeed(decoder, xml, strlen(xml), error))
        return NULL;
    return soapDecoderFinish(decoder, error);
}

SoapReply *
fixtureDecodeGood(const SoapMethod *method, const char *xml)
{
    g_autoptr(GError) error = NULL;
    SoapReply *reply = fixtureDecode(method, xml, &error);

    g_assert_no_error(error);
    g_assert_nonnull(reply);
    return reply;
}

void
fixtureAssertContains(const char *message, const char *phrase)
{
    if (!strstr(message, phrase))
        g_test_message("no \"%s\" in \"%s\"", phrase, message);
    g_assert_nonnull(strstr(message, phrase));
}

void
fixtureDecodeBad(const SoapMethod *method, const char *xml, SoapErrorCode code, const char *phrase)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SoapReply) reply = fixtureDecode(method, xml, &error);

    g_assert_error(error, SOAP_ERROR, (gint)code);
    g_assert_null(reply);
    fixtureAssertContains(error->message, phrase);
}

const SoapAny *
fixtureValue(const SoapReply *reply)
{
    const VimRetrievePropertiesExResponse *response = (gconstpointer)reply->body;

    g_assert_nonnull(response->returnval);
    g_assert_cmpuint(response->returnval->n_objects, ==, 1);
    g_assert_cmpuint(response->returnval->objects[0]->n_propSet, ==, 1);
    return response->returnval->objects[0]->propSet[0]->val;
}

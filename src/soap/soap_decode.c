/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * The SOAP parts of a reply: the envelope and the fault. soap_frame decodes the values inside.
 *
 *   envelope > body > response (struct) > ...
 *                   \ fault             > detail > the fault's own type (object) > ...
 */

#include "soap_decode.h"

#include <stddef.h>
#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "soap_error.h"
#include "soap_frame.h"
#include "soap_store.h"
#include "soap_xml.h"

#define NS_ENVELOPE "http://schemas.xmlsoap.org/soap/envelope/"

typedef enum {
    STATE_ENVELOPE,     /* its children: Header and Body */
    STATE_BODY,         /* its child: a response or a fault */
    STATE_FAULT,        /* its children: fields of SoapFault, and detail */
    STATE_DETAIL,       /* its child: the fault's own type */
} State;

struct _SoapDecoder {
    const SoapMethod *method;
    SoapXml *xml;
    SoapReply *reply;       /* in the frames' arena */
    size_t bytes;           /* fed so far */
    SoapFrames frames;
};

/* A fault is filled by rows, like all structs. */
static const SoapField faultFields[] = {
    { "faultcode", SOAP_KIND_STRING, 0, offsetof(SoapFault, code), 0, NULL, "xsd:string" },
    { "faultstring", SOAP_KIND_STRING, 0, offsetof(SoapFault, message), 0, NULL, "xsd:string" },
};
static const SoapType faultType = {
    "Fault", NULL, sizeof(SoapFault), faultFields, G_N_ELEMENTS(faultFields)
};
static const SoapField faultDetail = {
    "detail", SOAP_KIND_OBJECT, 0, offsetof(SoapFault, detail), 0, NULL, "MethodFault"
};

static SoapFrame *
decoderEnter(SoapDecoder *decoder, State state, const SoapXmlElement *element)
{
    SoapFrame *frame = soapFramesPush(&decoder->frames, SOAP_FRAME_OUTER, element);

    frame->state = (gint)state;
    return frame;
}

static gboolean
refuseEnvelope(SoapDecoder *decoder, GError **error)
{
    g_autofree char *quote = soapXmlQuote(decoder->xml);

    textToError(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE,
                "the reply is not a SOAP message; it begins with " TEXT_MESSAGE, quote);
    return FALSE;
}

static gboolean
beginDocument(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    if (strcmp(element->name, "Envelope") != 0 || g_strcmp0(element->uri, NS_ENVELOPE) != 0)
        return refuseEnvelope(decoder, error);
    decoderEnter(decoder, STATE_ENVELOPE, element);
    return TRUE;
}

static gboolean
beginInEnvelope(SoapDecoder *decoder, const SoapFrame *envelope, const SoapXmlElement *element)
{
    if (strcmp(element->name, "Body") != 0 || g_strcmp0(element->uri, envelope->uri) != 0)
        return soapFramesSkip(&decoder->frames);
    decoderEnter(decoder, STATE_BODY, element);
    return TRUE;
}

static gboolean
beginFault(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    SoapFault *fault = soapStoreAlloc(decoder->frames.arena, sizeof(*fault), error);
    SoapFrame *frame;

    if (!fault)
        return FALSE;
    fault->code = "";
    fault->message = "";
    fault->name = "";
    decoder->reply->fault = fault;
    frame = decoderEnter(decoder, STATE_FAULT, element);
    frame->base = fault;
    frame->type = &faultType;
    return TRUE;
}

/* Whether @name is the name of the response to @method. */
static gboolean
isResponseTo(const SoapMethod *method, const char *name)
{
    size_t length = strlen(method->name);

    return strncmp(name, method->name, length) == 0 && strcmp(name + length, "Response") == 0;
}

static gboolean
refuseResponse(const SoapMethod *method, const SoapXmlElement *element, GError **error)
{
    const char *uri = element->uri ? element->uri : "";

    textToError(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE,
                "the reply to %s is a <%s> of namespace \"%s\", which is not the expected response",
                method->name, element->name, uri);
    return FALSE;
}

static gboolean
beginResponse(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    const SoapMethod *method = decoder->method;
    SoapObject *body = NULL;

    if (!isResponseTo(method, element->name) || !soapFramesIsVim(element->uri))
        return refuseResponse(method, element, error);
    body = soapStoreAlloc(decoder->frames.arena, method->response->size, error);
    if (!body)
        return FALSE;
    body->type = method->response;
    decoder->reply->body = body;
    soapFramesPushStruct(&decoder->frames, body, method->response, element);
    return TRUE;
}

static gboolean
beginInBody(SoapDecoder *decoder, const SoapFrame *body, const SoapXmlElement *element,
            GError **error)
{
    if (decoder->reply->body || decoder->reply->fault)
        return soapFramesSkip(&decoder->frames);
    if (strcmp(element->name, "Fault") == 0 && g_strcmp0(element->uri, body->uri) == 0)
        return beginFault(decoder, element, error);
    return beginResponse(decoder, element, error);
}

/* Stores the fault's name: "InvalidLoginFault" means InvalidLogin if there is no xsi:type. */
static gboolean
nameFault(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    SoapFault *fault = decoder->reply->fault;
    SoapCacheName *type = NULL;
    size_t length = strlen(element->name);

    if (!soapFramesTypeOf(&decoder->frames, element, &type, error))
        return FALSE;
    if (type) {
        fault->name = type->name;
        return TRUE;
    }
    if (g_str_has_suffix(element->name, "Fault"))
        length -= strlen("Fault");
    fault->name = soapStoreCopy(decoder->frames.arena, element->name, length, error);
    return fault->name != NULL;
}

/* The child of <detail> is the fault itself; its name matters even if it is unknown. */
static gboolean
beginInDetail(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    SoapFault *fault = decoder->reply->fault;
    const SoapType *root = vimTypeByName("MethodFault", strlen("MethodFault"));
    const SoapType *type = NULL;

    if (fault->detail || !root)
        return soapFramesSkip(&decoder->frames);
    if (!nameFault(decoder, element, error))
        return FALSE;
    type = vimTypeByName(fault->name, strlen(fault->name));
    return soapFramesBeginObject(&decoder->frames, fault, &faultDetail,
                                 type && soapTypeIs(type, root) ? type : root, element, error);
}

static gboolean
beginInFault(SoapDecoder *decoder, SoapFrame *fault, const SoapXmlElement *element,
             GError **error)
{
    if (strcmp(element->name, "detail") != 0)
        return soapFramesBeginField(&decoder->frames, fault, element, error);
    decoderEnter(decoder, STATE_DETAIL, element);
    return TRUE;
}

static gboolean
decoderOnOuter(gpointer owner, SoapFrame *frame, const SoapXmlElement *element, GError **error)
{
    SoapDecoder *decoder = owner;

    if (!frame)
        return beginDocument(decoder, element, error);
    switch ((State)frame->state) {
    case STATE_ENVELOPE:
        return beginInEnvelope(decoder, frame, element);
    case STATE_BODY:
        return beginInBody(decoder, frame, element, error);
    case STATE_FAULT:
        return beginInFault(decoder, frame, element, error);
    case STATE_DETAIL:
        return beginInDetail(decoder, element, error);
    }
    g_return_val_if_reached(FALSE);
}

SoapDecoder *
soapDecoderNew(const SoapMethod *method)
{
    /* Not zeroed: most of it is the stack of frames, and a small reply needs little of that. */
    SoapDecoder *decoder = g_new(SoapDecoder, 1);

    decoder->method = method;
    decoder->bytes = 0;
    decoder->xml = soapXmlNew(&soapFramesHandler, &decoder->frames);
    soapFramesInit(&decoder->frames, arenaNew(arenaCeilingFor(0, LIMIT_DECODED)),
                   decoderOnOuter, decoder);
    decoder->reply = arenaAlloc(decoder->frames.arena, sizeof(*decoder->reply));
    g_assert(decoder->reply);
    return decoder;
}

void
soapDecoderFree(SoapDecoder *decoder)
{
    if (!decoder)
        return;
    soapXmlFree(decoder->xml);
    arenaFree(decoder->frames.arena);
    soapFramesClear(&decoder->frames);
    g_free(decoder);
}

gboolean
soapDecoderFeed(SoapDecoder *decoder, const char *data, size_t length, GError **error)
{
    /* The memory for a decoded reply is proportional to the reply. */
    decoder->bytes += length;
    arenaRaise(decoder->frames.arena, arenaCeilingFor(decoder->bytes, LIMIT_DECODED));
    return soapXmlFeed(decoder->xml, data, length, error);
}

SoapReply *
soapDecoderFinish(SoapDecoder *decoder, GError **error)
{
    SoapReply *reply = decoder->reply;

    if (!soapXmlFinish(decoder->xml, error))
        return NULL;
    if (!reply->body && !reply->fault) {
        textToError(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE,
                    "the reply to %s is a SOAP message with an empty body",
                    decoder->method->name);
        return NULL;
    }
    reply->bytes = decoder->bytes;
    reply->arena = g_steal_pointer(&decoder->frames.arena);
    decoder->reply = NULL;
    return reply;
}

void
soapReplyFree(SoapReply *reply)
{
    /* The reply struct itself is in its arena. */
    if (reply)
        arenaFree(reply->arena);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * A reply is read as a stack of frames, one for each element that means something to us. A frame knows
 * what its element fills (a struct, a text, an anyType) and what a child of it begins; an element that
 * means nothing is skipped with all that is in it. Memory is taken from the reply's arena only.
 *
 *   envelope > body > response (object) > field (object) > field (text)
 *                   \ fault (object)    > detail         > fault's type (object) > ...
 */

#include "soap_codec.h"

#include <stddef.h>
#include <string.h>

#include "base_limits.h"
#include "soap_any.h"
#include "soap_cursor.h"
#include "soap_store.h"
#include "soap_xml.h"

#define NS_ENVELOPE "http://schemas.xmlsoap.org/soap/envelope/"
#define NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

typedef enum {
    FRAME_ENVELOPE,     /* its children: Header and Body */
    FRAME_BODY,         /* its child: a response or a fault */
    FRAME_OBJECT,       /* @base is a struct of @cursor's type */
    FRAME_TEXT,         /* its text is @field of @base */
    FRAME_ANY,          /* an anyType that did not say its type: its first child, or its end, tells */
    FRAME_ARRAY,        /* an anyType that is an array of @field's kind and @type */
    FRAME_ARRAY_ANY,    /* an anyType that is an array of a type we do not know */
    FRAME_DETAIL,       /* its child: the fault's own type */
} FrameKind;

typedef struct {
    FrameKind kind;
    const char *uri;            /* namespace of the element */
    gpointer base;
    const SoapField *field;
    const SoapType *type;       /* declared type of an array's items */
    SoapCursor cursor;
} Frame;

struct _SoapDecoder {
    const SoapMethod *method;
    SoapXml *xml;
    Arena *arena;
    SoapReply *reply;
    GString *text;              /* of the innermost FRAME_TEXT or FRAME_ANY */
    guint skipping;             /* depth within an element that is skipped */
    size_t nframes;
    Frame frames[LIMIT_REPLY_DEPTH + 1];
};

/* A fault's own elements and a reference's text are stored by rows, as everything is. */
static const SoapField faultFields[] = {
    { "faultcode", SOAP_KIND_STRING, 0, offsetof(SoapFault, code), 0, NULL, "xsd:string" },
    { "faultstring", SOAP_KIND_STRING, 0, offsetof(SoapFault, message), 0, NULL, "xsd:string" },
    { "detail", SOAP_KIND_OBJECT, 0, offsetof(SoapFault, detail), 0, &soapUnknownType, "MethodFault" },
};
static const SoapType faultType = {
    "Fault", NULL, sizeof(SoapFault), faultFields, G_N_ELEMENTS(faultFields)
};
static const SoapField *const faultDetail = &faultFields[2];

static const SoapField moRefText = {
    "value", SOAP_KIND_STRING, 0, offsetof(SoapMoRef, value), 0, NULL, "ManagedObjectReference"
};

/* ---- small things ------------------------------------------------------------------------------- */

static Frame *
decoderTop(SoapDecoder *decoder)
{
    return decoder->nframes > 0 ? &decoder->frames[decoder->nframes - 1] : NULL;
}

/* The parser's ceiling on depth is that of the stack. */
static Frame *
decoderPush(SoapDecoder *decoder, FrameKind kind, const SoapXmlElement *element)
{
    Frame *frame = &decoder->frames[decoder->nframes++];

    g_assert(decoder->nframes <= G_N_ELEMENTS(decoder->frames));
    *frame = (Frame){ .kind = kind, .uri = element->uri };
    return frame;
}

static gboolean
decoderSkip(SoapDecoder *decoder)
{
    decoder->skipping = 1;
    return TRUE;
}

static gboolean
isVimNamespace(const char *uri)
{
    return uri && (strcmp(uri, "urn:vim25") == 0 || strcmp(uri, "urn:vim2") == 0 ||
                   strcmp(uri, "urn:internalvim25") == 0);
}

/* Whether a child may be a field of its parent: not when it comes from a strange namespace. */
static gboolean
isOwnChild(const Frame *parent, const SoapXmlElement *element)
{
    return element->uri == parent->uri || !element->uri || isVimNamespace(element->uri);
}

/* The local part of xsi:type, whatever its prefix, or NULL. */
static const char *
elementType(const SoapXmlElement *element, size_t *ret_length)
{
    size_t length = 0;
    const char *value = soapXmlAttribute(element, NS_INSTANCE, "type", &length);
    const char *colon = NULL;

    if (!value)
        return NULL;
    while (length > 0 && g_ascii_isspace(value[0])) {
        value++;
        length--;
    }
    while (length > 0 && g_ascii_isspace(value[length - 1]))
        length--;
    colon = memchr(value, ':', length);
    if (colon) {
        length -= (size_t)(colon + 1 - value);
        value = colon + 1;
    }
    *ret_length = length;
    return length > 0 ? value : NULL;
}

static gboolean
elementIsNil(const SoapXmlElement *element)
{
    size_t length = 0;
    const char *value = soapXmlAttribute(element, NS_INSTANCE, "nil", &length);

    return value && ((length == 4 && memcmp(value, "true", 4) == 0) || (length == 1 && value[0] == '1'));
}

/* ---- values ------------------------------------------------------------------------------------- */

static void
beginText(SoapDecoder *decoder, gpointer base, const SoapField *field, const SoapXmlElement *element)
{
    Frame *frame = decoderPush(decoder, FRAME_TEXT, element);

    frame->base = base;
    frame->field = field;
    g_string_truncate(decoder->text, 0);
}

static gboolean
beginMoRef(SoapDecoder *decoder, gpointer base, const SoapField *field, const SoapXmlElement *element,
           GError **error)
{
    SoapMoRef *moref = soapStoreAlloc(decoder->arena, sizeof(*moref), error);
    size_t length = 0;
    const char *type = soapXmlAttribute(element, NULL, "type", &length);

    if (!moref)
        return FALSE;
    moref->type = soapStoreCopy(decoder->arena, type ? type : "", length, error);
    if (!moref->type || !soapStorePointer(decoder->arena, base, field, moref, error))
        return FALSE;
    beginText(decoder, moref, &moRefText, element);
    return TRUE;
}

/*
 * The type an element is read as: what its xsi:type says when we know that and it is a @declared one,
 * else @declared. What we do not know is told in @ret_strange.
 */
static const SoapType *
resolveType(const SoapXmlElement *element, const SoapType *declared, const char **ret_strange,
            size_t *ret_length)
{
    const char *name = elementType(element, ret_length);
    const SoapType *found = NULL;

    *ret_strange = NULL;
    if (!name)
        return declared;
    if (strncmp(name, declared->name, *ret_length) == 0 && declared->name[*ret_length] == '\0')
        return declared;
    found = vimTypeByName(name, *ret_length);
    if (found && (declared == &soapUnknownType || soapTypeIs(found, declared)))
        return found;
    *ret_strange = name;
    return declared;
}

static gboolean
beginObject(SoapDecoder *decoder, gpointer base, const SoapField *field, const SoapType *declared,
            const SoapXmlElement *element, GError **error)
{
    const char *strange = NULL;
    size_t length = 0;
    const SoapType *type = resolveType(element, declared, &strange, &length);
    SoapObject *object = soapStoreAlloc(decoder->arena, type->size, error);
    Frame *frame = NULL;

    if (!object)
        return FALSE;
    object->type = type;
    if (strange) {
        object->wireType = soapStoreCopy(decoder->arena, strange, length, error);
        if (!object->wireType)
            return FALSE;
    }
    if (!soapStorePointer(decoder->arena, base, field, object, error))
        return FALSE;
    frame = decoderPush(decoder, FRAME_OBJECT, element);
    frame->base = object;
    soapCursorInit(&frame->cursor, type);
    return TRUE;
}

static gboolean beginValue(SoapDecoder *decoder, gpointer base, const SoapField *field,
                           const SoapType *declared, const SoapXmlElement *element, GError **error);

/* @any is an array; what its items are may be unknown. */
static void
beginAnyArray(SoapDecoder *decoder, SoapAny *any, const SoapAnyType *type, const SoapXmlElement *element)
{
    Frame *frame = decoderPush(decoder, type->known ? FRAME_ARRAY : FRAME_ARRAY_ANY, element);

    any->isArray = TRUE;
    any->kind = type->known ? type->kind : SOAP_KIND_STRING;
    frame->base = any;
    frame->type = type->type;
    frame->field = soapAnyField(any->kind, TRUE);
}

static void
beginUndecided(SoapDecoder *decoder, SoapAny *any, const SoapXmlElement *element)
{
    Frame *frame = decoderPush(decoder, FRAME_ANY, element);

    any->kind = SOAP_KIND_STRING;
    frame->base = any;
    g_string_truncate(decoder->text, 0);
}

static gboolean
beginAny(SoapDecoder *decoder, gpointer base, const SoapField *field, const SoapXmlElement *element,
         GError **error)
{
    SoapAny *any = soapStoreAlloc(decoder->arena, sizeof(*any), error);
    SoapAnyType type = { 0 };
    size_t length = 0;
    const char *name = elementType(element, &length);

    if (!any || !soapStorePointer(decoder->arena, base, field, any, error))
        return FALSE;
    if (name) {
        any->wireType = soapStoreCopy(decoder->arena, name, length, error);
        if (!any->wireType)
            return FALSE;
        type = soapAnyTypeOf(name, length);
    } else if (soapXmlAttribute(element, NULL, "type", &length)) {
        type = (SoapAnyType){ .known = TRUE, .kind = SOAP_KIND_MOREF };
    }
    if (type.isArray) {
        beginAnyArray(decoder, any, &type, element);
        return TRUE;
    }
    if (!type.known || type.kind == SOAP_KIND_ANY) {
        beginUndecided(decoder, any, element);
        return TRUE;
    }
    any->kind = type.kind;
    return beginValue(decoder, any, soapAnyField(type.kind, FALSE), type.type, element, error);
}

/* An element begins that is a value of @field in struct @base. */
static gboolean
beginValue(SoapDecoder *decoder, gpointer base, const SoapField *field, const SoapType *declared,
           const SoapXmlElement *element, GError **error)
{
    if (elementIsNil(element))
        return decoderSkip(decoder);
    switch (field->kind) {
    case SOAP_KIND_MOREF:
        return beginMoRef(decoder, base, field, element, error);
    case SOAP_KIND_OBJECT:
        return beginObject(decoder, base, field, declared, element, error);
    case SOAP_KIND_ANY:
        return beginAny(decoder, base, field, element, error);
    case SOAP_KIND_BOOL:
    case SOAP_KIND_INT:
    case SOAP_KIND_LONG:
    case SOAP_KIND_DOUBLE:
    case SOAP_KIND_STRING:
        break;
    }
    beginText(decoder, base, field, element);
    return TRUE;
}

/* ---- anyTypes that do not say what they are ----------------------------------------------------- */

/* Makes @any, or one more item of it, an object of which nothing is known. */
static SoapObject *
storeUnknownObject(SoapDecoder *decoder, SoapAny *any, GError **error)
{
    SoapObject *object = soapStoreAlloc(decoder->arena, sizeof(*object), error);

    if (!object)
        return NULL;
    object->type = &soapUnknownType;
    object->wireType = any->isArray ? NULL : any->wireType;
    any->kind = SOAP_KIND_OBJECT;
    if (!soapStorePointer(decoder->arena, any, soapAnyField(SOAP_KIND_OBJECT, any->isArray), object,
                          error))
        return NULL;
    return object;
}

/* It has a child, so it is an object. */
static gboolean
decideObject(SoapDecoder *decoder, Frame *frame, GError **error)
{
    if (!storeUnknownObject(decoder, frame->base, error))
        return FALSE;
    frame->kind = FRAME_OBJECT;
    soapCursorInit(&frame->cursor, &soapUnknownType);
    return decoderSkip(decoder);
}

/*
 * An item of an array of a type we do not know. When the item says a type we do know, the array is one
 * of objects; otherwise the first item decides, and the rest is taken for the same.
 */
static gboolean
beginStrangeItem(SoapDecoder *decoder, Frame *array, const SoapXmlElement *element, GError **error)
{
    SoapAny *any = array->base;
    size_t length = 0;
    const char *name = elementType(element, &length);

    if (elementIsNil(element))
        return decoderSkip(decoder);
    if (any->n == 0 && name && vimTypeByName(name, length))
        any->kind = SOAP_KIND_OBJECT;
    if (any->kind == SOAP_KIND_OBJECT) {
        return beginObject(decoder, any, soapAnyField(SOAP_KIND_OBJECT, TRUE), &soapUnknownType, element,
                           error);
    }
    if (any->n > 0) {
        beginText(decoder, any, soapAnyField(SOAP_KIND_STRING, TRUE), element);
        return TRUE;
    }
    beginUndecided(decoder, any, element);
    return TRUE;
}

/* ---- the envelope ------------------------------------------------------------------------------- */

static gboolean
refuseEnvelope(SoapDecoder *decoder, GError **error)
{
    g_autofree char *quote = soapXmlQuote(decoder->xml);

    g_set_error(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE,
                "the reply is no SOAP message; it begins with %s", quote);
    return FALSE;
}

static gboolean
beginDocument(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    if (strcmp(element->name, "Envelope") != 0 || g_strcmp0(element->uri, NS_ENVELOPE) != 0)
        return refuseEnvelope(decoder, error);
    decoderPush(decoder, FRAME_ENVELOPE, element);
    return TRUE;
}

static gboolean
beginInEnvelope(SoapDecoder *decoder, const Frame *envelope, const SoapXmlElement *element)
{
    if (strcmp(element->name, "Body") != 0 || g_strcmp0(element->uri, envelope->uri) != 0)
        return decoderSkip(decoder);
    decoderPush(decoder, FRAME_BODY, element);
    return TRUE;
}

static gboolean
beginFault(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    SoapFault *fault = soapStoreAlloc(decoder->arena, sizeof(*fault), error);
    Frame *frame = NULL;

    if (!fault)
        return FALSE;
    fault->code = "";
    fault->message = "";
    fault->name = "";
    decoder->reply->fault = fault;
    frame = decoderPush(decoder, FRAME_OBJECT, element);
    frame->base = fault;
    soapCursorInit(&frame->cursor, &faultType);
    return TRUE;
}

/* Whether @name is what the answer to @method is called. */
static gboolean
isResponseTo(const SoapMethod *method, const char *name)
{
    size_t length = strlen(method->name);

    return strncmp(name, method->name, length) == 0 && strcmp(name + length, "Response") == 0;
}

static gboolean
beginResponse(SoapDecoder *decoder, const SoapXmlElement *element, GError **error)
{
    const SoapMethod *method = decoder->method;
    SoapObject *body = NULL;
    Frame *frame = NULL;

    if (!isResponseTo(method, element->name) || !isVimNamespace(element->uri)) {
        g_set_error(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE,
                    "the reply to %s is a <%s> of namespace \"%s\", which is not its answer",
                    method->name, element->name, element->uri ? element->uri : "");
        return FALSE;
    }
    body = soapStoreAlloc(decoder->arena, method->response->size, error);
    if (!body)
        return FALSE;
    body->type = method->response;
    decoder->reply->body = body;
    frame = decoderPush(decoder, FRAME_OBJECT, element);
    frame->base = body;
    soapCursorInit(&frame->cursor, method->response);
    return TRUE;
}

static gboolean
beginInBody(SoapDecoder *decoder, const Frame *body, const SoapXmlElement *element, GError **error)
{
    if (decoder->reply->body || decoder->reply->fault)
        return decoderSkip(decoder);
    if (strcmp(element->name, "Fault") == 0 && g_strcmp0(element->uri, body->uri) == 0)
        return beginFault(decoder, element, error);
    return beginResponse(decoder, element, error);
}

/* ---- faults ------------------------------------------------------------------------------------- */

/* "InvalidLoginFault" means InvalidLogin where no xsi:type says so. */
static void
faultNameOf(const SoapXmlElement *element, const char **ret_name, size_t *ret_length)
{
    const char *name = elementType(element, ret_length);

    if (!name) {
        name = element->name;
        *ret_length = strlen(name);
        if (g_str_has_suffix(name, "Fault"))
            *ret_length -= strlen("Fault");
    }
    *ret_name = name;
}

/* The child of <detail> is the fault itself; what it is called matters even where we do not know it. */
static gboolean
beginInDetail(SoapDecoder *decoder, Frame *detail, const SoapXmlElement *element, GError **error)
{
    SoapFault *fault = detail->base;
    const SoapType *root = vimTypeByName("MethodFault", strlen("MethodFault"));
    const SoapType *type = NULL;
    const char *name = NULL;
    size_t length = 0;

    if (fault->detail || !root)
        return decoderSkip(decoder);
    faultNameOf(element, &name, &length);
    fault->name = soapStoreCopy(decoder->arena, name, length, error);
    if (!fault->name)
        return FALSE;
    type = vimTypeByName(name, length);
    return beginObject(decoder, fault, faultDetail, type && soapTypeIs(type, root) ? type : root, element,
                       error);
}

/* ---- the parser's callbacks --------------------------------------------------------------------- */

static gboolean
beginField(SoapDecoder *decoder, Frame *frame, const SoapXmlElement *element, GError **error)
{
    const SoapField *field = NULL;
    Frame *detail = NULL;

    if (isOwnChild(frame, element))
        field = soapCursorFind(&frame->cursor, element->name);
    if (!field)
        return decoderSkip(decoder);
    if (field == faultDetail) {
        detail = decoderPush(decoder, FRAME_DETAIL, element);
        detail->base = frame->base;
        return TRUE;
    }
    return beginValue(decoder, frame->base, field, field->type, element, error);
}

static gboolean
decoderOnStart(gpointer user, const SoapXmlElement *element, GError **error)
{
    SoapDecoder *decoder = user;
    Frame *frame = decoderTop(decoder);

    if (decoder->skipping > 0) {
        decoder->skipping++;
        return TRUE;
    }
    if (!frame)
        return beginDocument(decoder, element, error);
    switch (frame->kind) {
    case FRAME_ENVELOPE:
        return beginInEnvelope(decoder, frame, element);
    case FRAME_BODY:
        return beginInBody(decoder, frame, element, error);
    case FRAME_OBJECT:
        return beginField(decoder, frame, element, error);
    case FRAME_ANY:
        return decideObject(decoder, frame, error);
    case FRAME_ARRAY:
        return beginValue(decoder, frame->base, frame->field, frame->type, element, error);
    case FRAME_ARRAY_ANY:
        return beginStrangeItem(decoder, frame, element, error);
    case FRAME_DETAIL:
        return beginInDetail(decoder, frame, element, error);
    case FRAME_TEXT:
        break;
    }
    return decoderSkip(decoder);
}

static gboolean
decoderOnEnd(gpointer user, GError **error)
{
    SoapDecoder *decoder = user;
    Frame *frame = decoderTop(decoder);
    const SoapAny *any = NULL;

    if (decoder->skipping > 0) {
        decoder->skipping--;
        return TRUE;
    }
    decoder->nframes--;
    if (frame->kind == FRAME_TEXT) {
        return soapStoreText(decoder->arena, frame->base, frame->field, decoder->text->str,
                             decoder->text->len, error);
    }
    if (frame->kind == FRAME_ANY) {
        any = frame->base;
        return soapStoreText(decoder->arena, frame->base, soapAnyField(SOAP_KIND_STRING, any->isArray),
                             decoder->text->str, decoder->text->len, error);
    }
    return TRUE;
}

static gboolean
decoderOnText(gpointer user, const char *text, size_t length, GError **error)
{
    SoapDecoder *decoder = user;
    const Frame *frame = decoderTop(decoder);

    if (decoder->skipping > 0 || !frame || (frame->kind != FRAME_TEXT && frame->kind != FRAME_ANY))
        return TRUE;
    if (length > LIMIT_REPLY_TEXT - decoder->text->len) {
        g_set_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT,
                    "the reply has an element with more than %d bytes of text", LIMIT_REPLY_TEXT);
        return FALSE;
    }
    g_string_append_len(decoder->text, text, (gssize)length);
    return TRUE;
}

/* ---- the decoder -------------------------------------------------------------------------------- */

static const SoapXmlHandler decoderHandler = {
    .start = decoderOnStart,
    .end = decoderOnEnd,
    .text = decoderOnText,
};

SoapDecoder *
soapDecoderNew(const SoapMethod *method)
{
    SoapDecoder *decoder = g_new0(SoapDecoder, 1);

    decoder->method = method;
    decoder->xml = soapXmlNew(&decoderHandler, decoder);
    decoder->arena = arenaNew(LIMIT_ARENA_BYTES);
    decoder->text = g_string_new(NULL);
    decoder->reply = arenaAlloc(decoder->arena, sizeof(*decoder->reply));
    g_assert(decoder->reply);
    return decoder;
}

void
soapDecoderFree(SoapDecoder *decoder)
{
    if (!decoder)
        return;
    soapXmlFree(decoder->xml);
    arenaFree(decoder->arena);
    g_string_free(decoder->text, TRUE);
    g_free(decoder);
}

gboolean
soapDecoderFeed(SoapDecoder *decoder, const char *data, size_t length, GError **error)
{
    return soapXmlFeed(decoder->xml, data, length, error);
}

SoapReply *
soapDecoderFinish(SoapDecoder *decoder, GError **error)
{
    SoapReply *reply = decoder->reply;

    if (!soapXmlFinish(decoder->xml, error))
        return NULL;
    if (!reply->body && !reply->fault) {
        g_set_error(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE,
                    "the reply to %s is a SOAP message with nothing in its body",
                    decoder->method->name);
        return NULL;
    }
    reply->arena = g_steal_pointer(&decoder->arena);
    decoder->reply = NULL;
    return reply;
}

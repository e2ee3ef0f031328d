/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_frame.h"

#include <stddef.h>
#include <string.h>

#include "soap_any.h"
#include "soap_error.h"
#include "soap_store.h"

#define NS_INSTANCE "http://www.w3.org/2001/XMLSchema-instance"

/* A reference's text is stored by a row, as everything is. */
static const SoapField moRefText = {
    "value", SOAP_KIND_STRING, 0, offsetof(SoapMoRef, value), 0, NULL, "ManagedObjectReference"
};

void
soapFramesInit(SoapFrames *frames, Arena *arena)
{
    frames->arena = arena;
    frames->text = g_string_new(NULL);
    frames->skipping = 0;
    frames->n = 0;
}

void
soapFramesClear(SoapFrames *frames)
{
    g_string_free(frames->text, TRUE);
    frames->text = NULL;
    frames->n = 0;
}

SoapFrame *
soapFramesTop(SoapFrames *frames)
{
    return frames->n > 0 ? &frames->frames[frames->n - 1] : NULL;
}

SoapFrame *
soapFramesPush(SoapFrames *frames, SoapFrameKind kind, const SoapXmlElement *element)
{
    SoapFrame *frame = &frames->frames[frames->n++];

    g_assert(frames->n <= G_N_ELEMENTS(frames->frames));
    *frame = (SoapFrame){ .kind = kind, .uri = element->uri };
    return frame;
}

void
soapFramesPushStruct(SoapFrames *frames, gpointer base, const SoapType *type,
                     const SoapXmlElement *element)
{
    SoapFrame *frame = soapFramesPush(frames, SOAP_FRAME_OBJECT, element);

    frame->base = base;
    soapCursorInit(&frame->cursor, type);
}

gboolean
soapFramesSkip(SoapFrames *frames)
{
    frames->skipping = 1;
    return TRUE;
}

gboolean
soapFramesIsVim(const char *uri)
{
    return uri && (strcmp(uri, "urn:vim25") == 0 || strcmp(uri, "urn:vim2") == 0 ||
                   strcmp(uri, "urn:internalvim25") == 0);
}

/* Whether a child may be a field of its parent: not when it comes from a strange namespace. */
static gboolean
isOwnChild(const SoapFrame *parent, const SoapXmlElement *element)
{
    return element->uri == parent->uri || !element->uri || soapFramesIsVim(element->uri);
}

const char *
soapFramesTypeOf(const SoapXmlElement *element, size_t *ret_length)
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

    if (!value)
        return FALSE;
    return (length == 4 && memcmp(value, "true", 4) == 0) || (length == 1 && value[0] == '1');
}

static void
beginText(SoapFrames *frames, gpointer base, const SoapField *field, const SoapXmlElement *element)
{
    SoapFrame *frame = soapFramesPush(frames, SOAP_FRAME_TEXT, element);

    frame->base = base;
    frame->field = field;
    frames->text->len = 0;
}

static gboolean
beginMoRef(SoapFrames *frames, gpointer base, const SoapField *field, const SoapXmlElement *element,
           GError **error)
{
    SoapMoRef *moref = soapStoreAlloc(frames->arena, sizeof(*moref), error);
    size_t length = 0;
    const char *type = soapXmlAttribute(element, NULL, "type", &length);

    if (!moref)
        return FALSE;
    moref->type = soapStoreCopy(frames->arena, type ? type : "", length, error);
    if (!moref->type || !soapStorePointer(frames->arena, base, field, moref, error))
        return FALSE;
    beginText(frames, moref, &moRefText, element);
    return TRUE;
}

/*
 * The type an element is read as: what its xsi:type says when we know that and it is a @declared
 * one, else @declared. What we do not know is told in @ret_strange.
 */
static const SoapType *
resolveType(const SoapXmlElement *element, const SoapType *declared, const char **ret_strange,
            size_t *ret_length)
{
    const char *name = soapFramesTypeOf(element, ret_length);
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

gboolean
soapFramesBeginObject(SoapFrames *frames, gpointer base, const SoapField *field,
                      const SoapType *declared, const SoapXmlElement *element, GError **error)
{
    const char *strange = NULL;
    size_t length = 0;
    const SoapType *type = resolveType(element, declared, &strange, &length);
    SoapObject *object = soapStoreAlloc(frames->arena, type->size, error);

    if (!object)
        return FALSE;
    object->type = type;
    if (strange) {
        object->wireType = soapStoreCopy(frames->arena, strange, length, error);
        if (!object->wireType)
            return FALSE;
    }
    if (!soapStorePointer(frames->arena, base, field, object, error))
        return FALSE;
    soapFramesPushStruct(frames, object, type, element);
    return TRUE;
}

static gboolean beginValue(SoapFrames *frames, gpointer base, const SoapField *field,
                           const SoapType *declared, const SoapXmlElement *element, GError **error);

/* @any is an array; what its items are may be unknown. */
static void
beginAnyArray(SoapFrames *frames, SoapAny *any, const SoapAnyType *type,
              const SoapXmlElement *element)
{
    SoapFrameKind kind = type->known ? SOAP_FRAME_ARRAY : SOAP_FRAME_ARRAY_ANY;
    SoapFrame *frame = soapFramesPush(frames, kind, element);

    any->isArray = TRUE;
    any->kind = type->known ? type->kind : SOAP_KIND_STRING;
    frame->base = any;
    frame->type = type->type;
    frame->field = soapAnyField(any->kind, TRUE);
}

static void
beginUndecided(SoapFrames *frames, SoapAny *any, const SoapXmlElement *element)
{
    SoapFrame *frame = soapFramesPush(frames, SOAP_FRAME_ANY, element);

    any->kind = SOAP_KIND_STRING;
    frame->base = any;
    frames->text->len = 0;
}

/* The name outlives the reply's text; that of an object we know is in the tables already. */
static const char *
keepWireType(SoapFrames *frames, const SoapAnyType *type, const char *name, size_t length,
             GError **error)
{
    if (type->type && !type->isArray)
        return type->type->name;
    return soapStoreCopy(frames->arena, name, length, error);
}

static gboolean
beginAny(SoapFrames *frames, gpointer base, const SoapField *field, const SoapXmlElement *element,
         GError **error)
{
    SoapAny *any = soapStoreAlloc(frames->arena, sizeof(*any), error);
    SoapAnyType type = { 0 };
    size_t length = 0;
    const char *name = soapFramesTypeOf(element, &length);

    if (!any || !soapStorePointer(frames->arena, base, field, any, error))
        return FALSE;
    if (name) {
        type = soapAnyTypeOf(name, length);
        any->wireType = keepWireType(frames, &type, name, length, error);
        if (!any->wireType)
            return FALSE;
    } else if (soapXmlAttribute(element, NULL, "type", &length)) {
        type = (SoapAnyType){ .known = TRUE, .kind = SOAP_KIND_MOREF };
    }
    if (type.isArray) {
        beginAnyArray(frames, any, &type, element);
        return TRUE;
    }
    if (!type.known || type.kind == SOAP_KIND_ANY) {
        beginUndecided(frames, any, element);
        return TRUE;
    }
    any->kind = type.kind;
    return beginValue(frames, any, soapAnyField(type.kind, FALSE), type.type, element, error);
}

/* An element begins that is a value of @field in struct @base. */
static gboolean
beginValue(SoapFrames *frames, gpointer base, const SoapField *field, const SoapType *declared,
           const SoapXmlElement *element, GError **error)
{
    if (elementIsNil(element))
        return soapFramesSkip(frames);
    switch (field->kind) {
    case SOAP_KIND_MOREF:
        return beginMoRef(frames, base, field, element, error);
    case SOAP_KIND_OBJECT:
        return soapFramesBeginObject(frames, base, field, declared, element, error);
    case SOAP_KIND_ANY:
        return beginAny(frames, base, field, element, error);
    case SOAP_KIND_BOOL:
    case SOAP_KIND_INT:
    case SOAP_KIND_LONG:
    case SOAP_KIND_DOUBLE:
    case SOAP_KIND_STRING:
        break;
    }
    beginText(frames, base, field, element);
    return TRUE;
}

/* Makes @any, or one more item of it, an object of which nothing is known. */
static SoapObject *
storeUnknownObject(SoapFrames *frames, SoapAny *any, GError **error)
{
    SoapObject *object = soapStoreAlloc(frames->arena, sizeof(*object), error);

    if (!object)
        return NULL;
    object->type = &soapUnknownType;
    object->wireType = any->isArray ? NULL : any->wireType;
    any->kind = SOAP_KIND_OBJECT;
    if (!soapStorePointer(frames->arena, any, soapAnyField(SOAP_KIND_OBJECT, any->isArray), object,
                          error))
        return NULL;
    return object;
}

/* It has a child, so it is an object. */
static gboolean
decideObject(SoapFrames *frames, SoapFrame *frame, GError **error)
{
    if (!storeUnknownObject(frames, frame->base, error))
        return FALSE;
    frame->kind = SOAP_FRAME_OBJECT;
    soapCursorInit(&frame->cursor, &soapUnknownType);
    return soapFramesSkip(frames);
}

/*
 * An item of an array of a type we do not know. When the item says a type we do know, the array is
 * one of objects; otherwise the first item decides, and the rest is taken for the same.
 */
static gboolean
beginStrangeItem(SoapFrames *frames, SoapFrame *array, const SoapXmlElement *element,
                 GError **error)
{
    SoapAny *any = array->base;
    size_t length = 0;
    const char *name = soapFramesTypeOf(element, &length);

    if (elementIsNil(element))
        return soapFramesSkip(frames);
    if (any->n == 0 && name && vimTypeByName(name, length))
        any->kind = SOAP_KIND_OBJECT;
    if (any->kind == SOAP_KIND_OBJECT) {
        return soapFramesBeginObject(frames, any, soapAnyField(SOAP_KIND_OBJECT, TRUE),
                                     &soapUnknownType, element, error);
    }
    if (any->n > 0) {
        beginText(frames, any, soapAnyField(SOAP_KIND_STRING, TRUE), element);
        return TRUE;
    }
    beginUndecided(frames, any, element);
    return TRUE;
}

static gboolean
beginField(SoapFrames *frames, SoapFrame *frame, const SoapXmlElement *element, GError **error)
{
    const SoapField *field = NULL;

    if (isOwnChild(frame, element))
        field = soapCursorFind(&frame->cursor, element->name);
    if (!field)
        return soapFramesSkip(frames);
    return beginValue(frames, frame->base, field, field->type, element, error);
}

gboolean
soapFramesStart(SoapFrames *frames, const SoapXmlElement *element, GError **error)
{
    SoapFrame *frame = soapFramesTop(frames);

    if (frames->skipping > 0) {
        frames->skipping++;
        return TRUE;
    }
    g_return_val_if_fail(frame != NULL, FALSE);
    switch (frame->kind) {
    case SOAP_FRAME_OBJECT:
        return beginField(frames, frame, element, error);
    case SOAP_FRAME_ANY:
        return decideObject(frames, frame, error);
    case SOAP_FRAME_ARRAY:
        return beginValue(frames, frame->base, frame->field, frame->type, element, error);
    case SOAP_FRAME_ARRAY_ANY:
        return beginStrangeItem(frames, frame, element, error);
    case SOAP_FRAME_TEXT:
    case SOAP_FRAME_OUTER:
        break;
    }
    return soapFramesSkip(frames);
}

gboolean
soapFramesEnd(SoapFrames *frames, GError **error)
{
    const SoapFrame *frame = soapFramesTop(frames);
    const SoapField *field = NULL;

    if (frames->skipping > 0) {
        frames->skipping--;
        return TRUE;
    }
    g_return_val_if_fail(frame != NULL, FALSE);
    frames->n--;
    if (frame->kind == SOAP_FRAME_TEXT)
        field = frame->field;
    else if (frame->kind == SOAP_FRAME_ANY)
        field = soapAnyField(SOAP_KIND_STRING, ((const SoapAny *)frame->base)->isArray);
    else
        return TRUE;
    return soapStoreText(frames->arena, frame->base, field, frames->text->str, frames->text->len,
                         error);
}

/* Mostly there is room; nobody needs the NUL that GString would put behind it. */
static void
appendText(GString *buffer, const char *text, size_t length)
{
    if (buffer->allocated_len - buffer->len > length) {
        memcpy(buffer->str + buffer->len, text, length);
        buffer->len += length;
    } else {
        g_string_append_len(buffer, text, (gssize)length);
    }
}

gboolean
soapFramesText(SoapFrames *frames, const char *text, size_t length, GError **error)
{
    const SoapFrame *frame = soapFramesTop(frames);

    if (frames->skipping > 0 || !frame ||
        (frame->kind != SOAP_FRAME_TEXT && frame->kind != SOAP_FRAME_ANY))
        return TRUE;
    if (length > LIMIT_REPLY_TEXT - frames->text->len) {
        g_set_error(error, SOAP_ERROR, SOAP_ERROR_LIMIT,
                    "the reply has an element with more than %d bytes of text", LIMIT_REPLY_TEXT);
        return FALSE;
    }
    appendText(frames->text, text, length);
    return TRUE;
}

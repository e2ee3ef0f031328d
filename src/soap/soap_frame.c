/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_frame.h"

#include <stddef.h>
#include <string.h>

#include "base_text.h"
#include "soap_error.h"
#include "soap_store.h"

/* Most texts are shorter. */
#define FIRST_TEXT 256

/* The text of a reference is stored by a row, like all values. */
static const SoapField moRefText = {
    "value", SOAP_KIND_STRING, 0, offsetof(SoapMoRef, value), 0, NULL, "ManagedObjectReference"
};

void
soapFramesInit(SoapFrames *frames, Arena *arena, SoapFramesOuter outer, gpointer owner)
{
    frames->arena = arena;
    frames->outer = outer;
    frames->owner = owner;
    frames->text = g_malloc(FIRST_TEXT);
    frames->textLength = 0;
    frames->textRoom = FIRST_TEXT;
    frames->skipping = 0;
    frames->top = frames->frames;
    frames->top->kind = SOAP_FRAME_NONE;
    memset(&frames->cache, 0, sizeof(frames->cache));
}

void
soapFramesClear(SoapFrames *frames)
{
    g_clear_pointer(&frames->text, g_free);
    frames->top = frames->frames;
}

SoapFrame *
soapFramesPush(SoapFrames *frames, SoapFrameKind kind, const SoapXmlElement *element)
{
    SoapFrame *frame = ++frames->top;

    g_assert(frame < frames->frames + G_N_ELEMENTS(frames->frames));
    frame->kind = kind;
    frame->state = 0;
    frame->uri = element->uri;
    frame->base = NULL;
    frame->field = NULL;
    frame->type = NULL;
    frame->last = NULL;
    return frame;
}

void
soapFramesPushStruct(SoapFrames *frames, gpointer base, const SoapType *type,
                     const SoapXmlElement *element)
{
    SoapFrame *frame = soapFramesPush(frames, SOAP_FRAME_OBJECT, element);

    frame->base = base;
    frame->type = type;
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

/* Whether a child may be a field of its parent: not if its namespace is foreign. */
static gboolean
isOwnChild(const SoapFrame *parent, const SoapXmlElement *element)
{
    return element->uri == parent->uri || !element->uri || soapFramesIsVim(element->uri);
}

gboolean
soapFramesTypeOf(SoapFrames *frames, const SoapXmlElement *element, SoapCacheName **ret_name,
                 GError **error)
{
    SoapCacheName *name = NULL;

    if (element->xsiType.text) {
        name = soapCacheName(&frames->cache, frames->arena, element->xsiType.text,
                             element->xsiType.length, error);
        if (!name)
            return FALSE;
    }
    *ret_name = name && *name->name ? name : NULL;
    return TRUE;
}

static gboolean
elementIsNil(const SoapXmlElement *element)
{
    const SoapXmlValue *nil = &element->xsiNil;

    if (!nil->text)
        return FALSE;
    return (nil->length == 4 && memcmp(nil->text, "true", 4) == 0) ||
           (nil->length == 1 && nil->text[0] == '1');
}

static void
beginText(SoapFrames *frames, gpointer base, const SoapField *field, const SoapXmlElement *element)
{
    SoapFrame *frame = soapFramesPush(frames, SOAP_FRAME_TEXT, element);

    frame->base = base;
    frame->field = field;
    frames->textLength = 0;
}

static gboolean
beginMoRef(SoapFrames *frames, gpointer base, const SoapField *field, const SoapXmlElement *element,
           GError **error)
{
    SoapMoRef *moref = soapStoreAlloc(frames->arena, sizeof(*moref), error);
    const SoapCacheName *type = NULL;

    if (!moref)
        return FALSE;
    moref->type = "";
    if (element->type.text) {
        type = soapCacheName(&frames->cache, frames->arena, element->type.text,
                             element->type.length, error);
        if (!type)
            return FALSE;
        moref->type = type->text;
    }
    if (!soapStorePointer(frames->arena, base, field, moref, error))
        return FALSE;
    beginText(frames, moref, &moRefText, element);
    return TRUE;
}

/* Returns: the type in our tables for @name, or NULL. */
static const SoapType *
knownType(SoapCacheName *name)
{
    const SoapAnyType *type = soapCacheType(name);

    return type->isArray ? NULL : type->type;
}

gboolean
soapFramesBeginObject(SoapFrames *frames, gpointer base, const SoapField *field,
                      const SoapType *declared, const SoapXmlElement *element, GError **error)
{
    SoapCacheName *name = NULL;
    const SoapType *type = declared;
    const SoapType *found = NULL;
    SoapObject *object = NULL;

    if (!soapFramesTypeOf(frames, element, &name, error))
        return FALSE;
    if (name)
        found = knownType(name);
    if (found && (declared == &soapUnknownType || soapTypeIs(found, declared)))
        type = found;
    object = soapStoreAlloc(frames->arena, type->size, error);
    if (!object)
        return FALSE;
    object->type = type;
    object->wireType = name && type != found && strcmp(name->name, type->name) != 0 ? name->name
                                                                                  : NULL;
    if (!soapStorePointer(frames->arena, base, field, object, error))
        return FALSE;
    soapFramesPushStruct(frames, object, type, element);
    return TRUE;
}

static gboolean beginValue(SoapFrames *frames, gpointer base, const SoapField *field,
                           const SoapType *declared, const SoapXmlElement *element, GError **error);

/* @any is an array; the type of its items may be unknown. */
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
    frames->textLength = 0;
}

static gboolean
beginAny(SoapFrames *frames, gpointer base, const SoapField *field, const SoapXmlElement *element,
         GError **error)
{
    SoapAny *any = soapStoreAlloc(frames->arena, sizeof(*any), error);
    SoapAnyType type = { 0 };
    SoapCacheName *name = NULL;

    if (!any || !soapStorePointer(frames->arena, base, field, any, error) ||
        !soapFramesTypeOf(frames, element, &name, error))
        return FALSE;
    if (name) {
        type = *soapCacheType(name);
        any->wireType = name->name;
    } else if (element->type.text) {
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

/* The element that begins is a value of @field in struct @base. */
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

/* Makes @any, or a new item of it, an object of an unknown type. */
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

/* It has a child element, so it is an object. */
static gboolean
decideObject(SoapFrames *frames, SoapFrame *frame, GError **error)
{
    if (!storeUnknownObject(frames, frame->base, error))
        return FALSE;
    frame->kind = SOAP_FRAME_OBJECT;
    frame->type = &soapUnknownType;
    return soapFramesSkip(frames);
}

/*
 * An item of an array of an unknown type. If the item has a known type, the array is an array of
 * objects. Otherwise the first item decides, and the others are assumed to be the same.
 */
static gboolean
beginStrangeItem(SoapFrames *frames, SoapFrame *array, const SoapXmlElement *element,
                 GError **error)
{
    SoapAny *any = array->base;
    SoapCacheName *name = NULL;

    if (elementIsNil(element))
        return soapFramesSkip(frames);
    if (!soapFramesTypeOf(frames, element, &name, error))
        return FALSE;
    if (any->n == 0 && name && knownType(name))
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

/* Inline, because nearly every element of a reply is a field. */
static inline gboolean
beginField(SoapFrames *frames, SoapFrame *frame, const SoapXmlElement *element, GError **error)
{
    const SoapField *field = NULL;

    if (isOwnChild(frame, element))
        field = soapCacheField(&frames->cache, frame->type, element->name, &frame->last);
    if (!field)
        return soapFramesSkip(frames);
    if (!element->hasAttributes && field->kind <= SOAP_KIND_STRING) {
        beginText(frames, frame->base, field, element);
        return TRUE;
    }
    return beginValue(frames, frame->base, field, field->type, element, error);
}

gboolean
soapFramesBeginField(SoapFrames *frames, SoapFrame *frame, const SoapXmlElement *element,
                     GError **error)
{
    return beginField(frames, frame, element, error);
}

static gboolean
framesOnStart(gpointer user, const SoapXmlElement *element, GError **error)
{
    SoapFrames *frames = user;
    SoapFrame *frame = frames->top;

    if (frames->skipping > 0) {
        frames->skipping++;
        return TRUE;
    }
    switch (frame->kind) {
    case SOAP_FRAME_OBJECT:
        return beginField(frames, frame, element, error);
    case SOAP_FRAME_NONE:
        return frames->outer(frames->owner, NULL, element, error);
    case SOAP_FRAME_OUTER:
        return frames->outer(frames->owner, frame, element, error);
    case SOAP_FRAME_ANY:
        return decideObject(frames, frame, error);
    case SOAP_FRAME_ARRAY:
        return beginValue(frames, frame->base, frame->field, frame->type, element, error);
    case SOAP_FRAME_ARRAY_ANY:
        return beginStrangeItem(frames, frame, element, error);
    case SOAP_FRAME_TEXT:
        break;
    }
    return soapFramesSkip(frames);
}

static gboolean
framesOnEnd(gpointer user, GError **error)
{
    SoapFrames *frames = user;
    const SoapFrame *frame = frames->top;
    const SoapField *field = NULL;

    if (frames->skipping > 0) {
        frames->skipping--;
        return TRUE;
    }
    g_return_val_if_fail(frame->kind != SOAP_FRAME_NONE, FALSE);
    frames->top--;
    if (frame->kind == SOAP_FRAME_TEXT)
        field = frame->field;
    else if (frame->kind == SOAP_FRAME_ANY)
        field = soapAnyField(SOAP_KIND_STRING, ((const SoapAny *)frame->base)->isArray);
    else
        return TRUE;
    return soapStoreText(frames->arena, frame->base, field, frames->text, frames->textLength,
                         error);
}

static gboolean
framesOnText(gpointer user, const char *text, size_t length, GError **error)
{
    SoapFrames *frames = user;
    const SoapFrame *frame = frames->top;

    if (frames->skipping > 0 || (frame->kind != SOAP_FRAME_TEXT && frame->kind != SOAP_FRAME_ANY))
        return TRUE;
    if (length > LIMIT_REPLY_TEXT - frames->textLength) {
        textToError(error, SOAP_ERROR, SOAP_ERROR_LIMIT,
                    "the reply has an element with more than %d bytes of text", LIMIT_REPLY_TEXT);
        return FALSE;
    }
    if (length > frames->textRoom - frames->textLength) {
        frames->textRoom = 2 * (frames->textLength + length);
        frames->text = g_realloc(frames->text, frames->textRoom);
    }
    memcpy(frames->text + frames->textLength, text, length);
    frames->textLength += length;
    return TRUE;
}

const SoapXmlHandler soapFramesHandler = {
    .start = framesOnStart,
    .end = framesOnEnd,
    .text = framesOnText,
};

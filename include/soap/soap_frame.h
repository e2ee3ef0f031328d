/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "base_limits.h"
#include "soap_cache.h"
#include "soap_xml.h"

/*
 * Frames: the stack of known elements while a reply is read. A frame knows what its element fills
 * (a struct, a text, an anyType), and therefore what a child starts. An unknown element is skipped
 * with its contents. All memory is from the reply's arena.
 */

typedef enum {
    SOAP_FRAME_NONE,        /* below the first element */
    SOAP_FRAME_OUTER,       /* not a value: its owner knows its meaning, by @state */
    SOAP_FRAME_OBJECT,      /* @base is a struct of @type */
    SOAP_FRAME_TEXT,        /* its text is @field of @base */
    SOAP_FRAME_ANY,         /* an anyType without a type: its first child, or its end, decides */
    SOAP_FRAME_ARRAY,       /* an anyType that is an array of @field's kind and of @type */
    SOAP_FRAME_ARRAY_ANY,   /* an anyType that is an array of an unknown type */
} SoapFrameKind;

typedef struct {
    SoapFrameKind kind;
    gint state;                 /* of SOAP_FRAME_OUTER */
    const char *uri;            /* namespace of the element */
    gpointer base;
    const SoapField *field;
    const SoapType *type;       /* of an object; the declared one of an array's items */
    SoapCacheField *last;        /* of an object: the last field that arrived; NULL: none */
} SoapFrame;

/*
 * An element begins in @frame, a SOAP_FRAME_OUTER, or as the root (@frame is NULL): the owner
 * pushes a frame for it, or skips it. Returns FALSE with @error to stop reading.
 */
typedef gboolean (*SoapFramesOuter)(gpointer owner, SoapFrame *frame,
                                    const SoapXmlElement *element, GError **error);

typedef struct {
    Arena *arena;
    SoapFramesOuter outer;
    gpointer owner;
    char *text;                 /* of the innermost SOAP_FRAME_TEXT or SOAP_FRAME_ANY */
    size_t textLength;
    size_t textRoom;
    guint skipping;             /* depth within a skipped element */
    SoapFrame *top;             /* the innermost frame */
    SoapCache cache;
    SoapFrame frames[1 + LIMIT_REPLY_DEPTH];    /* the first is the SOAP_FRAME_NONE */
} SoapFrames;

/* The handler that fills the frames; its user is the SoapFrames. */
extern const SoapXmlHandler soapFramesHandler;

void soapFramesInit(SoapFrames *frames, Arena *arena, SoapFramesOuter outer, gpointer owner);
void soapFramesClear(SoapFrames *frames);

/*
 * Pushes a frame for the element that begins. The XML reader's limit on depth is also that of the
 * stack.
 */
SoapFrame *soapFramesPush(SoapFrames *frames, SoapFrameKind kind, const SoapXmlElement *element);

/* The element that begins fills struct @base of @type. */
void soapFramesPushStruct(SoapFrames *frames, gpointer base, const SoapType *type,
                          const SoapXmlElement *element);

/* Skips the element that begins. Returns: TRUE, for use at the end of a callback. */
gboolean soapFramesSkip(SoapFrames *frames);

/*
 * The element that begins is a value of @field in @base: a new object, of @declared type unless its
 * xsi:type names a known, more derived type.
 */
gboolean soapFramesBeginObject(SoapFrames *frames, gpointer base, const SoapField *field,
                               const SoapType *declared, const SoapXmlElement *element,
                               GError **error);

/* The element that begins is a field of @frame's struct, or is skipped. */
gboolean soapFramesBeginField(SoapFrames *frames, SoapFrame *frame, const SoapXmlElement *element,
                              GError **error);

/* Whether @uri is one of the namespaces of VI. */
gboolean soapFramesIsVim(const char *uri);

/*
 * Returns: (transfer none) (nullable) in @ret_name: the element's xsi:type, valid until the next
 * call; NULL if it has none, or one without a local part. FALSE if the arena is full.
 */
gboolean soapFramesTypeOf(SoapFrames *frames, const SoapXmlElement *element,
                          SoapCacheName **ret_name, GError **error);

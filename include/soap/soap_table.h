/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * The tables by which one interpreter encodes and decodes. They are generated at build time
 * (vim_types.c) from the metadata of the installed pyVmomi, for what roots.toml names. A
 * _Static_assert beside every row checks its offset and size against the generated structs
 * (vim_types.h).
 *
 * How a field lies in its struct:
 *   scalar        gboolean, gint32, gint64, gdouble; an optional one has a gboolean has_NAME
 *   string        const char *, NULL if absent; enums, dates, URIs and base64 too: as in XML
 *   moref         SoapMoRef *, NULL if absent
 *   object        VimX *, NULL if absent; starts with SoapObject, which has the real type
 *   anyType       SoapAny *, NULL if absent
 *   array of any  size_t n_NAME; and a vector NAME: scalars by value, everything else by pointer,
 *                 without NULLs
 * Everything decoded lives in the reply's arena.
 */

typedef enum {
    SOAP_KIND_BOOL,     /* gboolean */
    SOAP_KIND_INT,      /* gint32; xsd:byte, short and int */
    SOAP_KIND_LONG,     /* gint64 */
    SOAP_KIND_DOUBLE,   /* gdouble; xsd:float and double */
    SOAP_KIND_STRING,   /* const char *; xsd:string, enums, dateTime, anyURI, base64Binary */
    SOAP_KIND_MOREF,    /* SoapMoRef * */
    SOAP_KIND_OBJECT,   /* pointer to a struct that begins with SoapObject */
    SOAP_KIND_ANY,      /* SoapAny * */
} SoapKind;

enum {
    SOAP_FIELD_OPTIONAL = 1 << 0,
    SOAP_FIELD_ARRAY = 1 << 1,
    SOAP_FIELD_SECRET = 1 << 2,  /* not printed */
};

typedef struct _SoapType SoapType;

typedef struct {
    const char *name;
    SoapKind kind;
    guint flags;
    guint16 offset;         /* of the value or vector */
    guint16 extra;          /* of has_NAME (optional scalar) or n_NAME (array); 0: none */
    const SoapType *type;   /* declared type, for SOAP_KIND_OBJECT */
    const char *xsdType;    /* "xsd:long", "ManagedObjectReference": the value for xsi:type */
} SoapField;

struct _SoapType {
    const char *name;           /* name in XML, e.g. "NasDatastoreInfo" */
    const SoapType *parent;     /* its struct is the first member of this one's; NULL at the root */
    size_t size;
    const SoapField *fields;    /* own ones only; in XML the parent's come first */
    guint nfields;
};

/* The beginning of every object. */
typedef struct {
    const SoapType *type;   /* the nearest known type; never NULL */
    const char *wireType;   /* local name of xsi:type if it is unknown, else NULL */
} SoapObject;

typedef struct {
    const char *type;   /* "Datastore" */
    const char *value;  /* "datastore-17" */
} SoapMoRef;

/*
 * A value whose type is known only from XML. An object of an unknown type is a bare SoapObject of
 * soapUnknownType. A value without a type is a string if it is text, else such an object.
 */
typedef struct _SoapAny SoapAny;
struct _SoapAny {
    SoapKind kind;          /* of the value, or of the items; SOAP_KIND_ANY only for items */
    gboolean isArray;
    const char *wireType;   /* local name of xsi:type, "ArrayOfHostHostBusAdapter"; may be NULL */
    size_t n;               /* items when isArray */
    union {
        gboolean boolean;
        gint32 i32;
        gint64 i64;
        gdouble real;
        const char *string;
        SoapMoRef *moref;
        SoapObject *object;
        const char **strings;   /* arrays */
        SoapMoRef **morefs;
        SoapObject **objects;
        SoapAny **anys;         /* ArrayOfAnyType */
        gpointer items;
    } value;
};

/* What may be done if the connection or the session breaks during a call. */
typedef enum {
    SOAP_REPLAY_SAFE,       /* reads: sent again once, after a new login if needed */
    SOAP_REPLAY_ONCE,       /* changes state: never repeated */
    SOAP_REPLAY_SESSION,    /* needs objects of its session (filters...): the caller rebuilds */
} SoapReplay;

/* One VI method: its parameters and its result are ordinary types (LoginRequest, LoginResponse). */
typedef struct {
    const char *name;           /* "Login" */
    const SoapType *request;    /* first field _this (moref; member "self"), then the parameters */
    const SoapType *response;   /* one field returnval, or none for void methods */
    SoapReplay replay;
} SoapMethod;

/* The type of objects of which only the existence is known. */
extern const SoapType soapUnknownType;

/* Whether @type is @ancestor, or derived from it. */
gboolean soapTypeIs(const SoapType *type, const SoapType *ancestor);

/* Whether @object is a @type or derived from it. FALSE for NULL. */
gboolean soapObjectIs(gconstpointer object, const SoapType *type);

/*
 * Returns: @object as a pointer to @type's struct if it is one, else NULL. E.g.
 *   VimNasDatastoreInfo *nas = soapObjectCast(info, &vimNasDatastoreInfoType);
 */
gpointer soapObjectCast(gconstpointer object, const SoapType *type);

/* Returns: the field @name of @type or of its ancestors, or NULL. */
const SoapField *soapTypeField(const SoapType *type, const char *name);

/* Looks up a generated type by its name in XML, or NULL. Defined in the generated vim_types.c. */
const SoapType *vimTypeByName(const char *name, size_t length);

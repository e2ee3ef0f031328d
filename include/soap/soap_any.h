/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/*
 * What a type's name on the wire means for an anyType: "xsd:string", "ManagedObjectReference",
 * "HostScsiDisk", or any of them behind "ArrayOf".
 */
typedef struct {
    gboolean known;         /* FALSE: a type we have no table of; @kind means nothing then */
    gboolean isArray;
    SoapKind kind;          /* of the value, or of the items */
    const SoapType *type;   /* for SOAP_KIND_OBJECT */
    const char *xsdType;    /* what xsi:type says of one value, where @known */
} SoapAnyType;

/* @name is a local name, without prefix. */
SoapAnyType soapAnyTypeOf(const char *name, size_t length);

/* Returns: the row by which a value of @kind, or an array of such, lies in a SoapAny. */
const SoapField *soapAnyField(SoapKind kind, gboolean isArray);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/*
 * What a type's name in XML means for an anyType: "xsd:string", "ManagedObjectReference",
 * "HostScsiDisk", or any of them after "ArrayOf".
 */
typedef struct {
    gboolean known;         /* FALSE: a type without a table; then @kind is meaningless */
    gboolean isArray;
    SoapKind kind;          /* of the value, or of the items */
    const SoapType *type;   /* for SOAP_KIND_OBJECT */
    const char *xsdType;    /* the xsi:type of one value, if @known */
} SoapAnyType;

/* @name is a local name, without prefix. */
SoapAnyType soapAnyTypeOf(const char *name, size_t length);

/* Returns: the row that says how a SoapAny holds a value of @kind, or an array of them. */
const SoapField *soapAnyField(SoapKind kind, gboolean isArray);

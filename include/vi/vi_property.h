/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/*
 * Typed reads of a property's value. Each accepts a NULL @any and returns NULL (or FALSE) for a
 * value of another type, so that unexpected types count as "not set".
 */
const char *viAnyString(const SoapAny *any);
const SoapMoRef *viAnyMoRef(const SoapAny *any);
gboolean viAnyBool(const SoapAny *any, gboolean *ret_value);

/* Returns: the object if it is a @type, else NULL. */
gpointer viAnyObject(const SoapAny *any, const SoapType *type);

/*
 * Returns: the vector of objects or references, and its length; a single one counts as a vector of
 * one.
 */
SoapObject *const *viAnyObjects(const SoapAny *any, size_t *ret_n);
SoapMoRef *const *viAnyMoRefs(const SoapAny *any, size_t *ret_n);

gboolean viMoRefEqual(const SoapMoRef *a, const SoapMoRef *b);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_table.h"

/*
 * Stores a decoded value in a struct, by the row that describes its member. A second value of a
 * member that is not an array replaces the first. Vectors grow in the arena by doubling, so their
 * length alone determines when they are full.
 *
 * Errors are in SOAP_ERROR's domain: VALUE for a text that is not of the field's kind, LIMIT if the
 * arena is full.
 */

/*
 * Stores @text (not NUL-terminated) as the value of scalar or string @field in struct @base.
 * Scalars may have blanks around them; strings are stored unchanged.
 */
gboolean soapStoreText(Arena *arena, gpointer base, const SoapField *field, const char *text,
                       size_t length, GError **error);

/* Stores @pointer, not NULL, as the value of moref, object or anyType @field in struct @base. */
gboolean soapStorePointer(Arena *arena, gpointer base, const SoapField *field, gpointer pointer,
                          GError **error);

/* Like arenaAlloc() and arenaStrndup(), with SOAP_ERROR_LIMIT in addition to NULL. */
gpointer soapStoreAlloc(Arena *arena, size_t size, GError **error);
char *soapStoreCopy(Arena *arena, const char *text, size_t length, GError **error);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "soap_table.h"

/*
 * Where decoded values go: one more value into a struct, by the row that describes its member. A
 * second value of a member that is no array takes the first one's place. Vectors grow in the arena
 * by doubling, so that their length alone tells when they are full.
 *
 * Errors are in SOAP_ERROR's domain: VALUE for a text that is not of the field's kind, LIMIT when
 * the arena is full.
 */

/*
 * Stores @text (not NUL-terminated) as the value of scalar or string @field in struct @base.
 * Scalars may have blanks around them; strings are taken as they are.
 */
gboolean soapStoreText(Arena *arena, gpointer base, const SoapField *field, const char *text,
                       size_t length, GError **error);

/* Stores @pointer, not NULL, as the value of moref, object or anyType @field in struct @base. */
gboolean soapStorePointer(Arena *arena, gpointer base, const SoapField *field, gpointer pointer,
                          GError **error);

/* As arenaAlloc() and arenaStrndup(), with SOAP_ERROR_LIMIT instead of a bare NULL. */
gpointer soapStoreAlloc(Arena *arena, size_t size, GError **error);
char *soapStoreCopy(Arena *arena, const char *text, size_t length, GError **error);

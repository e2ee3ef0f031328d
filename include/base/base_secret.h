/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Secret: a string that must not leave the process: a password or a session cookie. It is kept in
 * separate pages, which are locked into memory if the system allows it, excluded from core dumps,
 * and erased when freed. Immutable, so any thread may read it.
 */
typedef struct _Secret Secret;

/* Returns: (transfer full): a secret with a copy of @text; the caller erases its own copy. */
Secret *secretNew(const char *text);

/* Returns: (transfer none): the text, valid as long as @secret. */
const char *secretText(const Secret *secret);

/* Whether both have the same text. The time this takes reveals only the length of @b. */
gboolean secretEqual(const Secret *a, const Secret *b);

/* Erases and frees; accepts NULL. */
void secretFree(Secret *secret);

/* Overwrites @text with zeros in a way the compiler keeps; accepts NULL. */
void secretErase(char *text);

/* Erases @text, then g_free()s it; accepts NULL. */
void secretEraseFree(char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Secret, secretFree)

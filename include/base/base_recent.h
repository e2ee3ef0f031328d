/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Recent: a table of the values used last, by text keys that may come from a server. It has two
 * ceilings, for the number of entries and for their weight. Above one of them, the entries that
 * were unused for the longest time are removed. It has no lock of its own; its owner has one. Each
 * addition may remove an entry, so a value that is used without the owner's lock needs its own
 * reference.
 */
typedef struct _Recent Recent;

/* @unref: drops the table's reference to a value. */
Recent *recentNew(guint maxEntries, size_t maxWeight, GDestroyNotify unref);

/* Drops all values. Accepts NULL. */
void recentFree(Recent *recent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recent, recentFree)

/* Returns: (transfer none) the value, which now counts as used last; NULL if there is none. */
gpointer recentFind(Recent *recent, const char *key);

/*
 * Sets the value of @key, replacing an older one.
 *
 * @value: (transfer full); its weight is 0.
 */
void recentAdd(Recent *recent, const char *key, gpointer value);

/*
 * Sets the weight of @value, unless @key has another value by now. A value that alone exceeds the
 * ceiling is removed itself, and no other is.
 */
void recentWeigh(Recent *recent, const char *key, gconstpointer value, size_t weight);

guint recentLength(const Recent *recent);

/* Returns: the weight of all entries. */
size_t recentWeight(const Recent *recent);

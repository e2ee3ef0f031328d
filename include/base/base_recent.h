/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Recent: a table of what was used last, by text keys that may come from a server. It has two
 * ceilings, of entries and of their weight; above one of them the entries go that were not used for
 * the longest time. It has no lock: its owner has one. An entry may go at each addition, so that
 * who uses a value without the owner's lock needs a reference to it.
 */
typedef struct _Recent Recent;

/* @unref: gives up the table's reference to a value. */
Recent *recentNew(guint maxEntries, size_t maxWeight, GDestroyNotify unref);

/* Gives up all values. Accepts NULL. */
void recentFree(Recent *recent);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Recent, recentFree)

/* Returns: (transfer none) the value, now the one used last; NULL: there is none. */
gpointer recentFind(Recent *recent, const char *key);

/*
 * Replaces the value of @key, if there is one.
 *
 * @value: (transfer full); its weight is 0.
 */
void recentAdd(Recent *recent, const char *key, gpointer value);

/*
 * Sets what @value weighs, unless it is the value of @key no longer. One that is heavier than all
 * may be together goes itself, and no other one.
 */
void recentWeigh(Recent *recent, const char *key, gconstpointer value, size_t weight);

guint recentLength(const Recent *recent);

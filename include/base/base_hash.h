/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Hashes of what a server has sent. Each process has its own key, so that a server cannot choose
 * texts that all have the same hash: with g_str_hash(), a table of such texts takes quadratic time.
 * Hashes differ between processes.
 */

/* A GHashFunc for texts, with g_str_equal(). */
guint hashText(gconstpointer text);

/* A GHashFunc and a GEqualFunc for UUIDs of 16 bytes. */
guint hashUuid(gconstpointer uuid);
gboolean hashUuidEqual(gconstpointer a, gconstpointer b);

guint hashBytes(gconstpointer bytes, size_t length);

/* The hash of several pieces in order; begin with 0. It depends on where the pieces are cut. */
guint hashAdd(guint hash, gconstpointer bytes, size_t length);

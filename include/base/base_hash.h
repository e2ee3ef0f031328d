/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Hashes of what a server has sent. Each process has a key of its own, so that nobody can choose
 * texts that all have one hash: with g_str_hash() a table of such texts takes quadratic time.
 * The hashes of one process mean nothing to another one.
 */

/* A GHashFunc for texts, with g_str_equal(). */
guint hashText(gconstpointer text);

/* A GHashFunc and a GEqualFunc for UUIDs of 16 bytes. */
guint hashUuid(gconstpointer uuid);
gboolean hashUuidEqual(gconstpointer a, gconstpointer b);

guint hashBytes(gconstpointer bytes, size_t length);

/* The hash of several pieces in their order: begin with 0. Where they are cut matters. */
guint hashAdd(guint hash, gconstpointer bytes, size_t length);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * RandomWorld: a vCenter in which anything may happen to anything, as the updates of a standing
 * filter. It makes a point of what is rare: names and mount paths that collide, datastores in two
 * datacenters or in none, properties that go and come.
 */
typedef struct _RandomWorld RandomWorld;

RandomWorld *randomWorldNew(guint32 seed);
void randomWorldFree(RandomWorld *world);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RandomWorld, randomWorldFree)

/* Returns: (transfer full): the objects of the first update: some of everything. */
char *randomWorldEnter(RandomWorld *world);

/*
 * Returns: (transfer full): the objects of the next update, often none. Mostly properties of few
 * datastores change in it: then @ret_small is TRUE.
 */
char *randomWorldChange(RandomWorld *world, gboolean *ret_small);

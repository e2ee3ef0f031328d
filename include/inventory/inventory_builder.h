/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"

/*
 * What builds pools uses this: memory of the snapshot's arena, and texts that keep the limits of
 * base_limits.h. All that is built tolerates whatever a server leaves out.
 */

/* A snapshot in the making; belongs to one thread. */
typedef struct {
    Arena *arena;
    GPtrArray *pools;       /* InventoryPool *, in the arena */
    GPtrArray *luns;        /* InventoryLun *, likewise; only those that a pool has */
    LeftOut leftOut;        /* what has a name that is too long */
    gboolean full;          /* the arena had no room for something: nothing can be built */
} InventoryBuild;

/*
 * These copy into the arena. NULL stays NULL, and comes of what is longer than LIMIT_NAME_BYTES, or
 * LIMIT_DATASTORE_PATH of a path; also where there is no room, then build->full is set. Who cannot
 * do without the text looks at its length first, and at build->full when all is done.
 */
const char *inventoryBuildName(InventoryBuild *build, const char *text);
const char *inventoryBuildPath(InventoryBuild *build, const char *text);
const SoapMoRef *inventoryBuildRef(InventoryBuild *build, const SoapMoRef *ref);

/* Whether @text (not NULL) is a name that may be kept. */
gboolean inventoryBuildIsName(const char *text);

/* Zeroed memory of the arena; NULL when it has no room, then build->full is set. */
#define inventoryBuildNew(build, Type, n) ((Type *)inventoryBuildAlloc(build, sizeof(Type) * (n)))
void *inventoryBuildAlloc(InventoryBuild *build, size_t size);

/* Adds a pool of @kind, else empty, to those that are built. Returns: NULL likewise. */
InventoryPool *inventoryBuildPool(InventoryBuild *build, const InventoryKind *kind);

/* Takes all pools without a name out of those that are built. */
void inventoryBuildDropNameless(InventoryBuild *build);

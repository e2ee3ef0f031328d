/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"

/*
 * Helpers for building pools: memory from the snapshot's arena, and texts within the limits of
 * base_limits.h. Builders tolerate anything that a server leaves out.
 */

/* A snapshot that is being built; belongs to one thread. */
typedef struct {
    Arena *arena;
    GPtrArray *pools;       /* InventoryPool *, in the arena */
    GPtrArray *luns;        /* InventoryLun *, in the arena; only those that a pool has */
    LeftOut leftOut;        /* objects whose names are too long */
    gboolean full;          /* the arena was full: the snapshot cannot be built */
} InventoryBuild;

/*
 * These copy into the arena. They return NULL for NULL, for a text longer than LIMIT_NAME_BYTES
 * (LIMIT_DATASTORE_PATH for a path), and if there is no room; then build->full is set. A caller
 * that needs the text checks its length first, and build->full at the end.
 */
const char *inventoryBuildName(InventoryBuild *build, const char *text);
const char *inventoryBuildPath(InventoryBuild *build, const char *text);

/* The @n names at @names, a line each, in at most LIMIT_DATASTORE_PATH bytes; NULL if none fits. */
const char *inventoryBuildLines(InventoryBuild *build, const char *const *names, size_t n);
const SoapMoRef *inventoryBuildRef(InventoryBuild *build, const SoapMoRef *ref);

/* Whether @text (not NULL) is a name that may be kept. */
gboolean inventoryBuildIsName(const char *text);

/* Zeroed memory from the arena; NULL if it is full, then build->full is set. */
#define inventoryBuildNew(build, Type, n) ((Type *)inventoryBuildAlloc(build, sizeof(Type) * (n)))
void *inventoryBuildAlloc(InventoryBuild *build, size_t size);

/* Adds an empty pool of @kind to the pools. Returns: NULL if there is no room. */
InventoryPool *inventoryBuildPool(InventoryBuild *build, const InventoryKind *kind);

/* Removes all pools without a name. */
void inventoryBuildDropNameless(InventoryBuild *build);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_builder.h"
#include "inventory_store.h"

/* A property, and the API version that introduced it; NULL: all supported versions have it. */
typedef struct {
    const char *name;
    const char *since;
} InventoryPath;

/*
 * InventoryKind: what the inventory needs to know about one kind of pool: which properties to
 * request, and how to make a pool from them. Another kind needs a file with such a table, and a row
 * in inventoryKinds().
 */
struct _InventoryKind {
    /*
     * The type of the objects that it is built from, and their properties; ends with a name of
     * NULL. A property that is newer than the server's API is not requested.
     */
    const char *type;
    const InventoryPath *paths;

    /*
     * Whether @scope (NULL: everything except what belongs to a single host) has such pools. NULL:
     * yes.
     */
    gboolean (*isShown)(const InventoryScope *scope);

    /* Adds all pools of the kind to @build. */
    void (*build)(InventoryBuild *build, const InventoryStore *store,
                  const InventoryScope *scope);

    /*
     * If each object of @type is a pool: adds the pool of @object again. @before is its previous
     * state. Only @object has changed since, and nothing else is read. NULL: a change of such an
     * object rebuilds everything.
     *
     * Returns: FALSE if that is not enough, because its name, its UUID or its target path has
     * changed, or there is no room. Otherwise the pool shares with @before what has certainly not
     * changed.
     */
    gboolean (*rebuild)(InventoryBuild *build, const InventoryObject *object,
                        const InventoryScope *scope, const InventoryPool *before);

    /* The object that is @pool; set together with rebuild. NULL: none is. */
    const SoapMoRef *(*ref)(const InventoryPool *pool);

    /*
     * The suffix for the name of @pool if another pool has the same name. NULL: the names are
     * unique within the kind and are not changed. At most one kind has none.
     */
    const char *(*suffix)(const InventoryPool *pool);

    /* Why a pool is left out whose name has no room for the suffix; NULL if there is no suffix. */
    const char *tooLong;

    /* Whether what describes the pool, apart from state, sizes and target path, has changed. */
    gboolean (*differ)(const InventoryPool *before, const InventoryPool *now);
};

/*
 * Returns: (transfer none) all kinds, in the order in which pools are built and listed; ends with
 * NULL.
 */
const InventoryKind *const *inventoryKinds(void);

/* Whether @scope has pools of @kind. */
gboolean inventoryKindIsShown(const InventoryKind *kind, const InventoryScope *scope);

/* Returns: the position of @kind in that order. */
size_t inventoryKindPlace(const InventoryKind *kind);

/* Whether each object of the type @type is a pool. For inventoryStoreNew(). */
gboolean inventoryKindIsAlone(const char *type);

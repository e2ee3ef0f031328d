/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_builder.h"
#include "inventory_store.h"

/* A property, and the version of the API that brought it; NULL: all that are served have it. */
typedef struct {
    const char *name;
    const char *since;
} InventoryPath;

/*
 * InventoryKind: what the inventory needs to know of one kind of pool: what the server is asked
 * for, and how a pool is made of the answer. A further kind is one more file with such a table, and
 * one more row in inventoryKinds().
 */
struct _InventoryKind {
    /*
     * The type of the objects it is built from, and the properties of these; ends with a name of
     * NULL. A server is not asked for what is newer than its API.
     */
    const char *type;
    const InventoryPath *paths;

    /* Whether @scope (NULL: everything but what is one host's own) has such pools. NULL: yes. */
    gboolean (*isShown)(const InventoryScope *scope);

    /* Adds all pools of the kind to @build. */
    void (*build)(InventoryBuild *build, const InventoryStore *store,
                  const InventoryScope *scope);

    /*
     * Where each object of @type is a pool: adds the pool of @object, once more. @before is what it
     * was. Nothing but @object has changed since, and nothing else is looked at. NULL: a change of
     * such an object builds everything.
     *
     * Returns: FALSE where that is not enough, since its name, its UUID or its target path is not
     * what it was, or there is no room. Else the pool shares with @before what has not changed for
     * sure.
     */
    gboolean (*rebuild)(InventoryBuild *build, const InventoryObject *object,
                        const InventoryScope *scope, const InventoryPool *before);

    /* The object that is @pool; together with rebuild. NULL: none is. */
    const SoapMoRef *(*ref)(const InventoryPool *pool);

    /*
     * What goes behind the name of @pool where another pool has that name. NULL: the names are
     * unique within the kind and stay as they are. At most one kind has none.
     */
    const char *(*suffix)(const InventoryPool *pool);

    /* Why a pool of the kind is left out whose name has no room for that; NULL likewise. */
    const char *tooLong;

    /* Whether what describes the pool, apart from state, sizes and target path, has changed. */
    gboolean (*differ)(const InventoryPool *before, const InventoryPool *now);
};

/*
 * Returns: (transfer none) all kinds, in the order in which pools are built and listed. Ends with
 * NULL.
 */
const InventoryKind *const *inventoryKinds(void);

/* Whether @scope has pools of @kind. */
gboolean inventoryKindIsShown(const InventoryKind *kind, const InventoryScope *scope);

/* Returns: the place of @kind in that order. */
size_t inventoryKindPlace(const InventoryKind *kind);

/* Whether each object of the type @type is a pool. For inventoryStoreNew(). */
gboolean inventoryKindIsAlone(const char *type);

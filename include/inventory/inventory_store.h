/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_left_out.h"
#include "vi_collector.h"

/*
 * InventoryStore: the objects a standing filter has reported, with their latest property values.
 * Update sets are applied to it; snapshots are built from it. Belongs to the thread that syncs the
 * inventory.
 *
 * Values stay in the arena of the reply they came in; a reply lives as long as any of its values is
 * the latest.
 */
typedef struct _InventoryStore InventoryStore;
typedef struct _InventoryObject InventoryObject;

/*
 * @isAlone: whether a change of an object of that type concerns nothing else, so that it is told by
 * itself: see inventoryStoreChanged().
 */
InventoryStore *inventoryStoreNew(gboolean (*isAlone)(const char *type));
void inventoryStoreFree(InventoryStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryStore, inventoryStoreFree)

/*
 * Applies @updates, which are part of @reply.
 *
 * @reply: (transfer full), also on error.
 * Returns: FALSE with VI_ERROR_COLLECTOR_VERSION when the updates cannot be applied to what is
 * known, so that everything has to be read again, or when the replies it holds have come to more
 * than LIMIT_INVENTORY_BYTES since; or with VI_ERROR_PROTOCOL above LIMIT_INVENTORY_OBJECTS,
 * LIMIT_OBJECT_PROPERTIES, or LIMIT_INVENTORY_BYTES in a store that is new. An object whose
 * reference is longer than LIMIT_NAME_BYTES is left out.
 */
gboolean inventoryStoreApply(InventoryStore *store, const VimUpdateSet *updates, SoapReply *reply,
                             GError **error);

/*
 * Adds what one read has shown, to a store without objects as a rule.
 *
 * @objects: (transfer full), also on error.
 * Returns: FALSE with VI_ERROR_PROTOCOL as inventoryStoreApply().
 */
gboolean inventoryStoreLoad(InventoryStore *store, ViObjects *objects, GError **error);

/* Returns: bytes the server has sent for what is in @store: those of the replies it holds. */
size_t inventoryStoreWeight(const InventoryStore *store);

/* Returns: (transfer none) what could not be stored. */
const LeftOut *inventoryStoreLeftOut(const InventoryStore *store);

/* Returns: (transfer container) all objects of @type, sorted by reference. */
GPtrArray *inventoryStoreObjects(const InventoryStore *store, const char *type);

/* Returns: the object, or NULL. */
const InventoryObject *inventoryStoreFind(const InventoryStore *store, const SoapMoRef *ref);

const SoapMoRef *inventoryObjectRef(const InventoryObject *object);

/* Returns: the latest value of the property, or NULL when it is not set. */
const SoapAny *inventoryObjectProperty(const InventoryObject *object, const char *name);

/* References as keys of a hash table: of type and value, neither NULL. */
guint inventoryRefHash(gconstpointer ref);
gboolean inventoryRefEqual(gconstpointer a, gconstpointer b);

/*
 * What was reported since inventoryStoreSettle() was called last: nothing; properties of objects
 * that stand alone, were there already and still are; or more than that.
 *
 * Returns: (transfer none) these objects, each once, until the next report; or NULL where there
 * was more, as in a store that is new.
 */
const GPtrArray *inventoryStoreChanged(const InventoryStore *store);

/*
 * From now on inventoryStoreChanged() starts again.
 *
 * Returns: a number that no other call has returned, in any store, and never 0.
 */
guint64 inventoryStoreSettle(InventoryStore *store);

/* Returns: what inventoryStoreSettle() returned last; 0: it was never called. */
guint64 inventoryStoreStamp(const InventoryStore *store);

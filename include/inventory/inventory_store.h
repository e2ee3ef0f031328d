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
 * Values stay in the arena of the reply that contained them. A reply is kept as long as any of its
 * values is the latest.
 */
typedef struct _InventoryStore InventoryStore;
typedef struct _InventoryObject InventoryObject;

/*
 * @isAlone: whether a change of an object of that type affects nothing else, so that it is listed
 * separately: see inventoryStoreChanged().
 */
InventoryStore *inventoryStoreNew(gboolean (*isAlone)(const char *type));
void inventoryStoreFree(InventoryStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryStore, inventoryStoreFree)

/*
 * Applies @updates, which are part of @reply.
 *
 * @reply: (transfer full), also on error.
 * Returns: FALSE with VI_ERROR_COLLECTOR_VERSION if the updates cannot be applied, so that
 * everything has to be read again, or if the replies it holds have grown beyond
 * LIMIT_INVENTORY_BYTES; with VI_ERROR_PROTOCOL above LIMIT_INVENTORY_OBJECTS,
 * LIMIT_OBJECT_PROPERTIES, or, in a new store, LIMIT_INVENTORY_BYTES. An object whose reference is
 * longer than LIMIT_NAME_BYTES is left out.
 */
gboolean inventoryStoreApply(InventoryStore *store, const VimUpdateSet *updates, SoapReply *reply,
                             GError **error);

/*
 * Adds the objects of one read, usually to an empty store.
 *
 * @objects: (transfer full), also on error.
 * Returns: FALSE with VI_ERROR_PROTOCOL, as for inventoryStoreApply().
 */
gboolean inventoryStoreLoad(InventoryStore *store, ViObjects *objects, GError **error);

/*
 * Returns: bytes that the server has sent for the contents of @store: those of the replies it
 * holds.
 */
size_t inventoryStoreWeight(const InventoryStore *store);

/* Returns: (transfer none) objects that could not be stored. */
const LeftOut *inventoryStoreLeftOut(const InventoryStore *store);

/* Returns: (transfer container) all objects of @type, sorted by reference. */
GPtrArray *inventoryStoreObjects(const InventoryStore *store, const char *type);

/* Returns: the object, or NULL. */
const InventoryObject *inventoryStoreFind(const InventoryStore *store, const SoapMoRef *ref);

const SoapMoRef *inventoryObjectRef(const InventoryObject *object);

/* Returns: the latest value of the property, or NULL if it is not set. */
const SoapAny *inventoryObjectProperty(const InventoryObject *object, const char *name);

/*
 * Returns: the privilege without which the account may not read the property; "" if the server
 * does not name it; NULL: the account may read it.
 */
const char *inventoryObjectDenied(const InventoryObject *object, const char *name);

/* References as keys of a hash table: by type and value, neither of them NULL. */
guint inventoryRefHash(gconstpointer ref);
gboolean inventoryRefEqual(gconstpointer a, gconstpointer b);

/*
 * What was reported since the last inventoryStoreSettle(): nothing; properties of independent
 * objects that existed before and still exist; or more than that.
 *
 * Returns: (transfer none) these objects, each once, valid until the next report; or NULL if there
 * was more, as in a new store.
 */
const GPtrArray *inventoryStoreChanged(const InventoryStore *store);

/*
 * Resets what inventoryStoreChanged() returns.
 *
 * Returns: a number, not 0, that no other call has returned for any store.
 */
guint64 inventoryStoreSettle(InventoryStore *store);

/* Returns: the last result of inventoryStoreSettle(); 0 if it was not called. */
guint64 inventoryStoreStamp(const InventoryStore *store);

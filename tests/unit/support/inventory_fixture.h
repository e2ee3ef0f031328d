/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_build.h"
#include "inventory_kind.h"

/* Objects as a standing filter reports them, for the tests of the inventory floor. */

/* One object of an update set, and a property of it. */
#define ENTER(type, value, changes) OBJECT("enter", type, value, changes)
#define MODIFY(type, value, changes) OBJECT("modify", type, value, changes)
#define LEAVE(type, value) OBJECT("leave", type, value, "")
#define OBJECT(kind, type, value, changes) \
    "<objectSet><kind>" kind "</kind><obj type=\"" type "\">" value "</obj>" changes "</objectSet>"
#define SET(name, value) "<changeSet><name>" name "</name><op>assign</op>" value "</changeSet>"
#define UNSET(name) "<changeSet><name>" name "</name><op>assign</op></changeSet>"

/* Values of properties. */
#define TEXT(text) "<val xsi:type=\"xsd:string\">" text "</val>"
#define REF(type, value) \
    "<val type=\"" type "\" xsi:type=\"ManagedObjectReference\">" value "</val>"
#define STRUCT(type, fields) "<val xsi:type=\"" type "\">" fields "</val>"
#define ARRAY(type, items) "<val xsi:type=\"ArrayOf" type "\">" items "</val>"

/* An inner element, and an item of an array. */
#define IN(name, text) "<" name ">" text "</" name ">"
#define AS(name, type, fields) "<" name " xsi:type=\"" type "\">" fields "</" name ">"
#define ITEM(array, type, fields) AS(array, type, fields)
#define REF_ITEM(type, value) \
    "<ManagedObjectReference type=\"" type "\" xsi:type=\"ManagedObjectReference\">" value \
    "</ManagedObjectReference>"

/* A datastore's summary, and a whole datastore of VMFS with it. */
#define SUMMARY(name, type, more) \
    SET("summary", STRUCT("DatastoreSummary", IN("name", name) IN("capacity", "1000") \
        IN("url", "ds:///vmfs/volumes/" name "/") IN("freeSpace", "400") IN("accessible", "true") \
        IN("multipleHostAccess", "true") IN("type", type) more))
#define VMFS(value, name, more) ENTER("Datastore", value, SUMMARY(name, "VMFS", "") more)

/* A mount of a datastore at a host. */
#define MOUNT(host, fields) \
    ITEM("DatastoreHostMount", "DatastoreHostMount", "<key type=\"HostSystem\">" host "</key>" \
         IN("mountInfo", IN("accessMode", "readWrite") fields))
#define MOUNTS(mounts) SET("host", ARRAY("DatastoreHostMount", mounts))

/* Returns: (transfer full): the whole reply to WaitForUpdatesEx that reports @objects. */
char *fixtureUpdateEnvelope(const char *version, gboolean truncated, const char *objects);

/* Returns: (transfer full): the reply, decoded; @ret_updates is part of it. */
SoapReply *fixtureUpdates(const char *bytes, VimUpdateSet **ret_updates);

/* Applies @objects to @store, which must work. */
void fixtureApply(InventoryStore *store, const char *objects);

/* Applies @objects to @store, which must fail with VI_ERROR and @code. */
void fixtureApplyFails(InventoryStore *store, const char *objects, gint code);

/* Returns: (transfer full): the snapshot of @objects within @scope, which may be NULL. */
InventorySnapshot *fixtureSnapshot(const char *objects, const InventoryScope *scope);

/* The same of the file tests/data/vi/@name. */
InventorySnapshot *fixtureSnapshotOf(const char *name);

/* Returns: the pool, which must be there. */
const InventoryPool *fixturePool(const InventorySnapshot *snapshot, const char *name);

/* The canonical text of a pool's UUID, until the next call. */
const char *fixtureUuid(const InventoryPool *pool);

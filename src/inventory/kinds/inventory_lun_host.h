/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_lun.h"
#include "inventory_store.h"

/*
 * What one host says of its adapters, LUNs and paths, gathered for kinds of pools that have LUNs.
 * Which LUNs a pool has is read from the SCSI topology or, where that leaves the pool out, from the
 * multipath information, which also says which paths there are.
 */

#define INVENTORY_STORAGE "config.storageDevice."

/* A pool while it is gathered: the first member of what its kind keeps of it. Zeroed at first. */
typedef struct {
    InventoryLunSet luns;
    const InventoryObject *topology;    /* the last host whose topology has LUNs of it */
    gboolean pathsKnown;                /* a host that has it says which paths there are */
    gboolean hasPaths;
    gboolean isAlive;                   /* one of them is */
} InventoryLunPool;

typedef struct _InventoryLunHost InventoryLunHost;

/* What differs from kind to kind. */
typedef struct {
    /* Adds what is made of @adapter. */
    void (*adapter)(InventoryLunHost *host, const VimHostHostBusAdapter *adapter);
    /* Returns: the pool that a path through the adapter with the key @key has, or NULL. */
    InventoryLunPool *(*poolOf)(const InventoryLunHost *host, const char *key,
                                const VimHostTargetTransport *transport);
    /* Other topologies, before the paths are looked at, and other sources behind; or NULL. */
    void (*topologies)(InventoryLunHost *host);
    void (*behindPaths)(InventoryLunHost *host);
    gboolean countsLuns;        /* whether the LUNs that are left out are counted: by one kind */
} InventoryLunOps;

/* One host under way: the first member of what a kind has for it. */
struct _InventoryLunHost {
    const InventoryLunOps *ops;
    InventoryBuild *build;
    const InventoryObject *object;
    GHashTable *known;          /* see inventoryLunGet(); the same for all hosts */
    GHashTable *pools;          /* those that this host has, as values: InventoryLunPool */
    GHashTable *lunsByKey;      /* ScsiLun.key → VimScsiLun; set by inventoryLunHostGather() */
};

/* Gathers all that @host, whose members but the last are set, says. */
void inventoryLunHostGather(InventoryLunHost *host);

/* Returns: a property of the host, NULL: it has none. @name: behind INVENTORY_STORAGE. */
#define inventoryLunHostStorage(host, name) \
    inventoryObjectProperty((host)->object, INVENTORY_STORAGE name)

/* Puts @scsi, or what has the ScsiLun.key @key, behind @pool, once. Both accept NULL for none. */
void inventoryLunHostAdd(const InventoryLunHost *host, InventoryLunPool *pool,
                         const VimScsiLun *scsi);
void inventoryLunHostAddKey(const InventoryLunHost *host, InventoryLunPool *pool, const char *key);

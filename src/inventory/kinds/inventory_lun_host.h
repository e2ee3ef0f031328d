/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_lun.h"
#include "inventory_store.h"

/*
 * Reads the adapters, LUNs and paths of one host, for kinds of pools that have LUNs. The LUNs of a
 * pool are read from the SCSI topology or, if the pool is missing there, from the multipath
 * information, which also has the paths.
 */

#define INVENTORY_STORAGE "config.storageDevice."

/* A pool that is being built: the first member of its kind's struct. Initially zeroed. */
typedef struct {
    InventoryLunSet luns;
    const InventoryObject *topology;    /* the last host whose topology has LUNs of it */
    gboolean pathsKnown;                /* a host that has it has reported its paths */
    gboolean hasPaths;
    gboolean isAlive;                   /* one of them is */
} InventoryLunPool;

typedef struct _InventoryLunHost InventoryLunHost;

/* The parts that differ between kinds. */
typedef struct {
    /* Adds the pools of @adapter. */
    void (*adapter)(InventoryLunHost *host, const VimHostHostBusAdapter *adapter);
    /* Returns: the pool of a path through the adapter with the key @key, or NULL. */
    InventoryLunPool *(*poolOf)(const InventoryLunHost *host, const char *key,
                                const VimHostTargetTransport *transport);
    /* Other topologies, read before the paths, and other sources, read after them; or NULL. */
    void (*topologies)(InventoryLunHost *host);
    void (*behindPaths)(InventoryLunHost *host);
    gboolean countsLuns;        /* whether it counts LUNs that are left out; only one does */
} InventoryLunOps;

/* The current host: the first member of the kind's struct. */
struct _InventoryLunHost {
    const InventoryLunOps *ops;
    InventoryBuild *build;
    const InventoryObject *object;
    GHashTable *known;          /* see inventoryLunGet(); the same for all hosts */
    GHashTable *pools;          /* those of this host, as values: InventoryLunPool */
    GHashTable *lunsByKey;      /* ScsiLun.key → VimScsiLun; set by inventoryLunHostGather() */
};

/* Reads everything from @host, of which all members but the last are set. */
void inventoryLunHostGather(InventoryLunHost *host);

/* Returns: a property of the host, or NULL. @name: the part after INVENTORY_STORAGE. */
#define inventoryLunHostStorage(host, name) \
    inventoryObjectProperty((host)->object, INVENTORY_STORAGE name)

/* Adds @scsi, or the LUN with ScsiLun.key @key, to @pool, once. Both accept NULL for none. */
void inventoryLunHostAdd(const InventoryLunHost *host, InventoryLunPool *pool,
                         const VimScsiLun *scsi);
void inventoryLunHostAddKey(const InventoryLunHost *host, InventoryLunPool *pool, const char *key);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_arena.h"
#include "base_left_out.h"
#include "soap_table.h"

/*
 * InventorySnapshot: all pools and LUNs of a host (or of a whole vCenter) at one time. Immutable
 * and reference-counted: a verb takes a reference and works without locks.
 *
 *   snapshot ── pools[] ──┬─ InventoryPool ── datastore ── extents[]
 *            │            └─ InventoryPool ── target ─┬─ portals[], adapters[]
 *            │                                        └─ luns[] ─┐
 *            ├─ luns[] ─────────────────────────── InventoryLun <┘ (one may be in many targets)
 *            └─ indexes: pools by name, UUID, target path; LUNs by key, device path
 *
 * All strings and vectors are valid as long as the snapshot. A snapshot made after a small change
 * shares most of its pools with the previous one, at the same addresses. Sizes are in bytes.
 */
typedef struct _InventorySnapshot InventorySnapshot;
typedef struct _InventoryPool InventoryPool;
typedef struct _InventoryKind InventoryKind;     /* inventory_kind.h */

typedef enum {
    INVENTORY_FS_VMFS,
    INVENTORY_FS_NFS,       /* NFS 3 and 4.1 */
    INVENTORY_FS_CIFS,
    INVENTORY_FS_LOCAL,
    INVENTORY_FS_OTHER,     /* vSAN, vVol, PMem, and unknown kinds */
} InventoryFs;

typedef struct {
    const char *disk;       /* canonical name, "naa.…" */
    gint32 partition;
} InventoryExtent;

typedef struct {
    const SoapMoRef *ref;
    const SoapMoRef *browser;       /* NULL: cannot be searched */
    const SoapMoRef *datacenter;    /* NULL if none was seen */
    const char *datacenterPath;     /* "Folder/DC", as in /folder URLs; NULL if none */
    const char *name;               /* as in "[name] path"; the pool's may be longer, see below */
    const char *url;                /* NULL if absent */
    const char *mountPath;          /* on this host; NULL if not mounted, or unknown */
    InventoryFs fs;
    const char *fsType;             /* summary.type as sent: "VMFS", "NFS41", "vsan"; never NULL */
    const char *remoteHost;         /* NFS, CIFS: NULL for others */
    const char *servers;            /* NFS 4.1: all of them, a line each; NULL: remoteHost alone */
    const char *remotePath;
    gboolean readOnly;
    const char *denied;             /* the privilege that the account lacks to read what it is, ""
                                       where the server does not name it; NULL: it may */
    const InventoryExtent *extents; /* VMFS */
    size_t nextents;
} InventoryDatastore;

typedef struct {
    const char *address;
    gint32 port;
} InventoryPortal;

typedef struct {
    const SoapMoRef *storageSystem; /* of the adapter's host; NULL if not reported */
    const char *device;             /* "vmhba65" */
    const char *iqn;                /* the initiator's; NULL if absent */
} InventoryAdapter;

/* A logical unit, as seen by the host. */
typedef struct {
    const char *name;           /* ScsiLun.deviceName; never NULL */
    const char *canonicalName;  /* "naa.…"; NULL if absent */
    const char *devicePath;     /* HostScsiDisk.devicePath, else the name; never NULL */
    char key[37];               /* MD5 of ScsiLun.uuid as a UUID (as in the built-in driver) */
    guint64 capacity;           /* 0 if it has none (enclosures, CD drives) */
    gboolean isDisk;
    const InventoryPool *pool;  /* where key and path find it: the first accessible one that has
                                   it, else the first one */
} InventoryLun;

typedef struct {
    const char *iqn;
    const InventoryPortal *portals;
    size_t nportals;
    const InventoryAdapter *adapters;   /* all that have the target configured */
    size_t nadapters;
    const InventoryLun *const *luns;    /* sorted by name */
    size_t nluns;
} InventoryTarget;

/*
 * One pool. Names are unique within a snapshot: if datastores in different datacenters of a vCenter
 * share a name, the datacenter's path is appended to each: "ds1 (Folder/DC2)".
 */
struct _InventoryPool {
    const InventoryKind *kind;  /* says which of the last pointers is set */
    const char *name;
    const char *plainName;      /* the name without what made it unique; else the same pointer */
    guint8 uuid[16];
    gboolean accessible;
    guint64 capacity;           /* datastore: 0 if not accessible; target: the sum of its LUNs */
    guint64 available;
    guint64 reportedCapacity;   /* the sizes reported last: see inventoryPoolChange() */
    guint64 reportedAvailable;
    const char *targetPath;     /* libvirt's target path; NULL if there is none */
    const InventoryDatastore *datastore;
    const InventoryTarget *target;
    gconstpointer own;          /* of other kinds: see the header of the kind */
};

InventorySnapshot *inventorySnapshotRef(InventorySnapshot *snapshot);
void inventorySnapshotUnref(InventorySnapshot *snapshot);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventorySnapshot, inventorySnapshotUnref)

/*
 * A reference to a pool of a snapshot, including everything that was built together with it. Not
 * for a copy of the struct. Any thread may drop it; Unref accepts NULL.
 */
const InventoryPool *inventoryPoolRef(const InventoryPool *pool);
void inventoryPoolUnref(const InventoryPool *pool);

/*
 * All pools, datastores first, each kind sorted by name. The first call for a snapshot makes the
 * list, which is valid as long as the snapshot.
 */
const InventoryPool *const *inventorySnapshotPools(const InventorySnapshot *snapshot,
                                                   size_t *ret_n);

/*
 * Lookups; each returns NULL if there is none. If several LUNs have the same key or path, that of
 * the first kind in inventoryKinds() is returned.
 */
const InventoryPool *inventoryPoolByName(const InventorySnapshot *snapshot, const char *name);
const InventoryPool *inventoryPoolByUuid(const InventorySnapshot *snapshot, const guint8 uuid[16]);
const InventoryPool *inventoryPoolByTargetPath(const InventorySnapshot *snapshot, const char *path);

/*
 * The pools that have a suffix because several have the name @name. A pool named exactly @name is
 * not among them.
 *
 * Returns: (transfer container): InventoryPool, in the order of the list; empty where there are
 * none.
 */
GPtrArray *inventoryPoolsByPlainName(const InventorySnapshot *snapshot, const char *name);
const InventoryLun *inventoryLunByKey(const InventorySnapshot *snapshot, const char *key);

/* By device path, device name or canonical name. */
const InventoryLun *inventoryLunByPath(const InventorySnapshot *snapshot, const char *path);

/* Returns: (transfer none) objects that could not be listed: see base_limits.h. */
const LeftOut *inventorySnapshotLeftOut(const InventorySnapshot *snapshot);

/* Name of the only host in the snapshot, or NULL if there are several or none. */
const char *inventorySnapshotHostName(const InventorySnapshot *snapshot);

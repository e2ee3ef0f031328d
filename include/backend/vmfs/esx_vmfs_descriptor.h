/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * EsxVmfsDescriptor: the small text file "disk.vmdk" that describes a virtual disk and names the
 * files with its contents. Pure: converts any bytes to a struct or an error.
 *
 *   # Disk DescriptorFile
 *   version=1
 *   CID=fffffffe
 *   parentCID=ffffffff
 *   createType="vmfs"
 *   RW 2097152 VMFS "disk-flat.vmdk"             access sectors type "file" [first sector in it]
 *   ddb.adapterType = "lsilogic"
 *   ddb.thinProvisioned = "1"
 *
 * Other programs write "# Disk Descriptor File", a byte order mark or blank lines before it, and
 * lines that end in CRLF or CR.
 *
 * The format is that of VMware's "Virtual Disk Format 5.0"; ddb.deletable is as in govmomi's
 * datastore file manager, the object URIs of vSAN and vVol as written by hosts.
 */

#define ESX_VMFS_SECTOR 512

typedef enum {
    ESX_VMFS_EXTENT_FLAT,       /* VMFS, FLAT: the plain bytes of the disk */
    ESX_VMFS_EXTENT_ZERO,       /* only zeros; has no file */
    ESX_VMFS_EXTENT_SPARSE,     /* SPARSE, VMFSSPARSE, SESPARSE, VSANSPARSE */
    ESX_VMFS_EXTENT_RAW,        /* VMFSRDM, VMFSRAW: a LUN */
    ESX_VMFS_EXTENT_OTHER,      /* an unknown kind */
} EsxVmfsExtentKind;

typedef struct {
    char *access;           /* "RW", "RDONLY", "NOACCESS" */
    guint64 sectors;
    EsxVmfsExtentKind kind;
    char *type;             /* as written */
    char *file;             /* NULL: none */
    guint64 offset;         /* of its first sector in the file, in sectors */
} EsxVmfsExtent;

typedef struct {
    char *createType;       /* as written, "" if absent */
    EsxVmfsExtent *extents;
    size_t nextents;
    guint64 capacity;       /* bytes: the sum of the extents */
    char *adapter;          /* ddb.adapterType; NULL if absent, like the next two */
    char *uuid;             /* ddb.uuid as written: "60 00 C2 9e …" */
    char *parent;           /* parentFileNameHint */
    gboolean hasParent;     /* a snapshot: holds the differences from its parent */
    gboolean thin;          /* ddb.thinProvisioned */
    gboolean deletable;     /* ddb.deletable; TRUE if absent */
    gboolean binary;        /* not text, but a hosted sparse disk: magic number "KDMV" */
} EsxVmfsDescriptor;

/*
 * @bytes: need not end with a NUL.
 * Returns: (transfer full), or NULL with ESX_ERROR_INVALID_OPERATION and a message if it is not a
 * descriptor, or a broken one. A binary one has no extents.
 */
EsxVmfsDescriptor *esxVmfsDescriptorParse(const char *bytes, size_t length, GError **error);

/*
 * Whether the extents contain all of the disk's bytes in order: each is flat, accessible, has a
 * size, and is in a file beside the descriptor.
 *
 * Returns: FALSE with ESX_ERROR_NO_SUPPORT and a message that says what the disk is instead, and
 * what to do.
 */
gboolean esxVmfsDescriptorCheckFlat(const EsxVmfsDescriptor *descriptor, GError **error);

/* Accepts NULL. */
void esxVmfsDescriptorFree(EsxVmfsDescriptor *descriptor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVmfsDescriptor, esxVmfsDescriptorFree)

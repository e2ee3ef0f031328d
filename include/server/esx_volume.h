/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_left_out.h"
#include "vi_file.h"

/*
 * Volumes of one pool at one time, as plain structs, for the facade. A list is immutable once
 * sealed, and reference-counted; strings are in its arena. Sizes are in bytes.
 */

typedef struct {
    const char *name;       /* unique within the pool */
    const char *key;        /* unique on the whole server */
    const char *path;
    int type;               /* virStorageVolType */
    int format;             /* virStorageFileFormat; VIR_STORAGE_FILE_NONE if the pool has none */
    guint64 capacity;       /* size seen by a guest */
    gboolean sized;         /* capacity is from a listing of the server */
    guint64 allocation;     /* space currently used in the pool */
    guint64 physical;       /* size of its files */
    ViDiskKind disk;        /* of a virtual disk, if in the listing: type, adapter */
} EsxVolume;

/* A volume to be created. */
typedef struct {
    const char *name;
    int format;             /* virStorageFileFormat; VIR_STORAGE_FILE_NONE: by the name's end */
    guint64 capacity;
    guint64 allocation;     /* from the XML, else the capacity */
    gboolean preallocate;   /* VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA */
} EsxVolumeSpec;

typedef struct _EsxVolumeList EsxVolumeList;

/*
 * @bytes: number of bytes that the server has sent; the list's memory limit is proportional, see
 * base_limits.h.
 */
EsxVolumeList *esxVolumeListNew(size_t bytes);

/*
 * Adds a copy of @volume; @alias is another name for lookups, or NULL. A name that is already there
 * is not changed. Equal texts are kept once: a key that equals the path, and a name that is the end
 * of the path.
 *
 * Returns: FALSE with VI_ERROR_PROTOCOL if the list is full; then it must not be used.
 */
gboolean esxVolumeListAdd(EsxVolumeList *list, const EsxVolume *volume, const char *alias,
                          GError **error);

/* Volumes that could not be listed: fill it before the list is sealed, and read it after that. */
LeftOut *esxVolumeListLeftOut(EsxVolumeList *list);

/* Sorts by name; nothing may be added afterwards. Returns: @list. */
EsxVolumeList *esxVolumeListSeal(EsxVolumeList *list);

EsxVolumeList *esxVolumeListRef(EsxVolumeList *list);
void esxVolumeListUnref(EsxVolumeList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVolumeList, esxVolumeListUnref)

/* Returns: about how many bytes @list takes. */
size_t esxVolumeListBytes(const EsxVolumeList *list);

size_t esxVolumeListLength(const EsxVolumeList *list);
const EsxVolume *esxVolumeListAt(const EsxVolumeList *list, size_t i);

/* By name, else by alias. Returns: (transfer none), or NULL. */
const EsxVolume *esxVolumeListFind(const EsxVolumeList *list, const char *name);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_left_out.h"
#include "vi_file.h"

/*
 * Volumes of one pool at one moment, as plain structs: what a backend gives the facade. A list is
 * immutable once sealed, and reference-counted; strings live in its arena. Sizes are bytes.
 */

typedef struct {
    const char *name;       /* unique within the pool */
    const char *key;        /* unique on the whole server */
    const char *path;
    int type;               /* virStorageVolType */
    int format;             /* virStorageFileFormat; VIR_STORAGE_FILE_NONE where pools have none */
    guint64 capacity;       /* what a guest sees */
    gboolean sized;         /* that is what a listing of the server says of it */
    guint64 allocation;     /* what it takes of the pool now */
    guint64 physical;       /* what its files take */
    ViDiskKind disk;        /* of a virtual disk, as far as the listing says: type, adapter */
} EsxVolume;

/* A volume that is to be. */
typedef struct {
    const char *name;
    int format;             /* virStorageFileFormat; VIR_STORAGE_FILE_NONE: by the name's ending */
    guint64 capacity;
    guint64 allocation;     /* what the XML says, else the capacity */
    gboolean preallocate;   /* VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA */
} EsxVolumeSpec;

typedef struct _EsxVolumeList EsxVolumeList;

/* @bytes: of what the server has sent; the list takes memory in proportion, see base_limits.h. */
EsxVolumeList *esxVolumeListNew(size_t bytes);

/*
 * Adds a copy of @volume; @alias is another name it is found by, or NULL. A name already there is
 * left as it is. Texts that say the same are kept once: a key that is the path, and a name with
 * which the path ends.
 *
 * Returns: FALSE with VI_ERROR_PROTOCOL when the list has no room left; then it is of no use.
 */
gboolean esxVolumeListAdd(EsxVolumeList *list, const EsxVolume *volume, const char *alias,
                          GError **error);

/* What could not be listed: to be filled before the list is sealed, and read after that. */
LeftOut *esxVolumeListLeftOut(EsxVolumeList *list);

/* Sorts by name; nothing may be added any more. Returns: @list. */
EsxVolumeList *esxVolumeListSeal(EsxVolumeList *list);

EsxVolumeList *esxVolumeListRef(EsxVolumeList *list);
void esxVolumeListUnref(EsxVolumeList *list);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVolumeList, esxVolumeListUnref)

/* Returns: about as many bytes as @list takes. */
size_t esxVolumeListBytes(const EsxVolumeList *list);

size_t esxVolumeListLength(const EsxVolumeList *list);
const EsxVolume *esxVolumeListAt(const EsxVolumeList *list, size_t i);

/* By name, else by alias. Returns: (transfer none), or NULL. */
const EsxVolume *esxVolumeListFind(const EsxVolumeList *list, const char *name);

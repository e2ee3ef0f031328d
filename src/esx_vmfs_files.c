/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* From what a search of a datastore tells to volumes. */

#include <string.h>

#include "base_names.h"
#include "esx_libvirt.h"
#include "esx_vmfs_files.h"
#include "vim_types.h"

/* ---- where a file is ------------------------------------------------------------------------ */

/*
 * The directory of a result, relative to the datastore: "[ds] dir/" gives "dir". vcsim writes
 * "[ds]/dir", older hosts leave out the last slash.
 */
static char *
relativeFolder(const char *folderPath)
{
    g_autofree char *datastore = NULL;
    g_autofree char *path = NULL;
    const char *start;
    size_t length;

    if (!folderPath || !nameSplitDatastorePath(folderPath, &datastore, &path))
        return g_strdup("");

    start = path + strspn(path, "/");
    for (length = strlen(start); length > 0 && start[length - 1] == '/'; length--)
        continue;
    return g_strndup(start, length);
}

/* ---- what is told of a file ----------------------------------------------------------------- */

static gboolean
endsWith(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t wanted = strlen(ending);

    return length >= wanted && g_ascii_strcasecmp(name + length - wanted, ending) == 0;
}

/* By the type the server gives the file; one it does not look into is what its name says. */
static int
formatOf(const VimFileInfo *file)
{
    if (soapObjectIs(file, &vimVmDiskFileInfoType) || endsWith(file->path, ".vmdk"))
        return VIR_STORAGE_FILE_VMDK;
    if (soapObjectIs(file, &vimIsoImageFileInfoType) || endsWith(file->path, ".iso"))
        return VIR_STORAGE_FILE_ISO;
    return VIR_STORAGE_FILE_RAW;
}

/* Sizes are optional on the wire: a disk with a broken descriptor has none. */
static void
setSizes(EsxVolume *volume, const VimFileInfo *file)
{
    const VimVmDiskFileInfo *disk = soapObjectCast(file, &vimVmDiskFileInfoType);
    guint64 size = file->has_fileSize && file->fileSize > 0 ? (guint64)file->fileSize : 0;

    volume->allocation = size;
    volume->physical = size;
    volume->capacity = size;
    if (disk && disk->has_capacityKb && disk->capacityKb > 0 &&
        disk->capacityKb <= G_MAXINT64 / 1024)
        volume->capacity = (guint64)disk->capacityKb * 1024;
}

/* Whether a thick disk was zeroed when it was made is told nowhere, so that it counts as lazy. */
static ViDiskType
diskTypeOf(const VimVmDiskFileInfo *disk)
{
    if (g_strcmp0(disk->diskType, "VirtualDiskFlatVer2BackingInfo") != 0 || !disk->has_thin)
        return VI_DISK_UNKNOWN;
    return disk->thin ? VI_DISK_THIN : VI_DISK_THICK;
}

/* Every SCSI controller but the oldest counts as LSI Logic, as in descriptors. */
static const char *
adapterOf(const VimVmDiskFileInfo *disk)
{
    if (!disk->controllerType)
        return NULL;
    if (g_str_equal(disk->controllerType, "VirtualIDEController"))
        return VIM_VIRTUAL_DISK_ADAPTER_TYPE_IDE;
    if (g_str_equal(disk->controllerType, "VirtualBusLogicController"))
        return VIM_VIRTUAL_DISK_ADAPTER_TYPE_BUS_LOGIC;
    return VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC;
}

static ViDiskKind
kindOf(const VimFileInfo *file)
{
    const VimVmDiskFileInfo *disk = soapObjectCast(file, &vimVmDiskFileInfoType);

    if (!disk)
        return (ViDiskKind) { 0 };
    return (ViDiskKind) { .type = diskTypeOf(disk), .adapter = adapterOf(disk) };
}

/* ---- names people gave folders -------------------------------------------------------------- */

static char *
joinFolder(const char *folder, const char *name)
{
    return *folder ? g_strdup_printf("%s/%s", folder, name) : g_strdup(name);
}

/*
 * vSAN and vVol datastores have top-level folders that are called by numbers; what a person called
 * them is their friendly name.
 *
 * Returns: (transfer full): folder → its friendly name, which belongs to @search.
 */
static GHashTable *
friendlyNames(const ViSearch *search)
{
    GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    size_t i, j;

    for (i = 0; i < search->nfolders; i++) {
        const VimHostDatastoreBrowserSearchResults *result = search->folders[i];
        g_autofree char *folder = relativeFolder(result->folderPath);

        for (j = 0; j < result->n_file; j++) {
            const VimFileInfo *file = result->file[j];

            if (file->path && file->friendlyName && *file->friendlyName &&
                soapObjectIs(file, &vimFolderFileInfoType))
                g_hash_table_insert(names, joinFolder(folder, file->path),
                                    (gpointer)file->friendlyName);
        }
    }
    return names;
}

/* Returns: (transfer full) @folder with every part called as people call it; NULL: it is that. */
static char *
friendlyFolder(GHashTable *names, const char *folder)
{
    g_auto(GStrv) parts = NULL;
    g_autofree char *real = g_strdup("");
    gboolean isOther = FALSE;
    guint i;

    if (g_hash_table_size(names) == 0)
        return NULL;

    parts = g_strsplit(folder, "/", -1);
    for (i = 0; parts[i]; i++) {
        g_autofree char *above = g_steal_pointer(&real);
        const char *friendly;

        real = joinFolder(above, parts[i]);
        friendly = g_hash_table_lookup(names, real);
        if (!friendly)
            continue;
        g_free(parts[i]);
        parts[i] = g_strdup(friendly);
        isOther = TRUE;
    }
    return isOther ? g_strjoinv("/", parts) : NULL;
}

/* ---- from search results to volumes --------------------------------------------------------- */

/* One folder of a search. */
typedef struct {
    const char *pool;
    const char *folder;
    const char *friendly;   /* what people call it; NULL: the same */
} Place;

/* What belongs to a disk or to the host is no volume. */
static void
addFile(EsxVolumeList *list, const Place *place, const VimFileInfo *file)
{
    g_autofree char *name = joinFolder(place->folder, file->path);
    g_autofree char *path = nameJoinDatastorePath(place->pool, name);
    g_autofree char *alias = place->friendly ? joinFolder(place->friendly, file->path) : NULL;
    EsxVolume volume = {
        .name = name, .key = path, .path = path, .type = VIR_STORAGE_VOL_FILE,
        .format = formatOf(file), .disk = kindOf(file),
    };

    if (nameIsExtent(name) || nameIsHostsOwn(name))
        return;
    setSizes(&volume, file);
    esxVolumeListAdd(list, &volume, alias);
}

static gboolean
isFile(const VimFileInfo *file)
{
    return file->path && *file->path && !soapObjectIs(file, &vimFolderFileInfoType);
}

/* Whether the server says no more of @file than that it is one. */
static gboolean
isPlain(const VimFileInfo *file)
{
    return file->object.type == &vimFileInfoType;
}

/* Adds the files of @result: those with a type of their own, which tells more, or the others. */
static void
addFolder(EsxVolumeList *list, const char *pool, GHashTable *names, gboolean plain,
          const VimHostDatastoreBrowserSearchResults *result)
{
    g_autofree char *folder = relativeFolder(result->folderPath);
    g_autofree char *friendly = friendlyFolder(names, folder);
    const Place place = { pool, folder, friendly };
    size_t i;

    for (i = 0; i < result->n_file; i++) {
        if (isFile(result->file[i]) && isPlain(result->file[i]) == plain)
            addFile(list, &place, result->file[i]);
    }
}

EsxVolumeList *
esxVmfsFilesList(const ViSearch *search, const char *pool)
{
    g_autoptr(GHashTable) names = friendlyNames(search);
    EsxVolumeList *list = esxVolumeListNew();
    size_t i;

    /* Of a file that is told of twice the first counts. */
    for (i = 0; i < search->nfolders; i++)
        addFolder(list, pool, names, FALSE /* plain */, search->folders[i]);
    for (i = 0; i < search->nfolders; i++)
        addFolder(list, pool, names, TRUE /* plain */, search->folders[i]);
    return esxVolumeListSeal(list);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Converts the results of a search of a datastore to volumes. */

#include <string.h>

#include "base_hash.h"
#include "base_limits.h"
#include "base_names.h"
#include "esx_libvirt.h"
#include "esx_vmfs_files.h"
#include "vim_types.h"

/* ---- directories ---------------------------------------------------------------------------- */

/* A part of a text from the server, not copied: a reply has one folder for many files. */
typedef struct {
    const char *text;
    size_t length;
} Span;

/*
 * The directory of a result, relative to the datastore: "[ds] dir/" gives "dir". vcsim writes
 * "[ds]/dir", older hosts omit the last slash.
 */
static Span
relativeFolder(const char *folderPath, const char *datastore)
{
    const char *path = folderPath ? nameSkipDatastore(folderPath, datastore) : NULL;
    Span span = { "", 0 };

    if (!path)
        return span;

    span.text = path + strspn(path, "/");
    span.length = strlen(span.text);
    while (span.length > 0 && span.text[span.length - 1] == '/')
        span.length--;
    return span;
}

/* ---- details of a file ---------------------------------------------------------------------- */

static gboolean
endsWith(const char *name, const char *ending)
{
    size_t length = strlen(name);
    size_t wanted = strlen(ending);

    return length >= wanted && g_ascii_strcasecmp(name + length - wanted, ending) == 0;
}

int
esxVmfsFormatByName(const char *name)
{
    if (endsWith(name, ".vmdk"))
        return VIR_STORAGE_FILE_VMDK;
    return endsWith(name, ".iso") ? VIR_STORAGE_FILE_ISO : VIR_STORAGE_FILE_RAW;
}

/* By the server's type of the file; for files that it does not inspect, by the name. */
static int
formatOf(const VimFileInfo *file)
{
    const int named = esxVmfsFormatByName(file->path);

    if (soapObjectIs(file, &vimVmDiskFileInfoType))
        return VIR_STORAGE_FILE_VMDK;
    if (soapObjectIs(file, &vimIsoImageFileInfoType) && named != VIR_STORAGE_FILE_VMDK)
        return VIR_STORAGE_FILE_ISO;
    return named;
}

/* Sizes are optional in replies: a disk with a broken descriptor has none. */
static void
setVolumeSizes(EsxVolume *volume, const VimFileInfo *file)
{
    const VimVmDiskFileInfo *disk = soapObjectCast(file, &vimVmDiskFileInfoType);
    guint64 size = file->has_fileSize && file->fileSize > 0 ? (guint64)file->fileSize : 0;

    volume->allocation = size;
    volume->physical = size;
    volume->capacity = size;
    volume->sized = volume->format != VIR_STORAGE_FILE_VMDK && file->has_fileSize;
    if (disk && disk->has_capacityKb && disk->capacityKb > 0 &&
        disk->capacityKb <= G_MAXINT64 / 1024) {
        volume->capacity = (guint64)disk->capacityKb * 1024;
        volume->sized = TRUE;
    }
}

/* No property says whether a thick disk was zeroed when it was made, so it counts as lazy. */
static ViDiskType
diskTypeOf(const VimVmDiskFileInfo *disk)
{
    if (g_strcmp0(disk->diskType, "VirtualDiskFlatVer2BackingInfo") != 0 || !disk->has_thin)
        return VI_DISK_UNKNOWN;
    return disk->thin ? VI_DISK_THIN : VI_DISK_THICK;
}

/* All SCSI controllers except the oldest count as LSI Logic, as in descriptors. */
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
kindOfFile(const VimFileInfo *file)
{
    const VimVmDiskFileInfo *disk = soapObjectCast(file, &vimVmDiskFileInfoType);

    if (!disk)
        return (ViDiskKind) { 0 };
    return (ViDiskKind) { .type = diskTypeOf(disk), .adapter = adapterOf(disk) };
}

/* ---- friendly names of folders -------------------------------------------------------------- */

/* A folder that has a friendly name: @name in @above. */
typedef struct {
    Span above;
    Span name;
    const char *friendly;
} Friendly;

static gboolean
spanEqual(Span a, Span b)
{
    return a.length == b.length && memcmp(a.text, b.text, a.length) == 0;
}

static guint
friendlyHash(gconstpointer key)
{
    const Friendly *friendly = key;

    return hashAdd(hashAdd(0, friendly->above.text, friendly->above.length), friendly->name.text,
                   friendly->name.length);
}

static gboolean
friendlyEqual(gconstpointer a, gconstpointer b)
{
    return spanEqual(((const Friendly *)a)->name, ((const Friendly *)b)->name) &&
           spanEqual(((const Friendly *)a)->above, ((const Friendly *)b)->above);
}

static gboolean
hasFriendlyName(const VimFileInfo *file)
{
    return file->path && file->friendlyName && *file->friendlyName &&
           strlen(file->friendlyName) <= LIMIT_NAME_BYTES &&
           soapObjectIs(file, &vimFolderFileInfoType);
}

/*
 * The top-level folders of vSAN and vVol datastores are numbers; the name given by a user is their
 * friendly name.
 *
 * Returns: (transfer full): set of Friendly, whose texts belong to @search.
 */
static GHashTable *
friendlyNames(const ViSearch *search, const char *datastore)
{
    GHashTable *names = g_hash_table_new_full(friendlyHash, friendlyEqual, g_free, NULL);
    size_t i, j;

    for (i = 0; i < search->nfolders; i++) {
        const VimHostDatastoreBrowserSearchResults *result = search->folders[i];
        const Span folder = relativeFolder(result->folderPath, datastore);

        for (j = 0; j < result->n_file; j++) {
            const VimFileInfo *file = result->file[j];
            Friendly *friendly;

            if (!hasFriendlyName(file))
                continue;
            friendly = g_new0(Friendly, 1);
            *friendly = (Friendly){
                folder, { file->path, strlen(file->path) }, file->friendlyName,
            };
            g_hash_table_replace(names, friendly, friendly);
        }
    }
    return names;
}

/*
 * Checks only the first parts of @folder: each is looked up with all parts above it, so many of
 * them would take quadratic time.
 *
 * Returns: (transfer full) @folder with friendly names; NULL if it has none.
 */
static char *
friendlyFolder(GHashTable *names, Span folder)
{
    g_autoptr(GString) other = NULL;
    const char *const end = folder.text + folder.length;
    const char *part = folder.text;
    gboolean isOther = FALSE;
    guint level;

    if (g_hash_table_size(names) == 0 || folder.length == 0)
        return NULL;

    other = g_string_new(NULL);
    for (level = 0; level < LIMIT_FRIENDLY_LEVELS && part < end; level++) {
        const char *slash = memchr(part, '/', (size_t)(end - part));
        const char *stop = slash ? slash : end;
        const size_t above = part > folder.text ? (size_t)(part - folder.text) - 1 : 0;
        const Friendly key = { { folder.text, above }, { part, (size_t)(stop - part) }, NULL };
        const Friendly *found = g_hash_table_lookup(names, &key);

        isOther |= found != NULL;
        g_string_append(other, level > 0 ? "/" : "");
        g_string_append_len(other, found ? found->friendly : part,
                            found ? -1 : (gssize)(stop - part));
        part = slash ? slash + 1 : end;
    }
    if (!isOther)
        return NULL;
    if (part < end) {
        g_string_append_c(other, '/');
        g_string_append_len(other, part, (gssize)(end - part));
    }
    return g_string_free(g_steal_pointer(&other), FALSE);
}

/* ---- volumes -------------------------------------------------------------------------------- */

/* One folder of a search, and the names for its files. */
typedef struct {
    EsxVolumeList *list;
    Span folder;
    const char *friendly;   /* its friendly name; NULL: none */
    GString *path;          /* "[pool] folder/", followed by the file's name */
    size_t nameAt;          /* the start of "folder/" in it */
    size_t fileAt;          /* the start of the file's name */
    const char *asked;      /* the name by which its only file was looked up; NULL: none */
} Place;

/* Returns: (transfer full): the alias of @file, or NULL if it has none, or it is too long. */
static char *
aliasOf(const Place *place, const VimFileInfo *file)
{
    if (place->asked)
        return g_strdup(place->asked);
    if (!place->friendly ||
        strlen(place->friendly) + 1 + strlen(file->path) > LIMIT_DATASTORE_PATH)
        return NULL;
    return g_strdup_printf("%s/%s", place->friendly, file->path);
}

/*
 * Whether the server reports @file as a disk with a capacity. A server that goes by the suffix may
 * report an extent as a disk, but without a capacity.
 */
static gboolean
isKnownDisk(const VimFileInfo *file)
{
    const VimVmDiskFileInfo *disk = soapObjectCast(file, &vimVmDiskFileInfoType);

    return disk && disk->has_capacityKb && disk->capacityKb > 0;
}

/* A file that belongs to a disk or to the host is not a volume. */
static gboolean
addFile(Place *place, const VimFileInfo *file, GError **error)
{
    g_autofree char *alias = NULL;
    EsxVolume volume = {
        .type = VIR_STORAGE_VOL_FILE, .format = formatOf(file), .disk = kindOfFile(file),
    };

    if ((nameIsExtent(file->path) && !isKnownDisk(file)) || nameIsHostsOwn(file->path))
        return TRUE;
    if (place->folder.length + 1 + strlen(file->path) > LIMIT_DATASTORE_PATH) {
        leftOutAdd(esxVolumeListLeftOut(place->list), "a file whose path is too long",
                   file->path);
        return TRUE;
    }

    g_string_truncate(place->path, place->fileAt);
    g_string_append(place->path, file->path);
    alias = aliasOf(place, file);
    volume.path = volume.key = place->path->str;
    volume.name = place->path->str + place->nameAt;
    setVolumeSizes(&volume, file);
    return esxVolumeListAdd(place->list, &volume, alias, error);
}

static gboolean
isFile(const VimFileInfo *file)
{
    return file->path && *file->path && !soapObjectIs(file, &vimFolderFileInfoType);
}

/* Whether the server gives no type for @file. */
static gboolean
isPlainFile(const VimFileInfo *file)
{
    return file->object.type == &vimFileInfoType;
}

/* The list that is being built. */
typedef struct {
    EsxVolumeList *list;
    const char *datastore;
    const char *pool;
    GHashTable *names;      /* see friendlyNames() */
    const char *file;       /* the only file that is listed; NULL: all */
    Span folder;            /* of that file, if the server does not repeat it */
    const char *asked;      /* the name by which it was looked up */
} Making;

/* Whether files in @folder may be listed; if its name is too long, they are counted, once. */
static gboolean
mayList(const Making *making, Span folder, gboolean plain)
{
    if (folder.length <= LIMIT_DATASTORE_PATH)
        return !nameIsHidden(folder.text, folder.length);
    if (!plain)
        leftOutAddLength(esxVolumeListLeftOut(making->list), "a folder whose path is too long",
                         folder.text, folder.length);
    return FALSE;
}

/* Adds the files of @result: those with a specific type, which has details, or the others. */
static gboolean
addFolder(const Making *making, const VimHostDatastoreBrowserSearchResults *result,
          gboolean plain, GError **error)
{
    const Span folder = result->folderPath || !making->file
                            ? relativeFolder(result->folderPath, making->datastore)
                            : making->folder;
    g_autoptr(GString) path = NULL;
    g_autofree char *friendly = NULL;
    Place place = { .list = making->list, .folder = folder, .asked = making->asked };
    size_t i;

    if (!mayList(making, folder, plain))
        return TRUE;

    friendly = friendlyFolder(making->names, folder);
    path = g_string_new(NULL);
    g_string_printf(path, "[%s] ", making->pool);
    place.friendly = friendly;
    place.path = path;
    place.nameAt = path->len;
    g_string_append_len(path, folder.text, (gssize)folder.length);
    g_string_append(path, folder.length > 0 ? "/" : "");
    place.fileAt = path->len;

    for (i = 0; i < result->n_file; i++) {
        if (isFile(result->file[i]) && isPlainFile(result->file[i]) == plain &&
            (!making->file || g_str_equal(result->file[i]->path, making->file)) &&
            !addFile(&place, result->file[i], error))
            return FALSE;
    }
    return TRUE;
}

static gboolean
addFolders(const Making *making, const ViSearch *search, gboolean plain, GError **error)
{
    size_t i;

    for (i = 0; i < search->nfolders; i++) {
        if (!addFolder(making, search->folders[i], plain, error))
            return FALSE;
    }
    return TRUE;
}

/* Returns: (transfer full) the list of @making, or NULL with @error. */
static EsxVolumeList *
makeList(Making *making, const ViSearch *search, GError **error)
{
    g_autoptr(EsxVolumeList) list = esxVolumeListNew(viObjectsBytes(search->task->objects));

    making->list = list;
    /* If a file is listed twice, the first entry counts. */
    if (!addFolders(making, search, FALSE /* plain */, error) ||
        !addFolders(making, search, TRUE /* plain */, error))
        return NULL;
    return esxVolumeListSeal(g_steal_pointer(&list));
}

EsxVolumeList *
esxVmfsFilesList(const ViSearch *search, const char *datastore, const char *pool, GError **error)
{
    g_autoptr(GHashTable) names = friendlyNames(search, datastore);
    Making making = { .datastore = datastore, .pool = pool, .names = names };

    return makeList(&making, search, error);
}

EsxVolumeList *
esxVmfsFilesFind(const ViSearch *search, const char *datastore, const char *pool,
                 const char *name, GError **error)
{
    const char *slash = strrchr(name, '/');
    g_autoptr(GHashTable) names = g_hash_table_new(friendlyHash, friendlyEqual);
    Making making = {
        .datastore = datastore, .pool = pool, .names = names, .asked = name,
        .file = slash ? slash + 1 : name, .folder = { name, slash ? (size_t)(slash - name) : 0 },
    };

    return makeList(&making, search, error);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Lists of volumes. */

#include <string.h>

#include "base_arena.h"
#include "base_hash.h"
#include "base_limits.h"
#include "base_text.h"
#include "esx_volume.h"
#include "vi_error.h"

/*
 * The tables and the array take about as much as the volumes' structs, so the arena may have half
 * of a list's memory.
 */
#define FACTOR (LIMIT_DERIVED / 2)

/* Bytes of one volume's entries in the array and both tables, when these are sparsely filled. */
#define ENTRIES 128

struct _EsxVolumeList {
    gatomicrefcount refs;
    Arena *arena;
    GPtrArray *volumes;     /* EsxVolume *, in the arena */
    GHashTable *byName;     /* EsxVolume.name → EsxVolume */
    GHashTable *byAlias;
    LeftOut leftOut;
};

EsxVolumeList *
esxVolumeListNew(size_t bytes)
{
    EsxVolumeList *list = g_new0(EsxVolumeList, 1);

    g_atomic_ref_count_init(&list->refs);
    list->arena = arenaNew(arenaCeilingFor(bytes, FACTOR));
    list->volumes = g_ptr_array_new();
    list->byName = g_hash_table_new(hashText, g_str_equal);
    list->byAlias = g_hash_table_new(hashText, g_str_equal);
    return list;
}

LeftOut *
esxVolumeListLeftOut(EsxVolumeList *list)
{
    return &list->leftOut;
}

static gboolean
refuseMore(GError **error)
{
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the names of the volumes exceed their memory limit: %d times what the server "
                "sent, at most %zu MiB, and no more than is available", FACTOR,
                LIMIT_ARENA_BYTES / (1024 * 1024));
    return FALSE;
}

/* Returns: @text in the list's arena; NULL if it is full. */
static const char *
keepText(EsxVolumeList *list, const char *text)
{
    return arenaStrndup(list->arena, text, strlen(text));
}

/* Returns: the end of @path that equals @text, or NULL if there is none. */
static const char *
endOf(const char *path, const char *text)
{
    const size_t whole = strlen(path);
    const size_t length = strlen(text);

    return length <= whole && strcmp(path + whole - length, text) == 0 ? path + whole - length
                                                                       : NULL;
}

/* Returns: a copy of @volume in the list's arena; NULL if it is full. */
static EsxVolume *
copyVolume(EsxVolumeList *list, const EsxVolume *volume)
{
    EsxVolume *copy = arenaAlloc(list->arena, sizeof(*copy));
    const char *path = copy ? keepText(list, volume->path) : NULL;

    if (!path)
        return NULL;
    *copy = *volume;
    copy->path = path;
    copy->key = g_str_equal(volume->key, path) ? path : keepText(list, volume->key);
    copy->name = endOf(path, volume->name);
    if (!copy->name)
        copy->name = keepText(list, volume->name);
    return copy->key && copy->name ? copy : NULL;
}

gboolean
esxVolumeListAdd(EsxVolumeList *list, const EsxVolume *volume, const char *alias, GError **error)
{
    EsxVolume *copy;

    if (g_hash_table_contains(list->byName, volume->name))
        return TRUE;

    copy = copyVolume(list, volume);
    if (!copy)
        return refuseMore(error);
    g_ptr_array_add(list->volumes, copy);
    g_hash_table_insert(list->byName, (gpointer)copy->name, copy);
    if (alias && !g_hash_table_contains(list->byAlias, alias)) {
        const char *kept = keepText(list, alias);

        if (!kept)
            return refuseMore(error);
        g_hash_table_insert(list->byAlias, (gpointer)kept, copy);
    }
    return TRUE;
}

static gint
compareVolumes(gconstpointer a, gconstpointer b)
{
    return strcmp((*(const EsxVolume *const *)a)->name, (*(const EsxVolume *const *)b)->name);
}

EsxVolumeList *
esxVolumeListSeal(EsxVolumeList *list)
{
    g_ptr_array_sort(list->volumes, compareVolumes);
    return list;
}

EsxVolumeList *
esxVolumeListRef(EsxVolumeList *list)
{
    g_atomic_ref_count_inc(&list->refs);
    return list;
}

void
esxVolumeListUnref(EsxVolumeList *list)
{
    if (!list || !g_atomic_ref_count_dec(&list->refs))
        return;
    g_hash_table_unref(list->byName);
    g_hash_table_unref(list->byAlias);
    g_ptr_array_unref(list->volumes);
    arenaFree(list->arena);
    g_free(list);
}

size_t
esxVolumeListBytes(const EsxVolumeList *list)
{
    return sizeof(*list) + arenaUsed(list->arena) + (size_t)list->volumes->len * ENTRIES;
}

size_t
esxVolumeListLength(const EsxVolumeList *list)
{
    return list->volumes->len;
}

const EsxVolume *
esxVolumeListAt(const EsxVolumeList *list, size_t i)
{
    return g_ptr_array_index(list->volumes, i);
}

const EsxVolume *
esxVolumeListFind(const EsxVolumeList *list, const char *name)
{
    const EsxVolume *volume = g_hash_table_lookup(list->byName, name);

    return volume ? volume : g_hash_table_lookup(list->byAlias, name);
}

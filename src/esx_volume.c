/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Lists of volumes. */

#include <string.h>

#include "base_arena.h"
#include "esx_volume.h"

struct _EsxVolumeList {
    gatomicrefcount refs;
    Arena *arena;
    GPtrArray *volumes;     /* EsxVolume *, in the arena */
    GHashTable *byName;     /* EsxVolume.name → EsxVolume */
    GHashTable *byAlias;
};

EsxVolumeList *
esxVolumeListNew(void)
{
    EsxVolumeList *list = g_new0(EsxVolumeList, 1);

    g_atomic_ref_count_init(&list->refs);
    list->arena = arenaNew(G_MAXSIZE);
    list->volumes = g_ptr_array_new();
    list->byName = g_hash_table_new(g_str_hash, g_str_equal);
    list->byAlias = g_hash_table_new(g_str_hash, g_str_equal);
    return list;
}

static const char *
keep(EsxVolumeList *list, const char *text)
{
    return arenaStrndup(list->arena, text, strlen(text));
}

void
esxVolumeListAdd(EsxVolumeList *list, const EsxVolume *volume, const char *alias)
{
    EsxVolume *copy;

    if (g_hash_table_contains(list->byName, volume->name))
        return;

    copy = arenaAlloc(list->arena, sizeof(*copy));
    g_assert(copy);
    *copy = *volume;
    copy->name = keep(list, volume->name);
    copy->key = keep(list, volume->key);
    copy->path = keep(list, volume->path);
    g_ptr_array_add(list->volumes, copy);
    g_hash_table_insert(list->byName, (gpointer)copy->name, copy);
    if (alias && !g_hash_table_contains(list->byAlias, alias))
        g_hash_table_insert(list->byAlias, (gpointer)keep(list, alias), copy);
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

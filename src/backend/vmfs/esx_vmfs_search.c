/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Searches of a whole datastore, or of one folder for one file. */

#include "esx_vmfs_search.h"

#include <string.h>

#include "base_names.h"
#include "esx_vmfs_files.h"

/* Whether @error may be a refusal of a query for files without a type. */
static gboolean
mayRefuseQuery(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
}

/* @name NULL: the whole datastore; otherwise that file in @folder. */
static ViSearch *
searchFor(const EsxVmfsSearch *search, const char *folder, const char *name, ViBrowserWhat what,
          gboolean *ret_started, GError **error)
{
    if (!name)
        return viBrowserSearchAll(search->session, &search->browser, search->datastore, what,
                                  ret_started, error);
    return viBrowserSearchOne(search->session, &search->browser, folder, name, what, ret_started,
                              error);
}

/* Searches for every type of file, or for those that the server accepts, which is remembered. */
static ViSearch *
searchAccepted(const EsxVmfsSearch *search, const char *folder, const char *name, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    gboolean started = FALSE;
    ViSearch *found;

    if (!g_atomic_int_get(search->onlyTyped)) {
        found = searchFor(search, folder, name, VI_BROWSER_ALL, &started, &refusal);
        if (found)
            return found;
        /* If the search has begun, its query was accepted. */
        if (started || !mayRefuseQuery(refusal)) {
            g_propagate_error(error, g_steal_pointer(&refusal));
            return NULL;
        }
    }

    found = searchFor(search, folder, name, VI_BROWSER_TYPED, NULL, error);
    if (found)
        g_atomic_int_set(search->onlyTyped, TRUE);
    return found;
}

EsxVolumeList *
esxVmfsSearchAll(const EsxVmfsSearch *search, GError **error)
{
    g_autoptr(ViSearch) found = searchAccepted(search, NULL, NULL, error);

    return found ? esxVmfsFilesList(found, search->datastore, search->pool, error) : NULL;
}

/* ---- one file ------------------------------------------------------------------------------- */

gboolean
esxVmfsMaySearchOne(const char *name)
{
    return nameRefusePath(name) == NULL;
}

/* Whether @error says that the folder of a file does not exist. */
static gboolean
isNoFolder(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
}

/* Whether @error may say that a path leads to no folder: a part of it may be a file. */
static gboolean
mayBeNoFolder(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_FILE_FAULT) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_PATH) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT);
}

/* Whether the folder @name is an identifier of the server; such folders have friendly names. */
static gboolean
isMadeUp(const char *name)
{
    static const char *const beginnings[] = { "naa.", "eui.", "rfc4122." };
    g_autofree char *first = g_strndup(name, strcspn(name, "/"));
    guint8 uuid[16];
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(beginnings); i++) {
        if (g_ascii_strncasecmp(first, beginnings[i], strlen(beginnings[i])) == 0)
            return TRUE;
    }
    return nameParseUuid(first, uuid);
}

/* Whether @list answers for @name, which has a folder. */
static gboolean
isAnswer(const EsxVmfsSearch *search, const EsxVolumeList *list, const char *name)
{
    const EsxVolume *volume = esxVolumeListFind(list, name);

    if (!search->renames || isMadeUp(name))
        return TRUE;
    /* A name that the server has translated was friendly; an untranslated one may be, too. */
    return volume && !g_str_equal(volume->name, name);
}

EsxVolumeList *
esxVmfsSearchOne(const EsxVmfsSearch *search, const char *name, gboolean *ret_isSure,
                 GError **error)
{
    const char *slash = strrchr(name, '/');
    g_autofree char *above = slash ? g_strndup(name, (gsize)(slash - name)) : NULL;
    g_autofree char *folder = above ? nameJoinDatastorePath(search->datastore, above)
                                    : g_strdup_printf("[%s]", search->datastore);
    g_autoptr(GError) local = NULL;
    g_autoptr(ViSearch) found =
        searchAccepted(search, folder, slash ? slash + 1 : name, &local);
    EsxVolumeList *list = NULL;

    if (!found && !(slash && (isNoFolder(local) || mayBeNoFolder(local)))) {
        g_propagate_error(error, g_steal_pointer(&local));
        return NULL;
    }
    list = found ? esxVmfsFilesFind(found, search->datastore, search->pool, name, error)
                 : esxVolumeListSeal(esxVolumeListNew(0));
    if (list)
        *ret_isSure = (found || isNoFolder(local)) && (!slash || isAnswer(search, list, name));
    return list;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Searching a datastore. */

#include "vi_browser.h"
#include "base_text.h"
#include "vi_property.h"

void
viSearchFree(ViSearch *search)
{
    if (!search)
        return;
    viTaskResultFree(search->task);
    g_free(search);
}

/*
 * Disks with their sizes and kind; other images by their types; and, if the server accepts it,
 * files of no type. According to the API, a query of the base type matches every file, but it is
 * not documented that all servers accept it.
 */
static SoapReply *
startSearch(ViSession *session, const SoapMoRef *browser, const char *path, ViBrowserWhat what,
            gint64 deadline, GError **error)
{
    const ViCallOptions options = { .deadline = deadline };
    /* Without a pattern ESX returns all files, but vcsim none. */
    static const char *all[] = { "*" };
    VimSearchDatastoreSubFolders_TaskRequest args = VIM_INIT(SearchDatastoreSubFolders_TaskRequest);
    VimHostDatastoreBrowserSearchSpec spec = VIM_INIT(HostDatastoreBrowserSearchSpec);
    VimVmDiskFileQuery disks = VIM_INIT(VmDiskFileQuery);
    VimVmDiskFileQueryFlags flags = VIM_INIT(VmDiskFileQueryFlags);
    VimIsoImageFileQuery isos = VIM_INIT(IsoImageFileQuery);
    VimFloppyImageFileQuery floppies = VIM_INIT(FloppyImageFileQuery);
    VimFolderFileQuery folders = VIM_INIT(FolderFileQuery);
    VimFileQuery files = VIM_INIT(FileQuery);
    VimFileQuery *queries[] = {
        &disks.base, &isos.base, &floppies.base, &folders.base, &files,
    };
    VimFileQueryFlags details = VIM_INIT(FileQueryFlags);

    flags.capacityKb = TRUE;
    flags.diskType = TRUE;
    flags.thin = TRUE;
    flags.has_thin = TRUE;
    flags.controllerType = TRUE;
    flags.has_controllerType = TRUE;
    disks.details = &flags;

    details.fileType = TRUE;
    details.fileSize = TRUE;
    details.modification = TRUE;
    details.fileOwner = FALSE;

    spec.query = queries;
    spec.n_query = G_N_ELEMENTS(queries) - (what == VI_BROWSER_ALL ? 0 : 1);
    spec.details = &details;
    spec.searchCaseInsensitive = FALSE;
    spec.has_searchCaseInsensitive = TRUE;
    spec.matchPattern = all;
    spec.n_matchPattern = G_N_ELEMENTS(all);
    spec.sortFoldersFirst = FALSE;
    spec.has_sortFoldersFirst = TRUE;

    args.self = (SoapMoRef *)browser;
    args.datastorePath = path;
    args.searchSpec = &spec;
    return viCall(session, &vimMethodSearchDatastoreSubFolders_Task, &args, &options, error);
}

/* Takes the folders from the task's result. */
static gboolean
takeFolders(ViSearch *search, GError **error)
{
    SoapObject *const *items = viAnyObjects(search->task->result, &search->nfolders);
    size_t i;

    if (!search->task->result) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "SearchDatastoreSubFolders_Task: the server reported that the search "
                    "succeeded, but returned no result");
        return FALSE;
    }
    for (i = 0; i < search->nfolders; i++) {
        if (soapObjectIs(items[i], &vimHostDatastoreBrowserSearchResultsType))
            continue;
        textToError(
            error, VI_ERROR, VI_ERROR_PROTOCOL,
            "SearchDatastoreSubFolders_Task: the server returned a %s instead of search results",
            items[i]->wireType ? items[i]->wireType : items[i]->type->name);
        return FALSE;
    }
    search->folders = (VimHostDatastoreBrowserSearchResults *const *)items;
    return TRUE;
}

ViSearch *
viBrowserSearchAll(ViSession *session, const SoapMoRef *browser, const char *datastore,
                   ViBrowserWhat what, gboolean *ret_started, GError **error)
{
    const gint64 deadline =
        g_get_monotonic_time() + (gint64)viSessionTimeoutMs(session) * 1000;
    g_autofree char *path = g_strdup_printf("[%s]", datastore);
    g_autoptr(SoapReply) reply = startSearch(session, browser, path, what, deadline, error);
    g_autoptr(ViSearch) search = g_new0(ViSearch, 1);
    const SoapMoRef *task;
    gint64 left;

    if (ret_started)
        *ret_started = reply != NULL;
    if (!reply)
        return NULL;

    task = ((VimSearchDatastoreSubFolders_TaskResponse *)reply->body)->returnval;
    if (!task) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "SearchDatastoreSubFolders_Task: the server started no task");
        return NULL;
    }

    left = MAX(deadline - g_get_monotonic_time(), 0) / 1000;
    search->task = viTaskWait(session, task, "SearchDatastoreSubFolders_Task", (guint)left, NULL,
                              error);
    if (!search->task || !takeFolders(search, error))
        return NULL;
    return g_steal_pointer(&search);
}

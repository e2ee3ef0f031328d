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

/* The parts of a search spec. */
typedef struct {
    VimHostDatastoreBrowserSearchSpec spec;
    VimVmDiskFileQuery disks;
    VimVmDiskFileQueryFlags flags;
    VimIsoImageFileQuery isos;
    VimFloppyImageFileQuery floppies;
    VimFolderFileQuery folders;
    VimFileQuery files;
    VimFileQuery *queries[5];
    VimFileQueryFlags details;
    const char *pattern;
} Question;

#define QUESTION_INIT { \
    .spec = VIM_INIT(HostDatastoreBrowserSearchSpec), .disks = VIM_INIT(VmDiskFileQuery), \
    .flags = VIM_INIT(VmDiskFileQueryFlags), .isos = VIM_INIT(IsoImageFileQuery), \
    .floppies = VIM_INIT(FloppyImageFileQuery), .folders = VIM_INIT(FolderFileQuery), \
    .files = VIM_INIT(FileQuery), .details = VIM_INIT(FileQueryFlags), \
}

/*
 * Disks with their sizes and kind; other images by their types; and, if the server accepts it,
 * files of no type. According to the API, a query of the base type matches every file, but it is
 * not documented that all servers accept it. Without a pattern ESX returns all files, but vcsim
 * none.
 */
static void
fillQuestion(Question *question, const char *pattern, ViBrowserWhat what)
{
    question->flags.capacityKb = TRUE;
    question->flags.diskType = TRUE;
    question->flags.thin = TRUE;
    question->flags.has_thin = TRUE;
    question->flags.controllerType = TRUE;
    question->flags.has_controllerType = TRUE;
    question->disks.details = &question->flags;

    question->details.fileType = TRUE;
    question->details.fileSize = TRUE;
    question->details.modification = TRUE;
    question->details.fileOwner = FALSE;

    question->queries[0] = &question->disks.base;
    question->queries[1] = &question->isos.base;
    question->queries[2] = &question->floppies.base;
    question->queries[3] = &question->folders.base;
    question->queries[4] = &question->files;

    question->pattern = pattern;
    question->spec.query = question->queries;
    question->spec.n_query =
        G_N_ELEMENTS(question->queries) - (what == VI_BROWSER_ALL ? 0 : 1);
    question->spec.details = &question->details;
    question->spec.searchCaseInsensitive = FALSE;
    question->spec.has_searchCaseInsensitive = TRUE;
    question->spec.matchPattern = &question->pattern;
    question->spec.n_matchPattern = 1;
    question->spec.sortFoldersFirst = FALSE;
    question->spec.has_sortFoldersFirst = TRUE;
}

/* One search while it runs. */
typedef struct {
    ViSession *session;
    const char *method;
    gint64 deadline;
    gboolean *started;      /* see ret_started */
} Run;

static Run
runNew(ViSession *session, const char *method, gboolean *ret_started)
{
    if (ret_started)
        *ret_started = FALSE;
    return (Run) {
        .session = session, .method = method, .started = ret_started,
        .deadline = g_get_monotonic_time() + (gint64)viSessionTimeoutMs(session) * 1000,
    };
}

/* Waits for @task, which the server has started. Returns: (transfer full), or NULL with @error. */
static ViSearch *
awaitSearch(const Run *run, const SoapMoRef *task, GError **error)
{
    g_autoptr(ViSearch) search = NULL;
    gint64 left;

    if (run->started)
        *run->started = TRUE;
    if (!task) {
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL, "%s: the server started no task",
                    run->method);
        return NULL;
    }
    left = MAX(run->deadline - g_get_monotonic_time(), 0) / 1000;
    search = g_new0(ViSearch, 1);
    search->task = viTaskWait(run->session, task, run->method, (guint)left, NULL, error);
    if (!search->task)
        return NULL;
    if (search->task->result)
        return g_steal_pointer(&search);
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "%s: the server reported that the search succeeded, but returned no result",
                run->method);
    return NULL;
}

static gboolean
refuseResult(const Run *run, const SoapObject *item, GError **error)
{
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "%s: the server returned a %s instead of search results", run->method,
                item->wireType ? item->wireType : item->type->name);
    return FALSE;
}

/* Takes the folders from the task's result. */
static gboolean
takeFolders(const Run *run, ViSearch *search, GError **error)
{
    SoapObject *const *items = viAnyObjects(search->task->result, &search->nfolders);
    size_t i;

    for (i = 0; i < search->nfolders; i++) {
        if (!soapObjectIs(items[i], &vimHostDatastoreBrowserSearchResultsType))
            return refuseResult(run, items[i], error);
    }
    search->folders = (VimHostDatastoreBrowserSearchResults *const *)items;
    return TRUE;
}

ViSearch *
viBrowserSearchAll(ViSession *session, const SoapMoRef *browser, const char *datastore,
                   ViBrowserWhat what, gboolean *ret_started, GError **error)
{
    const Run run = runNew(session, "SearchDatastoreSubFolders_Task", ret_started);
    const ViCallOptions options = { .deadline = run.deadline };
    VimSearchDatastoreSubFolders_TaskRequest args = VIM_INIT(SearchDatastoreSubFolders_TaskRequest);
    Question question = QUESTION_INIT;
    g_autofree char *path = g_strdup_printf("[%s]", datastore);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(ViSearch) search = NULL;

    fillQuestion(&question, "*", what);
    args.self = (SoapMoRef *)browser;
    args.datastorePath = path;
    args.searchSpec = &question.spec;
    reply = viCall(session, &vimMethodSearchDatastoreSubFolders_Task, &args, &options, error);
    if (!reply)
        return NULL;
    search = awaitSearch(
        &run, ((VimSearchDatastoreSubFolders_TaskResponse *)reply->body)->returnval, error);
    if (!search || !takeFolders(&run, search, error))
        return NULL;
    return g_steal_pointer(&search);
}

/* ---- one file ------------------------------------------------------------------------------- */

/*
 * A pattern that matches the file @name. VI documents "*" and "?"; vcsim, and possibly other
 * servers, give other characters a meaning as well. Each of them becomes "?", which matches it.
 *
 * Returns: (transfer full).
 */
static char *
patternFor(const char *name)
{
    return g_strdelimit(g_strdup(name), "*[]{}\\", '?');
}

/* Takes the only folder from the task's result. */
static gboolean
takeFolder(const Run *run, ViSearch *search, GError **error)
{
    search->only = viAnyObject(search->task->result, &vimHostDatastoreBrowserSearchResultsType);
    search->folders = &search->only;
    search->nfolders = 1;
    if (search->only)
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "%s: the server returned something other than search results", run->method);
    return FALSE;
}

ViSearch *
viBrowserSearchOne(ViSession *session, const SoapMoRef *browser, const char *folder,
                   const char *name, ViBrowserWhat what, gboolean *ret_started, GError **error)
{
    const Run run = runNew(session, "SearchDatastore_Task", ret_started);
    const ViCallOptions options = { .deadline = run.deadline };
    VimSearchDatastore_TaskRequest args = VIM_INIT(SearchDatastore_TaskRequest);
    Question question = QUESTION_INIT;
    g_autofree char *pattern = patternFor(name);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(ViSearch) search = NULL;

    fillQuestion(&question, pattern, what);
    args.self = (SoapMoRef *)browser;
    args.datastorePath = folder;
    args.searchSpec = &question.spec;
    reply = viCall(session, &vimMethodSearchDatastore_Task, &args, &options, error);
    if (!reply)
        return NULL;
    search = awaitSearch(&run, ((VimSearchDatastore_TaskResponse *)reply->body)->returnval, error);
    if (!search || !takeFolder(&run, search, error))
        return NULL;
    return g_steal_pointer(&search);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Shared by the verbs that change a datastore. */

#include "esx_vmfs_verb.h"

#include <string.h>

#include "base_limits.h"
#include "base_names.h"
#include "base_text.h"
#include "esx_error.h"
#include "esx_libvirt.h"
#include "esx_vmfs_files.h"
#include "esx_vmfs_listing.h"
#include "vi_budget.h"
#include "vi_transfer.h"

/* How long cleaning up may take: the client waits for it. */
#define TIDY_TIMEOUT_MS 60000

/* The pause between the first and the second check of a locked file, then doubled. */
#define TIDY_PAUSE_MS 50
#define TIDY_PAUSE_MAX_MS 3200

/* A file that is locked for longer than this is left over, and named. */
#define TIDY_LOCKED_MS 12000

/* ---- begin and end --------------------------------------------------------------------------- */

gboolean
esxVmfsCheckReachable(const InventoryPool *pool, GError **error)
{
    const char *denied = pool->datastore->denied;

    if (denied) {
        textToError(error, VI_ERROR, VI_ERROR_NO_PERMISSION,
                    "the account may not read the datastore%s%s",
                    *denied ? "; this needs the privilege " : "", denied);
        return FALSE;
    }
    if (pool->accessible)
        return TRUE;
    g_set_error_literal(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION, ESX_VMFS_UNREACHABLE);
    return FALSE;
}

gboolean
esxVmfsCheckWritable(const InventoryPool *pool, GError **error)
{
    if (!esxVmfsCheckReachable(pool, error))
        return FALSE;
    if (!pool->datastore->readOnly)
        return TRUE;
    g_set_error(error, ESX_ERROR, ESX_ERROR_INVALID_OPERATION,
                "the host has mounted the datastore read-only; mount it read-write, then refresh "
                "the pool");
    return FALSE;
}

EsxVmfsVerb *
esxVmfsVerbNew(EsxConnection *connection, const InventoryPool *pool, GError **error)
{
    EsxVmfsVerb *verb = NULL;

    if (!esxVmfsCheckWritable(pool, error))
        return NULL;
    verb = g_new0(EsxVmfsVerb, 1);
    verb->connection = connection;
    verb->pool = pool;
    verb->change.timeoutMs = connection->options.taskTimeoutMs;
    verb->change.cancel = esxServerCancelFlag();
    return verb;
}

void
esxVmfsVerbFree(EsxVmfsVerb *verb)
{
    if (!verb)
        return;
    if (verb->change.changed) {
        esxConnectionChanged(verb->connection, verb->pool);
    } else {
        /* A failure may mean that the pool has changed. */
        esxVmfsListingsExpire(esxVmfsListingsOf(verb->connection), verb->pool);
        inventoryExpire(verb->connection->inventory);
    }
    g_free(verb->madeDirectory);
    g_free(verb);
}

/* ---- names and formats ----------------------------------------------------------------------- */

gboolean
esxVmfsIsDiskName(const char *name)
{
    return esxVmfsFormatByName(name) == VIR_STORAGE_FILE_VMDK;
}

static const char *
formatName(int format)
{
    const char *name = virStorageFileFormatTypeToString(format);

    return name ? name : "unknown";
}

static gboolean
checkFormat(const char *name, int format, GError **error)
{
    switch (format) {
    case VIR_STORAGE_FILE_NONE:
        return TRUE;
    case VIR_STORAGE_FILE_VMDK:
        if (esxVmfsIsDiskName(name))
            return TRUE;
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "ESX recognizes a virtual disk by the suffix '.vmdk' of its name; name it "
                    "'%s.vmdk'", name);
        return FALSE;
    case VIR_STORAGE_FILE_RAW:
    case VIR_STORAGE_FILE_ISO:
        if (!esxVmfsIsDiskName(name))
            return TRUE;
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT,
                    "ESX treats '%s' as a virtual disk because of the suffix of its name; use the "
                    "format vmdk, or another name", name);
        return FALSE;
    default:
        textToError(error, ESX_ERROR, ESX_ERROR_NO_SUPPORT,
                    "ESX does not support volumes of the format '%s'; use vmdk for virtual disks, "
                    "or raw or iso for plain files", formatName(format));
        return FALSE;
    }
}

gboolean
esxVmfsCheckNew(const char *name, int format, int *ret_format, GError **error)
{
    const char *reason = nameRefuseVolume(name);

    if (reason) {
        textToError(error, ESX_ERROR, ESX_ERROR_INVALID_ARGUMENT, "the name '%s' %s", name,
                    reason);
        return FALSE;
    }
    if (!checkFormat(name, format, error))
        return FALSE;
    *ret_format = esxVmfsFormatByName(name);
    return TRUE;
}

char *
esxVmfsPath(const InventoryPool *pool, const char *name)
{
    return nameJoinDatastorePath(pool->datastore->name, name);
}

ViPath
esxVmfsViPath(const InventoryPool *pool, const char *path)
{
    return (ViPath) { path, pool->datastore->datacenter };
}

ViFile
esxVmfsViFile(const InventoryPool *pool, const char *name)
{
    return (ViFile) {
        .datacenterPath = pool->datastore->datacenterPath,
        .datastore = pool->datastore->name,
        .path = name,
        .datastoreRef = pool->datastore->ref,
    };
}

/* ---- directories ----------------------------------------------------------------------------- */

static gboolean
isExists(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
}

/* An existing directory is a success. */
static gboolean
makeDirectory(EsxVmfsVerb *verb, const char *path, GError **error)
{
    const ViPath directory = esxVmfsViPath(verb->pool, path);
    g_autoptr(GError) local = NULL;

    if (viFileMakeDirectory(verb->connection->session, &directory, TRUE /* parents */,
                            &verb->change, &local)) {
        g_free(verb->madeDirectory);
        verb->madeDirectory = g_strdup(path);
        return TRUE;
    }
    if (isExists(local))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/*
 * Makes the first level of @directory as a namespace.
 *
 * @refusal: the error of an attempt without namespaces; set as @error if the server has none.
 */
static gboolean
makeNamespace(EsxVmfsVerb *verb, const char *directory, const GError *refusal, GError **error)
{
    g_autofree char *first = g_strndup(directory, strcspn(directory, "/"));
    g_autoptr(GError) local = NULL;

    if (viFileMakeNamespace(verb->connection->session, verb->pool->datastore->ref, first,
                            &verb->change, &local)) {
        verb->madeDirectory = esxVmfsPath(verb->pool, first);
        return TRUE;
    }
    if (isExists(local))
        return TRUE;
    if (g_error_matches(local, VI_ERROR, VI_ERROR_NOT_SUPPORTED) ||
        g_error_matches(local, VI_ERROR, VI_ERROR_INVALID_DATASTORE))
        g_propagate_error(error, g_error_copy(refusal));
    else
        g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Whether the datastore may be one without ordinary directories. */
static gboolean
mayHaveNamespaces(const EsxVmfsVerb *verb)
{
    return verb->pool->datastore->fs == INVENTORY_FS_OTHER;
}

/*
 * Whether @error of making a directory may be due to that. The faults for it differ; those that
 * certainly mean something else are excluded.
 */
static gboolean
mayNeedNamespace(const EsxVmfsVerb *verb, const GError *error)
{
    if (!mayHaveNamespaces(verb) || error->domain != VI_ERROR)
        return FALSE;
    switch (error->code) {
    case VI_ERROR_FAULT:
    case VI_ERROR_NOT_SUPPORTED:
    case VI_ERROR_INVALID_ARGUMENT:
    case VI_ERROR_FILE_FAULT:
    case VI_ERROR_FILE_NOT_FOUND:
    case VI_ERROR_INVALID_PATH:
    case VI_ERROR_INVALID_STATE:
        return TRUE;
    default:
        return FALSE;
    }
}

static gboolean
makeDirectories(EsxVmfsVerb *verb, const char *directory, GError **error)
{
    g_autofree char *path = esxVmfsPath(verb->pool, directory);
    g_autoptr(GError) local = NULL;

    if (makeDirectory(verb, path, &local))
        return TRUE;
    if (mayNeedNamespace(verb, local)) {
        g_autoptr(GError) refusal = g_steal_pointer(&local);

        if (makeNamespace(verb, directory, refusal, &local) &&
            (!strchr(directory, '/') || makeDirectory(verb, path, &local)))
            return TRUE;
    }
    if (esxVmfsIsOpenOutcome(local)) {
        esxVmfsAbout(&local, path, " is the missing directory, and may have been created");
    } else {
        esxVmfsAbout(&local, path, "");
        textAddToError(&local, "the directory '%s' is missing and cannot be created: ", path);
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* Whether @error of a step may be due to a missing directory. */
static gboolean
mayNeedDirectory(const EsxVmfsVerb *verb, const GError *error)
{
    if (g_error_matches(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND))
        return TRUE;
    return mayHaveNamespaces(verb) && (g_error_matches(error, VI_ERROR, VI_ERROR_FILE_FAULT) ||
                                       g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_PATH));
}

gboolean
esxVmfsVerbInDirectory(EsxVmfsVerb *verb, const char *name, EsxVmfsStep step, gpointer opaque,
                       GError **error)
{
    const char *slash = strrchr(name, '/');
    g_autofree char *directory = slash ? g_strndup(name, (gsize)(slash - name)) : NULL;
    g_autoptr(GError) local = NULL;

    if (step(verb, opaque, &local))
        return TRUE;
    if (!directory || !mayNeedDirectory(verb, local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return FALSE;
    }
    return makeDirectories(verb, directory, error) && step(verb, opaque, error);
}

/* ---- failures -------------------------------------------------------------------------------- */

void
esxVmfsNote(GError *error, const char *format, ...)
{
    g_autofree char *note = NULL;
    char *message = NULL;
    va_list args;

    va_start(args, format);
    note = textFormatV(format, args);
    va_end(args);
    message = g_strdup_printf("%s (%s)", error->message, note);
    g_free(error->message);
    error->message = message;
}

/* What replaces @path later in a message that begins with it. */
static void
nameOnce(GError *error, const char *path)
{
    g_autofree char *quoted = textFormat("'%s'", path);
    g_autofree char *added = g_strconcat(" (for ", quoted, ")", NULL);
    GString *message = g_string_new(error->message);

    g_string_replace(message, added, "", 0);
    g_string_replace(message, quoted, "it", 0);
    g_free(error->message);
    error->message = g_string_free(message, FALSE);
}

void
esxVmfsLeft(GError *error, const char *path, const char *format, ...)
{
    g_autofree char *name = textFitName(path, LIMIT_LEFT_NAME_BYTES);
    g_autofree char *shown = NULL;
    g_autofree char *note = NULL;
    char *message = NULL;
    va_list args;

    va_start(args, format);
    note = textFormatV(format, args);
    va_end(args);
    nameOnce(error, path);
    shown = g_strdup_printf("'%s'", name);
    message = g_strconcat(shown, note, ": ", error->message, NULL);
    g_free(error->message);
    error->message = message;
}

void
esxVmfsAbout(GError **error, const char *path, const char *note)
{
    g_autofree char *quoted = textFormat("'%s'", path);
    g_autofree char *only = g_strconcat(" (for ", quoted, ")", NULL);
    g_autofree char *target = g_strconcat(" to ", quoted, ")", NULL);
    GString *message = NULL;

    if (!error || !*error)
        return;
    message = g_string_new((*error)->message);
    g_string_replace(message, only, "", 0);
    g_string_replace(message, target, ")", 0);
    g_free((*error)->message);
    (*error)->message = g_string_free(message, FALSE);
    if (esxVmfsIsOpenOutcome(*error))
        esxVmfsLeft(*error, path, TEXT_MESSAGE, note);
}

void
esxVmfsVerbFail(const EsxVmfsVerb *verb, GError *error, GError **dest)
{
    if (verb->madeDirectory && !isExists(error)) {
        /* A message has no room for a second long name. */
        if (strstr(error->message, ESX_LEFT_BEHIND) || esxVmfsIsOpenOutcome(error))
            textAddToError(&error, "its directory was created for it and remains: ");
        else
            esxVmfsLeft(error, verb->madeDirectory,
                        " is a directory that was created for it and remains");
    }
    g_propagate_error(dest, error);
}

gboolean
esxVmfsIsOpenOutcome(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
}

/* Returns: FALSE with @error if the file may still exist. */
static gboolean
removeMadeFile(const EsxVmfsVerb *verb, const char *path, gboolean isDisk, GError **error)
{
    ViSession *session = verb->connection->session;
    const ViPath file = esxVmfsViPath(verb->pool, path);
    ViChange change = {
        .timeoutMs = MIN(TIDY_TIMEOUT_MS, viSessionTimeoutMs(session)),
        .cancel = viSessionTidyCancel(),
    };
    g_autoptr(GError) local = NULL;

    if (isDisk ? viDiskDelete(session, &file, &change, &local)
               : viFileDelete(session, &file, &change, &local))
        return TRUE;
    if (g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/*
 * After a broken connection, a server continues with a PUT for a moment and locks the file
 * meanwhile: then the request is repeated.
 */
gboolean
esxVmfsVerbTidy(const EsxVmfsVerb *verb, const char *path, gboolean isDisk, GError *error)
{
    const gint64 deadline = MIN(viBudgetDeadline(verb->connection->session),
                                g_get_monotonic_time() + TIDY_LOCKED_MS * 1000);
    g_autoptr(GError) local = NULL;
    guint pauseMs = TIDY_PAUSE_MS;

    while (!removeMadeFile(verb, path, isDisk, &local)) {
        const gint64 now = g_get_monotonic_time();

        if (!g_error_matches(local, VI_ERROR, VI_ERROR_FILE_LOCKED) || now >= deadline ||
            cancelSleepUntil(viSessionTidyCancel(), now + (gint64)pauseMs * 1000)) {
            nameOnce(local, path);
            esxVmfsLeft(error, path, ESX_LEFT_BEHIND "; delete it (deleting it failed: %s)",
                        local->message);
            return FALSE;
        }
        g_clear_error(&local);
        pauseMs = MIN(pauseMs * 2, TIDY_PAUSE_MAX_MS);
    }
    return TRUE;
}

/* ---- checking results ------------------------------------------------------------------------ */

gboolean
esxVmfsVerbExpect(const EsxVmfsVerb *verb, const char *name, gboolean there, GError **error)
{
    const ViFile file = esxVmfsViFile(verb->pool, name);
    g_autofree char *path = esxVmfsPath(verb->pool, name);
    g_autoptr(GError) local = NULL;
    guint64 size = 0;
    const gboolean seen = viTransferSize(verb->connection->transfer, &file, verb->change.cancel,
                                         &size, &local);
    const gboolean missing = g_error_matches(local, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);

    if (there ? !missing : !seen)
        return TRUE;
    g_clear_error(&local);
    local = g_error_new_literal(VI_ERROR, VI_ERROR_FILE_FAULT,
                                there ? "the server reported that the file was created, but it "
                                        "does not exist"
                                      : "the server reported that it was deleted");
    if (!there)
        esxVmfsLeft(local, path, " still exists; delete it again");
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/* ---- new volumes ----------------------------------------------------------------------------- */

EsxVolumeList *
esxVmfsVolumeOf(const InventoryPool *pool, const EsxVolume *volume)
{
    g_autofree char *path = nameJoinDatastorePath(pool->name, volume->name);
    EsxVolumeList *list = esxVolumeListNew(0);
    EsxVolume copy = *volume;

    copy.key = path;
    copy.path = path;
    copy.type = VIR_STORAGE_VOL_FILE;
    /* One volume, whose name has passed nameRefuseVolume(), fits unless memory is exhausted. */
    if (!esxVolumeListAdd(list, &copy, NULL /* alias */, NULL))
        g_error("out of memory for the new volume");
    return esxVolumeListSeal(list);
}

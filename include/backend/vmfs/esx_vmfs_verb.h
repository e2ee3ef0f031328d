/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_error.h"
#include "esx_volume.h"
#include "vi_file.h"

/*
 * EsxVmfsVerb: shared by all verbs that change a file of a datastore. It begins on a datastore that
 * can be written to. When it ends, successfully or not, the next read of the pool and of its
 * volumes asks the server. Event callbacks are called if something may have changed.
 *
 *   g_autoptr(EsxVmfsVerb) verb = esxVmfsVerbNew(connection, pool, error);
 *
 *   if (!verb)
 *       return FALSE;
 *
 * Not thread-safe: one for each call of a verb.
 */
typedef struct {
    EsxConnection *connection;
    const InventoryPool *pool;  /* must live as long as the verb */
    ViChange change;            /* for the user's request */
    char *madeDirectory;        /* "[datastore] dir" that the verb made, or NULL */
} EsxVmfsVerb;

/* Why the files of a datastore cannot be used. */
#define ESX_VMFS_UNREACHABLE \
    "the host cannot reach the datastore; restore its storage, then refresh the pool"

/*
 * Whether the files of @pool can be read, and whether they can be changed. Neither sends a request.
 * Returns: FALSE with ESX_ERROR_INVALID_OPERATION and a message.
 */
gboolean esxVmfsCheckReachable(const InventoryPool *pool, GError **error);
gboolean esxVmfsCheckWritable(const InventoryPool *pool, GError **error);

/* Returns: (transfer full), or NULL with the error of esxVmfsCheckWritable(). */
EsxVmfsVerb *esxVmfsVerbNew(EsxConnection *connection, const InventoryPool *pool,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the verb. Accepts NULL. */
void esxVmfsVerbFree(EsxVmfsVerb *verb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVmfsVerb, esxVmfsVerbFree)

/* Whether @name ends like those of virtual disks: ".vmdk", in any case. */
gboolean esxVmfsIsDiskName(const char *name);

/*
 * Whether a volume with this name can be made in the verb's pool.
 *
 * @format: the requested format, VIR_STORAGE_FILE_NONE: none.
 * @ret_format: its format in later listings. For ESX the name decides: .vmdk is a virtual disk,
 * .iso an image of a CD, everything else raw. raw and iso are the same thing, so either may be
 * requested.
 * Returns: FALSE with a message: ESX_ERROR_INVALID_ARGUMENT for an invalid name, or one that does
 * not match the format; ESX_ERROR_NO_SUPPORT for a format that ESX does not have.
 */
gboolean esxVmfsCheckNew(const char *name, int format, int *ret_format, GError **error);

/* @name of the pool, in the forms for vi_file.h and vi_transfer.h; they borrow @path or @name. */
char *esxVmfsPath(const InventoryPool *pool, const char *name);
ViPath esxVmfsViPath(const InventoryPool *pool, const char *path);
ViFile esxVmfsViFile(const InventoryPool *pool, const char *name);

/* One step that may fail because its directory is missing. */
typedef gboolean (*EsxVmfsStep)(EsxVmfsVerb *verb, gpointer opaque, GError **error);

/*
 * Runs @step. If it returns VI_ERROR_FILE_NOT_FOUND, makes the directory of @name, with all missing
 * ones above it, and runs @step again. In a datastore without ordinary directories (vSAN, vVol),
 * the first level is made with its namespaces; there, other faults of a file may mean the same.
 */
gboolean esxVmfsVerbInDirectory(EsxVmfsVerb *verb, const char *name, EsxVmfsStep step,
                                gpointer opaque, GError **error);

/*
 * Makes @error (not NULL) that of the whole verb: adds what was left over. A name that is taken
 * stays a plain VI_ERROR_FILE_EXISTS.
 */
void esxVmfsVerbFail(const EsxVmfsVerb *verb, GError *error, GError **dest);

/* Adds " (NOTE)" to the message of @error. */
void esxVmfsNote(GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Prefixes @error's message with "'PATH'NOTE: ", and removes @path from the rest: in the part of a
 * message that libvirt keeps, what is left over comes before the explanation. The last part of a
 * long @path stays complete (LIMIT_LEFT_NAME_BYTES).
 */
void esxVmfsLeft(GError *error, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * Removes @path from the error of a change of it (vi_file.h), for a caller whose report names it.
 * If the outcome is unknown, prefixes it with "'PATH'NOTE: " instead. Accepts a message without
 * @path.
 */
void esxVmfsAbout(GError **error, const char *path, const char *note);

/*
 * Removes the file that a failed verb has made, in bounded time, also during a cancellation. A
 * missing file is a success. If it fails, @error says that the file may still exist.
 *
 * @isDisk: a virtual disk with its extents, else a plain file.
 * Returns: whether nothing is left over.
 */
gboolean esxVmfsVerbTidy(const EsxVmfsVerb *verb, const char *path, gboolean isDisk,
                         GError *error);

/*
 * Checks whether a task that reported success has done its work (1 request, HEAD). If the check
 * itself fails (no permission for the file API, a locked file), the task's report counts.
 *
 * @there: whether the file @name must exist now, or must not.
 * Returns: FALSE with VI_ERROR_FILE_FAULT otherwise.
 */
gboolean esxVmfsVerbExpect(const EsxVmfsVerb *verb, const char *name, gboolean there,
                           GError **error);

/* Whether @error means that the outcome of the call is unknown. */
gboolean esxVmfsIsOpenOutcome(const GError *error);

/* Returns: (transfer full) a list of one, sealed: key and path follow from the name. */
EsxVolumeList *esxVmfsVolumeOf(const InventoryPool *pool, const EsxVolume *volume);

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
 * EsxVmfsVerb: what all verbs that change a file of a datastore have in common. Begun on a
 * datastore that can be written to; when it ends, however it went, the next read of the pool and of
 * its volumes asks the server. Event callbacks are called when something may have changed.
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
    ViChange change;            /* for whatever the user asked for */
    char *madeDirectory;        /* "[datastore] dir" that was made on the way, or NULL */
} EsxVmfsVerb;

/* Whether @pool can be asked about its files, and whether they can be changed. Both ask nobody.
 * Returns: FALSE with ESX_ERROR_INVALID_OPERATION and a sentence. */
gboolean esxVmfsCheckReachable(const InventoryPool *pool, GError **error);
gboolean esxVmfsCheckWritable(const InventoryPool *pool, GError **error);

/* Returns: (transfer full), or NULL with what esxVmfsCheckWritable() says. */
EsxVmfsVerb *esxVmfsVerbNew(EsxConnection *connection, const InventoryPool *pool,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Ends the verb. Accepts NULL. */
void esxVmfsVerbFree(EsxVmfsVerb *verb);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxVmfsVerb, esxVmfsVerbFree)

/* Whether @name ends as those of virtual disks do, ".vmdk" in either case. */
gboolean esxVmfsIsDiskName(const char *name);

/*
 * Whether a volume of this name can be made in the verb's pool.
 *
 * @format: what is asked for, VIR_STORAGE_FILE_NONE: nothing.
 * @ret_format: what it will be, and be listed as. ESX goes by the name: .vmdk is a virtual disk,
 * .iso an image of a CD, all else raw; raw and iso are one thing with two names, so that either may
 * be asked for.
 * Returns: FALSE with a sentence: ESX_ERROR_INVALID_ARGUMENT for a name that cannot be, or does not
 * go with the format; ESX_ERROR_NO_SUPPORT for a format ESX has not.
 */
gboolean esxVmfsCheckNew(const char *name, int format, int *ret_format, GError **error);

/* @name of the pool, as vi_file.h and vi_transfer.h want it; each refers to @path or @name. */
char *esxVmfsPath(const InventoryPool *pool, const char *name);
ViPath esxVmfsViPath(const InventoryPool *pool, const char *path);
ViFile esxVmfsViFile(const InventoryPool *pool, const char *name);

/* One step that may fail because its directory is missing. */
typedef gboolean (*EsxVmfsStep)(EsxVmfsVerb *verb, gpointer opaque, GError **error);

/*
 * Takes @step. When it says VI_ERROR_FILE_NOT_FOUND, the directory of @name is made, with all that
 * are missing above it, and @step is taken once more. The first level of a datastore that has no
 * directories of its own (vSAN, vVol) is made through its namespaces; there a file's other faults
 * may mean the same.
 */
gboolean esxVmfsVerbInDirectory(EsxVmfsVerb *verb, const char *name, EsxVmfsStep step,
                                gpointer opaque, GError **error);

/*
 * Makes @error (not NULL) that of the whole verb: adds what was left behind. A name that is taken
 * stays a bare VI_ERROR_FILE_EXISTS.
 */
void esxVmfsVerbFail(const EsxVmfsVerb *verb, GError *error, GError **dest);

/* Adds " (NOTE)" to the message of @error. */
void esxVmfsNote(GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * Puts "'PATH'NOTE: " before @error's message, which names @path no more: what is left comes before
 * all that explains it, in what libvirt keeps of a message. Of a long @path the last part stays
 * whole (LIMIT_LEFT_NAME_BYTES).
 */
void esxVmfsLeft(GError *error, const char *path, const char *format, ...) G_GNUC_PRINTF(3, 4);

/*
 * Takes @path out of the error of a change of it (vi_file.h), for a caller whose report names it.
 * Where the outcome is unknown, "'PATH'NOTE: " comes first instead. Accepts that there is none.
 */
void esxVmfsAbout(GError **error, const char *path, const char *note);

/*
 * Removes what a failed verb has made, in bounded time, also when everything is being cancelled;
 * one that is not there is as good. Where that fails, @error says that it may stay.
 *
 * @isDisk: a virtual disk with its extents, else a plain file.
 * Returns: whether nothing is left.
 */
gboolean esxVmfsVerbTidy(const EsxVmfsVerb *verb, const char *path, gboolean isDisk,
                         GError *error);

/*
 * A task that has succeeded says so; whether it has done anything is looked at (1 request, HEAD).
 * Where the look itself fails (no permission for the file API, a locked file) the task's word
 * counts.
 *
 * @there: whether the file @name must be there now, or must not.
 * Returns: FALSE with VI_ERROR_FILE_FAULT when it is not so.
 */
gboolean esxVmfsVerbExpect(const EsxVmfsVerb *verb, const char *name, gboolean there,
                           GError **error);

/* Whether @error leaves open what became of the call. */
gboolean esxVmfsIsOpenOutcome(const GError *error);

/* Returns: (transfer full) a list of one, sealed: key and path follow from the name. */
EsxVolumeList *esxVmfsVolumeOf(const InventoryPool *pool, const EsxVolume *volume);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_task.h"

/*
 * Changes of files and virtual disks, with the server's FileManager and VirtualDiskManager. For a
 * .vmdk, only the VirtualDiskManager is used, which includes its extents; for other files, the
 * FileManager.
 *
 * All are tasks, except making directories. Each function sends its call once (viDiskCopy() twice
 * to a server that does not know a kind; see also vi_call.h), waits for the task, and returns when
 * it has ended. All errors name the file. A wait that is cancelled or takes too long first cancels
 * the task. If the task then stops, the error is VI_ERROR_CANCELLED or VI_ERROR_TIMEOUT; if it had
 * already finished, that is a success. If the outcome of a call is unknown (the connection broke,
 * the server became silent or was restarted, the task did not stop), the error is
 * VI_ERROR_OUTCOME_UNKNOWN and names the method, the file and, if one was started, the task.
 */

typedef struct {
    const char *path;               /* "[datastore] dir/file" */
    const SoapMoRef *datacenter;    /* NULL: none is sent, which a host accepts */
} ViPath;

typedef struct {
    guint timeoutMs;        /* for the whole change; 0: VI_FILE_TIMEOUT_MS */
    const Cancel *cancel;   /* ends it; or NULL */
    /*
     * Becomes TRUE if files may have changed: the change was done, stopped in the middle, or its
     * outcome is unknown. Not if the server refused it.
     */
    gboolean changed;
} ViChange;

/* A clone of a large disk takes hours. */
#define VI_FILE_TIMEOUT_MS (24u * 3600 * 1000)

/* FileManager. @change may be NULL everywhere. */

/*
 * @parents: also makes missing parent directories. An existing directory is VI_ERROR_FILE_EXISTS.
 */
gboolean viFileMakeDirectory(ViSession *session, const ViPath *directory, gboolean parents,
                             ViChange *change, GError **error);

/*
 * Makes a directory in the root of a datastore without ordinary directories (vSAN, vVol), with the
 * DatastoreNamespaceManager.
 *
 * @name: its friendly name. VI_ERROR_NOT_SUPPORTED if the server has no such manager.
 */
gboolean viFileMakeNamespace(ViSession *session, const SoapMoRef *datastore, const char *name,
                             ViChange *change, GError **error);

gboolean viFileDelete(ViSession *session, const ViPath *file, ViChange *change,
                      GError **error);

/* @force: replaces an existing file; otherwise that is VI_ERROR_FILE_EXISTS. */
gboolean viFileMove(ViSession *session, const ViPath *from, const ViPath *to, gboolean force,
                    ViChange *change, GError **error);
gboolean viFileCopy(ViSession *session, const ViPath *from, const ViPath *to,
                    ViChange *change, GError **error);

/* VirtualDiskManager. */

typedef enum {
    VI_DISK_UNKNOWN,
    VI_DISK_THIN,
    VI_DISK_THICK,          /* lazily zeroed, "preallocated" */
    VI_DISK_EAGER,          /* "eagerZeroedThick" */
} ViDiskType;

/* Adapters are VIM_VIRTUAL_DISK_ADAPTER_TYPE_…: "ide", "busLogic", "lsiLogic". */
typedef struct {
    ViDiskType type;
    const char *adapter;
} ViDiskKind;

/* An existing file is VI_ERROR_FILE_EXISTS and is not changed. */
gboolean viDiskCreate(ViSession *session, const ViPath *disk, guint64 capacityKb,
                      const ViDiskKind *kind, ViChange *change, GError **error);

/*
 * Copies a disk, also between datastores. With @kind the copy is of that type. A server that does
 * not implement this (vCenter) is asked again without it, and decides itself.
 *
 * @kind: NULL: the server decides.
 * @ret_kindTaken: whether the server accepted @kind; may be NULL.
 */
gboolean viDiskCopy(ViSession *session, const ViPath *from, const ViPath *to,
                    const ViDiskKind *kind, ViChange *change, gboolean *ret_kindTaken,
                    GError **error);

/* @zeroed: the new part is filled with zeros. */
gboolean viDiskExtend(ViSession *session, const ViPath *disk, guint64 capacityKb, gboolean zeroed,
                      ViChange *change, GError **error);
gboolean viDiskZeroFill(ViSession *session, const ViPath *disk, ViChange *change,
                        GError **error);

/* With all of its extents. */
gboolean viDiskDelete(ViSession *session, const ViPath *disk, ViChange *change,
                      GError **error);

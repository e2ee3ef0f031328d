/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_task.h"

/*
 * What changes files and virtual disks, through the server's FileManager and VirtualDiskManager. A
 * .vmdk belongs to the VirtualDiskManager alone, which takes its extents along; everything else to
 * the FileManager.
 *
 * All are tasks but for making directories. Each function sends its call once (viDiskCopy() twice
 * to a server that does not know a kind; and see vi_call.h), waits for the task, and returns when
 * it has ended. Every error names the file. A wait that is cancelled or takes too
 * long cancels the task first: if that is seen to work, the error is VI_ERROR_CANCELLED or
 * VI_ERROR_TIMEOUT; a task that was faster is a success. Whenever nobody knows what became of a
 * call (the connection broke, the server fell silent or was restarted, the task did not stop) the
 * error is VI_ERROR_OUTCOME_UNKNOWN and names the method, the file and, where one was started, the
 * task.
 */

typedef struct {
    const char *path;               /* "[datastore] dir/file" */
    const SoapMoRef *datacenter;    /* NULL: none is sent, which a host understands */
} ViPath;

typedef struct {
    guint timeoutMs;        /* for the whole change; 0: VI_FILE_TIMEOUT_MS */
    gint *cancel;           /* atomic flag, or NULL */
    /* Becomes TRUE when files may be other than they were: the change was done, or stopped on its
     * way, or its outcome is unknown. Not when the server refused it. */
    gboolean changed;
} ViChange;

/* A clone of a large disk takes hours. */
#define VI_FILE_TIMEOUT_MS (24u * 3600 * 1000)

/* FileManager. @change may be NULL everywhere. */

/* @parents: makes those that are missing as well. An existing directory is VI_ERROR_FILE_EXISTS. */
gboolean viFileMakeDirectory(ViSession *session, const ViPath *directory, gboolean parents,
                             ViChange *change, GError **error);

/*
 * Makes a directory in the root of a datastore that has no directories of its own (vSAN, vVol),
 * through the DatastoreNamespaceManager.
 *
 * @name: what people call it.
 * VI_ERROR_NOT_SUPPORTED where the server has no such manager.
 */
gboolean viFileMakeNamespace(ViSession *session, const SoapMoRef *datastore, const char *name,
                             ViChange *change, GError **error);

gboolean viFileDelete(ViSession *session, const ViPath *file, ViChange *change,
                      GError **error);

/* @force: replaces what is there; else that is VI_ERROR_FILE_EXISTS. */
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

/* An existing file is VI_ERROR_FILE_EXISTS and stays as it is. */
gboolean viDiskCreate(ViSession *session, const ViPath *disk, guint64 capacityKb,
                      const ViDiskKind *kind, ViChange *change, GError **error);

/*
 * Copies a disk, also between datastores. With @kind the copy is of that type; a server that does
 * not implement it (vCenter) is asked again without, and decides by itself.
 *
 * @kind: NULL: the server decides.
 * @ret_kindTaken: whether the server took @kind; may be NULL.
 */
gboolean viDiskCopy(ViSession *session, const ViPath *from, const ViPath *to,
                    const ViDiskKind *kind, ViChange *change, gboolean *ret_kindTaken,
                    GError **error);

/* @zeroed: the new part is written with zeros. */
gboolean viDiskExtend(ViSession *session, const ViPath *disk, guint64 capacityKb, gboolean zeroed,
                      ViChange *change, GError **error);
gboolean viDiskZeroFill(ViSession *session, const ViPath *disk, ViChange *change,
                        GError **error);

/* With all of its extents. */
gboolean viDiskDelete(ViSession *session, const ViPath *disk, ViChange *change,
                      GError **error);

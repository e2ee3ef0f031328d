/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_transfer.h"
#include "esx_volume.h"
#include "inventory_fixture.h"
#include "task_fixture.h"

/*
 * A datastore whose files are in memory, behind a real ViTransfer, for the tests of transfers: any
 * number of requests at once, with the troubles of networks. What goes to /sdk is scripted; a move
 * is also done, and with `deletes` the deletion of a file.
 */
typedef struct {
    /* Set by tests, the first before memoryInit(). */
    const char *content;    /* who the server is; NULL: "service-content-8.0.xml" */
    guint latencyUs;        /* before each reply, at most so much, by chance */
    guint pieceUs;          /* after each MEMORY_PIECE of a reply */
    guint cutOneIn;         /* a reply breaks off in the middle once in so many; 0: never */
    guint putStatus;        /* what a PUT with contents answers; 0: 201 */
    guint64 putLoses;       /* so many of its last bytes are not stored */
    gboolean stays;         /* a move that is asked for does not happen, whatever is answered */
    gboolean deletes;       /* a file that is to be deleted goes */
    void (*beforeMove)(gpointer opaque);    /* in the moment before one; NULL: nothing */
    void (*afterMove)(gpointer opaque);
    gpointer moveOpaque;
    guint64 failFrom;       /* a GET of this byte or one behind it is a 500; 0: none is */

    Canned *canned;
    EsxConnection *connection;
    InventorySnapshot *snapshot;
    const InventoryPool *pool;      /* "ds", VMFS */

    GMutex lock;            /* guards what follows */
    GHashTable *files;      /* "dir/file" → GBytes */
    guint requests;         /* to /folder */
    guint now, mostAtOnce;
} Memory;

#define MEMORY_PIECE ((size_t)16 * 1024)

/* Until an abort has ended a transfer: nothing that would otherwise go on is over by then. */
#define AT_ONCE_MS 10000

void memoryInit(Memory *memory);
void memoryClear(Memory *memory);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Memory, memoryClear)

/* @bytes: (transfer full). */
void memoryAdd(Memory *memory, const char *name, GBytes *bytes);

/* Waits until @n requests to /folder have begun. */
void memoryAwaitRequests(Memory *memory, guint n);

/* Takes a file away. */
void memoryRemove(Memory *memory, const char *name);

/* A text file. */
void memoryAddText(Memory *memory, const char *name, const char *text);

/* A disk "x.vmdk" with descriptor, and its contents in "x-flat.vmdk". @bytes: (transfer full). */
void memoryAddDisk(Memory *memory, const char *name, GBytes *bytes);

/* A disk or a file, by its name. @bytes: (transfer full). */
void memoryAddVolume(Memory *memory, const char *name, GBytes *bytes);

/* Returns: (transfer none) the only file whose name begins so, or NULL. */
GBytes *memoryFind(Memory *memory, const char *prefix);

/* @length bytes, none of them zero, by chance; the same for the same @seed. */
GBytes *memoryRandom(size_t length, guint32 seed);

/* A volume by its name: *.vmdk is a disk. */
EsxVolume memoryVolume(const char *name);

/* A transfer that runs in a thread of its own, as a stream would run it. */
typedef struct {
    EsxTransfer *transfer;
    guint clientTimeoutMs;  /* set before: how long it waits for its client; 0: no limit */
    EsxPipe *pipe;
    GThread *thread;
    Cancel *cancel;
    gint done;              /* atomic */
    GError *error;
} Running;

/* @transfer: (transfer full). */
void runningStart(Running *running, EsxTransfer *transfer);

/* Waits for it; what it came to is in @running->error. */
void runningJoin(Running *running);
void runningClear(Running *running);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Running, runningClear)

/* Aborts it as a stream does, and expects its end within @ms. */
void runningAbort(Running *running, guint ms);

/*
 * Reads the pipe to its end, holes as zeros.
 *
 * @ret_holes: bytes in holes; NULL: they are not told apart.
 * Returns: (transfer full), or NULL when the pipe was closed.
 */
GBytes *runningRead(Running *running, guint64 *ret_holes);

/* Writes it all. Returns: FALSE when the pipe was closed on the way. */
gboolean runningWrite(Running *running, const char *data, size_t length);

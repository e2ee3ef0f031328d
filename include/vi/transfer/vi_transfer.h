/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_session.h"

/*
 * Contents of files, by the server's file API:
 *
 *   https://HOST/folder/PATH?dcPath=DATACENTER&dsName=DATASTORE     HEAD, GET (ranges), PUT
 *
 * PATH is percent-encoded once. dcPath and dsName are decoded twice by real servers (virt-v2v
 * f13e85f9, libvirt 6c9d2591c6, Broadcom KB 386368), once by vcsim: where the two spellings differ
 * and the first gives 404, the other is tried, and what worked is remembered. Plain names are
 * spelled alike in both.
 *
 * The session's cookie opens the door. A reply of 401 renews the session; 503 means "too much at
 * once": one thread of the connection waits and tries again (VI_TRANSFER_PAUSE_MS, at most
 * VI_TRANSFER_TRIES times, and all pauses together no longer than one request may take), the others
 * wait for it. On a vCenter that hands out service tickets
 * (AcquireGenericServiceTicket) contents go straight to and from a host that has the datastore
 * mounted, if viTransferSetHosts() was called; when that host cannot be reached, through vCenter.
 *
 * All functions block, and may be called from any thread, also at once. @cancel: atomic flag, or
 * NULL.
 *
 * Errors: VI_ERROR_FILE_NOT_FOUND (404), VI_ERROR_FILE_LOCKED and VI_ERROR_NO_DISK_SPACE as far as
 * the server says so, VI_ERROR_FILE_FAULT for its other failures (500 and above),
 * VI_ERROR_NO_PERMISSION (401 although the session is good, 403), VI_ERROR_BUSY (503 to the end),
 * VI_ERROR_NOT_SUPPORTED (405), VI_ERROR_PROTOCOL for other statuses and for a web page instead of
 * a file, HTTP_ERROR (HTTP_ERROR_CANCELLED for a raised @cancel), and what a sink or a source set.
 * Each but the last names the file as "[datastore] path".
 */

#define VI_TRANSFER_PAUSE_MS 10000
#define VI_TRANSFER_TRIES 5

typedef struct {
    const char *datacenterPath;     /* "Folder/DC", each name as VI sends it (with its %2f %5c %25);
                                       NULL: left out (a host has one only) */
    const char *datastore;
    const char *path;               /* below the datastore's root: "dir/file" */
    const SoapMoRef *datastoreRef;  /* for tickets; NULL: none are asked for */
    guint64 *known;                 /* bytes the file has, for viTransferRead; 0: the first reply
                                       that says so sets it; NULL: never mind. Atomic */
} ViFile;

typedef struct _ViTransfer ViTransfer;

/* @session: (transfer none), must outlive the folder. Asks nobody yet. */
ViTransfer *viTransferNew(ViSession *session);

/*
 * Makes the transport for one request to a host of a vCenter; called from any thread.
 *
 * @host: name, IPv4, or IPv6 without brackets.
 * @thumbprint: of the host's certificate, by the word of vCenter (see httpThumbprintParse); NULL
 * where it does not say.
 * Returns: (transfer full), or NULL with @error.
 */
typedef HttpTransport *(*ViTransportFactory)(const char *host, guint port, const char *thumbprint,
                                             gpointer opaque, GError **error);

/*
 * Lets contents of a vCenter's files go straight to and from its hosts. To be set before the folder
 * is used; without it they go through vCenter.
 */
void viTransferSetHosts(ViTransfer *transfer, ViTransportFactory factory, gpointer opaque);

/* Nobody may be using it. Accepts NULL. */
void viTransferFree(ViTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViTransfer, viTransferFree)

/*
 * @ret_size: bytes of the file (1 request, HEAD). Only a status of 200 with one length counts; all
 * else is VI_ERROR_PROTOCOL.
 */
gboolean viTransferSize(ViTransfer *transfer, const ViFile *file, gint *cancel, guint64 *ret_size,
                      GError **error);

/* Takes a piece of a file; FALSE with @error ends the transfer. May block: see HttpSource. */
typedef gboolean (*ViTransferSink)(const char *data, size_t length, gpointer opaque,
                                   GError **error);

/*
 * Reads @length bytes from @offset on. The sink sees each byte once and in order: when the
 * connection breaks or the session ends in the middle, the rest is asked for again, until
 * VI_TRANSFER_TRIES attempts in a row have brought nothing, or LIMIT_BREAKS of them together less
 * than LIMIT_BREAKS_BYTES. Fewer bytes than @length are an error, VI_ERROR_PROTOCOL; a file that
 * ends before @offset likewise. A @length of 0 asks nobody.
 *
 * It is always asked for as a range; a server that knows none and sends the whole file is read as
 * far as that is needed, unless @offset lies so far behind that this is absurd. Another length
 * of the file than ViFile.known, a part that is not what its headers say, and contents that are
 * encoded are VI_ERROR_PROTOCOL.
 */
gboolean viTransferRead(ViTransfer *transfer, const ViFile *file, guint64 offset, guint64 length,
                      ViTransferSink sink, gpointer opaque, gint *cancel, GError **error);

/*
 * Reads a small file.
 *
 * Returns: (transfer full) its bytes with a NUL behind them; VI_ERROR_PROTOCOL when it is longer
 * than @limit.
 */
char *viTransferReadText(ViTransfer *transfer, const ViFile *file, size_t limit, gint *cancel,
                       size_t *ret_length, GError **error);

/*
 * Writes a file, replacing what is there under that name; its directory must exist.
 *
 * First an empty file is written: so a server that refuses (session, directory, permission, lock)
 * does so before the source has given anything, and the session is renewed where needed. Then the
 * contents follow in one request that is never repeated. When that breaks, what the server has got
 * under this name is unknown (VI_ERROR_OUTCOME_UNKNOWN); the caller deals with the file.
 *
 * @length: what the source will give in all, or HTTP_LENGTH_UNKNOWN.
 * @ret_written: bytes the source has given; may be NULL; written on success only.
 */
gboolean viTransferWrite(ViTransfer *transfer, const ViFile *file, gint64 length, HttpSource source,
                       gpointer opaque, gint *cancel, guint64 *ret_written, GError **error);

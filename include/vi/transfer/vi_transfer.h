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
 * f13e85f9, libvirt 6c9d2591c6, Broadcom KB 386368), once by vcsim. If the two spellings differ and
 * the first gives 404, the other is tried, and the one that worked is remembered. Plain names have
 * the same spelling in both.
 *
 * Requests are authorised by the session's cookie. A reply of 401 renews the session. 503 means
 * "too many requests": one thread of the connection waits and tries again (VI_TRANSFER_PAUSE_MS, at
 * most VI_TRANSFER_TRIES times, and all pauses together no longer than one request may take), and
 * the others wait for it. With a vCenter that issues service tickets (AcquireGenericServiceTicket),
 * contents are transferred directly to and from a host that has mounted the datastore, if
 * viTransferSetHosts() was called; if that host cannot be reached, through vCenter.
 *
 * All functions block, and may be called from any thread, also concurrently. @cancel ends them; may
 * be NULL.
 *
 * Errors: VI_ERROR_FILE_NOT_FOUND (404), VI_ERROR_FILE_LOCKED and VI_ERROR_NO_DISK_SPACE if the
 * server says so, VI_ERROR_FILE_FAULT for its other failures (500 and above),
 * VI_ERROR_NO_PERMISSION (401 although the session is good, 403), VI_ERROR_BUSY (503 to the end),
 * VI_ERROR_NOT_SUPPORTED (405), VI_ERROR_PROTOCOL for other statuses and for a web page instead of
 * a file, HTTP_ERROR (HTTP_ERROR_CANCELLED for a raised @cancel), and errors that a sink or a
 * source set. All but the last name the file as "[datastore] path".
 */

#define VI_TRANSFER_PAUSE_MS 10000
#define VI_TRANSFER_TRIES 5

typedef struct {
    const char *datacenterPath;     /* "Folder/DC", each name as VI sends it (with its %2f %5c %25);
                                       NULL: omitted (a host has only one) */
    const char *datastore;
    const char *path;               /* below the datastore's root: "dir/file" */
    const SoapMoRef *datastoreRef;  /* for tickets; NULL: no tickets */
    guint64 *known;                 /* length of the file, for viTransferRead; 0: set by the first
                                       reply that has it; NULL: not checked. Atomic */
} ViFile;

typedef struct _ViTransfer ViTransfer;

/* @session: (transfer none), must outlive the transfer. Sends no request yet. */
ViTransfer *viTransferNew(ViSession *session);

/*
 * Makes the transport for one request to a host of a vCenter; called from any thread.
 *
 * @host: name, IPv4, or IPv6 without brackets.
 * @thumbprint: of the host's certificate, as reported by vCenter (see httpThumbprintParse); NULL if
 * it reports none.
 * Returns: (transfer full), or NULL with @error.
 */
typedef HttpTransport *(*ViTransportFactory)(const char *host, guint port, const char *thumbprint,
                                             gpointer opaque, GError **error);

/*
 * Allows contents of a vCenter's files to be transferred directly to and from its hosts. Call it
 * before the first transfer; without it, contents go through vCenter.
 */
void viTransferSetHosts(ViTransfer *transfer, ViTransportFactory factory, gpointer opaque);

/* It must not be in use. Accepts NULL. */
void viTransferFree(ViTransfer *transfer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViTransfer, viTransferFree)

/*
 * @ret_size: bytes of the file (1 request, HEAD). Only a status of 200 with one length is valid;
 * everything else is VI_ERROR_PROTOCOL.
 */
gboolean viTransferSize(ViTransfer *transfer, const ViFile *file, const Cancel *cancel,
                        guint64 *ret_size, GError **error);

/* Takes a piece of a file; FALSE with @error ends the transfer. May block: see HttpSource. */
typedef gboolean (*ViTransferSink)(const char *data, size_t length, gpointer opaque,
                                   GError **error);

/*
 * Reads @length bytes from @offset on. The sink gets each byte once and in order. If the connection
 * breaks or the session ends in the middle, the rest is requested again, until VI_TRANSFER_TRIES
 * attempts in a row have brought nothing, or LIMIT_BREAKS of them together less than
 * LIMIT_BREAKS_BYTES. Fewer bytes than @length, and a file that ends before @offset, are
 * VI_ERROR_PROTOCOL. A @length of 0 sends no request.
 *
 * Every request is for a range. If a server does not support ranges and sends the whole file, it is
 * read as far as needed, unless too much would have to be skipped before @offset. A length of the
 * file other than ViFile.known, a part that does not match its headers, and encoded contents are
 * VI_ERROR_PROTOCOL.
 */
gboolean viTransferRead(ViTransfer *transfer, const ViFile *file, guint64 offset, guint64 length,
                        ViTransferSink sink, gpointer opaque, const Cancel *cancel, GError **error);

/*
 * Reads a small file.
 *
 * Returns: (transfer full) its bytes, followed by a NUL; VI_ERROR_PROTOCOL if it is longer than
 * @limit.
 */
char *viTransferReadText(ViTransfer *transfer, const ViFile *file, size_t limit,
                         const Cancel *cancel, size_t *ret_length, GError **error);

/*
 * Writes a file, replacing an existing one of that name; its directory must exist.
 *
 * First an empty file is written, so that a server that refuses (session, directory, permission,
 * lock) does so before the source has provided anything, and so that the session is renewed if
 * needed. Then the contents follow in one request that is not repeated. If that breaks, the
 * contents of the file are unknown (VI_ERROR_OUTCOME_UNKNOWN), and the caller has to handle the
 * file.
 *
 * @length: the total that the source will provide, or HTTP_LENGTH_UNKNOWN.
 * @ret_written: bytes that the source has provided; may be NULL; written on success only.
 */
gboolean viTransferWrite(ViTransfer *transfer, const ViFile *file, gint64 length, HttpSource source,
                         gpointer opaque, const Cancel *cancel, guint64 *ret_written,
                         GError **error);

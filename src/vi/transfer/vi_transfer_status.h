/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "vi_transfer.h"

/*
 * What the file API means by a status, as an error. Pure.
 *
 *   401, 403    VI_ERROR_NO_PERMISSION     404   VI_ERROR_FILE_NOT_FOUND
 *   503         VI_ERROR_BUSY              405   VI_ERROR_NOT_SUPPORTED
 *   423         VI_ERROR_FILE_LOCKED       507   VI_ERROR_NO_DISK_SPACE
 *   500 …       by what the server wrote: VI_ERROR_FILE_LOCKED, VI_ERROR_NO_DISK_SPACE, else
 *               VI_ERROR_FILE_FAULT
 *   407, 502, 504, and a 503 of a service that does not run: see vi_status.h
 *   others      VI_ERROR_PROTOCOL
 *
 * (401: of a session that is good. 500: what ESX answers while a machine holds the file, and for
 * everything else that goes wrong on its side.)
 */

/* @writing: FALSE: reading. @response: status, location. @body: what the server wrote, or NULL. */
void viTransferSetRefused(GError **error, const ViFile *file, gboolean writing,
                        const HttpResponse *response, const char *body);

/*
 * Whether a reply of 200 shows a web page for people (a list of a folder, somebody's login page)
 * instead of a file: the file API sends files as application/octet-stream, its lists as text/html.
 * vcsim tells the type by the name; so a name that is a web page's may be one.
 */
gboolean viTransferIsPage(const ViFile *file, const HttpResponse *response);

/* Error for such a reply. */
void viTransferSetPage(GError **error, const ViFile *file);

/*
 * Whether @response is about the file's bytes as they are. An encoding, which nobody has asked for,
 * would make lengths and ranges those of something else.
 *
 * Returns: FALSE with VI_ERROR_PROTOCOL.
 */
gboolean viTransferCheckPlain(const ViFile *file, const HttpResponse *response, GError **error);

/* Returns: (transfer full) "[datastore] path", as people are told of @file. */
char *viTransferName(const ViFile *file);

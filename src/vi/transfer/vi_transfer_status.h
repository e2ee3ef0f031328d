/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "vi_transfer.h"

/*
 * Converts a status of the file API to an error. Pure.
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

/* @writing: FALSE: reading. @response: status, location. @body: text from the server, or NULL. */
void viTransferSetRefused(GError **error, const ViFile *file, gboolean writing,
                          const HttpResponse *response, const char *body);

/*
 * Whether a reply of 200 is a web page (a list of a folder, a login page) instead of a file: the
 * file API sends files as application/octet-stream, its lists as text/html. vcsim derives the type
 * from the name, so a file with the name of a web page may have that type.
 */
gboolean viTransferIsPage(const ViFile *file, const HttpResponse *response);

/* Error for such a reply. */
void viTransferSetPage(GError **error, const ViFile *file);

/*
 * Whether @response is about the unencoded bytes of the file. With an encoding, which was not
 * requested, lengths and ranges would not be those of the file.
 *
 * Returns: FALSE with VI_ERROR_PROTOCOL.
 */
gboolean viTransferCheckPlain(const ViFile *file, const HttpResponse *response, GError **error);

/* Returns: (transfer full) "[datastore] path", for messages about @file. */
char *viTransferName(const ViFile *file);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"
#include "esx_libvirt.h"
#include "esx_uri.h"

/*
 * Whose password goes where. Credentials come by libvirt's own means: the user of the URI,
 * libvirt's auth file (service "esx" for both schemes), the client's callbacks.
 *
 * The security of it (for docs/SECURITY.md). In a client process the user of the process owns the
 * URI, the auth file and the password: nothing is to be guarded. In a daemon the client chooses the
 * URI, and the daemon's auth file has passwords the client may not know. Then:
 *
 *   authfile=           is refused: it would be read with the daemon's rights.
 *   no_verify, cacert,  decide who may pose as a host and thereby get its password; cacert also
 *   thumbprint, proxy,  reads a file with the daemon's rights (and tells the client no more than
 *   transport=http      whether it holds certificates). Refused to clients of other users that may
 *                       not write: read-only ones (libvirt's read-only socket is open to every
 *                       local user) and those whom access control denies connect:write. They need
 *                       a host whose certificate the daemon's system trusts. Root, and the user
 *                       the daemon runs as, could read its auth.conf anyhow and may choose.
 *   host                a host without a section of its own in auth.conf is refused to the same
 *                       clients: they would be given [auth-esx-default], wherever it leads, or at
 *                       least could make the daemon knock at any address. The others can do that:
 *                       it sends one fixed request before it knows that the peer is ESX, and
 *                       quotes at most LIMIT_QUOTED_BYTES of the answer.
 */

/*
 * Whether this thread acts for a client of a daemon. Known while a connection is being opened, and
 * in other calls of the client; not where libvirtd closes it.
 */
gboolean esxAuthInDaemon(void);

/*
 * Checks what a client of a daemon may not choose. Anything goes where this process is no daemon.
 *
 * Returns: 0, or -1 with a libvirt error (OPERATION_DENIED).
 */
int esxAuthCheckUri(virConnectPtr conn, const EsxUri *uri);

/*
 * Gets user name and password for @uri. @auth may be NULL.
 *
 * @ret_userName: (transfer full). @ret_password: (transfer full).
 * Returns: 0, or -1 with a libvirt error.
 */
int esxAuthGet(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri, char **ret_userName,
               Secret **ret_password);

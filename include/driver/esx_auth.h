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
 *   authfile=       is refused: it would be read with the daemon's rights.
 *   root, and the   user the daemon runs as, could read its auth.conf anyhow and may choose all
 *                   else, read-only or not.
 *   who may write   chooses all else as well, and so is trusted with the host's password: with
 *                   no_verify=1 and proxy= it is sent to him. trust=fixed in the section of
 *                   auth.conf takes that from them: they may not choose.
 *   all others      may not choose ("guests"): read-only connections (libvirt's read-only socket
 *                   is open to every local user), and those whom access control denies
 *                   connect:write.
 *
 * Restricted clients, which may not choose:
 *
 *   no_verify, cacert, thumbprint, proxy, transport=http
 *                   are refused: they determine which server receives the host's password.
 *   host            has to have a section of its own: they would be given [auth-esx-default],
 *                   wherever it leads, or at least could make the daemon knock at any address.
 *   user, port      are those of the section: else any account could be locked by wrong passwords,
 *                   and any service of the host with a trusted certificate be given the right one.
 *   time-outs …     see esxUriCheckGuest(); how many open, and log in, at a time is bounded
 *                   (LIMIT_GUEST_…), and a refused password is not tried again (esx_refusals.h).
 */

/*
 * Whether this thread acts for a client of a daemon. Known while a connection is being opened, and
 * in other calls of the client; not where libvirtd closes it.
 */
gboolean esxAuthInDaemon(void);

/*
 * Checks what a client of a daemon may not choose, and marks the URI of one that may not
 * (isGuest). Anything goes where this process is no daemon. Where the URI names no port, the port
 * becomes that of the section, if it has one.
 *
 * Returns: 0, or -1 with a libvirt error: OPERATION_DENIED, or what is wrong with the daemon's auth
 * file.
 */
int esxAuthCheckUri(virConnectPtr conn, EsxUri *uri);

/*
 * Gets user name and password for @uri. @auth may be NULL. A password that nobody gave is none: an
 * empty answer, as of a client without a terminal, is AUTH_FAILED and names the section of the auth
 * file that was looked for.
 *
 * @ret_userName: (transfer full). @ret_password: (transfer full).
 * Returns: 0, or -1 with a libvirt error.
 */
int esxAuthGet(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri, char **ret_userName,
               Secret **ret_password);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"
#include "esx_libvirt.h"
#include "esx_uri.h"

/*
 * Which password is sent where. Credentials come by libvirt's own means: the user in the URI,
 * libvirt's auth file (service "esx" for both schemes), the client's callbacks.
 *
 * The security rules (for docs/SECURITY.md): in a client process, the user of the process owns the
 * URI, the auth file and the password, so there is nothing to protect. In a daemon the client
 * chooses the URI, and the daemon's auth file has passwords that the client may not know. Then:
 *
 *   authfile=       is refused: it would be read with the daemon's rights.
 *   root, and the   daemon's own user can read its auth.conf anyway and may choose everything else,
 *                   read-only or not.
 *   writers         may choose everything else as well, and so are trusted with the host's
 *                   password: no_verify=1 and proxy= send it to a server of their choice.
 *                   trust=fixed in the section of auth.conf makes them restricted clients.
 *   all others      are restricted ("guests"): read-only connections (libvirt's read-only socket is
 *                   open to every local user), and clients to which access control denies
 *                   connect:write.
 *
 * For restricted clients:
 *
 *   no_verify, cacert, thumbprint, proxy, transport=http
 *                   are refused: they determine which server receives the host's password.
 *   host            must have its own section: otherwise clients could send [auth-esx-default] to
 *                   any server, or at least make the daemon connect to any address.
 *   user, port      are those of the section: otherwise any account could be locked by wrong
 *                   passwords, and any service of the host with a trusted certificate could get the
 *                   right one.
 *   timeouts …      see esxUriCheckGuest(); the number of concurrent opens and logins is bounded
 *                   (LIMIT_GUEST_…), and a refused password is not tried again (esx_refusals.h).
 */

/*
 * Whether this thread acts for a client of a daemon. Known while a connection is being opened, and
 * in other calls of the client, but not when libvirtd closes it.
 */
gboolean esxAuthInDaemon(void);

/*
 * Checks what a client of a daemon may not choose, and marks the URI of a restricted client
 * (isGuest). Everything is allowed if this process is not a daemon. If the URI has no port, the
 * port of the section is used, if it has one.
 *
 * Returns: 0, or -1 with a libvirt error: OPERATION_DENIED, or what is wrong with the daemon's auth
 * file.
 */
int esxAuthCheckUri(virConnectPtr conn, EsxUri *uri);

/*
 * Gets user name and password for @uri. @auth may be NULL. An empty answer, such as that of a
 * client without a terminal, is not a password: it is AUTH_FAILED, and the message names the
 * section of the auth file that was looked up.
 *
 * @ret_userName: (transfer full). @ret_password: (transfer full).
 * Returns: 0, or -1 with a libvirt error.
 */
int esxAuthGet(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri, char **ret_userName,
               Secret **ret_password);

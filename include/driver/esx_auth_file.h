/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_secret.h"

/*
 * libvirt's auth file (libvirt.org/auth.html#Auth_client_config), read by fileRead() and looked up
 * by libvirt's rules: the section [auth-SERVICE-HOST], else [auth-SERVICE-default], names with
 * credentials= the section [credentials-NAME]. HOST is compared byte by byte with the host of the
 * URI.
 *
 * SERVICE is "esxstorage" or "esx", for both schemes. Only this driver reads the first; libvirt's
 * own ESX driver, which has no restrictions, reads the second.
 *
 *   username=NAME   password=TEXT      in [credentials-NAME]
 *   port=N                             in [auth-…], or in the credentials: the port of the host
 *   trust=fixed|free                   likewise; fixed where any section that uses the same
 *                                      credentials says so
 *
 * In the sections that use the credentials, it is an error if a key differs from one of these only
 * in case, a locale in brackets, or characters other than letters, or if a key is repeated with
 * another value, also if the section is repeated. So no restriction is lost.
 *
 * GLib reads \\ as a backslash, and \s, \n, \t and \r as characters. A username= with one of the
 * latter is an error: DOMAIN\svc would be the name of another account. An empty password= is an
 * error too, since an empty password is not sent.
 */

typedef struct {
    char *section;              /* "auth-esx-HOST"; NULL: none */
    gboolean isOwn;             /* that is for the host, not the default one */
    char *similar;              /* no section, but this one may be meant; NULL: none */
    char *userName;             /* NULL: none */
    Secret *password;           /* NULL: none; not empty */
    guint port;                 /* 0: none */
    gboolean isFixed;           /* trust=fixed */
} EsxAuthEntry;

/*
 * @path: NULL: there is no auth file; then the result is empty.
 * Returns: (transfer full): its data for @host; NULL with ESX_ERROR_AUTH if it cannot be read or is
 * invalid, in a message that quotes none of its values; or with ESX_ERROR_SYSTEM if there are too
 * few file descriptors to read it.
 */
EsxAuthEntry *esxAuthFileLookup(const char *path, const char *host, GError **error);

void esxAuthEntryFree(EsxAuthEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxAuthEntry, esxAuthEntryFree)

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Credentials, and what a daemon's client may have a say in. The rules are in esx_auth.h. */

#include "esx_auth.h"

#include <unistd.h>

#include "esx_auth_file.h"
#include "esx_error.h"

#define ESX_AUTH_SERVICE "esx"
#define ESX_AUTH_USER_ESX "root"
#define ESX_AUTH_USER_VPX "administrator@vsphere.local"

/*
 * A daemon runs every call of a client under that client's identity; a client process has none.
 * That auth is NULL proves nothing: many clients open without callbacks.
 */
gboolean
esxAuthInDaemon(void)
{
    g_autoptr(virIdentity) identity = virIdentityGetCurrent();

    return identity != NULL;
}

/* Whether the client runs as root or as the daemon does, and so can read what the daemon can. */
static gboolean
esxAuthIsPeer(void)
{
    g_autoptr(virIdentity) identity = virIdentityGetCurrent();
    uid_t user = 0;

    return identity && virIdentityGetUNIXUserID(identity, &user) > 0 &&
           (user == 0 || user == geteuid());
}

/* Whether the client of this daemon is trusted to choose whom to trust. */
static gboolean
esxAuthMayChoose(virConnectPtr conn)
{
    virAccessManager *manager = NULL;
    int allowed = 0;

    if (esxAuthIsPeer())
        return TRUE;
    if (conn->flags & VIR_CONNECT_RO)
        return FALSE;

    manager = virAccessManagerGetDefault();
    if (manager)
        allowed = virAccessManagerCheckConnect(manager, conn->driver->name,
                                               VIR_ACCESS_PERM_CONNECT_WRITE);
    virObjectUnref(manager);
    virResetLastError();
    return allowed > 0;
}

/* Returns: (transfer full): what the auth file says of the host; NULL with a libvirt error. */
static EsxAuthEntry *
esxAuthLookup(virConnectPtr conn, const EsxUri *uri)
{
    g_autofree char *path = NULL;
    g_autoptr(GError) error = NULL;
    EsxAuthEntry *entry = NULL;

    if (virAuthGetConfigFilePath(conn, &path) < 0)
        return NULL;

    entry = esxAuthFileLookup(path, uri->host, &error);
    if (!entry)
        esxErrorReport(error, NULL);
    return entry;
}

/* Keeps clients that may not choose whom to trust from hosts the auth file does not name. */
static int
esxAuthCheckHost(const EsxAuthEntry *entry, const EsxUri *uri)
{
    if (entry->isOwn)
        return 0;

    virReportError(VIR_ERR_OPERATION_DENIED,
                   "The daemon has no credentials for '%s' that a read-only connection may use; "
                   "its auth.conf needs a section [auth-" ESX_AUTH_SERVICE "-%s].",
                   uri->host, uri->host);
    return -1;
}

int
esxAuthCheckUri(virConnectPtr conn, const EsxUri *uri)
{
    const char *parameter = esxUriTrustParameter(uri);
    g_autoptr(EsxAuthEntry) entry = NULL;

    if (!esxAuthInDaemon())
        return 0;

    if (uri->hasAuthFile) {
        virReportError(VIR_ERR_OPERATION_DENIED, "%s",
                       "The URI parameter authfile is not allowed through a daemon, which would "
                       "read that file with its own rights; drop it, and put the credentials into "
                       "the auth.conf of the daemon.");
        return -1;
    }
    if (esxAuthMayChoose(conn))
        return 0;

    if (parameter) {
        virReportError(VIR_ERR_OPERATION_DENIED,
                       "The URI parameter %s is not allowed on a read-only connection through a "
                       "daemon, since it decides who gets the daemon's password for '%s'; drop it "
                       "or connect with write access.", parameter, uri->host);
        return -1;
    }

    entry = esxAuthLookup(conn, uri);
    return entry ? esxAuthCheckHost(entry, uri) : -1;
}

/*
 * libvirt's helpers say INVALID_ARG when the auth file has nothing and there are no callbacks to
 * ask.
 */
static gboolean
esxAuthNobodyKnows(virConnectAuthPtr auth)
{
    return !auth && virGetLastErrorCode() == VIR_ERR_INVALID_ARG;
}

/*
 * Whether the client was asked and gave nothing: libvirt 9.0.0 says AUTH_FAILED then, or nothing at
 * all; later ones name the operation that failed, which is not what is wrong.
 */
static gboolean
esxAuthWasRefused(void)
{
    int code = virGetLastErrorCode();

    return code == VIR_ERR_OK || code == VIR_ERR_OPERATION_FAILED ||
           code == VIR_ERR_OPERATION_UNSUPPORTED;
}

/* Puts words in place of libvirt's where those say too little. */
static void
esxAuthReportMissing(virConnectAuthPtr auth, const EsxUri *uri, const char *what)
{
    if (esxAuthNobodyKnows(auth))
        virReportError(VIR_ERR_AUTH_FAILED,
                       "There is no %s for '%s', and nobody to ask; put it into %s, in a section "
                       "[auth-%s-%s].", what, uri->host,
                       esxAuthInDaemon() ? "the auth.conf of the daemon" : "auth.conf",
                       ESX_AUTH_SERVICE, uri->host);
    else if (esxAuthWasRefused())
        virReportError(VIR_ERR_AUTH_FAILED, "No %s for '%s' was given.", what, uri->host);
}

/* The files are read already: libvirt's helpers are given none, and only ask the client. */
static char *
esxAuthGetUserName(virConnectAuthPtr auth, const EsxUri *uri, const EsxAuthEntry *entry)
{
    const char *standard = uri->isVpx ? ESX_AUTH_USER_VPX : ESX_AUTH_USER_ESX;
    g_autofree char *userName = g_strdup(uri->user ? uri->user : entry->userName);

    if (!userName) {
        userName = virAuthGetUsernamePath(NULL, auth, ESX_AUTH_SERVICE, standard, uri->host);
        if (!userName && !esxAuthNobodyKnows(auth)) {
            esxAuthReportMissing(auth, uri, "user name");
            return NULL;
        }
    }

    virResetLastError();
    return userName && *userName ? g_steal_pointer(&userName) : g_strdup(standard);
}

int
esxAuthGet(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri, char **ret_userName,
           Secret **ret_password)
{
    g_autoptr(EsxAuthEntry) entry = NULL;
    g_autofree char *userName = NULL;
    char *password = NULL;

    virResetLastError();
    entry = esxAuthLookup(conn, uri);
    userName = entry ? esxAuthGetUserName(auth, uri, entry) : NULL;
    if (!userName)
        return -1;

    if (!entry->password) {
        password = virAuthGetPasswordPath(NULL, auth, ESX_AUTH_SERVICE, userName, uri->host);
        if (!password) {
            esxAuthReportMissing(auth, uri, "password");
            return -1;
        }
        entry->password = secretNew(password);
        secretEraseFree(password);
    }

    *ret_password = g_steal_pointer(&entry->password);
    *ret_userName = g_steal_pointer(&userName);
    return 0;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Credentials, and what a daemon's client may have a say in. The rules are in esx_auth.h. */

#include "esx_auth.h"

#include <unistd.h>

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

/* Whether the auth file @path can be read and has the section @group (NULL: whatever it has). */
static gboolean
esxAuthFileLoad(const char *path, const char *group)
{
    g_autoptr(GKeyFile) file = g_key_file_new();

    return g_key_file_load_from_file(file, path, G_KEY_FILE_NONE, NULL) &&
           (!group || g_key_file_has_group(file, group));
}

/* Keeps clients that may not choose whom to trust from hosts the auth file does not name. */
static int
esxAuthCheckHost(virConnectPtr conn, const EsxUri *uri)
{
    g_autofree char *group = g_strdup_printf("auth-" ESX_AUTH_SERVICE "-%s", uri->host);
    g_autofree char *path = NULL;

    if (virAuthGetConfigFilePath(conn, &path) < 0)
        return -1;
    if (path && esxAuthFileLoad(path, group))
        return 0;

    virReportError(VIR_ERR_OPERATION_DENIED,
                   "The daemon has no credentials for '%s' that a read-only connection may use; "
                   "its auth.conf needs a section [%s].", uri->host, group);
    return -1;
}

int
esxAuthCheckUri(virConnectPtr conn, const EsxUri *uri)
{
    const char *parameter = esxUriTrustParameter(uri);

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
    return esxAuthCheckHost(conn, uri);
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
esxAuthReportMissing(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri,
                     const char *what)
{
    g_autofree char *path = NULL;

    if (esxAuthNobodyKnows(auth)) {
        virReportError(VIR_ERR_AUTH_FAILED,
                       "There is no %s for '%s', and nobody to ask; put it into %s, in a section "
                       "[auth-%s-%s].", what, uri->host,
                       esxAuthInDaemon() ? "the auth.conf of the daemon" : "auth.conf",
                       ESX_AUTH_SERVICE, uri->host);
        return;
    }

    if (!esxAuthWasRefused() || virAuthGetConfigFilePath(conn, &path) < 0)
        return;

    /* Nothing of GLib's own message: it quotes the line, which may be one with a password. */
    if (path && !esxAuthFileLoad(path, NULL))
        virReportError(VIR_ERR_AUTH_FAILED,
                       "The auth file '%s' cannot be read, or is not made of [sections] and "
                       "NAME=VALUE lines.", path);
    else
        virReportError(VIR_ERR_AUTH_FAILED, "No %s for '%s' was given.", what, uri->host);
}

static char *
esxAuthGetUserName(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri)
{
    const char *standard = uri->isVpx ? ESX_AUTH_USER_VPX : ESX_AUTH_USER_ESX;
    g_autofree char *userName = g_strdup(uri->user);

    if (userName)
        return g_steal_pointer(&userName);

    userName = virAuthGetUsername(conn, auth, ESX_AUTH_SERVICE, standard, uri->host);
    if (!userName && !esxAuthNobodyKnows(auth)) {
        esxAuthReportMissing(conn, auth, uri, "user name");
        return NULL;
    }

    virResetLastError();
    return userName && *userName ? g_steal_pointer(&userName) : g_strdup(standard);
}

int
esxAuthGet(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri, char **ret_userName,
           Secret **ret_password)
{
    g_autofree char *userName = NULL;
    char *password = NULL;

    virResetLastError();
    userName = esxAuthGetUserName(conn, auth, uri);
    if (!userName)
        return -1;

    password = virAuthGetPassword(conn, auth, ESX_AUTH_SERVICE, userName, uri->host);
    if (!password) {
        esxAuthReportMissing(conn, auth, uri, "password");
        return -1;
    }

    *ret_password = secretNew(password);
    *ret_userName = g_steal_pointer(&userName);
    secretEraseFree(password);
    return 0;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Credentials, and what a client of a daemon may choose. The rules are in esx_auth.h. */

#include "esx_auth.h"

#include <unistd.h>

#include "base_text.h"
#include "esx_auth_file.h"
#include "esx_report.h"

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

/* Whether the client runs as root or as the daemon's user, and so can read what the daemon can. */
static gboolean
esxAuthIsPeer(void)
{
    g_autoptr(virIdentity) identity = virIdentityGetCurrent();
    uid_t user = 0;

    return identity && virIdentityGetUNIXUserID(identity, &user) > 0 &&
           (user == 0 || user == geteuid());
}

/* Whether the client of this daemon may write: no read-only connection, and connect:write. */
static gboolean
esxAuthMayWrite(virConnectPtr conn)
{
    virAccessManager *manager = NULL;
    int allowed = 0;

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

/* Returns: (transfer full): the auth file's data for the host; NULL with a libvirt error. */
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

/* The default user. */
static const char *
esxAuthStandardUser(const EsxUri *uri)
{
    return uri->isVpx ? ESX_AUTH_USER_VPX : ESX_AUTH_USER_ESX;
}

/* @why: the client is restricted. */
static int
esxAuthCheckTrust(const EsxUri *uri, const char *why)
{
    const char *parameter = esxUriTrustParameter(uri);

    if (!parameter)
        return 0;
    esxReport(VIR_ERR_OPERATION_DENIED,
              "the URI parameter %s is not allowed %s, because it determines which server "
              "receives the daemon's password for '%s'; remove it", parameter, why, uri->host);
    return -1;
}

/* [auth-esx-default] would be sent to any host in a URI. */
static int
esxAuthCheckHost(const EsxUri *uri, const EsxAuthEntry *entry, const char *why)
{
    if (entry->isOwn)
        return 0;
    esxReport(VIR_ERR_OPERATION_DENIED,
              "the host '%s' is not allowed %s: the daemon's auth.conf needs a section [auth-"
              ESX_AUTH_SERVICE "-%s] for it", uri->host, why, uri->host);
    return -1;
}

/* Otherwise any account could be locked, and the password sent to any port. */
static int
esxAuthCheckAccount(const EsxUri *uri, const EsxAuthEntry *entry, const char *why)
{
    const char *user = entry->userName && *entry->userName ? entry->userName
                                                           : esxAuthStandardUser(uri);
    guint port = entry->port ? entry->port : ESX_URI_PORT_HTTPS;

    if (uri->user && !g_str_equal(uri->user, user)) {
        esxReport(VIR_ERR_OPERATION_DENIED,
                  "the user '%s' is not allowed at '%s' %s: it must be the user that the daemon's "
                  "auth.conf names; remove it from the URI", uri->user, uri->host, why);
        return -1;
    }
    if (uri->port != port) {
        esxReport(VIR_ERR_OPERATION_DENIED,
                  "the port %u of '%s' is not allowed %s: it must be the one that the section of "
                  "the daemon's auth.conf names with port=, or else %d; remove it from the URI",
                  uri->port, uri->host, why, ESX_URI_PORT_HTTPS);
        return -1;
    }
    return 0;
}

static int
esxAuthCheckGuest(EsxUri *uri, const EsxAuthEntry *entry, const char *why)
{
    g_autoptr(GError) error = NULL;

    if (esxAuthCheckTrust(uri, why) < 0 ||
        esxAuthCheckHost(uri, entry, why) < 0 ||
        esxAuthCheckAccount(uri, entry, why) < 0)
        return -1;

    if (!esxUriCheckGuest(uri, &error)) {
        esxErrorReport(error, NULL);
        return -1;
    }
    return 0;
}

static void
esxAuthTakePort(EsxUri *uri, const EsxAuthEntry *entry)
{
    if (!uri->hasPort && esxUriIsEncrypted(uri) && entry->port != 0)
        uri->port = entry->port;
}

/* The user's own process: errors of the auth file are reported when the password is needed. */
static int
esxAuthCheckOwn(virConnectPtr conn, EsxUri *uri)
{
    g_autofree char *path = NULL;
    g_autoptr(EsxAuthEntry) entry = NULL;

    if (uri->hasPort)
        return 0;
    if (virAuthGetConfigFilePath(conn, &path) < 0)
        return -1;
    entry = esxAuthFileLookup(path, uri->host, NULL);
    if (entry)
        esxAuthTakePort(uri, entry);
    return 0;
}

int
esxAuthCheckUri(virConnectPtr conn, EsxUri *uri)
{
    g_autoptr(EsxAuthEntry) entry = NULL;
    gboolean mayWrite = FALSE;

    if (!esxAuthInDaemon())
        return esxAuthCheckOwn(conn, uri);

    if (uri->hasAuthFile) {
        esxReport(VIR_ERR_OPERATION_DENIED, TEXT_MESSAGE,
                  "the URI parameter authfile is not allowed through a daemon, which would read "
                  "that file with its own privileges; remove it, and put the credentials into the "
                  "auth.conf of the daemon");
        return -1;
    }

    entry = esxAuthLookup(conn, uri);
    if (!entry)
        return -1;
    esxAuthTakePort(uri, entry);
    if (esxAuthIsPeer())
        return 0;

    mayWrite = esxAuthMayWrite(conn);
    if (mayWrite && !entry->isFixed)
        return 0;
    return esxAuthCheckGuest(uri, entry, mayWrite ? "to clients of this daemon, whose auth.conf "
                             "has trust=fixed for it" : "on a read-only connection to a daemon");
}

/* Whether the client has a callback for a password, or else for a user name. */
static gboolean
esxAuthCanAsk(virConnectAuthPtr auth, gboolean forPassword)
{
    unsigned int i;

    for (i = 0; auth && auth->cb && i < auth->ncredtype; i++) {
        const int type = auth->credtype[i];

        if (forPassword ? type == VIR_CRED_PASSPHRASE || type == VIR_CRED_NOECHOPROMPT
                        : type == VIR_CRED_AUTHNAME)
            return TRUE;
    }
    return FALSE;
}

/* Where the password is to be written, as a clause. Returns: (transfer full). */
static char *
esxAuthPlace(const EsxUri *uri, const EsxAuthEntry *entry)
{
    const char *file = esxAuthInDaemon() ? "the auth.conf of the daemon" : "auth.conf";

    if (entry->section)
        return textFormat("add it to the credentials that the section [%s] of %s names",
                          entry->section, file);
    if (entry->similar)
        return textFormat("add it to %s, in a section [auth-" ESX_AUTH_SERVICE "-%s]; the section "
                          "[%s] is not used for this host", file, uri->host, entry->similar);
    return textFormat("add it to %s, in a section [auth-" ESX_AUTH_SERVICE "-%s]", file, uri->host);
}

/*
 * A password, or else a user name, is missing. Replaces the report of libvirt's helpers, which is
 * missing or, depending on the version, names the failed operation, which is not the cause.
 */
static void
esxAuthReportMissing(virConnectAuthPtr auth, const EsxUri *uri, const EsxAuthEntry *entry,
                     gboolean isPassword)
{
    const char *what = isPassword ? "password" : "user name";
    const char *how = esxAuthCanAsk(auth, isPassword) ? ": the answer was empty"
                                                      : ", and no way to ask for it";
    g_autofree char *place = esxAuthPlace(uri, entry);

    esxReport(VIR_ERR_AUTH_FAILED, "no %s for '%s'%s; " TEXT_MESSAGE, what, uri->host, how, place);
}

/*
 * The files are already read: libvirt's helpers get no file, and only ask the client. They are not
 * called without a client, since they would log that as an error.
 */
static char *
esxAuthGetUserName(virConnectAuthPtr auth, const EsxUri *uri, const EsxAuthEntry *entry)
{
    const char *standard = esxAuthStandardUser(uri);
    g_autofree char *userName = g_strdup(uri->user ? uri->user : entry->userName);

    if (!userName && auth && auth->cb) {
        userName = virAuthGetUsernamePath(NULL, auth, ESX_AUTH_SERVICE, standard, uri->host);
        if (!userName) {
            esxAuthReportMissing(auth, uri, entry, FALSE /* isPassword */);
            return NULL;
        }
    }

    virResetLastError();
    return userName && *userName ? g_steal_pointer(&userName) : g_strdup(standard);
}

/*
 * A client without a terminal, such as one started by cron, gives an empty answer: libvirt's own
 * callback takes the end of its input for one.
 *
 * Returns: (transfer full), or NULL with a libvirt error.
 */
static Secret *
esxAuthAskPassword(virConnectAuthPtr auth, const EsxUri *uri, const EsxAuthEntry *entry,
                   const char *userName)
{
    Secret *secret = NULL;
    char *password = NULL;

    if (esxAuthCanAsk(auth, TRUE /* forPassword */))
        password = virAuthGetPasswordPath(NULL, auth, ESX_AUTH_SERVICE, userName, uri->host);
    if (password && *password)
        secret = secretNew(password);
    else
        esxAuthReportMissing(auth, uri, entry, TRUE /* isPassword */);
    secretEraseFree(password);
    return secret;
}

int
esxAuthGet(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri, char **ret_userName,
           Secret **ret_password)
{
    g_autoptr(EsxAuthEntry) entry = NULL;
    g_autofree char *userName = NULL;

    virResetLastError();
    entry = esxAuthLookup(conn, uri);
    userName = entry ? esxAuthGetUserName(auth, uri, entry) : NULL;
    if (!userName)
        return -1;

    if (!entry->password)
        entry->password = esxAuthAskPassword(auth, uri, entry, userName);
    if (!entry->password)
        return -1;

    *ret_password = g_steal_pointer(&entry->password);
    *ret_userName = g_steal_pointer(&userName);
    return 0;
}

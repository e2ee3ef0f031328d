/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* libvirt's connection callbacks: see esx_driver.h. How a connection is made is in esx_open.h. */

#include "esx_driver.h"

#include <stdlib.h>
#include <unistd.h>

#include "base_limits.h"
#include "base_text.h"
#include "esx_auth.h"
#include "esx_log.h"
#include "esx_report.h"
#include "esx_guests.h"
#include "esx_open.h"
#include "esx_logins.h"
#include "esx_stream.h"

VIR_LOG_INIT("esx.esx_driver");

/* The type name of libvirt's own ESX driver, for both esx:// and vpx://. */
#define ESX_TYPE "ESX"

#define ESX_PATH "/embed"

/* How long the exit of a process waits for its transfers, each time. */
#define ESX_DRIVER_EXIT_MS 500

/* ---- open and close -------------------------------------------------------------------------- */

/* Parses libvirt's URI. Returns: (transfer full), or NULL with a libvirt error. */
static EsxUri *
esxDriverParseUri(const virURI *uri)
{
    g_autofree EsxUriParameter *parameters = g_new0(EsxUriParameter, uri->paramsCount + 1);
    EsxUriSource source = {
        .scheme = uri->scheme,
        .user = uri->user,
        .host = uri->server,
        .port = uri->port,
        .fragment = uri->fragment,
        .parameters = parameters,
        .nparameters = uri->paramsCount,
    };
    g_autoptr(GError) error = NULL;
    EsxUri *parsed = NULL;
    size_t i;

    for (i = 0; i < uri->paramsCount; i++)
        parameters[i] = (EsxUriParameter) { uri->params[i].name, uri->params[i].value };

    parsed = esxUriNew(&source, &error);
    if (!parsed) {
        esxErrorReport(error, NULL);
        return NULL;
    }

    for (i = 0; i < parsed->warnings->len; i++)
        esxLog(VIR_LOG_WARN, "%s", (const char *)g_ptr_array_index(parsed->warnings, i));
    return parsed;
}

/* Data for a login. */
typedef struct {
    const EsxUri *uri;
    ViSession *session;         /* NULL: the server was not identified yet */
    char *userName;
    Secret *password;
    gboolean inDaemon;
} EsxDriverLogin;

static void
esxDriverLoginClear(EsxDriverLogin *login)
{
    viSessionFree(login->session);
    g_free(login->userName);
    secretFree(login->password);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxDriverLogin, esxDriverLoginClear)

/* EsxLoginsOpener */
static EsxServer *
esxDriverLogIn(gpointer opaque, GError **error)
{
    EsxDriverLogin *login = opaque;
    EsxServer *server = NULL;

    if (!login->session) {
        login->session = esxOpenSession(login->uri, error);
        if (!login->session)
            return NULL;
    }

    esxLog(VIR_LOG_DEBUG, "logging in to '%s' as '%s'", login->uri->host, login->userName);
    /* A user's own process can only lock out its own account when it renews the session. */
    if (login->inDaemon)
        esxRefusalsGuard(esxLoginsRefusals(esxLoginsDefault()), login->session, login->uri,
                         login->userName, login->password);
    server = esxOpenServer(g_steal_pointer(&login->session), login->uri, login->userName,
                           secretNew(secretText(login->password)), error);
    if (!server)
        return NULL;

    if (login->inDaemon)
        inventoryGoLive(server->inventory);
    else
        inventorySetBrief(server->inventory);
    return server;
}

static void
esxDriverLeave(EsxServer *server, gpointer lingerMs)
{
    esxLoginsLeave(esxLoginsDefault(), server, GPOINTER_TO_UINT(lingerMs));
}

static pid_t esxDriverPid;

/* Not in a child of this process, which does not have its threads. */
static void
esxDriverExit(void)
{
    if (getpid() != esxDriverPid)
        return;

    /* A temporary file of a transfer that cannot be deleted in that time is named in the log. */
    esxStreamsCancel();
    if (!esxStreamsAwait(ESX_DRIVER_EXIT_MS)) {
        viSessionEndTidying();
        esxStreamsAwait(ESX_DRIVER_EXIT_MS);
    }
    /* Requests of other threads end, and no logout waits longer than a second. */
    cancelRaise(esxServerCancelFlag());
    esxLoginsStopAtExit(esxLoginsDefault());
}

/* libcrypto cleans up at exit. It registered before, so the handler registered now runs first. */
static gpointer
esxDriverRegisterExit(gpointer unused G_GNUC_UNUSED)
{
    esxDriverPid = getpid();
    return GINT_TO_POINTER(atexit(esxDriverExit) == 0);
}

/*
 * The password comes first: without one there is no request. It is looked up in any case, since a
 * client shares a login only if it has the password itself.
 *
 * Returns: (transfer full) an open connection, or NULL with a libvirt error; then no session
 * remains.
 */
static EsxConnection *
esxDriverConnect(virConnectPtr conn, virConnectAuthPtr auth, const EsxUri *uri)
{
    static GOnce exitRegistered = G_ONCE_INIT;
    EsxLogins *logins = esxLoginsDefault();
    g_auto(EsxDriverLogin) login = { .uri = uri, .inDaemon = esxAuthInDaemon() };
    g_autoptr(GError) error = NULL;
    EsxConnection *connection = NULL;
    EsxServer *server = NULL;
    HttpIdentity identity;
    gboolean known = FALSE;

    if (esxAuthGet(conn, auth, uri, &login.userName, &login.password) < 0)
        return NULL;

    if (!esxLoginsKnows(logins, uri)) {
        login.session = esxOpenSession(uri, &error);
        if (!login.session) {
            esxErrorReport(error, NULL);
            return NULL;
        }
    }

    known = login.session && viSessionIdentity(login.session, &identity);
    server = esxLoginsJoin(logins, uri, known ? &identity : NULL, login.userName,
                           login.password, esxDriverLogIn, &login, &error);
    if (!server) {
        esxErrorReport(error, NULL);
        return NULL;
    }

    g_once(&exitRegistered, esxDriverRegisterExit, NULL);
    /*
     * A client process often ends soon after this. libvirtd closes connections on its main loop,
     * which must not wait for a server: a thread logs out, even with linger=0.
     */
    connection = esxOpenConnection(server, uri, esxDriverLeave,
                                   GUINT_TO_POINTER(login.inDaemon ? MAX(uri->lingerMs, 1) : 0));
    connection->isGuest = uri->isGuest;
    if (login.inDaemon) {
        connection->closeMs = 0;
        connection->listBytes = LIMIT_LIST_BYTES;
    }
    return connection;
}

static virDrvOpenStatus
esxConnectOpen(virConnectPtr conn, virConnectAuthPtr auth, virConf *conf G_GNUC_UNUSED,
               unsigned int flags)
{
    g_autoptr(EsxUri) uri = NULL;
    g_autoptr(PlacesVisit) visit = NULL;
    g_autoptr(GError) error = NULL;

    virCheckFlags(VIR_CONNECT_RO | VIR_CONNECT_NO_ALIASES, VIR_DRV_OPEN_ERROR);

    /* esx://host/ belongs to libvirt's own driver, which may follow this one in its table. */
    if (g_strcmp0(conn->uri->path, ESX_PATH) != 0)
        return VIR_DRV_OPEN_DECLINED;

    uri = esxDriverParseUri(conn->uri);
    if (!uri ||
        virConnectOpenEnsureACL(conn) < 0 ||
        esxAuthCheckUri(conn, uri) < 0)
        return VIR_DRV_OPEN_ERROR;

    if (uri->isGuest)
        visit = esxGuestsVisit();
    /* At once: a login that others wait for must not fail because a guest has no place. */
    if (!placesAwait(&error)) {
        esxErrorReport(error, "cannot connect to '%s'", uri->host);
        return VIR_DRV_OPEN_ERROR;
    }
    conn->privateData = esxDriverConnect(conn, auth, uri);
    return conn->privateData ? VIR_DRV_OPEN_SUCCESS : VIR_DRV_OPEN_ERROR;
}

static int
esxConnectClose(virConnectPtr conn)
{
    esxConnectionFree(g_steal_pointer(&conn->privateData));
    return 0;
}

/* ---- about the connection -------------------------------------------------------------------- */

static int
esxConnectSupportsFeature(virConnectPtr conn, int feature)
{
    int supported = 0;

    if (virConnectSupportsFeatureEnsureACL(conn) < 0)
        return -1;

    /*
     * libvirt itself answers for its own features; the others are about migration, and not
     * supported.
     */
    virDriverFeatureIsGlobal((virDrvFeature)feature, &supported);
    return supported;
}

static const char *
esxConnectGetType(virConnectPtr conn)
{
    return virConnectGetTypeEnsureACL(conn) < 0 ? NULL : ESX_TYPE;
}

static int
esxConnectIsEncrypted(virConnectPtr conn)
{
    const EsxConnection *connection = conn->privateData;

    return connection->encrypted ? 1 : 0;
}

static int
esxConnectIsSecure(virConnectPtr conn)
{
    const EsxConnection *connection = conn->privateData;

    return connection->secure ? 1 : 0;
}

static int
esxConnectIsAlive(virConnectPtr conn)
{
    const EsxConnection *connection = conn->privateData;

    return viSessionIsUsable(connection->session) ? 1 : 0;
}

/*
 * Each request has a limit of its own, so that nothing needs to be kept alive. virsh and
 * virt-manager ask for it at each open, and libvirt would log an error.
 *
 * Returns: 1, which for libvirt means that the other side does not support it.
 */
static int
esxConnectSetKeepAlive(virConnectPtr conn G_GNUC_UNUSED, int interval G_GNUC_UNUSED,
                       unsigned int count G_GNUC_UNUSED)
{
    return 1;
}

/* "8.0.3" in libvirt's encoding: 1000000 * major + 1000 * minor + micro. Missing parts are 0. */
static int
esxConnectGetVersion(virConnectPtr conn, unsigned long *version)
{
    const EsxConnection *connection = conn->privateData;
    const char *text = viSessionAbout(connection->session)->version;
    unsigned long parts[3] = { 0 };
    const char *next = text;
    size_t i;

    if (virConnectGetVersionEnsureACL(conn) < 0)
        return -1;

    for (i = 0; i < G_N_ELEMENTS(parts) && g_ascii_isdigit(*next); i++) {
        char *end = NULL;

        parts[i] = (unsigned long)MIN(g_ascii_strtoull(next, &end, 10), 999);
        next = *end == '.' ? end + 1 : end;
    }

    if (i == 0) {
        esxReport(VIR_ERR_INTERNAL_ERROR,
                  "the server reported the version '%s', which is not a number", text);
        return -1;
    }

    *version = 1000000 * parts[0] + 1000 * parts[1] + parts[2];
    return 0;
}

/* The host's own name; for a vCenter, the name in the URI. */
static char *
esxConnectGetHostname(virConnectPtr conn)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    const EsxConnection *connection = conn->privateData;
    g_autoptr(InventorySnapshot) snapshot = NULL;
    g_autoptr(GError) error = NULL;
    const char *name = NULL;

    if (virConnectGetHostnameEnsureACL(conn) < 0)
        return NULL;

    if (viSessionAbout(connection->session)->product == VI_PRODUCT_ESX) {
        snapshot = inventoryAcquire(connection->inventory, connection->options.cacheTtlMs, &error);
        if (!snapshot) {
            esxErrorReport(error, NULL);
            return NULL;
        }
        name = inventorySnapshotHostName(snapshot);
    }

    return g_strdup(name ? name : connection->host);
}

/*
 * Clients parse this on opening: the architecture (that of all ESX versions before those for ARM,
 * whose storage is no different), no guests.
 */
static char *
esxConnectGetCapabilities(virConnectPtr conn)
{
    g_autoptr(virCaps) caps = NULL;

    if (virConnectGetCapabilitiesEnsureACL(conn) < 0)
        return NULL;

    caps = virCapabilitiesNew(VIR_ARCH_X86_64, false, false);
    return caps ? virCapabilitiesFormatXML(caps) : NULL;
}

/*
 * virt-manager asks with every poll, and closes the connection if there is no answer, or if it is
 * 0. The server is asked once.
 */
static int
esxNodeGetInfo(virConnectPtr conn, virNodeInfoPtr info)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    const EsxConnection *connection = conn->privateData;
    g_autoptr(GError) error = NULL;
    const InventoryHardware *hardware = NULL;
    const char *end = NULL;

    if (virNodeGetInfoEnsureACL(conn) < 0)
        return -1;

    hardware = esxServerHardware(connection->server, &error);
    if (!hardware) {
        esxErrorReport(error, NULL);
        return -1;
    }
    if (hardware->memoryBytes == 0 || hardware->threads == 0) {
        esxReport(VIR_ERR_OPERATION_FAILED, TEXT_MESSAGE,
                  "the server did not report processors and memory of its hosts");
        return -1;
    }

    *info = (virNodeInfo) {
        .memory = (unsigned long)(hardware->memoryBytes / 1024),
        .cpus = hardware->threads,
        .mhz = hardware->mhz,
        .nodes = 1,
        .sockets = 1,
        .cores = hardware->threads,
        .threads = 1,
    };
    g_strlcpy(info->model, hardware->cpuModel ? hardware->cpuModel : "", sizeof(info->model));
    g_utf8_validate(info->model, -1, &end);
    info->model[end - info->model] = '\0';  /* do not cut a character if the name is too long */

    /*
     * Sums over different hosts may not divide evenly; then libvirt requires one socket with all
     * processors.
     */
    if (hardware->packages > 0 && hardware->cores > 0 &&
        hardware->cores % hardware->packages == 0 && hardware->threads % hardware->cores == 0) {
        info->sockets = hardware->packages;
        info->cores = hardware->cores / hardware->packages;
        info->threads = hardware->threads / hardware->cores;
    }
    return 0;
}

/* ---- domains: there are none ----------------------------------------------------------------- */

#define NO_DOMAIN "this driver shows storage only, so there is no domain "

static int
esxConnectNumOfDomains(virConnectPtr conn)
{
    return virConnectNumOfDomainsEnsureACL(conn) < 0 ? -1 : 0;
}

static int
esxConnectListDomains(virConnectPtr conn, int *ids G_GNUC_UNUSED, int maxids G_GNUC_UNUSED)
{
    return virConnectListDomainsEnsureACL(conn) < 0 ? -1 : 0;
}

static int
esxConnectNumOfDefinedDomains(virConnectPtr conn)
{
    return virConnectNumOfDefinedDomainsEnsureACL(conn) < 0 ? -1 : 0;
}

static int
esxConnectListDefinedDomains(virConnectPtr conn, char **const names G_GNUC_UNUSED,
                             int maxnames G_GNUC_UNUSED)
{
    return virConnectListDefinedDomainsEnsureACL(conn) < 0 ? -1 : 0;
}

static int
esxConnectListAllDomains(virConnectPtr conn, virDomainPtr **domains, unsigned int flags)
{
    virCheckFlags(VIR_CONNECT_LIST_DOMAINS_FILTERS_ALL, -1);

    if (virConnectListAllDomainsEnsureACL(conn) < 0)
        return -1;

    /* the list ends with NULL */
    if (domains)
        *domains = g_new0(virDomainPtr, 1);
    return 0;
}

static virDomainPtr
esxDomainLookupByID(virConnectPtr conn G_GNUC_UNUSED, int id)
{
    esxReport(VIR_ERR_NO_DOMAIN, NO_DOMAIN "with id %d", id);
    return NULL;
}

static virDomainPtr
esxDomainLookupByUUID(virConnectPtr conn G_GNUC_UNUSED, const unsigned char *uuid)
{
    char text[VIR_UUID_STRING_BUFLEN];

    virUUIDFormat(uuid, text);
    esxReport(VIR_ERR_NO_DOMAIN, NO_DOMAIN "with UUID '%s'", text);
    return NULL;
}

static virDomainPtr
esxDomainLookupByName(virConnectPtr conn G_GNUC_UNUSED, const char *name)
{
    esxReport(VIR_ERR_NO_DOMAIN, NO_DOMAIN "'%s'", name);
    return NULL;
}

virHypervisorDriver esxHypervisorDriver = {
    .name                         = ESX_TYPE,
    .connectOpen                  = esxConnectOpen,
    .connectClose                 = esxConnectClose,
    .connectSupportsFeature       = esxConnectSupportsFeature,
    .connectGetType               = esxConnectGetType,
    .connectGetVersion            = esxConnectGetVersion,
    .connectGetHostname           = esxConnectGetHostname,
    .connectGetCapabilities       = esxConnectGetCapabilities,
    .nodeGetInfo                  = esxNodeGetInfo,
    .connectIsEncrypted           = esxConnectIsEncrypted,
    .connectIsSecure              = esxConnectIsSecure,
    .connectIsAlive               = esxConnectIsAlive,
    .connectSetKeepAlive          = esxConnectSetKeepAlive,
    .connectNumOfDomains          = esxConnectNumOfDomains,
    .connectListDomains           = esxConnectListDomains,
    .connectNumOfDefinedDomains   = esxConnectNumOfDefinedDomains,
    .connectListDefinedDomains    = esxConnectListDefinedDomains,
    .connectListAllDomains        = esxConnectListAllDomains,
    .domainLookupByID             = esxDomainLookupByID,
    .domainLookupByUUID           = esxDomainLookupByUUID,
    .domainLookupByName           = esxDomainLookupByName,
};

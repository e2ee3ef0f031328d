/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Tickets for files, and the hosts that accept them. */

#include "vi_ticket.h"

#include <string.h>

#include "base_cached.h"
#include "base_limits.h"
#include "base_recent.h"
#include "base_text.h"
#include "http_trust.h"
#include "vi_collector.h"
#include "vi_transfer_url.h"
#include "vi_property.h"


struct _ViTickets {
    ViSession *session;
    ViTransportFactory factory;     /* NULL: no tickets */
    gpointer opaque;

    GMutex lock;                    /* guards what follows */
    Recent *routes;                 /* value of the datastore's reference → Route */
};

/*
 * The host for one datastore. Users without the lock hold references, because the table may drop
 * it.
 */
typedef struct {
    gatomicrefcount refs;
    ViSession *session;
    SoapMoRef datastore;            /* owns its strings */
    Cached *host;                    /* GRefString: a host's name */
    gint64 avoidUntil;              /* monotonic; guarded by ViTickets.lock */
} Route;

/* ---- the host ------------------------------------------------------------------------------- */

/* For one retrieval of properties of a few objects. */
typedef struct {
    VimPropertyFilterSpec spec;
    VimPropertySpec property;
    VimPropertySpec *properties[1];
    VimObjectSpec object[LIMIT_TICKET_HOSTS];
    VimObjectSpec *objects[LIMIT_TICKET_HOSTS];
} Question;

static void
questionInit(Question *question, const char *type, const char **paths, size_t npaths)
{
    question->spec = (VimPropertyFilterSpec) VIM_INIT(PropertyFilterSpec);
    question->property = (VimPropertySpec) VIM_INIT(PropertySpec);
    question->property.type = type;
    question->property.pathSet = paths;
    question->property.n_pathSet = npaths;
    question->properties[0] = &question->property;
    question->spec.propSet = question->properties;
    question->spec.n_propSet = 1;
    question->spec.objectSet = question->objects;
}

/* Objects beyond LIMIT_TICKET_HOSTS are left out. */
static void
questionAdd(Question *question, const SoapMoRef *ref)
{
    size_t n = question->spec.n_objectSet;

    if (n == LIMIT_TICKET_HOSTS)
        return;
    question->object[n] = (VimObjectSpec) VIM_INIT(ObjectSpec);
    question->object[n].obj = (SoapMoRef *)ref;
    question->objects[n] = &question->object[n];
    question->spec.n_objectSet++;
}

/* Not every server sends "mounted" and "accessible". */
static gboolean
isUsableMount(const VimDatastoreHostMount *mount)
{
    const VimHostMountInfo *info = mount->mountInfo;

    return mount->key && info && g_strcmp0(info->accessMode, VIM_HOST_MOUNT_MODE_READ_WRITE) == 0 &&
           (!info->has_mounted || info->mounted) && (!info->has_accessible || info->accessible);
}

static gboolean
isUsableHost(const VimObjectContent *host)
{
    const char *name = viAnyString(viObjectProperty(host, "name"));
    const char *connection = viAnyString(viObjectProperty(host, "runtime.connectionState"));
    const char *power = viAnyString(viObjectProperty(host, "runtime.powerState"));
    g_autofree char *address = NULL;
    gboolean maintenance = FALSE;
    guint port = 0;

    viAnyBool(viObjectProperty(host, "runtime.inMaintenanceMode"), &maintenance);
    return name && viTransferUrlSplitHost(name, &address, &port) && !maintenance &&
           g_strcmp0(connection, "connected") == 0 && (!power || g_str_equal(power, "poweredOn"));
}

/* Adds the hosts that have mounted @datastore accessibly and for writing. */
static gboolean
addHosts(Question *question, const ViObjects *objects, const SoapMoRef *datastore, GError **error)
{
    guint i;

    for (i = 0; i < objects->objects->len; i++) {
        size_t n = 0;
        SoapObject *const *mounts =
            viAnyObjects(viObjectProperty(g_ptr_array_index(objects->objects, i), "host"), &n);
        size_t j;

        for (j = 0; j < n; j++) {
            const VimDatastoreHostMount *mount =
                soapObjectCast(mounts[j], &vimDatastoreHostMountType);

            if (mount && isUsableMount(mount))
                questionAdd(question, mount->key);
        }
    }
    if (question->spec.n_objectSet > 0)
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_NOT_FOUND,
                "no host has the datastore '%s' mounted for writing", datastore->value);
    return FALSE;
}

/* CachedOps.prove: asks for the hosts of the datastore, then for their state. */
static gpointer
proveHost(gpointer opaque, gpointer current G_GNUC_UNUSED, gint64 deadline G_GNUC_UNUSED,
          GError **error)
{
    static const char *mountPaths[] = { "host" };
    static const char *hostPaths[] = {
        "name", "runtime.connectionState", "runtime.powerState", "runtime.inMaintenanceMode",
    };
    const Route *route = opaque;
    g_autoptr(ViObjects) mounts = NULL;
    g_autoptr(ViObjects) hosts = NULL;
    g_autofree Question *about = g_new0(Question, 2);
    guint i;

    questionInit(&about[0], "Datastore", mountPaths, G_N_ELEMENTS(mountPaths));
    questionAdd(&about[0], &route->datastore);
    mounts = viCollectorRetrieve(route->session, &about[0].spec, error);
    if (!mounts)
        return NULL;

    questionInit(&about[1], "HostSystem", hostPaths, G_N_ELEMENTS(hostPaths));
    if (!addHosts(&about[1], mounts, &route->datastore, error))
        return NULL;
    hosts = viCollectorRetrieve(route->session, &about[1].spec, error);
    if (!hosts)
        return NULL;

    for (i = 0; i < hosts->objects->len; i++) {
        const VimObjectContent *host = g_ptr_array_index(hosts->objects, i);

        if (isUsableHost(host))
            return g_ref_string_new(viAnyString(viObjectProperty(host, "name")));
    }
    textToError(error, VI_ERROR, VI_ERROR_NOT_FOUND,
                "no host of the datastore '%s' is connected and in operation",
                route->datastore.value);
    return NULL;
}

static gpointer
refHost(gpointer value)
{
    return g_ref_string_acquire(value);
}

static void
unrefHost(gpointer value)
{
    g_ref_string_release(value);
}

/* ---- routes --------------------------------------------------------------------------------- */

static Route *
routeNew(ViSession *session, const SoapMoRef *datastore)
{
    static const CachedOps ops = { proveHost, refHost, unrefHost };
    Route *route = g_new0(Route, 1);

    g_atomic_ref_count_init(&route->refs);
    route->session = session;
    route->datastore.type = g_strdup(datastore->type);
    route->datastore.value = g_strdup(datastore->value);
    route->host = cachedNew(&ops, route);
    return route;
}

static void
routeUnref(gpointer data)
{
    Route *route = data;

    if (!route || !g_atomic_ref_count_dec(&route->refs))
        return;
    cachedFree(route->host);
    g_free((char *)route->datastore.type);
    g_free((char *)route->datastore.value);
    g_free(route);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Route, routeUnref)

ViTickets *
viTicketsNew(ViSession *session)
{
    ViTickets *tickets = g_new0(ViTickets, 1);

    tickets->session = session;
    g_mutex_init(&tickets->lock);
    /* A route takes a few hundred bytes, with limited names, so its weight is 0. */
    tickets->routes = recentNew(LIMIT_KEPT_DATASTORES, G_MAXSIZE, routeUnref);
    return tickets;
}

void
viTicketsFree(ViTickets *tickets)
{
    if (!tickets)
        return;
    recentFree(tickets->routes);
    g_mutex_clear(&tickets->lock);
    g_free(tickets);
}

void
viTicketsSetHosts(ViTickets *tickets, ViTransportFactory factory, gpointer opaque)
{
    tickets->factory = factory;
    tickets->opaque = opaque;
}

/* Returns: (transfer none) the route to @datastore, which the next lookup may remove. */
static Route *
lockedRoute(ViTickets *tickets, const SoapMoRef *datastore)
{
    Route *route = recentFind(tickets->routes, datastore->value);

    if (!route) {
        route = routeNew(tickets->session, datastore);
        recentAdd(tickets->routes, datastore->value, route);
    }
    return route;
}

/*
 * Returns: (transfer full) the route to @file's datastore; NULL if there is none, or none for now.
 */
static Route *
findRoute(ViTickets *tickets, const ViFile *file)
{
    g_autoptr(GMutexLocker) locker = NULL;
    Route *route;

    if (!tickets->factory || !file->datastoreRef ||
        viSessionAbout(tickets->session)->product != VI_PRODUCT_VPX)
        return NULL;

    locker = g_mutex_locker_new(&tickets->lock);
    route = lockedRoute(tickets, file->datastoreRef);
    if (g_get_monotonic_time() < route->avoidUntil)
        return NULL;
    g_atomic_ref_count_inc(&route->refs);
    return route;
}

void
viTicketsAvoid(ViTickets *tickets, const ViFile *file)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&tickets->lock);
    Route *route;

    if (!file->datastoreRef)
        return;
    route = lockedRoute(tickets, file->datastoreRef);
    route->avoidUntil = g_get_monotonic_time() + (gint64)VI_TICKET_AVOID_MS * 1000;
    cachedExpire(route->host);
}

/* ---- tickets -------------------------------------------------------------------------------- */

void
viTicketFree(ViTicket *ticket)
{
    if (!ticket)
        return;
    httpTransportFree(ticket->transport);
    secretEraseFree(ticket->cookie);
    g_free(ticket->path);
    g_free(ticket);
}

/* Asks vCenter for a ticket to @url. */
static SoapReply *
askTicket(ViSession *session, const char *method, const char *url, const Cancel *cancel,
          GError **error)
{
    VimSessionManagerHttpServiceRequestSpec spec = VIM_INIT(SessionManagerHttpServiceRequestSpec);
    VimAcquireGenericServiceTicketRequest args = VIM_INIT(AcquireGenericServiceTicketRequest);
    ViCallOptions options = { .cancel = cancel };

    if (g_str_equal(method, "PUT"))
        spec.method = VIM_SESSION_MANAGER_HTTP_SERVICE_REQUEST_SPEC_METHOD_HTTP_PUT;
    else if (g_str_equal(method, "HEAD"))
        spec.method = VIM_SESSION_MANAGER_HTTP_SERVICE_REQUEST_SPEC_METHOD_HTTP_HEAD;
    else
        spec.method = VIM_SESSION_MANAGER_HTTP_SERVICE_REQUEST_SPEC_METHOD_HTTP_GET;
    spec.url = url;
    args.self = viSessionServices(session)->sessionManager;
    args.spec = &spec.base;
    return viCall(session, &vimMethodAcquireGenericServiceTicket, &args, &options, error);
}

/* SHA-256 if the server has it. Returns: (transfer none), or NULL. */
static const char *
thumbprintOf(const VimSessionManagerGenericServiceTicket *ticket)
{
    size_t i;

    for (i = 0; i < ticket->n_certThumbprintList; i++) {
        const char *text = ticket->certThumbprintList[i]->thumbprint;

        if (httpThumbprintParse(text, NULL) == HTTP_SHA256_BYTES)
            return text;
    }
    return ticket->sslThumbprint && *ticket->sslThumbprint ? ticket->sslThumbprint : NULL;
}

/* Whether @id can be the value of a cookie unchanged, and is not longer than a ticket may be. */
static gboolean
isCookieValue(const char *id)
{
    const char *p;

    for (p = id; p && *p; p++) {
        if (!g_ascii_isgraph(*p) || strchr(";,\\", *p))
            return FALSE;
    }
    return id && *id && strlen(id) <= LIMIT_TICKET_BYTES;
}

/* A host without a configured name calls itself localhost. */
static gboolean
isHostName(const char *name)
{
    return name && *name && !g_str_equal(name, "localhost.localdomain") &&
           !g_str_equal(name, "localhost");
}

/* Makes the transport to the host of @ticket, and the cookie. */
static ViTicket *
openTicket(ViTickets *tickets, const VimSessionManagerGenericServiceTicket *ticket,
           const char *ownName, const char *path, GError **error)
{
    const char *name = ticket && isHostName(ticket->hostName) ? ticket->hostName : ownName;
    const char *thumbprint = ticket ? thumbprintOf(ticket) : NULL;
    g_autofree char *host = NULL;
    HttpTransport *transport;
    ViTicket *opened;
    guint port = 0;

    if (!ticket || !isCookieValue(ticket->id) || !viTransferUrlSplitHost(name, &host, &port) ||
        (thumbprint && httpThumbprintParse(thumbprint, NULL) == 0)) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "AcquireGenericServiceTicket: the server sent a ticket that cannot be used");
        return NULL;
    }

    transport = tickets->factory(host, port, thumbprint, tickets->opaque, error);
    if (!transport)
        return NULL;
    opened = g_new0(ViTicket, 1);
    opened->transport = transport;
    opened->path = g_strdup(path);
    opened->cookie = g_strdup_printf("Cookie: vmware_cgi_ticket=%s", ticket->id);
    return opened;
}

ViTicket *
viTicketAcquire(ViTickets *tickets, const ViFile *file, const char *method, const char *path,
                const Cancel *cancel)
{
    g_autoptr(Route) route = findRoute(tickets, file);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) error = NULL;
    ViTicket *opened = NULL;
    char *host;

    if (!route)
        return NULL;

    host = cachedAcquire(route->host, (gint64)VI_TICKET_HOST_MS * 1000,
                         (gint64)viSessionTimeoutMs(tickets->session) * 1000, &error);
    if (host) {
        g_autofree char *authority = viTransferUrlAuthority(host, 443);
        g_autofree char *url = g_strconcat("https://", authority, path, NULL);

        reply = askTicket(tickets->session, method, url, cancel, &error);
    }
    if (reply)
        opened = openTicket(tickets,
                            ((VimAcquireGenericServiceTicketResponse *)reply->body)->returnval,
                            host, path, &error);
    if (host)
        unrefHost(host);
    if (!opened && !g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED))
        viTicketsAvoid(tickets, file);
    return opened;
}

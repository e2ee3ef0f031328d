/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The module's two entry points. */

#include "esx_module.h"

#include "base_thread.h"
#include "esx_auth.h"
#include "esx_driver.h"
#include "esx_logins.h"
#include "esx_server.h"
#include "esx_storage_driver.h"
#include "esx_stream.h"

/*
 * How long running calls and transfers have to clean up when libvirtd stops. libvirtd waits for its
 * calls, and then for the logouts; all of it must take less than five seconds, whether the servers
 * answer or not.
 */
#define TIDY_MS 2000

/* How long cancelled requests may take to notice it. */
#define END_MS 500

static const char *esxSchemes[] = { "esx", NULL };
static const char *vpxSchemes[] = { "vpx", NULL };

/*
 * embeddable makes libvirt load the module for URIs with the path /embed; remoteOnly makes it ask
 * for a server. libvirt keeps pointers to these until the process ends.
 */
static virConnectDriver esxConnectDriver = {
    .localOnly = false,
    .remoteOnly = true,
    .embeddable = true,
    .uriSchemes = esxSchemes,
    .hypervisorDriver = &esxHypervisorDriver,
    .storageDriver = &esxStorageDriver,
};

static virConnectDriver vpxConnectDriver = {
    .localOnly = false,
    .remoteOnly = true,
    .embeddable = true,
    .uriSchemes = vpxSchemes,
    .hypervisorDriver = &esxHypervisorDriver,
    .storageDriver = &esxStorageDriver,
};

/* The thread esx-end. */
static gpointer
esxEndTidying(gpointer unused G_GNUC_UNUSED)
{
    g_usleep(TIDY_MS * 1000);
    viSessionEndTidying();
    return NULL;
}

/*
 * libvirtd is stopping: calls no longer wait for servers, and tasks and transfers are cancelled.
 * Called on its main loop.
 */
static int
esxStateShutdownPrepare(void)
{
    GThread *thread = NULL;

    cancelRaise(esxServerCancelFlag());
    esxStreamsCancel();
    thread = threadStart("esx-end", esxEndTidying, NULL, NULL);
    if (thread)
        g_thread_unref(thread);
    else
        viSessionEndTidying();
    return 0;
}

/*
 * The running calls have ended. Called on a separate thread, for which libvirtd waits 30 seconds
 * before it aborts.
 */
static int
esxStateShutdownWait(void)
{
    esxStreamsAwait(TIDY_MS + END_MS);
    esxLoginsFlush(esxLoginsDefault());
    return 0;
}

/* libvirtd's main loop has ended. Some open connections will not be closed. */
static int
esxStateCleanup(void)
{
    esxLoginsStop(esxLoginsDefault());
    return 0;
}

/* Without it, the end of libvirtd would wait for all running calls. */
static virStateDriver esxStateDriver = {
    .name = "ESX",
    .stateShutdownPrepare = esxStateShutdownPrepare,
    .stateShutdownWait = esxStateShutdownWait,
    .stateCleanup = esxStateCleanup,
};

/* virErrorLogPriorityFunc: nothing is logged of what esxNeedAccessManager() asks. */
static int
esxKeepFromLog(virErrorPtr error, int priority)
{
    return error->domain == VIR_FROM_ACCESS && error->code == VIR_ERR_INTERNAL_ERROR ? 0 : priority;
}

/*
 * libvirt makes a client's access manager when it first opens such a URI. It asks for one before,
 * and logs an error if there is none; but it calls the functions below before that. A daemon has
 * one, and a filter of its log.
 */
static int
esxNeedAccessManager(void)
{
    virAccessManager *manager = NULL;

    if (esxAuthInDaemon())
        return 0;

    virSetErrorLogPriorityFunc(esxKeepFromLog);
    manager = virAccessManagerGetDefault();
    virSetErrorLogPriorityFunc(NULL);
    if (!manager) {
        virResetLastError();
        manager = virAccessManagerNew("none");
        if (!manager)
            return -1;
        virAccessManagerSetDefault(manager);
    }
    virObjectUnref(manager);
    return 0;
}

/* libvirt's own table has no lock, and any thread may open a connection. */
static GMutex registerLock;

static int
esxRegisterOnce(virConnectDriver *driver, gboolean *registered)
{
    static gboolean stateRegistered;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&registerLock);

    if (*registered)
        return 0;
    if (esxNeedAccessManager() < 0)
        return -1;
    if (!stateRegistered && virRegisterStateDriver(&esxStateDriver) < 0)
        return -1;
    stateRegistered = TRUE;
    if (virRegisterConnectDriver(driver, false) < 0)
        return -1;

    *registered = TRUE;
    return 0;
}

int
esxRegister(void)
{
    static gboolean registered;

    return esxRegisterOnce(&esxConnectDriver, &registered);
}

int
vpxRegister(void)
{
    static gboolean registered;

    return esxRegisterOnce(&vpxConnectDriver, &registered);
}

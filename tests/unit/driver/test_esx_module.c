/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The entry points, called as libvirt calls them: at every open, from any thread. */

#include "esx_module.h"

#include <string.h>

#include "esx_libvirt.h"

#define THREADS 8

/* More than libvirt's table has room for. */
#define CALLS 100

static gpointer
registerOften(gpointer data G_GNUC_UNUSED)
{
    int i;

    for (i = 0; i < CALLS; i++) {
        if (esxRegister() != 0 || vpxRegister() != 0)
            return GINT_TO_POINTER(1);
    }
    return NULL;
}

static void
testRegisterOften(void)
{
    GThread *threads[THREADS] = { NULL };
    size_t i;

    for (i = 0; i < THREADS; i++)
        threads[i] = g_thread_new("registers", registerOften, NULL);
    for (i = 0; i < THREADS; i++)
        g_assert_null(g_thread_join(threads[i]));
}

/* libvirt finds the driver for both schemes: the error is one of its own. */
static void
testFound(void)
{
    static const char *uris[] = {
        "esx://h/embed?root=/x&no_verify=2", "vpx://h/embed?root=/x&no_verify=2",
    };
    size_t i;

    g_assert_cmpint(esxRegister(), ==, 0);
    g_assert_cmpint(vpxRegister(), ==, 0);
    for (i = 0; i < G_N_ELEMENTS(uris); i++) {
        virResetLastError();
        g_assert_null(virConnectOpen(uris[i]));
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
        g_assert_nonnull(strstr(virGetLastErrorMessage(), "no_verify"));
    }
    virResetLastError();
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    /* no module from a file: this program has the entry points itself */
    g_setenv("LIBVIRT_DRIVER_DIR", "/nonexistent", TRUE);
    g_assert_cmpint(virInitialize(), ==, 0);
    g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/module/register-often", testRegisterOften);
    g_test_add_func("/module/found", testFound);
    return g_test_run();
}

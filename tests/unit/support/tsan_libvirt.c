/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Tells ThreadSanitizer of what libvirt hands from one thread to another by means it does not see:
 * its event loop is GLib's, and its objects are counted by GObject, and neither is built with it.
 * Linked to the tests that run the loop, and preloaded into the processes that load the driver;
 * these functions stand before libvirt's own.
 */

#include <dlfcn.h>
#include <glib.h>
#include <libvirt/libvirt.h>
#include <sanitizer/tsan_interface.h>

/* What a callback is wrapped in: that of a handle, or of a timeout. */
typedef struct {
    virEventHandleCallback cb;
    virEventTimeoutCallback timeoutCb;
    void *opaque;
    virFreeCallback ff;
} Handed;

static void
call(int watch, int fd, int events, void *opaque)
{
    Handed *handed = opaque;

    __tsan_acquire(handed);
    handed->cb(watch, fd, events, handed->opaque);
}

static void
callTimeout(int timer, void *opaque)
{
    Handed *handed = opaque;

    __tsan_acquire(handed);
    handed->timeoutCb(timer, handed->opaque);
}

static void
handedFree(void *opaque)
{
    Handed *handed = opaque;

    __tsan_acquire(handed);
    if (handed->ff)
        handed->ff(handed->opaque);
    g_free(handed);
}

int
virEventAddHandle(int fd, int events, virEventHandleCallback cb, void *opaque, virFreeCallback ff)
{
    __typeof__(&virEventAddHandle) next = dlsym(RTLD_NEXT, "virEventAddHandle");
    Handed *handed = g_new0(Handed, 1);
    int watch;

    *handed = (Handed){ .cb = cb, .opaque = opaque, .ff = ff };
    __tsan_release(handed);
    watch = next(fd, events, call, handed, handedFree);
    if (watch < 0)
        g_free(handed);
    return watch;
}

int
virEventAddTimeout(int frequency, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    __typeof__(&virEventAddTimeout) next = dlsym(RTLD_NEXT, "virEventAddTimeout");
    Handed *handed = g_new0(Handed, 1);
    int timer;

    *handed = (Handed){ .timeoutCb = cb, .opaque = opaque, .ff = ff };
    __tsan_release(handed);
    timer = next(frequency, callTimeout, handed, handedFree);
    if (timer < 0)
        g_free(handed);
    return timer;
}

/* Of libvirt's private API. */
void virObjectUnref(void *object);

/* Whoever frees an object comes after all who have given their references up. */
void
virObjectUnref(void *object)
{
    __typeof__(&virObjectUnref) next = dlsym(RTLD_NEXT, "virObjectUnref");

    __tsan_release(object);
    __tsan_acquire(object);
    next(object);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "loop_fixture.h"

#include <libvirt/libvirt.h>

#ifdef __SANITIZE_THREAD__

# include <dlfcn.h>
# include <sanitizer/tsan_interface.h>

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

/*
 * These stand before libvirt's: the loop hands a handle or a timeout from the thread that adds it
 * to the one that calls it, by locks that TSan does not see.
 */
int
virEventAddHandle(int fd, int events, virEventHandleCallback cb, void *opaque, virFreeCallback ff)
{
    __typeof__(&virEventAddHandle) next = dlsym(RTLD_NEXT, "virEventAddHandle");
    Handed *handed = g_new0(Handed, 1);

    *handed = (Handed){ .cb = cb, .opaque = opaque, .ff = ff };
    __tsan_release(handed);
    return next(fd, events, call, handed, handedFree);
}

int
virEventAddTimeout(int frequency, virEventTimeoutCallback cb, void *opaque, virFreeCallback ff)
{
    __typeof__(&virEventAddTimeout) next = dlsym(RTLD_NEXT, "virEventAddTimeout");
    Handed *handed = g_new0(Handed, 1);

    *handed = (Handed){ .timeoutCb = cb, .opaque = opaque, .ff = ff };
    __tsan_release(handed);
    return next(frequency, callTimeout, handed, handedFree);
}

/* Likewise: whoever frees an object comes after all who have given their references up. */
void virObjectUnref(void *object);

void
virObjectUnref(void *object)
{
    __typeof__(&virObjectUnref) next = dlsym(RTLD_NEXT, "virObjectUnref");

    __tsan_release(object);
    __tsan_acquire(object);
    next(object);
}

#endif

#define PATIENCE_MS (20 * 1000)

static void
expire(int timer G_GNUC_UNUSED, void *opaque)
{
    gint *over = opaque;

    *over = 1;
}

void
loopInit(void)
{
    g_assert_cmpint(virEventRegisterDefaultImpl(), ==, 0);
}

static gboolean
runUntil(const gint *flag, guint ms)
{
    gint over = 0;
    int timer = virEventAddTimeout((int)ms, expire, &over, NULL);

    while (!over && !(flag && g_atomic_int_get(flag)))
        g_assert_cmpint(virEventRunDefaultImpl(), ==, 0);
    virEventRemoveTimeout(timer);
    return !over;
}

void
loopUntil(const gint *flag)
{
    if (!runUntil(flag, PATIENCE_MS))
        g_error("the event loop has brought nothing within %u ms", PATIENCE_MS);
    /* What was removed is freed by the loop, a step later. */
    runUntil(NULL, 1);
}

void
loopFor(guint ms)
{
    runUntil(NULL, ms);
}

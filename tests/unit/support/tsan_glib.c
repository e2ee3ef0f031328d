/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * For builds with ThreadSanitizer only. GLib's locks, conditions and reference counts are made of
 * atomic operations inside a library that is not instrumented, so TSan does not see that one thread
 * hands over to another and calls everything behind a lock a race. These wrappers stand before
 * GLib's functions and tell it. (g_atomic_rc_box frees within its release, too early to be told
 * of.)
 */

#include <dlfcn.h>
#include <glib.h>
#include <sanitizer/tsan_interface.h>

#undef g_mutex_lock
#undef g_mutex_trylock
#undef g_mutex_unlock
#undef g_cond_wait
#undef g_cond_wait_until
#undef g_atomic_ref_count_dec

/* GLib's own function of that name; asked for each time, since this is for tests. */
#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

void
g_mutex_lock(GMutex *mutex)
{
    NEXT(g_mutex_lock)(mutex);
    __tsan_acquire(mutex);
}

gboolean
g_mutex_trylock(GMutex *mutex)
{
    gboolean locked = NEXT(g_mutex_trylock)(mutex);

    if (locked)
        __tsan_acquire(mutex);
    return locked;
}

void
g_mutex_unlock(GMutex *mutex)
{
    __tsan_release(mutex);
    NEXT(g_mutex_unlock)(mutex);
}

void
g_cond_wait(GCond *cond, GMutex *mutex)
{
    __tsan_release(mutex);
    NEXT(g_cond_wait)(cond, mutex);
    __tsan_acquire(mutex);
}

gboolean
g_cond_wait_until(GCond *cond, GMutex *mutex, gint64 end)
{
    gboolean woken = FALSE;

    __tsan_release(mutex);
    woken = NEXT(g_cond_wait_until)(cond, mutex, end);
    __tsan_acquire(mutex);
    return woken;
}

/* Whoever lets go of the last reference has seen what the others did before they let go of theirs.
 */
gboolean
g_atomic_ref_count_dec(gatomicrefcount *count)
{
    gboolean last = FALSE;

    __tsan_release(count);
    last = NEXT(g_atomic_ref_count_dec)(count);
    __tsan_acquire(count);
    return last;
}

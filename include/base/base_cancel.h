/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Cancel: the one way to end what another thread waits for. It is a flag with a file descriptor, so
 * that a thread that waits for the network notices at once that the flag was raised. Any thread may
 * use it. A function that only watches takes a `const Cancel *`, and accepts NULL, which is never
 * raised.
 */
typedef struct _Cancel Cancel;

/* A flag has one, and so has its parent. */
#define CANCEL_DESCRIPTORS 2

/*
 * @parent: while it is raised, the new one is; it outlives the new one, and has no parent itself.
 * (nullable)
 *
 * Returns: never NULL: where no descriptors are left it works, but has none.
 */
Cancel *cancelNew(const Cancel *parent);

/* Nobody may be using it. Accepts NULL. */
void cancelFree(Cancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancel, cancelFree)

/* One that is never raised, where NULL would stand for another one. */
const Cancel *cancelNever(void);

void cancelRaise(Cancel *cancel);

/* Takes it back. Its parent stays as it is. */
void cancelLower(Cancel *cancel);

gboolean cancelIsRaised(const Cancel *cancel);

/*
 * @ret_fds: the first @ret_n are descriptors, of which at least one is readable while @cancel is
 * raised; to be polled and nothing else.
 *
 * Returns: FALSE: they do not tell everything, so the flag has to be looked at as well.
 */
gboolean cancelDescriptors(const Cancel *cancel, int ret_fds[CANCEL_DESCRIPTORS], guint *ret_n);

/*
 * Sleeps until @end (monotonic, microseconds), or until @cancel is raised.
 *
 * Returns: whether it is raised.
 */
gboolean cancelSleepUntil(const Cancel *cancel, gint64 end);

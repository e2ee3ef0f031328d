/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Cancel: ends the waits of other threads. It is a flag with a file descriptor, so that a thread
 * that waits for the network notices at once that the flag was raised. Any thread may use it. A
 * function that only watches takes a `const Cancel *`, and accepts NULL, which counts as not
 * raised.
 */
typedef struct _Cancel Cancel;

/* The descriptors of a flag and of its parent. */
#define CANCEL_DESCRIPTORS 2

/*
 * @parent: (nullable): while it is raised, the new flag counts as raised; it must outlive the new
 * flag, and has no parent itself.
 *
 * Returns: not NULL: if no descriptors are left, the flag works without one.
 */
Cancel *cancelNew(const Cancel *parent);

/* It must not be in use. Accepts NULL. */
void cancelFree(Cancel *cancel);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cancel, cancelFree)

/* A flag that is not raised, for callers for which NULL has another meaning. */
const Cancel *cancelNever(void);

void cancelRaise(Cancel *cancel);

/* Resets it. Does not change its parent. */
void cancelLower(Cancel *cancel);

gboolean cancelIsRaised(const Cancel *cancel);

/*
 * @ret_fds: @ret_n descriptors, of which at least one is readable while @cancel is raised. Only
 * poll them.
 *
 * Returns: FALSE if a descriptor is missing, so the flag has to be checked as well.
 */
gboolean cancelDescriptors(const Cancel *cancel, int ret_fds[CANCEL_DESCRIPTORS], guint *ret_n);

/*
 * Sleeps until @end (monotonic, microseconds), or until @cancel is raised.
 *
 * Returns: whether it is raised.
 */
gboolean cancelSleepUntil(const Cancel *cancel, gint64 end);

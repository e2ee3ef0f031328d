/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Wake: a flag with a file descriptor, so that a thread that waits for the network notices at once
 * that another one has raised it, and need not look every now and then. Any thread may use it.
 */
typedef struct _Wake Wake;

/* Never NULL: where there are no descriptors left it works, but has none. */
Wake *wakeNew(void);

/* Nobody may be using it. Accepts NULL. */
void wakeFree(Wake *wake);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wake, wakeFree)

void wakeRaise(Wake *wake);

/* Takes it back. */
void wakeLower(Wake *wake);

gboolean wakeIsRaised(const Wake *wake);

/*
 * Returns: a descriptor that is readable while the flag is raised, to be polled and nothing else;
 * -1: there is none, so the flag has to be looked at.
 */
int wakeDescriptor(const Wake *wake);

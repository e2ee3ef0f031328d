/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Starts a thread of our own in somebody else's process. It takes none of the signals that are
 * meant for the application, and SIGPIPE, which a server causes that closes a connection early,
 * does not end the process. Signals of its own faults (SIGSEGV and its like) go where they always
 * go.
 *
 * Returns: (transfer full) a thread, to be joined or unreferenced, or NULL with @error.
 */
GThread *threadStart(const char *name, GThreadFunc work, gpointer data, GError **error);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Starts a thread of the driver in the process of an application. It blocks the signals that are
 * meant for the application, and SIGPIPE: a server that closes a connection early must not end the
 * process. Signals of its own faults (SIGSEGV and similar) are not blocked.
 *
 * Returns: (transfer full) a thread, to be joined or unreferenced, or NULL with @error.
 */
GThread *threadStart(const char *name, GThreadFunc work, gpointer data, GError **error);

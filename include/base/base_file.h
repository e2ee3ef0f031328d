/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Files that a URI or the environment names: the authorities of cacert=, the auth file. A daemon
 * reads them with its own rights, so a path may lead to anything that root can open. Only what has
 * no effect but to give bytes is opened.
 */

/*
 * Reads @path into memory. It has to be a regular file of at most LIMIT_FILE_BYTES bytes, on a file
 * system that keeps files. Symbolic links are followed. All else is refused before
 * it is opened, since opening alone may wait for a writer (a FIFO), for the holder of a lease, or
 * act (a tape rewinds, a watchdog starts): devices, FIFOs, sockets, folders, and the files of
 * /proc, /sys and their like, which claim to be regular and may be read away (/proc/kmsg). So are
 * paths through /proc/PID/fd, if the kernel can detect them (Linux 5.6).
 *
 * A file that grows meanwhile is refused; one that says that it is empty is taken at its word. A
 * file of a network file system whose server is silent waits for that server.
 *
 * @ret_data: (transfer full): the bytes, and a NUL behind them. @ret_length may be NULL.
 * Returns: FALSE with a G_FILE_ERROR whose message is a reason, to stand behind "NAME cannot be
 * used: "; G_FILE_ERROR_MFILE or _NFILE when there are no more file descriptors.
 */
gboolean fileRead(const char *path, char **ret_data, gsize *ret_length, GError **error);

/* Whether @error of fileRead() says nothing of the file, but that descriptors have run out. */
gboolean fileErrorIsShort(const GError *error);

/* Whether @error, an errno, says that file descriptors have run out. */
gboolean fileIsShort(int error);

/*
 * Asks the system for a descriptor, for callers of libraries that do not say why they failed.
 * Returns: 0, or the errno that says that they have run out.
 */
int fileProbe(void);

/*
 * Returns: what @error, an errno, means. Of too few descriptors it says which limit was reached and
 * what to do, since "Too many open files" names neither.
 */
const char *fileErrorText(int error);

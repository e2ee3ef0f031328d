/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Files that a URI or the environment names: the authorities of cacert=, the auth file. A daemon
 * reads them with its own rights, so a path may lead to anything that root can open. A file is
 * opened only if opening and reading it has no side effects.
 */

/*
 * Reads @path into memory. It has to be a regular file of at most LIMIT_FILE_BYTES bytes, on a file
 * system that stores files. Symbolic links are followed. Everything else is refused before it is
 * opened, because opening may wait (for the writer of a FIFO, or the holder of a lease) or act (a
 * tape rewinds, a watchdog starts). This includes devices, FIFOs, sockets, folders, and files of
 * /proc, /sys and similar, which claim to be regular and may be consumed by reading (/proc/kmsg).
 * Paths through /proc/PID/fd are refused if the kernel can detect them (Linux 5.6).
 *
 * A file that grows meanwhile is refused. A file of size 0 is not read. Reading from a network file
 * system whose server is silent waits for that server.
 *
 * @ret_data: (transfer full): the bytes, followed by a NUL. @ret_length may be NULL.
 * Returns: FALSE with a G_FILE_ERROR whose message is a reason, to follow "NAME cannot be used: ";
 * G_FILE_ERROR_MFILE or _NFILE if there are no more file descriptors.
 */
gboolean fileRead(const char *path, char **ret_data, gsize *ret_length, GError **error);

/* Whether @error of fileRead() says that descriptors have run out, not that the file is bad. */
gboolean fileErrorIsShort(const GError *error);

/* Whether @error, an errno, says that file descriptors have run out. */
gboolean fileIsShort(int error);

/*
 * Tries to open a descriptor, for callers of libraries that do not report why they failed.
 * Returns: 0, or the errno if descriptors have run out.
 */
int fileProbe(void);

/*
 * Returns: what @error, an errno, means. If descriptors have run out, it names the limit and what
 * to do, which "Too many open files" does not.
 */
const char *fileErrorText(int error);

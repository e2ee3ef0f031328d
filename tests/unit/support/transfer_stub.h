/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_transfer.h"

/*
 * Instead of vi_transfer.c, for the tests of the backend floor: contents of files without a server.
 * Each call takes the next of the scripted outcomes of its kind and is written down as a line;
 * without a script viTransferWrite works, and the others find nothing.
 */

/* The next call of @verb ("size", "read", "write") fails with VI_ERROR and @code. */
/* Forgets what was called, and that any file is there. */
void folderStubReset(void);

/*
 * From now on every file that nothing else is scripted for is there, with @size bytes; -1: none is.
 * What is written is there with what was written.
 */
void folderStubSee(gint64 size);

void folderStubFail(const char *verb, gint code);

/* The next viTransferReadText finds @text; viTransferSize finds a file. */
void folderStubText(const char *text);
void folderStubFile(void);

/*
 * What was called since the last call, one a line: "write [ds] a.iso.upload-XXXXXXXX 5"; the random
 * part of a temporary name is shown as here. Ends the test when a scripted outcome was left.
 */
void folderStubAssertLog(const char *log);

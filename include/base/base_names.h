/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Datastore paths, as VI writes them: "[datastore] dir/file". The datastore name ends at the first
 * "]", so it cannot contain one; one blank separates it from the relative path.
 */

/*
 * Splits "[ds] dir/file" into its parts. One blank behind the bracket is taken off; what follows
 * belongs to the path, since names may begin with blanks. People write "[ds]   dir/file" all the
 * same: who takes their text tries the path as it is first, then nameSkipBlanks() of it. @ret_path
 * may come out empty ("[ds]" names the root).
 *
 * Returns: FALSE when @text is no datastore path; then nothing is written.
 */
gboolean nameSplitDatastorePath(const char *text, char **ret_datastore, char **ret_path);

/* Returns: (transfer none): the path of nameSplitDatastorePath(), or NULL for no datastore path. */
const char *nameSkipDatastore(const char *text);

/* Returns: (transfer none): @path behind the blanks it begins with. */
const char *nameSkipBlanks(const char *path);

/* Returns: (transfer full): "[datastore] path". */
char *nameJoinDatastorePath(const char *datastore, const char *path);

/*
 * Whether the file @name holds a piece of a virtual disk with another file as descriptor: "…-flat",
 * "-delta", "-sesparse", "-ctk", "-rdm", "-rdmp", "-s001" or "-f001" before ".vmdk", in any case.
 */
gboolean nameIsExtent(const char *name);

/* Whether a part of @path, of @length bytes, begins with ".". */
gboolean nameIsHidden(const char *path, size_t length);

/*
 * Whether the file @name is one that a host keeps for itself: configuration, state, memory, logs
 * and locks of its machines, and everything hidden (a part that begins with ".").
 */
gboolean nameIsHostsOwn(const char *name);

/*
 * Whether @name can name a volume of a datastore: relative, UTF-8, no empty, "." or ".." part, no
 * control characters, no longer than LIMIT_DATASTORE_PATH, no part longer than LIMIT_NAME_PART;
 * no extent and nothing of the host's own.
 *
 * Returns: NULL when it can, else a phrase that says why not, to put behind "the name ".
 */
const char *nameRefuseVolume(const char *name);

/*
 * A name for the file beside @name that is to become it: "dir/file.upload-1a2b3c4d", another one
 * each time. A last part that would get too long is cut, between two characters.
 *
 * Returns: (transfer full).
 */
char *nameMakeTemporary(const char *name);

/*
 * Turns what VI escapes in entity names (%2f %5c %25) back into the characters.
 *
 * Returns: (transfer full).
 */
char *nameUnescapeEntity(const char *name);

/*
 * Formats 16 raw bytes as a canonical lower-case UUID; parses one (either case, dashes optional).
 */
void nameFormatUuid(const guint8 uuid[16], char ret_text[37]);
gboolean nameParseUuid(const char *text, guint8 ret_uuid[16]);

/* MD5 of the bytes of @text: how pool UUIDs and LUN keys are made. */
void nameHashUuid(const char *text, guint8 ret_uuid[16]);

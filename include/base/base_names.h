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
 * Splits "[ds] dir/file" into its parts. One blank after the bracket is removed; the rest belongs
 * to the path, since names may begin with blanks. Users also write "[ds]   dir/file": a caller that
 * accepts their text tries the path as it is, and then nameSkipBlanks() of it. @ret_path may be
 * empty ("[ds]" names the root).
 *
 * Returns: FALSE if @text is not a datastore path; then nothing is written.
 */
gboolean nameSplitDatastorePath(const char *text, char **ret_datastore, char **ret_path);

/*
 * Returns: (transfer none): the path of nameSplitDatastorePath(), or NULL if @text is not a
 * datastore path.
 */
const char *nameSkipDatastore(const char *text);

/* Returns: (transfer none): @path without leading blanks. */
const char *nameSkipBlanks(const char *path);

/* Returns: (transfer full): "[datastore] path". */
char *nameJoinDatastorePath(const char *datastore, const char *path);

/*
 * Whether the file @name holds a part of a virtual disk whose descriptor is another file: "…-flat",
 * "-delta", "-sesparse", "-ctk", "-rdm", "-rdmp", "-s001" or "-f001" before ".vmdk", in any case.
 */
gboolean nameIsExtent(const char *name);

/* Whether a part of @path, of @length bytes, begins with ".". */
gboolean nameIsHidden(const char *path, size_t length);

/*
 * Whether the file @name is for the host's own use: configuration, state, memory, logs and locks of
 * its machines, and everything hidden (a part that begins with ".").
 */
gboolean nameIsHostsOwn(const char *name);

/*
 * Whether @name can name a volume of a datastore: relative, UTF-8, no empty, "." or ".." part, no
 * control characters, not longer than LIMIT_DATASTORE_PATH, no part longer than LIMIT_NAME_PART;
 * neither an extent nor a file for the host's own use.
 *
 * Returns: NULL if it can, else a phrase that says why not, to follow "the name ".
 */
const char *nameRefuseVolume(const char *name);

/*
 * A name for the temporary file beside @name that will replace it: "dir/file.upload-1a2b3c4d",
 * different at each call. A last part that would be too long is cut, between two characters.
 *
 * Returns: (transfer full).
 */
char *nameMakeTemporary(const char *name);

/*
 * Decodes what VI escapes in entity names (%2f %5c %25).
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

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Datastore paths, as VI writes them: "[datastore] dir/file"; one blank separates the datastore's
 * name from the relative path. Both may hold brackets, so that the text alone does not say where
 * the name ends: "[a] b] c" is "b] c" of the datastore "a", or "c" of the datastore "a] b".
 */

/*
 * Splits "[ds] dir/file" into its parts, at the last bracket before @before: NULL for the longest
 * possible name, or the result of the last call for the next shorter one. Names longer than
 * LIMIT_NAME_BYTES are skipped. One blank after the bracket is removed; the rest belongs to the
 * path, since names may begin with blanks. Users also write "[ds]   dir/file": a caller that
 * accepts their text tries the path as it is, and then nameSkipBlanks() of it. @ret_path may be
 * empty ("[ds]" names the root).
 *
 * Returns: (transfer none): the bracket in @text; NULL if there is no other one, or @text is not a
 * datastore path: then nothing is written.
 */
const char *nameSplitDatastorePath(const char *text, const char *before, char **ret_datastore,
                                   char **ret_path);

/*
 * Returns: (transfer none): the path after "[DATASTORE] " in @text; if @text has another datastore,
 * or @datastore is NULL, the path after the first bracket that can end a name; NULL if @text is not
 * a datastore path.
 */
const char *nameSkipDatastore(const char *text, const char *datastore);

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

/* The same for any file of a datastore, including extents and files of the host. */
const char *nameRefusePath(const char *name);

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

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
 * Splits "[ds] dir/file" into its parts. Extra blanks behind the bracket are tolerated, as the
 * built-in driver does. @ret_path may come out empty ("[ds]" names the root).
 *
 * Returns: FALSE when @text is no datastore path; then nothing is written.
 */
gboolean nameSplitDatastorePath(const char *text, char **ret_datastore, char **ret_path);

/* Returns: (transfer full): "[datastore] path". */
char *nameJoinDatastorePath(const char *datastore, const char *path);

/*
 * Whether @name can name a file of a datastore: relative, UTF-8, no empty, "." or ".." part, no
 * control characters, no longer than LIMIT_DATASTORE_PATH.
 *
 * Returns: NULL when it can, else a phrase that says why not, to put behind "the name ".
 */
const char *nameRefuseVolume(const char *name);

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

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_report.h"

/* What esxErrorReport() is made of; tests need it apart. */

/* Whether the table has a row for @error: a test checks that it has one for every code there is. */
gboolean esxErrorIsListed(const GError *error);

/*
 * Returns: (transfer full): the text libvirt gets for @error behind the prefix @format (NULL:
 * none), with what the table adds for a person. One line of valid UTF-8 of less than 1024 bytes,
 * which is all that libvirt keeps (see base_text.h): of longer text the middle goes, the end of
 * @error's message first, so that what its message begins with and the advice stay.
 */
char *esxErrorText(const GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

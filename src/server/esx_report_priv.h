/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_report.h"

/* Parts of esxErrorReport(), for tests. */

/* Whether the table has a row for @error: a test checks that it has one for every code. */
gboolean esxErrorIsListed(const GError *error);

/*
 * Returns: (transfer full): the text for libvirt: @error with the prefix @format (NULL: none) and
 * the advice of the table. One line of valid UTF-8 of less than 1024 bytes, which is all that
 * libvirt keeps (see base_text.h). A longer text is cut in the middle, at the end of @error's
 * message first, so that the beginning of the message and the advice remain.
 */
char *esxErrorText(const GError *error, const char *format, ...) G_GNUC_PRINTF(2, 3);

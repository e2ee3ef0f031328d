/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_error.h"

/* The meaning of HTTP statuses that do not depend on the request. Pure. */

typedef struct {
    ViErrorCode code;
    const char *reason;     /* a clause without a status */
    const char *advice;     /* a clause */
} ViStatus;

/*
 * Returns: (transfer full) the text of @body (NULL: none) without tags, on one line, printable, and
 * of at most LIMIT_QUOTED_BYTES; may be empty.
 */
char *viStatusText(const char *body);

/*
 * @text: of viStatusText(). A 503 that says "Failed to connect to endpoint" comes from the reverse
 * proxy of a host or vCenter whose service does not run; any other 503 means too many requests.
 * Returns: what @status means; NULL: nothing by itself.
 */
const ViStatus *viStatusMeaning(guint status, const char *text);

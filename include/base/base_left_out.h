/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * What a listing left out; see the rule in base_limits.h. The code that makes a listing counts
 * here. The floor that may log reports the count once.
 */
typedef struct {
    guint count;            /* saturates */
    const char *reason;     /* of the first: static, e.g. "a file whose path is too long" */
    char sample[64];        /* the start of its name: whole characters, unless it is not UTF-8 */
} LeftOut;

/* Counts one more. @reason: static. @name: of any length, or NULL. */
void leftOutAdd(LeftOut *out, const char *reason, const char *name);

/* The same, for a name without a terminating NUL. */
void leftOutAddLength(LeftOut *out, const char *reason, const char *name, size_t length);

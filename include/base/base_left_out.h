/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * What a listing had to leave out, see the rule in base_limits.h. Who makes a listing counts here;
 * who hands it to people, in the floor that may log, says so once.
 */
typedef struct {
    guint count;            /* saturates */
    const char *reason;     /* of the first: static, e.g. "a file whose path is too long" */
    char sample[64];        /* how its name begins: whole characters, unless it is no UTF-8 */
} LeftOut;

/* Counts one more. @reason: static. @name: of any length, or NULL. */
void leftOutAdd(LeftOut *out, const char *reason, const char *name);

/* The same with a name that does not end with a NUL. */
void leftOutAddLength(LeftOut *out, const char *reason, const char *name, size_t length);

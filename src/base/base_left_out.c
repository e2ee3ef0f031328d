/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "base_left_out.h"

#include <string.h>

void
leftOutAddLength(LeftOut *out, const char *reason, const char *name, size_t length)
{
    size_t kept = MIN(length, sizeof(out->sample) - 1);

    if (out->count < G_MAXUINT)
        out->count++;
    if (out->reason)
        return;

    out->reason = reason;
    if (!name)
        return;
    /* Go back to the start of a character that would be cut. */
    while (kept < length && kept > 0 && (name[kept] & 0xc0) == 0x80)
        kept--;
    memcpy(out->sample, name, kept);
    out->sample[kept] = '\0';
}

void
leftOutAdd(LeftOut *out, const char *reason, const char *name)
{
    leftOutAddLength(out, reason, name, name ? strlen(name) : 0);
}

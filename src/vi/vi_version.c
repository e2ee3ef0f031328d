/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Versions of the vim25 API and how to pick one. */

#include <stdlib.h>
#include <glib.h>

#include "vi_version.h"

/*
 * As GET /sdk/vimServiceVersions.xml of an 8.0.3 server lists them, newest first; without point
 * releases that changed nothing that the driver reads.
 */
static const char *const versions[] = {
    "8.0.3.0", "8.0.2.0", "8.0.1.0", "8.0.0.1", "8.0.0.0",
    "7.0.3.0", "7.0.2.0", "7.0.1.0", "7.0.0.0",
    "6.7", "6.5", "6.0", "5.5",
};

int
viVersionCompare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        char *endA;
        char *endB;
        long partA = strtol(a, &endA, 10);
        long partB = strtol(b, &endB, 10);

        if (partA != partB)
            return partA < partB ? -1 : 1;
        if (endA == a && endB == b)
            return 0;
        a = *endA == '.' ? endA + 1 : endA;
        b = *endB == '.' ? endB + 1 : endB;
    }
    return 0;
}

const char *
viVersionFor(const char *apiVersion)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(versions); i++) {
        if (viVersionCompare(versions[i], apiVersion) <= 0)
            return versions[i];
    }
    return NULL;
}

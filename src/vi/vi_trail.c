/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The tasks of this thread. */

#include "vi_trail.h"

#include <string.h>

#include "base_limits.h"

static void
trailFree(gpointer data)
{
    g_string_free(data, TRUE);
}

static GPrivate trail = G_PRIVATE_INIT(trailFree);

void
viTrailBegin(void)
{
    GString *tasks = g_private_get(&trail);

    if (tasks)
        g_string_truncate(tasks, 0);
}

/* Returns: (transfer none) the record of this thread, which is made if there is none. */
static GString *
ensureTrail(void)
{
    if (!g_private_get(&trail))
        g_private_set(&trail, g_string_new(NULL));
    return g_private_get(&trail);
}

void
viTrailAdd(const SoapMoRef *task)
{
    GString *tasks;

    if (!task->value)
        return;
    tasks = ensureTrail();
    if (tasks->len + 1 + strlen(task->value) <= LIMIT_TRAIL_BYTES)
        g_string_append_printf(tasks, "%s%s", tasks->len > 0 ? "," : "", task->value);
}

const char *
viTrailTasks(void)
{
    const GString *tasks = g_private_get(&trail);

    return tasks && tasks->len > 0 ? tasks->str : NULL;
}

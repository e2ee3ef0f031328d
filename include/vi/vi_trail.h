/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/* Which tasks this thread has started to change something, for the log. */

/* Forgets what this thread has started so far. */
void viTrailBegin(void);

void viTrailAdd(const SoapMoRef *task);

/*
 * Returns: (transfer none) the tasks since viTrailBegin(), with commas between them; of too many,
 * the first LIMIT_TRAIL_BYTES. NULL: none. Valid until this thread's next call.
 */
const char *viTrailTasks(void);

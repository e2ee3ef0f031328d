/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_table.h"

/* The tasks that this thread has started for changes, for the log. */

/* Clears the record of this thread. */
void viTrailBegin(void);

void viTrailAdd(const SoapMoRef *task);

/*
 * Returns: (transfer none) the tasks since viTrailBegin(), with commas between them; of too many,
 * the first LIMIT_TRAIL_BYTES. NULL: none. Valid until this thread's next call.
 */
const char *viTrailTasks(void);

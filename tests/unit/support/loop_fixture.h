/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/* libvirt's own event loop, run by the thread of a test. */

/* Once, before virInitialize(). */
void loopInit(void);

/* Runs the loop until *@flag is not 0, which takes seconds at the very most. */
void loopUntil(const gint *flag);

/* Runs the loop for so long, whatever happens. */
void loopFor(guint ms);

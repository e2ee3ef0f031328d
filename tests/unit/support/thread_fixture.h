/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * Crew: threads that all run one function, for tests of what waits for what. A thread that waits on
 * a condition cannot be seen from outside, except by the kernel: crewAwaitAsleep() asks it.
 */
typedef struct _Crew Crew;

/* Starts @n threads that call @work with @data. */
Crew *crewStart(guint n, void (*work)(gpointer data), gpointer data);

/* Returns when @n of the threads that have not ended are asleep and stay so. */
void crewAwaitAsleep(Crew *crew, guint n);

/* Waits for all to end, and frees. */
void crewJoin(Crew *crew);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_call.h"
#include "vi_file.h"

/*
 * Shared by vi_file.c and vi_disk.c: one call that changes files, sent once and waited for. All
 * errors name the files; if the outcome is unknown, the error is VI_ERROR_OUTCOME_UNKNOWN.
 */

typedef struct {
    ViSession *session;
    ViChange *change;               /* or NULL */
    const SoapMethod *method;
    const char *path;               /* "[datastore] dir/file" */
    const char *toPath;             /* the target; NULL: none */
} ViChanging;

/* Calls a method that returns when the change is done. */
gboolean viChangeCall(const ViChanging *changing, gconstpointer args, GError **error);

/* Calls a method that starts a task, and waits for its end. */
gboolean viChangeRun(const ViChanging *changing, gconstpointer args, GError **error);

/*
 * Returns: @manager, or NULL with VI_ERROR_NOT_SUPPORTED if the server has none.
 *
 * @what: its name, for the error.
 */
SoapMoRef *viChangeManager(const ViChanging *changing, SoapMoRef *manager, const char *what,
                           GError **error);

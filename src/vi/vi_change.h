/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_call.h"
#include "vi_file.h"

/*
 * What vi_file.c and vi_disk.c have in common: one call that changes files, sent once, and waited
 * for. Every error names the files; what leaves the outcome open is VI_ERROR_OUTCOME_UNKNOWN.
 */

typedef struct {
    ViSession *session;
    ViChange *change;               /* or NULL */
    const SoapMethod *method;
    const char *path;               /* "[datastore] dir/file" */
    const char *toPath;             /* where it goes; NULL: nowhere */
} ViChanging;

/* Calls a method that returns when all is done. */
gboolean viChangeCall(const ViChanging *changing, gconstpointer args, GError **error);

/* Calls a method that starts a task, and waits for its end. */
gboolean viChangeRun(const ViChanging *changing, gconstpointer args, GError **error);

/*
 * Returns: @manager, or NULL with VI_ERROR_NOT_SUPPORTED, where the server has none.
 *
 * @what: its name, for the error.
 */
SoapMoRef *viChangeManager(const ViChanging *changing, SoapMoRef *manager, const char *what,
                           GError **error);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * libvirt's log macros with textFormat(), for files with VIR_LOG_INIT(): one line of valid UTF-8 of
 * less than 1024 bytes. Nothing else logs, so no foreign text enters the log unchanged.
 */
#define esxLog(priority, ...) \
    esxLogAt(&virLogSelf, priority, __FILE__, __LINE__, __func__, __VA_ARGS__)

void esxLogAt(gpointer source, int priority, const char *file, int line, const char *function,
              const char *format, ...) G_GNUC_PRINTF(6, 7);

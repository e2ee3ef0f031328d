/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * libvirt's log macros, in a file that has VIR_LOG_INIT(), with textFormat() in them: one line of
 * valid UTF-8 of less than 1024 bytes. Nothing else logs, so that no foreign text gets into the log
 * as it is.
 */
#define esxLog(priority, ...) \
    esxLogAt(&virLogSelf, priority, __FILE__, __LINE__, __func__, __VA_ARGS__)

void esxLogAt(gpointer source, int priority, const char *file, int line, const char *function,
              const char *format, ...) G_GNUC_PRINTF(6, 7);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Lines of libvirt's log. */

#include "esx_log.h"

#include "base_text.h"

void
esxLogAt(gpointer source, int priority, const char *file, int line, const char *function,
         const char *format, ...)
{
    g_autofree char *text = NULL;
    va_list args;

    va_start(args, format);
    text = textFormatLineV(format, args);
    va_end(args);
    virLogMessage(source, (virLogPriority)priority, file, line, function, NULL, "%s", text);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"

/*
 * A source that gives a pattern, and may be short, slow or broken. All but @calls and @given is set
 * by the test.
 */
typedef struct {
    gint64 length;          /* what it gives in all; then 0 */
    size_t most;            /* at once; 0: as much as is asked for */
    gint64 at;              /* once that much was given (or more) … */
    guint pauseMs;          /* … it sleeps, once */
    Cancel *raise;          /* … raises this flag */
    GQuark domain;          /* … fails with this error; 0: does not */
    int code;
    gboolean mute;          /* … fails without an error */

    gint64 given;
    guint calls;
    guint calledAfterEnd;
} TestSource;

/* An HttpSource. @opaque: a TestSource. */
gssize testSourceGive(char *buffer, size_t size, gpointer opaque, GError **error);

/* A streamed PUT to @path of what @source gives; of a length that is not told if @unknown. */
HttpRequest testSourcePut(const char *path, TestSource *source, gboolean unknown);

/* Returns: (transfer full): what "/put" answers when all of @length bytes have arrived. */
char *testSourceReceipt(gint64 length, gboolean unknown);

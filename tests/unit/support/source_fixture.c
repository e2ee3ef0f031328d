/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Bodies for the tests of requests that have a source. */

#include "source_fixture.h"

/* Repeats after a prime number of bytes, so no piece is like another. */
static char
patternAt(gint64 offset)
{
    return (char)(offset % 65521 * 31 % 251);
}

/* What is to happen once, on the way. Returns: FALSE where that is a failure. */
static gboolean
testSourceStumble(TestSource *source, GError **error)
{
    g_usleep(source->pauseMs * 1000ul);
    source->pauseMs = 0;

    if (source->raise)
        cancelRaise(source->raise);
    if (source->domain)
        g_set_error_literal(error, source->domain, source->code, "The source says so.");
    return !source->domain && !source->mute;
}

gssize
testSourceGive(char *buffer, size_t size, gpointer opaque, GError **error)
{
    TestSource *source = opaque;
    gint64 count = MIN((gint64)size, source->length - source->given);
    gint64 i;

    source->calls++;
    g_assert_cmpuint(size, >, 0);
    if (source->given >= source->at && !testSourceStumble(source, error))
        return -1;

    if (source->most > 0)
        count = MIN(count, (gint64)source->most);
    for (i = 0; i < count; i++)
        buffer[i] = patternAt(source->given + i);

    if (source->given == source->length)
        source->calledAfterEnd++;
    source->given += count;
    return count;
}

HttpRequest
testSourcePut(const char *path, TestSource *source, gboolean unknown)
{
    return (HttpRequest){
        .method = "PUT",
        .path = path,
        .streamed = TRUE,
        .source = testSourceGive,
        .sourceOpaque = source,
        .sourceLength = unknown ? HTTP_LENGTH_UNKNOWN : source->length,
    };
}

char *
testSourceReceipt(gint64 length, gboolean unknown)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_autofree char *bytes = g_malloc((gsize)length + 1);
    gint64 i;

    for (i = 0; i < length; i++)
        bytes[i] = patternAt(i);
    g_checksum_update(sum, (const guchar *)bytes, length);
    return g_strdup_printf("PUT %s %" G_GINT64_FORMAT " %s", unknown ? "chunked" : "whole", length,
                           g_checksum_get_string(sum));
}

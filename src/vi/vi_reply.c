/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The reply to a SOAP request: SOAP, or a description of something else. */

#include "vi_reply.h"

#include <string.h>

#include "base_limits.h"
#include "base_text.h"
#include "vi_status.h"

/* 200 and 500 have an envelope, other codes do not. */
gboolean
viReplyIsSoap(const HttpResponse *response)
{
    if (response->status != 200 && response->status != 500)
        return FALSE;
    return !response->contentType || strcasestr(response->contentType, "xml") != NULL;
}

void
viReplySetNotSoap(const HttpResponse *response, const GString *quote, GError **error)
{
    g_autofree char *text = viStatusText(quote->str);
    const ViStatus *meaning = viStatusMeaning(response->status, text);

    if (meaning)
        textToError(error, VI_ERROR, (gint)meaning->code,
                    "%s (HTTP status %u)%s%s%s; " TEXT_MESSAGE, meaning->reason, response->status,
                    *text ? "; it says '" : "", text, *text ? "'" : "", meaning->advice);
    else if (response->status >= 300 && response->status < 400)
        textToError(
            error, VI_ERROR, VI_ERROR_PROTOCOL,
            "the server redirects to '%s' (HTTP status %u), which is not followed; use that "
            "address in the URI",
            response->location ? response->location : "nowhere", response->status);
    else
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server answered with HTTP status %u and %s instead of a SOAP reply%s%s%s; "
                    "check that the URI names the web port of an ESX host or vCenter",
                    response->status,
                    response->contentType ? response->contentType : "no content type",
                    *text ? ", beginning '" : "", text, *text ? "'" : "");
}

/*
 * HttpSink. A reply that is not SOAP is read only as far as needed, since it may not end.
 */
gboolean
viReplyTake(const HttpResponse *response, const char *data, size_t length, gpointer opaque,
            GError **error)
{
    ViReplySink *incoming = opaque;

    if (viReplyIsSoap(response))
        return soapDecoderFeed(incoming->decoder, data, length, error);

    g_string_append_len(incoming->quote, data,
                        (gssize)MIN(length, LIMIT_REFUSAL_KEPT - incoming->quote->len));
    if (incoming->quote->len < LIMIT_REFUSAL_KEPT)
        return TRUE;
    viReplySetNotSoap(response, incoming->quote, error);
    return FALSE;
}

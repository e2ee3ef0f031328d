/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Messages for statuses of the file API. */

#include "vi_transfer_status.h"

#include <string.h>

#include "base_limits.h"
#include "base_names.h"
#include "base_text.h"
#include "vi_status.h"

char *
viTransferName(const ViFile *file)
{
    return nameJoinDatastorePath(file->datastore, file->path);
}

/* ---- text from the server ------------------------------------------------------------------- */

static gboolean
mentionsWord(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcasestr(text, *words))
            return TRUE;
    }
    return FALSE;
}

/* ---- statuses ------------------------------------------------------------------------------- */

/* Shared by the messages. */
typedef struct {
    const char *name;       /* "[datastore] path" */
    const char *verb;       /* "read" or "write" */
    const char *quote;      /* "; it says '…'" or "" */
    gboolean writing;
    guint status;
} Refusal;

/* A status of 500 and above, which has little meaning by itself. */
static void
setFailed(GError **error, const Refusal *refusal, const char *text)
{
    static const char *const locked[] = {
        "locked", "in use", "busy", "being used", NULL
    };
    static const char *const full[] = {
        "no space", "not enough space", "not enough disk", "not enough free", "disk full",
        "insufficient disk", "insufficient space", "out of space", "quota exceeded", NULL
    };

    if (refusal->status == 507 || mentionsWord(text, full))
        textToError(error, VI_ERROR, VI_ERROR_NO_DISK_SPACE,
                    "the datastore of '%s' is full (HTTP status %u)" TEXT_MESSAGE, refusal->name,
                    refusal->status, refusal->quote);
    else if (refusal->status == 423 || mentionsWord(text, locked))
        textToError(error, VI_ERROR, VI_ERROR_FILE_LOCKED,
                    "'%s' is locked: a running virtual machine or another host uses it (HTTP "
                    "status %u)" TEXT_MESSAGE, refusal->name, refusal->status, refusal->quote);
    else
        textToError(error, VI_ERROR, VI_ERROR_FILE_FAULT,
                    "the server failed to %s '%s' (HTTP status %u)" TEXT_MESSAGE, refusal->verb,
                    refusal->name, refusal->status,
                    *refusal->quote ? refusal->quote : "; a running virtual machine may use it");
}

static void
setNotFound(GError **error, const Refusal *refusal)
{
    if (refusal->writing)
        textToError(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND,
                    "the server has no folder to write '%s' into; its folder must exist, and its "
                    "datastore must be accessible", refusal->name);
    else
        textToError(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND,
                    "the server has no file '%s'", refusal->name);
}

/* A status that does not come from the file API. */
static void
setMeaning(GError **error, const Refusal *refusal, const ViStatus *meaning)
{
    textToError(error, VI_ERROR, (gint)meaning->code,
                "%s (HTTP status %u) and '%s' cannot be %s now" TEXT_MESSAGE "; " TEXT_MESSAGE,
                meaning->reason, refusal->status, refusal->name,
                refusal->writing ? "written" : "read", refusal->quote, meaning->advice);
}

static void
setOther(GError **error, const Refusal *refusal, const char *location)
{
    if (refusal->status >= 300 && refusal->status < 400)
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server redirects a request for '%s' to '%s' (HTTP status %u), which is "
                    "not followed; use that server in the URI", refusal->name,
                    location ? location : "nowhere", refusal->status);
    else
        textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server refused to %s '%s' (HTTP status %u)" TEXT_MESSAGE, refusal->verb,
                    refusal->name, refusal->status, refusal->quote);
}

void
viTransferSetRefused(GError **error, const ViFile *file, gboolean writing,
                     const HttpResponse *response, const char *body)
{
    g_autofree char *name = viTransferName(file);
    g_autofree char *text = viStatusText(body);
    g_autofree char *quote = *text ? g_strdup_printf("; it says '%s'", text) : g_strdup("");
    const Refusal refusal = {
        .name = name, .verb = writing ? "write" : "read", .quote = quote, .writing = writing,
        .status = response->status,
    };

    switch (response->status) {
    case 401:
    case 403:
        textToError(error, VI_ERROR, VI_ERROR_NO_PERMISSION,
                    "the user may not %s '%s' (HTTP status %u), although the session is valid; "
                    "the role needs the privilege Datastore.FileManagement (low level file "
                    "operations) on the datastore" TEXT_MESSAGE, refusal.verb, name,
                    response->status, quote);
        return;
    case 404:
        setNotFound(error, &refusal);
        return;
    case 405:
        textToError(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED,
                    "the server does not allow anybody to %s '%s' through its file API (HTTP "
                    "status 405)",
                    refusal.verb, name);
        return;
    case 407:
    case 502:
    case 503:
    case 504:
        setMeaning(error, &refusal, viStatusMeaning(response->status, text));
        return;
    default:
        break;
    }

    if (response->status >= 500 || response->status == 423)
        setFailed(error, &refusal, text);
    else
        setOther(error, &refusal, response->location);
}

/* ---- web pages ------------------------------------------------------------------------------ */

gboolean
viTransferIsPage(const ViFile *file, const HttpResponse *response)
{
    g_autofree char *name = g_ascii_strdown(file->path, -1);

    if (response->status != 200 || !response->contentType ||
        g_ascii_strncasecmp(response->contentType, "text/html", strlen("text/html")) != 0)
        return FALSE;
    return !g_str_has_suffix(name, ".html") && !g_str_has_suffix(name, ".htm");
}

void
viTransferSetPage(GError **error, const ViFile *file)
{
    g_autofree char *name = viTransferName(file);

    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server answered with a web page instead of the file '%s'; it is a folder, or "
                "something in between answers in place of the server", name);
}

gboolean
viTransferCheckPlain(const ViFile *file, const HttpResponse *response, GError **error)
{
    const char *encoding = response->contentEncoding;
    g_autofree char *name = viTransferName(file);
    g_autofree char *quote = NULL;

    if (!encoding || !*encoding || g_ascii_strcasecmp(encoding, "identity") == 0)
        return TRUE;
    quote = textQuote(encoding, -1);
    textToError(error, VI_ERROR, VI_ERROR_PROTOCOL,
                "the server sends '%s' encoded ('%s') instead of unchanged", name, quote);
    return FALSE;
}

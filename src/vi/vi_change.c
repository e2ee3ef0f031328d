/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* One call that changes files: sent once, awaited, and with the files' names in every error. */

#include <string.h>

#include "base_text.h"

#include "vi_change.h"
#include "vi_trail.h"

/* ---- errors --------------------------------------------------------------------------------- */

/*
 * Whether the server may have done, or begun, the change although @error says that there was no
 * readable reply. viCall() itself reports broken connections.
 */
static gboolean
leavesOpen(const GError *error)
{
    return g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_PROTOCOL) ||
           g_error_matches(error, SOAP_ERROR, SOAP_ERROR_XML) ||
           g_error_matches(error, SOAP_ERROR, SOAP_ERROR_ENVELOPE) ||
           g_error_matches(error, SOAP_ERROR, SOAP_ERROR_LIMIT);
}

/* Returns: (transfer full): @text without its full stop. */
static char *
phraseOf(const char *text)
{
    size_t length = strlen(text);

    return g_strndup(text, length > 0 && text[length - 1] == '.' ? length - 1 : length);
}

/* Appends the names of the files to @error, unless the server has named one of them. */
static void
nameFiles(const ViChanging *changing, GError **error)
{
    g_autoptr(GError) cause = g_steal_pointer(error);
    g_autofree char *phrase = phraseOf(cause->message);
    const gboolean isUnknown = g_error_matches(cause, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    gboolean isNamed = strstr(cause->message, changing->path) != NULL;

    if (changing->toPath && isUnknown)
        isNamed = isNamed && strstr(cause->message, changing->toPath);
    else if (changing->toPath)
        isNamed = isNamed || strstr(cause->message, changing->toPath);

    if (isNamed)
        g_propagate_error(error, g_steal_pointer(&cause));
    else if (changing->toPath)
        textToError(error, cause->domain, cause->code, TEXT_MESSAGE " (from '%s' to '%s')",
                    phrase, changing->path, changing->toPath);
    else
        textToError(error, cause->domain, cause->code, TEXT_MESSAGE " (for '%s')", phrase,
                    changing->path);
}

static void
noteChanged(const ViChanging *changing)
{
    if (changing->change)
        changing->change->changed = TRUE;
}

/* Sets @cause (transfer full) as the error of the change. Returns: FALSE. */
static gboolean
failChange(const ViChanging *changing, GError *cause, GError **error)
{
    g_autoptr(GError) local = cause;

    if (g_error_matches(local, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN))
        noteChanged(changing);
    nameFiles(changing, &local);
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

SoapMoRef *
viChangeManager(const ViChanging *changing, SoapMoRef *manager, const char *what, GError **error)
{
    if (!manager)
        failChange(changing,
                   textAsError(VI_ERROR, VI_ERROR_NOT_SUPPORTED, "%s: the server has no %s",
                               changing->method->name, what),
                   error);
    return manager;
}

/* ---- the call ------------------------------------------------------------------------------- */

static guint
timeoutOf(const ViChanging *changing)
{
    const ViChange *change = changing->change;

    return change && change->timeoutMs > 0 ? change->timeoutMs : VI_FILE_TIMEOUT_MS;
}

static const Cancel *
cancelOf(const ViChanging *changing)
{
    return changing->change ? changing->change->cancel : NULL;
}

/*
 * Sends the call, unless the change is already cancelled. The request has the timeouts of the
 * session: no call used here takes longer, since longer operations are tasks.
 *
 * @deadline: of the whole change.
 * @cancel: ends the request once it is under way.
 * Returns: (transfer full) the reply, or NULL with @error as the caller gets it.
 */
static SoapReply *
sendChange(const ViChanging *changing, gconstpointer args, gint64 deadline, const Cancel *cancel,
           GError **error)
{
    const ViCallOptions options = { .deadline = deadline, .cancel = cancel };
    g_autoptr(GError) local = NULL;
    SoapReply *reply;

    if (cancelIsRaised(cancelOf(changing))) {
        failChange(changing,
                   textAsError(VI_ERROR, VI_ERROR_CANCELLED, "%s: cancelled before it was sent",
                               changing->method->name),
                   error);
        return NULL;
    }

    reply = viCall(changing->session, changing->method, args, &options, &local);
    if (reply)
        return reply;

    if (leavesOpen(local)) {
        if (local->domain == HTTP_ERROR)
            textAddToError(&local, "%s: ", changing->method->name);
        local->domain = VI_ERROR;
        local->code = VI_ERROR_OUTCOME_UNKNOWN;
    }
    failChange(changing, g_steal_pointer(&local), error);
    return NULL;
}

gboolean
viChangeCall(const ViChanging *changing, gconstpointer args, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + (gint64)timeoutOf(changing) * 1000;
    g_autoptr(SoapReply) reply = sendChange(changing, args, deadline, cancelOf(changing), error);

    if (!reply)
        return FALSE;
    noteChanged(changing);
    return TRUE;
}

/* The task in @reply; all methods that start a task have this field in their response. */
static const SoapMoRef *
taskOf(const SoapReply *reply)
{
    const SoapType *type = reply->body->type;

    g_return_val_if_fail(type->nfields == 1 && type->fields[0].kind == SOAP_KIND_MOREF, NULL);
    return G_STRUCT_MEMBER(const SoapMoRef *, reply->body, type->fields[0].offset);
}

gboolean
viChangeRun(const ViChanging *changing, gconstpointer args, GError **error)
{
    const gint64 deadline = g_get_monotonic_time() + (gint64)timeoutOf(changing) * 1000;
    /* Not cancelled once it is sent: only the reply says which task there is to stop. */
    g_autoptr(SoapReply) reply = sendChange(changing, args, deadline, viSessionTidyCancel(),
                                            error);
    g_autoptr(GError) local = NULL;
    const SoapMoRef *task;
    gint64 left;

    if (!reply)
        return FALSE;

    task = taskOf(reply);
    if (!task)
        return failChange(changing,
                          textAsError(VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN,
                                      "%s: the server does not say which task it started",
                                      changing->method->name),
                          error);

    viTrailAdd(task);
    left = MAX(deadline - g_get_monotonic_time(), 0) / 1000;
    if (viTaskFinish(changing->session, task, changing->method->name, (guint)left,
                     cancelOf(changing), &local)) {
        noteChanged(changing);
        return TRUE;
    }
    /* It was stopped in the middle. */
    if (g_error_matches(local, VI_ERROR, VI_ERROR_CANCELLED) ||
        g_error_matches(local, VI_ERROR, VI_ERROR_TIMEOUT))
        noteChanged(changing);
    return failChange(changing, g_steal_pointer(&local), error);
}

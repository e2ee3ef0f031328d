/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* One VI call with its replay rule. See the table in vi_call.h. */

#include "base_text.h"
#include "http_transport.h"
#include "vi_call.h"

typedef enum {
    OUTCOME_OK,
    OUTCOME_FAILED,         /* final */
    OUTCOME_EXPIRED,        /* the server no longer knows the session */
    OUTCOME_BROKEN,         /* the outcome of the call is unknown */
} Outcome;

static gboolean
isCallBroken(const GError *error)
{
    return g_error_matches(error, HTTP_ERROR, HTTP_ERROR_BROKEN) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL) ||
           g_error_matches(error, SOAP_ERROR, SOAP_ERROR_TRUNCATED);
}

/*
 * What @error, which is not a fault, means for a call of @method. If the call must not be repeated
 * and the server became silent, its outcome is unknown as well; the error's code says so.
 */
static Outcome
outcomeOf(const SoapMethod *method, GError **error)
{
    const gboolean silent = g_error_matches(*error, HTTP_ERROR, HTTP_ERROR_TIMEOUT);

    if (method->replay == SOAP_REPLAY_ONCE && (silent || isCallBroken(*error))) {
        /* Network errors do not name the method, but here it matters. */
        if ((*error)->domain == HTTP_ERROR)
            textAddToError(error, "%s: ", method->name);
        (*error)->domain = VI_ERROR;
        (*error)->code = VI_ERROR_OUTCOME_UNKNOWN;
        return OUTCOME_FAILED;
    }
    return isCallBroken(*error) ? OUTCOME_BROKEN : OUTCOME_FAILED;
}

/* Sends once. @ret_generation is the session's generation in which it ran. */
static Outcome
attemptCall(ViSession *session, const SoapMethod *method, gconstpointer args,
            const ViCallOptions *options, SoapReply **ret_reply, guint64 *ret_generation,
            GError **error)
{
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) local = NULL;

    if (!viSessionExchange(session, method, args, options, &reply, ret_generation, &local)) {
        Outcome outcome = outcomeOf(method, &local);

        g_propagate_error(error, g_steal_pointer(&local));
        return outcome;
    }
    if (!reply->fault) {
        *ret_reply = g_steal_pointer(&reply);
        return OUTCOME_OK;
    }

    viErrorSetFault(&local, method->name, reply->fault);
    g_propagate_error(error, g_error_copy(local));
    return g_error_matches(local, VI_ERROR, VI_ERROR_NOT_AUTHENTICATED) ? OUTCOME_EXPIRED
                                                                        : OUTCOME_FAILED;
}

/* Whether the call may be sent again after @outcome; prepares the session for it. */
static gboolean
mayRepeat(ViSession *session, const SoapMethod *method, const ViCallOptions *options,
          Outcome outcome, guint64 generation, GError **error)
{
    if (outcome == OUTCOME_BROKEN) {
        if (method->replay != SOAP_REPLAY_SAFE)
            return FALSE;
        g_clear_error(error);
        return TRUE;
    }

    /* OUTCOME_EXPIRED */
    g_clear_error(error);
    if (!viSessionRenewUntil(session, generation, options->cancelsLogin ? options->cancel : NULL,
                             error))
        return FALSE;
    if (method->replay != SOAP_REPLAY_SESSION)
        return TRUE;
    textToError(error, VI_ERROR, VI_ERROR_SESSION_RENEWED,
                "%s: the session it belongs to has ended", method->name);
    return FALSE;
}

SoapReply *
viCall(ViSession *session, const SoapMethod *method, gconstpointer args,
       const ViCallOptions *options, GError **error)
{
    static const ViCallOptions none = { 0 };
    g_autoptr(GError) local = NULL;
    guint64 generation = 0;
    SoapReply *reply = NULL;
    Outcome outcome;

    if (!options)
        options = &none;

    outcome = attemptCall(session, method, args, options, &reply, &generation, &local);
    if ((outcome == OUTCOME_EXPIRED || outcome == OUTCOME_BROKEN) &&
        mayRepeat(session, method, options, outcome, generation, &local))
        outcome = attemptCall(session, method, args, options, &reply, &generation, &local);

    if (outcome == OUTCOME_OK)
        return reply;

    g_propagate_error(error, g_steal_pointer(&local));
    return NULL;
}

/* ---- cleaning up ---------------------------------------------------------------------------- */

static gpointer
newTidyCancel(gpointer unused G_GNUC_UNUSED)
{
    return cancelNew(NULL);
}

/* Raised once, by viSessionEndTidying(). */
static Cancel *
tidyCancel(void)
{
    static GOnce once = G_ONCE_INIT;

    return g_once(&once, newTidyCancel, NULL);
}

const Cancel *
viSessionTidyCancel(void)
{
    return tidyCancel();
}

void
viSessionEndTidying(void)
{
    cancelRaise(tidyCancel());
}

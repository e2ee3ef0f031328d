/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Bulk reads through the property collector. */

#include "vi_budget.h"
#include "vi_collector.h"

void
viObjectsFree(ViObjects *objects)
{
    if (!objects)
        return;
    g_clear_pointer(&objects->objects, g_ptr_array_unref);
    g_clear_pointer(&objects->replies, g_ptr_array_unref);
    g_free(objects);
}

size_t
viObjectsBytes(const ViObjects *objects)
{
    size_t bytes = 0;
    guint i;

    for (i = 0; i < objects->replies->len; i++)
        bytes += ((const SoapReply *)g_ptr_array_index(objects->replies, i))->bytes;
    return bytes;
}

const SoapAny *
viObjectProperty(const VimObjectContent *object, const char *name)
{
    size_t i;

    for (i = 0; i < object->n_propSet; i++) {
        if (g_strcmp0(object->propSet[i]->name, name) == 0)
            return object->propSet[i]->val;
    }
    return NULL;
}

static ViObjects *
objectsNew(void)
{
    ViObjects *objects = g_new0(ViObjects, 1);

    objects->objects = g_ptr_array_new();
    objects->replies = g_ptr_array_new_with_free_func((GDestroyNotify)soapReplyFree);
    return objects;
}

static gboolean
isExpiredObject(const VimObjectContent *object)
{
    size_t i;

    if (object->n_propSet > 0 || object->n_missingSet == 0)
        return FALSE;

    for (i = 0; i < object->n_missingSet; i++) {
        const VimLocalizedMethodFault *fault = object->missingSet[i]->fault;

        if (!fault || !soapObjectIs(fault->fault, &vimNotAuthenticatedType))
            return FALSE;
    }
    return TRUE;
}

gboolean
viCollectorSaysExpired(VimObjectContent *const *objects, size_t nobjects)
{
    size_t i;

    for (i = 0; i < nobjects; i++) {
        if (!isExpiredObject(objects[i]))
            return FALSE;
    }
    return TRUE;
}

/* How one retrieval ended. */
typedef enum {
    READ_OK,
    READ_FAILED,    /* with an error */
    READ_EXPIRED,   /* without one: the session of generation Read.generation has ended */
    READ_RENEWED,   /* the same, and there is already a new session */
} Outcome;

typedef struct {
    ViSession *session;
    ViCallOptions options;          /* of the caller; without a generation */
    ViBudget *budget;
    ViObjects *objects;
    guint64 generation;             /* of the session in which the read runs, as far as known */
} Read;

/* Adds the objects of @result to those read, together with the @reply that holds them. */
static gboolean
takePage(Read *reading, const VimRetrieveResult *result, SoapReply *reply, GError **error)
{
    ViObjects *objects = reading->objects;
    size_t i;

    g_ptr_array_add(objects->replies, reply);
    for (i = 0; i < result->n_objects; i++)
        g_ptr_array_add(objects->objects, result->objects[i]);
    return viBudgetTake(reading->budget, reply, result->n_objects, result->token != NULL, error);
}

/* Fetches the pages that follow the one with @token. A token is valid only in its session. */
static Outcome
readMorePages(Read *reading, const char *token, GError **error)
{
    VimContinueRetrievePropertiesExRequest args = VIM_INIT(ContinueRetrievePropertiesExRequest);
    ViCallOptions options = reading->options;

    options.generation = reading->generation;
    args.self = viSessionServices(reading->session)->propertyCollector;
    while (token) {
        g_autoptr(SoapReply) reply = NULL;
        g_autoptr(GError) local = NULL;
        const VimRetrieveResult *result;

        args.token = token;
        reply = viCall(reading->session, &vimMethodContinueRetrievePropertiesEx, &args, &options,
                       &local);
        if (g_error_matches(local, VI_ERROR, VI_ERROR_SESSION_RENEWED))
            return READ_RENEWED;
        if (!reply) {
            g_propagate_error(error, g_steal_pointer(&local));
            return READ_FAILED;
        }

        result = ((VimContinueRetrievePropertiesExResponse *)reply->body)->returnval;
        if (!result)
            return READ_EXPIRED;
        token = result->token;
        if (!takePage(reading, result, g_steal_pointer(&reply), error))
            return READ_FAILED;
    }
    return READ_OK;
}

static Outcome
readAllPages(Read *reading, const VimPropertyFilterSpec *spec, GError **error)
{
    VimRetrievePropertiesExRequest args = VIM_INIT(RetrievePropertiesExRequest);
    VimRetrieveOptions options = VIM_INIT(RetrieveOptions);
    VimPropertyFilterSpec *specs[] = { (VimPropertyFilterSpec *)spec };
    g_autoptr(SoapReply) reply = NULL;
    const VimRetrieveResult *result;
    const char *token;
    Outcome outcome;

    args.self = viSessionServices(reading->session)->propertyCollector;
    args.specSet = specs;
    args.n_specSet = 1;
    args.options = &options;

    reading->generation = viSessionGeneration(reading->session);
    reply = viCall(reading->session, &vimMethodRetrievePropertiesEx, &args, &reading->options,
                   error);
    if (!reply)
        return READ_FAILED;

    result = ((VimRetrievePropertiesExResponse *)reply->body)->returnval;
    if (!result)
        return READ_EXPIRED;
    token = result->token;
    if (!takePage(reading, result, g_steal_pointer(&reply), error))
        return READ_FAILED;

    /* The call may have renewed the session. */
    if (token)
        reading->generation = viSessionGeneration(reading->session);
    outcome = readMorePages(reading, token, error);
    if (outcome != READ_OK)
        return outcome;
    return viCollectorSaysExpired((VimObjectContent *const *)reading->objects->objects->pdata,
                                  reading->objects->objects->len) ? READ_EXPIRED : READ_OK;
}

ViObjects *
viCollectorRetrieveWith(ViSession *session, const VimPropertyFilterSpec *spec,
                        const ViCallOptions *options, GError **error)
{
    ViBudget budget;
    guint tries;

    viBudgetInit(&budget, session, "RetrievePropertiesEx", 0 /* quietMs */, options->deadline);
    for (tries = 0; tries < 2; tries++) {
        g_autoptr(ViObjects) objects = objectsNew();
        g_autoptr(GError) local = NULL;
        Read reading = {
            .session = session, .options = *options, .budget = &budget, .objects = objects,
        };
        Outcome outcome;

        reading.options.deadline = budget.deadline;
        outcome = readAllPages(&reading, spec, &local);
        if (outcome == READ_OK)
            return g_steal_pointer(&objects);
        if (outcome == READ_FAILED) {
            viBudgetExplain(&budget, &local);
            g_propagate_error(error, g_steal_pointer(&local));
            return NULL;
        }
        if (outcome == READ_EXPIRED && tries == 0 &&
            !viSessionRenew(session, reading.generation, error))
            return NULL;
    }
    g_set_error(
        error, VI_ERROR, VI_ERROR_PROTOCOL,
        "RetrievePropertiesEx: the server shows none of the requested objects, although the login "
        "is fresh; check the permissions of the user");
    return NULL;
}

ViObjects *
viCollectorRetrieve(ViSession *session, const VimPropertyFilterSpec *spec, GError **error)
{
    static const ViCallOptions none = { 0 };

    return viCollectorRetrieveWith(session, spec, &none, error);
}

SoapReply *
viCollectorWait(ViSession *session, const SoapMoRef *collector, const char *version,
                gint32 maxWaitSeconds, const ViCallOptions *options, VimUpdateSet **ret_updates,
                GError **error)
{
    VimWaitForUpdatesExRequest args = VIM_INIT(WaitForUpdatesExRequest);
    VimWaitOptions wait = VIM_INIT(WaitOptions);
    ViCallOptions patient = options ? *options : (ViCallOptions){ 0 };
    SoapReply *reply;

    patient.quietMs = (guint)maxWaitSeconds * 1000;
    wait.maxWaitSeconds = maxWaitSeconds;
    wait.has_maxWaitSeconds = TRUE;
    args.self = (SoapMoRef *)collector;
    args.version = version;
    args.options = &wait;

    reply = viCall(session, &vimMethodWaitForUpdatesEx, &args, &patient, error);
    if (!reply)
        return NULL;

    *ret_updates = ((VimWaitForUpdatesExResponse *)reply->body)->returnval;
    return reply;
}

SoapReply *
viCollectorCreateFilter(ViSession *session, const SoapMoRef *collector,
                        const VimPropertyFilterSpec *spec, const ViCallOptions *options,
                        SoapMoRef **ret_filter, GError **error)
{
    VimCreateFilterRequest args = VIM_INIT(CreateFilterRequest);
    g_autoptr(SoapReply) reply = NULL;
    SoapMoRef *filter;

    args.self = (SoapMoRef *)collector;
    args.spec = (VimPropertyFilterSpec *)spec;
    args.partialUpdates = FALSE;

    reply = viCall(session, &vimMethodCreateFilter, &args, options, error);
    if (!reply)
        return NULL;

    filter = ((VimCreateFilterResponse *)reply->body)->returnval;
    if (!filter) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL, "CreateFilter: the server created none");
        return NULL;
    }
    if (arenaUsed(reply->arena) > LIMIT_KEPT_REPLY) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "CreateFilter: the server named the filter with more than %zu KiB",
                    LIMIT_KEPT_REPLY / 1024);
        return NULL;
    }
    *ret_filter = filter;
    return g_steal_pointer(&reply);
}

gboolean
viCollectorCancelWait(ViSession *session, const SoapMoRef *collector, const ViCallOptions *options,
                      GError **error)
{
    VimCancelWaitForUpdatesRequest args = VIM_INIT(CancelWaitForUpdatesRequest);
    g_autoptr(SoapReply) reply = NULL;

    args.self = (SoapMoRef *)collector;
    reply = viCall(session, &vimMethodCancelWaitForUpdates, &args, options, error);
    return reply != NULL;
}

gboolean
viCollectorDestroyFilter(ViSession *session, const SoapMoRef *filter, const ViCallOptions *options,
                         GError **error)
{
    VimDestroyPropertyFilterRequest args = VIM_INIT(DestroyPropertyFilterRequest);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) local = NULL;

    args.self = (SoapMoRef *)filter;
    reply = viCall(session, &vimMethodDestroyPropertyFilter, &args, options, &local);
    if (!local || local->domain != HTTP_ERROR)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&local));
    return FALSE;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Bulk reads through the property collector. */

#include "base_limits.h"
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

/* Moves the objects of @result into @objects together with the @reply that holds them. */
static void
takePage(ViObjects *objects, const VimRetrieveResult *result, SoapReply *reply)
{
    size_t i;

    g_ptr_array_add(objects->replies, reply);
    for (i = 0; i < result->n_objects; i++)
        g_ptr_array_add(objects->objects, result->objects[i]);
}

/* Fetches the pages that follow the one with @token. */
static gboolean
retrieveRest(ViSession *session, const char *token, ViObjects *objects, GError **error)
{
    VimContinueRetrievePropertiesExRequest args = VIM_INIT(ContinueRetrievePropertiesExRequest);
    guint pages;

    args.self = viSessionServices(session)->propertyCollector;
    for (pages = 1; token && pages < LIMIT_PAGES; pages++) {
        g_autoptr(SoapReply) reply = NULL;
        const VimRetrieveResult *result;

        args.token = token;
        reply = viCall(session, &vimMethodContinueRetrievePropertiesEx, &args, NULL, error);
        if (!reply)
            return FALSE;

        result = ((VimContinueRetrievePropertiesExResponse *)reply->body)->returnval;
        if (!result)
            return TRUE;
        token = result->token;
        takePage(objects, result, g_steal_pointer(&reply));
    }
    return TRUE;
}

/* @ret_generation: the session the read ran in, as far as the caller can tell. */
static ViObjects *
retrieveOnce(ViSession *session, const VimPropertyFilterSpec *spec, guint64 *ret_generation,
             GError **error)
{
    VimRetrievePropertiesExRequest args = VIM_INIT(RetrievePropertiesExRequest);
    VimRetrieveOptions options = VIM_INIT(RetrieveOptions);
    VimPropertyFilterSpec *specs[] = { (VimPropertyFilterSpec *)spec };
    g_autoptr(ViObjects) objects = objectsNew();
    g_autoptr(SoapReply) reply = NULL;
    const VimRetrieveResult *result;
    const char *token = NULL;

    args.self = viSessionServices(session)->propertyCollector;
    args.specSet = specs;
    args.n_specSet = 1;
    args.options = &options;

    *ret_generation = viSessionGeneration(session);
    reply = viCall(session, &vimMethodRetrievePropertiesEx, &args, NULL, error);
    if (!reply)
        return NULL;

    result = ((VimRetrievePropertiesExResponse *)reply->body)->returnval;
    if (result) {
        token = result->token;
        takePage(objects, result, g_steal_pointer(&reply));
    }
    if (!retrieveRest(session, token, objects, error))
        return NULL;
    return g_steal_pointer(&objects);
}

static gboolean
looksExpired(const ViObjects *objects)
{
    return viCollectorSaysExpired((VimObjectContent *const *)objects->objects->pdata,
                                  objects->objects->len);
}

ViObjects *
viCollectorRetrieve(ViSession *session, const VimPropertyFilterSpec *spec, GError **error)
{
    g_autoptr(ViObjects) objects = NULL;
    guint64 generation;

    objects = retrieveOnce(session, spec, &generation, error);
    if (!objects || !looksExpired(objects))
        return g_steal_pointer(&objects);

    g_clear_pointer(&objects, viObjectsFree);
    if (!viSessionRenew(session, generation, error))
        return NULL;

    objects = retrieveOnce(session, spec, &generation, error);
    if (objects && looksExpired(objects)) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "RetrievePropertiesEx: the server shows none of the objects asked for, although the "
                    "login is fresh; check the permissions of the user");
        return NULL;
    }
    return g_steal_pointer(&objects);
}

SoapReply *
viCollectorWait(ViSession *session, const SoapMoRef *collector, const char *version,
                gint32 maxWaitSeconds, const ViCallOptions *options, VimUpdateSet **ret_updates,
                GError **error)
{
    VimWaitForUpdatesExRequest args = VIM_INIT(WaitForUpdatesExRequest);
    VimWaitOptions wait = VIM_INIT(WaitOptions);
    SoapReply *reply;

    wait.maxWaitSeconds = maxWaitSeconds;
    wait.has_maxWaitSeconds = TRUE;
    args.self = (SoapMoRef *)collector;
    args.version = version;
    args.options = &wait;

    reply = viCall(session, &vimMethodWaitForUpdatesEx, &args, options, error);
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
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL, "CreateFilter: the server made none");
        return NULL;
    }
    *ret_filter = filter;
    return g_steal_pointer(&reply);
}

void
viCollectorDestroyFilter(ViSession *session, const SoapMoRef *filter)
{
    VimDestroyPropertyFilterRequest args = VIM_INIT(DestroyPropertyFilterRequest);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) ignored = NULL;

    args.self = (SoapMoRef *)filter;
    reply = viCall(session, &vimMethodDestroyPropertyFilter, &args, NULL, &ignored);
}

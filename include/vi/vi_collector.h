/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_call.h"
#include "vim_types.h"

/*
 * Property collector: bulk reads. All pages of a retrieval are gathered; a reply that is empty, or
 * whose properties are all missing with NotAuthenticated, is how ESX says that the session has
 * ended (facts: it does not fault), so the session is renewed and the read repeated, once.
 */

typedef struct {
    GPtrArray *objects;     /* VimObjectContent *, owned by the replies */
    GPtrArray *replies;     /* SoapReply * */
} ViObjects;

void viObjectsFree(ViObjects *objects);

/* Returns: bytes of the replies they came in. */
size_t viObjectsBytes(const ViObjects *objects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViObjects, viObjectsFree)

/* Returns: the value of @object's property @name, or NULL when it is not there. */
const SoapAny *viObjectProperty(const VimObjectContent *object, const char *name);

/*
 * RetrievePropertiesEx on the session's own collector, with all pages (1 request per page), within
 * one ViBudget.
 *
 * Returns: (transfer full) at least one object, or NULL with @error.
 */
ViObjects *viCollectorRetrieve(ViSession *session, const VimPropertyFilterSpec *spec,
                               GError **error);

/* The same with a timeout for each request and a cancel flag; @options has no generation. */
ViObjects *viCollectorRetrieveWith(ViSession *session, const VimPropertyFilterSpec *spec,
                                   const ViCallOptions *options, GError **error);

/*
 * One WaitForUpdatesEx on @collector.
 *
 * @version: the version of the last update seen, "" for everything.
 * @maxWaitSeconds: 0 returns at once. The server may be silent that much longer than it else might.
 * @ret_updates: (transfer none) what changed, part of the reply; NULL when nothing did.
 * Returns: (transfer full) the reply that holds it, or NULL with @error.
 */
SoapReply *viCollectorWait(ViSession *session, const SoapMoRef *collector, const char *version,
                           gint32 maxWaitSeconds, const ViCallOptions *options,
                           VimUpdateSet **ret_updates, GError **error);

/*
 * Makes a filter on @collector.
 *
 * @ret_filter: (transfer none) its reference, part of the reply.
 * Returns: (transfer full) the reply that holds it, or NULL with @error.
 */
SoapReply *viCollectorCreateFilter(ViSession *session, const SoapMoRef *collector,
                                   const VimPropertyFilterSpec *spec, const ViCallOptions *options,
                                   SoapMoRef **ret_filter, GError **error);

/*
 * Ends a WaitForUpdatesEx of another thread on @collector: it fails with VI_ERROR_CANCELLED. One
 * that arrives at the server only after this request has, goes on.
 */
gboolean viCollectorCancelWait(ViSession *session, const SoapMoRef *collector,
                               const ViCallOptions *options, GError **error);

/*
 * Destroys a filter. One that the server does not know any more, or does not give up, is nobody's
 * concern: FALSE with @error, of HTTP_ERROR, only when it may have heard nothing of it.
 */
gboolean viCollectorDestroyFilter(ViSession *session, const SoapMoRef *filter,
                                  const ViCallOptions *options, GError **error);

/* Whether all that is missing is missing for NotAuthenticated, and nothing is there. */
gboolean viCollectorSaysExpired(VimObjectContent *const *objects, size_t nobjects);

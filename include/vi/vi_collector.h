/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_call.h"
#include "vim_types.h"

/*
 * Property collector: bulk reads. All pages of a retrieval are gathered. ESX reports an ended
 * session not with a fault, but with an empty reply, or one whose properties are all missing with
 * NotAuthenticated. Then the session is renewed and the read is repeated, once.
 */

typedef struct {
    GPtrArray *objects;     /* VimObjectContent *, owned by the replies */
    GPtrArray *replies;     /* SoapReply * */
} ViObjects;

void viObjectsFree(ViObjects *objects);

/* Returns: bytes of the replies that contained them. */
size_t viObjectsBytes(const ViObjects *objects);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViObjects, viObjectsFree)

/* Returns: the value of @object's property @name, or NULL if it is missing. */
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
 * @maxWaitSeconds: 0 returns at once. The server may be silent for that much longer.
 * @ret_updates: (transfer none) what changed, part of the reply; NULL if nothing did.
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
 * Ends a WaitForUpdatesEx of another thread on @collector, which fails with VI_ERROR_CANCELLED. A
 * wait that reaches the server after this request continues.
 */
gboolean viCollectorCancelWait(ViSession *session, const SoapMoRef *collector,
                               const ViCallOptions *options, GError **error);

/*
 * Destroys a filter. If the server no longer knows it, or refuses, that is not an error. FALSE with
 * @error, of HTTP_ERROR, only if the server may not have received the request.
 */
gboolean viCollectorDestroyFilter(ViSession *session, const SoapMoRef *filter,
                                  const ViCallOptions *options, GError **error);

/* Whether there is no property, and all are missing because of NotAuthenticated. */
gboolean viCollectorSaysExpired(VimObjectContent *const *objects, size_t nobjects);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

#include "base_cancel.h"
#include "esx_libvirt.h"

/*
 * EsxStreamReply: whether libvirtd has sent its client the reply to the call that opened a stream.
 *
 * libvirtd registers for a stream's events before it queues that reply, and another thread handles
 * them. Data, holes and the end of data may overtake the reply: the client keeps them for the
 * stream. An error must not: libvirt's client takes it for the reply ("Unexpected message type 0"),
 * finds no call for the real reply, and closes the whole connection.
 *
 * The proof: the thread of libvirtd that dispatches a call takes a reference to the identity of its
 * client before the call, and drops it when it returns, after the reply was queued. The client
 * keeps one reference as long as it exists, which is longer than any call. So while there is only
 * this one, no call of this client is under way, and the reply that opened the stream is queued.
 * Messages that are queued later are sent later.
 *
 * The proof may be late if the same client has other calls under way. Then a failure is reported as
 * the end of the data, and by the call that ends the stream.
 */
typedef struct _EsxStreamReply EsxStreamReply;

/*
 * Called by the call that opens the stream. Returns: NULL outside of a call of libvirtd, where
 * there is no reply to wait for.
 */
EsxStreamReply *esxStreamReplyNew(void);

/* Accepts NULL. */
void esxStreamReplyFree(EsxStreamReply *reply);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxStreamReply, esxStreamReplyFree)

/*
 * Waits until the reply is known to be queued, at most @ms, or until @cancel is raised.
 * NULL: it is. Returns: whether it is known.
 */
gboolean esxStreamReplyAwait(EsxStreamReply *reply, guint ms, const Cancel *cancel);

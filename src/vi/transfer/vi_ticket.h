/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "vi_transfer.h"

/*
 * Tickets for files of a vCenter's datastores. A host that has the datastore mounted serves its
 * files too, without vCenter in between. vCenter hands out a ticket for it
 * (AcquireGenericServiceTicket, 5.0 and newer): a cookie that is good for one request, on a
 * connection of its own, to the address it was asked for. There is no dcPath in that address: the
 * host has one datacenter only. (govmomi's object/datastore.go goes the same way.)
 *
 * The host is one that mounts the datastore accessibly and for writing, is connected and powered
 * on, and not in maintenance; which one is remembered for VI_TICKET_HOST_MS, so that it costs two
 * requests now and then, and each ticket one.
 *
 * Nothing here is an error: where there is no ticket, the file goes through vCenter, and no ticket
 * is asked for that datastore for VI_TICKET_AVOID_MS.
 */
typedef struct _ViTickets ViTickets;

#define VI_TICKET_HOST_MS 30000
#define VI_TICKET_AVOID_MS 60000

/* @session: (transfer none), must outlive the tickets. */
ViTickets *viTicketsNew(ViSession *session);
void viTicketsFree(ViTickets *tickets);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViTickets, viTicketsFree)

/* See viTransferSetHosts(). Without it there are no tickets. */
void viTicketsSetHosts(ViTickets *tickets, ViTransportFactory factory, gpointer opaque);

/* One request's permission. */
typedef struct {
    HttpTransport *transport;
    char *path;         /* "/folder/…?dsName=…" */
    char *cookie;       /* header line; a secret */
} ViTicket;

void viTicketFree(ViTicket *ticket);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViTicket, viTicketFree)

/*
 * @method: "HEAD", "GET" or "PUT". @path: the address without dcPath.
 *
 * Returns: (transfer full), or NULL: go through the session's own server. 0 to 3 requests.
 */
ViTicket *viTicketAcquire(ViTickets *tickets, const ViFile *file, const char *method,
                          const char *path, gint *cancel);

/* The host does not serve @file as it should: no tickets for its datastore for some time. */
void viTicketsAvoid(ViTickets *tickets, const ViFile *file);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "http_transport.h"
#include "vi_transfer.h"

/*
 * Tickets for files of a vCenter's datastores. A host that has mounted the datastore serves its
 * files too, without going through vCenter. vCenter issues a ticket for it
 * (AcquireGenericServiceTicket, 5.0 and newer): a cookie that is valid for one request, on a
 * separate connection, to the address for which it was requested. That address has no dcPath,
 * because a host has only one datacenter. (govmomi's object/datastore.go works in the same way.)
 *
 * The host has mounted the datastore accessibly and for writing, is connected and powered on, and
 * is not in maintenance. The choice is remembered for VI_TICKET_HOST_MS. It costs two requests, and
 * each ticket one.
 *
 * No failure here is an error: without a ticket, the file is transferred through vCenter, and no
 * ticket is requested for that datastore for VI_TICKET_AVOID_MS.
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

/* Permission for one request. */
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
 * Returns: (transfer full), or NULL: use the session's own server. 0 to 3 requests.
 */
ViTicket *viTicketAcquire(ViTickets *tickets, const ViFile *file, const char *method,
                          const char *path, const Cancel *cancel);

/* The host does not serve @file correctly: no tickets for its datastore for some time. */
void viTicketsAvoid(ViTickets *tickets, const ViFile *file);

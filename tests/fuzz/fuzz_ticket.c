/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Any bytes as the replies of a vCenter that is asked for a ticket: for the mounts of a datastore,
 * for its hosts, and for the ticket. (Or as the last alone: where there is no form feed.) What is
 * made of them is an address, a thumbprint and a cookie that can be sent.
 */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_server.h"
#include "fuzz_target.h"
#include "http_trust.h"
#include "vi_ticket.h"

#define REPLY(method, inner) \
    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" " \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" " \
    "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\"><e:Body><" method "Response xmlns=" \
    "\"urn:vim25\"><returnval>" inner "</returnval></" method "Response></e:Body></e:Envelope>\f"
#define PROPERTY(name, type, value) \
    "<propSet><name>" name "</name><val xsi:type=\"" type "\">" value "</val></propSet>"

static const char route[] =
    REPLY("RetrievePropertiesEx",
          "<objects><obj type=\"Datastore\">d</obj>"
          PROPERTY("host", "ArrayOfDatastoreHostMount",
                   "<DatastoreHostMount><key type=\"HostSystem\">h</key><mountInfo>"
                   "<accessMode>readWrite</accessMode></mountInfo></DatastoreHostMount>")
          "</objects>")
    REPLY("RetrievePropertiesEx",
          "<objects><obj type=\"HostSystem\">h</obj>"
          PROPERTY("name", "xsd:string", "esx1.example")
          PROPERTY("runtime.connectionState", "HostSystemConnectionState", "connected")
          "</objects>");

static gboolean
performNothing(HttpTransport *transport G_GNUC_UNUSED, const HttpRequest *request G_GNUC_UNUSED,
               HttpSink sink G_GNUC_UNUSED, gpointer opaque G_GNUC_UNUSED,
               HttpResponse *ret_response G_GNUC_UNUSED, GError **error)
{
    g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_CONNECT, "There is no host.");
    return FALSE;
}

static void
freeNothing(HttpTransport *transport)
{
    g_free(transport);
}

/* ViTransportFactory */
static HttpTransport *
makeTransport(const char *host, guint port, const char *thumbprint, gpointer opaque G_GNUC_UNUSED,
              GError **error G_GNUC_UNUSED)
{
    static const HttpTransportOps ops = { performNothing, freeNothing };
    HttpTransport *transport = g_new0(HttpTransport, 1);
    const char *p;

    g_assert_cmpstr(host, !=, "");
    g_assert_cmpuint(strlen(host), <=, LIMIT_NAME_BYTES);
    for (p = host; *p; p++)
        g_assert_false(g_ascii_iscntrl(*p) || g_ascii_isspace(*p) || strchr("/?#@", *p));
    g_assert_cmpuint(port, >, 0);
    g_assert_cmpuint(port, <=, G_MAXUINT16);
    if (thumbprint)
        g_assert_cmpuint(httpThumbprintParse(thumbprint, NULL), >, 0);
    transport->ops = &ops;
    return transport;
}

static void
checkTicket(const ViTicket *ticket)
{
    const char *p;

    g_assert_cmpuint(strlen(ticket->cookie), <=,
                     LIMIT_TICKET_BYTES + strlen("Cookie: vmware_cgi_ticket="));
    g_assert_true(g_str_has_prefix(ticket->cookie, "Cookie: vmware_cgi_ticket="));
    for (p = ticket->cookie + strlen("Cookie: "); *p; p++)
        g_assert_true(g_ascii_isgraph(*p) && !strchr(";,", *p));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const SoapMoRef datastore = { "Datastore", "d" };
    const ViFile file = { .datastore = "ds", .path = "a.iso", .datastoreRef = &datastore };
    size_t before = size > 0 && memchr(bytes, '\f', size) ? 0 : strlen(route);
    g_autofree char *replies = g_malloc(before + size + 1);
    FuzzServer server = { .isVcenter = TRUE };
    g_autoptr(ViSession) session = fuzzServerLogin(&server, NULL);
    g_autoptr(ViTickets) tickets = viTicketsNew(session);
    g_autoptr(ViTicket) ticket = NULL;

    memcpy(replies, route, before);
    if (size > 0)
        memcpy(replies + before, bytes, size);
    fuzzServerGive(&server, replies, before + size);
    viTicketsSetHosts(tickets, makeTransport, NULL);

    fuzzMemoryBegin();
    ticket = viTicketAcquire(tickets, &file, "GET", "/folder/a.iso?dsName=ds", NULL);
    fuzzMemoryCheck(before + size, LIMIT_AMPLIFICATION, 3);
    if (ticket)
        checkTicket(ticket);
    return 0;
}

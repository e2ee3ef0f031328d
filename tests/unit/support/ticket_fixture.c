/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "ticket_fixture.h"
#include "../../../src/vi/transfer/vi_transfer_priv.h"

static const SoapMoRef ticketDatastore = { "Datastore", "datastore-17" };
const ViFile ticketFile = {
    .datacenterPath = "DC", .datastore = "ds1", .path = "a.iso", .datastoreRef = &ticketDatastore,
};

HttpTransport *
ticketTransport(const char *host, guint port, const char *thumbprint, gpointer opaque,
                GError **error)
{
    TicketFixture *f = opaque;

    g_free(f->asked);
    f->asked = g_strdup_printf("%s %u %s", host, port, thumbprint ? thumbprint : "-");
    if (!f->refuses)
        return playedTransport(f->host, NULL);
    g_set_error(error, HTTP_ERROR, HTTP_ERROR_INVALID, "No transport.");
    return NULL;
}

void
ticketSetUp(TicketFixture *f, const char *content)
{
    g_autoptr(GError) error = NULL;

    f->canned = cannedNew();
    f->vcenter = playedNew();
    f->host = playedNew();
    fixtureScriptContent(f->canned, content);
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE);
    cannedReplyAlways(f->canned, "Logout", "");
    f->session = viSessionNew(playedTransport(f->vcenter, cannedTransport(f->canned)), &error);
    g_assert_no_error(error);
    g_assert_true(viSessionLogin(f->session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    cannedAssertLog(f->canned, "RetrieveServiceContent Login");
    f->transfer = viTransferNew(f->session);
    viTransferSetPause(f->transfer, 1);
    viTransferSetHosts(f->transfer, ticketTransport, f);
}

void
ticketSetUpVcenter(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    ticketSetUp(f, "service-content-vcenter.xml");
}

void
ticketTearDown(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAssertLog(f->vcenter, "");
    playedAssertLog(f->host, "");
    cannedAssertLog(f->canned, "");
    viTransferFree(f->transfer);
    viSessionFree(f->session);
    playedFree(f->host);
    playedFree(f->vcenter);
    cannedFree(f->canned);
    g_free(f->asked);
}

void
ticketScriptMounts(TicketFixture *f, const char *mounts)
{
    g_autofree char *inner = g_strdup_printf(
        "<returnval><objects><obj type=\"Datastore\">datastore-17</obj><propSet><name>host</name>"
        "<val xsi:type=\"ArrayOfDatastoreHostMount\">%s</val></propSet></objects></returnval>",
        mounts);

    cannedReply(f->canned, READ, inner);
}

void
ticketScriptHosts(TicketFixture *f, const char *hosts)
{
    g_autofree char *inner = g_strdup_printf("<returnval>%s</returnval>", hosts);

    cannedReply(f->canned, READ, inner);
}

void
ticketScriptHost(TicketFixture *f)
{
    ticketScriptMounts(f, GOOD_MOUNT);
    ticketScriptHosts(f, GOOD_HOST);
}

void
ticketScript(TicketFixture *f, const char *inner)
{
    g_autofree char *whole = g_strdup_printf("<returnval>%s</returnval>", inner);

    cannedReply(f->canned, TICKET, whole);
}

void
ticketAssertSize(TicketFixture *f)
{
    g_autoptr(GError) error = NULL;
    guint64 size = 0;

    g_assert_true(viTransferSize(f->transfer, &ticketFile, NULL, &size, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(size, ==, 5);
}

void
ticketAssertSizeFromHost(TicketFixture *f)
{
    playedAdd(f->host, &(PlayedReply){ .contentLength = 5 });
    ticketAssertSize(f);
}

void
ticketAssertSizeFromVcenter(TicketFixture *f)
{
    playedAdd(f->vcenter, &(PlayedReply){ .contentLength = 5 });
    ticketAssertSize(f);
    playedAssertLog(f->vcenter, "HEAD " OWN_URL " <" FIXTURE_COOKIE);
}

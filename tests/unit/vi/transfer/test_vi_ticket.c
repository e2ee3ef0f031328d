/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_ticket.h"

#include <string.h>

#include "base_limits.h"
#include "ticket_fixture.h"

/* ---- tests ---------------------------------------------------------------------------------- */

/* One ticket a request; the host is looked for once. */
static void
testHost(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    ticketScriptHost(f);
    ticketScript(f, "<id>52-aa</id><hostName>10.0.0.7</hostName><sslThumbprint>" SHA1
                    "</sslThumbprint>");
    ticketAssertSizeFromHost(f);
    cannedAssertLog(f->canned, FIND_HOST TICKET);
    g_assert_cmpstr(f->asked, ==, "10.0.0.7 443 " SHA1);
    fixtureAssertPhrase(cannedLast(f->canned, TICKET)->body,
                        "<method>httpHead</method><url>https://esx1.example.com" HOST_URL
                        "</url>");

    ticketScript(f, "<id>52-bb</id>");
    ticketAssertSizeFromHost(f);
    cannedAssertLog(f->canned, TICKET);
    g_assert_cmpstr(f->asked, ==, "esx1.example.com 443 -");
    playedAssertLog(f->host, "HEAD " HOST_URL " <vmware_cgi_ticket=52-aa\nHEAD " HOST_URL
                             " <vmware_cgi_ticket=52-bb");
}

static gboolean
discard(const char *data G_GNUC_UNUSED, size_t length, gpointer opaque,
        GError **error G_GNUC_UNUSED)
{
    *(size_t *)opaque += length;
    return TRUE;
}

static gssize
giveOnce(char *buffer, size_t size G_GNUC_UNUSED, gpointer opaque, GError **error G_GNUC_UNUSED)
{
    const gboolean first = !*(gboolean *)opaque;

    *(gboolean *)opaque = TRUE;
    *buffer = 'x';
    return first ? 1 : 0;
}

/* Reading and writing; each request has its own ticket, for its method. */
static void
testMethods(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    gboolean given = FALSE;
    size_t got = 0;

    ticketScriptHost(f);
    ticketScript(f, "<id>1</id>");
    playedAdd(f->host, &(PlayedReply){ .status = 206, .contentRange = "bytes 3-4/9",
                                       .body = "de" });
    g_assert_true(viTransferRead(f->transfer, &ticketFile, 3, 2, discard, &got, NULL, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(got, ==, 2);
    fixtureAssertPhrase(cannedLast(f->canned, TICKET)->body, "<method>httpGet</method>");

    ticketScript(f, "<id>2</id>");
    ticketScript(f, "<id>3</id>");
    playedAdd(f->host, &(PlayedReply){ .status = 201 });
    playedAdd(f->host, &(PlayedReply){ .status = 200 });
    g_assert_true(viTransferWrite(f->transfer, &ticketFile, 1, giveOnce, &given, NULL, NULL,
                                  &error));
    g_assert_no_error(error);
    fixtureAssertPhrase(cannedLast(f->canned, TICKET)->body, "<method>httpPut</method>");
    cannedAssertLog(f->canned, FIND_HOST TICKET " " TICKET " " TICKET);
    playedAssertLog(f->host, "GET " HOST_URL " 3-4 <vmware_cgi_ticket=1\nPUT " HOST_URL
                             " <vmware_cgi_ticket=2 =\nPUT " HOST_URL " <vmware_cgi_ticket=3 =x");
}

/* Where the ticket says the host is, and which certificate it has. */
static void
testAddress(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    static const struct {
        const char *ticket;
        const char *asked;
    } rows[] = {
        { "<hostName>127.0.0.1:9443</hostName>", "127.0.0.1 9443 -" },
        { "<hostName></hostName>", "esx1.example.com 443 -" },
        { "<hostName>localhost.localdomain</hostName>", "esx1.example.com 443 -" },
        { "<hostName>[fe80::1]:902</hostName>", "fe80::1 902 -" },
        { "<sslThumbprint>" SHA1 "</sslThumbprint><certThumbprintList><thumbprint>" SHA256
          "</thumbprint><hashAlgorithm>sha256</hashAlgorithm></certThumbprintList>",
          "esx1.example.com 443 " SHA256 },
        { "<sslThumbprint></sslThumbprint>", "esx1.example.com 443 -" },
    };
    size_t i;

    ticketScriptHost(f);
    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *ticket = g_strconcat("<id>1</id>", rows[i].ticket, NULL);

        ticketScript(f, ticket);
        ticketAssertSizeFromHost(f);
        g_assert_cmpstr(f->asked, ==, rows[i].asked);
        playedAssertLog(f->host, "HEAD " HOST_URL " <vmware_cgi_ticket=1");
    }
    cannedAssertLog(f->canned, FIND_HOST TICKET " " TICKET " " TICKET " " TICKET " " TICKET " "
                               TICKET);
}

/* Which host it is. */
static void
testChoice(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    const char *body;

    ticketScriptMounts(f, MOUNT("host-1", "readOnly", "")
                    MOUNT("host-2", "readWrite", "<mounted>false</mounted>")
                    MOUNT("host-3", "readWrite", "<accessible>false</accessible>")
                    MOUNT("host-4", "readWrite", "")
                    MOUNT("host-5", "readWrite", "<mounted>true</mounted>")
                    MOUNT("host-6", "readWrite", "")
                    MOUNT("host-7", "readWrite", ""));
    ticketScriptHosts(f, HOST("host-4", "four", "notResponding", "poweredOn", "false")
                   HOST("host-5", "five", "connected", "standBy", "false")
                   HOST("host-6", "six", "connected", "poweredOn", "true")
                   HOST("host-7", "seven", "connected", "poweredOn", "false"));
    ticketScript(f, "<id>1</id>");
    ticketAssertSizeFromHost(f);
    g_assert_cmpstr(f->asked, ==, "seven 443 -");
    cannedAssertLog(f->canned, FIND_HOST TICKET);
    playedAssertLog(f->host, "HEAD " HOST_URL " <vmware_cgi_ticket=1");

    body = cannedLast(f->canned, READ)->body;
    g_assert_null(strstr(body, "host-1"));
    g_assert_null(strstr(body, "host-2"));
    g_assert_null(strstr(body, "host-3"));
    fixtureAssertPhrase(body, "host-4");
}

/* Of very many hosts the first are looked at. */
static void
testManyHosts(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GString) mounts = g_string_new(NULL);
    g_autofree char *last = g_strdup_printf(">h%u<", LIMIT_TICKET_HOSTS);
    g_autofree char *beyond = g_strdup_printf(">h%u<", LIMIT_TICKET_HOSTS + 1);
    const char *body;
    guint i;

    for (i = 1; i <= LIMIT_TICKET_HOSTS + 3; i++)
        g_string_append_printf(mounts, MOUNT("h%u", "readWrite", ""), i);
    ticketScriptMounts(f, mounts->str);
    ticketScriptHosts(f, HOST("h64", "last", "connected", "poweredOn", "false"));
    ticketScript(f, "<id>1</id>");
    ticketAssertSizeFromHost(f);
    g_assert_cmpstr(f->asked, ==, "last 443 -");
    cannedAssertLog(f->canned, FIND_HOST TICKET);
    playedAssertLog(f->host, "HEAD " HOST_URL " <vmware_cgi_ticket=1");

    body = cannedLast(f->canned, READ)->body;
    fixtureAssertPhrase(body, last);
    g_assert_null(strstr(body, beyond));
}

/* Without a host or a ticket it goes through vCenter, and nobody asks again for a minute. */
static void
testNoHost(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    ticketScriptMounts(f, MOUNT("host-1", "readOnly", ""));
    ticketAssertSizeFromVcenter(f);
    cannedAssertLog(f->canned, READ);
    ticketAssertSizeFromVcenter(f);
    cannedAssertLog(f->canned, "");
}

static void
testNoGoodHost(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    ticketScriptMounts(f, GOOD_MOUNT);
    ticketScriptHosts(f, HOST("host-1", "one", "disconnected", "poweredOn", "false"));
    ticketAssertSizeFromVcenter(f);
    cannedAssertLog(f->canned, READ " " READ);
    ticketAssertSizeFromVcenter(f);
}

static void
testNoTicket(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    ticketScriptHost(f);
    cannedFault(f->canned, TICKET, "NotSupported", "Not here.");
    ticketAssertSizeFromVcenter(f);
    cannedAssertLog(f->canned, FIND_HOST TICKET);
    ticketAssertSizeFromVcenter(f);
}

static void
assertTicketIsRefused(const char *ticket)
{
    TicketFixture f = { 0 };

    ticketSetUpVcenter(&f, NULL);
    ticketScriptHost(&f);
    ticketScript(&f, ticket);
    ticketAssertSizeFromVcenter(&f);
    cannedAssertLog(f.canned, FIND_HOST TICKET);
    g_assert_null(f.asked);
    ticketTearDown(&f, NULL);
}

/* What a ticket says is not taken at its word. */
static void
testOddTickets(void)
{
    g_autofree char *name = g_strnfill(LIMIT_NAME_BYTES + 1, 'h');
    g_autofree char *id = g_strnfill(LIMIT_TICKET_BYTES + 1, 'i');
    g_autofree char *longHost = g_strdup_printf("<id>1</id><hostName>%s</hostName>", name);
    g_autofree char *longId = g_strdup_printf("<id>%s</id>", id);

    assertTicketIsRefused(longHost);
    assertTicketIsRefused(longId);
    assertTicketIsRefused("<id>1</id><hostName>esx1&#10;evil</hostName>");
    assertTicketIsRefused("<hostName>esx1</hostName>");
    assertTicketIsRefused("<id></id>");
    assertTicketIsRefused("<id>a b</id>");
    assertTicketIsRefused("<id>a;b=c</id>");
    assertTicketIsRefused("<id>a&#13;&#10;X-Evil: 1</id>");
    assertTicketIsRefused("<id>1</id><hostName>esx1/folder</hostName>");
    assertTicketIsRefused("<id>1</id><sslThumbprint>none</sslThumbprint>");
}

static void
testNoTransport(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    f->refuses = TRUE;
    ticketScriptHost(f);
    ticketScript(f, "<id>1</id>");
    ticketAssertSizeFromVcenter(f);
    cannedAssertLog(f->canned, FIND_HOST TICKET);
    ticketAssertSizeFromVcenter(f);
}

/* A host that cannot be reached is left alone. */
static void
testUnreachable(void)
{
    static const gint codes[] = {
        HTTP_ERROR_RESOLVE, HTTP_ERROR_CONNECT, HTTP_ERROR_TLS, HTTP_ERROR_TRUST,
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(codes); i++) {
        TicketFixture f = { 0 };

        ticketSetUpVcenter(&f, NULL);
        ticketScriptHost(&f);
        ticketScript(&f, "<id>1</id>");
        playedAdd(f.host, &(PlayedReply){ .domain = HTTP_ERROR, .code = codes[i] });
        ticketAssertSizeFromVcenter(&f);
        playedAssertLog(f.host, "HEAD " HOST_URL " <vmware_cgi_ticket=1");
        cannedAssertLog(f.canned, FIND_HOST TICKET);
        ticketAssertSizeFromVcenter(&f);
        ticketTearDown(&f, NULL);
    }
}

/* What a host refuses vCenter may give; then that host is left alone. */
static void
testHostRefuses(void)
{
    static const guint statuses[] = { 401, 403, 404, 500, 301 };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(statuses); i++) {
        TicketFixture f = { 0 };

        ticketSetUpVcenter(&f, NULL);
        ticketScriptHost(&f);
        ticketScript(&f, "<id>1</id>");
        playedAdd(f.host, &(PlayedReply){ .status = statuses[i] });
        ticketAssertSizeFromVcenter(&f);
        playedAssertLog(f.host, "HEAD " HOST_URL " <vmware_cgi_ticket=1");
        cannedAssertLog(f.canned, FIND_HOST TICKET);
        ticketAssertSizeFromVcenter(&f);
        ticketTearDown(&f, NULL);
    }
}

/* A file that is really missing says nothing against the host. */
static void
testMissing(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    guint64 size = 0;

    ticketScriptHost(f);
    ticketScript(f, "<id>1</id>");
    playedAdd(f->host, &(PlayedReply){ .status = 404 });
    playedAdd(f->vcenter, &(PlayedReply){ .status = 404 });
    g_assert_false(viTransferSize(f->transfer, &ticketFile, NULL, &size, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    playedAssertLog(f->vcenter, "HEAD " OWN_URL " <" FIXTURE_COOKIE);

    ticketScript(f, "<id>2</id>");
    ticketAssertSizeFromHost(f);
    playedAssertLog(f->host, "HEAD " HOST_URL " <vmware_cgi_ticket=1\nHEAD " HOST_URL
                             " <vmware_cgi_ticket=2");
    cannedAssertLog(f->canned, FIND_HOST TICKET " " TICKET);
}

/* Contents go out once: what a host has got it has got. */
static void
testWriteIsFinal(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    gboolean given = FALSE;

    ticketScriptHost(f);
    ticketScript(f, "<id>1</id>");
    ticketScript(f, "<id>2</id>");
    playedAdd(f->host, &(PlayedReply){ .status = 201 });
    playedAdd(f->host, &(PlayedReply){ .status = 500 });
    g_assert_false(viTransferWrite(f->transfer, &ticketFile, 1, giveOnce, &given, NULL, NULL,
                                   &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_FAULT);
    playedAssertLog(f->host, "PUT " HOST_URL " <vmware_cgi_ticket=1 =\nPUT " HOST_URL
                             " <vmware_cgi_ticket=2 =x");
    cannedAssertLog(f->canned, FIND_HOST TICKET " " TICKET);
}

/* A host that is not reached has got nothing, so that vCenter gets it all. */
static void
testWriteFallsBack(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    gboolean given = FALSE;

    ticketScriptHost(f);
    ticketScript(f, "<id>1</id>");
    ticketScript(f, "<id>2</id>");
    playedAdd(f->host, &(PlayedReply){ .status = 201 });
    playedAdd(f->host, &(PlayedReply){ .unheard = TRUE, .domain = HTTP_ERROR,
                                       .code = HTTP_ERROR_CONNECT });
    playedAdd(f->vcenter, &(PlayedReply){ .status = 201 });
    g_assert_true(viTransferWrite(f->transfer, &ticketFile, 1, giveOnce, &given, NULL, NULL,
                                  &error));
    g_assert_no_error(error);
    playedAssertLog(f->host, "PUT " HOST_URL " <vmware_cgi_ticket=1 =\nPUT " HOST_URL
                             " <vmware_cgi_ticket=2");
    playedAssertLog(f->vcenter, "PUT " OWN_URL " <" FIXTURE_COOKIE " =x");
    cannedAssertLog(f->canned, FIND_HOST TICKET " " TICKET);
}

/* Without a reference, a factory, or on a host itself, nobody asks for tickets. */
static void
testNotAsked(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    ViFile plain = ticketFile;
    g_autoptr(GError) error = NULL;
    guint64 size = 0;
    TicketFixture esx = { 0 };

    plain.datastoreRef = NULL;
    playedAdd(f->vcenter, &(PlayedReply){ .contentLength = 5 });
    g_assert_true(viTransferSize(f->transfer, &plain, NULL, &size, &error));
    playedAssertLog(f->vcenter, "HEAD " OWN_URL " <" FIXTURE_COOKIE);
    viTransferSetHosts(f->transfer, NULL, NULL);
    ticketAssertSizeFromVcenter(f);

    ticketSetUp(&esx, "service-content-8.0.xml");
    ticketAssertSizeFromVcenter(&esx);
    ticketTearDown(&esx, NULL);
}

/* No tickets for @n datastores, whose references begin with @prefix. */
static void
avoidMany(ViTickets *tickets, const char *prefix, guint n)
{
    guint i;

    for (i = 0; i < n; i++) {
        g_autofree char *value = g_strdup_printf("%s-%u", prefix, i);
        SoapMoRef ref = { "Datastore", value };

        viTicketsAvoid(tickets, &(ViFile){ .datastoreRef = &ref });
    }
}

/* Of more datastores than are kept, the one is forgotten that was not used for longest. */
static void
testCeiling(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(ViTickets) tickets = viTicketsNew(f->session);
    g_autoptr(ViTicket) ticket = NULL;

    viTicketsSetHosts(tickets, ticketTransport, f);
    viTicketsAvoid(tickets, &ticketFile);
    avoidMany(tickets, "a", LIMIT_KEPT_DATASTORES - 1);
    g_assert_null(viTicketAcquire(tickets, &ticketFile, "HEAD", HOST_URL, NULL));
    cannedAssertLog(f->canned, "");
    avoidMany(tickets, "b", LIMIT_KEPT_DATASTORES);
    ticketScriptHost(f);
    ticketScript(f, "<id>1</id>");
    ticket = viTicketAcquire(tickets, &ticketFile, "HEAD", HOST_URL, NULL);
    g_assert_nonnull(ticket);
    cannedAssertLog(f->canned, FIND_HOST TICKET);
}

/* A hook: drops all routes but those it makes. */
static void
dropRoutes(gpointer tickets)
{
    avoidMany(tickets, "d", LIMIT_KEPT_DATASTORES);
}

/* A route that goes while its host is asked for is still good for the one who asks. */
static void
testDroppedWhileAsked(TicketFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(ViTickets) tickets = viTicketsNew(f->session);
    g_autoptr(ViTicket) ticket = NULL;
    g_autofree char *hosts = cannedEnvelope(READ, "<returnval>" GOOD_HOST "</returnval>");

    viTicketsSetHosts(tickets, ticketTransport, f);
    ticketScriptMounts(f, GOOD_MOUNT);
    cannedAdd(f->canned, READ,
              &(CannedExchange){ .bytes = hosts, .hook = dropRoutes, .hookData = tickets });
    ticketScript(f, "<id>1</id>");
    ticket = viTicketAcquire(tickets, &ticketFile, "HEAD", HOST_URL, NULL);
    g_assert_nonnull(ticket);
    cannedAssertLog(f->canned, FIND_HOST TICKET);
}

#define ADD(name, function) \
    g_test_add("/vi/ticket/" name, \
               TicketFixture, NULL, ticketSetUpVcenter, function, ticketTearDown)

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("host", testHost);
    ADD("methods", testMethods);
    ADD("address", testAddress);
    ADD("choice", testChoice);
    ADD("many-hosts", testManyHosts);
    ADD("no-host", testNoHost);
    ADD("no-good-host", testNoGoodHost);
    ADD("no-ticket", testNoTicket);
    g_test_add_func("/vi/ticket/odd-tickets", testOddTickets);
    ADD("no-transport", testNoTransport);
    g_test_add_func("/vi/ticket/unreachable", testUnreachable);
    g_test_add_func("/vi/ticket/host-refuses", testHostRefuses);
    ADD("missing", testMissing);
    ADD("write-is-final", testWriteIsFinal);
    ADD("write-falls-back", testWriteFallsBack);
    ADD("not-asked", testNotAsked);
    ADD("ceiling", testCeiling);
    ADD("dropped-while-asked", testDroppedWhileAsked);
    return g_test_run();
}

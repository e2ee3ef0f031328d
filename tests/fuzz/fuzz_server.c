/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "fuzz_server.h"

#include <string.h>

#include "base_secret.h"

/* How a reply reaches the sink: in pieces that are no elements. */
#define PIECE 4093

#define ENVELOPE(body) \
    "<?xml version=\"1.0\"?><e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\" " \
    "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><e:Body>" body "</e:Body></e:Envelope>"

#define REF(name, type) "<" name " type=\"" type "\">" type "</" name ">"

#define CONTENT(api, line) \
    ENVELOPE("<RetrieveServiceContentResponse xmlns=\"urn:vim25\"><returnval>" \
             REF("rootFolder", "Folder") REF("propertyCollector", "PropertyCollector") \
             "<about><name>Server</name><fullName>Server 8.0.0</fullName><vendor>V</vendor>" \
             "<version>8.0.0</version><build>1</build><osType>os</osType><productLineId>" line \
             "</productLineId><apiType>" api "</apiType><apiVersion>8.0.0.0</apiVersion></about>" \
             REF("sessionManager", "SessionManager") \
             REF("virtualDiskManager", "VirtualDiskManager") REF("fileManager", "FileManager") \
             "</returnval></RetrieveServiceContentResponse>")

#define LOGIN \
    ENVELOPE("<LoginResponse xmlns=\"urn:vim25\"><returnval><key>1</key><userName>u</userName>" \
             "</returnval></LoginResponse>")

typedef struct {
    HttpTransport base;
    FuzzServer *server;
} FuzzTransport;

static void
checkHeaders(FuzzServer *server, const HttpRequest *request)
{
    const char *const *line;
    const char *p;

    for (line = request->headers; line && *line; line++) {
        for (p = *line; *p; p++) {
            if (g_ascii_iscntrl(*p))
                g_error("a header line with the byte 0x%02x", (guchar)*p);
        }
        server->longestHeader = MAX(server->longestHeader, strlen(*line));
    }
}

static gboolean
isCall(const HttpRequest *request, const char *method)
{
    return request->body && strstr(request->body, method);
}

/* Returns: the reply to @request, or NULL. */
static const char *
answer(FuzzServer *server, const HttpRequest *request, size_t *ret_size)
{
    const char *reply = server->next;
    const char *stop;

    if (isCall(request, "<RetrieveServiceContent"))
        reply = server->isVcenter ? CONTENT("VirtualCenter", "vpx") :
                                    CONTENT("HostAgent", "embeddedEsx");
    else if (isCall(request, "<Login"))
        reply = LOGIN;
    if (reply != server->next || !reply) {
        *ret_size = reply ? strlen(reply) : 0;
        return reply;
    }

    stop = memchr(reply, '\f', (size_t)(server->end - reply));
    server->next = stop ? stop + 1 : NULL;
    server->asked++;
    *ret_size = (size_t)((stop ? stop : server->end) - reply);
    return reply;
}

static gboolean
perform(HttpTransport *transport, const HttpRequest *request, HttpSink sink, gpointer opaque,
        HttpResponse *ret_response, GError **error)
{
    FuzzServer *server = ((FuzzTransport *)transport)->server;
    size_t size = 0;
    const char *reply;
    g_auto(HttpResponse) response = { .status = 200, .contentLength = -1 };
    size_t done;

    checkHeaders(server, request);
    reply = answer(server, request, &size);
    if (!reply) {
        g_set_error_literal(error, HTTP_ERROR, HTTP_ERROR_CONNECT, "There is no more input.");
        return FALSE;
    }
    if (memmem(reply, size, "Fault>", strlen("Fault>")))
        response.status = 500;
    response.contentType = g_strdup("text/xml; charset=utf-8");
    response.setCookie = g_strdup(server->setCookie);
    for (done = 0; sink && done < size; done += PIECE) {
        if (!sink(&response, reply + done, MIN(PIECE, size - done), opaque, error))
            return FALSE;
    }
    *ret_response = response;
    response = (HttpResponse){ 0 };
    return TRUE;
}

static void
transportFree(HttpTransport *transport)
{
    g_free(transport);
}

ViSession *
fuzzServerLogin(FuzzServer *server, GError **error)
{
    static const HttpTransportOps ops = { perform, transportFree };
    FuzzTransport *transport = g_new0(FuzzTransport, 1);
    g_autoptr(ViSession) session = NULL;

    transport->base.ops = &ops;
    transport->server = server;
    session = viSessionNew(&transport->base, error);
    if (session && viSessionLogin(session, "root", secretNew("p"), error))
        return g_steal_pointer(&session);
    g_assert_nonnull(server->setCookie);
    return NULL;
}

void
fuzzServerGive(FuzzServer *server, const char *bytes, size_t size)
{
    server->next = bytes;
    server->end = bytes + size;
}

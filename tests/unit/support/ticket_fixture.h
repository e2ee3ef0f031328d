/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "played_transport.h"
#include "vi_fixture.h"
#include "vi_transfer.h"

/* A file of a vCenter that is on a host, for the tests of tickets. */

#define READ "RetrievePropertiesEx"
#define TICKET "AcquireGenericServiceTicket"
#define FIND_HOST READ " " READ " "
#define HOST_URL "/folder/a.iso?dsName=ds1"
#define OWN_URL "/folder/a.iso?dcPath=DC&dsName=ds1"
#define SHA1 "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"
#define SHA256 "00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF"

extern const ViFile ticketFile;

/* A vCenter and a host, whose file APIs are played. */
typedef struct {
    Canned *canned;
    Played *vcenter;
    Played *host;
    ViSession *session;
    ViTransfer *transfer;
    char *asked;        /* what the factory was asked for last: "host port thumbprint" */
    gboolean refuses;   /* the factory */
} TicketFixture;

/* ViTransportFactory. @opaque: the fixture. */
HttpTransport *ticketTransport(const char *host, guint port, const char *thumbprint,
                               gpointer opaque, GError **error);

/* @content: who the server is, of tests/data/vi. */
void ticketSetUp(TicketFixture *f, const char *content);
void ticketSetUpVcenter(TicketFixture *f, gconstpointer unused);
/* Nothing may be left of what was played and logged. */
void ticketTearDown(TicketFixture *f, gconstpointer unused);

/* ---- the script ----------------------------------------------------------------------------- */

#define MOUNT(host, mode, more) \
    "<DatastoreHostMount xsi:type=\"DatastoreHostMount\"><key type=\"HostSystem\">" host "</key>" \
    "<mountInfo><accessMode>" mode "</accessMode>" more "</mountInfo></DatastoreHostMount>"
#define GOOD_MOUNT MOUNT("host-1", "readWrite", "<mounted>true</mounted>" \
                                                "<accessible>true</accessible>")

/* What the datastore says of its hosts. */
void ticketScriptMounts(TicketFixture *f, const char *mounts);

#define HOST(id, name, connection, power, maintenance) \
    "<objects><obj type=\"HostSystem\">" id "</obj>" \
    "<propSet><name>name</name><val xsi:type=\"xsd:string\">" name "</val></propSet>" \
    "<propSet><name>runtime.connectionState</name>" \
    "<val xsi:type=\"HostSystemConnectionState\">" connection "</val></propSet>" \
    "<propSet><name>runtime.powerState</name>" \
    "<val xsi:type=\"HostSystemPowerState\">" power "</val></propSet>" \
    "<propSet><name>runtime.inMaintenanceMode</name>" \
    "<val xsi:type=\"xsd:boolean\">" maintenance "</val></propSet></objects>"
#define GOOD_HOST HOST("host-1", "esx1.example.com", "connected", "poweredOn", "false")

/* What these say. */
void ticketScriptHosts(TicketFixture *f, const char *hosts);

/* Both, of one that is good. */
void ticketScriptHost(TicketFixture *f);

/* A ticket of these elements. */
void ticketScript(TicketFixture *f, const char *inner);

/* Asks for the size of the file, and expects five bytes. */
void ticketAssertSize(TicketFixture *f);
void ticketAssertSizeFromHost(TicketFixture *f);

/* The size comes from vCenter, and no ticket was asked for. */
void ticketAssertSizeFromVcenter(TicketFixture *f);

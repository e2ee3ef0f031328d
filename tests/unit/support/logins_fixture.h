/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_logins.h"
#include "vi_fixture.h"

#define USER "root"
#define HOUR_MS 3600000u
#define SOON_MS 20
#define CREW 16

/* A server, as often as somebody opens it, and the registry it is opened through. */
typedef struct {
    EsxLogins *registry;
    EsxUri *uri;

    GMutex lock;            /* guards what follows */
    GCond changed;
    guint opens;
    gboolean holds;         /* who opens waits */
    gboolean refuses;
    gboolean holdsLogout;   /* of what is opened from now on */
    gboolean answersCalls;  /* CurrentTime, likewise */
    guint joined;
    guint refused;
    GPtrArray *canned;      /* Canned, one a login */
    EsxServer *servers[CREW];   /* what a crew has got */
} Site;

/* @name: of the only parameter; NULL: none. */
EsxUri *siteUri(const char *scheme, const char *name, const char *value);

/* With the parameter @name; NULL: none. Who frees it has given all back. */
Site *siteNew(const char *name, const char *value);
void siteFree(Site *site);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Site, siteFree)

/* Whether who opens has to wait. */
void siteHold(Site *site, gboolean holds);

/* Returns: (transfer none): the server of the @nth login. */
Canned *siteCanned(Site *site, guint nth);

void siteAwaitOpens(Site *site, guint n);

/* As esxLoginsJoin(). */
EsxServer *siteJoinAs(Site *site, const EsxUri *uri, const char *user, const char *password,
                      GError **error);

/* The same by the usual way, which works. */
EsxServer *siteJoin(Site *site);

/* Gives it back, without lingering. */
void siteLeave(Site *site, EsxServer *server);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "canned_transport.h"
#include "vi_session.h"

/* Sessions at a scripted server, for the tests of the vi and inventory floors. */

/* As ESX writes them: the value has quotes of its own. */
#define FIXTURE_COOKIE "vmware_soap_session=\"1f8a3c\""
#define FIXTURE_SET_COOKIE FIXTURE_COOKIE "; Path=/; HttpOnly; Secure;"
#define FIXTURE_COOKIE_2 "vmware_soap_session=\"2e9b4d\""
#define FIXTURE_SET_COOKIE_2 FIXTURE_COOKIE_2 "; Path=/; HttpOnly; Secure;"

#define FIXTURE_PASSWORD "pass&word <of> root"

/* Scripts a RetrieveServiceContent that answers with tests/data/vi/@data. */
void fixtureScriptContent(Canned *canned, const char *data);

/* Scripts a Login that works and hands out @setCookie. */
void fixtureScriptLogin(Canned *canned, const char *setCookie);

/* A session at an ESX 8.0 host that has not logged in. The log is empty afterwards. */
ViSession *fixtureConnect(Canned *canned);

/* The same, logged in with FIXTURE_COOKIE; Logout is scripted too. */
ViSession *fixtureLogin(Canned *canned);

/* For tests that begin at a session that is logged in; it is freed before the script is checked. */
typedef struct {
    Canned *canned;
    ViSession *session;
} SessionFixture;

void fixtureSetUpSession(SessionFixture *f, gconstpointer unused);
void fixtureTearDownSession(SessionFixture *f, gconstpointer unused);

/* A test of such a session: (SessionFixture *f, gconstpointer unused). */
#define fixtureAdd(path, function) \
    g_test_add(path, SessionFixture, NULL, fixtureSetUpSession, function, fixtureTearDownSession)

/* One CurrentTime, which is SAFE. */
gboolean fixtureCallSafe(ViSession *session, GError **error);

/* One MakeDirectory, which is ONCE. */
gboolean fixtureCallOnce(ViSession *session, GError **error);

/* One DestroyPropertyFilter, which is SESSION, for a filter made in @generation. */
gboolean fixtureCallSession(ViSession *session, guint64 generation, GError **error);

/* What CurrentTime answers. */
#define FIXTURE_TIME "<returnval>2026-01-02T03:04:05Z</returnval>"

/* Scripts the fault of a session that has ended. */
void fixtureScriptExpired(Canned *canned, const char *method);

/* @message must contain @phrase. */
void fixtureAssertPhrase(const char *message, const char *phrase);

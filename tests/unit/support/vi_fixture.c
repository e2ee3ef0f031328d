/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_fixture.h"

#include <string.h>

#include "vi_call.h"
#include "vim_types.h"

void
fixtureScriptContent(Canned *canned, const char *data)
{
    g_autofree char *bytes = cannedData(data);

    cannedAdd(canned, "RetrieveServiceContent", &(CannedExchange){ .bytes = bytes });
}

void
fixtureScriptLogin(Canned *canned, const char *setCookie)
{
    g_autofree char *bytes =
        cannedEnvelope("Login", "<returnval><key>52aa</key><userName>root</userName>"
                                "<fullName>Administrator</fullName></returnval>");

    cannedAdd(canned, "Login", &(CannedExchange){ .bytes = bytes, .setCookie = setCookie });
}

ViSession *
fixtureConnect(Canned *canned)
{
    g_autoptr(GError) error = NULL;
    ViSession *session = NULL;

    fixtureScriptContent(canned, "service-content-8.0.xml");
    session = viSessionNew(cannedTransport(canned), &error);
    g_assert_no_error(error);
    cannedAssertLog(canned, "RetrieveServiceContent");
    return session;
}

ViSession *
fixtureLogin(Canned *canned)
{
    ViSession *session = fixtureConnect(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    cannedReplyAlways(canned, "Logout", "");
    g_assert_true(viSessionLogin(session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "Login");
    return session;
}

void
fixtureSetUpSession(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    f->canned = cannedNew();
    f->session = fixtureLogin(f->canned);
}

void
fixtureTearDownSession(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_clear_pointer(&f->session, viSessionFree);
    g_clear_pointer(&f->canned, cannedFree);
}

gboolean
fixtureCallSafe(ViSession *session, GError **error)
{
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    g_autoptr(SoapReply) reply = NULL;

    args.self = &instance;
    reply = viCall(session, &vimMethodCurrentTime, &args, NULL, error);
    return reply != NULL;
}

gboolean
fixtureCallOnce(ViSession *session, GError **error)
{
    VimMakeDirectoryRequest args = VIM_INIT(MakeDirectoryRequest);
    g_autoptr(SoapReply) reply = NULL;

    args.self = viSessionServices(session)->fileManager;
    args.name = "[ds] folder";
    reply = viCall(session, &vimMethodMakeDirectory, &args, NULL, error);
    return reply != NULL;
}

gboolean
fixtureCallSession(ViSession *session, guint64 generation, GError **error)
{
    SoapMoRef filter = { "PropertyFilter", "session[1]2" };
    VimDestroyPropertyFilterRequest args = VIM_INIT(DestroyPropertyFilterRequest);
    ViCallOptions options = { .generation = generation };
    g_autoptr(SoapReply) reply = NULL;

    args.self = &filter;
    reply = viCall(session, &vimMethodDestroyPropertyFilter, &args, &options, error);
    return reply != NULL;
}

void
fixtureScriptExpired(Canned *canned, const char *method)
{
    cannedFault(canned, method, "NotAuthenticated", "The session is not authenticated.");
}

void
fixtureAssertPhrase(const char *message, const char *phrase)
{
    if (!strstr(message, phrase))
        g_test_message("no \"%s\" in \"%s\"", phrase, message);
    g_assert_nonnull(strstr(message, phrase));
}

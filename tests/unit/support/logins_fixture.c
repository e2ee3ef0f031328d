/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Servers that are scripted, and the registry they are opened through. */

#include "logins_fixture.h"

EsxUri *
siteUri(const char *scheme, const char *name, const char *value)
{
    EsxUriParameter parameter = { name, value };
    EsxUriSource source = {
        .scheme = scheme, .host = "esx1", .parameters = &parameter, .nparameters = name ? 1 : 0,
    };
    g_autoptr(GError) error = NULL;
    EsxUri *uri = esxUriNew(&source, &error);

    g_assert_no_error(error);
    return uri;
}

static void
freeCanned(gpointer canned)
{
    cannedFree(canned);
}

Site *
siteNew(const char *name, const char *value)
{
    Site *site = g_new0(Site, 1);

    site->registry = esxLoginsNew();
    site->uri = siteUri("esx", name, value);
    site->canned = g_ptr_array_new_with_free_func(freeCanned);
    g_mutex_init(&site->lock);
    g_cond_init(&site->changed);
    return site;
}

void
siteFree(Site *site)
{
    esxLoginsFree(site->registry);
    g_ptr_array_unref(site->canned);
    esxUriFree(site->uri);
    g_cond_clear(&site->changed);
    g_mutex_clear(&site->lock);
    g_free(site);
}

static EsxServer *
makeServer(Canned *canned, gboolean holdsLogout)
{
    ViSession *session = fixtureConnect(canned);
    g_autofree char *bytes = cannedEnvelope("Logout", "");
    CannedExchange logout = { .bytes = bytes, .held = holdsLogout, .always = TRUE };
    g_autoptr(GError) error = NULL;

    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    cannedAdd(canned, "Logout", &logout);
    g_assert_true(viSessionLogin(session, USER, secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    return esxServerNew(session, NULL /* scope */, "esx1", 443);
}

/* EsxLoginsOpener */
static EsxServer *
openSite(gpointer opaque, GError **error)
{
    Site *site = opaque;
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);
    Canned *canned = NULL;

    site->opens++;
    g_cond_broadcast(&site->changed);
    while (site->holds)
        g_cond_wait(&site->changed, &site->lock);
    if (site->refuses) {
        g_set_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN, "Login: no");
        return NULL;
    }
    canned = cannedNew();
    g_ptr_array_add(site->canned, canned);
    if (site->answersCalls)
        cannedReplyAlways(canned, "CurrentTime", FIXTURE_TIME);
    return makeServer(canned, site->holdsLogout);
}

void
siteHold(Site *site, gboolean holds)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    site->holds = holds;
    g_cond_broadcast(&site->changed);
}

Canned *
siteCanned(Site *site, guint nth)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    return g_ptr_array_index(site->canned, nth);
}

void
siteAwaitOpens(Site *site, guint n)
{
    g_autoptr(GMutexLocker) locker = g_mutex_locker_new(&site->lock);

    while (site->opens < n)
        g_cond_wait(&site->changed, &site->lock);
}

EsxServer *
siteJoinAs(Site *site, const EsxUri *uri, const char *user, const char *password, GError **error)
{
    g_autoptr(Secret) secret = secretNew(password);

    return esxLoginsJoin(site->registry, uri, NULL /* identity */, user, secret, openSite, site,
                         error);
}

EsxServer *
siteJoin(Site *site)
{
    g_autoptr(GError) error = NULL;
    EsxServer *server = siteJoinAs(site, site->uri, USER, FIXTURE_PASSWORD, &error);

    g_assert_no_error(error);
    g_assert_nonnull(server);
    return server;
}

void
siteLeave(Site *site, EsxServer *server)
{
    esxLoginsLeave(site->registry, server, 0);
}

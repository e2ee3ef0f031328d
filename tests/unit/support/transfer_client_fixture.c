/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "transfer_client_fixture.h"
#include "../../../src/vi/transfer/vi_transfer_priv.h"

const ViFile folderFile = { .datastore = "ds1", .path = "dir/a.iso" };

void
folderSetUp(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    f->canned = cannedNew();
    f->played = playedNew();
    fixtureScriptContent(f->canned, "service-content-8.0.xml");
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE);
    cannedReplyAlways(f->canned, "Logout", "");
    f->session = viSessionNew(playedTransport(f->played, cannedTransport(f->canned)), &error);
    g_assert_no_error(error);
    g_assert_true(viSessionLogin(f->session, "root", secretNew(FIXTURE_PASSWORD), &error));
    g_assert_no_error(error);
    f->transfer = viTransferNew(f->session);
    viTransferSetPause(f->transfer, 1);
}

void
folderTearDown(Fixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    playedAssertLog(f->played, "");
    viTransferFree(f->transfer);
    viSessionFree(f->session);
    playedFree(f->played);
    cannedFree(f->canned);
}

gboolean
folderAppend(const char *data, size_t length, gpointer opaque, GError **error G_GNUC_UNUSED)
{
    g_string_append_len(opaque, data, (gssize)length);
    return TRUE;
}

void
folderAssertRead(Fixture *f, guint64 offset, guint64 length, const char *expected)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_true(viTransferRead(f->transfer, &folderFile, offset, length, folderAppend, got,
                                 NULL /* cancel */, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(got->str, ==, expected);
}

void
folderAssertReadFails(Fixture *f, guint64 offset, guint64 length, GQuark domain, gint code,
                      const char *phrase)
{
    g_autoptr(GString) got = g_string_new(NULL);
    g_autoptr(GError) error = NULL;

    g_assert_false(viTransferRead(f->transfer, &folderFile, offset, length, folderAppend, got,
                                  NULL /* cancel */, &error));
    g_assert_error(error, domain, code);
    fixtureAssertPhrase(error->message, phrase);
    fixtureAssertPhrase(error->message, NAME);
}


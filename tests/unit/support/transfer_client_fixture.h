/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "played_transport.h"
#include "vi_fixture.h"
#include "vi_transfer.h"

/* A session at a server whose file API is played, for the tests of vi_folder. */

typedef struct {
    Canned *canned;
    Played *played;
    ViSession *session;
    ViTransfer *transfer;       /* with pauses of a millisecond */
} Fixture;

/* For g_test_add(). */
void folderSetUp(Fixture *f, gconstpointer unused);

/* Ends the test when requests are left that no playedAssertLog() has seen. */
void folderTearDown(Fixture *f, gconstpointer unused);

/* Adds a test function with a Fixture. */
#define ADD(name, function) \
    g_test_add("/vi/" name, Fixture, NULL, folderSetUp, function, folderTearDown)

/* The file of most tests, its address and name, and the ends of its lines in the log. */
extern const ViFile folderFile;
#define URL "/folder/dir/a.iso?dsName=ds1"
#define NAME "'[ds1] dir/a.iso'"
#define OWN " <" FIXTURE_COOKIE
#define FRESH " <" FIXTURE_COOKIE_2

/* ViTransferSink for a GString. */
gboolean folderAppend(const char *data, size_t length, gpointer opaque, GError **error);

/* Reads @length bytes from @offset on and expects @expected. */
void folderAssertRead(Fixture *f, guint64 offset, guint64 length, const char *expected);

/* Reads in vain. @domain, @code, @phrase: the error, which names the file. */
void folderAssertReadFails(Fixture *f, guint64 offset, guint64 length, GQuark domain, gint code,
                           const char *phrase);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "transfer_stub.h"
#include "../../../src/vi/transfer/vi_transfer_priv.h"

#include <string.h>

#define MARK ".upload-"
#define RANDOM_DIGITS 8

typedef struct {
    const char *verb;
    gint code;          /* -1: works */
    const char *text;
} Outcome;

static GQueue outcomes = G_QUEUE_INIT;
static GString *lines;
static gint64 there = -1;

struct _ViTransfer {
    ViSession *session;
};

/* ---- the script ------------------------------------------------------------------------------ */

static void
add(const char *verb, gint code, const char *text)
{
    Outcome *outcome = g_new0(Outcome, 1);

    *outcome = (Outcome) { verb, code, text };
    g_queue_push_tail(&outcomes, outcome);
}

void
folderStubReset(void)
{
    there = -1;
    if (lines)
        g_string_free(g_steal_pointer(&lines), TRUE);
}

void
folderStubSee(gint64 size)
{
    there = size;
}

void
folderStubFail(const char *verb, gint code)
{
    add(verb, code, NULL);
}

void
folderStubText(const char *text)
{
    add("read", -1, text);
}

void
folderStubFile(void)
{
    add("size", -1, NULL);
}

void
folderStubAssertLog(const char *log)
{
    g_autofree char *seen = lines ? g_string_free(lines, FALSE) : g_strdup("");

    lines = NULL;
    g_assert_cmpstr(seen, ==, log);
    g_assert_cmpuint(outcomes.length, ==, 0);
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void
record(const char *verb, const ViFile *file, gint64 length)
{
    g_autofree char *path = g_strdup(file->path);
    char *mark = strstr(path, MARK);
    size_t i;

    for (i = 0; mark && i < RANDOM_DIGITS; i++) {
        g_assert_true(g_ascii_isxdigit(mark[strlen(MARK) + i]));
        mark[strlen(MARK) + i] = 'X';
    }
    if (!lines)
        lines = g_string_new(NULL);
    g_string_append_printf(lines, "%s [%s] %s", verb, file->datastore, path);
    if (length >= 0)
        g_string_append_printf(lines, " %" G_GINT64_FORMAT, length);
    g_string_append_c(lines, '\n');
}

/* The next outcome, if it is one of @verb. */
static gboolean
take(const char *verb, gint otherwise, const char **ret_text, GError **error)
{
    Outcome *outcome = g_queue_peek_head(&outcomes);
    gint code = otherwise;

    if (outcome && g_str_equal(outcome->verb, verb)) {
        code = outcome->code;
        *ret_text = outcome->text;
        g_free(g_queue_pop_head(&outcomes));
    }
    if (code < 0)
        return TRUE;
    g_set_error(error, VI_ERROR, code, "scripted trouble");
    return FALSE;
}

gboolean
viTransferSize(ViTransfer *transfer G_GNUC_UNUSED, const ViFile *file,
               const Cancel *cancel G_GNUC_UNUSED, guint64 *ret_size, GError **error)
{
    const char *text = NULL;

    record("size", file, -1);
    if (!take("size", there < 0 ? VI_ERROR_FILE_NOT_FOUND : -1, &text, error))
        return FALSE;
    *ret_size = there < 0 ? 1 : (guint64)there;
    return TRUE;
}

char *
viTransferReadText(ViTransfer *transfer G_GNUC_UNUSED, const ViFile *file,
                   size_t limit G_GNUC_UNUSED, const Cancel *cancel G_GNUC_UNUSED,
                   size_t *ret_length, GError **error)
{
    const char *text = NULL;

    record("read", file, -1);
    if (!take("read", VI_ERROR_FILE_NOT_FOUND, &text, error))
        return NULL;
    *ret_length = strlen(text);
    return g_strdup(text);
}

/* Takes all that the source gives, which must be zeros. */
gboolean
viTransferWrite(ViTransfer *transfer G_GNUC_UNUSED, const ViFile *file, gint64 length,
                HttpSource source,
                gpointer opaque, const Cancel *cancel, guint64 *ret_written, GError **error)
{
    char buffer[4096];
    const char *text = NULL;
    gint64 given = 0;
    gssize n;

    record("write", file, length);
    g_assert_nonnull(cancel);
    if (!take("write", -1, &text, error))
        return FALSE;
    while ((n = source(buffer, sizeof(buffer), opaque, error)) > 0) {
        gssize i;

        for (i = 0; i < n; i++)
            g_assert_cmpint(buffer[i], ==, 0);
        given += n;
    }
    g_assert_cmpint(n, ==, 0);
    g_assert_cmpint(given, ==, length);
    there = given;
    if (ret_written)
        *ret_written = (guint64)given;
    return TRUE;
}

/* ---- what nobody here calls ------------------------------------------------------------------ */

ViTransfer *
viTransferNew(ViSession *session)
{
    ViTransfer *transfer = g_new0(ViTransfer, 1);

    transfer->session = session;
    return transfer;
}

void
viTransferSetPause(ViTransfer *transfer G_GNUC_UNUSED, guint pauseMs G_GNUC_UNUSED)
{
}

void
viTransferSetHosts(ViTransfer *transfer G_GNUC_UNUSED, ViTransportFactory factory G_GNUC_UNUSED,
                   gpointer opaque G_GNUC_UNUSED)
{
}

void
viTransferFree(ViTransfer *transfer)
{
    g_free(transfer);
}

gboolean
viTransferRead(ViTransfer *transfer G_GNUC_UNUSED, const ViFile *file, guint64 offset G_GNUC_UNUSED,
               guint64 length G_GNUC_UNUSED, ViTransferSink sink G_GNUC_UNUSED,
               gpointer opaque G_GNUC_UNUSED, const Cancel *cancel G_GNUC_UNUSED,
               GError **error G_GNUC_UNUSED)
{
    g_error("nobody scripted reading '%s'", file->path);
}

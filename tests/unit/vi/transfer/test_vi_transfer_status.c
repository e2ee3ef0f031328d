/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_transfer_status.h"

#include <string.h>

#include "base_limits.h"

static const ViFile file = { .datastore = "ds 1", .path = "vm/disk.iso" };

static void
testStatuses(void)
{
    static const struct {
        guint status;
        const char *body;
        gint code;
        const char *phrase;
    } rows[] = {
        { 401, NULL, VI_ERROR_NO_PERMISSION, "Datastore.FileManagement" },
        { 403, NULL, VI_ERROR_NO_PERMISSION, "HTTP status 403" },
        { 404, NULL, VI_ERROR_FILE_NOT_FOUND, "no file" },
        { 405, NULL, VI_ERROR_NOT_SUPPORTED, "405" },
        { 400, "<h1>Bad  Request</h1>", VI_ERROR_PROTOCOL, "; it says 'Bad Request'" },
        { 302, NULL, VI_ERROR_PROTOCOL, "to 'https://elsewhere/folder' (HTTP status 302)" },
        { 423, NULL, VI_ERROR_FILE_LOCKED, "is locked" },
        { 500, NULL, VI_ERROR_FILE_FAULT, "a running virtual machine may" },
        { 500, "", VI_ERROR_FILE_FAULT, "HTTP status 500" },
        { 500, "The file is Locked.", VI_ERROR_FILE_LOCKED, "'The file is Locked'" },
        { 500, "Device or resource busy", VI_ERROR_FILE_LOCKED, "is locked" },
        { 500, "The resource is in use", VI_ERROR_FILE_LOCKED, "is locked" },
        { 500, "No space left on device", VI_ERROR_NO_DISK_SPACE, "is full" },
        { 500, "There is not enough space on the file system", VI_ERROR_NO_DISK_SPACE, "is full" },
        { 500, "not enough memory", VI_ERROR_FILE_FAULT,
          "(HTTP status 500); it says 'not enough memory'" },
        { 503, NULL, VI_ERROR_BUSY, "503" },
        { 503, "Out of HTTP sessions: Limited to 2000", VI_ERROR_BUSY,
          "; it says 'Out of HTTP sessions: Limited to 2000'; try again later" },
        { 503, "503 Service Unavailable (Failed to connect to endpoint: [N7Vmacore4Http]",
          VI_ERROR_SERVICE_DOWN, "the service behind it does not (HTTP status 503)" },
        { 407, NULL, VI_ERROR_REFUSED, "a proxy demands a login" },
        { 502, NULL, VI_ERROR_PROTOCOL, "no valid reply from it (HTTP status 502)" },
        { 504, "late", VI_ERROR_PROTOCOL, "in time (HTTP status 504)" },
        { 507, NULL, VI_ERROR_NO_DISK_SPACE, "is full" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        HttpResponse response = {
            .status = rows[i].status, .location = (char *)"https://elsewhere/folder",
        };
        g_autoptr(GError) error = NULL;

        viTransferSetRefused(&error, &file, FALSE /* writing */, &response, rows[i].body);
        g_assert_error(error, VI_ERROR, rows[i].code);
        g_assert_nonnull(strstr(error->message, rows[i].phrase));
        g_assert_nonnull(strstr(error->message, "'[ds 1] vm/disk.iso'"));
        g_assert_cmpint(error->message[strlen(error->message) - 1], !=, '.');
    }
}

static void
testWriting(void)
{
    HttpResponse missing = { .status = 404 };
    HttpResponse failed = { .status = 500 };
    g_autoptr(GError) first = NULL;
    g_autoptr(GError) second = NULL;

    viTransferSetRefused(&first, &file, TRUE /* writing */, &missing, NULL);
    g_assert_error(first, VI_ERROR, VI_ERROR_FILE_NOT_FOUND);
    g_assert_nonnull(strstr(first->message, "no folder to write '[ds 1] vm/disk.iso' into"));
    viTransferSetRefused(&second, &file, TRUE /* writing */, &failed, NULL);
    g_assert_nonnull(strstr(second->message, "failed to write"));
}

/* What the server wrote is quoted without tags, control characters and invalid bytes. */
static void
testQuote(void)
{
    HttpResponse response = { .status = 500 };
    g_autoptr(GError) error = NULL;

    viTransferSetRefused(&error, &file, FALSE, &response,
                       "<html><head><title>500 Oops</title></head>\n<BODY class=x>\n<h1>It\x1b[1m "
                       "broke</h1>\r\n<p>at\xff 12&lt;</p></BODY></html>");
    g_assert_nonnull(strstr(error->message, "it says 'It [1m broke at\xef\xbf\xbd 12&lt;'"));
}

static void
testQuoteIsBounded(void)
{
    HttpResponse response = { .status = 500 };
    g_autofree char *body = g_strnfill(100000, 'x');
    g_autofree char *tag = g_strnfill(100000, '<');
    g_autofree char *blank = g_strnfill(LIMIT_REFUSAL_KEPT, ' ');
    g_autofree char *late = g_strconcat(blank + 3, "abcdef", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GError) silent = NULL;
    g_autoptr(GError) end = NULL;

    viTransferSetRefused(&error, &file, FALSE, &response, body);
    g_assert_cmpuint(strlen(error->message), <, LIMIT_QUOTED_BYTES + 300);
    viTransferSetRefused(&end, &file, FALSE, &response, late);
    g_assert_nonnull(strstr(end->message, "it says 'abc'"));
    viTransferSetRefused(&silent, &file, FALSE, &response, tag);
    g_assert_null(strstr(silent->message, "it says"));
}

static void
testPage(void)
{
    static const struct {
        const char *path;
        guint status;
        const char *type;   /* NULL: none */
        gboolean page;
    } rows[] = {
        { "a.iso", 200, "application/octet-stream", FALSE },
        { "a.iso", 200, "text/html", TRUE },
        { "a.iso", 200, "Text/HTML; charset=utf-8", TRUE },
        { "a.iso", 206, "text/html", FALSE },
        { "a.iso", 200, NULL, FALSE },
        { "a.vmx", 200, "text/plain; charset=utf-8", FALSE },
        { "index.HTML", 200, "text/html", FALSE },
        { "html", 200, "text/html", TRUE },
    };
    g_autoptr(GError) error = NULL;
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        ViFile other = { .datastore = "ds", .path = rows[i].path };
        HttpResponse response = {
            .status = rows[i].status, .contentType = (char *)rows[i].type,
        };

        g_assert_true(viTransferIsPage(&other, &response) == rows[i].page);
    }

    viTransferSetPage(&error, &file);
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_nonnull(strstr(error->message, "'[ds 1] vm/disk.iso'"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/folder-status/statuses", testStatuses);
    g_test_add_func("/vi/folder-status/writing", testWriting);
    g_test_add_func("/vi/folder-status/quote", testQuote);
    g_test_add_func("/vi/folder-status/quote-is-bounded", testQuoteIsBounded);
    g_test_add_func("/vi/folder-status/page", testPage);
    return g_test_run();
}

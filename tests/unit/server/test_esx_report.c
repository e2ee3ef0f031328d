/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The table of errors: complete, and right where a reader depends on it. */

#include "esx_report_priv.h"

#include <string.h>

#include "base_limits.h"
#include "esx_libvirt.h"
#include "inventory.h"

/*
 * One function a domain, which says whether a number is a code of it. A switch without default: a
 * code that is new in a header does not compile here until it is named, and then needs a row in the
 * table.
 */
static gboolean
isHttpCode(int code)
{
    switch ((HttpErrorCode)code) {
    case HTTP_ERROR_RESOLVE:
    case HTTP_ERROR_CONNECT:
    case HTTP_ERROR_TIMEOUT:
    case HTTP_ERROR_TLS:
    case HTTP_ERROR_TRUST:
    case HTTP_ERROR_PROTOCOL:
    case HTTP_ERROR_BROKEN:
    case HTTP_ERROR_CANCELLED:
    case HTTP_ERROR_SINK:
    case HTTP_ERROR_INVALID:
        return TRUE;
    }
    return FALSE;
}

static gboolean
isSoapCode(int code)
{
    switch ((SoapErrorCode)code) {
    case SOAP_ERROR_XML:
    case SOAP_ERROR_ENVELOPE:
    case SOAP_ERROR_VALUE:
    case SOAP_ERROR_LIMIT:
    case SOAP_ERROR_TRUNCATED:
        return TRUE;
    }
    return FALSE;
}

static gboolean
isViCode(int code)
{
    switch ((ViErrorCode)code) {
    case VI_ERROR_FAULT:
    case VI_ERROR_INVALID_LOGIN:
    case VI_ERROR_NOT_TRIED:
    case VI_ERROR_NOT_AUTHENTICATED:
    case VI_ERROR_NO_PERMISSION:
    case VI_ERROR_RESTRICTED:
    case VI_ERROR_OBJECT_GONE:
    case VI_ERROR_NOT_FOUND:
    case VI_ERROR_INVALID_ARGUMENT:
    case VI_ERROR_NOT_SUPPORTED:
    case VI_ERROR_HOST_UNREACHABLE:
    case VI_ERROR_HOST_CONFIG:
    case VI_ERROR_COLLECTOR_VERSION:
    case VI_ERROR_FILE_NOT_FOUND:
    case VI_ERROR_FILE_EXISTS:
    case VI_ERROR_FILE_LOCKED:
    case VI_ERROR_FILE_FAULT:
    case VI_ERROR_NO_DISK_SPACE:
    case VI_ERROR_INVALID_PATH:
    case VI_ERROR_INVALID_DATASTORE:
    case VI_ERROR_IN_USE:
    case VI_ERROR_INVALID_STATE:
    case VI_ERROR_CANCELLED:
    case VI_ERROR_PROTOCOL:
    case VI_ERROR_BUSY:
    case VI_ERROR_SERVICE_DOWN:
    case VI_ERROR_REFUSED:
    case VI_ERROR_OUTCOME_UNKNOWN:
    case VI_ERROR_SESSION_RENEWED:
    case VI_ERROR_TIMEOUT:
        return TRUE;
    }
    return FALSE;
}

static gboolean
isInventoryCode(int code)
{
    switch ((InventoryErrorCode)code) {
    case INVENTORY_ERROR_PATH:
        return TRUE;
    }
    return FALSE;
}

static gboolean
isEsxCode(int code)
{
    switch ((EsxErrorCode)code) {
    case ESX_ERROR_NO_POOL:
    case ESX_ERROR_NO_VOLUME:
    case ESX_ERROR_INVALID_ARGUMENT:
    case ESX_ERROR_INVALID_OPERATION:
    case ESX_ERROR_NO_SUPPORT:
    case ESX_ERROR_AUTH:
    case ESX_ERROR_DENIED:
    case ESX_ERROR_CLIENT_SILENT:
    case ESX_ERROR_SYSTEM:
    case ESX_ERROR_INTERNAL:
        return TRUE;
    }
    return FALSE;
}

/* Of GLib, when no thread can be started. */
static gboolean
isThreadCode(int code)
{
    return code == G_THREAD_ERROR_AGAIN;
}

/* More than any domain has codes. */
#define CODES 100

static void
testEveryCodeHasRow(void)
{
    const struct {
        GQuark domain;
        gboolean (*isCode)(int code);
    } domains[] = {
        { HTTP_ERROR, isHttpCode },           { SOAP_ERROR, isSoapCode }, { VI_ERROR, isViCode },
        { INVENTORY_ERROR, isInventoryCode }, { ESX_ERROR, isEsxCode },
        { G_THREAD_ERROR, isThreadCode },
    };
    size_t i;
    int code;

    for (i = 0; i < G_N_ELEMENTS(domains); i++) {
        for (code = 0; code < CODES; code++) {
            g_autoptr(GError) error = g_error_new_literal(domains[i].domain, code, "x");

            if (esxErrorIsListed(error) != domains[i].isCode(code))
                g_error("%s %d: row %d, code %d", g_quark_to_string(domains[i].domain), code,
                        esxErrorIsListed(error), domains[i].isCode(code));
            g_assert_cmpint(esxErrorNumber(error), !=, VIR_ERR_OK);
        }
    }
}

/* What design and issue promise by name. */
static void
testNumbers(void)
{
    const struct {
        GQuark domain;
        int code;
        int number;
    } cases[] = {
        { HTTP_ERROR, HTTP_ERROR_CONNECT,         VIR_ERR_SYSTEM_ERROR },
        { HTTP_ERROR, HTTP_ERROR_TIMEOUT,         VIR_ERR_OPERATION_TIMEOUT },
        { HTTP_ERROR, HTTP_ERROR_INVALID,         VIR_ERR_INVALID_ARG },
        { VI_ERROR,   VI_ERROR_FILE_EXISTS,       VIR_ERR_STORAGE_VOL_EXIST },
        { VI_ERROR,   VI_ERROR_FILE_NOT_FOUND,    VIR_ERR_NO_STORAGE_VOL },
        { VI_ERROR,   VI_ERROR_FILE_LOCKED,       VIR_ERR_OPERATION_INVALID },
        { VI_ERROR,   VI_ERROR_IN_USE,            VIR_ERR_OPERATION_INVALID },
        { VI_ERROR,   VI_ERROR_BUSY,              VIR_ERR_RESOURCE_BUSY },
        { VI_ERROR,   VI_ERROR_SERVICE_DOWN,      VIR_ERR_SYSTEM_ERROR },
        { VI_ERROR,   VI_ERROR_REFUSED,           VIR_ERR_ACCESS_DENIED },
        { VI_ERROR,   VI_ERROR_INVALID_DATASTORE, VIR_ERR_NO_STORAGE_POOL },
        { VI_ERROR,   VI_ERROR_INVALID_LOGIN,     VIR_ERR_AUTH_FAILED },
        { VI_ERROR,   VI_ERROR_NO_PERMISSION,     VIR_ERR_ACCESS_DENIED },
        { VI_ERROR,   VI_ERROR_RESTRICTED,        VIR_ERR_OPERATION_DENIED },
        { VI_ERROR,   VI_ERROR_NOT_SUPPORTED,     VIR_ERR_OPERATION_UNSUPPORTED },
        { ESX_ERROR,  ESX_ERROR_NO_SUPPORT,       VIR_ERR_NO_SUPPORT },
        { G_FILE_ERROR, G_FILE_ERROR_NOENT,       VIR_ERR_INTERNAL_ERROR },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = g_error_new_literal(cases[i].domain, cases[i].code, "x");

        g_assert_cmpint(esxErrorNumber(error), ==, cases[i].number);
    }
    g_assert_cmpint(esxErrorNumber(NULL), ==, VIR_ERR_INTERNAL_ERROR);
}

static void
testText(void)
{
    g_autoptr(GError) plain = g_error_new_literal(VI_ERROR, VI_ERROR_FAULT, "Rescan: Fault: no");
    g_autoptr(GError) restricted =
        g_error_new_literal(VI_ERROR, VI_ERROR_RESTRICTED, "Call: RestrictedVersion");
    g_autofree char *bare = esxErrorText(plain, NULL);
    g_autofree char *prefixed = esxErrorText(plain, "pool '%s'", "ds1");
    g_autofree char *advised = esxErrorText(restricted, NULL);
    g_autofree char *nothing = esxErrorText(NULL, "pool '%s'", "ds1");

    g_assert_cmpstr(bare, ==, "Rescan: Fault: no");
    g_assert_cmpstr(prefixed, ==, "pool 'ds1': Rescan: Fault: no");
    g_assert_true(g_str_has_prefix(advised, "Call: RestrictedVersion (the licence"));
    g_assert_true(g_str_has_prefix(nothing, "pool 'ds1': "));
    g_assert_cmpuint(strlen(nothing), >, strlen("pool 'ds1': "));
}

/* Longer than libvirt keeps: cut before it, and not inside of a character, wherever that stands. */
static void
testTextIsCut(void)
{
    size_t shift;

    for (shift = 0; shift < 4; shift++) {
        g_autoptr(GString) message = g_string_new(NULL);
        g_autoptr(GError) error = NULL;
        g_autofree char *text = NULL;

        while (message->len < shift)
            g_string_append_c(message, 'x');
        while (message->len < 3000)
            g_string_append(message, "\xf0\x9f\x90\xa7");
        error = g_error_new_literal(VI_ERROR, VI_ERROR_FAULT, message->str);
        text = esxErrorText(error, NULL);

        g_assert_cmpuint(strlen(text), <, 1024);
        g_assert_cmpuint(strlen(text), >, 1024 - 9);
        g_assert_true(g_utf8_validate(text, -1, NULL));
    }
}

/* What is left, the outcome and the way out are within it, however long all else is. */
static void
testTextFits(void)
{
    g_autofree char *huge = g_strnfill(1024 * 1024, 'q');
    g_autofree char *message = g_strconcat("'[ds] a.upload-12345678' stays: ", huge, NULL);
    g_autoptr(GError) unknown =
        g_error_new_literal(VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN, message);
    g_autoptr(GError) full = g_error_new_literal(VI_ERROR, VI_ERROR_NO_DISK_SPACE, message);
    g_autofree char *first = esxErrorText(unknown, "cannot create '%s' in '%s'", huge, huge);
    g_autofree char *behind = esxErrorText(full, "cannot create '%s' in '%s'", huge, huge);
    const char *outcome = strstr(first, "whether the server has done it is unknown; check before");

    g_assert_cmpuint(strlen(first), <=, LIMIT_MESSAGE_BYTES);
    g_assert_nonnull(outcome);
    g_assert_true(outcome < strstr(first, "'[ds] a.upload-12345678' stays: qqq"));
    g_assert_cmpuint(strlen(behind), <=, LIMIT_MESSAGE_BYTES);
    g_assert_nonnull(strstr(behind, "'[ds] a.upload-12345678' stays: qqq"));
    g_assert_true(g_str_has_suffix(behind, "a thin disk or another pool)"));
}

static void
testReportIsClean(void)
{
    g_autofree char *huge = g_strnfill(1024 * 1024, 'q');
    const virError *last;

    virResetLastError();
    esxReport(VIR_ERR_INTERNAL_ERROR, "'%s' and %s", "a\033[31m\xe2\x80\xae" "b", huge);
    last = virGetLastError();
    g_assert_nonnull(last);
    g_assert_nonnull(strstr(last->message, "'a [31m b' and qqq"));
    g_assert_cmpuint(strlen(last->message), <, 300);
    virResetLastError();
}

static void
testTextIsUtf8(void)
{
    g_autoptr(GError) error = g_error_new_literal(VI_ERROR, VI_ERROR_FAULT, "bad \xff byte");
    g_autofree char *text = esxErrorText(error, NULL);

    g_assert_true(g_utf8_validate(text, -1, NULL));
    g_assert_true(g_str_has_prefix(text, "bad "));
    g_assert_true(g_str_has_suffix(text, " byte"));
}

static void
testReport(void)
{
    g_autoptr(GError) error =
        g_error_new_literal(ESX_ERROR, ESX_ERROR_NO_POOL, "there is no pool 'ds1'");
    virErrorPtr last = NULL;

    virResetLastError();
    esxErrorReport(error, NULL);
    last = virGetLastError();
    g_assert_nonnull(last);
    g_assert_cmpint(last->code, ==, VIR_ERR_NO_STORAGE_POOL);
    g_assert_cmpint(last->domain, ==, VIR_FROM_ESX);
    g_assert_cmpstr(last->message, ==, "Storage pool not found: there is no pool 'ds1'");

    virResetLastError();
    esxErrorReport(NULL, "listing %d", 7);
    last = virGetLastError();
    g_assert_nonnull(last);
    g_assert_cmpint(last->code, ==, VIR_ERR_INTERNAL_ERROR);
    g_assert_nonnull(strstr(last->message, "listing 7: "));
    virResetLastError();
}

/*
 * libvirt prints errors to stderr unless told otherwise. Without virInitialize() it has no place
 * for them.
 */
static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

static void
testTextIsOneLine(void)
{
    g_autoptr(GError) error =
        g_error_new_literal(VI_ERROR, VI_ERROR_FAULT, "two\nlines, \033[31mred\177");
    g_autofree char *text = esxErrorText(error, NULL);

    g_assert_cmpstr(text, ==, "two lines, [31mred ");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/error/every-code-has-a-row", testEveryCodeHasRow);
    g_test_add_func("/error/numbers", testNumbers);
    g_test_add_func("/error/text", testText);
    g_test_add_func("/error/text-is-cut", testTextIsCut);
    g_test_add_func("/error/text-fits", testTextFits);
    g_test_add_func("/error/report-is-clean", testReportIsClean);
    g_test_add_func("/error/text-is-utf8", testTextIsUtf8);
    g_test_add_func("/error/text-is-one-line", testTextIsOneLine);
    g_test_add_func("/error/report", testReport);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_fixture.h"

#include <string.h>

#include "vi_browser.h"

#define SEARCH "SearchDatastoreSubFolders_Task"
#define LOOK "RetrievePropertiesEx"

static SoapMoRef browser = { "HostDatastoreBrowser", "ha-browser" };

static ViSearch *
search(ViSession *session, GError **error)
{
    return viBrowserSearchAll(session, &browser, "ds 1", VI_BROWSER_ALL, NULL, error);
}

/* Scripts a search task that has succeeded at the first look, with @result as its info.result. */
static void
scriptSearch(Canned *canned, const char *result)
{
    g_autofree char *inner = g_strdup_printf(
        "<returnval><objects><obj type=\"Task\">t1</obj><propSet><name>info.state</name>"
        "<val xsi:type=\"TaskInfoState\">success</val></propSet>%s</objects></returnval>", result);

    cannedReply(canned, SEARCH, "<returnval type=\"Task\">t1</returnval>");
    cannedReply(canned, LOOK, inner);
}

#define RESULT(value) "<propSet><name>info.result</name>" value "</propSet>"

#define NOTHING RESULT("<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\"></val>")

static void
testFolders(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) found = NULL;
    const VimVmDiskFileInfo *disk = NULL;

    scriptSearch(canned, RESULT(
        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\">"
        "<HostDatastoreBrowserSearchResults xsi:type=\"HostDatastoreBrowserSearchResults\">"
        "<datastore type=\"Datastore\">d</datastore><folderPath>[ds 1] vm/</folderPath>"
        "<file xsi:type=\"VmDiskFileInfo\"><path>a.vmdk</path><fileSize>2048</fileSize>"
        "<capacityKb>4</capacityKb></file>"
        "<file xsi:type=\"IsoImageFileInfo\"><path>b.iso</path></file>"
        "</HostDatastoreBrowserSearchResults>"
        "<HostDatastoreBrowserSearchResults xsi:type=\"HostDatastoreBrowserSearchResults\">"
        "<folderPath>[ds 1]</folderPath></HostDatastoreBrowserSearchResults></val>"));
    found = search(session, &error);
    g_assert_no_error(error);
    cannedAssertLog(canned, SEARCH " " LOOK);
    g_assert_cmpuint(found->nfolders, ==, 2);
    g_assert_cmpstr(found->folders[0]->folderPath, ==, "[ds 1] vm/");
    g_assert_cmpuint(found->folders[0]->n_file, ==, 2);
    g_assert_cmpuint(found->folders[1]->n_file, ==, 0);
    disk = soapObjectCast(found->folders[0]->file[0], &vimVmDiskFileInfoType);
    g_assert_nonnull(disk);
    g_assert_cmpint(disk->capacityKb, ==, 4);
}

#define PLAIN_QUERY "<query></query>"

/* Disks with their sizes, and everything else, of the whole datastore, case as it is. */
static void
testRequest(void)
{
    static const char *const parts[] = {
        "<_this type=\"HostDatastoreBrowser\">ha-browser</_this>",
        "<datastorePath>[ds 1]</datastorePath>",
        "<query xsi:type=\"VmDiskFileQuery\">",
        "<capacityKb>true</capacityKb>",
        "<query xsi:type=\"IsoImageFileQuery\">",
        "<thin>true</thin>",
        "<controllerType>true</controllerType>",
        "<query xsi:type=\"FloppyImageFileQuery\">",
        "<query xsi:type=\"FolderFileQuery\">",
        PLAIN_QUERY,
        "<fileSize>true</fileSize>",
        "<searchCaseInsensitive>false</searchCaseInsensitive>",
        "<matchPattern>*</matchPattern>",
    };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) found = NULL;
    size_t i;

    scriptSearch(canned, NOTHING);
    found = search(session, &error);
    g_assert_no_error(error);
    for (i = 0; i < G_N_ELEMENTS(parts); i++)
        fixtureAssertPhrase(cannedLast(canned, SEARCH)->body, parts[i]);
}

/* What a server gets that refuses a query of the base type. */
static void
testTyped(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) found = NULL;

    scriptSearch(canned, NOTHING);
    found = viBrowserSearchAll(session, &browser, "ds 1", VI_BROWSER_TYPED, NULL, &error);
    g_assert_no_error(error);
    fixtureAssertPhrase(cannedLast(canned, SEARCH)->body, "<query xsi:type=\"FolderFileQuery\">");
    g_assert_null(strstr(cannedLast(canned, SEARCH)->body, PLAIN_QUERY));
}

static void
testEmpty(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) found = NULL;

    scriptSearch(canned, NOTHING);
    found = search(session, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(found->nfolders, ==, 0);
}

/* Nothing at all is no list of no files. */
static void
testNoResult(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptSearch(canned, "");
    g_assert_null(search(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "returned no result");
}

/* An error of the question is told from one of a look at the task. */
static void
testStarted(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) refused = NULL;
    g_autoptr(GError) lost = NULL;
    gboolean started = TRUE;

    cannedFault(canned, SEARCH, "InvalidArgument", "A specified parameter was not correct.");
    g_assert_null(viBrowserSearchAll(session, &browser, "ds 1", VI_BROWSER_ALL, &started,
                                     &refused));
    g_assert_false(started);

    cannedReply(canned, SEARCH, "<returnval type=\"Task\">t1</returnval>");
    cannedFault(canned, LOOK, "NotSupported", "The operation is not supported on the object.");
    g_assert_null(viBrowserSearchAll(session, &browser, "ds 1", VI_BROWSER_ALL, &started, &lost));
    g_assert_true(started);
}

/* An array of something else is not read as what it is not. */
static void
testOddResult(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    scriptSearch(canned,
                 RESULT("<val xsi:type=\"ArrayOfFileInfo\"><FileInfo xsi:type=\"VmDiskFileInfo\">"
                        "<path>a.vmdk</path></FileInfo></val>"));
    g_assert_null(search(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "returned a VmDiskFileInfo instead of search results");
}

static void
testNoTask(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, SEARCH, "");
    g_assert_null(search(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    cannedAssertLog(canned, SEARCH);
}

static void
testFault(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, SEARCH, "InvalidDatastore", "Invalid datastore ds 1.");
    g_assert_null(search(session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_DATASTORE);
}

/* A search only reads, so a broken connection starts another one. */
static void
testBroken(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) found = NULL;

    cannedFail(canned, SEARCH, HTTP_ERROR, HTTP_ERROR_BROKEN);
    scriptSearch(canned, NOTHING);
    found = search(session, &error);
    g_assert_no_error(error);
    cannedAssertLog(canned, SEARCH " " SEARCH " " LOOK);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/browser/folders", testFolders);
    g_test_add_func("/vi/browser/request", testRequest);
    g_test_add_func("/vi/browser/typed", testTyped);
    g_test_add_func("/vi/browser/empty", testEmpty);
    g_test_add_func("/vi/browser/no-result", testNoResult);
    g_test_add_func("/vi/browser/started", testStarted);
    g_test_add_func("/vi/browser/odd-result", testOddResult);
    g_test_add_func("/vi/browser/no-task", testNoTask);
    g_test_add_func("/vi/browser/fault", testFault);
    g_test_add_func("/vi/browser/broken", testBroken);
    return g_test_run();
}

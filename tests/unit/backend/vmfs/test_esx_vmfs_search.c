/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include <string.h>

#include "esx_vmfs_search.h"
#include "task_fixture.h"

#define ALL "SearchDatastoreSubFolders_Task"
#define ONE "SearchDatastore_Task"
#define LOOK "RetrievePropertiesEx"

#define FOLDER(path, files) \
    "<val xsi:type=\"HostDatastoreBrowserSearchResults\">" path files "</val>"
#define AT(path) "<folderPath>" path "</folderPath>"
#define ISO(name) "<file xsi:type=\"IsoImageFileInfo\"><path>" name "</path></file>"

static gint onlyTyped;

static EsxVmfsSearch
searchOf(ViSession *session, gboolean renames)
{
    g_atomic_int_set(&onlyTyped, FALSE);
    return (EsxVmfsSearch) {
        .session = session, .browser = { (char *)"HostDatastoreBrowser", (char *)"b" },
        .datastore = "ds [1]", .pool = "ds [1] (DC)", .renames = renames, .onlyTyped = &onlyTyped,
    };
}

/* The folder of the name is searched, by a pattern that has no character of its own. */
static void
testRequest(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    const EsxVmfsSearch search = searchOf(session, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxVolumeList) list = NULL;
    const EsxVolume *volume = NULL;
    gboolean isSure = FALSE;

    fixtureScriptResult(canned, ONE,
                        FOLDER(AT("[ds [1]] a*/b/"), ISO("x*[1].iso") ISO("xx?1?.iso")));
    list = esxVmfsSearchOne(&search, "a*/b/x*[1].iso", &isSure, &error);
    g_assert_no_error(error);
    g_assert_true(isSure);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    volume = esxVolumeListFind(list, "a*/b/x*[1].iso");
    g_assert_cmpstr(volume->key, ==, "[ds [1] (DC)] a*/b/x*[1].iso");
    g_assert_nonnull(strstr(cannedLast(canned, ONE)->body, ">[ds [1]] a*/b<"));
    g_assert_nonnull(strstr(cannedLast(canned, ONE)->body, ">x??1?.iso<"));
    cannedAssertLog(canned, ONE " " LOOK);
}

static void
testPlaces(void)
{
    static const struct {
        const char *name;
        const char *result;
        const char *found;      /* NULL: nothing */
        gboolean renames;
        gboolean isSure;
    } rows[] = {
        { "x.iso", FOLDER(AT("[ds [1]]"), ISO("x.iso")), "x.iso", FALSE, TRUE },
        { "x.iso", FOLDER("", ISO("x.iso")), "x.iso", TRUE, TRUE },
        /* A folder that the server does not repeat is that of the question. */
        { "a/x.iso", FOLDER("", ISO("x.iso")), "a/x.iso", FALSE, TRUE },
        { "a/x.iso", FOLDER(AT("[ds [1]] a"), ""), NULL, FALSE, TRUE },
        { "a/x.iso", FOLDER(AT("[ds [1]] a"), ISO("X.iso")), NULL, FALSE, TRUE },
        { ".a/x.iso", FOLDER(AT("[ds [1]] .a"), ISO("x.iso")), NULL, FALSE, TRUE },
        /* Where folders have friendly names, one that comes back as it is may be such a name. */
        { "vm/x.iso", FOLDER(AT("[ds [1]] naa.6000"), ISO("x.iso")), "naa.6000/x.iso", TRUE, TRUE },
        { "vm/x.iso", FOLDER(AT("[ds [1]] vm"), ISO("x.iso")), "vm/x.iso", TRUE, FALSE },
        { "vm/x.iso", FOLDER(AT("[ds [1]] vm"), ""), NULL, TRUE, FALSE },
        { "naa.6000/x.iso", FOLDER(AT("[ds [1]] naa.6000"), ""), NULL, TRUE, TRUE },
        { "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f/x.iso",
          FOLDER(AT("[ds [1]] 5f0d7c64-9a31-e2bb-11c0-0050569b1c2f"), ISO("x.iso")),
          "5f0d7c64-9a31-e2bb-11c0-0050569b1c2f/x.iso", TRUE, TRUE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        const EsxVmfsSearch search = searchOf(session, rows[i].renames);
        g_autoptr(GError) error = NULL;
        g_autoptr(EsxVolumeList) list = NULL;
        const EsxVolume *volume = NULL;
        gboolean isSure = !rows[i].isSure;

        g_test_message("%zu: %s", i, rows[i].name);
        fixtureScriptResult(canned, ONE, rows[i].result);
        list = esxVmfsSearchOne(&search, rows[i].name, &isSure, &error);
        g_assert_no_error(error);
        g_assert_cmpint(isSure, ==, rows[i].isSure);
        volume = esxVolumeListFind(list, rows[i].name);
        g_assert_cmpstr(volume ? volume->name : NULL, ==, rows[i].found);
    }
}

/* A folder that does not exist has no volumes; other faults of a path are no answer. */
static void
testFaults(void)
{
    static const struct {
        const char *name;
        const char *fault;
        int code;               /* 0: an empty list */
        gboolean isSure;
    } rows[] = {
        { "a/x.iso", "FileNotFound", 0, TRUE },
        { "a/x.iso", "FileFault", 0, FALSE },
        { "a/x.iso", "InvalidDatastorePath", 0, FALSE },
        { "x.iso", "FileNotFound", VI_ERROR_FILE_NOT_FOUND, FALSE },
        { "x.iso", "InvalidDatastorePath", VI_ERROR_INVALID_PATH, FALSE },
        { "a/x.iso", "NoPermission", VI_ERROR_NO_PERMISSION, FALSE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        const EsxVmfsSearch search = searchOf(session, FALSE);
        g_autoptr(GError) error = NULL;
        g_autoptr(EsxVolumeList) list = NULL;
        gboolean isSure = FALSE;

        g_test_message("%zu: %s", i, rows[i].fault);
        cannedFault(canned, ONE, rows[i].fault, "no");
        list = esxVmfsSearchOne(&search, rows[i].name, &isSure, &error);
        if (rows[i].code != 0) {
            g_assert_error(error, VI_ERROR, rows[i].code);
            g_assert_null(list);
            continue;
        }
        g_assert_no_error(error);
        g_assert_cmpuint(esxVolumeListLength(list), ==, 0);
        g_assert_cmpint(isSure, ==, rows[i].isSure);
    }
}

/* Of a server that refuses the query for other files, one search or all remember it. */
static void
testTyped(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    const EsxVmfsSearch search = searchOf(session, FALSE);
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxVolumeList) list = NULL;
    g_autoptr(EsxVolumeList) all = NULL;
    gboolean isSure = FALSE;

    cannedFault(canned, ONE, "InvalidArgument", "query");
    fixtureScriptResult(canned, ONE, FOLDER(AT("[ds [1]]"), ISO("x.iso")));
    list = esxVmfsSearchOne(&search, "x.iso", &isSure, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(esxVolumeListLength(list), ==, 1);
    fixtureScriptResult(canned, ALL,
                        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\"></val>");
    all = esxVmfsSearchAll(&search, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(esxVolumeListLength(all), ==, 0);
    cannedAssertLog(canned, ONE " " ONE " " LOOK " " ALL " " LOOK);
}

/* A result that is none. */
static void
testOddResult(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    const EsxVmfsSearch search = searchOf(session, FALSE);
    g_autoptr(GError) error = NULL;
    gboolean isSure = FALSE;

    fixtureScriptResult(canned, ONE, "<val xsi:type=\"xsd:string\">x</val>");
    g_assert_null(esxVmfsSearchOne(&search, "x.iso", &isSure, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
}

static void
testMaySearchOne(void)
{
    static const char *const none[] = { "", "/a", "a/", "a//b", "./a", "a/../b", "a\nb" };
    static const char *const some[] = { "a", "a/b", "a-flat.vmdk", "b.vmx", ".a", "* [?]" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(none); i++)
        g_assert_false(esxVmfsMaySearchOne(none[i]));
    for (i = 0; i < G_N_ELEMENTS(some); i++)
        g_assert_true(esxVmfsMaySearchOne(some[i]));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vmfs/search/request", testRequest);
    g_test_add_func("/vmfs/search/places", testPlaces);
    g_test_add_func("/vmfs/search/faults", testFaults);
    g_test_add_func("/vmfs/search/typed", testTyped);
    g_test_add_func("/vmfs/search/odd-result", testOddResult);
    g_test_add_func("/vmfs/search/may-search-one", testMaySearchOne);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "task_fixture.h"

#include <string.h>

#include "vi_file.h"

static SoapMoRef datacenter = { "Datacenter", "ha-datacenter" };
static SoapMoRef datastore = { "Datastore", "vsan-1" };

static const ViPath here = { "[ds] vm/a & b.iso", &datacenter };
static const ViPath there = { "[ds2] b.iso", NULL };

/* The parameters of the last request of @method, as they were sent. */
static void
assertSent(Canned *canned, const char *method, const char *parameters)
{
    g_autofree char *begin = g_strdup_printf("<%s xmlns=\"urn:vim25\">", method);
    g_autofree char *end = g_strdup_printf("</%s>", method);
    const CannedRequest *request = cannedLast(canned, method);
    const char *start = strstr(request->body, begin);
    g_autofree char *sent = NULL;

    g_assert_nonnull(start);
    start += strlen(begin);
    sent = g_strndup(start, (gsize)(strstr(start, end) - start));
    g_assert_cmpstr(sent, ==, parameters);
    g_assert_true(request->noRetry);
}

#define MANAGER "<_this type=\"FileManager\">ha-nfc-file-manager</_this>"
#define DATACENTER "<datacenter type=\"Datacenter\">ha-datacenter</datacenter>"

static void
testMakeDirectory(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "MakeDirectory", "");
    g_assert_true(viFileMakeDirectory(session, &here, TRUE, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "MakeDirectory");
    assertSent(canned, "MakeDirectory",
               MANAGER "<name>[ds] vm/a &amp; b.iso</name>" DATACENTER
               "<createParentDirectories>true</createParentDirectories>");
}

static void
testMakeDirectoryFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) exists = NULL;
    g_autoptr(GError) unknown = NULL;

    cannedFault(canned, "MakeDirectory", "FileAlreadyExists", "It is there.");
    g_assert_false(viFileMakeDirectory(session, &there, FALSE, NULL, &exists));
    g_assert_error(exists, VI_ERROR, VI_ERROR_FILE_EXISTS);
    g_assert_cmpstr(exists->message, ==,
                    "MakeDirectory: FileAlreadyExists: It is there (for '[ds2] b.iso')");

    cannedFail(canned, "MakeDirectory", HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_false(viFileMakeDirectory(session, &there, FALSE, NULL, &unknown));
    g_assert_error(unknown, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN);
    fixtureAssertPhrase(unknown->message, "MakeDirectory: ");
    fixtureAssertPhrase(unknown->message, "'[ds2] b.iso'");
    cannedAssertLog(canned, "MakeDirectory MakeDirectory");
}

static void
testMakeNamespace(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "CreateDirectory", "<returnval>/vmfs/volumes/vsan:1/2</returnval>");
    g_assert_true(viFileMakeNamespace(session, &datastore, "vm", NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "CreateDirectory");
    assertSent(canned, "CreateDirectory",
               "<_this type=\"DatastoreNamespaceManager\">ha-datastore-namespace-manager</_this>"
               "<datastore type=\"Datastore\">vsan-1</datastore><displayName>vm</displayName>");
}

/* Servers before 5.5 have no such manager, and are not asked. */
static void
testNoNamespaces(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = NULL;
    g_autoptr(GError) error = NULL;

    fixtureScriptContent(canned, "service-content-5.5.xml");
    session = viSessionNew(cannedTransport(canned), &error);
    g_assert_no_error(error);
    g_assert_false(viFileMakeNamespace(session, &datastore, "vm", NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
    fixtureAssertPhrase(error->message, "no DatastoreNamespaceManager (for 'vm')");
    cannedAssertLog(canned, "RetrieveServiceContent");
}

static void
testDelete(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTask(canned, "DeleteDatastoreFile_Task");
    g_assert_true(viFileDelete(session, &here, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "DeleteDatastoreFile_Task " FIXTURE_LOOK);
    assertSent(canned, "DeleteDatastoreFile_Task",
               MANAGER "<name>[ds] vm/a &amp; b.iso</name>" DATACENTER);
}

#define FROM_TO \
    MANAGER "<sourceName>[ds] vm/a &amp; b.iso</sourceName>" \
    "<sourceDatacenter type=\"Datacenter\">ha-datacenter</sourceDatacenter>" \
    "<destinationName>[ds2] b.iso</destinationName>"

static void
testMove(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTask(canned, "MoveDatastoreFile_Task");
    g_assert_true(viFileMove(session, &here, &there, TRUE, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "MoveDatastoreFile_Task " FIXTURE_LOOK);
    assertSent(canned, "MoveDatastoreFile_Task", FROM_TO "<force>true</force>");

    fixtureScriptTaskFault(canned, "MoveDatastoreFile_Task", "FileAlreadyExists", "");
    g_assert_false(viFileMove(session, &here, &there, FALSE, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_FILE_EXISTS);
    assertSent(canned, "MoveDatastoreFile_Task", FROM_TO "<force>false</force>");
}

static void
testCopy(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    fixtureScriptTask(canned, "CopyDatastoreFile_Task");
    g_assert_true(viFileCopy(session, &here, &there, NULL, &error));
    g_assert_no_error(error);
    cannedAssertLog(canned, "CopyDatastoreFile_Task " FIXTURE_LOOK);
    assertSent(canned, "CopyDatastoreFile_Task", FROM_TO "<force>false</force>");
}

/* A server without a FileManager is not asked. */
static void
testNoManager(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = NULL;
    g_autoptr(GError) error = NULL;

    cannedReply(canned, "RetrieveServiceContent",
                "<returnval><rootFolder type=\"Folder\">root</rootFolder>"
                "<propertyCollector type=\"PropertyCollector\">pc</propertyCollector>"
                "<about><productLineId>esx</productLineId><apiVersion>6.7</apiVersion></about>"
                "<sessionManager type=\"SessionManager\">sm</sessionManager></returnval>");
    session = viSessionNew(cannedTransport(canned), &error);
    g_assert_no_error(error);
    g_assert_false(viFileDelete(session, &there, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED);
    cannedAssertLog(canned, "RetrieveServiceContent");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/file/make-directory", testMakeDirectory);
    g_test_add_func("/vi/file/make-directory-fails", testMakeDirectoryFails);
    g_test_add_func("/vi/file/make-namespace", testMakeNamespace);
    g_test_add_func("/vi/file/no-namespaces", testNoNamespaces);
    g_test_add_func("/vi/file/delete", testDelete);
    g_test_add_func("/vi/file/move", testMove);
    g_test_add_func("/vi/file/copy", testCopy);
    g_test_add_func("/vi/file/no-manager", testNoManager);
    return g_test_run();
}

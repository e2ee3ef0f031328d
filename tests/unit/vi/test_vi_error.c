/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include <string.h>

#include "canned_transport.h"
#include "vi_error.h"
#include "vim_types.h"

/* Returns: the reply to a method that failed with @bytes. */
static SoapReply *
decode(const char *bytes)
{
    g_autoptr(SoapDecoder) decoder = soapDecoderNew(&vimMethodLogin);
    g_autoptr(GError) error = NULL;
    SoapReply *reply = NULL;

    g_assert_true(soapDecoderFeed(decoder, bytes, strlen(bytes), &error));
    reply = soapDecoderFinish(decoder, &error);
    g_assert_no_error(error);
    return reply;
}

static GError *
errorOf(const char *fault, const char *text, const char *detail)
{
    g_autofree char *bytes = cannedFaultEnvelope(fault, text, detail);
    g_autoptr(SoapReply) reply = decode(bytes);
    GError *error = NULL;

    viErrorSetFault(&error, "Method", reply->fault);
    return error;
}

static void
testCodes(void)
{
    static const struct {
        const char *fault;
        ViErrorCode code;
    } rows[] = {
        { "InvalidLogin", VI_ERROR_INVALID_LOGIN },
        { "NotAuthenticated", VI_ERROR_NOT_AUTHENTICATED },
        { "NoPermission", VI_ERROR_NO_PERMISSION },
        { "RestrictedVersion", VI_ERROR_RESTRICTED },
        { "ManagedObjectNotFound", VI_ERROR_OBJECT_GONE },
        { "NotFound", VI_ERROR_NOT_FOUND },
        { "InvalidArgument", VI_ERROR_INVALID_ARGUMENT },
        { "InvalidRequest", VI_ERROR_INVALID_ARGUMENT },
        { "NotSupported", VI_ERROR_NOT_SUPPORTED },
        { "NotImplemented", VI_ERROR_NOT_SUPPORTED },
        { "MethodNotFound", VI_ERROR_NOT_SUPPORTED },
        { "HostCommunication", VI_ERROR_HOST_UNREACHABLE },
        { "HostNotConnected", VI_ERROR_HOST_UNREACHABLE },
        { "HostConfigFault", VI_ERROR_HOST_CONFIG },
        { "InvalidCollectorVersion", VI_ERROR_COLLECTOR_VERSION },
        { "FileNotFound", VI_ERROR_FILE_NOT_FOUND },
        { "FileAlreadyExists", VI_ERROR_FILE_EXISTS },
        { "FileLocked", VI_ERROR_FILE_LOCKED },
        { "FileFault", VI_ERROR_FILE_FAULT },
        { "NoDiskSpace", VI_ERROR_NO_DISK_SPACE },
        { "InvalidDatastorePath", VI_ERROR_INVALID_PATH },
        { "InvalidDatastore", VI_ERROR_INVALID_DATASTORE },
        { "ResourceInUse", VI_ERROR_IN_USE },
        { "TaskInProgress", VI_ERROR_IN_USE },
        { "InvalidState", VI_ERROR_INVALID_STATE },
        { "RequestCanceled", VI_ERROR_CANCELLED },
        { "AlreadyExists", VI_ERROR_FAULT }, /* known, without a code of its own or of a parent's */
        { "SomethingFromTheFuture", VI_ERROR_FAULT },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = errorOf(rows[i].fault, "Text.", NULL);

        g_test_message("%s", rows[i].fault);
        g_assert_error(error, VI_ERROR, (gint)rows[i].code);
    }
}

/* A fault without a code of its own takes that of its nearest parent that has one. */
static void
testParents(void)
{
    static const struct {
        const char *fault;
        ViErrorCode code;
    } rows[] = {
        { "PasswordExpired", VI_ERROR_INVALID_LOGIN },
        { "NotADirectory", VI_ERROR_FILE_FAULT },
        { "CannotDeleteFile", VI_ERROR_FILE_FAULT },
        { "InvalidProperty", VI_ERROR_FAULT },
        { "InvalidPowerState", VI_ERROR_INVALID_STATE },
        { "InaccessibleDatastore", VI_ERROR_INVALID_DATASTORE },
        { "PlatformConfigFault", VI_ERROR_HOST_CONFIG },
        { "HostNotReachable", VI_ERROR_HOST_UNREACHABLE },
        { "InvalidType", VI_ERROR_INVALID_ARGUMENT },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = errorOf(rows[i].fault, "Text.", NULL);

        g_test_message("%s", rows[i].fault);
        g_assert_error(error, VI_ERROR, (gint)rows[i].code);
    }
}

static void
testMessage(void)
{
    g_autoptr(GError) error = errorOf("FileNotFound", "File [ds] x was not found.",
                                      "<file>[ds] x</file>");

    g_assert_cmpstr(error->message, ==, "Method: FileNotFound: File [ds] x was not found");
}

/* Who may not do a thing is told which privilege it takes. */
static void
testPrivilege(void)
{
    g_autoptr(GError) error = errorOf("NoPermission", "Permission was denied.",
                                      "<object type=\"Folder\">f</object>"
                                      "<privilegeId>Datastore.FileManagement</privilegeId>");
    g_autoptr(GError) untold = errorOf("NoPermission", "Permission was denied.", NULL);
    /* As servers may say it since 7.0.3.2; entities that miss none come first. */
    g_autoptr(GError) listed = errorOf(
        "NoPermission", "",
        "<missingPrivileges><entity type=\"Folder\">f</entity></missingPrivileges>"
        "<missingPrivileges><entity type=\"Datastore\">d</entity>"
        "<privilegeIds>Datastore.Browse</privilegeIds><privilegeIds>System.Read</privilegeIds>"
        "</missingPrivileges>");
    /* Derived from NoPermission, but no privilege would help. */
    g_autoptr(GError) ended = errorOf("NotAuthenticated", "No session.",
                                      "<privilegeId>System.View</privilegeId>");

    g_assert_cmpstr(error->message, ==, "Method: NoPermission: Permission was denied; this needs "
                                        "the privilege Datastore.FileManagement");
    g_assert_cmpstr(untold->message, ==, "Method: NoPermission: Permission was denied");
    g_assert_cmpstr(listed->message, ==,
                    "Method: NoPermission; this needs the privilege Datastore.Browse");
    g_assert_cmpstr(ended->message, ==, "Method: NotAuthenticated: No session");
}

/* The message keeps the name on the wire where the type is not known. */
static void
testUnknownName(void)
{
    g_autoptr(GError) error = errorOf("SomethingFromTheFuture", "Words", NULL);

    g_assert_cmpstr(error->message, ==, "Method: SomethingFromTheFuture: Words");
}

static void
testNoText(void)
{
    g_autoptr(GError) empty = errorOf("NotSupported", "", NULL);
    g_autoptr(GError) blanks = errorOf("NotSupported", " \n ", NULL);

    g_assert_cmpstr(empty->message, ==, "Method: NotSupported");
    g_assert_cmpstr(blanks->message, ==, "Method: NotSupported");
}

/* What ESX answers when it cannot read a request has no detail at all. */
static void
testNoDetail(void)
{
    g_autofree char *whole =
        cannedFaultEnvelope("NotSupported", "\nError returned by expat parser", NULL);
    g_autoptr(GString) bytes = g_string_new(whole);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) error = NULL;
    char *start = strstr(bytes->str, "<detail>");
    char *end = strstr(bytes->str, "</detail>") + strlen("</detail>");

    g_string_erase(bytes, start - bytes->str, end - start);
    reply = decode(bytes->str);
    viErrorSetFault(&error, "Method", reply->fault);
    g_assert_error(error, VI_ERROR, VI_ERROR_FAULT);
    g_assert_cmpstr(error->message, ==, "Method: ServerFaultCode: Error returned by expat parser");
}

/* Faults in tasks and missingSets: objects, with a text of their own. */
static void
testFaultObject(void)
{
    VimNotADirectory known = VIM_INIT(NotADirectory);
    SoapObject unknown = { &vimFileFaultType, "FileTooHot" };
    g_autoptr(GError) first = NULL;
    g_autoptr(GError) second = NULL;
    g_autoptr(GError) third = NULL;

    viErrorSetFaultObject(&first, "Copy", (SoapObject *)&known, "No.");
    g_assert_error(first, VI_ERROR, VI_ERROR_FILE_FAULT);
    g_assert_cmpstr(first->message, ==, "Copy: NotADirectory: No");

    viErrorSetFaultObject(&second, "Copy", &unknown, NULL);
    g_assert_error(second, VI_ERROR, VI_ERROR_FILE_FAULT);
    g_assert_cmpstr(second->message, ==, "Copy: FileTooHot");

    viErrorSetFaultObject(&third, "Copy", NULL, NULL);
    g_assert_error(third, VI_ERROR, VI_ERROR_FAULT);
    g_assert_cmpstr(third->message, ==, "Copy: unknown fault");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vi/error/codes", testCodes);
    g_test_add_func("/vi/error/parents", testParents);
    g_test_add_func("/vi/error/message", testMessage);
    g_test_add_func("/vi/error/privilege", testPrivilege);
    g_test_add_func("/vi/error/unknown-name", testUnknownName);
    g_test_add_func("/vi/error/no-text", testNoText);
    g_test_add_func("/vi/error/no-detail", testNoDetail);
    g_test_add_func("/vi/error/fault-object", testFaultObject);
    return g_test_run();
}

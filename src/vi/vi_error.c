/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Faults as GErrors: one table from fault names to codes, read along the fault's type hierarchy. */

#include "vi_error.h"
#include "base_text.h"
#include "vim_types.h"

#include <string.h>

typedef struct {
    const char *name;
    ViErrorCode code;
} FaultCode;

/* A fault not listed here takes the code of its nearest listed ancestor. */
static const FaultCode faultCodes[] = {
    { "InvalidLogin",             VI_ERROR_INVALID_LOGIN },
    { "NotAuthenticated",         VI_ERROR_NOT_AUTHENTICATED },
    { "NoPermission",             VI_ERROR_NO_PERMISSION },
    { "RestrictedVersion",        VI_ERROR_RESTRICTED },
    { "ManagedObjectNotFound",    VI_ERROR_OBJECT_GONE },
    { "NotFound",                 VI_ERROR_NOT_FOUND },
    { "InvalidArgument",          VI_ERROR_INVALID_ARGUMENT },
    { "InvalidRequest",           VI_ERROR_INVALID_ARGUMENT },
    { "NotSupported",             VI_ERROR_NOT_SUPPORTED },
    { "NotImplemented",           VI_ERROR_NOT_SUPPORTED },
    { "MethodNotFound",           VI_ERROR_NOT_SUPPORTED },
    { "HostCommunication",        VI_ERROR_HOST_UNREACHABLE },
    { "HostNotConnected",         VI_ERROR_HOST_UNREACHABLE },
    { "HostConfigFault",          VI_ERROR_HOST_CONFIG },
    { "InvalidCollectorVersion",  VI_ERROR_COLLECTOR_VERSION },
    { "FileNotFound",             VI_ERROR_FILE_NOT_FOUND },
    { "FileAlreadyExists",        VI_ERROR_FILE_EXISTS },
    { "FileLocked",               VI_ERROR_FILE_LOCKED },
    { "FileFault",                VI_ERROR_FILE_FAULT },
    { "NoDiskSpace",              VI_ERROR_NO_DISK_SPACE },
    { "InvalidDatastorePath",     VI_ERROR_INVALID_PATH },
    { "InvalidDatastore",         VI_ERROR_INVALID_DATASTORE },
    { "ResourceInUse",            VI_ERROR_IN_USE },
    { "TaskInProgress",           VI_ERROR_IN_USE },
    { "InvalidState",             VI_ERROR_INVALID_STATE },
    { "RequestCanceled",          VI_ERROR_CANCELLED },
};

GQuark
viErrorQuark(void)
{
    return g_quark_from_static_string("vi-error-quark");
}

static const FaultCode *
faultCodeByName(const char *name)
{
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(faultCodes); i++) {
        if (g_strcmp0(faultCodes[i].name, name) == 0)
            return &faultCodes[i];
    }
    return NULL;
}

ViErrorCode
viErrorCodeOfFault(const char *name, const SoapObject *detail)
{
    const FaultCode *row = faultCodeByName(name);
    const SoapType *type;

    for (type = detail ? detail->type : NULL; !row && type; type = type->parent)
        row = faultCodeByName(type->name);

    return row ? row->code : VI_ERROR_FAULT;
}

/*
 * "Text." without its full stop, since more may follow it in a message. Servers' sentences name a
 * file first and the problem at the end, so a sentence that is cut keeps its end.
 */
static char *
plainText(const char *text)
{
    g_autofree char *copy = textQuoteName(text);
    size_t length = strlen(g_strstrip(copy));

    if (length > 0 && copy[length - 1] == '.')
        copy[length - 1] = '\0';

    return g_steal_pointer(&copy);
}

const char *
viErrorPrivilege(const SoapObject *fault)
{
    const VimNoPermission *denied = soapObjectCast(fault, &vimNoPermissionType);
    size_t i;

    /* NotAuthenticated is derived from it. */
    if (!denied || soapObjectIs(fault, &vimNotAuthenticatedType))
        return NULL;
    if (denied->privilegeId && *denied->privilegeId)
        return denied->privilegeId;
    /* Since 7.0.3.2 a server may set only this one. */
    for (i = 0; i < denied->n_missingPrivileges; i++) {
        if (denied->missingPrivileges[i]->n_privilegeIds > 0)
            return denied->missingPrivileges[i]->privilegeIds[0];
    }
    return NULL;
}

static void
setFault(GError **error, const char *context, const char *name, const SoapObject *detail,
         const char *message)
{
    g_autofree char *text = plainText(message);
    const char *privilege = viErrorPrivilege(detail);

    textToError(error, VI_ERROR, (gint)viErrorCodeOfFault(name, detail), "%s: %s%s%s%s%s", context,
                name, *text ? ": " : "", text, privilege ? "; this needs the privilege " : "",
                privilege ? privilege : "");
}

void
viErrorSetFault(GError **error, const char *method, const SoapFault *fault)
{
    setFault(error, method, *fault->name ? fault->name : fault->code, fault->detail,
             fault->message);
}

void
viErrorSetFaultObject(GError **error, const char *context, const SoapObject *fault,
                      const char *message)
{
    const char *name = "unknown fault";

    if (fault)
        name = fault->wireType ? fault->wireType : fault->type->name;

    setFault(error, context, name, fault, message);
}

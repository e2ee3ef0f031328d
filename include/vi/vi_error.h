/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "soap_codec.h"

/*
 * Errors of VI. Faults that a caller may want to distinguish have a code. All others are
 * VI_ERROR_FAULT with the fault's name in the message. Errors of the http and soap floors keep
 * their domains; those of soap are prefixed with the method's name.
 */

#define VI_ERROR (viErrorQuark())
GQuark viErrorQuark(void);

typedef enum {
    VI_ERROR_FAULT,                 /* a fault without its own code */
    VI_ERROR_INVALID_LOGIN,         /* wrong name or password, locked account, expired password */
    VI_ERROR_NOT_TRIED,             /* a login that a ViLoginGuard refused to send */
    VI_ERROR_NOT_AUTHENTICATED,     /* the session ended and could not be renewed */
    VI_ERROR_NO_PERMISSION,
    VI_ERROR_RESTRICTED,            /* RestrictedVersion: the free licence forbids it */
    VI_ERROR_OBJECT_GONE,           /* ManagedObjectNotFound */
    VI_ERROR_NOT_FOUND,
    VI_ERROR_INVALID_ARGUMENT,
    VI_ERROR_NOT_SUPPORTED,
    VI_ERROR_HOST_UNREACHABLE,      /* vCenter cannot talk to the host */
    VI_ERROR_HOST_CONFIG,           /* HostConfigFault */
    VI_ERROR_COLLECTOR_VERSION,     /* InvalidCollectorVersion: read everything again */
    VI_ERROR_FILE_NOT_FOUND,
    VI_ERROR_FILE_EXISTS,
    VI_ERROR_FILE_LOCKED,
    VI_ERROR_FILE_FAULT,            /* any other FileFault */
    VI_ERROR_NO_DISK_SPACE,
    VI_ERROR_INVALID_PATH,          /* InvalidDatastorePath */
    VI_ERROR_INVALID_DATASTORE,     /* the datastore is unknown, or not accessible */
    VI_ERROR_IN_USE,                /* ResourceInUse */
    VI_ERROR_INVALID_STATE,
    VI_ERROR_CANCELLED,             /* RequestCanceled, or the caller's flag */
    VI_ERROR_PROTOCOL,              /* the reply is not SOAP, or lacks what every server sends */
    VI_ERROR_BUSY,                  /* HTTP 503: out of sessions, or overloaded */
    VI_ERROR_SERVICE_DOWN,          /* HTTP 503 of a reverse proxy: hostd or vpxd does not run */
    VI_ERROR_REFUSED,               /* HTTP 401, 403 or 407 instead of an answer */
    VI_ERROR_OUTCOME_UNKNOWN,       /* the connection broke during a call that is not repeated */
    VI_ERROR_SESSION_RENEWED,       /* the session of an object of the call ended; make it again */
    VI_ERROR_TIMEOUT,               /* a task did not end in time */
} ViErrorCode;

/* Makes @fault of @method into a GError: "METHOD: NAME: faultstring". */
void viErrorSetFault(GError **error, const char *method, const SoapFault *fault);

/* The same for a fault inside a reply, as in tasks and missingSets. @message may be NULL. */
void viErrorSetFaultObject(GError **error, const char *context, const SoapObject *fault,
                           const char *message);

/*
 * Returns: the privilege that the account lacks, by the name that administrators know; NULL: @fault
 * is no NoPermission, or names none.
 */
const char *viErrorPrivilege(const SoapObject *fault);

/* Returns: the code for a fault object, by its type or the nearest known ancestor. */
ViErrorCode viErrorCodeOfFault(const char *name, const SoapObject *detail);

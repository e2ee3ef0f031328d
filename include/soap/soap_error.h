/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * The error domain of this floor. Messages begin in lower case, to follow the name of what failed.
 */
#define SOAP_ERROR (soapErrorQuark())
GQuark soapErrorQuark(void);

typedef enum {
    SOAP_ERROR_XML,         /* not well-formed, invalid UTF-8, DTD or entity */
    SOAP_ERROR_ENVELOPE,    /* well-formed, but not a SOAP reply to this method */
    SOAP_ERROR_VALUE,       /* a field whose text is not of its type; an incomplete request */
    SOAP_ERROR_LIMIT,       /* a ceiling of base_limits.h was reached */
    SOAP_ERROR_TRUNCATED,   /* the reply ended in the middle */
} SoapErrorCode;

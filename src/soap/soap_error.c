/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_error.h"

GQuark
soapErrorQuark(void)
{
    return g_quark_from_static_string("soap-error-quark");
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The error domain. */

#include "esx_error.h"

GQuark
esxErrorQuark(void)
{
    return g_quark_from_static_string("esx-error-quark");
}

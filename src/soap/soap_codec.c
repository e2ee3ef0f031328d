/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "soap_codec.h"

GQuark
soapErrorQuark(void)
{
    return g_quark_from_static_string("soap-error-quark");
}

void
soapReplyFree(SoapReply *reply)
{
    /* The reply itself is in its arena. */
    if (reply)
        arenaFree(reply->arena);
}

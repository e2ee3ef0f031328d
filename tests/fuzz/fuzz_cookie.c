/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Any text as the Set-Cookie of a server: what is sent back to it is a header line. */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_server.h"
#include "fuzz_target.h"
#include "vi_call.h"
#include "vim_types.h"

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);
    FuzzServer server = { .setCookie = text };
    SoapMoRef instance = { "ServiceInstance", "ServiceInstance" };
    VimCurrentTimeRequest args = VIM_INIT(CurrentTimeRequest);
    g_autoptr(ViSession) session = NULL;
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) error = NULL;

    fuzzMemoryBegin();
    session = fuzzServerLogin(&server, &error);
    if (!session) {
        fuzzCheckMessage(error->message, 0);
        return 0;
    }
    args.self = &instance;
    /* The server looks at the header, and cannot be reached then. */
    reply = viCall(session, &vimMethodCurrentTime, &args, NULL, &error);
    g_assert_null(reply);
    fuzzCheckMessage(error->message, 1);
    g_assert_cmpuint(server.longestHeader, <=, LIMIT_TICKET_BYTES + strlen("Cookie: "));
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, 1);
    return 0;
}

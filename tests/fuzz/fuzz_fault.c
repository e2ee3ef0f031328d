/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Any bytes as a fault: as the reply that a call fails with, and as each of the texts in one. The
 * message is one plain line, and no longer than a few quoted texts.
 */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_server.h"
#include "fuzz_target.h"
#include "vi_call.h"
#include "vi_error.h"
#include "vim_types.h"

static void
callIt(const uint8_t *bytes, size_t size)
{
    VimMakeDirectoryRequest args = VIM_INIT(MakeDirectoryRequest);
    FuzzServer server = { 0 };
    g_autoptr(ViSession) session = fuzzServerLogin(&server, NULL);
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) error = NULL;

    fuzzServerGive(&server, (const char *)bytes, size);
    args.self = viSessionServices(session)->fileManager;
    args.name = "[ds] a";
    fuzzMemoryBegin();
    reply = viCall(session, &vimMethodMakeDirectory, &args, NULL, &error);
    g_assert_true(!reply == !!error);
    if (error)
        fuzzCheckMessage(error->message, 4);
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, server.asked + 1);
}

static void
setIt(const char *text)
{
    VimNoPermission detail = VIM_INIT(NoPermission);
    SoapObject *object = (SoapObject *)&detail;
    SoapFault fault = { .code = text, .message = text, .name = text, .detail = object };
    g_autoptr(GError) first = NULL;
    g_autoptr(GError) second = NULL;

    detail.privilegeId = text;
    object->wireType = text;
    viErrorSetFault(&first, "MakeDirectory", &fault);
    fuzzCheckMessage(first->message, 4);
    viErrorSetFaultObject(&second, "MakeDirectory", object, text);
    fuzzCheckMessage(second->message, 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    g_autofree char *text = g_strndup((const char *)bytes, size);

    callIt(bytes, size);
    setIt(text);
    return 0;
}

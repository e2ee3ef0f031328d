/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "look_fixture.h"

SoapMoRef task = { "Task", "haTask-ha-host-vim.HostDatastoreBrowser.search-17" };

void
scriptLook(Canned *canned, const char *properties)
{
    g_autofree char *inner =
        g_strdup_printf("<returnval><objects><obj type=\"Task\">%s</obj>%s</objects></returnval>",
                        task.value, properties);

    cannedReply(canned, LOOK, inner);
}

void
assertGoesOut(Canned *canned, const char *method, const Cancel *cancel)
{
    const CannedRequest *request = cannedLast(canned, method);

    g_assert_true(request->cancel == viSessionTidyCancel());
    g_assert_true(request->cancel != cancel);
}

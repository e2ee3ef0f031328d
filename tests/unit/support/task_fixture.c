/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "task_fixture.h"

void
fixtureScriptStart(Canned *canned, const char *method)
{
    cannedReply(canned, method, "<returnval type=\"Task\">" FIXTURE_TASK "</returnval>");
}

static void
scriptEnd(Canned *canned, const char *properties)
{
    g_autofree char *inner =
        g_strdup_printf("<returnval><objects><obj type=\"Task\">" FIXTURE_TASK "</obj>%s"
                        "</objects></returnval>", properties);

    cannedReply(canned, FIXTURE_LOOK, inner);
}

void
fixtureScriptTask(Canned *canned, const char *method)
{
    fixtureScriptStart(canned, method);
    fixtureScriptSuccess(canned);
}

#define SUCCESS \
    "<propSet><name>info.state</name><val xsi:type=\"TaskInfoState\">success</val></propSet>"

void
fixtureScriptSuccess(Canned *canned)
{
    scriptEnd(canned, SUCCESS);
}

void
fixtureScriptResult(Canned *canned, const char *method, const char *value)
{
    g_autofree char *properties =
        g_strdup_printf(SUCCESS "<propSet><name>info.result</name>%s</propSet>", value);

    fixtureScriptStart(canned, method);
    scriptEnd(canned, properties);
}

void
fixtureScriptTaskFault(Canned *canned, const char *method, const char *fault, const char *text)
{
    g_autofree char *properties = g_strdup_printf(
        "<propSet><name>info.state</name><val xsi:type=\"TaskInfoState\">error</val></propSet>"
        "<propSet><name>info.error</name><val xsi:type=\"LocalizedMethodFault\">"
        "<fault xsi:type=\"%s\"></fault><localizedMessage>%s</localizedMessage></val></propSet>",
        fault, text);

    fixtureScriptStart(canned, method);
    scriptEnd(canned, properties);
}

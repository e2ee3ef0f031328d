/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_fixture.h"
#include "vi_task.h"

/* A task, and what a server says of it. */

#define LOOK "RetrievePropertiesEx"

/* Long enough for every test, far too short for the server's own idea of time. */
#define MINUTE 60000

extern SoapMoRef task;

#define STATE(state) \
    "<propSet><name>info.state</name><val xsi:type=\"TaskInfoState\">" state "</val></propSet>"
#define RESULT \
    "<propSet><name>info.result</name><val xsi:type=\"xsd:string\">[ds] x.vmdk</val></propSet>"
#define ERROR(fault, text) \
    "<propSet><name>info.error</name><val xsi:type=\"LocalizedMethodFault\">" \
    "<fault xsi:type=\"" fault "\"></fault>" \
    "<localizedMessage>" text "</localizedMessage></val></propSet>"

/* Scripts one look at the task that finds these properties. */
void scriptLook(Canned *canned, const char *properties);

/* The last @method goes out whatever became of @cancel, or of the session: it has another flag. */
void assertGoesOut(Canned *canned, const char *method, const Cancel *cancel);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_fixture.h"

/* Tasks at a scripted server that have ended when they are first looked at. */

#define FIXTURE_LOOK "RetrievePropertiesEx"
#define FIXTURE_TASK "task-17"

/* Scripts @method to start FIXTURE_TASK. */
void fixtureScriptStart(Canned *canned, const char *method);

/* Scripts a look that finds the task's end. */
void fixtureScriptSuccess(Canned *canned);

/* Scripts a call of @method whose task succeeds. */
void fixtureScriptTask(Canned *canned, const char *method);

/* Scripts a call of @method whose task succeeds with @value, a "<val …>", as its result. */
void fixtureScriptResult(Canned *canned, const char *method, const char *value);

/* Scripts a call of @method whose task fails with @fault. */
void fixtureScriptTaskFault(Canned *canned, const char *method, const char *fault,
                            const char *text);

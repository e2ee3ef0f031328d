/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Any bytes as what a server says of a task, look after look: the wait has a result or an error
 * with a sentence, and takes no more memory than the replies allow.
 */

#include <string.h>

#include "base_limits.h"
#include "fuzz_check.h"
#include "fuzz_server.h"
#include "fuzz_target.h"
#include "vi_task.h"

/* Short: a task that runs on is waited for no longer than this. */
#define TIMEOUT_MS 1

/* Returns: whether the task has ended, or was not there. */
static gboolean
waitFor(const uint8_t *bytes, size_t size)
{
    const SoapMoRef task = { "Task", "t" };
    FuzzServer server = { 0 };
    g_autoptr(ViSession) session = fuzzServerLogin(&server, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViTaskResult) result = NULL;

    fuzzServerGive(&server, (const char *)bytes, size);
    fuzzMemoryBegin();
    result = viTaskWait(session, &task, "SearchDatastore_Task", TIMEOUT_MS, NULL, &error);
    g_assert_true(!result == !!error);
    if (error)
        fuzzCheckMessage(error->message, 4);
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, server.asked + 1);
    return !g_error_matches(error, VI_ERROR, VI_ERROR_TIMEOUT);
}

static void
finish(const uint8_t *bytes, size_t size)
{
    const SoapMoRef task = { "Task", "t" };
    FuzzServer server = { 0 };
    g_autoptr(ViSession) session = fuzzServerLogin(&server, NULL);
    g_autoptr(GError) error = NULL;

    fuzzServerGive(&server, (const char *)bytes, size);
    if (!viTaskFinish(session, &task, "MoveDatastoreFile_Task", TIMEOUT_MS, NULL, &error))
        fuzzCheckMessage(error->message, 4);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    gboolean ended = waitFor(bytes, size);

    /* A task that was told to stop is looked at for another second: only now and then. */
    if (ended || size % 16 == 0)
        finish(bytes, size);
    return 0;
}

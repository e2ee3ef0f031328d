/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_collector.h"

/*
 * Waiting for a task. Most tasks of a healthy host end within a few hundred milliseconds, so the
 * first checks are plain reads of the task's state (VI_TASK_POLLS of them, with growing pauses). A
 * task that takes longer gets its own property collector, so that it does not mix with other
 * updates, and a long poll in bounded slices. The number of requests does not grow with the waiting
 * time. Each request has the timeouts of the session. Requests that clean up after an abandoned
 * wait have five seconds, or one request's time if that is less.
 */

#define VI_TASK_POLLS 3

/* Longest slice of one long poll; the cancel flag is checked in between. */
#define VI_TASK_SLICE_SECONDS 10

typedef struct {
    ViObjects *objects;         /* holds the rest */
    const SoapAny *result;      /* info.result; NULL for void tasks */
} ViTaskResult;

void viTaskResultFree(ViTaskResult *result);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ViTaskResult, viTaskResultFree)

/*
 * Waits until @task has ended.
 *
 * @what: names the task in errors, e.g. "SearchDatastoreSubFolders_Task".
 * Returns: (transfer full) on success; NULL with the task's fault, VI_ERROR_TIMEOUT, or
 * VI_ERROR_CANCELLED (then the server was asked to cancel the task).
 */
ViTaskResult *viTaskWait(ViSession *session, const SoapMoRef *task, const char *what,
                         guint timeoutMs, const Cancel *cancel, GError **error);

/*
 * Waits until @task, which changes something, has ended. After a cancellation it is checked for
 * another second, so that its outcome is usually known.
 *
 * Returns: TRUE when it succeeded. FALSE with
 *   the task's own fault;
 *   VI_ERROR_CANCELLED, VI_ERROR_TIMEOUT: the wait was given up, and the task has stopped;
 *   VI_ERROR_OUTCOME_UNKNOWN, naming the task: whatever else ends the wait. The server forgot the
 *   task (it was restarted), cannot be reached, or the task did not stop.
 */
gboolean viTaskFinish(ViSession *session, const SoapMoRef *task, const char *what, guint timeoutMs,
                      const Cancel *cancel, GError **error);

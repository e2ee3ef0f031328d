/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Waits for tasks: a few reads, then a separate long poll. See vi_task.h. */

#include "base_text.h"
#include "vi_collector.h"
#include "vi_property.h"
#include "vi_task.h"

/* Pauses before the second and the third read. */
static const guint pollPausesMs[VI_TASK_POLLS] = { 0, 50, 350 };

/*
 * For requests that clean up, or one request's time if that is less, so that no caller waits long
 * for an unreachable server.
 */
#define CLEANUP_TIMEOUT_MS 5000

/* Longest pause after a collector or its connection broke. */
#define SETBACK_PAUSE_MS 10000

/* How often a cancelled task is checked before its outcome counts as unknown. */
#define SETTLE_LOOKS 4
#define SETTLE_PAUSE_MS 250

/* For the last read, and for a server that ends a slice of the long poll at the deadline. */
#define GRACE_MS 1000

typedef struct {
    ViSession *session;
    const SoapMoRef *task;
    const char *what;
    gint64 deadline;    /* monotonic, microseconds */
    const Cancel *cancel;
    char *state;        /* last seen; NULL: none yet */
    gint32 progress;    /* percent, last seen; 0: none reported */
    gboolean failed;    /* the task has ended, and the error is its own fault */
    gboolean stopped;   /* the server was asked to cancel it */
} Wait;

void
viTaskResultFree(ViTaskResult *result)
{
    if (!result)
        return;
    viObjectsFree(result->objects);
    g_free(result);
}

/* ---- the state of a task -------------------------------------------------------------------- */

/* Checks info.state and, if the task failed, sets its fault. Returns: whether it has ended. */
static gboolean
readState(Wait *wait, const char *state, const VimLocalizedMethodFault *fault, GError **error)
{
    g_free(wait->state);
    wait->state = g_strdup(state);

    if (g_strcmp0(state, VIM_TASK_INFO_STATE_SUCCESS) == 0)
        return TRUE;
    if (g_strcmp0(state, VIM_TASK_INFO_STATE_ERROR) != 0)
        return FALSE;

    wait->failed = TRUE;
    viErrorSetFaultObject(error, wait->what, fault ? (SoapObject *)fault->fault : NULL,
                          fault ? fault->localizedMessage : NULL);
    return TRUE;
}

static ViTaskResult *
resultNew(ViObjects *objects, const SoapAny *any)
{
    ViTaskResult *result = g_new0(ViTaskResult, 1);

    result->objects = objects;
    result->result = any;
    return result;
}

static guint
cleanupMs(const ViSession *session)
{
    return MIN(CLEANUP_TIMEOUT_MS, viSessionTimeoutMs(session));
}

/* The deadline of a request of @wait, also for one that begins at the end. */
static gint64
graceOf(const Wait *wait)
{
    return MAX(wait->deadline, g_get_monotonic_time()) + GRACE_MS * 1000;
}

static void
cancelTask(Wait *wait)
{
    VimCancelTaskRequest args = VIM_INIT(CancelTaskRequest);
    ViCallOptions options = {
        .timeoutMs = cleanupMs(wait->session), .cancel = viSessionTidyCancel(),
    };
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) ignored = NULL;

    wait->stopped = TRUE;
    args.self = (SoapMoRef *)wait->task;
    reply = viCall(wait->session, &vimMethodCancelTask, &args, &options, &ignored);
}

static void
setCancelled(Wait *wait, GError **error)
{
    cancelTask(wait);
    textToError(error, VI_ERROR, VI_ERROR_CANCELLED,
                "%s: cancelled; the server was asked to cancel the task '%s'", wait->what,
                wait->task->value);
}

static void
setTimeout(Wait *wait, GError **error)
{
    g_autofree char *progress =
        wait->progress > 0 ? g_strdup_printf(", %d%% done", wait->progress) : g_strdup("");

    cancelTask(wait);
    textToError(error, VI_ERROR, VI_ERROR_TIMEOUT,
                "%s: the task '%s' did not end in time (it was %s%s); the server was asked to "
                "cancel it",
                wait->what, wait->task->value, wait->state ? wait->state : "in an unknown state",
                progress);
}

/* Whether @error is due to a raised flag: that of the wait, or that of the session. */
static gboolean
isOfCaller(const GError *error)
{
    return g_error_matches(error, HTTP_ERROR, HTTP_ERROR_CANCELLED);
}

/* Returns: FALSE with @error if the wait is cancelled or has timed out. */
static gboolean
mayWaitOn(Wait *wait, GError **error)
{
    if (cancelIsRaised(wait->cancel)) {
        setCancelled(wait, error);
        return FALSE;
    }
    if (g_get_monotonic_time() >= wait->deadline) {
        setTimeout(wait, error);
        return FALSE;
    }
    return TRUE;
}

/* ---- single reads --------------------------------------------------------------------------- */

typedef struct {
    VimPropertyFilterSpec spec;
    VimPropertySpec property;
    VimObjectSpec object;
    VimPropertySpec *properties[1];
    VimObjectSpec *objects[1];
} TaskSpec;

static const char *taskPaths[] = { "info.state", "info.progress", "info.error", "info.result" };

static void
taskSpecInit(TaskSpec *spec, const SoapMoRef *task)
{
    *spec = (TaskSpec) {
        .spec = VIM_INIT(PropertyFilterSpec),
        .property = VIM_INIT(PropertySpec),
        .object = VIM_INIT(ObjectSpec),
    };
    spec->property.type = "Task";
    spec->property.pathSet = taskPaths;
    spec->property.n_pathSet = G_N_ELEMENTS(taskPaths);
    spec->object.obj = (SoapMoRef *)task;
    spec->properties[0] = &spec->property;
    spec->objects[0] = &spec->object;
    spec->spec.propSet = spec->properties;
    spec->spec.n_propSet = 1;
    spec->spec.objectSet = spec->objects;
    spec->spec.n_objectSet = 1;
}

/* The object of @task in the pages, or NULL if it is missing. */
static const VimObjectContent *
findTask(const ViObjects *objects, const SoapMoRef *task)
{
    guint i;

    for (i = 0; i < objects->objects->len; i++) {
        const VimObjectContent *object = g_ptr_array_index(objects->objects, i);

        if (viMoRefEqual(object->obj, task))
            return object;
    }
    return NULL;
}

/* The properties that a read of the task asks for. */
typedef struct {
    const char *state;
    const VimLocalizedMethodFault *fault;
    const SoapAny *result;
} TaskState;

static TaskState
readTaskState(Wait *wait, const ViObjects *objects)
{
    const VimObjectContent *object = findTask(objects, wait->task);
    const SoapAny *progress;

    if (!object)
        return (TaskState) { 0 };

    progress = viObjectProperty(object, "info.progress");
    if (progress && progress->kind == SOAP_KIND_INT && !progress->isArray)
        wait->progress = progress->value.i32;
    return (TaskState) {
        .state = viAnyString(viObjectProperty(object, "info.state")),
        .fault = viAnyObject(viObjectProperty(object, "info.error"), &vimLocalizedMethodFaultType),
        .result = viObjectProperty(object, "info.result"),
    };
}

/*
 * One read, until @deadline. Returns: TRUE if the task has ended: then either @ret_result or @error
 * is set.
 */
static gboolean
lookAtTask(Wait *wait, const TaskSpec *spec, gint64 deadline, const Cancel *cancel,
           ViTaskResult **ret_result, GError **error)
{
    const ViCallOptions options = { .deadline = deadline, .cancel = cancel };
    g_autoptr(ViObjects) objects =
        viCollectorRetrieveWith(wait->session, &spec->spec, &options, error);
    g_autoptr(GError) local = NULL;
    TaskState seen;

    if (!objects)
        return TRUE;

    seen = readTaskState(wait, objects);
    if (!readState(wait, seen.state, seen.fault, &local))
        return FALSE;
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    else
        *ret_result = resultNew(g_steal_pointer(&objects), seen.result);
    return TRUE;
}

/* lookAtTask() within the remaining time, for a caller that may have given up. */
static gboolean
lookInTime(Wait *wait, const TaskSpec *spec, ViTaskResult **ret_result, GError **error)
{
    g_autoptr(GError) local = NULL;

    if (!lookAtTask(wait, spec, graceOf(wait), wait->cancel, ret_result, &local))
        return FALSE;
    if (isOfCaller(local))
        setCancelled(wait, error);
    else if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    return TRUE;
}

/* ---- long poll ------------------------------------------------------------------------------ */

static SoapReply *
createCollector(Wait *wait, GError **error)
{
    const ViCallOptions options = { .cancel = wait->cancel, .deadline = graceOf(wait) };
    VimCreatePropertyCollectorRequest args = VIM_INIT(CreatePropertyCollectorRequest);
    g_autoptr(SoapReply) reply = NULL;

    args.self = viSessionServices(wait->session)->propertyCollector;
    reply = viCall(wait->session, &vimMethodCreatePropertyCollector, &args, &options, error);
    if (!reply)
        return NULL;
    if (!((VimCreatePropertyCollectorResponse *)reply->body)->returnval) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "CreatePropertyCollector: the server created none");
        return NULL;
    }
    return g_steal_pointer(&reply);
}

/* The collector belongs to @generation: if it ended with its session, no request is needed. */
static void
destroyCollector(ViSession *session, const SoapMoRef *collector, guint64 generation)
{
    VimDestroyPropertyCollectorRequest args = VIM_INIT(DestroyPropertyCollectorRequest);
    ViCallOptions options = {
        .generation = generation, .timeoutMs = cleanupMs(session), .cancel = viSessionTidyCancel(),
    };
    g_autoptr(SoapReply) reply = NULL;
    g_autoptr(GError) ignored = NULL;

    args.self = (SoapMoRef *)collector;
    reply = viCall(session, &vimMethodDestroyPropertyCollector, &args, &options, &ignored);
}

/* Returns: whether @updates mention info.state; its value goes to @ret_state. */
static gboolean
findState(const VimUpdateSet *updates, const char **ret_state)
{
    gboolean found = FALSE;
    size_t i, j, k;

    for (i = 0; i < updates->n_filterSet; i++) {
        const VimPropertyFilterUpdate *filter = updates->filterSet[i];

        for (j = 0; j < filter->n_objectSet; j++) {
            const VimObjectUpdate *object = filter->objectSet[j];

            for (k = 0; k < object->n_changeSet; k++) {
                if (g_strcmp0(object->changeSet[k]->name, "info.state") != 0)
                    continue;
                *ret_state = viAnyString(object->changeSet[k]->val);
                found = TRUE;
            }
        }
    }
    return found;
}

/* Sleeps @ms, or until the cancel flag is raised or the deadline is reached. */
static void
viTaskPause(const Wait *wait, guint ms)
{
    cancelSleepUntil(wait->cancel,
                     MIN(g_get_monotonic_time() + (gint64)ms * 1000, wait->deadline));
}

/*
 * One slice of the long poll, within the deadline.
 *
 * @ret_updates: NULL: nothing has happened.
 */
static SoapReply *
pollSlice(Wait *wait, const SoapMoRef *collector, const char *version, guint64 generation,
          VimUpdateSet **ret_updates, GError **error)
{
    gint64 left = (wait->deadline - g_get_monotonic_time()) / G_USEC_PER_SEC + 1;
    gint32 seconds = (gint32)CLAMP(left, 1, VI_TASK_SLICE_SECONDS);
    ViCallOptions options = {
        .generation = generation,
        .deadline = graceOf(wait) + GRACE_MS * 1000,
        .cancel = wait->cancel,
    };

    return viCollectorWait(wait->session, collector, version, seconds, &options, ret_updates,
                           error);
}

/* Long-polls until the task has ended or the caller has waited enough. */
static gboolean
pollState(Wait *wait, const SoapMoRef *collector, guint64 generation, GError **error)
{
    g_autofree char *version = g_strdup("");

    while (mayWaitOn(wait, error)) {
        g_autoptr(SoapReply) reply = NULL;
        g_autoptr(GError) local = NULL;
        VimUpdateSet *updates = NULL;
        const char *state = NULL;

        reply = pollSlice(wait, collector, version, generation, &updates, &local);
        if (!reply && cancelIsRaised(wait->cancel))
            continue;
        if (!reply) {
            g_propagate_error(error, g_steal_pointer(&local));
            return FALSE;
        }
        if (!updates) {
            /* Some servers answer at once, whatever the request says. */
            viTaskPause(wait, pollPausesMs[VI_TASK_POLLS - 1]);
            continue;
        }

        g_free(version);
        version = g_strdup(updates->version ? updates->version : "");
        if (findState(updates, &state) && (g_strcmp0(state, VIM_TASK_INFO_STATE_SUCCESS) == 0 ||
                                           g_strcmp0(state, VIM_TASK_INFO_STATE_ERROR) == 0))
            return TRUE;
    }
    return FALSE;
}

/* Waits with its own collector until the task has ended, in any way. */
static gboolean
waitForEnd(Wait *wait, GError **error)
{
    static const char *paths[] = { "info.state" };
    ViCallOptions options = {
        .generation = viSessionGeneration(wait->session), .cancel = wait->cancel,
        .deadline = graceOf(wait),
    };
    g_autoptr(SoapReply) reply = createCollector(wait, error);
    g_autoptr(SoapReply) filter = NULL;
    const SoapMoRef *collector;
    SoapMoRef *ref;
    gboolean ended;
    TaskSpec spec;

    if (!reply)
        return FALSE;

    collector = ((VimCreatePropertyCollectorResponse *)reply->body)->returnval;
    taskSpecInit(&spec, wait->task);
    spec.property.pathSet = paths;
    spec.property.n_pathSet = G_N_ELEMENTS(paths);

    filter = viCollectorCreateFilter(wait->session, collector, &spec.spec, &options, &ref, error);
    ended = filter && pollState(wait, collector, options.generation, error);
    destroyCollector(wait->session, collector, options.generation);
    return ended;
}

/* ---- the wait ------------------------------------------------------------------------------- */

/*
 * Whether @error is about the collector or the connection, and not about the task. When the session
 * ends during the long poll, the collector ends with it, or the request is cancelled. A connection
 * may break in the hours that a task takes. The next read decides.
 */
static gboolean
isOfCollector(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_SESSION_RENEWED) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_CANCELLED) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_BROKEN) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_PROTOCOL) ||
           g_error_matches(error, HTTP_ERROR, HTTP_ERROR_TIMEOUT);
}

/* Long-polls and reads until the task has ended; returns like waitForTask(). */
static ViTaskResult *
waitLong(Wait *wait, const TaskSpec *spec, GError **error)
{
    guint pause = pollPausesMs[VI_TASK_POLLS - 1];
    ViTaskResult *result = NULL;

    while (mayWaitOn(wait, error)) {
        g_autoptr(GError) local = NULL;

        if (!waitForEnd(wait, &local)) {
            if (!wait->stopped && isOfCaller(local)) {
                setCancelled(wait, error);
                return NULL;
            }
            if (wait->stopped || !isOfCollector(local)) {
                g_propagate_error(error, g_steal_pointer(&local));
                return NULL;
            }
            viTaskPause(wait, pause);
            pause = MIN(pause * 2, SETBACK_PAUSE_MS);
        }
        if (lookInTime(wait, spec, &result, error))
            return result;
    }
    return NULL;
}

/* Returns: (transfer full) the task's result, or NULL with @error. */
static ViTaskResult *
waitForTask(Wait *wait, GError **error)
{
    ViTaskResult *result = NULL;
    TaskSpec spec;
    guint i;

    taskSpecInit(&spec, wait->task);
    for (i = 0; i < VI_TASK_POLLS; i++) {
        viTaskPause(wait, pollPausesMs[i]);
        if (!mayWaitOn(wait, error))
            return NULL;
        if (lookInTime(wait, &spec, &result, error))
            return result;
    }
    return waitLong(wait, &spec, error);
}

static void
waitInit(Wait *wait, ViSession *session, const SoapMoRef *task, const char *what, guint timeoutMs,
         const Cancel *cancel)
{
    *wait = (Wait) {
        .session = session, .task = task, .what = what, .cancel = cancel,
        .deadline = g_get_monotonic_time() + (gint64)timeoutMs * 1000,
    };
}

ViTaskResult *
viTaskWait(ViSession *session, const SoapMoRef *task, const char *what, guint timeoutMs,
           const Cancel *cancel, GError **error)
{
    g_autoptr(GError) local = NULL;
    ViTaskResult *result;
    Wait wait;

    waitInit(&wait, session, task, what, timeoutMs, cancel);
    result = waitForTask(&wait, &local);
    /* Network errors do not name the task, but here it matters. */
    if (local && local->domain == HTTP_ERROR)
        textAddToError(&local, "%s: querying the task '%s' failed: ", what, task->value);
    if (local)
        g_propagate_error(error, g_steal_pointer(&local));
    g_free(wait.state);
    return result;
}

/* ---- tasks that change something ------------------------------------------------------------ */

/*
 * Checks how a cancelled task has ended, so that its outcome is known. It may have finished before.
 *
 * @error: why it was cancelled; on return, the error to report for the task. Returns: whether it
 * has succeeded nevertheless.
 */
static gboolean
settleTask(Wait *wait, GError **error)
{
    const gint64 deadline =
        g_get_monotonic_time() + (gint64)cleanupMs(wait->session) * 1000;
    TaskSpec spec;
    guint i;

    taskSpecInit(&spec, wait->task);
    for (i = 0; i < SETTLE_LOOKS; i++) {
        g_autoptr(ViTaskResult) result = NULL;
        g_autoptr(GError) local = NULL;

        if (i > 0 && cancelSleepUntil(viSessionTidyCancel(),
                                      g_get_monotonic_time() + SETTLE_PAUSE_MS * 1000))
            return FALSE;
        if (!lookAtTask(wait, &spec, deadline, viSessionTidyCancel(), &result, &local))
            continue;
        if (result) {
            g_clear_error(error);
            return TRUE;
        }
        if (wait->failed && !g_error_matches(local, VI_ERROR, VI_ERROR_CANCELLED)) {
            g_clear_error(error);
            g_propagate_error(error, g_steal_pointer(&local));
        }
        return FALSE;
    }
    return FALSE;
}

/* Extends @error, which is not the task's own, with what it means for the task. */
static void
setUnknown(const Wait *wait, GError **error)
{
    g_autoptr(GError) cause = g_steal_pointer(error);

    if (wait->stopped)
        textToError(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN, TEXT_MESSAGE ", but its end was "
                                                                            "not seen",
                    cause->message);
    else
        textToError(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN,
                    "%s: the outcome of the task '%s' is unknown: " TEXT_MESSAGE, wait->what,
                    wait->task->value, cause->message);
}

gboolean
viTaskFinish(ViSession *session, const SoapMoRef *task, const char *what, guint timeoutMs,
             const Cancel *cancel, GError **error)
{
    g_autoptr(ViTaskResult) result = NULL;
    g_autoptr(GError) local = NULL;
    gboolean ok;
    Wait wait;

    waitInit(&wait, session, task, what, timeoutMs, cancel);
    result = waitForTask(&wait, &local);
    ok = result || (wait.stopped && settleTask(&wait, &local));
    if (!ok && !wait.failed)
        setUnknown(&wait, &local);
    if (!ok)
        g_propagate_error(error, g_steal_pointer(&local));
    g_free(wait.state);
    return ok;
}

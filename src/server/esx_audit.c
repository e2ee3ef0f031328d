/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Changes and their clients, in the log. */

#include "esx_audit.h"

#include "base_text.h"
#include "esx_libvirt.h"
#include "esx_log.h"
#include "vi_error.h"
#include "vi_trail.h"

VIR_LOG_INIT("esx.audit");

struct _EsxAudit {
    const char *verb;
    char *identity;
    char *pool;
    char *volume;
    gboolean isLogged;
};

/* Returns: (transfer full) @text escaped for apostrophes; "-" for NULL. */
static char *
quoteField(const char *text)
{
    g_autofree char *plain = textQuoteName(text ? text : "-");
    GString *quoted = g_string_new(plain);

    g_string_replace(quoted, "\\", "\\\\", 0);
    g_string_replace(quoted, "'", "\\'", 0);
    return g_string_free(quoted, FALSE);
}

/* Returns: (transfer full) the client that this thread serves, or NULL. */
static char *
describeIdentity(void)
{
    g_autoptr(virIdentity) identity = virIdentityGetCurrent();
    g_autoptr(GString) text = g_string_new(NULL);
    const char *name = NULL;
    uid_t user = 0;
    pid_t process = 0;

    if (!identity)
        return NULL;
    if (virIdentityGetSASLUserName(identity, &name) > 0)
        g_string_append_printf(text, "SASL user %s, ", name);
    if (virIdentityGetX509DName(identity, &name) > 0)
        g_string_append_printf(text, "certificate %s, ", name);
    if (virIdentityGetUserName(identity, &name) > 0)
        g_string_append_printf(text, "user %s, ", name);
    if (virIdentityGetUNIXUserID(identity, &user) > 0)
        g_string_append_printf(text, "uid %u, ", (unsigned int)user);
    if (virIdentityGetProcessID(identity, &process) > 0)
        g_string_append_printf(text, "process %d, ", (int)process);
    if (text->len == 0)
        return g_strdup("a client without a name");
    g_string_truncate(text, text->len - 2);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

EsxAudit *
esxAuditNew(const char *verb, const char *pool, const char *volume)
{
    g_autofree char *identity = describeIdentity();
    EsxAudit *audit = g_new0(EsxAudit, 1);

    audit->verb = verb;
    audit->identity = quoteField(identity);
    audit->pool = quoteField(pool);
    audit->volume = quoteField(volume);
    viTrailBegin();
    return audit;
}

/* @reason: NULL: it was done. */
static void
logAudit(EsxAudit *audit, const char *outcome, const char *reason)
{
    g_autofree char *tasks = quoteField(viTrailTasks());
    g_autofree char *why = reason ? quoteField(reason) : NULL;

    if (audit->isLogged)
        return;
    audit->isLogged = TRUE;
    esxLog(VIR_LOG_INFO,
           "audit: identity='" TEXT_MESSAGE "' verb='%s' pool='" TEXT_MESSAGE "' volume='"
           TEXT_MESSAGE "' outcome='%s' task='" TEXT_MESSAGE "'" TEXT_MESSAGE TEXT_MESSAGE
           TEXT_MESSAGE,
           audit->identity, audit->verb, audit->pool, audit->volume, outcome, tasks,
           why ? " reason='" : "", why ? why : "", why ? "'" : "");
}

void
esxAuditLog(EsxAudit *audit, gboolean isDone, const GError *error)
{
    if (!audit)
        return;
    if (isDone)
        logAudit(audit, "done", NULL /* reason */);
    else if (error && g_error_matches(error, VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN))
        logAudit(audit, "unknown", error->message);
    else
        logAudit(audit, "failed", error ? error->message : "no reason");
}

void
esxAuditFree(EsxAudit *audit)
{
    if (!audit)
        return;
    if (!audit->isLogged)
        logAudit(audit, "failed", virGetLastErrorMessage());
    g_free(audit->identity);
    g_free(audit->pool);
    g_free(audit->volume);
    g_free(audit);
}

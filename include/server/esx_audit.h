/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include <glib.h>

/*
 * EsxAudit: one change that a client has asked for, from before it is made to its one line in
 * libvirt's log, at level info:
 *
 *   audit: identity='user root, uid 0, process 812' verb='delete' pool='ds1' volume='vm/a.vmdk'
 *   outcome='done' task='haTask-…'
 *
 * outcome is done, failed or unknown; reason='…' follows the last two. '-' stands for a value that
 * does not exist: the identity in a client, the volume of a refresh, the task of a call without
 * one. In values, a backslash precedes each apostrophe and each backslash.
 */
typedef struct _EsxAudit EsxAudit;

/*
 * Begins with the identity of the client that this thread serves, and without tasks.
 *
 * @verb: static. @volume: NULL: none.
 * Returns: (transfer full).
 */
EsxAudit *esxAuditNew(const char *verb, const char *pool, const char *volume);

/*
 * Logs the outcome: done, or failed or unknown by @error. Call it on the thread that made the
 * change. Accepts NULL.
 */
void esxAuditLog(EsxAudit *audit, gboolean isDone, const GError *error);

/* Logs the outcome failed, with this thread's libvirt error, if none was logged. Accepts NULL. */
void esxAuditFree(EsxAudit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxAudit, esxAuditFree)

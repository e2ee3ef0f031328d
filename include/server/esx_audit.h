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
 * outcome is done, failed or unknown; if it is not done, reason='…' follows. What does not exist is
 * '-': the identity in a client, the volume of a refresh, the task of a call that is none. In
 * values, a backslash is before each apostrophe and backslash.
 */
typedef struct _EsxAudit EsxAudit;

/*
 * Begins with the identity of the client that this thread serves, and without tasks.
 *
 * @verb: static. @volume: NULL: none.
 * Returns: (transfer full).
 */
EsxAudit *esxAuditNew(const char *verb, const char *pool, const char *volume);

/* It was done. Logs; on the thread that has done it. */
void esxAuditDone(EsxAudit *audit);

/* It was not done, or the outcome is unknown. Logs likewise. */
void esxAuditFailed(EsxAudit *audit, const GError *error);

/* What has not been logged by now has failed, with this thread's libvirt error. Accepts NULL. */
void esxAuditFree(EsxAudit *audit);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxAudit, esxAuditFree)

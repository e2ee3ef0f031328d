/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_snapshot.h"

/*
 * EsxClaim: who changes which volume, so that two changes of one volume do not cross within this
 * process. There is one table for the process, not one for each server: two logins, a second
 * `path=`, another name of the host, or a host and its vCenter may lead to one file.
 *
 * A claim is on a file of a datastore. The datastore is known by its mount path (VMFS and NFS put
 * their own identity there), else by its URL, else by its reference. The file is known by its name,
 * byte for byte; on CIFS, where servers ignore the case of letters, so does this.
 *
 * Nobody waits for a slow claim (an upload, whose end depends on a client): it refuses at once.
 * Other claims end with a task of the server; they are waited for, up to a limit.
 *
 * Thread-safe. The lock is held for a look at the table only.
 */

typedef struct _EsxClaim EsxClaim;

/* What a claim is on. */
typedef struct {
    const InventoryPool *pool;      /* of a datastore */
    const char *name;               /* as the listing has it */
    gboolean shared;                /* it is only read: goes together with others that read it */
} EsxClaimOn;

/*
 * Takes all of @on, or nothing.
 *
 * @what: the change, with its article: "an upload". (transfer none), and must outlive the claim.
 * @waitMs: how long other claims may be waited for; at most LIMIT_CLAIM_WAIT_MS count.
 * @cancel: atomic flag that ends the waiting, or NULL.
 * Returns: (transfer full), or NULL with ESX_ERROR_INVALID_OPERATION and a sentence that names the
 * other change and when it began; HTTP_ERROR_CANCELLED for a raised @cancel.
 */
EsxClaim *esxClaimTake(const char *what, const EsxClaimOn *on, size_t n, guint waitMs,
                       gint *cancel, GError **error);

/*
 * @slow: a change that meets @claim no longer waits. A claim whose client gave up is slow no
 * more: its end is near.
 *
 * @givenUp: atomic flag that outlives @claim, or NULL.
 */
void esxClaimSetSlow(EsxClaim *claim, gboolean slow, const gint *givenUp);

/* Accepts NULL. */
void esxClaimFree(EsxClaim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxClaim, esxClaimFree)

/*
 * A number that grows whenever a change ends. What was read before a claim was taken is still so if
 * the number was the same before the reading and is so behind the taking.
 */
guint64 esxClaimEpoch(void);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_cancel.h"
#include "inventory_snapshot.h"

/*
 * EsxClaim: records which volumes are being changed, so that two changes of one volume do not
 * overlap within this process. There is one table for the process, not one per server: two logins,
 * a second `path=`, another name of the host, or a host and its vCenter may lead to the same file.
 *
 * A claim is on a volume. Its backend says what identifies it (EsxStorageBackend.claimKey).
 *
 * A slow claim (an upload, whose end depends on a client) is not waited for: other changes are
 * refused at once. Other claims end with a task of the server, and are waited for, up to a limit.
 *
 * Thread-safe. The lock is held only for access to the table.
 */

typedef struct _EsxClaim EsxClaim;

/*
 * What identifies the volume @name of @pool.
 *
 * @ret_key: (transfer full) the same for the same volume, through whichever server or login.
 * @ret_path: (transfer full) the volume in messages.
 */
typedef void (*EsxClaimKey)(const InventoryPool *pool, const char *name, char **ret_key,
                            char **ret_path);

/* The object of a claim. */
typedef struct {
    EsxClaimKey key;                /* of the pool's backend */
    const InventoryPool *pool;
    const char *name;               /* as in the listing */
    gboolean shared;                /* only read: compatible with other readers */
} EsxClaimOn;

/*
 * Claims all of @on, or nothing.
 *
 * @what: the change, with its article: "an upload". (transfer none), and must outlive the claim.
 * @waitMs: how long other claims may be waited for; at most LIMIT_CLAIM_WAIT_MS count.
 * @cancel: ends the waiting; or NULL.
 * Returns: (transfer full), or NULL with ESX_ERROR_INVALID_OPERATION and a sentence that names the
 * other change and when it began; HTTP_ERROR_CANCELLED for a raised @cancel.
 */
EsxClaim *esxClaimTake(const char *what, const EsxClaimOn *on, size_t n, guint waitMs,
                       const Cancel *cancel, GError **error);

/*
 * @slow: other changes no longer wait for @claim. A claim whose client gave up is not slow any
 * more, because it ends soon.
 *
 * @givenUp: raised when its client gives up; outlives @claim; or NULL.
 */
void esxClaimSetSlow(EsxClaim *claim, gboolean slow, const Cancel *givenUp);

/* Accepts NULL. */
void esxClaimFree(EsxClaim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(EsxClaim, esxClaimFree)

/*
 * A number that grows whenever a change ends. Data that was read before a claim was taken is still
 * valid if the number before reading equals the number after taking the claim.
 */
guint64 esxClaimEpoch(void);

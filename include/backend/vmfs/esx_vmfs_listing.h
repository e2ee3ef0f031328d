/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_volume.h"

/*
 * Listings of the volumes of datastores. One search answers every read of a volume that follows
 * (info, path, key, XML) until it is older than the reader's cache_ttl or somebody expires it:
 * pool-refresh, or a change made through this driver. One cache per session, with one listing for
 * each datastore: of LIMIT_KEPT_DATASTORES, and no more lists than LIMIT_LISTINGS_BYTES. Above that
 * the listings go that were not read for the longest time. The next read of such a datastore
 * searches again.
 */

typedef struct _EsxVmfsListings EsxVmfsListings;

EsxVmfsListings *esxVmfsListingsNew(void);

/* Returns: (transfer none) those of the connection's server. */
EsxVmfsListings *esxVmfsListingsOf(const EsxConnection *connection);

/* Nobody may be using it. Accepts NULL. */
void esxVmfsListingsFree(EsxVmfsListings *listings);

/*
 * @ttlMs: how long a search answers; 0: each read searches.
 * Returns: (transfer full) the volumes of the datastore @pool, or NULL with @error.
 */
EsxVolumeList *esxVmfsListingsAcquire(EsxVmfsListings *listings, ViSession *session,
                                      const InventoryPool *pool, guint ttlMs, GError **error);

/* The next read of @pool's volumes searches again. Accepts a pool that is no datastore. */
void esxVmfsListingsExpire(EsxVmfsListings *listings, const InventoryPool *pool);

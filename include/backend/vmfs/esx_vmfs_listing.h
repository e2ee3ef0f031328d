/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_volume.h"

/*
 * Listings of the volumes of datastores. One search answers all following reads of volumes (info,
 * path, key, XML) until it is older than the reader's cache_ttl, or is expired by pool-refresh or
 * by a change through this driver. There is one cache per session, with one listing per datastore,
 * limited by LIMIT_KEPT_DATASTORES and LIMIT_LISTINGS_BYTES. Above these limits, the least recently
 * used listings are removed. The next read of such a datastore searches again.
 */

typedef struct _EsxVmfsListings EsxVmfsListings;

EsxVmfsListings *esxVmfsListingsNew(void);

/* Returns: (transfer none) the listings of the connection's server. */
EsxVmfsListings *esxVmfsListingsOf(const EsxConnection *connection);

/* It must not be in use. Accepts NULL. */
void esxVmfsListingsFree(EsxVmfsListings *listings);

/*
 * @ttlMs: how long a search is valid; 0: each read searches.
 * Returns: (transfer full) the volumes of the datastore @pool, or NULL with @error.
 */
EsxVolumeList *esxVmfsListingsAcquire(EsxVmfsListings *listings, ViSession *session,
                                      const InventoryPool *pool, guint ttlMs, GError **error);

/*
 * The same for the volume @name alone, by any of its names. The list of the whole datastore answers
 * if it is recent enough. Otherwise the folder of the volume is searched, and the result is kept
 * for as long. After LIMIT_SINGLE_SEARCHES volumes in close succession, or right after the list of
 * the whole datastore was used, the whole datastore is searched.
 *
 * Returns: (transfer full) a list that has the volume if it exists, and may have others.
 */
EsxVolumeList *esxVmfsListingsFind(EsxVmfsListings *listings, ViSession *session,
                                   const InventoryPool *pool, const char *name, guint ttlMs,
                                   GError **error);

/* The next read of @pool's volumes searches again. Accepts a pool that is not a datastore. */
void esxVmfsListingsExpire(EsxVmfsListings *listings, const InventoryPool *pool);

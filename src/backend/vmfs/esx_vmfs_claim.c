/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What identifies a file of a datastore. */

#include "esx_vmfs_claim.h"

#include <string.h>

#include "esx_vmfs_verb.h"

/* Returns: (transfer full): the identity of the datastore, through whichever server. */
static char *
datastoreKey(const InventoryDatastore *datastore)
{
    static const char scheme[] = "ds://";
    const char *identity = datastore->mountPath ? datastore->mountPath : datastore->url;
    size_t length;

    if (!identity)
        identity = datastore->ref->value;
    if (g_str_has_prefix(identity, scheme))
        identity += strlen(scheme);
    for (length = strlen(identity); length > 1 && identity[length - 1] == '/'; length--)
        continue;
    return g_strndup(identity, length);
}

void
esxVmfsClaimKey(const InventoryPool *pool, const char *name, char **ret_key, char **ret_path)
{
    const bool ignoresCase = pool->datastore->fs == INVENTORY_FS_CIFS;
    g_autofree char *store = datastoreKey(pool->datastore);
    g_autofree char *file = ignoresCase ? g_utf8_casefold(name, -1) : g_strdup(name);

    *ret_key = g_strdup_printf("%s\n%s", store, file);
    *ret_path = esxVmfsPath(pool, name);
}

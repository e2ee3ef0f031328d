/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_claim.h"

/*
 * EsxStorageBackend.claimKey: a claim is on a file of a datastore. The datastore is identified by
 * its mount path (which contains the identity of a VMFS or NFS store), else by its URL, else by its
 * reference. The file is identified by its name, byte for byte; on CIFS, where servers ignore case,
 * regardless of case.
 */
void esxVmfsClaimKey(const InventoryPool *pool, const char *name, char **ret_key, char **ret_path);

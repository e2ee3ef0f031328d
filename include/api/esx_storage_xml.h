/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * XML of pools and volumes, written by libvirt's own formatters, so that it is valid against
 * libvirt's schema and readable by its parser.
 */

/* Returns: (transfer full) the definition of @pool; never NULL. */
virStoragePoolDef *esxStoragePoolDef(const InventoryPool *pool);

/* Returns: (transfer full), or NULL with a libvirt error. */
char *esxStoragePoolXML(const InventoryPool *pool);
char *esxStorageVolXML(const InventoryPool *pool, const EsxVolume *volume);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_kind.h"

/*
 * Datastores as pools: one for each, except those whose name, or whose datacenter's path, is too
 * long.
 */
extern const InventoryKind inventoryDatastores;

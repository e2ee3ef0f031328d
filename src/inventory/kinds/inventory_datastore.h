/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_kind.h"

/*
 * Datastores as pools: one for each, but for those whose name is too long, or the path of their
 * datacenter.
 */
extern const InventoryKind inventoryDatastores;

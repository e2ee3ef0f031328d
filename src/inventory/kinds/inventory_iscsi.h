/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory_kind.h"

/*
 * iSCSI targets as pools: one for each distinct IQN of the static targets of all InternetScsi
 * adapters, with its LUNs.
 */
extern const InventoryKind inventoryTargets;

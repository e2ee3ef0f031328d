/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"
#include "vim_types.h"

/*
 * The specification for the property collector: which objects (a walk from the root folder, or from
 * one host) and which of their properties. The walk:
 *
 *   rootFolder ─ childEntity* ─ Datacenter ─┬─ hostFolder ─ childEntity* ─ ComputeResource ─ host
 *                                           └─ datastore                          datastore ─┘
 *
 * A datacenter leads to its datastores as well, for an account that sees no host.
 */
typedef struct _InventorySpec InventorySpec;

/*
 * For a standing filter over everything in @scope, as far as the API of @session has it; NULL: see
 * InventoryScope. Borrows from @session and @scope.
 */
InventorySpec *inventorySpecNew(ViSession *session, const InventoryScope *scope);

/* For one read of the names of folders, datacenters, compute resources and hosts. */
InventorySpec *inventorySpecNewNames(ViSession *session);

/* For one read of the hardware of the hosts in @scope; NULL: all. Borrows as above. */
InventorySpec *inventorySpecNewHardware(ViSession *session, const InventoryScope *scope);

const VimPropertyFilterSpec *inventorySpecFilter(const InventorySpec *spec);

void inventorySpecFree(InventorySpec *spec);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventorySpec, inventorySpecFree)

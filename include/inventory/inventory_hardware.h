/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"

/*
 * Processors and memory of what is shown: of one host, or of all hosts together. Clients of libvirt
 * want to know when they connect; it changes only when a host is taken apart.
 */
typedef struct {
    char *cpuModel;         /* of the first host; NULL where none says */
    guint mhz;              /* likewise; 0 */
    guint64 memoryBytes;    /* these four: sums */
    guint packages;
    guint cores;
    guint threads;
} InventoryHardware;

/*
 * Asks the server (1 request and its pages). What a host does not report, such as one that vCenter
 * cannot reach, counts as nothing.
 *
 * @scope: NULL for everything.
 * Returns: (transfer full), or NULL with @error.
 */
InventoryHardware *inventoryHardwareNew(ViSession *session, const InventoryScope *scope,
                                        GError **error);

void inventoryHardwareFree(InventoryHardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryHardware, inventoryHardwareFree)

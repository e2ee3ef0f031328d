/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "inventory.h"

/*
 * Processors and memory of the scope: of one host, or of all hosts together. Clients of libvirt ask
 * for it when they connect; it changes only when a host's hardware does.
 */
typedef struct {
    char *cpuModel;         /* of the first host; NULL if none reports it */
    guint mhz;              /* of the first host; 0 if none reports it */
    guint64 memoryBytes;    /* these four: sums */
    guint packages;
    guint cores;
    guint threads;
} InventoryHardware;

/*
 * Asks the server (1 request and its pages). What a host does not report (for example because
 * vCenter cannot reach it) counts as 0.
 *
 * @scope: NULL for everything.
 * Returns: (transfer full), or NULL with @error.
 */
InventoryHardware *inventoryHardwareNew(ViSession *session, const InventoryScope *scope,
                                        GError **error);

void inventoryHardwareFree(InventoryHardware *hardware);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(InventoryHardware, inventoryHardwareFree)

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"
#include "esx_volume.h"
#include "transfer_stub.h"
#include "inventory_fixture.h"
#include "task_fixture.h"

/* Datastores at a scripted server, for the tests of the verbs that change a volume. */

typedef struct {
    Canned *canned;
    EsxConnection *connection;
    InventorySnapshot *snapshot;
    const InventoryPool *pool;      /* "ds", VMFS; has room for everything */
    const InventoryPool *other;     /* "other", vSAN */
} Vmfs;

void vmfsInit(Vmfs *vmfs);

void vmfsClear(Vmfs *vmfs);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Vmfs, vmfsClear)

/* Lists "ds", so that the listing would answer for an hour. */
void vmfsList(Vmfs *vmfs);

/* The next read of "ds" asks again. */
void vmfsAssertExpired(Vmfs *vmfs);

/* The last request of @method has @phrase in its body. */
void vmfsAssertSent(Vmfs *vmfs, const char *method, const char *phrase);

/* @error is ESX_ERROR and @code, with @phrase in its message, and no request was made. */
void vmfsAssertRefused(Vmfs *vmfs, const GError *error, gint code, const char *phrase);

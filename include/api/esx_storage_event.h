/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * The facade's verbs for events of storage pools, by the names of libvirt's storage driver table.
 * The events are listed in esx_events.h. libvirtd itself withholds events of pools that a client
 * may not see.
 */

/*
 * Also makes the inventory live, in any process, so that changes are detected. It succeeds even if
 * the server cannot be reached now: the server is asked again later.
 */
int esxConnectStoragePoolEventRegisterAny(virConnectPtr conn, virStoragePoolPtr pool, int eventID,
                                          virConnectStoragePoolEventGenericCallback callback,
                                          void *opaque, virFreeCallback freecb);

int esxConnectStoragePoolEventDeregisterAny(virConnectPtr conn, int callbackID);

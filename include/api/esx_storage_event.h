/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * The facade's verbs on events of storage pools, by the names of libvirt's storage driver table.
 * The events are listed in esx_events.h. libvirtd itself keeps from its clients the events of pools
 * they may not see.
 */

/*
 * Also keeps the inventory current from now on, in whatever process, so that changes are noticed.
 * A server that cannot be reached now does not matter: it is asked again.
 */
int esxConnectStoragePoolEventRegisterAny(virConnectPtr conn, virStoragePoolPtr pool, int eventID,
                                          virConnectStoragePoolEventGenericCallback callback,
                                          void *opaque, virFreeCallback freecb);

int esxConnectStoragePoolEventDeregisterAny(virConnectPtr conn, int callbackID);

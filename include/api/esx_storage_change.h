/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * The facade's verbs that change a volume, by the names of libvirt's storage driver table. Each
 * finds its pool (and volume), checks access, and fails with VIR_ERR_NO_SUPPORT and the reason if
 * the pool's backend cannot do it.
 */

virStorageVolPtr esxStorageVolCreateXML(virStoragePoolPtr pool, const char *xml,
                                        unsigned int flags);
virStorageVolPtr esxStorageVolCreateXMLFrom(virStoragePoolPtr pool, const char *xml,
                                            virStorageVolPtr source, unsigned int flags);
int esxStorageVolDelete(virStorageVolPtr vol, unsigned int flags);
int esxStorageVolWipe(virStorageVolPtr vol, unsigned int flags);
int esxStorageVolWipePattern(virStorageVolPtr vol, unsigned int algorithm, unsigned int flags);
int esxStorageVolResize(virStorageVolPtr vol, unsigned long long capacity, unsigned int flags);

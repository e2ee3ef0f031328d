/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/* libvirt's storage API for ESX: the facade. conn->privateData is an EsxConnection. */
extern virStorageDriver esxStorageDriver;

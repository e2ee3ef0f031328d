/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/* Host bus adapters as pools: a row of esxStorageBackends(). */
extern const EsxStorageBackend esxStorageBackendScsi;

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_listing.h"

/* What only tests need. */

/* Returns: how many listings are kept. */
guint esxVmfsListingsLength(EsxVmfsListings *listings);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "base_recent.h"

/* What only tests need. */

size_t recentWeight(const Recent *recent);

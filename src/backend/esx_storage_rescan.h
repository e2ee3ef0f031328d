/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_connection.h"

/*
 * Rescans of adapters. A rescan makes the host look for LUNs behind one adapter. It takes seconds
 * and disturbs the host, and each target behind that adapter is a pool of its own. So refreshes of
 * one login share rescans: one that ended within rescan_interval answers, and one that is under way
 * is waited for.
 */

/*
 * Makes the host rescan @adapter, unless that was done recently enough (at most 1 request). With a
 * rescan_interval of 0 only a rescan that begins after the call answers.
 *
 * @deadline: monotonic, microseconds; for its own rescan, and for a wait for another thread's.
 */
gboolean esxRescanAdapter(EsxConnection *connection, const InventoryAdapter *adapter,
                          gint64 deadline, GError **error);

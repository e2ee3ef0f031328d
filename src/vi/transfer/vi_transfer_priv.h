/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "vi_transfer.h"

/* What only tests need. */

/* Other pauses than VI_TRANSFER_PAUSE_MS. */
void viTransferSetPause(ViTransfer *transfer, guint pauseMs);

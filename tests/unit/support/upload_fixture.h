/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_vmfs_upload.h"
#include "transfer_fixture.h"

/* What tests of uploads have in common. */

#define MIB ((size_t)1024 * 1024)

#define MOVE "MoveDatastoreFile_Task"
#define DELETE "DeleteDatastoreFile_Task"
#define LOOK FIXTURE_LOOK

/* Returns: (transfer full) an upload to the volume @name, which is not refused. */
EsxTransfer *uploadBegin(Memory *memory, const char *name, guint64 length);

/* The last request of @method has @phrase in its body. */
void uploadAssertSent(Memory *memory, const char *method, const char *phrase);

/*
 * Sends @bytes and ends. What it came to is in @running->error.
 *
 * @transfer: (transfer full).
 */
void uploadAll(Running *running, EsxTransfer *transfer, GBytes *bytes);

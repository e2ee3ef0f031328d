/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_libvirt.h"

/*
 * The facade's verbs that transfer the contents of a volume through a stream, by the names of
 * libvirt's storage driver table. They return when the transfer has begun; the stream reports the
 * outcome, see esx_stream.h.
 */

int esxStorageVolDownload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                          unsigned long long length, unsigned int flags);
int esxStorageVolUpload(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                        unsigned long long length, unsigned int flags);

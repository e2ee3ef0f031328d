/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_claim.h"
#include "esx_vmfs_contents.h"
#include "esx_vmfs_image.h"
#include "esx_vmfs_upload.h"
#include "esx_vmfs_verb.h"

/* A disk has whole KiB: of an image that lacks less than that, the rest is zeros. */
#define ESX_VMFS_UPLOAD_PADDING 1024

/* An upload under way: what its files share. */
typedef struct {
    EsxTransfer base;
    EsxVmfsContents *contents;
    EsxVmfsVerb *verb;
    EsxClaim *claim;        /* from the first byte on */
    char *temporary;        /* name of the file that is written first */
    guint64 epoch;          /* when the contents were looked for */
    guint64 before;         /* bytes of the volume then */
    gint64 length;          /* what has to come; HTTP_LENGTH_UNKNOWN: whatever does */

    EsxPipe *pipe;          /* while it runs */
    char head[ESX_VMFS_IMAGE_HEAD];     /* what came first, for a disk, until it is given away */
    size_t headLength;
    size_t headGiven;
    guint64 got;
    gboolean asked;         /* the server has taken the file's name: something may be there */
} EsxVmfsUploading;

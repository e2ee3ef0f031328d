/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_claim.h"
#include "esx_vmfs_contents.h"
#include "esx_vmfs_image.h"
#include "esx_vmfs_kept.h"
#include "esx_vmfs_upload.h"
#include "esx_vmfs_verb.h"

/* An upload in progress, as its sources share it. */
typedef struct {
    EsxTransfer base;
    EsxVmfsContents *contents;  /* as they are before it */
    EsxVmfsVerb *verb;
    EsxClaim *claim;        /* from the first byte on */
    char *temporary;        /* name of the file that is written first */
    guint64 epoch;          /* when the contents were looked for */
    guint64 offset;         /* where in the contents the client's data begins */
    guint64 limit;          /* bytes that the client may send; G_MAXUINT64: any number */
    gboolean announced;     /* the client has given the limit */

    EsxPipe *pipe;          /* while it runs */
    const Cancel *cancel;
    char head[ESX_VMFS_IMAGE_HEAD];     /* the first bytes for a disk, see CheckHead */
    size_t headLength;
    size_t headGiven;
    guint64 got;            /* bytes of the client that were given to the server */
    guint64 given;          /* bytes of the new contents that were given to the server */
    gboolean keptFailed;    /* the kept contents could not be read */
    EsxVmfsKept *kept;      /* the kept contents that are being read, or NULL */
    gboolean asked;         /* the server has begun to read the new file: it may exist */
} EsxVmfsUploading;

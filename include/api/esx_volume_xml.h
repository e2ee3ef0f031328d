/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * Parses a client's XML for a new volume, with libvirt's own parser. The server decides key, path
 * and permissions, so those in the XML are ignored: an access check gets the key that the volume
 * will have.
 */
typedef struct {
    virStorageVolDef *def;      /* for access checks; owns the strings of the next */
    EsxVolumeSpec spec;
} EsxVolumeXml;

void esxVolumeXmlClear(EsxVolumeXml *xml);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxVolumeXml, esxVolumeXmlClear)

/*
 * @poolDef: the pool of the new volume.
 * @isClone: the capacity may be omitted; then it is 0. The definition has no key; the backend knows
 * the future one.
 * @flags: VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, VIR_STORAGE_VOL_CREATE_VALIDATE. libvirt's
 * schema allows no "/" in the name of a volume, but here a name contains directories, so the name
 * is excluded from that check.
 *
 * Returns: 0, or -1 with a libvirt error.
 */
int esxVolumeXmlParse(virStoragePoolDef *poolDef, const char *text, bool isClone,
                      unsigned int flags, EsxVolumeXml *ret_xml);

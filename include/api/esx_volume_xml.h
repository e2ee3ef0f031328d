/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_storage_backend.h"

/*
 * From the XML a user gives to a volume that is to be made, by libvirt's own parser. The key, the
 * path and the permissions in it are the server's to decide, and are passed over: an access check
 * is shown the key that the volume will have.
 */
typedef struct {
    virStorageVolDef *def;      /* what access checks read; holds the strings of the next */
    EsxVolumeSpec spec;
} EsxVolumeXml;

void esxVolumeXmlClear(EsxVolumeXml *xml);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EsxVolumeXml, esxVolumeXmlClear)

/*
 * @poolDef: what the volume shall be in.
 * @isClone: the capacity may be left out; then it is 0.
 * The definition has no key: what it will be, the backend says.
 * @flags: VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, VIR_STORAGE_VOL_CREATE_VALIDATE. libvirt's
 * schema allows no "/" in the name of a volume, but here directories are part of it, so that the
 * name is kept out of that check.
 *
 * Returns: 0, or -1 with a libvirt error.
 */
int esxVolumeXmlParse(virStoragePoolDef *poolDef, const char *text, bool isClone,
                      unsigned int flags, EsxVolumeXml *ret_xml);

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Verbs that change a volume. No backend has one yet: each says why. */

#include "esx_storage_change.h"
#include "esx_storage_find.h"
#include "esx_storage_xml.h"

static void
refuse(const EsxFound *found)
{
    const char *reason = found->backend->readOnlyReason;

    virReportError(VIR_ERR_NO_SUPPORT, "%s",
                   reason ? reason
                          : "This version of the driver only reads the volumes of a datastore; "
                            "use the host's own tools to change them.");
}

/* The access check reads the name of the volume to be made. */
static int
refuseCreation(virStoragePoolPtr pool, const char *xml,
               int (*access)(virConnectPtr conn, virStoragePoolDef *pool, virStorageVolDef *vol))
{
    g_autoptr(virStoragePoolDef) poolDef = NULL;
    g_autoptr(virStorageVolDef) def = NULL;
    g_auto(EsxFound) found = { 0 };

    if (esxFindPoolByUuid(pool->conn, pool->uuid, pool->name, &found) < 0)
        return -1;

    poolDef = esxStoragePoolDef(found.pool);
    def = virStorageVolDefParse(poolDef, xml, NULL, VIR_VOL_XML_PARSE_OPT_CAPACITY);
    if (!def || access(pool->conn, poolDef, def) < 0)
        return -1;
    refuse(&found);
    return -1;
}

virStorageVolPtr
esxStorageVolCreateXML(virStoragePoolPtr pool, const char *xml, unsigned int flags)
{
    virCheckFlags(VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, NULL);

    refuseCreation(pool, xml, virStorageVolCreateXMLEnsureACL);
    return NULL;
}

virStorageVolPtr
esxStorageVolCreateXMLFrom(virStoragePoolPtr pool, const char *xml,
                           virStorageVolPtr source G_GNUC_UNUSED, unsigned int flags)
{
    virCheckFlags(VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA, NULL);

    refuseCreation(pool, xml, virStorageVolCreateXMLFromEnsureACL);
    return NULL;
}

static int
refuseChange(virStorageVolPtr vol,
             int (*access)(virConnectPtr conn, virStoragePoolDef *pool, virStorageVolDef *vol))
{
    g_auto(EsxFound) found = { 0 };
    virStoragePoolDef poolStub;
    virStorageVolDef volStub;

    if (esxFindVolume(vol->conn, NULL /* uuid */, vol->pool, vol->name, &found) < 0)
        return -1;
    poolStub = esxPoolStub(found.pool);
    volStub = esxVolStub(found.volume);
    if (access(vol->conn, &poolStub, &volStub) < 0)
        return -1;
    refuse(&found);
    return -1;
}

int
esxStorageVolDelete(virStorageVolPtr vol, unsigned int flags)
{
    virCheckFlags(0, -1);

    return refuseChange(vol, virStorageVolDeleteEnsureACL);
}

int
esxStorageVolWipe(virStorageVolPtr vol, unsigned int flags)
{
    virCheckFlags(0, -1);

    return refuseChange(vol, virStorageVolWipeEnsureACL);
}

int
esxStorageVolWipePattern(virStorageVolPtr vol, unsigned int algorithm, unsigned int flags)
{
    virCheckFlags(0, -1);

    if (algorithm >= VIR_STORAGE_VOL_WIPE_ALG_LAST) {
        virReportError(VIR_ERR_INVALID_ARG, "wiping algorithm %u is not known", algorithm);
        return -1;
    }
    return refuseChange(vol, virStorageVolWipePatternEnsureACL);
}

int
esxStorageVolResize(virStorageVolPtr vol, unsigned long long capacity G_GNUC_UNUSED,
                    unsigned int flags)
{
    virCheckFlags(VIR_STORAGE_VOL_RESIZE_ALLOCATE | VIR_STORAGE_VOL_RESIZE_DELTA |
                  VIR_STORAGE_VOL_RESIZE_SHRINK, -1);

    return refuseChange(vol, virStorageVolResizeEnsureACL);
}

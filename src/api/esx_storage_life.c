/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Verbs that create, start, stop and remove pools. This version has none of them, and each call
 * reports that. The start of an active pool is the error that scripts expect.
 */

#include "base_text.h"
#include "esx_report.h"
#include "esx_storage_door.h"
#include "esx_storage_life.h"

#define ELSEWHERE "do it with the tools of the host; the pool follows by itself"

/* Returns: -1. */
static int
reportMissing(const char *verb, const char *name, const char *reason)
{
    esxReport(VIR_ERR_NO_SUPPORT, "cannot %s pool '%s': this version does not %s yet; " ELSEWHERE,
              verb, name, reason);
    return -1;
}

int
esxStoragePoolCreate(virStoragePoolPtr pool, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    virCheckFlags(VIR_STORAGE_POOL_CREATE_WITH_BUILD |
                  VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE |
                  VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE, -1);

    if (esxOpenPool(pool, virStoragePoolCreateEnsureACL, &found) < 0)
        return -1;
    if (!found.pool->accessible)
        return reportMissing("start", found.pool->name,
                             "mount or connect storage");
    esxReport(VIR_ERR_OPERATION_INVALID, "storage pool '%s' is already active", found.pool->name);
    return -1;
}

int
esxStoragePoolDestroy(virStoragePoolPtr pool)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenPool(pool, virStoragePoolDestroyEnsureACL, &found) < 0 ||
        esxCheckActive(&found) < 0)
        return -1;
    return reportMissing("stop", found.pool->name,
                         "unmount or disconnect storage");
}

int
esxStoragePoolBuild(virStoragePoolPtr pool, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    virCheckFlags(VIR_STORAGE_POOL_BUILD_NEW | VIR_STORAGE_POOL_BUILD_REPAIR |
                  VIR_STORAGE_POOL_BUILD_RESIZE | VIR_STORAGE_POOL_BUILD_NO_OVERWRITE |
                  VIR_STORAGE_POOL_BUILD_OVERWRITE, -1);

    if (esxOpenPool(pool, virStoragePoolBuildEnsureACL, &found) < 0)
        return -1;
    return reportMissing("build", found.pool->name, "format, enlarge or repair storage");
}

int
esxStoragePoolDelete(virStoragePoolPtr pool, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    virCheckFlags(VIR_STORAGE_POOL_DELETE_NORMAL | VIR_STORAGE_POOL_DELETE_ZEROED, -1);

    if (esxOpenPool(pool, virStoragePoolDeleteEnsureACL, &found) < 0)
        return -1;
    return reportMissing("delete", found.pool->name, "delete storage");
}

int
esxStoragePoolUndefine(virStoragePoolPtr pool)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenPool(pool, virStoragePoolUndefineEnsureACL, &found) < 0)
        return -1;
    return reportMissing("undefine", found.pool->name, "remove storage from a host");
}

virStoragePoolPtr
esxStoragePoolDefineXML(virConnectPtr conn, const char *xml, unsigned int flags)
{
    g_autoptr(virStoragePoolDef) def = NULL;

    virCheckFlags(VIR_STORAGE_POOL_DEFINE_VALIDATE, NULL);

    def = virStoragePoolDefParse(xml, NULL /* filename */, flags);
    if (!def || virStoragePoolDefineXMLEnsureACL(conn, def) < 0)
        return NULL;
    reportMissing("define", def->name, "add storage to a host");
    return NULL;
}

virStoragePoolPtr
esxStoragePoolCreateXML(virConnectPtr conn, const char *xml, unsigned int flags)
{
    g_autoptr(virStoragePoolDef) def = NULL;

    virCheckFlags(VIR_STORAGE_POOL_CREATE_WITH_BUILD |
                  VIR_STORAGE_POOL_CREATE_WITH_BUILD_OVERWRITE |
                  VIR_STORAGE_POOL_CREATE_WITH_BUILD_NO_OVERWRITE, NULL);

    def = virStoragePoolDefParse(xml, NULL /* filename */, 0 /* flags */);
    if (!def || virStoragePoolCreateXMLEnsureACL(conn, def) < 0)
        return NULL;
    reportMissing("create", def->name, "add storage to a host");
    return NULL;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Verbs for volumes that only read. */

#include <string.h>

#include "esx_storage_anywhere.h"
#include "esx_storage_door.h"
#include "esx_report.h"
#include "esx_storage_vol.h"
#include "esx_storage_xml.h"

/* ---- lists ---------------------------------------------------------------------------------- */

/* Accounts for @length more bytes of a list. Returns: 0, or -1 with a libvirt error. */
static int
countBytes(virConnectPtr conn, const EsxFound *found, size_t length, size_t *bytes)
{
    const EsxConnection *connection = conn->privateData;

    *bytes += length;
    if (connection->listBytes == 0 || *bytes <= connection->listBytes)
        return 0;
    esxReport(VIR_ERR_OPERATION_FAILED,
              "the names of the %zu volumes of pool '%s' take more than the %zu bytes that a "
              "daemon can send in one message; look up volumes by name, or connect without a "
              "daemon",
              esxVolumeListLength(found->list), found->pool->name, connection->listBytes);
    return -1;
}

int
esxStoragePoolNumOfVolumes(virStoragePoolPtr pool)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };
    int count = 0;
    size_t i;

    if (esxOpenVolumes(pool, virStoragePoolNumOfVolumesEnsureACL, &found) < 0)
        return -1;
    for (i = 0; i < esxVolumeListLength(found.list); i++)
        count += esxVolumeIsVisible(pool->conn, virStoragePoolNumOfVolumesCheckACL, found.pool,
                                    esxVolumeListAt(found.list, i));
    return count;
}

int
esxStoragePoolListVolumes(virStoragePoolPtr pool, char **const names, int maxnames)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };
    int count = 0;
    size_t bytes = 0;
    size_t i;

    if (esxOpenVolumes(pool, virStoragePoolListVolumesEnsureACL, &found) < 0)
        return -1;
    for (i = 0; i < esxVolumeListLength(found.list) && count < maxnames; i++) {
        const EsxVolume *volume = esxVolumeListAt(found.list, i);

        if (!esxVolumeIsVisible(pool->conn, virStoragePoolListVolumesCheckACL, found.pool, volume))
            continue;
        names[count++] = g_strdup(volume->name);
        if (countBytes(pool->conn, &found, strlen(volume->name), &bytes) < 0) {
            while (count > 0)
                g_clear_pointer(&names[--count], g_free);
            return -1;
        }
    }
    return count;
}

/* Converts the volumes of @found to libvirt objects. @list NULL: only counts. */
static int
exportVolumes(virConnectPtr conn, EsxFound *found, GPtrArray *list)
{
    size_t bytes = 0;
    int count = 0;
    size_t i;

    for (i = 0; i < esxVolumeListLength(found->list); i++) {
        virStorageVolPtr object;

        found->volume = esxVolumeListAt(found->list, i);
        if (!esxVolumeIsVisible(conn, virStoragePoolListAllVolumesCheckACL, found->pool,
                                found->volume))
            continue;
        count++;
        if (!list)
            continue;
        if (countBytes(conn, found, strlen(found->pool->name) + strlen(found->volume->name) +
                       strlen(found->volume->key), &bytes) < 0)
            return -1;
        object = esxVolObject(conn, found);
        if (!object)
            return -1;
        g_ptr_array_add(list, object);
    }
    return count;
}

int
esxStoragePoolListAllVolumes(virStoragePoolPtr pool, virStorageVolPtr **vols, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };
    g_autoptr(GPtrArray) list = NULL;
    int count;

    virCheckFlags(0, -1);

    if (esxOpenVolumes(pool, virStoragePoolListAllVolumesEnsureACL, &found) < 0)
        return -1;

    if (vols)
        list = g_ptr_array_new_with_free_func(virObjectUnref);
    count = exportVolumes(pool->conn, &found, list);
    if (count < 0 || !vols)
        return count;

    g_ptr_array_add(list, NULL);
    g_ptr_array_set_free_func(list, NULL);
    *vols = (virStorageVolPtr *)g_ptr_array_free(g_steal_pointer(&list), FALSE);
    return count;
}

/* ---- lookups -------------------------------------------------------------------------------- */

virStorageVolPtr
esxStorageVolLookupByName(virStoragePoolPtr pool, const char *name)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxFindVolume(pool->conn, pool->uuid, pool->name, name, &found) < 0)
        return NULL;
    return esxExportVolume(pool->conn, &found, virStorageVolLookupByNameEnsureACL);
}

/*
 * For the caller, a volume that it may not see does not exist, as in libvirt's own storage driver.
 */
static virStorageVolPtr
lookupAnywhere(virConnectPtr conn, const char *what, const char *text, bool deep,
               EsxVolAccess access)
{
    g_auto(EsxFound) found = { 0 };
    int rc = esxFindAnywhere(conn, text, deep, &found);
    virStorageVolPtr object = rc > 0 ? esxExportVolume(conn, &found, access) : NULL;

    if (rc < 0 || object)
        return object;

    virResetLastError();
    esxReport(VIR_ERR_NO_STORAGE_VOL, "no storage vol with matching %s '%s'", what, text);
    return NULL;
}

virStorageVolPtr
esxStorageVolLookupByKey(virConnectPtr conn, const char *key)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    return lookupAnywhere(conn, "key", key, true /* deep */, virStorageVolLookupByKeyEnsureACL);
}

virStorageVolPtr
esxStorageVolLookupByPath(virConnectPtr conn, const char *path)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(conn->privateData);
    return lookupAnywhere(conn, "path", path, false /* deep */,
                          virStorageVolLookupByPathEnsureACL);
}

/* ---- one volume ----------------------------------------------------------------------------- */

static int
readInfo(virStorageVolPtr vol, EsxVolAccess access, bool physical, virStorageVolInfoPtr ret_info)
{
    g_auto(EsxFound) found = { 0 };

    if (esxOpenVolume(vol, access, &found) < 0)
        return -1;
    *ret_info = (virStorageVolInfo) {
        .type = found.volume->type,
        .capacity = found.volume->capacity,
        .allocation = physical ? found.volume->physical : found.volume->allocation,
    };
    return 0;
}

int
esxStorageVolGetInfo(virStorageVolPtr vol, virStorageVolInfoPtr info)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    return readInfo(vol, virStorageVolGetInfoEnsureACL, false /* physical */, info);
}

int
esxStorageVolGetInfoFlags(virStorageVolPtr vol, virStorageVolInfoPtr info, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    virCheckFlags(VIR_STORAGE_VOL_GET_PHYSICAL, -1);

    return readInfo(vol, virStorageVolGetInfoFlagsEnsureACL, flags & VIR_STORAGE_VOL_GET_PHYSICAL,
                    info);
}

char *
esxStorageVolGetXMLDesc(virStorageVolPtr vol, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    virCheckFlags(0, NULL);

    if (esxOpenVolume(vol, virStorageVolGetXMLDescEnsureACL, &found) < 0)
        return NULL;
    return esxStorageVolXML(found.pool, found.volume);
}

char *
esxStorageVolGetPath(virStorageVolPtr vol)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };

    if (esxOpenVolume(vol, virStorageVolGetPathEnsureACL, &found) < 0)
        return NULL;
    return g_strdup(found.volume->path);
}

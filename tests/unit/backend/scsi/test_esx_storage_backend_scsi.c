/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* How a host bus adapter is described, and where its LUNs are looked for. */

#include "esx_storage_backend_scsi.h"

#include <string.h>

#include "inventory_scsi.h"

static const InventoryLun disk = {
    .name = "/vmfs/devices/disks/naa.1", .canonicalName = "naa.1",
    .devicePath = "/vmfs/devices/disks/naa.1", .key = "00000000-0000-0000-0000-000000000001",
    .capacity = 1024, .isDisk = TRUE,
};
static const InventoryLun enclosure = {
    .name = "/vmfs/devices/genscsi/naa.2", .devicePath = "/vmfs/devices/genscsi/naa.2",
    .key = "00000000-0000-0000-0000-000000000002",
};
static const InventoryLun *const luns[] = { &disk, &enclosure };

static char *
describe(const InventoryHba *hba)
{
    InventoryPool pool = { .kind = &inventoryAdapters, .own = hba };
    g_autoptr(virStoragePoolDef) def = g_new0(virStoragePoolDef, 1);

    def->name = g_strdup("vmhba2");
    def->target.path = g_strdup("/vmfs/devices/disks");
    def->target.perms.mode = (mode_t)-1;
    def->target.perms.uid = (uid_t)-1;
    def->target.perms.gid = (gid_t)-1;
    esxStorageBackendScsi.poolDescribe(&pool, def);
    return virStoragePoolDefFormat(def);
}

/* @part is in the XML of @hba; NULL: no product is. */
static void
assertDescribed(const InventoryHba *hba, const char *part)
{
    g_autofree char *xml = describe(hba);
    g_autoptr(virStoragePoolDef) parsed = NULL;

    g_assert_nonnull(xml);
    if (part ? !strstr(xml, part) : strstr(xml, "<product") != NULL)
        g_error("'%s' is not as it must be in: %s", part ? part : "<product", xml);
    parsed = virStoragePoolDefParse(xml, NULL /* filename */, 0);
    g_assert_nonnull(parsed);
    g_assert_cmpint(parsed->type, ==, VIR_STORAGE_POOL_SCSI);
    g_assert_cmpint(parsed->source.adapter.type, ==, VIR_STORAGE_ADAPTER_TYPE_SCSI_HOST);
    g_assert_cmpstr(parsed->source.adapter.data.scsi_host.name, ==, hba->adapter.device);
}

static void
testDescribe(void)
{
    const InventoryHba plain = { .adapter = { .device = "vmhba2" } };
    const InventoryHba model = { .adapter = { .device = "vmhba2" }, .model = "PERC & <H730>" };
    const InventoryHba serial = {
        .adapter = { .device = "vmhba2" }, .model = "M", .wwnn = "5d0946606e78ac00",
    };
    const InventoryHba fibre = {
        .adapter = { .device = "vmhba2" }, .model = "LPe32000", .wwnn = "c05076000a1b2c04",
        .wwpn = "c05076000a1b2c06",
    };
    const InventoryHba port = { .adapter = { .device = "vmhba2" }, .wwpn = "c05076000a1b2c06" };
    /* What a hostile server may call one. */
    const InventoryHba odd = { .adapter = { .device = "vm'h<b>a&\"" } };

    assertDescribed(&plain, NULL);
    assertDescribed(&plain, "<adapter type='scsi_host' name='vmhba2'/>");
    assertDescribed(&model, "<product name='PERC &amp; &lt;H730&gt;'/>");
    assertDescribed(&serial, "<product name='M, WWNN 5d0946606e78ac00'/>");
    assertDescribed(&fibre, "<product name='LPe32000, WWNN c05076000a1b2c04, "
                            "WWPN c05076000a1b2c06'/>");
    assertDescribed(&port, "<product name='WWPN c05076000a1b2c06'/>");
    assertDescribed(&odd, NULL);
}

static void
testVolumes(void)
{
    const InventoryHba hba = { .luns = luns, .nluns = G_N_ELEMENTS(luns) };
    const InventoryPool pool = { .kind = &inventoryAdapters, .own = &hba };
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxVolumeList) list = esxStorageBackendScsi.volumes(NULL, &pool, &error);

    g_assert_no_error(error);
    g_assert_cmpuint(esxVolumeListFind(list, "naa.1")->capacity, ==, 1024);
    g_assert_cmpint(esxVolumeListFind(list, disk.name)->type, ==, VIR_STORAGE_VOL_BLOCK);
    g_assert_cmpuint(esxVolumeListFind(list, enclosure.name)->capacity, ==, 0);
    g_assert_null(esxVolumeListFind(list, "naa.2"));
}

/* A pool of another kind is none of its. */
static void
testOwns(void)
{
    const InventoryHba hba = { .nluns = 0 };
    const InventoryTarget target = { .iqn = "iqn.a" };
    const InventoryPool mine = { .kind = &inventoryAdapters, .own = &hba };
    const InventoryPool other = { .target = &target };

    g_assert_true(esxStorageBackendScsi.owns(&mine));
    g_assert_false(esxStorageBackendScsi.owns(&other));
    g_assert_true(esxStorageBackendFor(&mine) == &esxStorageBackendScsi);
    g_assert_cmpuint(esxStorageBackendListFlag(&mine), ==, VIR_CONNECT_LIST_STORAGE_POOLS_SCSI);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/backend-scsi/describe", testDescribe);
    g_test_add_func("/backend-scsi/volumes", testVolumes);
    g_test_add_func("/backend-scsi/owns", testOwns);

    return g_test_run();
}

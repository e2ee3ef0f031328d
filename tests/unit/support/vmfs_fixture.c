/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vmfs_fixture.h"
#include "connection_fixture.h"

#include "esx_error.h"
#include "esx_vmfs_listing.h"

#define HOUR_MS (3600 * 1000)
#define SEARCH "SearchDatastoreSubFolders_Task"

#define BROWSER(value) SET("browser", REF("HostDatastoreBrowser", value))

void
vmfsInit(Vmfs *vmfs)
{
    folderStubReset();
    vmfs->canned = cannedNew();
    vmfs->connection = esxConnectionNew(fixtureLogin(vmfs->canned), NULL, "esx1", HOUR_MS);
    vmfs->snapshot = fixtureSnapshot(
        VMFS("d1", "ds", BROWSER("b1"))
        ENTER("Datastore", "d2", SUMMARY("other", "vsan", "") BROWSER("b2")),
        NULL);
    vmfs->pool = fixturePool(vmfs->snapshot, "ds");
    ((InventoryPool *)vmfs->pool)->capacity = G_MAXINT64;
    vmfs->other = fixturePool(vmfs->snapshot, "other");
}

void
vmfsClear(Vmfs *vmfs)
{
    inventorySnapshotUnref(vmfs->snapshot);
    esxConnectionFree(vmfs->connection);
    cannedFree(vmfs->canned);
}

static void
scriptSearch(Vmfs *vmfs)
{
    fixtureScriptResult(vmfs->canned, SEARCH,
                        "<val xsi:type=\"ArrayOfHostDatastoreBrowserSearchResults\"></val>");
}

static void
acquire(Vmfs *vmfs)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(EsxVolumeList) list =
        esxVmfsListingsAcquire(esxVmfsListingsOf(vmfs->connection), vmfs->connection->session,
                               vmfs->pool, HOUR_MS, &error);

    g_assert_no_error(error);
}

void
vmfsList(Vmfs *vmfs)
{
    scriptSearch(vmfs);
    acquire(vmfs);
    acquire(vmfs);
    cannedAssertLog(vmfs->canned, SEARCH " " FIXTURE_LOOK);
}

void
vmfsAssertExpired(Vmfs *vmfs)
{
    scriptSearch(vmfs);
    acquire(vmfs);
    cannedAssertLog(vmfs->canned, SEARCH " " FIXTURE_LOOK);
}

void
vmfsAssertSent(Vmfs *vmfs, const char *method, const char *phrase)
{
    fixtureAssertPhrase(cannedLast(vmfs->canned, method)->body, phrase);
}

void
vmfsAssertRefused(Vmfs *vmfs, const GError *error, gint code, const char *phrase)
{
    g_assert_error(error, ESX_ERROR, code);
    fixtureAssertPhrase(error->message, phrase);
    cannedAssertLog(vmfs->canned, "");
    folderStubAssertLog("");
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Any bytes as what a search of a datastore found: the reply that shows its task. The volumes made
 * of it can be found by their names, and take no more memory than the reply allows.
 */

#include <string.h>

#include "base_limits.h"
#include "esx_vmfs_files.h"
#include "fuzz_check.h"
#include "fuzz_server.h"
#include "fuzz_target.h"

#define STARTED \
    "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Body>" \
    "<SearchDatastoreSubFolders_TaskResponse xmlns=\"urn:vim25\"><returnval type=\"Task\">t" \
    "</returnval></SearchDatastoreSubFolders_TaskResponse></e:Body></e:Envelope>\f"

static void
checkVolumes(const EsxVolumeList *list)
{
    size_t i;

    for (i = 0; i < esxVolumeListLength(list); i++) {
        const EsxVolume *volume = esxVolumeListAt(list, i);

        g_assert_cmpstr(volume->name, !=, "");
        g_assert_cmpuint(strlen(volume->name), <=, LIMIT_DATASTORE_PATH);
        g_assert_true(esxVolumeListFind(list, volume->name) == volume);
        g_assert_true(g_str_has_suffix(volume->path, volume->name));
        if (i > 0)
            g_assert_cmpstr(esxVolumeListAt(list, i - 1)->name, <, volume->name);
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const SoapMoRef browser = { "HostDatastoreBrowser", "b" };
    g_autofree char *replies = g_malloc(strlen(STARTED) + size);
    FuzzServer server = { 0 };
    g_autoptr(ViSession) session = fuzzServerLogin(&server, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViSearch) search = NULL;
    g_autoptr(EsxVolumeList) list = NULL;

    memcpy(replies, STARTED, strlen(STARTED));
    if (size > 0)
        memcpy(replies + strlen(STARTED), bytes, size);
    fuzzServerGive(&server, replies, strlen(STARTED) + size);

    fuzzMemoryBegin();
    search = viBrowserSearchAll(session, &browser, "ds", VI_BROWSER_ALL, NULL, &error);
    if (!search) {
        fuzzCheckMessage(error->message, 4);
        return 0;
    }
    list = esxVmfsFilesList(search, "ds", "ds", &error);
    fuzzMemoryCheck(size, LIMIT_AMPLIFICATION, server.asked);
    g_assert_true(!list == !!error);
    if (list)
        checkVolumes(list);
    else
        fuzzCheckMessage(error->message, 4);
    return 0;
}

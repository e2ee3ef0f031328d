/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* What the facade refuses before a transfer begins. */

#include "esx_storage_stream.h"
#include "connection_fixture.h"

#include "esx_connection.h"
#include "inventory_fixture.h"
#include "vi_fixture.h"

#define HOUR_MS (3600 * 1000)

/* Without an access manager, which a test has not, the library's own checks refuse. */
int
virStorageVolDownloadEnsureACL(virConnectPtr conn G_GNUC_UNUSED,
                               virStoragePoolDef *pool G_GNUC_UNUSED,
                               virStorageVolDef *vol G_GNUC_UNUSED)
{
    return 0;
}

int
virStorageVolUploadEnsureACL(virConnectPtr conn G_GNUC_UNUSED,
                             virStoragePoolDef *pool G_GNUC_UNUSED,
                             virStorageVolDef *vol G_GNUC_UNUSED)
{
    return 0;
}

typedef struct {
    Canned *canned;
    InventorySnapshot *snapshot;
    virConnectPtr conn;
    virStreamPtr stream;
    const InventoryPool *target;    /* an iSCSI target with LUNs */
} Setting;

static void
settingOpen(Setting *s)
{
    g_autofree char *updates = cannedData("updates-default.xml");
    const InventoryPool *const *pools = NULL;
    size_t npools = 0;
    size_t i;

    s->canned = cannedNew();
    cannedReplyAlways(s->canned, "CreateFilter",
                      "<returnval type=\"PropertyFilter\">f</returnval>");
    cannedAdd(s->canned, "WaitForUpdatesEx",
              &(CannedExchange){ .bytes = updates, .always = TRUE });
    s->conn = virGetConnect();
    s->conn->privateData = esxConnectionNew(fixtureLogin(s->canned), NULL, "h", HOUR_MS);
    s->stream = virGetStream(s->conn);
    s->snapshot = fixtureSnapshotOf("updates-default.xml");
    pools = inventorySnapshotPools(s->snapshot, &npools);
    for (i = 0; i < npools; i++) {
        if (pools[i]->target && pools[i]->target->nluns > 0)
            s->target = pools[i];
    }
    g_assert_nonnull(s->target);
    virResetLastError();
}

static void
settingClose(Setting *s)
{
    virObjectUnref(s->stream);
    esxConnectionFree(g_steal_pointer(&s->conn->privateData));
    virObjectUnref(s->conn);
    inventorySnapshotUnref(s->snapshot);
    cannedFree(s->canned);
    virResetLastError();
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Setting, settingClose)

typedef int (*Verb)(virStorageVolPtr vol, virStreamPtr stream, unsigned long long offset,
                    unsigned long long length, unsigned int flags);

static const Verb verbs[] = { esxStorageVolDownload, esxStorageVolUpload };

static void
assertRefused(Setting *s, const char *pool, const char *volume, unsigned int flags, int code,
              const char *phrase)
{
    virStorageVolPtr vol = virGetStorageVol(s->conn, pool, volume, "key", NULL, NULL);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(verbs); i++) {
        g_assert_cmpint(verbs[i](vol, s->stream, 0, 0, flags), ==, -1);
        g_assert_cmpint(virGetLastErrorCode(), ==, code);
        fixtureAssertPhrase(virGetLastErrorMessage(), phrase);
        g_assert_null(s->stream->driver);
    }
    virObjectUnref(vol);
}

static void
testLun(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    assertRefused(&s, s.target->name, s.target->target->luns[0]->name, 0, VIR_ERR_NO_SUPPORT,
                  "change their contents on the machine that uses them");
}

static void
testNotFound(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    assertRefused(&s, s.target->name, "no such LUN", 0, VIR_ERR_NO_STORAGE_VOL, "no such LUN");
    assertRefused(&s, "no such pool", "x", 0, VIR_ERR_NO_STORAGE_POOL, "no such pool");
}

static void
testFlags(void)
{
    g_auto(Setting) s = { 0 };

    settingOpen(&s);
    assertRefused(&s, s.target->name, "x", 1 << 5, VIR_ERR_INVALID_ARG, "unsupported flags");
    cannedAssertLog(s.canned, "");
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);

    g_test_add_func("/esx/storage-stream/lun", testLun);
    g_test_add_func("/esx/storage-stream/not-found", testNotFound);
    g_test_add_func("/esx/storage-stream/flags", testFlags);
    return g_test_run();
}

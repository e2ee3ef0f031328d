# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint that keep floors and rooms apart, each with what it forbids planted in a copy of the tree."""

from __future__ import annotations

import pytest
from planted import checkout, complaints, with_change, with_files, with_line

import room_checks
from esxkit.harness.environment import REPOSITORY
from source_tree import Tree


@pytest.mark.parametrize(
    "check",
    [
        "check_rooms",
        "check_floors",
        "check_kinds",
        "check_kind_words",
        "check_messages",
        "check_doors",
        "check_callers",
        "check_endings",
        "check_static_names",
        "check_reports",
        "check_habits",
        "check_heads",
        "check_locks",
        "check_ceilings",
        "check_links",
    ],
)
def test_the_tree_itself_is_in_order(check: str):
    assert complaints(check, checkout()) == []


@pytest.mark.parametrize(
    ("check", "name", "line", "said"),
    [
        # A public header of a floor above, of a brother, and private headers of other floors.
        ("check_floors", "src/vi/vi_call.c", '#include "esx_server.h"', "vi may not include esx_server.h of server"),
        ("check_floors", "include/soap/soap_xml.h", '#include "http_transport.h"', "soap may not include"),
        ("check_floors", "src/stream/esx_stream.c", '#include "esx_storage_backend.h"', "stream may not"),
        ("check_floors", "src/api/esx_storage_find.c", '#include "esx_stream_worker.h"', "api may not"),
        ("check_floors", "src/server/esx_server.c", '#include "../stream/esx_stream_worker.h"', "server may not"),
        ("check_floors", "src/inventory/inventory_live.h", '#include "vi_cookie.h"', "inventory may not"),
        # facade → storage-private header, backend → facade, storage → driver.
        ("check_kinds", "src/api/esx_storage_pool.c", '#include "esx_vmfs_listing.h"', "only backend/vmfs"),
        ("check_floors", "src/backend/vmfs/esx_vmfs_verb.c", '#include "esx_storage_find.h"', "backend may not"),
        ("check_floors", "src/server/esx_connection.c", '#include "esx_uri.h"', "server may not"),
        ("check_kinds", "src/backend/esx_storage_backend.c", '#include "esx_vmfs_verb.h"', "only backend/vmfs"),
        # Other ways to write an include, and to do without it.
        ("check_floors", "src/vi/vi_call.c", '#define H "esx_server.h"\n#include H', "write #include"),
        ("check_floors", "src/vi/vi_call.c", '#include \\\n"esx_server.h"', "write #include"),
        ("check_floors", "src/vi/vi_call.c", '#\\\ninclude "esx_server.h"', "write #include"),
        ("check_floors", "src/vi/vi_call.c", '#include /* x */ "esx_server.h"', "vi may not include"),
        ("check_floors", "src/vi/vi_call.c", '/* x */ #include "vi_task.h"', "write #include"),
        ("check_floors", "src/vi/vi_call.c", '#import "esx_server.h"', "vi may not include"),
        ("check_floors", "src/vi/vi_call.c", '%:include "vi_task.h"', "write #include"),
        ("check_floors", "src/vi/vi_call.c", '#include "../server/esx_server.c"', "write #include"),
        ("check_floors", "src/vi/vi_call.c", "extern int esxServerFlag(void);", "include its header"),
        ("check_floors", "src/vi/vi_call.c", "int esxServerFlag(const char *name);", "include its header"),
        # Headers of others, where they are not used.
        ("check_floors", "src/vi/vi_call.c", '#include "virerror.h"', "libvirt's headers are in esx_libvirt.h"),
        ("check_floors", "src/server/esx_server.c", '#include "datatypes.h"', "libvirt's headers are in"),
        ("check_floors", "src/vi/vi_call.c", "#include <libvirt/libvirt.h>", "vi does not use <libvirt/libvirt.h>"),
        ("check_floors", "src/vi/vi_call.c", "#include <curl/curl.h>", "vi does not use <curl/curl.h>"),
        ("check_floors", "src/http/http_curl.c", "#include <libxml/parser.h>", "http does not use"),
        ("check_floors", "src/api/esx_storage_vol.c", '#include "vim_types.h"', "not of this tree"),
        # The inventory's files of a kind.
        ("check_kinds", "src/inventory/inventory_sync.c", '#include "inventory_datastore.h"', "its own backend"),
        ("check_kinds", "src/api/esx_storage_vol.c", '#include "inventory_scsi.h"', "its own backend"),
        ("check_kinds", "src/backend/vmfs/esx_vmfs_verb.c", '#include "inventory_scsi.h"', "its own backend"),
        # A datastore in the facade, a LUN in the driver.
        ("check_kind_words", "src/api/esx_storage_vol.c", "    if (pool->datastore)", "'datastore'"),
        ("check_kind_words", "src/driver/esx_open.c", "/* Its LUNs. */", "'LUN'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "/* A data store, an NFS share. */", "'data store'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", '#define K "data" "store"', "'datastore'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", '    strstr(name, ".vmdk");', "'vmdk'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", '    strstr(name, "naa.600");', "'naa'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", '    strstr(name, "iqn.2026");', "'iqn'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", '    strstr(name, "vmhba3");', "'hba'"),
        ("check_kind_words", "src/driver/esx_open.c", "/* vSAN, vVol, a logical unit */", "'vSAN'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    type == VIR_STORAGE_POOL_ISCSI;", "'ISCSI'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    type == VIR_STORAGE_POOL_NETFS;", "NETFS"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    virStorageDatastoreIs(pool);", "'Datastore'"),
        (
            "check_kind_words",
            "src/api/esx_storage_vol.c",
            "    if (pool->datastore) def->target.path = NULL;",
            "'datastore'",
        ),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    found->pool->own;", "'->own'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    pool->kind == kind;", "'->kind'"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    backend == esxStorageBackends()[2];", "backend"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    found.backend->name[0];", "backend->name"),
        ("check_kind_words", "src/server/esx_server.c", "    pool->target->iqn;", "'->target'"),
        ("check_kind_words", "src/stream/esx_stream.c", "    pool->datastore->name;", "'->datastore'"),
        (
            "check_kind_words",
            "src/backend/iscsi/esx_storage_backend_iscsi.c",
            "    pool->datastore->name;",
            "is of backend/vmfs",
        ),
        # What reports or logs below those that speak to libvirt.
        ("check_reports", "src/backend/vmfs/esx_vmfs_verb.c", '#include "esx_report.h"', "reports: return a GError"),
        ("check_reports", "src/backend/vmfs/esx_vmfs_verb.c", '#include "esx_log.h"', "logs: return a GError"),
        ("check_messages", "src/vi/vi_call.c", '    virReportError(VIR_ERR_RPC, "%s", "x");', "virReportError"),
        # A function for tests alone in a public header.
        ("check_callers", "include/vi/vi_call.h", "void viCallForTests(ViSession *session);", "nothing in src/ calls"),
        # A static function whose name tells nothing, and one that another file has.
        # One way to cancel.
        ("check_habits", "include/vi/vi_task.h", "void viTaskStop(gint *cancel);", "use Cancel"),
        ("check_habits", "src/vi/vi_call.c", "static const gint *mayCancel;", "use Cancel"),
        ("check_habits", "src/stream/esx_stream_worker.h", "    gint cancel;", "use Cancel"),
        ("check_static_names", "src/vi/vi_call.c", "\nstatic void\nrun(void)\n{\n}", "one word tells nothing"),
        (
            "check_static_names",
            "src/vi/vi_task.c",
            "\nstatic gboolean\nisCallBroken(const GError *error)\n{\n}",
            "vi_call.c has a function of that name",
        ),
        # Functions in another form, which the other rules would not see.
        ("check_heads", "src/vi/vi_call.c", "\nstatic void run(void)\n{\n}", "on lines of their own"),
        ("check_heads", "src/vi/vi_call.c", "\nstatic void\nviLong(void) {\n}", "on lines of their own"),
        ("check_heads", "src/vi/vi_call.c", "\nstatic void viLong(const char *a,\n    int b) {\n}", "lines of"),
        ("check_heads", "src/vi/vi_call.c", "\nstatic void\nviLong (void)\n{\n}", "on lines of their own"),
        ("check_heads", "src/vi/vi_call.c", "\n static void\n viLong(void)\n {\n }", "on lines of their own"),
        ("check_heads", "include/vi/vi_call.h", "static inline int viTwo(void) { return 2; }", "on lines of"),
        ("check_heads", "tests/unit/vi/test_vi_call.c", "\nstatic void testIt(void)\n{\n}", "on lines of"),
        # Locks.
        ("check_locks", "src/vi/vi_call.c", "static GMutex plantA, plantB;", "plantA has no row"),
        ("check_locks", "src/vi/vi_call.c", "static GMutex plants[3];", "plants has no row"),
        ("check_locks", "src/vi/vi_call.c", "    static GMutex inner;", "inner has no row"),
        ("check_locks", "src/vi/vi_call.c", "static pthread_mutex_t plant = PTHREAD_X;", "plant has no row"),
        ("check_locks", "src/vi/vi_call.c", "static GRecMutex plant;", "GRecMutex: use GMutex"),
        ("check_locks", "src/vi/vi_call.c", "static GRWLock plant;", "GRWLock: use GMutex"),
        ("check_locks", "src/vi/vi_call.c", "G_LOCK_DEFINE_STATIC(plant);", "G_LOCK_DEFINE_STATIC: use GMutex"),
        ("check_locks", "src/server/esx_server.c", "static virMutex plant;", "virMutex: use GMutex"),
        # Functions that are not safe, with a blank as well.
        ("check_habits", "src/vi/vi_call.c", "    strcpy (a, b);", "use g_strdup"),
        ("check_habits", "src/vi/vi_call.c", "    strncpy(a, b, 3);", "use g_strdup"),
        ("check_habits", "src/vi/vi_call.c", '    sscanf(a, "%s", b);', "sscanf"),
        ("check_habits", "src/vi/vi_call.c", "    g_alloca(9);", "the heap"),
        ("check_habits", "src/vi/vi_call.c", "#define COPY strcpy", "use g_strdup"),
        ("check_habits", "src/vi/vi_call.c", "    *x = 1; goto out;", "the one label"),
        ("check_habits", "src/vi/vi_call.c", "    gboolean *cancelled = NULL;", "use Cancel"),
        ("check_habits", "src/vi/vi_call.c", "    int *stopFlag = NULL;", "use Cancel"),
        # Ceilings elsewhere.
        ("check_ceilings", "src/vi/vi_call.c", "#define PLANT_MAX 77", "PLANT_MAX: ceilings are in"),
        ("check_ceilings", "src/vi/vi_call.c", "#define PLANT_CAP 5000", "PLANT_CAP: ceilings are in"),
        ("check_ceilings", "src/vi/vi_call.c", "enum { PLANT_MAX = 77 };", "PLANT_MAX: ceilings are in"),
        ("check_ceilings", "src/vi/vi_call.c", "enum {\n    ONE,\n    MOST_PLANTS = 77,\n};", "MOST_PLANTS"),
        ("check_ceilings", "src/vi/vi_call.c", "static const size_t plantMax = 5000;", "plantMax"),
        # Public functions that are called by themselves alone, by no variable's end, or declared in two lines.
        ("check_callers", "include/vi/vi_call.h", "void\nviCallForTests(ViSession *session);", "nothing in src/"),
        (
            "check_callers",
            "include/vi/vi_call.h",
            "void viPlantFree(ViPlant *plant);\nG_DEFINE_AUTOPTR_CLEANUP_FUNC(ViPlant, viPlantFree)",
            "nothing in src/",
        ),
        (
            "check_callers",
            "include/vi/vi_call.h",
            "void viPlant(int depth);\n\nvoid\nviPlant(int depth)\n{\n    viPlant(depth - 1);\n}",
            "nothing in src/",
        ),
        # Links in each form of Markdown.
        ("check_links", "README.md", '[x](docs/NOPE.md "title")', "there is no docs/NOPE.md"),
        ("check_links", "README.md", "[x][y]\n\n[y]: docs/NOPE.md", "there is no docs/NOPE.md"),
        ("check_links", "README.md", "[x][nowhere]", "no link is defined for [nowhere]"),
        ("check_links", "README.md", '<a href="docs/NOPE.md">x</a>', "there is no docs/NOPE.md"),
        ("check_links", "README.md", "<img\n src='docs/nope.svg'>", "there is no docs/nope.svg"),
        ("check_links", "README.md", "[x\ny](docs/NOPE.md)", "there is no docs/NOPE.md"),
        # A tenth verb for ending something.
        ("check_endings", "include/vi/vi_session.h", "void viSessionShutdown(ViSession *session);", "Free, Unref"),
        # A file outside of the rooms, and a room with too many files.
        ("check_rooms", "src/esx_planted.c", "", "not in a floor"),
        ("check_rooms", "src/storage/esx_planted.c", "", "not in a floor"),
        ("check_rooms", "src/vi/vi_planted.inc", "", "the rules read no others"),
        ("check_rooms", "src/vi/esx_server.h", "", "has that name"),
    ],
)
def test_what_is_planted_is_found(check: str, name: str, line: str, said: str):
    found = complaints(check, with_line(name, line))
    assert found
    assert all(complaint.startswith(f"{name}:") for complaint in found)
    assert said in found[0]


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        # A check that is left out, that of another verb, one that is named in a comment, and one that is not passed on.
        (
            "src/api/esx_storage_pool.c",
            "esxOpenPool(pool, virStoragePoolGetInfoEnsureACL, &found)",
            "esxFindPoolByUuid(pool->conn, pool->uuid, pool->name, &found)",
            "esxStoragePoolGetInfo neither calls virStoragePoolGetInfoEnsureACL",
        ),
        (
            "src/api/esx_storage_vol.c",
            "virStorageVolGetPathEnsureACL",
            "virStorageVolGetInfoEnsureACL",
            "esxStorageVolGetPath neither calls virStorageVolGetPathEnsureACL",
        ),
        (
            "src/api/esx_storage_stream.c",
            "esxOpenVolume(vol, virStorageVolDownloadEnsureACL, &found)",
            "esxFindVolume(vol, &found) /* virStorageVolDownloadEnsureACL(vol) */",
            "esxStorageVolDownload neither calls",
        ),
        (
            "src/api/esx_storage_door.c",
            "access(conn, &poolStub, &volStub) < 0 ? -1 : 0",
            "0",
            "checkVolume does not use the access check",
        ),
        (
            "src/driver/esx_driver.c",
            "virConnectGetTypeEnsureACL(conn) < 0 ? NULL : ESX_TYPE",
            "ESX_TYPE",
            "esxConnectGetType neither calls",
        ),
        # A check whose result is dropped, one in a text, and rows that the rule could not read.
        (
            "src/driver/esx_driver.c",
            "return virConnectGetTypeEnsureACL(conn) < 0 ? NULL : ESX_TYPE",
            "(void)virConnectGetTypeEnsureACL(conn);\n    return ESX_TYPE",
            "esxConnectGetType neither calls",
        ),
        (
            "src/driver/esx_driver.c",
            "virConnectGetTypeEnsureACL(conn) < 0 ? NULL : ESX_TYPE",
            '"virConnectGetTypeEnsureACL(conn)"',
            "esxConnectGetType neither calls",
        ),
        (
            "src/api/esx_storage_driver.c",
            " = esxStorageVolDelete,",
            " = (virDrvStorageVolDelete)esxStorageVolDelete,",
            "write the name of its function alone",
        ),
        (
            "src/driver/esx_driver.c",
            "= esxDomainLookupByID,",
            "= esxDomainFind,",
            "esxDomainFind neither calls virDomainLookupByIDEnsureACL",
        ),
    ],
)
def test_an_access_check_that_is_forgotten_is_found(name: str, old: str, new: str, said: str):
    found = complaints("check_doors", with_change(name, old, new))
    assert found
    assert said in found[0]


def test_a_room_with_too_many_files_is_found():
    full = with_files(*(f"src/api/esx_planted_{number}.c" for number in range(20)))
    assert [c for c in complaints("check_rooms", full) if c.startswith("src/api: ")]


@pytest.mark.parametrize("name", ["src/api/esx_storage_vol.c", "src/backend/vmfs/esx_vmfs_verb.c"])
def test_a_new_kind_of_storage_is_protected(name: str):
    texts = with_line(name, '#include "esx_nvme_space.h"').texts
    tree = Tree({**texts, "include/backend/nvme/esx_nvme_space.h": ""})
    assert room_checks.kinds(tree) == ["iscsi", "nvme", "scsi", "vmfs"]
    assert [c.partition(": ")[2] for c in complaints("check_kinds", tree)] == [
        "only backend/nvme may include esx_nvme_space.h"
    ]


@pytest.mark.parametrize(
    ("check", "name", "line"),
    [
        # What libvirt calls a target is none of ours.
        ("check_kind_words", "src/api/esx_storage_xml.c", "    def->target.path = NULL;"),
        ("check_kind_words", "src/api/esx_storage_vol.c", "    if (info->backend == NULL)"),
        ("check_kind_words", "src/backend/vmfs/esx_vmfs_verb.c", "    pool->datastore->name;"),
        ("check_kinds", "src/backend/scsi/esx_storage_backend_scsi.c", '#include "inventory_scsi.h"'),
        ("check_floors", "src/api/esx_storage_vol.c", '#include "vi_call.h"'),
        ("check_floors", "src/http/http_curl.c", "#include <curl/curl.h>"),
        ("check_floors", "src/vi/vi_call.c", "#include <sys/stat.h>"),
        ("check_floors", "src/vi/vi_call.c", '/* #include "esx_server.h" */'),
        ("check_floors", "src/vi/vi_call.c", "static int viCallPlanted(void);"),
        (
            "check_heads",
            "src/vi/vi_call.c",
            "\nstatic void G_GNUC_PRINTF(2, 3)\nviLong(int a,\n       void (*b)(int))\n{\n}",
        ),
        ("check_heads", "src/vi/vi_call.c", "static const int a[] = { sizeof(int) };\nstruct b {\n    int c;\n};"),
        ("check_locks", "src/vi/vi_call.c", "static void viCallLock(GMutex *lock, GMutex *other);"),
        ("check_habits", "src/vi/vi_call.c", '    /* strcpy() and goto out */ say("sscanf(a)");'),
        ("check_habits", "src/vi/vi_call.c", "    const gboolean cancelled = cancelIsSet(cancel);"),
        ("check_habits", "tests/unit/vi/test_vi_call.c", '    sscanf(a, "%d", &b);'),
        ("check_ceilings", "src/vi/vi_call.c", "enum {\n    VI_ERROR_LIMIT,\n};\n#define PLANT_CAPACITY 12"),
        (
            "check_callers",
            "include/vi/vi_call.h",
            "void viPlantFree(ViPlant *plant);\nG_DEFINE_AUTOPTR_CLEANUP_FUNC(ViPlant, viPlantFree)\n"
            "void\nviPlantFree(ViPlant *plant)\n{\n    g_autoptr(ViPlant) own = NULL;\n}",
        ),
        ("check_links", "README.md", '[x](docs/HACKING.md "title") [y][z] `[a][b]`\n\n[z]: docs/HACKING.md'),
        ("check_floors", "src/vi/vi_call.c", "#define TWO \\\n    2"),
    ],
)
def test_what_is_allowed_is_not_found(check: str, name: str, line: str):
    assert complaints(check, with_line(name, line)) == []


def test_the_floors_are_those_of_the_build():
    built = (REPOSITORY / "src" / "meson.build").read_text(encoding="utf-8")
    for floor in room_checks.FLOORS:
        assert f"'name': '{floor}'" in built

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Hardware of hosts: sums, and what is left out. */

#include "inventory_hardware.h"

#include <string.h>

#include "base_limits.h"
#include "vi_fixture.h"

#define PROPERTY(name, type, value) \
    "<propSet><name>summary.hardware." name "</name>" \
    "<val xsi:type=\"xsd:" type "\">" value "</val></propSet>"
#define HOST(ref, properties) \
    "<objects><obj type=\"HostSystem\">" ref "</obj>" properties "</objects>"

/* Asks a server that answers with @objects. */
static InventoryHardware *
fetch(const char *objects, const InventoryScope *scope, char **ret_request)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autofree char *inner = g_strdup_printf("<returnval>%s</returnval>", objects);
    g_autoptr(GError) error = NULL;
    InventoryHardware *hardware = NULL;

    cannedReply(canned, "RetrievePropertiesEx", inner);
    hardware = inventoryHardwareNew(session, scope, &error);
    g_assert_no_error(error);
    if (ret_request)
        *ret_request = g_strdup(cannedLast(canned, "RetrievePropertiesEx")->body);
    cannedAssertLog(canned, "RetrievePropertiesEx");

    g_clear_pointer(&session, viSessionFree);
    return hardware;
}

static void
testSums(void)
{
    g_autofree char *request = NULL;
    g_autoptr(InventoryHardware) hardware =
        fetch(HOST("host-1", PROPERTY("cpuModel", "string", "A") PROPERTY("cpuMhz", "int", "2200")
                   PROPERTY("memorySize", "long", "68719476736")
                   PROPERTY("numCpuPkgs", "short", "2")
                   PROPERTY("numCpuCores", "short", "8") PROPERTY("numCpuThreads", "short", "16"))
              HOST("host-2", PROPERTY("cpuModel", "string", "B") PROPERTY("cpuMhz", "int", "3000")
                   PROPERTY("memorySize", "long", "1024") PROPERTY("numCpuPkgs", "short", "1")
                   PROPERTY("numCpuCores", "short", "4") PROPERTY("numCpuThreads", "short", "4")),
              NULL, &request);

    g_assert_cmpstr(hardware->cpuModel, ==, "A");
    g_assert_cmpuint(hardware->mhz, ==, 2200);
    g_assert_cmpuint(hardware->memoryBytes, ==, G_GUINT64_CONSTANT(68719477760));
    g_assert_cmpuint(hardware->packages, ==, 3);
    g_assert_cmpuint(hardware->cores, ==, 12);
    g_assert_cmpuint(hardware->threads, ==, 20);

    /* from the root folder down, and not as far as the datastores */
    fixtureAssertPhrase(request, "childEntity");
    g_assert_null(strstr(request, "datastore"));
}

/* A host that vCenter cannot reach tells little, and an odd one nonsense. */
static void
testMissing(void)
{
    g_autoptr(InventoryHardware) hardware =
        fetch(HOST("host-1", PROPERTY("cpuMhz", "int", "-5") PROPERTY("memorySize", "long", "-1"))
              HOST("host-2", "") HOST("host-3", PROPERTY("numCpuCores", "string", "many")),
              NULL, NULL);

    g_assert_null(hardware->cpuModel);
    g_assert_cmpuint(hardware->mhz, ==, 0);
    g_assert_cmpuint(hardware->memoryBytes, ==, 0);
    g_assert_cmpuint(hardware->cores, ==, 0);
}

/* Of one host: no walk at all. */
static void
testScope(void)
{
    SoapMoRef host = { "HostSystem", "host-7" };
    InventoryScope scope = { .host = &host };
    g_autofree char *request = NULL;
    g_autoptr(InventoryHardware) hardware =
        fetch(HOST("host-7", PROPERTY("numCpuThreads", "short", "4")), &scope, &request);

    g_assert_cmpuint(hardware->threads, ==, 4);
    fixtureAssertPhrase(request, "host-7");
    g_assert_null(strstr(request, "childEntity"));
}

static void
testFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, "RetrievePropertiesEx", "NoPermission", "No.");
    g_assert_null(inventoryHardwareNew(session, NULL, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
    inventoryHardwareFree(NULL);
    g_clear_pointer(&session, viSessionFree);
}

/* A property without a name is none; a model that is too long neither. */
static void
testHostile(void)
{
    g_autofree char *model = g_strnfill(LIMIT_NAME_BYTES + 1, 'x');
    g_autofree char *objects = g_strdup_printf(
        HOST("host-1", "<propSet><val xsi:type=\"xsd:string\">x</val></propSet>"
             PROPERTY("cpuModel", "string", "%s") PROPERTY("cpuMhz", "int", "2200"))
        HOST("host-2", PROPERTY("cpuModel", "string", "B")), model);
    g_autoptr(InventoryHardware) hardware = fetch(objects, NULL, NULL);

    g_assert_cmpstr(hardware->cpuModel, ==, "B");
    g_assert_cmpuint(hardware->mhz, ==, 2200);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/hardware/sums", testSums);
    g_test_add_func("/hardware/missing", testMissing);
    g_test_add_func("/hardware/scope", testScope);
    g_test_add_func("/hardware/fails", testFails);
    g_test_add_func("/inventory/hardware/hostile", testHostile);
    return g_test_run();
}

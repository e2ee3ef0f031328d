/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_spec.h"
#include "vi_fixture.h"

#include <string.h>

/* The request that a specification makes, as XML. */
static char *
encode(const InventorySpec *spec)
{
    VimCreateFilterRequest args = VIM_INIT(CreateFilterRequest);
    SoapMoRef collector = { "PropertyCollector", "pc" };
    g_autoptr(GString) xml = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    gboolean ok = FALSE;

    args.self = &collector;
    args.spec = (VimPropertyFilterSpec *)inventorySpecFilter(spec);
    ok = soapEncodeRequest(&vimMethodCreateFilter, &args, xml, &error);
    g_assert_no_error(error);
    g_assert_true(ok);
    return g_strdup(xml->str);
}

static void
assertParts(const char *xml, const char *const *parts, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        fixtureAssertPhrase(xml, parts[i]);
}

/* Everything: from the root folder over all folders, datacenters, compute resources and hosts. */
static void
testEverything(void)
{
    static const char *const parts[] = {
        "<obj type=\"Folder\">ha-folder-root</obj>",
        "<name>folder</name><type>Folder</type><path>childEntity</path>",
        "<name>hostFolder</name><type>Datacenter</type><path>hostFolder</path>",
        "<name>host</name><type>ComputeResource</type><path>host</path>",
        "<name>datastore</name><type>HostSystem</type><path>datastore</path>",
        "<type>Datastore</type>", "<pathSet>summary</pathSet>", "<pathSet>info</pathSet>",
        "<pathSet>host</pathSet>", "<pathSet>browser</pathSet>",
        "<type>Datacenter</type>", "<type>Folder</type>",
        "<pathSet>config.storageDevice.hostBusAdapter</pathSet>",
        "<pathSet>config.storageDevice.scsiLun</pathSet>",
        "<pathSet>config.storageDevice.scsiTopology</pathSet>",
        "<pathSet>config.storageDevice.multipathInfo</pathSet>",
        "<pathSet>configManager.storageSystem</pathSet>",
    };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    g_autoptr(InventorySpec) spec = inventorySpecNew(session, NULL);
    g_autofree char *xml = encode(spec);

    assertParts(xml, parts, G_N_ELEMENTS(parts));
}

/* Each step that a selection names is one of the steps. */
static void
testSelectionsExist(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    g_autoptr(InventorySpec) everything = inventorySpecNew(session, NULL);
    g_autoptr(InventorySpec) names = inventorySpecNewNames(session);
    g_autoptr(InventorySpec) hardware = inventorySpecNewHardware(session, NULL);
    const InventorySpec *specs[] = { everything, names, hardware };
    size_t i, j, k, l;

    for (i = 0; i < G_N_ELEMENTS(specs); i++) {
        const VimObjectSpec *root = inventorySpecFilter(specs[i])->objectSet[0];

        for (j = 0; j < root->n_selectSet; j++) {
            const VimTraversalSpec *step =
                soapObjectCast(root->selectSet[j], &vimTraversalSpecType);

            for (k = 0; k < step->n_selectSet; k++) {
                gboolean found = FALSE;

                for (l = 0; l < root->n_selectSet; l++)
                    found |= g_str_equal(root->selectSet[l]->name, step->selectSet[k]->name);
                g_assert_true(found);
            }
        }
    }
}

/* One host: no walk, its datastores, and nothing of folders. */
static void
testHost(void)
{
    SoapMoRef host = { "HostSystem", "host-17" };
    InventoryScope scope = { .host = &host };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    g_autoptr(InventorySpec) spec = inventorySpecNew(session, &scope);
    g_autofree char *xml = encode(spec);

    fixtureAssertPhrase(xml, "<obj type=\"HostSystem\">host-17</obj>");
    fixtureAssertPhrase(xml, "<type>HostSystem</type><path>datastore</path>");
    g_assert_null(strstr(xml, "childEntity"));
    g_assert_null(strstr(xml, "<type>Folder</type>"));
}

/* Adapters are asked for where they are shown, and an older server for nothing that it lacks. */
static void
testPerHost(void)
{
    static const struct {
        const char *data;
        gboolean perHost;
        gboolean asksPlugStore;
        gboolean asksNvme;
    } cases[] = {
        { "service-content-8.0.xml", TRUE, TRUE, TRUE },
        { "service-content-5.5.xml", TRUE, TRUE, FALSE },
        { "service-content-8.0.xml", FALSE, FALSE, FALSE },
        { "service-content-vcenter.xml", TRUE, TRUE, TRUE },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        const InventoryScope scope = { .perHost = cases[i].perHost };
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = NULL;
        g_autoptr(InventorySpec) spec = NULL;
        g_autofree char *xml = NULL;

        fixtureScriptContent(canned, cases[i].data);
        session = viSessionNew(cannedTransport(canned), NULL /* error */);
        spec = inventorySpecNew(session, &scope);
        xml = encode(spec);
        g_assert_cmpint(strstr(xml, "plugStoreTopology<") != NULL, ==, cases[i].asksPlugStore);
        g_assert_cmpint(strstr(xml, "nvmeTopology<") != NULL, ==, cases[i].asksNvme);
    }
}

/* Names for a path: the same walk without the datastores. */
static void
testNames(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    g_autoptr(InventorySpec) spec = inventorySpecNewNames(session);
    g_autofree char *xml = encode(spec);

    fixtureAssertPhrase(xml, "<type>ComputeResource</type><path>host</path>");
    fixtureAssertPhrase(xml, "<pathSet>name</pathSet><pathSet>parent</pathSet>");
    g_assert_null(strstr(xml, "datastore"));
}

static void
testHardware(void)
{
    SoapMoRef host = { "HostSystem", "host-17" };
    InventoryScope scope = { .host = &host };
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureConnect(canned);
    g_autoptr(InventorySpec) all = inventorySpecNewHardware(session, NULL);
    g_autoptr(InventorySpec) one = inventorySpecNewHardware(session, &scope);
    g_autofree char *allXml = encode(all);
    g_autofree char *oneXml = encode(one);

    fixtureAssertPhrase(allXml, "<pathSet>summary.hardware.memorySize</pathSet>");
    fixtureAssertPhrase(allXml, "childEntity");
    fixtureAssertPhrase(oneXml, "<obj type=\"HostSystem\">host-17</obj>");
    g_assert_null(strstr(oneXml, "childEntity"));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/spec/everything", testEverything);
    g_test_add_func("/inventory/spec/selections-exist", testSelectionsExist);
    g_test_add_func("/inventory/spec/host", testHost);
    g_test_add_func("/inventory/spec/per-host", testPerHost);
    g_test_add_func("/inventory/spec/names", testNames);
    g_test_add_func("/inventory/spec/hardware", testHardware);
    return g_test_run();
}

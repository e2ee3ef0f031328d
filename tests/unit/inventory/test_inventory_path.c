/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Inventory paths of a vCenter. */

#include "base_limits.h"
#include "inventory.h"
#include "vi_fixture.h"

#define READ "RetrievePropertiesEx"

#define ENTITY(type, value, name, parentType, parent) \
    "<objects><obj type=\"" type "\">" value "</obj><propSet><name>name</name>" \
    "<val xsi:type=\"xsd:string\">" name "</val></propSet><propSet><name>parent</name>" \
    "<val type=\"" parentType "\" xsi:type=\"ManagedObjectReference\">" parent \
    "</val></propSet></objects>"
#define FOLDER(value, name, parentType, parent) ENTITY("Folder", value, name, parentType, parent)

/*
 * Datacenters ─┬─ Sites ── Berlin ── host ─┬─ Racks ── Cluster A ─┬─ esx1, esx2
 *              │                           ├─ esx3 ── esx3
 *              │                           ├─ Single ── lonely
 *              │                           └─ Empty
 *              ├─ a%2fb %25 ── host ── esx4 ── esx4
 *              ├─ Closed (without folders)
 *              └─ Esx9 ── host ── Esx9 ── Esx9
 */
static const char world[] =
    "<returnval>"
    "<objects><obj type=\"Folder\">root</obj><propSet><name>name</name>"
    "<val xsi:type=\"xsd:string\">Datacenters</val></propSet></objects>"
    FOLDER("sites", "Sites", "Folder", "root")
    ENTITY("Datacenter", "berlin", "Berlin", "Folder", "sites")
    FOLDER("berlin-vm", "vm", "Datacenter", "berlin")
    FOLDER("berlin-host", "host", "Datacenter", "berlin")
    FOLDER("racks", "Racks", "Folder", "berlin-host")
    ENTITY("ClusterComputeResource", "cluster", "Cluster A", "Folder", "racks")
    ENTITY("HostSystem", "h1", "esx1", "ClusterComputeResource", "cluster")
    ENTITY("HostSystem", "h2", "esx2", "ClusterComputeResource", "cluster")
    ENTITY("ComputeResource", "cr3", "esx3", "Folder", "berlin-host")
    ENTITY("HostSystem", "h3", "esx3", "ComputeResource", "cr3")
    ENTITY("ClusterComputeResource", "single", "Single", "Folder", "berlin-host")
    ENTITY("HostSystem", "lonely", "lonely", "ClusterComputeResource", "single")
    ENTITY("ClusterComputeResource", "empty", "Empty", "Folder", "berlin-host")
    ENTITY("Datacenter", "odd", "a%2fb %25", "Folder", "root")
    FOLDER("odd-host", "host", "Datacenter", "odd")
    ENTITY("ComputeResource", "cr4", "esx4", "Folder", "odd-host")
    ENTITY("HostSystem", "h4", "esx4", "ComputeResource", "cr4")
    ENTITY("Datacenter", "closed", "Closed", "Folder", "root")
    ENTITY("Datacenter", "dc9", "Esx9", "Folder", "root")
    FOLDER("dc9-host", "host", "Datacenter", "dc9")
    ENTITY("ComputeResource", "cr9", "Esx9", "Folder", "dc9-host")
    ENTITY("HostSystem", "h9", "Esx9", "ComputeResource", "cr9")
    "<objects><obj type=\"Folder\">nameless</obj></objects>"
    "</returnval>";

/* A session at a vCenter whose root folder is "root". */
static ViSession *
connectVcenter(Canned *canned)
{
    g_autofree char *data = cannedData("service-content-vcenter.xml");
    g_autoptr(GString) bytes = g_string_new(data);
    g_autoptr(GError) error = NULL;
    ViSession *session = NULL;

    g_assert_cmpuint(g_string_replace(bytes, "<rootFolder type=\"Folder\">group-d1<",
                                      "<rootFolder type=\"Folder\">root<", 0), ==, 1);
    cannedAdd(canned, "RetrieveServiceContent", &(CannedExchange){ .bytes = bytes->str });
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE);
    cannedReplyAlways(canned, "Logout", "");
    session = viSessionNew(cannedTransport(canned), &error);
    g_assert_no_error(error);
    g_assert_true(viSessionLogin(session, "root", secretNew("x"), &error));
    cannedAssertLog(canned, "RetrieveServiceContent Login");
    return session;
}

static InventoryScope *
resolve(const char *path, GError **error)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = connectVcenter(canned);
    InventoryScope *scope = NULL;

    cannedReply(canned, READ, world);
    scope = inventoryResolvePath(session, path, error);
    cannedAssertLog(canned, READ);
    return scope;
}

static void
testFound(void)
{
    static const struct {
        const char *path;
        const char *host;
        const char *datacenter;
        const char *datacenterPath;
    } rows[] = {
        { "Sites/Berlin/Racks/Cluster A/esx1", "h1", "berlin", "Sites/Berlin" },
        { "Sites/Berlin/Racks/Cluster A/esx2", "h2", "berlin", "Sites/Berlin" },
        { "/Sites//Berlin/Racks/Cluster A/esx2/", "h2", "berlin", "Sites/Berlin" },
        { "Sites/Berlin/esx3", "h3", "berlin", "Sites/Berlin" },
        { "Sites/Berlin/esx3/esx3", "h3", "berlin", "Sites/Berlin" },
        { "Sites/Berlin/Single", "lonely", "berlin", "Sites/Berlin" },
        /* Names with what VI escapes: as it writes them, or plain; the server's way comes out. */
        { "a%2fb %25/esx4", "h4", "odd", "a%2fb %25" },
        { "Esx9/Esx9", "h9", "dc9", "Esx9" },
        { "Esx9/Esx9/Esx9", "h9", "dc9", "Esx9" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(InventoryScope) scope = resolve(rows[i].path, &error);

        g_test_message("%s", rows[i].path);
        g_assert_no_error(error);
        g_assert_cmpstr(scope->host->type, ==, "HostSystem");
        g_assert_cmpstr(scope->host->value, ==, rows[i].host);
        g_assert_cmpstr(scope->datacenter->value, ==, rows[i].datacenter);
        g_assert_cmpstr(scope->datacenterPath, ==, rows[i].datacenterPath);
    }
}

static void
testNotFound(void)
{
    static const struct {
        const char *path;
        const char *phrase;
    } rows[] = {
        { "", "is too short" },
        { "///", "is too short" },
        { "Sites", "is too short" },
        { "Sites/Berlin", "is too short: it must name a datacenter and a compute resource" },
        { "Sites/Berlin/Racks", "is too short" },
        { "Paris", "'Paris' is not a folder or a datacenter" },
        { "Sites/Paris/x", "'Paris' is not a folder or a datacenter" },
        { "Sites/Berlin/esx7", "'esx7' is not a folder or a compute resource" },
        { "Sites/Berlin/host/esx3", "'host' is not a folder or a compute resource" },
        { "sites/berlin/esx3", "'sites' is not" },
        { "Berlin/esx3", "'Berlin' is not" },
        { "Sites/Berlin/Racks/Cluster A",
          "names a cluster; append the name of one of its hosts" },
        { "Sites/Berlin/Empty", "names a cluster" },
        { "Sites/Berlin/Racks/Cluster A/esx3", "'esx3' is not a host" },
        { "Sites/Berlin/esx3/esx3/more", "'more' is not a host" },
        { "Closed/esx1", "the user may not read its datacenter" },
        { "Datacenters/Sites/Berlin/esx3", "'Datacenters' is not" },
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *quoted = g_strdup_printf("'%s'", rows[i].path);

        g_test_message("%s", rows[i].path);
        g_assert_null(resolve(rows[i].path, &error));
        g_assert_error(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH);
        fixtureAssertPhrase(error->message, rows[i].phrase);
        fixtureAssertPhrase(error->message, quoted);
    }
}

/* A plain name finds the escaped one where no "/" is in it. */
static void
testPlainName(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = connectVcenter(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(InventoryScope) scope = NULL;

    cannedReply(canned, READ, "<returnval>"
                ENTITY("Datacenter", "dc", "100%25 DC", "Folder", "root")
                FOLDER("dc-host", "host", "Datacenter", "dc")
                ENTITY("ComputeResource", "cr", "esx%5c1", "Folder", "dc-host")
                ENTITY("HostSystem", "h", "esx1", "ComputeResource", "cr") "</returnval>");
    scope = inventoryResolvePath(session, "100% DC/esx\\1", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(scope->host->value, ==, "h");
    g_assert_cmpstr(scope->datacenterPath, ==, "100%25 DC");
}

/* Returns: a world of @n folders in each other, "f/f/…", below the root folder; in the last an
   "Esx" with a host. */
static char *
deepWorld(guint n)
{
    g_autoptr(GString) objects = g_string_new("<returnval>" FOLDER("f1", "f", "Folder", "root"));
    guint i;

    for (i = 2; i <= n; i++)
        g_string_append_printf(objects, FOLDER("f%u", "f", "Folder", "f%u"), i, i - 1);
    g_string_append_printf(objects, ENTITY("Datacenter", "dc", "DC", "Folder", "f%u"), n);
    g_string_append(objects, FOLDER("dc-host", "host", "Datacenter", "dc")
                    ENTITY("ComputeResource", "cr", "Esx", "Folder", "dc-host")
                    ENTITY("HostSystem", "h", "Esx", "ComputeResource", "cr") "</returnval>");
    return g_string_free(g_steal_pointer(&objects), FALSE);
}

static InventoryScope *
resolveDeep(guint depth, GError **error)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = connectVcenter(canned);
    g_autofree char *objects = deepWorld(depth - 2);
    g_autoptr(GString) path = g_string_new(NULL);
    guint i;

    for (i = 2; i < depth; i++)
        g_string_append(path, "f/");
    g_string_append(path, "DC/Esx");
    cannedReply(canned, READ, objects);
    return inventoryResolvePath(session, path->str, error);
}

/* A path of as many parts as there may be is walked; of one more, none of it is. */
static void
testDepth(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(InventoryScope) scope = resolveDeep(LIMIT_INVENTORY_DEPTH, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(scope->host->value, ==, "h");
    g_assert_null(resolveDeep(LIMIT_INVENTORY_DEPTH + 1, &error));
    g_assert_error(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH);
    fixtureAssertPhrase(error->message,
                        "has more than " G_STRINGIFY(LIMIT_INVENTORY_DEPTH) " parts");
}

static void
testServerFails(void)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = connectVcenter(canned);
    g_autoptr(GError) error = NULL;

    cannedFault(canned, READ, "NoPermission", "No.");
    g_assert_null(inventoryResolvePath(session, "a/b", &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_NO_PERMISSION);
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/path/found", testFound);
    g_test_add_func("/inventory/path/not-found", testNotFound);
    g_test_add_func("/inventory/path/plain-name", testPlainName);
    g_test_add_func("/inventory/path/depth", testDepth);
    g_test_add_func("/inventory/path/server-fails", testServerFails);
    return g_test_run();
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* libvirt's callbacks, called as libvirt calls them, on a connection to a scripted server. */

#include "esx_driver.h"
#include "connection_fixture.h"

#include <string.h>

#include <glib/gstdio.h>

#include "esx_connection.h"
#include "vi_fixture.h"

/* Returns: (transfer full): a connection object as libvirt hands it to connectOpen. */
static virConnectPtr
newConn(const char *uri)
{
    virConnectPtr conn = virGetConnect();

    conn->uri = virURIParse(uri);
    g_assert_nonnull(conn->uri);
    conn->driver = &esxHypervisorDriver;
    virResetLastError();
    return conn;
}

/* The same, open, at a host scripted in @canned. */
static virConnectPtr
openConn(Canned *canned)
{
    virConnectPtr conn = newConn("esx://root@h/embed?root=/x");

    conn->privateData = esxConnectionNew(fixtureLogin(canned), NULL, "h", 0);
    return conn;
}

/* libvirt closes with the last reference. */
static void
closeConn(virConnectPtr conn)
{
    virObjectUnref(conn);
    virResetLastError();
}

static int
openStatus(const char *uri, unsigned int flags)
{
    virConnectPtr conn = newConn(uri);
    int status = esxHypervisorDriver.connectOpen(conn, NULL, NULL, flags);

    g_assert_null(conn->privateData);
    conn->driver = NULL;
    virObjectUnref(conn);
    return status;
}

static void
testDeclines(void)
{
    g_assert_cmpint(openStatus("esx://h/", 0), ==, VIR_DRV_OPEN_DECLINED);
    g_assert_cmpint(openStatus("vpx://h/DC/host", 0), ==, VIR_DRV_OPEN_DECLINED);
    g_assert_cmpint(openStatus("esx://h/embedded", 0), ==, VIR_DRV_OPEN_DECLINED);
    g_assert_cmpint(openStatus("esx://h", 0), ==, VIR_DRV_OPEN_DECLINED);
}

/* Credentials are looked up first, and without any an open fails for that reason. */
static void
useAuthFile(const char *folder)
{
    g_autofree char *path = g_build_filename(folder, "auth.conf", NULL);
    g_autoptr(GError) error = NULL;

    g_file_set_contents(path, "[credentials-x]\nusername=u\npassword=p\n"
                        "[auth-esx-h]\ncredentials=x\n", -1, &error);
    g_assert_no_error(error);
    g_setenv("LIBVIRT_AUTH_FILE", path, TRUE);
}

static void
forgetAuthFile(const char *folder)
{
    g_assert_cmpint(g_unlink(g_getenv("LIBVIRT_AUTH_FILE")), ==, 0);
    g_assert_cmpint(g_rmdir(folder), ==, 0);
    g_unsetenv("LIBVIRT_AUTH_FILE");
}

static void
testRefuses(void)
{
    g_autofree char *folder = g_dir_make_tmp("esx-driver-XXXXXX", NULL);
    const struct {
        const char *uri;
        unsigned int flags;
        const char *phrase;
    } cases[] = {
        { "esx://h/embed?root=/x&no_verify=2", 0, "no_verify" },
        { "esx://h/embed?root=/x&no_verify=2", VIR_CONNECT_RO, "no_verify" },
        { "esx://h/embed?root=/x&no_verify=2", VIR_CONNECT_NO_ALIASES, "no_verify" },
        { "esx://h/embed?root=/x#x", 0, "%23" },
        { "esx://h/embed?root=/x&path=DC", 0, "vpx://" },
        { "esx://h/embed?root=/x&cacert=/nonexistent/ca", 0, "/nonexistent/ca" },
        { "esx:///embed?root=/x", 0, "no server" },
        { "esx://h/embed?root=/x", 1 << 20, "flags" },
    };
    size_t i;

    useAuthFile(folder);
    for (i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_assert_cmpint(openStatus(cases[i].uri, cases[i].flags), ==, VIR_DRV_OPEN_ERROR);
        g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_INVALID_ARG);
        if (!strstr(virGetLastErrorMessage(), cases[i].phrase))
            g_error("'%s' is not in: %s", cases[i].phrase, virGetLastErrorMessage());
    }
    forgetAuthFile(folder);
    virResetLastError();
}

static void
testAbout(void)
{
    g_autoptr(Canned) canned = cannedNew();
    virConnectPtr conn = openConn(canned);
    EsxConnection *connection = conn->privateData;
    unsigned long version = 0;

    g_assert_cmpstr(esxHypervisorDriver.connectGetType(conn), ==, "ESX");
    g_assert_cmpint(esxHypervisorDriver.connectGetVersion(conn, &version), ==, 0);
    g_assert_cmpuint(version, ==, 8000003);
    g_assert_cmpint(esxHypervisorDriver.connectIsAlive(conn), ==, 1);

    g_assert_cmpint(esxHypervisorDriver.connectIsEncrypted(conn), ==, 0);
    g_assert_cmpint(esxHypervisorDriver.connectIsSecure(conn), ==, 0);
    connection->encrypted = connection->secure = TRUE;
    g_assert_cmpint(esxHypervisorDriver.connectIsEncrypted(conn), ==, 1);
    g_assert_cmpint(esxHypervisorDriver.connectIsSecure(conn), ==, 1);

    closeConn(conn);
    cannedAssertLog(canned, "Logout");
}

static void
testFeatures(void)
{
    g_autoptr(Canned) canned = cannedNew();
    virConnectPtr conn = openConn(canned);
    virDrvConnectSupportsFeature supports = esxHypervisorDriver.connectSupportsFeature;

    g_assert_cmpint(supports(conn, VIR_DRV_FEATURE_FD_PASSING), ==, 1);
    g_assert_cmpint(supports(conn, VIR_DRV_FEATURE_MIGRATION_V3), ==, 0);
    g_assert_cmpint(supports(conn, 12345), ==, 0);
    closeConn(conn);
}

static void
testCapabilities(void)
{
    g_autoptr(Canned) canned = cannedNew();
    virConnectPtr conn = openConn(canned);
    g_autofree char *capabilities = esxHypervisorDriver.connectGetCapabilities(conn);

    fixtureAssertPhrase(capabilities, "<arch>x86_64</arch>");
    g_assert_null(strstr(capabilities, "<guest>"));
    closeConn(conn);
}

static void
testNoDomains(void)
{
    g_autoptr(Canned) canned = cannedNew();
    virConnectPtr conn = openConn(canned);
    unsigned char uuid[VIR_UUID_BUFLEN] = { 0 };
    g_autofree virDomainPtr *domains = NULL;
    char *names[1] = { NULL };
    int ids[1] = { 7 };

    g_assert_cmpint(esxHypervisorDriver.connectNumOfDomains(conn), ==, 0);
    g_assert_cmpint(esxHypervisorDriver.connectListDomains(conn, ids, 1), ==, 0);
    g_assert_cmpint(esxHypervisorDriver.connectNumOfDefinedDomains(conn), ==, 0);
    g_assert_cmpint(esxHypervisorDriver.connectListDefinedDomains(conn, names, 1), ==, 0);
    g_assert_cmpint(esxHypervisorDriver.connectListAllDomains(conn, NULL, 0), ==, 0);
    g_assert_cmpint(esxHypervisorDriver.connectListAllDomains(conn, &domains, 0), ==, 0);
    g_assert_nonnull(domains);
    g_assert_null(domains[0]);

    g_assert_null(esxHypervisorDriver.domainLookupByName(conn, "vm"));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_NO_DOMAIN);
    g_assert_null(esxHypervisorDriver.domainLookupByID(conn, 3));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_NO_DOMAIN);
    g_assert_null(esxHypervisorDriver.domainLookupByUUID(conn, uuid));
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_NO_DOMAIN);
    closeConn(conn);
}

#define PROPERTY(name, value) \
    "<propSet><name>summary.hardware." name "</name>" \
    "<val xsi:type=\"xsd:long\">" value "</val></propSet>"

/* Calls nodeGetInfo at a server whose host has @properties. */
static int
nodeInfo(const char *properties, virNodeInfoPtr info)
{
    g_autoptr(Canned) canned = cannedNew();
    virConnectPtr conn = openConn(canned);
    g_autofree char *inner = g_strdup_printf("<returnval><objects><obj type=\"HostSystem\">ha-host"
                                             "</obj>%s</objects></returnval>", properties);
    int result = 0;

    cannedReply(canned, "RetrievePropertiesEx", inner);
    result = esxHypervisorDriver.nodeGetInfo(conn, info);
    virObjectUnref(conn);
    return result;
}

static void
testNodeInfo(void)
{
    virNodeInfo info = { 0 };

    g_assert_cmpint(nodeInfo(PROPERTY("memorySize", "2097152") PROPERTY("cpuMhz", "2200")
                             PROPERTY("numCpuPkgs", "2") PROPERTY("numCpuCores", "8")
                             PROPERTY("numCpuThreads", "16"), &info), ==, 0);
    g_assert_cmpuint(info.memory, ==, 2048);
    g_assert_cmpuint(info.cpus, ==, 16);
    g_assert_cmpuint(info.mhz, ==, 2200);
    g_assert_cmpuint(info.nodes * info.sockets * info.cores * info.threads, ==, 16);
    g_assert_cmpuint(info.cores, ==, 4);
    g_assert_cmpstr(info.model, ==, "");
}

/* Sums over unlike hosts: 3 sockets with 8 cores. */
static void
testNodeInfoUneven(void)
{
    virNodeInfo info = { 0 };

    g_assert_cmpint(nodeInfo(PROPERTY("memorySize", "4096") PROPERTY("numCpuPkgs", "3")
                             PROPERTY("numCpuCores", "8") PROPERTY("numCpuThreads", "12"), &info),
                    ==, 0);
    g_assert_cmpuint(info.cpus, ==, 12);
    g_assert_cmpuint(info.sockets, ==, 1);
    g_assert_cmpuint(info.cores, ==, 12);
    g_assert_cmpuint(info.threads, ==, 1);
}

/* The model has 31 bytes; a name of two-byte characters does not end in half of one. */
static void
testNodeInfoModel(void)
{
    virNodeInfo info = { 0 };

    g_assert_cmpint(nodeInfo(PROPERTY("memorySize", "4096") PROPERTY("numCpuThreads", "1")
                             "<propSet><name>summary.hardware.cpuModel</name>"
                             "<val xsi:type=\"xsd:string\">"
                             "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                             "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
                             "</val></propSet>", &info), ==, 0);
    g_assert_true(g_utf8_validate(info.model, -1, NULL));
    g_assert_cmpuint(strlen(info.model), ==, 30);
}

static void
testNodeInfoNothing(void)
{
    virNodeInfo info = { 0 };

    g_assert_cmpint(nodeInfo(PROPERTY("numCpuThreads", "16"), &info), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_FAILED);
    g_assert_cmpint(nodeInfo("", &info), ==, -1);
    g_assert_cmpint(virGetLastErrorCode(), ==, VIR_ERR_OPERATION_FAILED);
    virResetLastError();
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    virAccessManager *manager = NULL;
    int failed = 0;

    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);
    manager = virAccessManagerNew("none");
    virAccessManagerSetDefault(manager);

    g_test_add_func("/driver/declines", testDeclines);
    g_test_add_func("/driver/refuses", testRefuses);
    g_test_add_func("/driver/about", testAbout);
    g_test_add_func("/driver/features", testFeatures);
    g_test_add_func("/driver/capabilities", testCapabilities);
    g_test_add_func("/driver/no-domains", testNoDomains);
    g_test_add_func("/driver/node-info", testNodeInfo);
    g_test_add_func("/driver/node-info-uneven", testNodeInfoUneven);
    g_test_add_func("/driver/node-info-model", testNodeInfoModel);
    g_test_add_func("/driver/node-info-nothing", testNodeInfoNothing);
    failed = g_test_run();

    virAccessManagerSetDefault(NULL);
    virObjectUnref(manager);
    return failed;
}

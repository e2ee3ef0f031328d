/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* The lines of the log. */

#include "esx_audit.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "esx_libvirt.h"
#include "vi_error.h"
#include "vi_trail.h"

static char *logFile;

/* The log must end with @line. */
static void
assertLine(const char *line)
{
    g_autofree char *text = NULL;

    g_assert_true(g_file_get_contents(logFile, &text, NULL, NULL));
    g_strchomp(text);
    if (!g_str_has_suffix(text, line))
        g_error("'%s' does not end with: %s", text, line);
}

static void
testDone(void)
{
    const SoapMoRef task = { "Task", "haTask-7" };
    g_autoptr(EsxAudit) volume = esxAuditNew("delete", "ds", "a/b.vmdk");
    g_autoptr(EsxAudit) pool = NULL;

    viTrailAdd(&task);
    esxAuditLog(volume, TRUE, NULL);
    assertLine("audit: identity='-' verb='delete' pool='ds' volume='a/b.vmdk' outcome='done' "
               "task='haTask-7'");
    pool = esxAuditNew("refresh", "ds", NULL);
    esxAuditLog(pool, TRUE, NULL);
    assertLine("audit: identity='-' verb='refresh' pool='ds' volume='-' outcome='done' task='-'");
}

static void
testFailed(void)
{
    g_autoptr(GError) failure = g_error_new(VI_ERROR, VI_ERROR_FILE_LOCKED, "it's locked");
    g_autoptr(GError) open = g_error_new(VI_ERROR, VI_ERROR_OUTCOME_UNKNOWN, "cut off");
    g_autoptr(EsxAudit) first = esxAuditNew("wipe", "d's", "x\ny");
    g_autoptr(EsxAudit) second = NULL;
    EsxAudit *third = NULL;

    esxAuditLog(first, FALSE, failure);
    assertLine("verb='wipe' pool='d\\'s' volume='x y' outcome='failed' task='-' "
               "reason='it\\'s locked'");
    second = esxAuditNew("wipe", "ds", "x");
    esxAuditLog(second, FALSE, open);
    assertLine("outcome='unknown' task='-' reason='cut off'");
    third = esxAuditNew("upload", "ds", "x");
    virReportError(VIR_ERR_INTERNAL_ERROR, "%s", "no thread");
    esxAuditFree(third);
    assertLine("verb='upload' pool='ds' volume='x' outcome='failed' task='-' "
               "reason='internal error: no thread'");
    virResetLastError();
}

static void
testIdentity(void)
{
    g_autoptr(virIdentity) identity = virIdentityNew();
    g_autoptr(EsxAudit) audit = NULL;

    g_assert_cmpint(virIdentitySetUserName(identity, "alice"), ==, 0);
    g_assert_cmpint(virIdentitySetUNIXUserID(identity, 1000), ==, 0);
    g_assert_cmpint(virIdentitySetProcessID(identity, 47), ==, 0);
    g_assert_cmpint(virIdentitySetCurrent(identity), ==, 0);
    audit = esxAuditNew("create", "ds", "x");
    g_assert_cmpint(virIdentitySetCurrent(NULL), ==, 0);
    esxAuditLog(audit, TRUE, NULL);
    assertLine("audit: identity='user alice, uid 1000, process 47' verb='create' pool='ds' "
               "volume='x' outcome='done' task='-'");
}

static void
quiet(void *opaque G_GNUC_UNUSED, virErrorPtr error G_GNUC_UNUSED)
{
}

int
main(int argc, char **argv)
{
    g_autofree char *outputs = NULL;
    int fd = g_file_open_tmp("esx-audit-XXXXXX", &logFile, NULL);
    int failed = 0;

    close(fd);
    g_test_init(&argc, &argv, NULL);
    g_assert_cmpint(virInitialize(), ==, 0);
    virSetErrorFunc(NULL, quiet);
    outputs = g_strdup_printf("2:file:%s", logFile);
    g_assert_cmpint(virLogSetOutputs(outputs), ==, 0);
    g_assert_cmpint(virLogSetDefaultPriority(VIR_LOG_INFO), ==, 0);

    g_test_add_func("/audit/done", testDone);
    g_test_add_func("/audit/failed", testFailed);
    g_test_add_func("/audit/identity", testIdentity);
    failed = g_test_run();

    g_unlink(logFile);
    g_free(logFile);
    return failed;
}

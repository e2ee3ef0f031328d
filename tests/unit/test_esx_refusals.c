/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Which refused passwords are remembered, and for how long. */

#include "esx_refusals.h"

#include "base_limits.h"

#define REFUSED ((gint64)LIMIT_REFUSED_MS * G_TIME_SPAN_MILLISECOND)

static EsxUri *
makeUri(const char *host, guint port)
{
    EsxUriSource source = { .scheme = "esx", .host = host, .port = port };
    g_autoptr(GError) error = NULL;
    EsxUri *uri = esxUriNew(&source, &error);

    g_assert_no_error(error);
    return uri;
}

static void
testRemember(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(EsxUri) uri = makeUri("h", 443);
    g_autoptr(EsxUri) otherPort = makeUri("h", 444);
    g_autoptr(EsxUri) otherHost = makeUri("k", 443);
    g_autoptr(Secret) wrong = secretNew("wrong");
    g_autoptr(Secret) right = secretNew("right");

    g_assert_false(esxRefusalsHas(refusals, uri, "root", wrong, 7));
    esxRefusalsAdd(refusals, uri, "root", wrong, 7);
    g_assert_true(esxRefusalsHas(refusals, uri, "root", wrong, 7));
    g_assert_true(esxRefusalsHas(refusals, uri, "root", wrong, 7 + REFUSED - 1));
    g_assert_false(esxRefusalsHas(refusals, uri, "root", wrong, 7 + REFUSED));

    g_assert_false(esxRefusalsHas(refusals, uri, "root", right, 7));
    g_assert_false(esxRefusalsHas(refusals, uri, "me", wrong, 7));
    g_assert_false(esxRefusalsHas(refusals, otherPort, "root", wrong, 7));
    g_assert_false(esxRefusalsHas(refusals, otherHost, "root", wrong, 7));

    esxRefusalsAdd(refusals, uri, "root", wrong, 7 + REFUSED);
    g_assert_true(esxRefusalsHas(refusals, uri, "root", wrong, 7 + REFUSED));
    esxRefusalsForget(refusals, uri, "root", right);
    g_assert_true(esxRefusalsHas(refusals, uri, "root", wrong, 7 + REFUSED));
    esxRefusalsForget(refusals, uri, "root", wrong);
    g_assert_false(esxRefusalsHas(refusals, uri, "root", wrong, 7 + REFUSED));
}

static void
testMany(void)
{
    g_autoptr(EsxRefusals) refusals = esxRefusalsNew();
    g_autoptr(Secret) wrong = secretNew("wrong");
    g_autoptr(EsxUri) first = makeUri("h", 1);
    g_autoptr(EsxUri) second = makeUri("h", 2);
    guint i;

    for (i = 1; i <= LIMIT_REFUSED + 1; i++) {
        g_autoptr(EsxUri) uri = makeUri("h", i);

        esxRefusalsAdd(refusals, uri, "root", wrong, i);
        g_assert_true(esxRefusalsHas(refusals, uri, "root", wrong, i));
    }
    g_assert_false(esxRefusalsHas(refusals, first, "root", wrong, i));
    g_assert_true(esxRefusalsHas(refusals, second, "root", wrong, i));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);

    g_test_add_func("/refusals/remember", testRemember);
    g_test_add_func("/refusals/many", testMany);
    return g_test_run();
}

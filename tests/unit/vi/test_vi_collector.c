/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "vi_fixture.h"

#include <string.h>

#include "base_limits.h"
#include "vi_collector.h"
#include "vi_property.h"

#define HOST "<objects><obj type=\"HostSystem\">ha-host</obj>" \
             "<propSet><name>name</name><val xsi:type=\"xsd:string\">esx1</val></propSet></objects>"

/* An object whose @property is missing because of @fault. */
#define MISSING(property, fault) \
    "<missingSet><path>" property "</path><fault><fault xsi:type=\"" fault "\"></fault>" \
    "<localizedMessage></localizedMessage></fault></missingSet>"
#define OBJECT(properties) \
    "<objects><obj type=\"HostSystem\">ha-host</obj>" properties "</objects>"
#define EXPIRED_HOST \
    OBJECT(MISSING("name", "NotAuthenticated") MISSING("config", "NotAuthenticated"))

/* A filter specification for the names of hosts. */
typedef struct {
    VimPropertyFilterSpec spec;
    VimPropertySpec property;
    VimObjectSpec object;
    VimPropertySpec *properties[1];
    VimObjectSpec *objects[1];
    SoapMoRef root;
} Names;

static const char *namePaths[] = { "name" };

static void
namesInit(Names *names)
{
    *names = (Names) {
        .spec = VIM_INIT(PropertyFilterSpec),
        .property = VIM_INIT(PropertySpec),
        .object = VIM_INIT(ObjectSpec),
        .root = { "Folder", "ha-folder-root" },
    };
    names->property.type = "HostSystem";
    names->property.pathSet = namePaths;
    names->property.n_pathSet = 1;
    names->object.obj = &names->root;
    names->properties[0] = &names->property;
    names->objects[0] = &names->object;
    names->spec.propSet = names->properties;
    names->spec.n_propSet = 1;
    names->spec.objectSet = names->objects;
    names->spec.n_objectSet = 1;
}

static ViObjects *
retrieve(ViSession *session, GError **error)
{
    Names names;

    namesInit(&names);
    return viCollectorRetrieve(session, &names.spec, error);
}

static void
scriptPage(Canned *canned, const char *method, const char *token, const char *objects)
{
    g_autofree char *inner = token
        ? g_strdup_printf("<returnval><token>%s</token>%s</returnval>", token, objects)
        : g_strdup_printf("<returnval>%s</returnval>", objects);

    cannedReply(canned, method, inner);
}

#define FIRST "RetrievePropertiesEx"
#define NEXT "ContinueRetrievePropertiesEx"

/* ---- pages ---------------------------------------------------------------------------------- */

static void
testOnePage(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViObjects) objects = NULL;
    const VimObjectContent *host = NULL;

    scriptPage(f->canned, FIRST, NULL, HOST);
    objects = retrieve(f->session, &error);
    g_assert_no_error(error);
    cannedAssertLog(f->canned, FIRST);
    g_assert_cmpuint(objects->objects->len, ==, 1);
    host = g_ptr_array_index(objects->objects, 0);
    g_assert_cmpstr(host->obj->value, ==, "ha-host");
    g_assert_cmpstr(viAnyString(host->propSet[0]->val), ==, "esx1");
    g_assert_nonnull(strstr(cannedLast(f->canned, FIRST)->body, "<pathSet>name</pathSet>"));
}

static void
testPages(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViObjects) objects = NULL;

    scriptPage(f->canned, FIRST, "0", HOST HOST);
    scriptPage(f->canned, NEXT, "1", HOST);
    scriptPage(f->canned, NEXT, NULL, HOST HOST HOST);
    objects = retrieve(f->session, &error);
    g_assert_no_error(error);
    cannedAssertLog(f->canned, FIRST " " NEXT " " NEXT);
    g_assert_cmpuint(objects->objects->len, ==, 6);
    g_assert_nonnull(strstr(cannedLast(f->canned, NEXT)->body, "<token>1</token>"));
}

/* A server that never ends is an error, not a cut answer. */
static void
testEndlessPages(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptPage(f->canned, FIRST, "0", HOST);
    cannedReplyAlways(f->canned, NEXT, "<returnval><token>0</token>" HOST "</returnval>");
    g_assert_null(retrieve(f->session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "more than 4096 parts");
    g_assert_cmpuint(cannedCount(f->canned, NEXT), ==, LIMIT_PAGES - 1);
}

/* The token died with its session: the whole is read again in the new one. */
static void
testSessionEndsBetweenPages(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViObjects) objects = NULL;

    scriptPage(f->canned, FIRST, "0", HOST HOST);
    fixtureScriptExpired(f->canned, NEXT);
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    scriptPage(f->canned, FIRST, "0", HOST HOST);
    scriptPage(f->canned, NEXT, NULL, HOST);
    objects = retrieve(f->session, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(objects->objects->len, ==, 3);
    cannedAssertLog(f->canned, FIRST " " NEXT " Login " FIRST " " NEXT);
}

/* The same told by an empty answer: half of the objects is no answer. */
static void
testEmptyNextPage(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(ViObjects) objects = NULL;

    scriptPage(f->canned, FIRST, "0", HOST HOST);
    cannedReply(f->canned, NEXT, "");
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    scriptPage(f->canned, FIRST, NULL, HOST HOST HOST);
    objects = retrieve(f->session, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(objects->objects->len, ==, 3);
    cannedAssertLog(f->canned, FIRST " " NEXT " Login " FIRST);
}

static void
testBrokenBetweenPages(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    scriptPage(f->canned, FIRST, "0", HOST);
    cannedFail(f->canned, NEXT, HTTP_ERROR, HTTP_ERROR_BROKEN);
    g_assert_null(retrieve(f->session, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_BROKEN);
    cannedAssertLog(f->canned, FIRST " " NEXT);
}

/* ---- sessions that end without a fault ------------------------------------------------------ */

/* Reads with first answer @first, which says that the session is over, and a good one after it. */
static void
assertExpired(const char *first)
{
    g_autoptr(Canned) canned = cannedNew();
    g_autoptr(ViSession) session = fixtureLogin(canned);
    g_autoptr(GError) error = NULL;
    g_autoptr(ViObjects) objects = NULL;

    cannedReply(canned, FIRST, first);
    fixtureScriptLogin(canned, FIXTURE_SET_COOKIE_2);
    scriptPage(canned, FIRST, NULL, HOST);
    objects = retrieve(session, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(objects->objects->len, ==, 1);
    cannedAssertLog(canned, FIRST " Login " FIRST);
    g_assert_cmpstr(cannedHeader(cannedLast(canned, FIRST), "Cookie"), ==, FIXTURE_COOKIE_2);
}

static void
testExpired(void)
{
    assertExpired("");
    assertExpired("<returnval></returnval>");
    assertExpired("<returnval>" EXPIRED_HOST "</returnval>");
    assertExpired("<returnval>" EXPIRED_HOST EXPIRED_HOST "</returnval>");
}

/* Still empty after a fresh login: the user sees nothing, and no login is tried a second time. */
static void
testStillEmpty(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    cannedReply(f->canned, FIRST, "");
    fixtureScriptLogin(f->canned, FIXTURE_SET_COOKIE_2);
    cannedReply(f->canned, FIRST, "<returnval>" EXPIRED_HOST "</returnval>");
    g_assert_null(retrieve(f->session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    fixtureAssertPhrase(error->message, "check the permissions of the user");
    cannedAssertLog(f->canned, FIRST " Login " FIRST);
}

static void
testExpiredAndRefused(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;

    cannedReply(f->canned, FIRST, "");
    cannedFault(f->canned, "Login", "InvalidLogin", "Wrong.");
    g_assert_null(retrieve(f->session, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_INVALID_LOGIN);
    cannedAssertLog(f->canned, FIRST " Login");
}

/* What is not all of it NotAuthenticated is an answer. */
static void
testNotExpired(void)
{
    static const char *const answers[] = {
        EXPIRED_HOST HOST,
        HOST EXPIRED_HOST,
        OBJECT(MISSING("name", "NotAuthenticated") MISSING("config", "NoPermission")),
        OBJECT(MISSING("name", "NoPermission")),
        OBJECT(""),
        OBJECT("<propSet><name>name</name><val xsi:type=\"xsd:string\">x</val></propSet>"
               MISSING("config", "NotAuthenticated")),
        OBJECT("<missingSet><path>name</path></missingSet>"),
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(answers); i++) {
        g_autoptr(Canned) canned = cannedNew();
        g_autoptr(ViSession) session = fixtureLogin(canned);
        g_autoptr(GError) error = NULL;
        g_autoptr(ViObjects) objects = NULL;

        g_test_message("%s", answers[i]);
        scriptPage(canned, FIRST, NULL, answers[i]);
        objects = retrieve(session, &error);
        g_assert_no_error(error);
        g_assert_nonnull(objects);
        cannedAssertLog(canned, FIRST);
    }
}

/* ---- filters and updates -------------------------------------------------------------------- */

static void
testWait(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SoapReply) reply = NULL;
    VimUpdateSet *updates = NULL;
    const char *body = NULL;

    cannedReply(f->canned, "WaitForUpdatesEx", "<returnval><version>7</version></returnval>");
    reply = viCollectorWait(f->session, viSessionServices(f->session)->propertyCollector, "6", 0,
                            NULL, &updates, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(updates->version, ==, "7");
    body = cannedLast(f->canned, "WaitForUpdatesEx")->body;
    g_assert_nonnull(strstr(body, "<version>6</version>"));
    g_assert_nonnull(strstr(body, "<maxWaitSeconds>0</maxWaitSeconds>"));
}

static void
testWaitNothing(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SoapReply) reply = NULL;
    VimUpdateSet *updates = NULL;

    cannedReply(f->canned, "WaitForUpdatesEx", "");
    reply = viCollectorWait(f->session, viSessionServices(f->session)->propertyCollector, "", 5,
                            NULL, &updates, &error);
    g_assert_no_error(error);
    g_assert_nonnull(reply);
    g_assert_null(updates);
    /* The first version is empty, not absent. */
    g_assert_nonnull(
        strstr(cannedLast(f->canned, "WaitForUpdatesEx")->body, "<version></version>"));
}

static void
testFilter(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(SoapReply) reply = NULL;
    SoapMoRef *filter = NULL;
    Names names;

    namesInit(&names);
    cannedReply(f->canned, "CreateFilter",
                "<returnval type=\"PropertyFilter\">session[1]2</returnval>");
    cannedFault(f->canned, "DestroyPropertyFilter", "ManagedObjectNotFound", "Gone.");
    reply = viCollectorCreateFilter(f->session, viSessionServices(f->session)->propertyCollector,
                                    &names.spec, NULL, &filter, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(filter->value, ==, "session[1]2");
    g_assert_nonnull(strstr(cannedLast(f->canned, "CreateFilter")->body,
                            "<partialUpdates>false</partialUpdates>"));
    g_assert_true(viCollectorDestroyFilter(f->session, filter, NULL, &error));
    g_assert_no_error(error);
    cannedFail(f->canned, "DestroyPropertyFilter", HTTP_ERROR, HTTP_ERROR_CONNECT);
    g_assert_false(viCollectorDestroyFilter(f->session, filter, NULL, &error));
    g_assert_error(error, HTTP_ERROR, HTTP_ERROR_CONNECT);
    cannedAssertLog(f->canned, "CreateFilter DestroyPropertyFilter DestroyPropertyFilter");
}

static void
testNoFilter(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autoptr(GError) error = NULL;
    SoapMoRef *filter = NULL;
    Names names;

    namesInit(&names);
    cannedReply(f->canned, "CreateFilter", "");
    g_assert_null(viCollectorCreateFilter(
        f->session, viSessionServices(f->session)->propertyCollector, &names.spec, NULL, &filter,
        &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_null(filter);
}

/* The reply is kept as long as the filter, and so has a longest length. */
static void
testLongFilter(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    g_autofree char *name = g_strnfill(LIMIT_KEPT_REPLY, 'x');
    g_autofree char *made = g_strdup_printf("<returnval type=\"PropertyFilter\">%s</returnval>",
                                            name);
    g_autoptr(GError) error = NULL;
    SoapMoRef *filter = NULL;
    Names names;

    namesInit(&names);
    cannedReply(f->canned, "CreateFilter", made);
    g_assert_null(viCollectorCreateFilter(
        f->session, viSessionServices(f->session)->propertyCollector, &names.spec, NULL, &filter,
        &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_null(filter);
}

/* A long poll may be silent for as long as it was told, on top of all timeouts. */
static void
testWaitIsPatient(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    const SoapMoRef *collector = viSessionServices(f->session)->propertyCollector;
    ViCallOptions options = { .timeoutMs = 1234, .quietMs = 5 };
    VimUpdateSet *updates = NULL;

    cannedReplyAlways(f->canned, "WaitForUpdatesEx", "");
    soapReplyFree(viCollectorWait(f->session, collector, "1", 30, &options, &updates, NULL));
    g_assert_cmpuint(cannedLast(f->canned, "WaitForUpdatesEx")->quietMs, ==, 30000);
    g_assert_cmpuint(cannedLast(f->canned, "WaitForUpdatesEx")->timeoutMs, ==, 1234);
    soapReplyFree(viCollectorWait(f->session, collector, "1", 0, NULL, &updates, NULL));
    g_assert_cmpuint(cannedLast(f->canned, "WaitForUpdatesEx")->quietMs, ==, 0);
}

static void
testCancelWait(SessionFixture *f, gconstpointer unused G_GNUC_UNUSED)
{
    const SoapMoRef *collector = viSessionServices(f->session)->propertyCollector;
    ViCallOptions stale = { .generation = 7 };
    g_autoptr(GError) error = NULL;

    cannedReply(f->canned, "CancelWaitForUpdates", "");
    g_assert_true(viCollectorCancelWait(f->session, collector, NULL, &error));
    g_assert_no_error(error);
    g_assert_nonnull(strstr(cannedLast(f->canned, "CancelWaitForUpdates")->body, collector->value));
    g_assert_false(viCollectorCancelWait(f->session, collector, &stale, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_SESSION_RENEWED);
    cannedAssertLog(f->canned, "CancelWaitForUpdates");
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    fixtureAdd("/vi/collector/one-page", testOnePage);
    fixtureAdd("/vi/collector/pages", testPages);
    fixtureAdd("/vi/collector/endless-pages", testEndlessPages);
    fixtureAdd("/vi/collector/session-ends-between-pages", testSessionEndsBetweenPages);
    fixtureAdd("/vi/collector/empty-next-page", testEmptyNextPage);
    fixtureAdd("/vi/collector/broken-between-pages", testBrokenBetweenPages);
    g_test_add_func("/vi/collector/expired", testExpired);
    fixtureAdd("/vi/collector/still-empty", testStillEmpty);
    fixtureAdd("/vi/collector/expired-and-refused", testExpiredAndRefused);
    g_test_add_func("/vi/collector/not-expired", testNotExpired);
    fixtureAdd("/vi/collector/wait", testWait);
    fixtureAdd("/vi/collector/wait-nothing", testWaitNothing);
    fixtureAdd("/vi/collector/wait-is-patient", testWaitIsPatient);
    fixtureAdd("/vi/collector/cancel-wait", testCancelWait);
    fixtureAdd("/vi/collector/filter", testFilter);
    fixtureAdd("/vi/collector/no-filter", testNoFilter);
    fixtureAdd("/vi/collector/long-filter", testLongFilter);
    return g_test_run();
}

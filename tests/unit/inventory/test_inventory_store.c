/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#include "inventory_fixture.h"

#include "base_limits.h"
#include "vi_property.h"

static const char *
textOf(const InventoryStore *store, const char *type, const char *value, const char *property)
{
    SoapMoRef ref = { type, value };

    return viAnyString(inventoryObjectProperty(inventoryStoreFind(store, &ref), property));
}

static gboolean
has(const InventoryStore *store, const char *type, const char *value)
{
    SoapMoRef ref = { type, value };

    return inventoryStoreFind(store, &ref) != NULL;
}

/* ---- enter, modify, leave ------------------------------------------------------------------- */

static void
testEnter(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    SoapMoRef ref = { "HostSystem", "h1" };
    const InventoryObject *host = NULL;

    fixtureApply(store, ENTER("HostSystem", "h1", SET("name", TEXT("esx1"))
                              SET("parent", REF("X", "x"))));
    g_assert_cmpstr(textOf(store, "HostSystem", "h1", "name"), ==, "esx1");
    host = inventoryStoreFind(store, &ref);
    g_assert_nonnull(viAnyMoRef(inventoryObjectProperty(host, "parent")));
    g_assert_null(inventoryObjectProperty(host, "config"));
    g_assert_true(viMoRefEqual(inventoryObjectRef(host), &ref));
}

/* The reference is type and value together. */
static void
testSameValue(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    fixtureApply(store, ENTER("HostSystem", "1", SET("name", TEXT("host")))
                 ENTER("Datastore", "1", SET("name", TEXT("datastore"))));
    g_assert_cmpstr(textOf(store, "HostSystem", "1", "name"), ==, "host");
    g_assert_cmpstr(textOf(store, "Datastore", "1", "name"), ==, "datastore");
    g_assert_false(has(store, "Folder", "1"));
}

static void
testModify(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    fixtureApply(store, ENTER("HostSystem", "h1", SET("name", TEXT("old"))
                              SET("other", TEXT("kept"))));
    fixtureApply(store, MODIFY("HostSystem", "h1", SET("name", TEXT("new"))));
    g_assert_cmpstr(textOf(store, "HostSystem", "h1", "name"), ==, "new");
    g_assert_cmpstr(textOf(store, "HostSystem", "h1", "other"), ==, "kept");
}

/* A value outlives its reply's others: each change here frees what the last one replaced. */
static void
testManyModifications(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    guint i;

    fixtureApply(store, ENTER("HostSystem", "h1", SET("name", TEXT("first"))
                              SET("other", TEXT("kept"))));
    for (i = 0; i < 100; i++)
        fixtureApply(store, MODIFY("HostSystem", "h1", SET("name", TEXT("next"))));
    g_assert_cmpstr(textOf(store, "HostSystem", "h1", "name"), ==, "next");
    g_assert_cmpstr(textOf(store, "HostSystem", "h1", "other"), ==, "kept");
}

/* An assignment without a value, and the other ways to say that there is none any more. */
static void
testUnset(void)
{
    static const char *const changes[] = {
        UNSET("name"),
        "<changeSet><name>name</name><op>remove</op></changeSet>",
        "<changeSet><name>name</name><op>indirectRemove</op></changeSet>",
    };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
        g_autofree char *object = g_strdup_printf(
            MODIFY("HostSystem", "h1", "%s"), changes[i]);

        fixtureApply(store, ENTER("HostSystem", "h1", SET("name", TEXT("esx1"))));
        fixtureApply(store, object);
        g_assert_true(has(store, "HostSystem", "h1"));
        g_assert_null(textOf(store, "HostSystem", "h1", "name"));
        /* Once more: it is not there already. */
        fixtureApply(store, object);
    }
}

static void
testLeave(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    fixtureApply(store, ENTER("HostSystem", "h1", SET("name", TEXT("a")))
                 ENTER("HostSystem", "h2", ""));
    fixtureApply(store, LEAVE("HostSystem", "h1"));
    g_assert_false(has(store, "HostSystem", "h1"));
    g_assert_true(has(store, "HostSystem", "h2"));
    /* Again, and one that never was there. */
    fixtureApply(store, LEAVE("HostSystem", "h1") LEAVE("Folder", "none"));
}

/* Whoever comes back has nothing of what it had before. */
static void
testLeaveAndEnter(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    fixtureApply(store, ENTER("HostSystem", "h1", SET("name", TEXT("a"))
                              SET("other", TEXT("old"))));
    fixtureApply(store, LEAVE("HostSystem", "h1")
                 ENTER("HostSystem", "h1", SET("name", TEXT("b"))));
    g_assert_cmpstr(textOf(store, "HostSystem", "h1", "name"), ==, "b");
    g_assert_null(textOf(store, "HostSystem", "h1", "other"));
}

/* ---- odd update sets ------------------------------------------------------------------------- */

/* A change of a part of what is kept whole cannot be applied; the inventory is read again. */
static void
testPartialChange(void)
{
    static const char *const names[] = { "summary.freeSpace", "summary[\"x\"]", "summary.a.b" };
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
        g_autofree char *object = g_strdup_printf(
            MODIFY("Datastore", "d1", SET("%s", "<val xsi:type=\"xsd:long\">5</val>")), names[i]);

        fixtureApply(store, VMFS("d1", "a", ""));
        fixtureApplyFails(store, object, VI_ERROR_COLLECTOR_VERSION);
    }
}

/* A longer name is not a part. */
static void
testLongerName(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    fixtureApply(store, VMFS("d1", "a", ""));
    fixtureApply(store, MODIFY("Datastore", "d1", SET("summaryOfAll", TEXT("x"))));
    g_assert_cmpstr(textOf(store, "Datastore", "d1", "summaryOfAll"), ==, "x");
}

static void
testHollow(void)
{
    static const char *const objects[] = {
        "",
        "<objectSet></objectSet>",
        "<objectSet><kind>enter</kind></objectSet>",
        "<objectSet><kind>enter</kind><obj>no type</obj></objectSet>",
        "<objectSet><obj type=\"Folder\">f</obj><changeSet></changeSet></objectSet>",
        "<objectSet><obj type=\"Folder\">f</obj><changeSet><op>assign</op></changeSet></objectSet>",
        ENTER("Folder", "f", "<missingSet><path>name</path></missingSet>"),
    };
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    size_t i;

    for (i = 0; i < G_N_ELEMENTS(objects); i++)
        fixtureApply(store, objects[i]);
    g_assert_null(inventoryStoreFind(store, NULL));
    g_assert_null(inventoryStoreFind(store, &(SoapMoRef){ "Folder", NULL }));
    g_assert_null(inventoryObjectProperty(NULL, "name"));
}

/* ---- the ceiling ----------------------------------------------------------------------------- */

/* Makes an update set of @n folders by hand. */
static gboolean
applyMany(InventoryStore *store, guint n, GError **error)
{
    g_autofree VimObjectUpdate *objects = g_new0(VimObjectUpdate, n);
    g_autofree VimObjectUpdate **pointers = g_new0(VimObjectUpdate *, n);
    g_autofree SoapMoRef *refs = g_new0(SoapMoRef, n);
    VimPropertyFilterUpdate filter = VIM_INIT(PropertyFilterUpdate);
    VimPropertyFilterUpdate *filters[] = { &filter };
    VimUpdateSet updates = VIM_INIT(UpdateSet);
    gboolean ok = FALSE;
    guint i;

    for (i = 0; i < n; i++) {
        refs[i] = (SoapMoRef){ "Folder", g_strdup_printf("f%u", i) };
        objects[i].kind = VIM_OBJECT_UPDATE_KIND_ENTER;
        objects[i].obj = &refs[i];
        pointers[i] = &objects[i];
    }
    filter.objectSet = pointers;
    filter.n_objectSet = n;
    updates.filterSet = filters;
    updates.n_filterSet = 1;
    ok = inventoryStoreApply(store, &updates, NULL /* reply */, error);
    for (i = 0; i < n; i++)
        g_free((char *)refs[i].value);
    return ok;
}

static void
testLimit(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(GError) error = NULL;

    g_assert_true(applyMany(store, LIMIT_INVENTORY_OBJECTS, &error));
    g_assert_no_error(error);
    /* Those that are there may change. */
    fixtureApply(store, MODIFY("Folder", "f1", SET("name", TEXT("x"))));
    g_assert_false(applyMany(store, LIMIT_INVENTORY_OBJECTS + 1, &error));
    g_assert_error(error, VI_ERROR, VI_ERROR_PROTOCOL);
    g_assert_nonnull(g_strrstr(error->message, "path="));
}

/* ---- reading --------------------------------------------------------------------------------- */

static void
testObjects(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(GPtrArray) hosts = NULL;
    g_autoptr(GPtrArray) folders = NULL;

    fixtureApply(store, ENTER("HostSystem", "h3", "") ENTER("Datastore", "a", "")
                 ENTER("HostSystem", "h1", "") ENTER("HostSystem", "h2", ""));
    hosts = inventoryStoreObjects(store, "HostSystem");
    folders = inventoryStoreObjects(store, "Folder");
    g_assert_cmpuint(folders->len, ==, 0);
    g_assert_cmpuint(hosts->len, ==, 3);
    g_assert_cmpstr(inventoryObjectRef(g_ptr_array_index(hosts, 0))->value, ==, "h1");
    g_assert_cmpstr(inventoryObjectRef(g_ptr_array_index(hosts, 1))->value, ==, "h2");
    g_assert_cmpstr(inventoryObjectRef(g_ptr_array_index(hosts, 2))->value, ==, "h3");
}

/* ---- what has changed ------------------------------------------------------------------------ */

/* Applies @objects: the changed datastores are @values, with a blank behind each; NULL: there is
 * more to it. */
static void
assertChanged(InventoryStore *store, const char *objects, const char *values)
{
    g_autoptr(GString) text = g_string_new(NULL);
    const GPtrArray *changed = NULL;
    guint i;

    fixtureApply(store, objects);
    changed = inventoryStoreChanged(store);
    g_assert_cmpint(changed == NULL, ==, values == NULL);
    for (i = 0; changed && i < changed->len; i++)
        g_string_append_printf(text, "%s ",
                               inventoryObjectRef(g_ptr_array_index(changed, i))->value);
    g_assert_cmpstr(text->str, ==, values ? values : "");
}

#define SAME(value) MODIFY("Datastore", value, SUMMARY("a", "VMFS", ""))

static void
testChanged(void)
{
    g_autoptr(InventoryStore) store = inventoryStoreNew(inventoryKindIsAlone);

    assertChanged(store, VMFS("d1", "a", "") VMFS("d2", "b", "")
                  ENTER("HostSystem", "h", ""), NULL);
    assertChanged(store, SAME("d1"), NULL);
    inventoryStoreSettle(store);
    assertChanged(store, "", "");
    assertChanged(store, SAME("d1"), "d1 ");
    assertChanged(store, SAME("d2") SAME("d1"), "d1 d2 ");
    assertChanged(store, LEAVE("Datastore", "d9"), "d1 d2 ");
    inventoryStoreSettle(store);
    assertChanged(store, SAME("d2"), "d2 ");

    /* One that has left cannot be among them. */
    assertChanged(store, LEAVE("Datastore", "d2"), NULL);
    assertChanged(store, SAME("d1"), NULL);
    inventoryStoreSettle(store);
    assertChanged(store, SAME("d1"), "d1 ");
    assertChanged(store, MODIFY("HostSystem", "h", ""), NULL);
    inventoryStoreSettle(store);
    assertChanged(store, VMFS("d2", "b", ""), NULL);
}

/* Each state that was taken in has its own number, whichever store it is of. */
static void
testStamp(void)
{
    g_autoptr(InventoryStore) one = inventoryStoreNew(inventoryKindIsAlone);
    g_autoptr(InventoryStore) two = inventoryStoreNew(inventoryKindIsAlone);
    guint64 first = 0;

    g_assert_cmpuint(inventoryStoreStamp(one), ==, 0);
    first = inventoryStoreSettle(one);
    g_assert_cmpuint(first, >, 0);
    g_assert_cmpuint(inventoryStoreStamp(one), ==, first);
    g_assert_cmpuint(inventoryStoreSettle(two), !=, first);
    g_assert_cmpuint(inventoryStoreSettle(one), !=, first);
    g_assert_cmpuint(inventoryStoreStamp(one), !=, inventoryStoreStamp(two));
}

int
main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/inventory/store/enter", testEnter);
    g_test_add_func("/inventory/store/same-value", testSameValue);
    g_test_add_func("/inventory/store/modify", testModify);
    g_test_add_func("/inventory/store/many-modifications", testManyModifications);
    g_test_add_func("/inventory/store/unset", testUnset);
    g_test_add_func("/inventory/store/leave", testLeave);
    g_test_add_func("/inventory/store/leave-and-enter", testLeaveAndEnter);
    g_test_add_func("/inventory/store/partial-change", testPartialChange);
    g_test_add_func("/inventory/store/longer-name", testLongerName);
    g_test_add_func("/inventory/store/hollow", testHollow);
    g_test_add_func("/inventory/store/limit", testLimit);
    g_test_add_func("/inventory/store/objects", testObjects);
    g_test_add_func("/inventory/store/changed", testChanged);
    g_test_add_func("/inventory/store/stamp", testStamp);
    return g_test_run();
}

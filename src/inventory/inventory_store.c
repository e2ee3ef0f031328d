/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Objects and their latest property values, as update sets report them. */

#include <string.h>

#include "base_hash.h"
#include "base_limits.h"
#include "base_text.h"
#include "inventory_store.h"

/*
 * A reply, or the pages of one read, shared by all its values that are still the latest:
 * g_rc_box'ed.
 */
typedef struct {
    InventoryStore *store;
    gpointer reply;
    GDestroyNotify free;
    size_t sent;            /* bytes of it as received */
    size_t held;            /* bytes of memory it holds */
} SharedReply;

typedef struct {
    char *name;
    const SoapAny *value;       /* NULL: the account may not read it */
    const char *denied;         /* for want of this privilege; "": the server does not name it */
    SharedReply *reply;
} Property;

struct _InventoryObject {
    SoapMoRef ref;
    gboolean isAlone;       /* see inventoryStoreNew(inventoryKindIsAlone) */
    gboolean changed;       /* is in the store's list of changed objects */
    GArray *properties;     /* Property; few, so searched linearly */
};

struct _InventoryStore {
    gboolean (*isAlone)(const char *type);
    GHashTable *objects;    /* the object's reference → InventoryObject */
    GPtrArray *changed;     /* InventoryObject, all independent; empty if more than these changed */
    gboolean moreChanged;
    guint64 stamp;
    size_t sent;            /* sums over the replies it holds */
    size_t held;
    LeftOut leftOut;
};

/* An object without properties holds no reply; it was sent in at least this many bytes. */
#define OBJECT_BYTES 64

static SharedReply *
sharedReplyNew(InventoryStore *store, gpointer reply, GDestroyNotify freeReply)
{
    SharedReply *shared = g_rc_box_new0(SharedReply);

    shared->store = store;
    shared->reply = reply;
    shared->free = freeReply;
    return shared;
}

/* Counts @reply as held by the store of @shared. */
static void
sharedReplyCount(SharedReply *shared, const SoapReply *reply)
{
    const size_t held = arenaUsed(reply->arena);

    shared->sent += reply->bytes;
    shared->held += held;
    shared->store->sent += reply->bytes;
    shared->store->held += held;
}

static void
sharedReplyClear(gpointer data)
{
    SharedReply *shared = data;

    shared->store->sent -= shared->sent;
    shared->store->held -= shared->held;
    shared->free(shared->reply);
}

static void
sharedReplyRelease(SharedReply *reply)
{
    g_rc_box_release_full(reply, sharedReplyClear);
}

static void
propertyClear(gpointer data)
{
    Property *property = data;

    g_free(property->name);
    sharedReplyRelease(property->reply);
}

static void
objectFree(gpointer data)
{
    InventoryObject *object = data;

    g_free((char *)object->ref.type);
    g_free((char *)object->ref.value);
    g_array_unref(object->properties);
    g_free(object);
}

guint
inventoryRefHash(gconstpointer key)
{
    const SoapMoRef *ref = key;

    return hashAdd(hashText(ref->type), ref->value, strlen(ref->value));
}

gboolean
inventoryRefEqual(gconstpointer a, gconstpointer b)
{
    const SoapMoRef *x = a;
    const SoapMoRef *y = b;

    return g_str_equal(x->value, y->value) && g_str_equal(x->type, y->type);
}

InventoryStore *
inventoryStoreNew(gboolean (*isAlone)(const char *type))
{
    InventoryStore *store = g_new0(InventoryStore, 1);

    store->isAlone = isAlone;
    store->objects =
        g_hash_table_new_full(inventoryRefHash, inventoryRefEqual, NULL, objectFree);
    store->changed = g_ptr_array_new();
    store->moreChanged = TRUE;
    return store;
}

void
inventoryStoreFree(InventoryStore *store)
{
    if (!store)
        return;
    g_ptr_array_unref(store->changed);
    g_hash_table_unref(store->objects);
    g_free(store);
}

/* ---- changes --------------------------------------------------------------------------------- */

static void
clearChanged(InventoryStore *store)
{
    guint i;

    for (i = 0; i < store->changed->len; i++)
        ((InventoryObject *)g_ptr_array_index(store->changed, i))->changed = FALSE;
    g_ptr_array_set_size(store->changed, 0);
}

/* If everything has to be rebuilt anyway, the list of changes is not needed. */
static void
noteMore(InventoryStore *store)
{
    clearChanged(store);
    store->moreChanged = TRUE;
}

static void
noteChange(InventoryStore *store, InventoryObject *object)
{
    if (!object->isAlone) {
        noteMore(store);
        return;
    }
    if (store->moreChanged || object->changed)
        return;
    object->changed = TRUE;
    g_ptr_array_add(store->changed, object);
}

const GPtrArray *
inventoryStoreChanged(const InventoryStore *store)
{
    return store->moreChanged ? NULL : store->changed;
}

guint64
inventoryStoreSettle(InventoryStore *store)
{
    static gsize last;

    clearChanged(store);
    store->moreChanged = FALSE;
    store->stamp = (guint64)g_atomic_pointer_add(&last, 1) + 1;
    return store->stamp;
}

guint64
inventoryStoreStamp(const InventoryStore *store)
{
    return store->stamp;
}

/* ---- objects and properties ------------------------------------------------------------------ */

static InventoryObject *
addStoredObject(InventoryStore *store, const SoapMoRef *ref)
{
    InventoryObject *object = g_new0(InventoryObject, 1);

    object->ref.type = g_strdup(ref->type);
    object->ref.value = g_strdup(ref->value);
    object->isAlone = store->isAlone(ref->type);
    object->properties = g_array_new(FALSE, FALSE, sizeof(Property));
    g_array_set_clear_func(object->properties, propertyClear);
    g_hash_table_insert(store->objects, &object->ref, object);
    return object;
}

static gint
findProperty(const InventoryObject *object, const char *name)
{
    guint i;

    for (i = 0; i < object->properties->len; i++) {
        if (g_str_equal(g_array_index(object->properties, Property, i).name, name))
            return (gint)i;
    }
    return -1;
}

/* @object has none of that name. */
static void
addStoredProperty(InventoryObject *object, const char *name, const SoapAny *value,
                  const char *denied, SharedReply *reply)
{
    const Property property = { g_strdup(name), value, denied, g_rc_box_acquire(reply) };

    g_array_append_vals(object->properties, &property, 1);
}

/* No requested name is that long. */
static gboolean
setProperty(InventoryObject *object, const char *name, const SoapAny *value, const char *denied,
            SharedReply *reply, GError **error)
{
    gint i = findProperty(object, name);

    if (i < 0 && strlen(name) > LIMIT_NAME_BYTES)
        return TRUE;
    if (i < 0 && object->properties->len >= LIMIT_OBJECT_PROPERTIES) {
        g_set_error(error, VI_ERROR, VI_ERROR_PROTOCOL,
                    "the server reports more than %d properties of one object",
                    LIMIT_OBJECT_PROPERTIES);
        return FALSE;
    }
    if (i >= 0)
        g_array_remove_index_fast(object->properties, (guint)i);
    addStoredProperty(object, name, value, denied, reply);
    return TRUE;
}

/* Notes the properties among @missing that the account may not read; others are not set. */
static gboolean
setDenied(InventoryObject *object, VimMissingProperty *const *missing, size_t n,
          SharedReply *reply, GError **error)
{
    size_t i;

    for (i = 0; i < n; i++) {
        const SoapObject *fault = missing[i]->fault ? (SoapObject *)missing[i]->fault->fault : NULL;
        const char *privilege = viErrorPrivilege(fault);

        if (missing[i]->path && viErrorCodeOfFault(NULL, fault) == VI_ERROR_NO_PERMISSION &&
            !setProperty(object, missing[i]->path, NULL, privilege ? privilege : "", reply, error))
            return FALSE;
    }
    return TRUE;
}

static void
unsetProperty(InventoryObject *object, const char *name)
{
    gint i = findProperty(object, name);

    if (i >= 0)
        g_array_remove_index_fast(object->properties, (guint)i);
}

/*
 * Whether @name is a part of a property that is kept as a whole, e.g. summary.freeSpace if summary
 * is.
 */
static gboolean
reachesInto(const InventoryObject *object, const char *name)
{
    guint i;

    for (i = 0; i < object->properties->len; i++) {
        const char *whole = g_array_index(object->properties, Property, i).name;
        size_t length = strlen(whole);

        if (g_str_has_prefix(name, whole) && (name[length] == '.' || name[length] == '['))
            return TRUE;
    }
    return FALSE;
}

static gboolean
applyChange(InventoryObject *object, const VimPropertyChange *change, SharedReply *reply,
            GError **error)
{
    if (!change->name)
        return TRUE;

    /*
     * The filter was made without partialUpdates. If a server sends them nevertheless, everything
     * is read again.
     */
    if (reachesInto(object, change->name)) {
        textToError(error, VI_ERROR, VI_ERROR_COLLECTOR_VERSION,
                    "the server reported '%s' only in part", change->name);
        return FALSE;
    }

    if (change->val && g_strcmp0(change->op, VIM_PROPERTY_CHANGE_OP_ASSIGN) == 0)
        return setProperty(object, change->name, change->val, NULL /* denied */, reply, error);
    unsetProperty(object, change->name);
    return TRUE;
}

/* Whether @ref names an object that can be kept; an object with a longer name is left out. */
static gboolean
isUsableRef(InventoryStore *store, const SoapMoRef *ref)
{
    if (!ref || !ref->type || !ref->value)
        return FALSE;
    if (strlen(ref->type) <= LIMIT_NAME_BYTES && strlen(ref->value) <= LIMIT_NAME_BYTES)
        return TRUE;
    leftOutAdd(&store->leftOut, "an object whose reference is too long", ref->value);
    return FALSE;
}

/* The object at @ref, which is new or has changed. Returns: NULL with @error above the limit. */
static InventoryObject *
touchObject(InventoryStore *store, const SoapMoRef *ref, GError **error)
{
    InventoryObject *object = g_hash_table_lookup(store->objects, ref);

    if (object) {
        noteChange(store, object);
        return object;
    }
    if (g_hash_table_size(store->objects) >= LIMIT_INVENTORY_OBJECTS) {
        textToError(
            error, VI_ERROR, VI_ERROR_PROTOCOL,
            "the inventory of the server has more than %d objects; select a part of it with path= "
            "in the URI",
            LIMIT_INVENTORY_OBJECTS);
        return NULL;
    }
    noteMore(store);
    return addStoredObject(store, ref);
}

static gboolean
applyObject(InventoryStore *store, const VimObjectUpdate *update, SharedReply *reply,
            GError **error)
{
    InventoryObject *object;
    size_t i;

    if (!isUsableRef(store, update->obj))
        return TRUE;
    if (g_strcmp0(update->kind, VIM_OBJECT_UPDATE_KIND_LEAVE) == 0) {
        if (g_hash_table_contains(store->objects, update->obj))
            noteMore(store);
        g_hash_table_remove(store->objects, update->obj);
        return TRUE;
    }
    object = touchObject(store, update->obj, error);
    if (!object)
        return FALSE;

    for (i = 0; i < update->n_changeSet; i++) {
        if (!applyChange(object, update->changeSet[i], reply, error))
            return FALSE;
    }
    return setDenied(object, update->missingSet, update->n_missingSet, reply, error);
}

static gboolean
applyFilter(InventoryStore *store, const VimPropertyFilterUpdate *filter, SharedReply *reply,
            GError **error)
{
    size_t i;

    for (i = 0; i < filter->n_objectSet; i++) {
        if (!applyObject(store, filter->objectSet[i], reply, error))
            return FALSE;
    }
    return TRUE;
}

/*
 * Whether @store is within its limit. If it has grown, much of it may be replies with few values
 * that are still the latest. Reading everything again frees them.
 */
static gboolean
checkHeld(const InventoryStore *store, GError **error)
{
    if (store->held <= LIMIT_INVENTORY_BYTES)
        return TRUE;
    g_set_error(error, VI_ERROR,
                store->stamp > 0 ? VI_ERROR_COLLECTOR_VERSION : VI_ERROR_PROTOCOL,
                "the inventory of the server takes more than %zu MiB of memory; select a part of "
                "it with path= in the URI", LIMIT_INVENTORY_BYTES / (1024 * 1024));
    return FALSE;
}

gboolean
inventoryStoreApply(InventoryStore *store, const VimUpdateSet *updates, SoapReply *reply,
                    GError **error)
{
    SharedReply *shared = sharedReplyNew(store, reply, (GDestroyNotify)soapReplyFree);
    gboolean ok = TRUE;
    size_t i;

    if (reply)
        sharedReplyCount(shared, reply);
    for (i = 0; i < updates->n_filterSet && ok; i++)
        ok = applyFilter(store, updates->filterSet[i], shared, error);

    sharedReplyRelease(shared);
    return ok && checkHeld(store, error);
}

static gboolean
loadObject(InventoryStore *store, const VimObjectContent *content, SharedReply *reply,
           GError **error)
{
    InventoryObject *object;
    size_t i;

    if (!isUsableRef(store, content->obj))
        return TRUE;
    object = touchObject(store, content->obj, error);
    if (!object)
        return FALSE;

    for (i = 0; i < content->n_propSet; i++) {
        const VimDynamicProperty *property = content->propSet[i];

        if (property->name && property->val &&
            !setProperty(object, property->name, property->val, NULL /* denied */, reply, error))
            return FALSE;
    }
    return setDenied(object, content->missingSet, content->n_missingSet, reply, error);
}

gboolean
inventoryStoreLoad(InventoryStore *store, ViObjects *objects, GError **error)
{
    SharedReply *shared = sharedReplyNew(store, objects, (GDestroyNotify)viObjectsFree);
    gboolean ok = TRUE;
    guint i;

    for (i = 0; i < objects->replies->len; i++)
        sharedReplyCount(shared, g_ptr_array_index(objects->replies, i));
    for (i = 0; i < objects->objects->len && ok; i++)
        ok = loadObject(store, g_ptr_array_index(objects->objects, i), shared, error);

    sharedReplyRelease(shared);
    return ok && checkHeld(store, error);
}

size_t
inventoryStoreWeight(const InventoryStore *store)
{
    return store->sent + (size_t)g_hash_table_size(store->objects) * OBJECT_BYTES;
}

const LeftOut *
inventoryStoreLeftOut(const InventoryStore *store)
{
    return &store->leftOut;
}

static gint
compareObjects(gconstpointer a, gconstpointer b)
{
    const InventoryObject *x = *(InventoryObject *const *)a;
    const InventoryObject *y = *(InventoryObject *const *)b;

    return strcmp(x->ref.value, y->ref.value);
}

GPtrArray *
inventoryStoreObjects(const InventoryStore *store, const char *type)
{
    GPtrArray *objects = g_ptr_array_new();
    GHashTableIter iter;
    gpointer value;

    g_hash_table_iter_init(&iter, store->objects);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        if (g_str_equal(((InventoryObject *)value)->ref.type, type))
            g_ptr_array_add(objects, value);
    }
    g_ptr_array_sort(objects, compareObjects);
    return objects;
}

const InventoryObject *
inventoryStoreFind(const InventoryStore *store, const SoapMoRef *ref)
{
    return ref && ref->type && ref->value ? g_hash_table_lookup(store->objects, ref) : NULL;
}

const SoapMoRef *
inventoryObjectRef(const InventoryObject *object)
{
    return &object->ref;
}

const SoapAny *
inventoryObjectProperty(const InventoryObject *object, const char *name)
{
    gint i = object ? findProperty(object, name) : -1;

    return i >= 0 ? g_array_index(object->properties, Property, i).value : NULL;
}

const char *
inventoryObjectDenied(const InventoryObject *object, const char *name)
{
    gint i = object ? findProperty(object, name) : -1;
    const Property *property = i >= 0 ? &g_array_index(object->properties, Property, i) : NULL;

    return property && !property->value ? property->denied : NULL;
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Finds the host of an inventory path: "Folder/Datacenter/Folder/ComputeResource[/Host]". */

#include <string.h>

#include "base_limits.h"
#include "base_names.h"
#include "base_text.h"
#include "inventory.h"
#include "inventory_spec.h"
#include "vi_collector.h"
#include "vi_property.h"

void
inventoryScopeFree(InventoryScope *scope)
{
    if (!scope)
        return;
    if (scope->host) {
        g_free((char *)scope->host->type);
        g_free((char *)scope->host->value);
    }
    if (scope->datacenter) {
        g_free((char *)scope->datacenter->type);
        g_free((char *)scope->datacenter->value);
    }
    g_free(scope->host);
    g_free(scope->datacenter);
    g_free(scope->datacenterPath);
    g_free(scope);
}

static SoapMoRef *
refCopy(const SoapMoRef *ref)
{
    SoapMoRef *copy = g_new0(SoapMoRef, 1);

    copy->type = g_strdup(ref->type);
    copy->value = g_strdup(ref->value);
    return copy;
}

static gboolean
isType(const VimObjectContent *object, const char *type)
{
    /* ClusterComputeResource is a ComputeResource, StoragePod a Folder. */
    return object->obj && object->obj->type && g_str_has_suffix(object->obj->type, type);
}

static gboolean
hasName(const VimObjectContent *object, const char *name)
{
    const char *wire = viAnyString(viObjectProperty(object, "name"));
    g_autofree char *plain = NULL;

    /* No real name is that long. */
    if (!wire || strlen(wire) > LIMIT_NAME_BYTES)
        return FALSE;
    plain = nameUnescapeEntity(wire);
    return g_strcmp0(wire, name) == 0 || g_strcmp0(plain, name) == 0;
}

/*
 * The child of @parent with the name @name, or (@name NULL) the only one of @type; NULL if there is
 * none.
 */
static const VimObjectContent *
findChild(const ViObjects *objects, const SoapMoRef *parent, const char *type, const char *name)
{
    const VimObjectContent *found = NULL;
    guint i;

    for (i = 0; i < objects->objects->len; i++) {
        const VimObjectContent *object = g_ptr_array_index(objects->objects, i);

        if (!viMoRefEqual(viAnyMoRef(viObjectProperty(object, "parent")), parent))
            continue;
        if ((type && !isType(object, type)) || (name && !hasName(object, name)))
            continue;
        if (found && !name)
            return NULL;
        found = object;
    }
    return found;
}

/* The datacenter's folder of hosts: its folder with the name "host" (it cannot be renamed). */
static const VimObjectContent *
hostFolder(const ViObjects *objects, const VimObjectContent *datacenter)
{
    return findChild(objects, datacenter->obj, "Folder", "host");
}

/* The state of a walk along the parts of a path. */
typedef struct {
    const ViObjects *objects;
    const char *path;
    char **part;                            /* next one; NULL-terminated */
    const SoapMoRef *at;
    const VimObjectContent *datacenter;     /* NULL: not passed yet */
    GString *datacenterPath;
} Walk;

/*
 * Looks up the next part as a child of the current object. Returns: that child, or NULL with
 * @error.
 */
static const VimObjectContent *
stepToChild(Walk *walk, GError **error)
{
    const VimObjectContent *child = *walk->part
                                  ? findChild(walk->objects, walk->at, NULL, *walk->part) : NULL;
    const char *kinds =
        walk->datacenter ? "a folder or a compute resource" : "a folder or a datacenter";

    if (child) {
        walk->part++;
        return child;
    }
    if (*walk->part)
        textToError(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
                    "the inventory path '%s' does not exist: '%s' is not %s", walk->path,
                    *walk->part, kinds);
    else
        textToError(
            error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
            "the inventory path '%s' is too short: it must name a datacenter and a compute "
            "resource, such as 'Datacenter/esx1.example.org' or "
            "'Datacenter/Cluster/esx1.example.org'",
            walk->path);
    return NULL;
}

static gboolean
passDatacenter(Walk *walk, const VimObjectContent *datacenter, GError **error)
{
    const VimObjectContent *folder = hostFolder(walk->objects, datacenter);

    if (!folder) {
        textToError(
            error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
            "the inventory path '%s' cannot be followed: the user may not read its datacenter",
            walk->path);
        return FALSE;
    }
    walk->datacenter = datacenter;
    walk->at = folder->obj;
    return TRUE;
}

/* Walks folders and the datacenter down to a compute resource. */
static const VimObjectContent *
walkToCompute(Walk *walk, GError **error)
{
    while (TRUE) {
        const VimObjectContent *child = stepToChild(walk, error);

        if (!child)
            return NULL;
        if (isType(child, "ComputeResource"))
            return child;
        /* As written by the server, not by the user. */
        if (!walk->datacenter)
            g_string_append_printf(walk->datacenterPath, "%s%s",
                                   walk->datacenterPath->len ? "/" : "",
                                   viAnyString(viObjectProperty(child, "name")));
        if (!isType(child, "Datacenter"))
            walk->at = child->obj;
        else if (!passDatacenter(walk, child, error))
            return NULL;
    }
}

/* The host of @compute for the rest of the path. */
static const VimObjectContent *
pickHost(Walk *walk, const VimObjectContent *compute, GError **error)
{
    const char *name = *walk->part;
    const VimObjectContent *host = findChild(walk->objects, compute->obj, "HostSystem", name);

    if (host && !(name && walk->part[1]))
        return host;

    if (!name)
        textToError(
            error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
            "the inventory path '%s' names a cluster; append the name of one of its hosts",
            walk->path);
    else
        textToError(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
                    "the inventory path '%s' does not exist: '%s' is not a host", walk->path,
                    host ? walk->part[1] : name);
    return NULL;
}

static InventoryScope *
walkPath(Walk *walk, GError **error)
{
    const VimObjectContent *compute = walkToCompute(walk, error);
    const VimObjectContent *host = compute ? pickHost(walk, compute, error) : NULL;
    InventoryScope *scope;

    if (!host)
        return NULL;
    if (walk->datacenterPath->len > LIMIT_DATASTORE_PATH) {
        g_set_error(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
                    "the inventory path leads to a datacenter whose path is longer than %d bytes",
                    LIMIT_DATASTORE_PATH);
        return NULL;
    }

    scope = g_new0(InventoryScope, 1);
    scope->host = refCopy(host->obj);
    scope->datacenter = walk->datacenter ? refCopy(walk->datacenter->obj) : NULL;
    scope->datacenterPath = g_strdup(walk->datacenterPath->str);
    return scope;
}

/* The parts of @path without empty ones. */
static char **
splitPath(const char *path)
{
    g_auto(GStrv) raw = g_strsplit(path, "/", -1);
    GPtrArray *parts = g_ptr_array_new();
    size_t i;

    for (i = 0; raw[i]; i++) {
        if (*raw[i])
            g_ptr_array_add(parts, g_strdup(raw[i]));
    }
    g_ptr_array_add(parts, NULL);
    return (char **)g_ptr_array_free(parts, FALSE);
}

InventoryScope *
inventoryResolvePath(ViSession *session, const char *path, GError **error)
{
    g_autoptr(InventorySpec) spec = inventorySpecNewNames(session);
    g_autoptr(ViObjects) objects = viCollectorRetrieve(session, inventorySpecFilter(spec), error);
    g_autoptr(GString) datacenterPath = g_string_new(NULL);
    g_auto(GStrv) parts = splitPath(path);
    Walk walk = {
        objects, path, parts, viSessionServices(session)->rootFolder, NULL, datacenterPath
    };

    if (!objects)
        return NULL;
    /* Each step searches all objects, and folders may form a cycle. */
    if (g_strv_length(parts) > LIMIT_INVENTORY_DEPTH) {
        g_set_error(error, INVENTORY_ERROR, INVENTORY_ERROR_PATH,
                    "the inventory path has more than %d parts", LIMIT_INVENTORY_DEPTH);
        return NULL;
    }
    return walkPath(&walk, error);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Filter specifications for the inventory. See the drawing in inventory_spec.h. */

#include "inventory_spec.h"

#include "inventory_kind.h"
#include "vi_version.h"

enum { STEP_FOLDER, STEP_HOST_FOLDER, STEP_HOST, STEP_DATASTORE, STEP_DATASTORES, N_STEPS };

/* One step of the walk: along @path of a @type, then the steps in @next. */
typedef struct {
    const char *name;
    const char *type;
    const char *path;
    int next[4];        /* ends with -1 */
} Step;

static const Step steps[N_STEPS] = {
    [STEP_FOLDER]      = { "folder", "Folder", "childEntity",
                           { STEP_FOLDER, STEP_HOST_FOLDER, STEP_HOST, STEP_DATASTORES } },
    [STEP_HOST_FOLDER] = { "hostFolder", "Datacenter", "hostFolder", { STEP_FOLDER, -1 } },
    [STEP_HOST]        = { "host", "ComputeResource", "host", { STEP_DATASTORE, -1 } },
    [STEP_DATASTORE]   = { "datastore", "HostSystem", "datastore", { -1 } },
    /* For an account that sees no host. */
    [STEP_DATASTORES]  = { "datastores", "Datacenter", "datastore", { -1 } },
};

static const char *folderPaths[] = { "name", "parent" };
static const char *datacenterPaths[] = { "name", "parent", "datastore" };
static const char *namePaths[] = { "name" };
static const char *hardwarePaths[] = {
    "summary.hardware.cpuModel",
    "summary.hardware.cpuMhz",
    "summary.hardware.memorySize",
    "summary.hardware.numCpuPkgs",
    "summary.hardware.numCpuCores",
    "summary.hardware.numCpuThreads",
};

#define MAX_TYPES 4
#define MAX_PATHS 32

struct _InventorySpec {
    VimPropertyFilterSpec filter;
    VimPropertySpec properties[MAX_TYPES];
    VimPropertySpec *propertyPointers[MAX_TYPES];
    const char *paths[MAX_TYPES][MAX_PATHS];
    VimObjectSpec objects[2];
    VimObjectSpec *objectPointers[2];
    VimTraversalSpec traversals[N_STEPS];
    VimSelectionSpec *traversalPointers[N_STEPS];
    VimSelectionSpec selections[N_STEPS][4];
    VimSelectionSpec *selectionPointers[N_STEPS][4];
};

/* Returns: the specification for objects of @type, initially empty. */
static VimPropertySpec *
propertiesOf(InventorySpec *spec, const char *type)
{
    const size_t n = spec->filter.n_propSet;
    VimPropertySpec *property;
    size_t i;

    for (i = 0; i < n; i++) {
        if (g_str_equal(spec->properties[i].type, type))
            return &spec->properties[i];
    }
    if (n >= MAX_TYPES)
        g_assert_not_reached();
    property = &spec->properties[n];
    *property = (VimPropertySpec) VIM_INIT(PropertySpec);
    property->type = type;
    property->pathSet = spec->paths[n];
    spec->propertyPointers[spec->filter.n_propSet++] = property;
    return property;
}

/* Adds a property, once. */
static void
addPath(VimPropertySpec *property, const char *path)
{
    size_t i;

    for (i = 0; i < property->n_pathSet; i++) {
        if (g_str_equal(property->pathSet[i], path))
            return;
    }
    if (i >= MAX_PATHS)
        g_assert_not_reached();
    property->pathSet[property->n_pathSet++] = path;
}

static void
addProperties(InventorySpec *spec, const char *type, const char **paths, size_t npaths)
{
    VimPropertySpec *property = propertiesOf(spec, type);
    size_t i;

    for (i = 0; i < npaths; i++)
        addPath(property, paths[i]);
}

/* Adds the properties for pools of @kind that a server of @version has. */
static void
addKind(InventorySpec *spec, const InventoryKind *kind, const char *version)
{
    VimPropertySpec *property = propertiesOf(spec, kind->type);
    const InventoryPath *path;

    for (path = kind->paths; path->name; path++) {
        if (!path->since || viVersionCompare(path->since, version) <= 0)
            addPath(property, path->name);
    }
}

/* Adds @ref as a starting point and returns it, for the caller to add steps. */
static VimObjectSpec *
addStartingPoint(InventorySpec *spec, const SoapMoRef *ref)
{
    VimObjectSpec *object = &spec->objects[spec->filter.n_objectSet];

    *object = (VimObjectSpec) VIM_INIT(ObjectSpec);
    object->obj = (SoapMoRef *)ref;
    spec->objectPointers[spec->filter.n_objectSet++] = object;
    return object;
}

/* Makes step @i with references by name to those of the first @nsteps steps that follow it. */
static void
initStep(InventorySpec *spec, int i, int nsteps)
{
    VimTraversalSpec *traversal = &spec->traversals[i];
    size_t j;

    *traversal = (VimTraversalSpec) VIM_INIT(TraversalSpec);
    traversal->base.name = steps[i].name;
    traversal->type = steps[i].type;
    traversal->path = steps[i].path;
    traversal->selectSet = spec->selectionPointers[i];
    spec->traversalPointers[i] = &traversal->base;

    for (j = 0; j < G_N_ELEMENTS(steps[i].next); j++) {
        VimSelectionSpec *selection = &spec->selections[i][traversal->n_selectSet];

        if (steps[i].next[j] < 0)
            break;
        if (steps[i].next[j] >= nsteps)
            continue;
        *selection = (VimSelectionSpec) VIM_INIT(SelectionSpec);
        selection->name = steps[steps[i].next[j]].name;
        spec->selectionPointers[i][traversal->n_selectSet++] = selection;
    }
}

static InventorySpec *
specNew(void)
{
    InventorySpec *spec = g_new0(InventorySpec, 1);

    spec->filter = (VimPropertyFilterSpec) VIM_INIT(PropertyFilterSpec);
    spec->filter.propSet = spec->propertyPointers;
    spec->filter.objectSet = spec->objectPointers;
    return spec;
}

/* Walks from the root folder along the first @nsteps steps. */
static void
addWalk(InventorySpec *spec, ViSession *session, int nsteps)
{
    VimObjectSpec *root = addStartingPoint(spec, viSessionServices(session)->rootFolder);
    int i;

    for (i = 0; i < nsteps; i++)
        initStep(spec, i, nsteps);
    root->selectSet = spec->traversalPointers;
    root->n_selectSet = (size_t)nsteps;
}

InventorySpec *
inventorySpecNew(ViSession *session, const InventoryScope *scope)
{
    const char *version = viSessionAbout(session)->apiVersion;
    InventorySpec *spec = specNew();
    const InventoryKind *const *kind;

    addProperties(spec, "Datacenter", datacenterPaths, G_N_ELEMENTS(datacenterPaths));
    addProperties(spec, "HostSystem", namePaths, G_N_ELEMENTS(namePaths));
    for (kind = inventoryKinds(); *kind; kind++) {
        if (inventoryKindIsShown(*kind, scope))
            addKind(spec, *kind, version);
    }

    if (scope && scope->host) {
        VimObjectSpec *host = addStartingPoint(spec, scope->host);

        initStep(spec, STEP_DATASTORE, N_STEPS);
        host->selectSet = &spec->traversalPointers[STEP_DATASTORE];
        host->n_selectSet = 1;
        return spec;
    }

    addProperties(spec, "Folder", folderPaths, G_N_ELEMENTS(folderPaths));
    addWalk(spec, session, N_STEPS);
    return spec;
}

InventorySpec *
inventorySpecNewNames(ViSession *session)
{
    InventorySpec *spec = specNew();

    addProperties(spec, "Folder", folderPaths, G_N_ELEMENTS(folderPaths));
    addProperties(spec, "Datacenter", folderPaths, G_N_ELEMENTS(folderPaths));
    addProperties(spec, "ComputeResource", folderPaths, G_N_ELEMENTS(folderPaths));
    addProperties(spec, "HostSystem", folderPaths, G_N_ELEMENTS(folderPaths));
    addWalk(spec, session, STEP_DATASTORE);
    return spec;
}

InventorySpec *
inventorySpecNewHardware(ViSession *session, const InventoryScope *scope)
{
    InventorySpec *spec = specNew();

    addProperties(spec, "HostSystem", hardwarePaths, G_N_ELEMENTS(hardwarePaths));
    if (scope && scope->host) {
        addStartingPoint(spec, scope->host);
        return spec;
    }
    /* For an account that sees no host: an empty reply would count as that of an ended session. */
    addProperties(spec, "Datacenter", namePaths, G_N_ELEMENTS(namePaths));
    addWalk(spec, session, STEP_DATASTORE);
    return spec;
}

const VimPropertyFilterSpec *
inventorySpecFilter(const InventorySpec *spec)
{
    return &spec->filter;
}

void
inventorySpecFree(InventorySpec *spec)
{
    g_free(spec);
}

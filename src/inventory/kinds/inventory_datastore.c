/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Datastores become pools. */

#include <string.h>

#include "base_hash.h"
#include "base_limits.h"
#include "base_names.h"
#include "inventory_datastore.h"
#include "vi_property.h"

/* ---- mounts and datacenters ----------------------------------------------------------------- */

static gboolean
hasPath(const VimHostMountInfo *mount)
{
    return mount && mount->path && *mount->path;
}

/*
 * The relevant mount: that of the host in @scope, else (a standalone host, or a whole vCenter) the
 * first that has a path. NULL if there is none, or none for that host.
 */
static const VimHostMountInfo *
findMount(const InventoryObject *object, const InventoryScope *scope)
{
    size_t n;
    SoapObject *const *mounts = viAnyObjects(inventoryObjectProperty(object, "host"), &n);
    const VimHostMountInfo *first = NULL;
    size_t i;

    for (i = 0; i < n; i++) {
        const VimDatastoreHostMount *mount = soapObjectCast(mounts[i], &vimDatastoreHostMountType);

        if (!mount || !mount->mountInfo)
            continue;
        if (scope && scope->host) {
            if (viMoRefEqual(mount->key, scope->host))
                return mount->mountInfo;
            continue;
        }
        if (!first || (!hasPath(first) && hasPath(mount->mountInfo)))
            first = mount->mountInfo;
    }
    return first;
}

/*
 * "Folder/DC": the names from below the root folder down to @object. Returns: NULL if one of them
 * is longer than LIMIT_NAME_BYTES, or all of them than LIMIT_DATASTORE_PATH, or if there are more
 * than LIMIT_INVENTORY_DEPTH, as in a cycle of folders.
 */
static char *
entityPath(const InventoryStore *store, const InventoryObject *object)
{
    g_autoptr(GString) path = g_string_new(NULL);
    guint depth;

    for (depth = 0; object; depth++) {
        const SoapMoRef *parent = viAnyMoRef(inventoryObjectProperty(object, "parent"));
        const char *name = viAnyString(inventoryObjectProperty(object, "name"));
        const InventoryObject *above = inventoryStoreFind(store, parent);

        /* The root folder has a name too ("Datacenters"), but is not in paths. */
        if (depth > 0 && !parent)
            break;
        if (depth == LIMIT_INVENTORY_DEPTH || (name && !inventoryBuildIsName(name)) ||
            path->len > LIMIT_DATASTORE_PATH)
            return NULL;
        g_string_prepend(path, depth > 0 ? "/" : "");
        g_string_prepend(path, name ? name : "?");
        object = above;
    }
    if (path->len > LIMIT_DATASTORE_PATH)
        return NULL;
    return g_string_free(g_steal_pointer(&path), FALSE);
}

/* A datacenter, shared by all its datastores. */
typedef struct {
    const SoapMoRef *ref;
    const char *path;       /* NULL: missing or too long */
    gboolean isUsable;      /* its datastores can be distinguished from those of others */
} Datacenter;

/*
 * Returns: reference of a datastore → Datacenter, in @build's arena. If two list a datastore, the
 * first by reference counts. If there is no room, some are missing.
 */
static GHashTable *
indexDatacenters(InventoryBuild *build, const InventoryStore *store)
{
    GHashTable *table = g_hash_table_new(inventoryRefHash, inventoryRefEqual);
    g_autoptr(GPtrArray) objects = inventoryStoreObjects(store, "Datacenter");
    guint i;
    size_t j;

    for (i = 0; i < objects->len && !build->full; i++) {
        const InventoryObject *object = g_ptr_array_index(objects, i);
        Datacenter *datacenter = inventoryBuildNew(build, Datacenter, 1);
        g_autofree char *path = entityPath(store, object);
        size_t n;
        SoapMoRef *const *refs = viAnyMoRefs(inventoryObjectProperty(object, "datastore"), &n);

        if (!datacenter)
            break;
        datacenter->ref = inventoryBuildRef(build, inventoryObjectRef(object));
        datacenter->path = inventoryBuildPath(build, path);
        datacenter->isUsable = datacenter->path != NULL;
        for (j = 0; j < n; j++) {
            if (refs[j]->type && refs[j]->value && !g_hash_table_contains(table, refs[j]))
                g_hash_table_insert(table, refs[j], datacenter);
        }
    }
    return table;
}

/* ---- type and source ------------------------------------------------------------------------ */

/*
 * A server that has lost an NFS mount omits its source from the info, but a standalone ESX uses
 * "host:/export" as the reference of such a datastore.
 */
static void
setSourceFromRef(InventoryBuild *build, InventoryDatastore *datastore)
{
    g_auto(GStrv) parts = g_strsplit(datastore->ref->value, ":/", 2);
    g_autofree char *path = parts[0] && parts[1] ? g_strdup_printf("/%s", parts[1]) : NULL;

    if (!path || *parts[0] == '\0')
        return;
    datastore->remoteHost = inventoryBuildName(build, parts[0]);
    datastore->remotePath = inventoryBuildPath(build, path);
}

static void
setNas(InventoryBuild *build, InventoryDatastore *datastore, const VimHostNasVolume *nas)
{
    const gboolean cifs =
        g_ascii_strcasecmp(datastore->fsType, "CIFS") == 0 ||
        (nas && nas->base.type && g_ascii_strcasecmp(nas->base.type, "CIFS") == 0);

    datastore->fs = cifs ? INVENTORY_FS_CIFS : INVENTORY_FS_NFS;
    if (!nas) {
        setSourceFromRef(build, datastore);
        return;
    }
    datastore->remoteHost = inventoryBuildName(build, nas->remoteHost);
    datastore->remotePath = inventoryBuildPath(build, nas->remotePath);
    datastore->servers = inventoryBuildLines(build, nas->remoteHostNames,
                                             nas->n_remoteHostNames);
}

static void
setVmfs(InventoryBuild *build, InventoryDatastore *datastore, const VimHostVmfsVolume *vmfs)
{
    InventoryExtent *extents;
    size_t i;

    datastore->fs = INVENTORY_FS_VMFS;
    if (!vmfs)
        return;

    extents = inventoryBuildNew(build, InventoryExtent, vmfs->n_extent);
    for (i = 0; extents && i < vmfs->n_extent; i++) {
        const char *disk = inventoryBuildName(build, vmfs->extent[i]->diskName);

        if (!disk)
            continue;
        extents[datastore->nextents].disk = disk;
        extents[datastore->nextents++].partition = vmfs->extent[i]->partition;
    }
    datastore->extents = extents;
}

/* The type of the info decides; summary.type is used if the info is of an unknown type. */
static void
setKind(InventoryBuild *build, InventoryDatastore *datastore, const SoapAny *info)
{
    const VimNasDatastoreInfo *nas = viAnyObject(info, &vimNasDatastoreInfoType);
    const VimVmfsDatastoreInfo *vmfs = viAnyObject(info, &vimVmfsDatastoreInfoType);

    datastore->fs = INVENTORY_FS_OTHER;
    if (nas)
        setNas(build, datastore, nas->nas);
    else if (vmfs)
        setVmfs(build, datastore, vmfs->vmfs);
    else if (viAnyObject(info, &vimLocalDatastoreInfoType))
        datastore->fs = INVENTORY_FS_LOCAL;
    else if (g_str_equal(datastore->fsType, "VMFS"))
        datastore->fs = INVENTORY_FS_VMFS;
    else if (g_str_equal(datastore->fsType, "NFS") || g_str_equal(datastore->fsType, "NFS41") ||
             g_str_equal(datastore->fsType, "CIFS"))
        setNas(build, datastore, NULL /* nas */);
}

/* ---- the pool ------------------------------------------------------------------------------- */

/* Whether @mount, of a datastore, is known to be lost. FALSE for NULL. */
static gboolean
isLost(const VimHostMountInfo *mount)
{
    return mount && mount->has_accessible && !mount->accessible;
}

/*
 * Whether all relevant hosts have lost the mount: the one in @scope, or all of them. A datastore
 * that one of several hosts has lost can still be reached through the others.
 */
static gboolean
allLost(const InventoryObject *object, const InventoryScope *scope)
{
    size_t n;
    SoapObject *const *mounts = viAnyObjects(inventoryObjectProperty(object, "host"), &n);
    gboolean lost = FALSE;
    size_t i;

    if (scope && scope->host)
        return isLost(findMount(object, scope));

    for (i = 0; i < n; i++) {
        const VimDatastoreHostMount *mount = soapObjectCast(mounts[i], &vimDatastoreHostMountType);

        if (!mount || !mount->mountInfo)
            continue;
        if (!isLost(mount->mountInfo))
            return FALSE;
        lost = TRUE;
    }
    return lost;
}

/* The path part of a mount path or URL ("ds:///vmfs/volumes/x/"), without trailing slashes. */
static const char *
plainPath(InventoryBuild *build, const char *text)
{
    const char *start = text ? strstr(text, "://") : NULL;
    g_autofree char *path = NULL;
    size_t length;

    if (!text)
        return NULL;

    path = g_strdup(start ? start + 3 : text);
    for (length = strlen(path); length > 1 && path[length - 1] == '/'; length--)
        path[length - 1] = '\0';
    return *path == '/' ? inventoryBuildPath(build, path) : NULL;
}

static void
setPoolSizes(InventoryPool *pool, const VimDatastoreSummary *summary, gboolean lost)
{
    /* A datastore that the account may not read can be accessible. */
    pool->accessible = !lost && (summary ? summary->accessible : pool->datastore->denied != NULL);
    if (!pool->accessible || !summary)
        return;
    pool->capacity = (guint64)MAX(summary->capacity, 0);
    pool->available = MIN((guint64)MAX(summary->freeSpace, 0), pool->capacity);
}

/* Whether @text is "4ab42a25-5a4b0c1e-7b2c-001b21a0b1c2", the identity of a VMFS volume. */
static gboolean
isVolumeIdentity(const char *text)
{
    return g_regex_match_simple("^[0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{12}$", text, 0, 0);
}

/*
 * The mount path, from which the pool's UUID and target path are made. An account that sees no host
 * sees no mount; the URL has the same path, and on an ESX host the reference of a VMFS datastore is
 * its last part.
 */
static const char *
identityOf(InventoryBuild *build, const InventoryDatastore *datastore)
{
    const char *path = datastore->mountPath;
    g_autofree char *volume = NULL;

    if (!path)
        path = plainPath(build, datastore->url);
    if (path || datastore->url)
        return path ? path : datastore->url;
    if (!isVolumeIdentity(datastore->ref->value))
        return NULL;
    volume = g_strconcat("/vmfs/volumes/", datastore->ref->value, NULL);
    return inventoryBuildPath(build, volume);
}

/* The privilege that the account lacks to read what @object is; NULL: none. */
static const char *
privilegeOf(InventoryBuild *build, const InventoryObject *object)
{
    const char *denied = inventoryObjectDenied(object, "summary");
    const char *kept = NULL;

    if (!denied)
        denied = inventoryObjectDenied(object, "browser");
    kept = inventoryBuildName(build, denied);
    return denied && !kept ? "" : kept;
}

static const VimDatastoreSummary *
summaryOf(const InventoryObject *object)
{
    return viAnyObject(inventoryObjectProperty(object, "summary"), &vimDatastoreSummaryType);
}

/* A datastore that the user may not read has no name, so use its reference. */
static const char *
nameOf(const InventoryObject *object)
{
    const VimDatastoreInfo *info = viAnyObject(inventoryObjectProperty(object, "info"),
                                               &vimDatastoreInfoType);
    const VimDatastoreSummary *summary = summaryOf(object);
    const char *name = summary && summary->name ? summary->name : info ? info->name : NULL;

    return name && *name ? name : inventoryObjectRef(object)->value;
}

/*
 * Adds the pool of @object, without datacenter, name, UUID and path, which are set elsewhere.
 * Returns: NULL if there is no room, or its name is too long.
 */
static InventoryPool *
addDatastore(InventoryBuild *build, const InventoryObject *object, const InventoryScope *scope,
             InventoryDatastore **ret_datastore)
{
    const SoapAny *info = inventoryObjectProperty(object, "info");
    const VimDatastoreInfo *base = viAnyObject(info, &vimDatastoreInfoType);
    const VimDatastoreSummary *summary = summaryOf(object);
    const VimHostMountInfo *mount = findMount(object, scope);
    const char *ofInfo = base ? base->url : NULL;
    const char *url = summary && summary->url && *summary->url ? summary->url : ofInfo;
    InventoryDatastore *datastore = inventoryBuildNew(build, InventoryDatastore, 1);
    InventoryPool *pool = datastore ? inventoryBuildPool(build, &inventoryDatastores) : NULL;

    if (!pool)
        return NULL;
    datastore->ref = inventoryBuildRef(build, inventoryObjectRef(object));
    datastore->browser =
        inventoryBuildRef(build, viAnyMoRef(inventoryObjectProperty(object, "browser")));
    datastore->name = inventoryBuildName(build, nameOf(object));
    datastore->url = inventoryBuildPath(build, url);
    datastore->mountPath = inventoryBuildPath(build, hasPath(mount) ? mount->path : NULL);
    datastore->fsType =
        inventoryBuildName(build, summary && summary->type ? summary->type : "OTHER");
    if (!datastore->fsType)
        datastore->fsType = "OTHER";
    datastore->readOnly = mount && g_strcmp0(mount->accessMode, "readOnly") == 0;
    if (!datastore->ref || !datastore->name)
        return NULL;
    datastore->denied = privilegeOf(build, object);
    pool->datastore = datastore;
    setKind(build, datastore, info);
    setPoolSizes(pool, summary, allLost(object, scope));
    *ret_datastore = datastore;
    return pool;
}

/*
 * Whether @object can be a pool. It cannot if its datacenter has no path: without one, requests
 * would reach files of a datastore with the same name in another datacenter.
 */
static gboolean
mayBePool(InventoryBuild *build, const InventoryObject *object, const Datacenter *datacenter)
{
    const char *name = nameOf(object);

    if (!inventoryBuildIsName(name))
        leftOutAdd(&build->leftOut, "a datastore whose name is too long", name);
    else if (datacenter && !datacenter->isUsable)
        leftOutAdd(&build->leftOut, "a datastore whose datacenter has a path that is too long",
                   name);
    else
        return TRUE;
    return FALSE;
}

/* Adds it completely. @datacenter: NULL if none was seen. */
static void
addDatastorePool(InventoryBuild *build, const InventoryObject *object, const InventoryScope *scope,
                 const Datacenter *datacenter)
{
    InventoryDatastore *datastore = NULL;
    InventoryPool *pool = NULL;
    const char *identity = NULL;

    if (!mayBePool(build, object, datacenter))
        return;
    pool = addDatastore(build, object, scope, &datastore);
    if (!pool)
        return;
    identity = identityOf(build, datastore);
    datastore->datacenter = datacenter ? datacenter->ref : NULL;
    datastore->datacenterPath = datacenter ? datacenter->path : NULL;
    pool->name = pool->plainName = datastore->name;
    nameHashUuid(identity ? identity : datastore->ref->value, pool->uuid);
    pool->targetPath = plainPath(build, identity);
}

static gboolean
rebuildDatastore(InventoryBuild *build, const InventoryObject *object,
                 const InventoryScope *scope, const InventoryPool *before)
{
    const InventoryDatastore *known = before->datastore;
    InventoryDatastore *datastore = NULL;
    InventoryPool *pool = addDatastore(build, object, scope, &datastore);

    /*
     * Set these to their values before they were made unique: making them unique gives the same
     * result again, because nothing else they depend on has changed.
     */
    if (!pool || build->full || !g_str_equal(datastore->name, known->name) ||
        g_strcmp0(identityOf(build, datastore), identityOf(build, known)) != 0)
        return FALSE;

    /* These belong to the pool that was built first, in the frame, which lives as long. */
    datastore->datacenter = known->datacenter;
    datastore->datacenterPath = known->datacenterPath;
    pool->name = before->name;
    pool->plainName = before->plainName;
    memcpy(pool->uuid, before->uuid, sizeof(pool->uuid));
    pool->targetPath = before->targetPath;
    return TRUE;
}

/* ---- unique names and UUIDs ----------------------------------------------------------------- */

/*
 * An NFS export that two datacenters of a vCenter have mounted is two datastores with the same
 * mount path. The first, by reference, has the usual UUID; the others need different ones.
 */
static void
makeUuidsUnique(InventoryBuild *build)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(hashUuid, hashUuidEqual);
    guint i;

    for (i = 0; i < build->pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(build->pools, i);
        const char *ref = pool->datastore->ref->value;
        g_autofree char *identity = NULL;
        char text[37];

        if (!g_hash_table_contains(seen, pool->uuid)) {
            g_hash_table_add(seen, pool->uuid);
            continue;
        }
        nameFormatUuid(pool->uuid, text);
        identity = g_strdup_printf("%s\n%s", text, ref);
        nameHashUuid(identity, pool->uuid);
    }
}

/* Counts the occurrences of each name. */
static GHashTable *
countNames(const GPtrArray *pools)
{
    GHashTable *counts = g_hash_table_new(hashText, g_str_equal);
    guint i;

    for (i = 0; i < pools->len; i++) {
        const InventoryPool *pool = g_ptr_array_index(pools, i);
        guint count = GPOINTER_TO_UINT(g_hash_table_lookup(counts, pool->name));

        g_hash_table_insert(counts, (gpointer)pool->name, GUINT_TO_POINTER(count + 1));
    }
    return counts;
}

/*
 * Returns: @pool's name followed by the path of its datacenter, or by its reference if that would
 * be too long; NULL if both would be.
 */
static const char *
uniqueName(InventoryBuild *build, const InventoryPool *pool)
{
    const char *where = pool->datastore->datacenterPath;
    g_autofree char *name = NULL;

    if (!where || strlen(pool->name) + strlen(where) + strlen(" ()") > LIMIT_NAME_BYTES)
        where = pool->datastore->ref->value;
    name = g_strdup_printf("%s (%s)", pool->name, where);
    return inventoryBuildName(build, name);
}

/* Names are unique within one datacenter, but not across several. */
static void
makeNamesUnique(InventoryBuild *build)
{
    g_autoptr(GHashTable) counts = countNames(build->pools);
    guint i;

    for (i = 0; i < build->pools->len; i++) {
        InventoryPool *pool = g_ptr_array_index(build->pools, i);
        const char *name = pool->name;

        if (GPOINTER_TO_UINT(g_hash_table_lookup(counts, name)) < 2)
            continue;
        pool->name = uniqueName(build, pool);
        if (!pool->name)
            leftOutAdd(&build->leftOut, inventoryDatastores.tooLong, name);
    }
    inventoryBuildDropNameless(build);
}

static void
buildDatastores(InventoryBuild *build, const InventoryStore *store, const InventoryScope *scope)
{
    g_autoptr(GHashTable) datacenters = indexDatacenters(build, store);
    g_autoptr(GPtrArray) datastores = inventoryStoreObjects(store, "Datastore");
    Datacenter *only = NULL;
    guint i;

    if (scope && scope->datacenter) {
        only = inventoryBuildNew(build, Datacenter, 1);
        if (!only)
            return;
        only->ref = inventoryBuildRef(build, scope->datacenter);
        only->path = inventoryBuildPath(build, scope->datacenterPath);
        only->isUsable = TRUE;
    }
    for (i = 0; i < datastores->len && !build->full; i++) {
        const InventoryObject *object = g_ptr_array_index(datastores, i);

        addDatastorePool(build, object, scope,
                         only ? only
                              : g_hash_table_lookup(datacenters, inventoryObjectRef(object)));
    }
    if (build->full)
        return;
    makeNamesUnique(build);
    makeUuidsUnique(build);
}

/* ---- the kind -------------------------------------------------------------------------------- */

static gboolean
datastoreDiffers(const InventoryPool *was, const InventoryPool *is)
{
    const InventoryDatastore *before = was->datastore;
    const InventoryDatastore *now = is->datastore;
    size_t i;

    if (before->fs != now->fs || !g_str_equal(before->fsType, now->fsType) ||
        g_strcmp0(before->remoteHost, now->remoteHost) != 0 ||
        g_strcmp0(before->remotePath, now->remotePath) != 0 ||
        g_strcmp0(before->servers, now->servers) != 0 || before->readOnly != now->readOnly ||
        g_strcmp0(before->denied, now->denied) != 0 ||
        before->nextents != now->nextents)
        return TRUE;

    for (i = 0; i < now->nextents; i++) {
        if (!g_str_equal(before->extents[i].disk, now->extents[i].disk) ||
            before->extents[i].partition != now->extents[i].partition)
            return TRUE;
    }
    return FALSE;
}

static const SoapMoRef *
datastoreRef(const InventoryPool *pool)
{
    return pool->datastore->ref;
}

static const char *
datastoreSuffix(const InventoryPool *pool)
{
    return pool->datastore->ref->value;
}

static const InventoryPath paths[] = {
    { .name = "summary" }, { .name = "info" }, { .name = "host" }, { .name = "browser" },
    { .name = NULL },
};

const InventoryKind inventoryDatastores = {
    .type = "Datastore",
    .paths = paths,
    .build = buildDatastores,
    .rebuild = rebuildDatastore,
    .ref = datastoreRef,
    .suffix = datastoreSuffix,
    .tooLong = "a datastore whose name is too long to be made unique",
    .differ = datastoreDiffers,
};

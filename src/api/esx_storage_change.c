/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/*
 * Verbs that change a volume: this file interprets libvirt's flags, and the pool's backend sends
 * the requests.
 */

#include "esx_audit.h"
#include "esx_report.h"
#include "base_text.h"
#include "esx_storage_change.h"

#include <string.h>
#include "esx_storage_door.h"
#include "esx_storage_xml.h"
#include "esx_volume_xml.h"

static void
reportReadOnly(const EsxFound *found)
{
    const char *reason = found->backend->readOnlyReason;

    esxReport(VIR_ERR_NO_SUPPORT, TEXT_MESSAGE,
              reason ? reason : "this kind of storage pool does not support it");
}

/* ---- two changes at once --------------------------------------------------------------------- */

/*
 * Claims the objects of a verb. Data read before may be outdated by a change that was waited for,
 * or that ended in between.
 *
 * @epoch: of esxClaimEpoch(), before the data was read.
 * @ret_isOld: whether the data has to be read again.
 */
static EsxClaim *
claimObjects(virConnectPtr conn, const char *what, const EsxClaimOn *on, size_t n, guint64 epoch,
             bool *ret_isOld, GError **error)
{
    const EsxConnection *connection = conn->privateData;
    EsxClaim *taken = esxClaimTake(what, on, n, connection->options.taskTimeoutMs,
                                   esxServerCancelFlag(), error);

    if (taken)
        *ret_isOld = esxClaimEpoch() != epoch;
    return taken;
}

/* ---- new volumes ---------------------------------------------------------------------------- */

/* Finds the pool and parses the XML of a new volume in it, if the caller has access. */
static int
openCreation(virStoragePoolPtr pool, const char *text, bool isClone, unsigned int flags,
             EsxVolAccess access, EsxFound *ret_found, EsxVolumeXml *ret_xml)
{
    g_autoptr(virStoragePoolDef) poolDef = NULL;

    if (esxFindPoolByUuid(pool->conn, pool->uuid, pool->name, ret_found) < 0)
        return -1;

    poolDef = esxStoragePoolDef(ret_found->pool);
    if (esxVolumeXmlParse(poolDef, text, isClone, flags, ret_xml) < 0)
        return -1;
    if (ret_found->backend->volumeKey)
        ret_xml->def->key = ret_found->backend->volumeKey(ret_found->pool, ret_xml->spec.name);
    if (access(pool->conn, poolDef, ret_xml->def) < 0)
        return -1;
    return esxCheckActive(ret_found);
}

/* Whether @found's pool supports what the XML requests. Returns: 0, or -1 with a libvirt error. */
static int
checkNew(const EsxFound *found, const EsxVolumeXml *wanted)
{
    g_autoptr(GError) error = NULL;

    if (found->backend->volumeCheckNew(wanted->def, &error))
        return 0;
    esxErrorReport(error, "cannot create volume '%s'", wanted->spec.name);
    return -1;
}

static void
reportNotMade(const EsxFound *found, const EsxVolumeSpec *spec, const GError *error)
{
    /* libvirt embeds this in its own text: "storage volume … exists already". */
    if (esxErrorNumber(error) == VIR_ERR_STORAGE_VOL_EXIST &&
        strstr(error->message, ESX_LEFT_BEHIND))
        esxReport(VIR_ERR_STORAGE_VOL_EXIST, "'%s' (" TEXT_MESSAGE ")", spec->name, error->message);
    else if (esxErrorNumber(error) == VIR_ERR_STORAGE_VOL_EXIST)
        esxReport(VIR_ERR_STORAGE_VOL_EXIST, "'%s'", spec->name);
    else
        esxErrorReport(error, "cannot create volume '%s' in pool '%s'", spec->name,
                       found->pool->name);
}

/*
 * Notes in the log how a creation has ended. @found: the pool, and the backend's list of one.
 *
 * Returns: libvirt's object for the new volume, or NULL with a libvirt error.
 */
static virStorageVolPtr
endCreation(virConnectPtr conn, EsxFound *found, const EsxVolumeSpec *spec, EsxAudit *audit,
            bool isDone, const GError *error)
{
    esxAuditLog(audit, isDone, error);
    if (!isDone) {
        reportNotMade(found, spec, error);
        return NULL;
    }
    found->volume = esxVolumeListAt(found->list, 0);
    return esxVolObject(conn, found);
}

/* Claims the name of a new volume. */
static bool
claimNewVolume(virConnectPtr conn, EsxFound *found, const char *name, GError **error)
{
    const EsxClaimOn on = { found->backend->claimKey, found->pool, name, FALSE };
    bool isOld = false;

    found->claim = claimObjects(conn, "its creation", &on, 1, 0 /* epoch */, &isOld, error);
    return found->claim != NULL;
}

virStorageVolPtr
esxStorageVolCreateXML(virStoragePoolPtr pool, const char *xml, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    EsxConnection *connection = pool->conn->privateData;
    g_auto(EsxFound) found = { 0 };
    g_auto(EsxVolumeXml) wanted = { 0 };
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    bool isDone;

    virCheckFlags(VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA | VIR_STORAGE_VOL_CREATE_VALIDATE, NULL);

    if (openCreation(pool, xml, false /* isClone */, flags, virStorageVolCreateXMLEnsureACL, &found,
                     &wanted) < 0)
        return NULL;
    if (!found.backend->volumeCreate) {
        reportReadOnly(&found);
        return NULL;
    }
    if (checkNew(&found, &wanted) < 0)
        return NULL;

    audit = esxAuditNew("create", found.pool->name, wanted.spec.name);
    isDone = claimNewVolume(pool->conn, &found, wanted.spec.name, &error) &&
             found.backend->volumeCreate(connection, found.pool, &wanted.spec, &found.list, &error);
    return endCreation(pool->conn, &found, &wanted.spec, audit, isDone, error);
}

/* Claims the name of a copy, and the source; finds @from again if it may have changed. */
static int
claimCopy(virStorageVolPtr source, EsxFound *found, const EsxVolumeSpec *spec, guint64 epoch,
          EsxFound *from)
{
    const EsxClaimOn on[] = {
        { found->backend->claimKey, found->pool, spec->name, FALSE },
        { from->backend->claimKey, from->pool, from->volume->name, TRUE },
    };
    /* Volumes that cannot be changed need no claim. */
    const size_t n = from->backend->readOnlyReason ? 1 : 2;
    g_autoptr(GError) error = NULL;
    bool isOld = false;

    found->claim = claimObjects(source->conn, "a clone", on, n, epoch, &isOld, &error);
    if (!found->claim) {
        reportNotMade(found, spec, error);
        return -1;
    }
    if (!isOld)
        return 0;
    esxFoundClear(from);
    return esxFindVolume(source->conn, NULL /* uuid */, source->pool, source->name, from);
}

virStorageVolPtr
esxStorageVolCreateXMLFrom(virStoragePoolPtr pool, const char *xml, virStorageVolPtr source,
                           unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(pool->conn->privateData);
    EsxConnection *connection = pool->conn->privateData;
    g_auto(EsxFound) from = { 0 };
    g_auto(EsxFound) found = { 0 };
    g_auto(EsxVolumeXml) wanted = { 0 };
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    const guint64 epoch = esxClaimEpoch();
    bool isDone;

    virCheckFlags(VIR_STORAGE_VOL_CREATE_PREALLOC_METADATA | VIR_STORAGE_VOL_CREATE_VALIDATE, NULL);

    if (openCreation(pool, xml, true /* isClone */, flags, virStorageVolCreateXMLFromEnsureACL,
                     &found, &wanted) < 0)
        return NULL;
    if (!found.backend->volumeClone) {
        reportReadOnly(&found);
        return NULL;
    }
    if (checkNew(&found, &wanted) < 0 ||
        esxFindVolume(pool->conn, NULL /* uuid */, source->pool, source->name, &from) < 0 ||
        claimCopy(source, &found, &wanted.spec, epoch, &from) < 0)
        return NULL;

    audit = esxAuditNew("clone", found.pool->name, wanted.spec.name);
    isDone = found.backend->volumeClone(connection, found.pool, &wanted.spec, from.pool,
                                        from.volume, &found.list, &error);
    return endCreation(pool->conn, &found, &wanted.spec, audit, isDone, error);
}

/* ---- existing volumes ----------------------------------------------------------------------- */

/* A verb, for messages. */
typedef struct {
    const char *verb;
    const char *noun;
} Naming;

static const Naming deleting = { "delete", "a deletion" };
static const Naming wiping = { "wipe", "a wipe" };
static const Naming resizing = { "resize", "a resize" };

static void
reportFailed(const EsxFound *found, const Naming *naming, const GError *error)
{
    esxErrorReport(error, "cannot %s volume '%s' of pool '%s'", naming->verb, found->volume->name,
                   found->pool->name);
}

/* Finds the volume, if the caller may change it, and claims it. */
static int
openChange(virStorageVolPtr vol, EsxVolAccess access, const Naming *naming, EsxFound *ret_found)
{
    const guint64 epoch = esxClaimEpoch();
    g_autoptr(EsxClaim) taken = NULL;
    g_autoptr(GError) error = NULL;
    EsxClaimOn on = { 0 };
    bool isOld = false;

    if (esxOpenVolume(vol, access, ret_found) < 0)
        return -1;
    /* Volumes that cannot be changed need no claim; a missing verb is reported later. */
    if (ret_found->backend->readOnlyReason)
        return 0;

    on = (EsxClaimOn) {
        ret_found->backend->claimKey, ret_found->pool, ret_found->volume->name, FALSE,
    };
    taken = claimObjects(vol->conn, naming->noun, &on, 1, epoch, &isOld, &error);
    if (!taken) {
        reportFailed(ret_found, naming, error);
        return -1;
    }
    if (isOld) {
        esxFoundClear(ret_found);
        if (esxOpenVolume(vol, access, ret_found) < 0)
            return -1;
    }
    ret_found->claim = g_steal_pointer(&taken);
    return 0;
}

/* Notes in the log how a change has ended. Returns: 0, or -1 with a libvirt error. */
static int
endChange(const EsxFound *found, const Naming *naming, EsxAudit *audit, bool isDone,
          const GError *error)
{
    esxAuditLog(audit, isDone, error);
    if (isDone)
        return 0;
    reportFailed(found, naming, error);
    return -1;
}

int
esxStorageVolDelete(virStorageVolPtr vol, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    bool isDone;

    virCheckFlags(0, -1);

    if (openChange(vol, virStorageVolDeleteEnsureACL, &deleting, &found) < 0)
        return -1;
    if (!found.backend->volumeDelete) {
        reportReadOnly(&found);
        return -1;
    }
    audit = esxAuditNew(deleting.verb, found.pool->name, found.volume->name);
    isDone = found.backend->volumeDelete(vol->conn->privateData, found.pool, found.volume, &error);
    return endChange(&found, &deleting, audit, isDone, error);
}

static int
wipeVolume(virStorageVolPtr vol, unsigned int algorithm, EsxVolAccess access)
{
    g_auto(EsxFound) found = { 0 };
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    bool isDone;

    if (openChange(vol, access, &wiping, &found) < 0)
        return -1;
    if (!found.backend->volumeWipe) {
        reportReadOnly(&found);
        return -1;
    }
    audit = esxAuditNew(wiping.verb, found.pool->name, found.volume->name);
    isDone = found.backend->volumeWipe(vol->conn->privateData, found.pool, found.volume, algorithm,
                                       &error);
    return endChange(&found, &wiping, audit, isDone, error);
}

int
esxStorageVolWipe(virStorageVolPtr vol, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);

    virCheckFlags(0, -1);

    return wipeVolume(vol, VIR_STORAGE_VOL_WIPE_ALG_ZERO, virStorageVolWipeEnsureACL);
}

int
esxStorageVolWipePattern(virStorageVolPtr vol, unsigned int algorithm, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);

    virCheckFlags(0, -1);

    if (algorithm >= VIR_STORAGE_VOL_WIPE_ALG_LAST) {
        esxReport(VIR_ERR_INVALID_ARG, "unknown wiping algorithm %u", algorithm);
        return -1;
    }
    return wipeVolume(vol, algorithm, virStorageVolWipePatternEnsureACL);
}

/* The capacity that the volume of @found would have after a request for @capacity. */
static guint64
roundCapacity(const EsxFound *found, guint64 capacity)
{
    const EsxStorageBackend *backend = found->backend;

    return backend->volumeRound ? backend->volumeRound(found->volume, capacity) : capacity;
}

/*
 * The capacity that @given and @flags request. A difference is added, or with SHRINK subtracted.
 *
 * Returns: 0, or -1 with VIR_ERR_INVALID_ARG.
 */
static int
resolveCapacity(const EsxFound *found, const EsxVolume *volume, unsigned long long given,
                unsigned int flags, guint64 *ret_capacity)
{
    const bool shrinks = (flags & VIR_STORAGE_VOL_RESIZE_SHRINK) != 0;
    const char *reason = found->backend->growOnlyReason;
    guint64 capacity = given;

    if (flags & VIR_STORAGE_VOL_RESIZE_DELTA) {
        if (given > (shrinks ? volume->capacity : G_MAXINT64 - volume->capacity)) {
            esxReport(VIR_ERR_INVALID_ARG,
                      "volume '%s' has a capacity of %" G_GUINT64_FORMAT " bytes, which "
                      "cannot be %s by %llu", volume->name, volume->capacity,
                      shrinks ? "reduced" : "enlarged", given);
            return -1;
        }
        capacity = shrinks ? volume->capacity - given : volume->capacity + given;
    }

    if (roundCapacity(found, capacity) < volume->capacity && !shrinks) {
        esxReport(VIR_ERR_INVALID_ARG,
                  "volume '%s' has a capacity of %" G_GUINT64_FORMAT " bytes, which is more than "
                  "the requested %" G_GUINT64_FORMAT " bytes; " TEXT_MESSAGE,
                  volume->name, volume->capacity, capacity,
                  reason ? reason : "VIR_STORAGE_VOL_RESIZE_SHRINK allows it");
        return -1;
    }
    *ret_capacity = capacity;
    return 0;
}

/*
 * The volume with its present capacity, if the result depends on it: a difference is added to it,
 * and a refusal reports it.
 */
static int
lookAtCapacity(virStorageVolPtr vol, const EsxFound *found, unsigned long long given,
               unsigned int flags, EsxVolume *ret_volume)
{
    g_autoptr(GError) error = NULL;

    *ret_volume = *found->volume;
    if (!found->backend->volumeCapacity ||
        (!(flags & VIR_STORAGE_VOL_RESIZE_DELTA) &&
         roundCapacity(found, given) >= found->volume->capacity))
        return 0;
    if (found->backend->volumeCapacity(vol->conn->privateData, found->pool, found->volume,
                                       &ret_volume->capacity, &error))
        return 0;
    reportFailed(found, &resizing, error);
    return -1;
}

int
esxStorageVolResize(virStorageVolPtr vol, unsigned long long capacity, unsigned int flags)
{
    g_autoptr(PlacesVisit) visit = esxConnectionVisit(vol->conn->privateData);
    g_auto(EsxFound) found = { 0 };
    g_autoptr(EsxAudit) audit = NULL;
    g_autoptr(GError) error = NULL;
    EsxVolume now = { 0 };
    guint64 wanted = 0;
    bool isDone;

    virCheckFlags(VIR_STORAGE_VOL_RESIZE_ALLOCATE | VIR_STORAGE_VOL_RESIZE_DELTA |
                  VIR_STORAGE_VOL_RESIZE_SHRINK, -1);

    if (openChange(vol, virStorageVolResizeEnsureACL, &resizing, &found) < 0)
        return -1;
    if (!found.backend->volumeResize) {
        reportReadOnly(&found);
        return -1;
    }
    if (lookAtCapacity(vol, &found, capacity, flags, &now) < 0 ||
        resolveCapacity(&found, &now, capacity, flags, &wanted) < 0)
        return -1;

    audit = esxAuditNew(resizing.verb, found.pool->name, found.volume->name);
    isDone = found.backend->volumeResize(vol->conn->privateData, found.pool, &now, wanted,
                                         flags & VIR_STORAGE_VOL_RESIZE_ALLOCATE, &error);
    return endChange(&found, &resizing, audit, isDone, error);
}

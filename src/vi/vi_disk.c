/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Virtual disks, with all of their extents. */

#include "vi_change.h"

static SoapMoRef *
diskManager(const ViChanging *changing, GError **error)
{
    return viChangeManager(changing, viSessionServices(changing->session)->virtualDiskManager,
                           "VirtualDiskManager", error);
}

static const char *
wireType(ViDiskType type)
{
    switch (type) {
    case VI_DISK_THIN:
        return VIM_VIRTUAL_DISK_TYPE_THIN;
    case VI_DISK_EAGER:
        return VIM_VIRTUAL_DISK_TYPE_EAGER_ZEROED_THICK;
    case VI_DISK_THICK:
    case VI_DISK_UNKNOWN:
        break;
    }
    return VIM_VIRTUAL_DISK_TYPE_PREALLOCATED;
}

static const char *
wireAdapter(const ViDiskKind *kind)
{
    return kind->adapter ? kind->adapter : VIM_VIRTUAL_DISK_ADAPTER_TYPE_LSI_LOGIC;
}

gboolean
viDiskCreate(ViSession *session, const ViPath *disk, guint64 capacityKb, const ViDiskKind *kind,
             ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodCreateVirtualDisk_Task,
        .path = disk->path,
    };
    VimCreateVirtualDisk_TaskRequest args = VIM_INIT(CreateVirtualDisk_TaskRequest);
    VimFileBackedVirtualDiskSpec spec = VIM_INIT(FileBackedVirtualDiskSpec);

    spec.base.diskType = wireType(kind->type);
    spec.base.adapterType = wireAdapter(kind);
    spec.capacityKb = (gint64)MIN(capacityKb, (guint64)G_MAXINT64);
    args.self = diskManager(&changing, error);
    args.name = disk->path;
    args.datacenter = (SoapMoRef *)disk->datacenter;
    args.spec = &spec.base;
    return args.self && viChangeRun(&changing, &args, error);
}

/* ---- copy ----------------------------------------------------------------------------------- */

/* One copy; of @kind, if that is given. */
static gboolean
copyOnce(ViSession *session, const ViPath *from, const ViPath *to, const ViDiskKind *kind,
         ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodCopyVirtualDisk_Task,
        .path = from->path, .toPath = to->path,
    };
    VimCopyVirtualDisk_TaskRequest args = VIM_INIT(CopyVirtualDisk_TaskRequest);
    VimVirtualDiskSpec spec = VIM_INIT(VirtualDiskSpec);

    if (kind) {
        spec.diskType = wireType(kind->type);
        spec.adapterType = wireAdapter(kind);
        args.destSpec = &spec;
    }
    args.self = diskManager(&changing, error);
    args.sourceName = from->path;
    args.sourceDatacenter = (SoapMoRef *)from->datacenter;
    args.destName = to->path;
    args.destDatacenter = (SoapMoRef *)to->datacenter;
    args.has_force = TRUE;
    args.force = FALSE;
    return args.self && viChangeRun(&changing, &args, error);
}

/*
 * Whether @error may be a refusal of the requested kind. If something else was refused, the second
 * copy is refused in the same way.
 */
static gboolean
mayRefuseKind(const GError *error)
{
    return g_error_matches(error, VI_ERROR, VI_ERROR_NOT_SUPPORTED) ||
           g_error_matches(error, VI_ERROR, VI_ERROR_INVALID_ARGUMENT);
}

gboolean
viDiskCopy(ViSession *session, const ViPath *from, const ViPath *to, const ViDiskKind *kind,
           ViChange *change, gboolean *ret_kindTaken, GError **error)
{
    g_autoptr(GError) refusal = NULL;
    gboolean ok = copyOnce(session, from, to, kind, change, &refusal);
    gboolean kindTaken = ok && kind;

    /* It was refused, so nothing was done, and the call may be sent again. */
    if (!ok && kind && mayRefuseKind(refusal)) {
        g_clear_error(&refusal);
        ok = copyOnce(session, from, to, NULL /* kind */, change, &refusal);
    }
    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&refusal));
        return FALSE;
    }
    if (ret_kindTaken)
        *ret_kindTaken = kindTaken;
    return TRUE;
}

/* ---- existing files ------------------------------------------------------------------------- */

gboolean
viDiskExtend(ViSession *session, const ViPath *disk, guint64 capacityKb, gboolean zeroed,
             ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodExtendVirtualDisk_Task,
        .path = disk->path,
    };
    VimExtendVirtualDisk_TaskRequest args = VIM_INIT(ExtendVirtualDisk_TaskRequest);

    args.self = diskManager(&changing, error);
    args.name = disk->path;
    args.datacenter = (SoapMoRef *)disk->datacenter;
    args.newCapacityKb = (gint64)MIN(capacityKb, (guint64)G_MAXINT64);
    args.has_eagerZero = TRUE;
    args.eagerZero = zeroed;
    return args.self && viChangeRun(&changing, &args, error);
}

gboolean
viDiskZeroFill(ViSession *session, const ViPath *disk, ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodZeroFillVirtualDisk_Task,
        .path = disk->path,
    };
    VimZeroFillVirtualDisk_TaskRequest args = VIM_INIT(ZeroFillVirtualDisk_TaskRequest);

    args.self = diskManager(&changing, error);
    args.name = disk->path;
    args.datacenter = (SoapMoRef *)disk->datacenter;
    return args.self && viChangeRun(&changing, &args, error);
}

gboolean
viDiskDelete(ViSession *session, const ViPath *disk, ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodDeleteVirtualDisk_Task,
        .path = disk->path,
    };
    VimDeleteVirtualDisk_TaskRequest args = VIM_INIT(DeleteVirtualDisk_TaskRequest);

    args.self = diskManager(&changing, error);
    args.name = disk->path;
    args.datacenter = (SoapMoRef *)disk->datacenter;
    return args.self && viChangeRun(&changing, &args, error);
}

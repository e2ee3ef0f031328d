/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

/* Directories, and files that are not virtual disks. */

#include "vi_change.h"

static SoapMoRef *
fileManager(const ViChanging *changing, GError **error)
{
    return viChangeManager(changing, viSessionServices(changing->session)->fileManager,
                           "FileManager", error);
}

/* ---- directories ---------------------------------------------------------------------------- */

gboolean
viFileMakeDirectory(ViSession *session, const ViPath *directory, gboolean parents,
                    ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodMakeDirectory,
        .path = directory->path,
    };
    VimMakeDirectoryRequest args = VIM_INIT(MakeDirectoryRequest);

    args.self = fileManager(&changing, error);
    args.name = directory->path;
    args.datacenter = (SoapMoRef *)directory->datacenter;
    args.has_createParentDirectories = TRUE;
    args.createParentDirectories = parents;
    return args.self && viChangeCall(&changing, &args, error);
}

gboolean
viFileMakeNamespace(ViSession *session, const SoapMoRef *datastore, const char *name,
                    ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodCreateDirectory, .path = name,
    };
    VimCreateDirectoryRequest args = VIM_INIT(CreateDirectoryRequest);

    args.self = viChangeManager(&changing, viSessionServices(session)->namespaceManager,
                                "DatastoreNamespaceManager", error);
    args.datastore = (SoapMoRef *)datastore;
    args.displayName = name;
    return args.self && viChangeCall(&changing, &args, error);
}

/* ---- files ---------------------------------------------------------------------------------- */

gboolean
viFileDelete(ViSession *session, const ViPath *file, ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodDeleteDatastoreFile_Task,
        .path = file->path,
    };
    VimDeleteDatastoreFile_TaskRequest args = VIM_INIT(DeleteDatastoreFile_TaskRequest);

    args.self = fileManager(&changing, error);
    args.name = file->path;
    args.datacenter = (SoapMoRef *)file->datacenter;
    return args.self && viChangeRun(&changing, &args, error);
}

gboolean
viFileMove(ViSession *session, const ViPath *from, const ViPath *to, gboolean force,
           ViChange *change, GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodMoveDatastoreFile_Task,
        .path = from->path, .toPath = to->path,
    };
    VimMoveDatastoreFile_TaskRequest args = VIM_INIT(MoveDatastoreFile_TaskRequest);

    args.self = fileManager(&changing, error);
    args.sourceName = from->path;
    args.sourceDatacenter = (SoapMoRef *)from->datacenter;
    args.destinationName = to->path;
    args.destinationDatacenter = (SoapMoRef *)to->datacenter;
    args.has_force = TRUE;
    args.force = force;
    return args.self && viChangeRun(&changing, &args, error);
}

gboolean
viFileCopy(ViSession *session, const ViPath *from, const ViPath *to, ViChange *change,
           GError **error)
{
    const ViChanging changing = {
        .session = session, .change = change, .method = &vimMethodCopyDatastoreFile_Task,
        .path = from->path, .toPath = to->path,
    };
    VimCopyDatastoreFile_TaskRequest args = VIM_INIT(CopyDatastoreFile_TaskRequest);

    args.self = fileManager(&changing, error);
    args.sourceName = from->path;
    args.sourceDatacenter = (SoapMoRef *)from->datacenter;
    args.destinationName = to->path;
    args.destinationDatacenter = (SoapMoRef *)to->datacenter;
    args.has_force = TRUE;
    args.force = FALSE;
    return args.self && viChangeRun(&changing, &args, error);
}

/*
 * SPDX-License-Identifier: LGPL-2.1-or-later
 * Copyright (C) 2026 the libvirt-esx-storage authors
 */

#pragma once

#include "esx_volume.h"
#include "vi_browser.h"

/*
 * The volumes among the files that a search of a datastore found: every file except extents of
 * disks, which belong to their descriptors, and files for the host's own use. A file
 * that is named like an extent is a volume if the server reports it as a disk with a capacity.
 *
 *   name        "dir/file", with the real names of folders
 *   alias       the same with friendly names of folders, if there are any
 *   key, path   "[pool] dir/file"
 *   format      vmdk, iso, else raw: by the file's type, if the server gives one, else its name
 *   capacity    of a disk: as seen by a guest; else, or if unknown: the file's size
 *   disk        thin or thick and the adapter, if the server gives them; it does not say "eager"
 *
 * @datastore: the name in the paths of the search; @pool: the name in keys and paths of volumes.
 *
 * A file with a path longer than LIMIT_DATASTORE_PATH is left out, and counted in the list. A
 * friendly name longer than LIMIT_NAME_BYTES counts as none, and so does that of a folder below
 * LIMIT_FRIENDLY_LEVELS others.
 *
 * Returns: (transfer full) a sealed list, or NULL with VI_ERROR_PROTOCOL if it takes too much
 * memory for the size of the reply.
 */
EsxVolumeList *esxVmfsFilesList(const ViSearch *search, const char *datastore, const char *pool,
                                GError **error);

/*
 * The same for a search of one folder: the volume @name alone, if it is there. If the server has
 * another name for the folder, the volume's name has that one, and @name is its alias.
 */
EsxVolumeList *esxVmfsFilesFind(const ViSearch *search, const char *datastore, const char *pool,
                                const char *name, GError **error);

/* The format that a file's name means to ESX: VIR_STORAGE_FILE_VMDK, _ISO or _RAW. */
int esxVmfsFormatByName(const char *name);

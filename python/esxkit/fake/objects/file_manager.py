# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors

"""FileManager: present, so that ServiceContent names it; it can do nothing yet and says NotSupported."""

from esxkit.fake.registry import ManagedObject


class FileManager(ManagedObject):
    """The file manager."""

    vi_name = "FileManager"

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The verbs of the matrix, one row each; what they do is in `actions.py`."""

from __future__ import annotations

from typing import Any

import attrs

KINDS = ("esx", "vpx")


@attrs.frozen
class Verb:
    """One verb.

    Args:
        action: a function of `actions.py`.
        changes: whether a success must have changed the datastore.
        opens: whether it opens a connection of its own.
        switches: of the fake, while it runs.
        kinds: the servers it is run against.
    """

    action: str
    changes: bool = False
    opens: bool = False
    switches: dict[str, Any] = attrs.field(factory=dict)
    kinds: tuple[str, ...] = KINDS


_READS = (
    *("host", "pool_list", "pool_names", "pool_info", "pool_xml", "target_xml", "pool_refresh", "target_refresh"),
    *("vol_list", "vol_names", "target_vol_list", "vol_info", "vol_by_key", "vol_by_path", "vol_by_uuid"),
    *("download_disk", "download_file", "download_range", "download_sparse"),
)
_CHANGES = (
    *("upload_disk", "upload_file", "upload_known", "upload_sparse"),
    *("create_file", "create_file_in_folders", "create_disk", "create_disk_in_folder"),
    *("clone_disk", "clone_larger", "clone_file", "clone_elsewhere", "resize", "wipe", "delete_disk", "delete_file"),
)
_SLOW = {"task_ms": 470}
"""Tasks that are not done at the first looks, so that a collector of their own waits for them."""
_SLOW_COPIES = {"task_bytes_per_second": 2_000_000}
"""The same for those that copy only."""

VERBS: dict[str, Verb] = {
    "open_close": Verb("open_close", opens=True),
    "first_list": Verb("first_list", opens=True),
    **{name: Verb(name) for name in _READS},
    **{name: Verb(name, changes=True) for name in _CHANGES},
    "slow_vol_list": Verb("vol_list", switches=_SLOW, kinds=("esx",)),
    "slow_clone_disk": Verb("clone_disk", changes=True, switches=_SLOW_COPIES, kinds=("esx",)),
}

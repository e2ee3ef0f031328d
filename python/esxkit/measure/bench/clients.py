# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Who is measured, and how each is told to do what: our driver in three ways, and those beside it."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from esxkit.harness import environment, uri
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.servers import PASSWORD
from esxkit.harness.virsh import client_environment
from esxkit.measure.bench import worlds
from esxkit.measure.bench.replay import ReplayServer
from esxkit.measure.bench.runner import Command

EMBEDDED, COLD, LIVE = "embedded", "libvirtd cold", "libvirtd live"
BUILTIN, PYVMOMI, CURL = "built-in", "pyVmomi", "curl"
CLIENTS = {
    EMBEDDED: "virsh, our driver loaded into it",
    COLD: "virsh through libvirtd, which is not logged in",
    LIVE: "virsh through libvirtd, where another client holds the connection open",
    BUILTIN: "virsh, libvirt's built-in ESX driver",
    PYVMOMI: "a Python script, written the way pyVmomi's samples are",
    CURL: "curl with the fewest requests that can answer; it discards the replies",
}
OURS = (EMBEDDED, COLD, LIVE)

CACHE_TTL = 1
"""Seconds that what a live daemon has read of a datastore counts as current; runs are further apart."""

_VIRSH = {
    "vol-list --details": ("vol-list", worlds.POOL, "--details"),
    "vol-info": ("vol-info", "--pool", worlds.POOL, worlds.VOLUME),
    "pool-list": ("pool-list",),
    "pool-list --all --details": ("pool-list", "--all", "--details"),
}
_SCRIPT = {
    "vol-list --details": ("vol-list", worlds.POOL),
    "vol-info": ("vol-info", worlds.POOL, worlds.VOLUME),
    "pool-list": ("pool-list",),
    "pool-list --all --details": ("pool-details",),
}
COMMANDS = tuple(_VIRSH)
OF_VOLUMES = COMMANDS[:2]


def search_is_fresh(command: str) -> bool:
    """Whether the command of a live daemon must come later than CACHE_TTL after the last, to ask its server at all."""
    return command in OF_VOLUMES


@attrs.define
class Clients:
    """Makes commands that reach one replay server.

    Args:
        server: whom they all talk to.
        daemons: the libvirtd between virsh and our driver: one in which nobody is logged in, one that is live.
        folder: private; for credentials and requests.
    """

    server: ReplayServer
    daemons: Mapping[str, PrivateLibvirtd]
    folder: Path
    env: dict[str, str] = attrs.field(init=False)
    _password: Path = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.env = client_environment(self.folder, write_auth_file(self.folder / "auth.conf", PASSWORD))
        self._password = self.folder / "password"
        self._password.touch(mode=0o600)
        self._password.write_text(PASSWORD)

    def uri(self, client: str) -> str:
        """The URI for one of those that use virsh."""
        host, port = self.server.host, self.server.port
        if client == BUILTIN:
            return uri.builtin(host, port)
        parameters: dict[str, Any] = {"cache_ttl": CACHE_TTL} if client == LIVE else {}
        embedded = uri.embedded(host, port, cacert=str(self.server.cacert), **parameters)
        return embedded if client == EMBEDDED else uri.through_daemon(embedded, self.daemons[client].socket)

    def command(self, client: str, what: str) -> Command:
        """One of COMMANDS, done by one of CLIENTS other than curl, which only does what it is shown."""
        if client == PYVMOMI:
            script = str(Path(__file__).with_name("pyvmomi_script.py"))
            address = ("--host", self.server.host, "--port", str(self.server.port), "--user", "root")
            return Command((sys.executable, script, *address, *_SCRIPT[what]), self.env, self._password)
        virsh = environment.program("virsh", "libvirt-clients")
        return Command((virsh, "-c", self.uri(client), *_VIRSH[what]), self.env)


def check(client: str, what: str, output: str, world: tuple[int, int]) -> None:
    """AssertionError unless the output has a line for everything there is: nobody is fast by answering less.

    Args:
        client: who answered; curl's replies are checked when they are recorded.
        what: the command.
        output: what it wrote.
        world: datastores and volumes.
    """
    datastores, disks = world
    if client == CURL:
        return
    if what == "vol-info":
        assert worlds.VOLUME in output, output
    elif what == "vol-list --details":
        found = output.count(".vmdk ") // (2 if client != PYVMOMI else 1)
        assert found == disks, f"{client} lists {found} volumes of {disks}:\n{output[:2000]}"
    else:
        stores, targets = output.count("datastore-"), output.count("iqn.2026-01.org.example:target-")
        assert (stores, targets) == (datastores, worlds.TARGETS), f"{client}: {stores} datastores, {targets} targets"

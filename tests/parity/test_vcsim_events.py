# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What happens at a stranger's server, vcsim, reaches those who listen: pyVmomi changes, our driver tells.

vcsim makes and destroys datastores, but does not rename them. It does rename datacenters, and with these the pools
whose names they tell apart; of an object that was renamed it tells once, whoever waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim

from esxkit.harness import uri
from esxkit.harness.client import Client, Remote
from esxkit.harness.environment import HarnessError
from esxkit.harness.pool_events import Listener
from esxkit.harness.servers import PASSWORD, Vcsim, vcsim_program

# The first of them has vcsim built, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module", params=["esx", "vpx"])
def simulator(request) -> Iterator[tuple[str, Vcsim]]:
    try:
        vcsim_program()
    except HarnessError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))
    arguments = ("-esx",) if request.param == "esx" else ("-dc", "2", "-ds", "1", "-vm", "1")
    with Vcsim(*arguments) as server:
        yield request.param, server


class Administrator:
    """Somebody else at work on vcsim, by pyVmomi."""

    def __init__(self, server: Vcsim) -> None:
        self._connection = SmartConnect(
            host=server.host, port=server.port, user="root", pwd=PASSWORD, disableSslCertValidation=True
        )
        self._content = self._connection.RetrieveContent()

    def _all(self, kind: type) -> list:
        return list(self._content.viewManager.CreateContainerView(self._content.rootFolder, [kind], True).view)

    def _find(self, kind: type, name: str) -> vim.ManagedEntity:
        return next(one for one in self._all(kind) if one.name == name)

    def rename_datacenter(self, name: str, new_name: str) -> None:
        """Rename a datacenter."""
        WaitForTask(self._find(vim.Datacenter, name).Rename_Task(new_name))

    def create(self, name: str, folder: Path) -> None:
        """Make a datastore at the first host."""
        self._all(vim.HostSystem)[0].configManager.datastoreSystem.CreateLocalDatastore(name, str(folder))

    def destroy(self, name: str) -> None:
        """Take a datastore away."""
        WaitForTask(self._find(vim.Datastore, name).Destroy_Task())

    def close(self) -> None:
        Disconnect(self._connection)


@pytest.fixture
def administrator(simulator) -> Iterator[Administrator]:
    administrator = Administrator(simulator[1])
    yield administrator
    administrator.close()


@pytest.fixture
def conn(simulator, site, client: Client) -> Iterator[Remote]:
    scheme, server = simulator
    conn = client.open(site.wrap(uri.embedded(server.host, server.port, scheme=scheme, no_verify=1, linger=0)))
    yield conn
    conn.close()


def test_datastores_come_and_go(client: Client, conn: Remote, administrator: Administrator, tmp_path: Path):
    with Listener(client, conn) as listener:
        before = set(conn.listStoragePools())
        administrator.create("brand new", tmp_path)
        assert "brand new:defined" in listener.until("brand new:started")
        assert set(conn.listStoragePools()) == before | {"brand new"}
        administrator.destroy("brand new")
        assert "brand new:stopped" in listener.until("brand new:undefined")
        assert set(conn.listStoragePools()) == before


@pytest.mark.parametrize("simulator", ["vpx"], indirect=True)
def test_a_pool_changes_its_name(mode: str, client: Client, conn: Remote, administrator: Administrator):
    with Listener(client, conn) as listener:
        before = set(conn.listStoragePools())
        old = min(name for name in before if "(DC" in name)
        store, _, datacenter = old.rstrip(")").partition(" (")
        new = f"{store} ({mode})"
        administrator.rename_datacenter(datacenter, mode)
        assert {f"{old}:stopped", f"{old}:undefined", f"{new}:defined"} <= set(listener.until(f"{new}:started"))
        assert set(conn.listStoragePools()) == before - {old} | {new}

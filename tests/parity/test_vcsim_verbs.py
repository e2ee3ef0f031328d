# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What changes volumes, on a stranger's server: vcsim as an ESX host and as a vCenter.

vcsim keeps each datastore in a real folder; after each step its files are compared with what they must be, and pyVmomi
tells what its browser finds. Only what vcsim implements is tested: it makes, copies and deletes disks and files, and
serves /folder, where it decodes dcPath and dsName once, unlike real servers.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import attrs
import libvirt
import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVim.task import WaitForTask
from pyVmomi import vim

from esxkit.harness import uri
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client, Remote
from esxkit.harness.environment import HarnessError
from esxkit.harness.servers import PASSWORD, Vcsim, vcsim_program
from esxkit.harness.volumes import flat, some_bytes, volume_xml

# The first of them has vcsim built, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)

MIB = 1024 * 1024
ODD_STORE = "sp ace+plus & ü"
NAMES = ["verbs/plain", "blank s/two  blanks", "a+b&c%d#e/ü 漢字", "deep/er/and/deeper/x"]


@attrs.frozen
class SimulatedStore:
    """A datastore of vcsim: by our driver, by pyVmomi, and as the folder that it is."""

    client: Client
    conn: Remote
    pool: Remote
    root: Path
    content: vim.ServiceInstanceContent
    store: vim.Datastore

    def files(self) -> set[str]:
        """All files of the folder, but for vcsim's own."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def browsed(self) -> set[str]:
        """What a search finds, by pyVmomi."""
        task = self.store.browser.SearchSubFolders(
            f"[{self.store.name}]", vim.host.DatastoreBrowser.SearchSpec(matchPattern=["*"])
        )
        WaitForTask(task)
        return {
            f"{result.folderPath.partition(']')[2].strip(' /')}/{file.path}".lstrip("/")
            for result in task.info.result
            for file in result.file
        }

    def run(self, function: str, *arguments: object) -> object:
        return self.client.run(f"esxkit.harness.contents:{function}", *arguments)


@pytest.fixture(scope="module")
def vcsim_or_skip() -> None:
    try:
        vcsim_program()
    except HarnessError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["esx", "vpx"])
def simulator(request, vcsim_or_skip) -> Iterator[tuple[str, Vcsim, vim.ServiceInstance]]:
    arguments = ("-esx", "-vm", "1") if request.param == "esx" else ("-dc", "1", "-ds", "2", "-vm", "1", "-folder", "1")
    with Vcsim(*arguments) as server:
        connection = SmartConnect(
            host=server.host, port=server.port, user="root", pwd=PASSWORD, disableSslCertValidation=True
        )
        yield request.param, server, connection
        Disconnect(connection)


def the_store(content: vim.ServiceInstanceContent, folder: Path) -> vim.Datastore:
    """The datastore with the odd name, made when first asked for."""
    kinds = [vim.HostSystem, vim.Datastore]
    found = content.viewManager.CreateContainerView(content.rootFolder, kinds, True).view
    for one in found:
        if isinstance(one, vim.Datastore) and one.name == ODD_STORE:
            return one
    folder.mkdir()
    host = next(one for one in found if isinstance(one, vim.HostSystem))
    return host.configManager.datastoreSystem.CreateLocalDatastore(ODD_STORE, str(folder))


@pytest.fixture
def place(simulator, site, client: Client) -> SimulatedStore:
    scheme, server, connection = simulator
    content = connection.RetrieveContent()
    store = the_store(content, server.folder / "store")
    conn = client.open(site.wrap(uri.embedded(server.host, server.port, scheme=scheme, no_verify=1, cache_ttl="0")))
    root = Path(store.info.url)
    return SimulatedStore(client, conn, conn.storagePoolLookupByName(store.name), root, content, store)


@pytest.mark.parametrize("stem", NAMES)
def test_the_life_of_a_disk(place: SimulatedStore, stem: str):
    name, copy = f"{stem}.vmdk", f"{stem} copy.vmdk"
    before = place.files()
    volume = place.pool.createXML(volume_xml(name, MIB))
    assert place.files() - before == {name, flat(name)}
    assert {name} <= place.browsed()
    assert name in place.pool.listVolumes()
    place.pool.createXMLFrom(volume_xml(copy, MIB), volume)
    assert {name, flat(name), copy} <= place.files() - before
    with raises_error(libvirt.VIR_ERR_STORAGE_VOL_EXIST, mentions=name):
        place.pool.createXML(volume_xml(name, MIB))
    for one in (name, copy):
        place.pool.storageVolLookupByName(one).delete()
    assert place.files() == before
    assert not {name, copy} & place.browsed()


@pytest.mark.parametrize("stem", NAMES)
def test_the_life_of_a_plain_file(place: SimulatedStore, stem: str):
    name, copy = f"{stem}.iso", f"{stem} copy.iso"
    data = some_bytes(MIB + 5, stem)
    before = place.files()
    volume = place.pool.createXML(volume_xml(name, 4096))
    assert place.files() - before == {name}
    assert (place.root / name).read_bytes() == bytes(4096)
    place.run("upload", volume, data)
    assert place.files() - before == {name}
    assert (place.root / name).read_bytes() == data
    volume = place.pool.storageVolLookupByName(name)
    assert volume.info()[1] == len(data)
    assert place.run("download", volume) == data
    assert place.run("download", volume, 4096, 1000) == data[4096:5096]
    place.pool.createXMLFrom(volume_xml(copy, len(data)), volume)
    assert (place.root / copy).read_bytes() == data
    assert {name, copy} <= place.browsed()
    for one in (name, copy):
        place.pool.storageVolLookupByName(one).delete()
    assert place.files() == before

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Our driver on a stranger's server: vcsim, VMware's own simulator, as an ESX host and as a vCenter.

What must be seen is read from vcsim by pyVmomi. vcsim is built with Go; without Go these tests are skipped, but where
CI=true is set they are required.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import libvirt
import pytest
from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim

from esxkit.harness import schema, uri
from esxkit.harness.check import raises_error
from esxkit.harness.client import Client
from esxkit.harness.environment import HarnessError
from esxkit.harness.servers import PASSWORD, Vcsim, vcsim_program

# The first of them has vcsim built, which takes minutes on a busy machine.
pytestmark = pytest.mark.timeout(600)

HOST_PATH = "DC0/DC0_C0/DC0_C0_H0"
VCENTER_ONLY = pytest.mark.parametrize("simulator", ["vpx"], indirect=True)


@pytest.fixture(scope="module")
def vcsim_or_skip() -> None:
    try:
        vcsim_program()
    except HarnessError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=["esx", "vpx"])
def simulator(request, vcsim_or_skip) -> Iterator[tuple[str, Vcsim]]:
    arguments = ("-esx", "-vm", "3") if request.param == "esx" else ("-dc", "1", "-ds", "3", "-vm", "4")
    with Vcsim(*arguments) as server:
        yield request.param, server


class Truth:
    """What vcsim itself has, by pyVmomi: datastores with their sizes, disks of VMs by their paths, and of its first
    host the adapters that are none of iSCSI, each with the canonical names of its LUNs."""

    def __init__(self, server: Vcsim) -> None:
        connection = SmartConnect(
            host=server.host, port=server.port, user="root", pwd=PASSWORD, disableSslCertValidation=True
        )
        try:
            content = connection.RetrieveContent()
            self.datastores = {
                store.summary.name: (store.summary.capacity, store.summary.freeSpace)
                for store in self._all(content, vim.Datastore)
            }
            self.adapters = self._adapters(self._all(content, vim.HostSystem)[0].config.storageDevice)
            self.disks = {
                device.backing.fileName
                for machine in self._all(content, vim.VirtualMachine)
                for device in machine.config.hardware.device
                if isinstance(device, vim.vm.device.VirtualDisk)
            }
        finally:
            Disconnect(connection)

    @staticmethod
    def _adapters(device) -> dict[str, set[str]]:
        names = {lun.key: lun.canonicalName for lun in device.scsiLun}
        adapters = {
            hba.key: hba.device for hba in device.hostBusAdapter if not isinstance(hba, vim.host.InternetScsiHba)
        }
        found: dict[str, set[str]] = {device: set() for device in adapters.values()}
        for interface in device.scsiTopology.adapter:
            for target in interface.target:
                if interface.adapter in adapters:
                    found[adapters[interface.adapter]] |= {names[lun.scsiLun] for lun in target.lun}
        return found

    @staticmethod
    def _all(content, kind):
        view = content.viewManager.CreateContainerView(content.rootFolder, [kind], True)
        return list(view.view)


@pytest.fixture(scope="module")
def truth(simulator) -> Truth:
    return Truth(simulator[1])


@pytest.fixture
def connection(simulator, site, client: Client):
    scheme, server = simulator
    return client.open(site.wrap(uri.embedded(server.host, server.port, scheme=scheme, no_verify=1)))


def test_pools(connection, simulator, truth: Truth):
    pools = connection.listAllStoragePools(0)
    # Adapters are one host's own: a whole vCenter shows none.
    adapters = truth.adapters if simulator[0] == "esx" else {}
    assert {pool.name() for pool in pools} == set(truth.datastores) | set(adapters)
    for pool in pools:
        if pool.name() in adapters:
            continue
        capacity, free = truth.datastores[pool.name()]
        assert pool.info() == [libvirt.VIR_STORAGE_POOL_RUNNING, capacity, capacity - free, free]
        assert connection.storagePoolLookupByUUIDString(pool.UUIDString()).name() == pool.name()
        assert pool.XMLDesc(0)


@pytest.mark.parametrize("simulator", ["esx"], indirect=True)
def test_adapters(connection, truth: Truth):
    assert truth.adapters
    for name, luns in truth.adapters.items():
        pool = connection.storagePoolLookupByName(name)
        listed = pool.listVolumes()
        assert len(listed) == len(luns)
        assert {pool.storageVolLookupByName(lun).name() for lun in luns} == set(listed)
        schema.validate("storagepool", pool.XMLDesc(0))


def test_volumes(connection, truth: Truth):
    assert truth.disks
    volumes = {volume.path(): volume for pool in connection.listAllStoragePools(0) for volume in pool.listAllVolumes(0)}
    assert truth.disks <= set(volumes)
    assert not [path for path in volumes if path.endswith(("-flat.vmdk", ".vmx", ".log", ".nvram"))]
    for path in truth.disks:
        volume = connection.storageVolLookupByPath(path)
        assert volume.key() == path == volumes[path].key()
        assert volume.info()[0] == libvirt.VIR_STORAGE_VOL_FILE
        assert "vmdk" in volume.XMLDesc(0)
        assert volume.storagePoolLookupByVolume().storageVolLookupByName(volume.name()).path() == path


def test_what_is_not_there(connection):
    with raises_error(libvirt.VIR_ERR_NO_STORAGE_POOL):
        connection.storagePoolLookupByName("nope")
    pool = connection.listAllStoragePools(0)[0]
    for name in ("nope.vmdk", "nope/nope.vmdk"):
        with raises_error(libvirt.VIR_ERR_NO_STORAGE_VOL, mentions=name):
            pool.storageVolLookupByName(name)


def test_the_scheme_must_fit(simulator, site, client: Client):
    scheme, server = simulator
    other = "vpx" if scheme == "esx" else "esx"
    with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions=f"{scheme}://"):
        client.open(site.wrap(uri.embedded(server.host, server.port, scheme=other, no_verify=1)))


@VCENTER_ONLY
def test_one_host_of_a_vcenter(simulator, truth: Truth, site, client: Client):
    _, server = simulator
    address = uri.embedded(server.host, server.port, scheme="vpx", no_verify=1, path=HOST_PATH)
    names = {pool.name() for pool in client.open(site.wrap(address)).listAllStoragePools(0)}
    assert names
    assert set(truth.adapters) <= names <= set(truth.datastores) | set(truth.adapters)


@VCENTER_ONLY
@pytest.mark.parametrize("path", ["DC9/DC0_C0/DC0_C0_H0", "DC0/nope/nope", "DC0/DC0_C0/nope", "DC0"])
def test_a_path_that_leads_nowhere(simulator, site, client: Client, path: str):
    _, server = simulator
    with raises_error(libvirt.VIR_ERR_INVALID_ARG, mentions="DC"):
        client.open(site.wrap(uri.embedded(server.host, server.port, scheme="vpx", no_verify=1, path=path)))

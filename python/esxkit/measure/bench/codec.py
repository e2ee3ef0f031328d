# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.measure.bench.codec``: how fast the codec turns replies into objects.

The replies are those of the fake to what the driver asks; pyVmomi asks for them here, with the driver's specs:

==============  =======================================================================================
``inventory``   the first WaitForUpdatesEx of the default world, with all the driver's inventory is made of
``search``      a task's search of a datastore with 1,000 files, read by RetrievePropertiesEx
``page``        a page of RetrievePropertiesEx: what the inventory reads of 100 datastores
``poll``        a look at a task that is not done yet
==============  =======================================================================================

``tests/bench/bench_codec.c`` then reads each one again and again: our decoder, libxml2 with callbacks that do nothing,
and others for orientation; the same bytes go through pyVmomi's deserialiser here. All times are CPU times, medians.

For others: :func:`measure` does all of it and returns what ``--json`` prints. ``--replies FOLDER`` only writes the
replies, as ``NAME.xml``.
"""

from __future__ import annotations

import argparse
import functools
import gc
import http.client
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from pyVmomi import VmomiSupport, vim, vmodl
from pyVmomi.SoapAdapter import SoapResponseDeserializer, SoapStubAdapter

from esxkit.harness import environment
from esxkit.harness.servers import PASSWORD, Fake

FILES = 1000
DATASTORES = 100
PROGRAM = "tests/bench/bench_codec"
_TURN = 0.05
"""Seconds of one turn of pyVmomi, at least."""

# What inventory_spec.c and vi_task.c ask for.
_HOST = [
    "name",
    "configManager.storageSystem",
    "config.storageDevice.hostBusAdapter",
    "config.storageDevice.scsiLun",
    "config.storageDevice.scsiTopology",
    "config.storageDevice.multipathInfo",
]
_DATASTORE = ["summary", "info", "host", "browser"]
_INVENTORY: dict[type, list[str]] = {
    vim.Datacenter: ["name", "parent", "datastore"],
    vim.HostSystem: _HOST,
    vim.Datastore: _DATASTORE,
    vim.Folder: ["name", "parent"],
}
_STEPS = {
    "folder": (vim.Folder, "childEntity", ("folder", "hostFolder", "host")),
    "hostFolder": (vim.Datacenter, "hostFolder", ("folder",)),
    "host": (vim.ComputeResource, "host", ("datastore",)),
    "datastore": (vim.HostSystem, "datastore", ()),
}
_TASK = ["info.state", "info.progress", "info.error", "info.result"]

_Query = vmodl.query.PropertyCollector


@attrs.frozen
class SampleReply:
    """What came back for one call: the bytes, and as what pyVmomi reads them."""

    body: bytes
    kind: Any


class Recorder(SoapStubAdapter):
    """A stub of pyVmomi without TLS that keeps the last reply; what it returns is pyVmomi's."""

    cookie: str

    def __init__(self, port: int) -> None:
        super().__init__(host="127.0.0.1", port=-port, version=VmomiSupport.newestVersions.GetName("vim"))
        self._connection = http.client.HTTPConnection("127.0.0.1", port)
        self.last: SampleReply

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:  # noqa: N802, N803
        """One call."""
        headers = {"Cookie": self.cookie, "SOAPAction": self.versionId, "Content-Type": "text/xml; charset=utf-8"}
        self._connection.request("POST", "/sdk", self.SerializeRequest(mo, info, args), headers)
        response = self._connection.getresponse()
        self.cookie = (response.getheader("Set-Cookie") or self.cookie).split(";")[0]
        self.last = SampleReply(response.read(), info.result)
        result = self.read(self.last)
        if response.status != 200:
            raise result
        return result

    def read(self, reply: SampleReply) -> Any:
        """What is measured: bytes to objects."""
        return SoapResponseDeserializer(self).Deserialize(reply.body, reply.kind)


def _login(fake: Fake) -> tuple[Recorder, Any]:
    stub = Recorder(fake.plain_port)
    content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    content.sessionManager.Login("root", PASSWORD)
    return stub, content


def _inventory(fake: Fake) -> SampleReply:
    stub, content = _login(fake)
    steps = [
        _Query.TraversalSpec(
            name=name, type=kind, path=path, selectSet=[_Query.SelectionSpec(name=other) for other in following]
        )
        for name, (kind, path, following) in _STEPS.items()
    ]
    spec = _Query.FilterSpec(
        propSet=[_Query.PropertySpec(type=kind, pathSet=paths) for kind, paths in _INVENTORY.items()],
        objectSet=[_Query.ObjectSpec(obj=content.rootFolder, selectSet=steps)],
    )
    content.propertyCollector.CreateFilter(spec, True)
    content.propertyCollector.WaitForUpdatesEx("", _Query.WaitOptions(maxWaitSeconds=0))
    return stub.last


def _datastores(content: Any) -> list[Any]:
    return content.rootFolder.childEntity[0].datastore


def _retrieve(stub: Recorder, content: Any, objects: list[Any], paths: list[str]) -> SampleReply:
    spec = _Query.FilterSpec(
        propSet=[_Query.PropertySpec(type=type(objects[0]), pathSet=paths)],
        objectSet=[_Query.ObjectSpec(obj=one) for one in objects],
    )
    content.propertyCollector.RetrievePropertiesEx([spec], _Query.RetrieveOptions())
    return stub.last


def _page(fake: Fake) -> SampleReply:
    stub, content = _login(fake)
    return _retrieve(stub, content, _datastores(content), _DATASTORE)


def _start_search(content: Any) -> Any:
    browser = vim.host.DatastoreBrowser
    flags = browser.VmDiskQuery.Details(capacityKb=True, diskType=True, thin=True, controllerType=True)
    spec = browser.SearchSpec(
        query=[
            browser.VmDiskQuery(details=flags),
            browser.IsoImageQuery(),
            browser.FloppyImageQuery(),
            browser.FolderQuery(),
            browser.Query(),
        ],
        details=browser.FileInfo.Details(fileType=True, fileSize=True, modification=True, fileOwner=False),
        searchCaseInsensitive=False,
        matchPattern=["*"],
        sortFoldersFirst=False,
    )
    datastore = _datastores(content)[0]
    return datastore.browser.SearchSubFolders(f"[{datastore.name}]", spec)


def _poll(fake: Fake) -> SampleReply:
    stub, content = _login(fake)
    reply = _retrieve(stub, content, [_start_search(content)], _TASK)
    assert b"info.result" not in reply.body, "The task was done at the first look."
    return reply


def _search(fake: Fake) -> SampleReply:
    stub, content = _login(fake)
    task = _start_search(content)
    while True:
        reply = _retrieve(stub, content, [task], _TASK)
        if b"info.result" in reply.body:
            return reply
        time.sleep(0.05)


def make_replies() -> tuple[Recorder, dict[str, SampleReply]]:
    """Ask fakes for all replies; return them by name, and a stub that reads them."""
    disk = {"targets": 1, "luns": 1}
    with Fake(plain_port=0) as fake:
        replies = {"inventory": _inventory(fake)}
    with Fake(counts={"datastores": 1, "volumes": FILES, **disk}, plain_port=0, task_ms=0) as fake:
        replies["search"] = _search(fake)
    with Fake(counts={"datastores": DATASTORES, "volumes": 1, **disk}, plain_port=0) as fake:
        replies["page"] = _page(fake)
        stub, _ = _login(fake)
    with Fake(plain_port=0, task_ms=60_000) as fake:
        replies["poll"] = _poll(fake)
    return stub, replies


def write_replies(folder: Path, replies: dict[str, SampleReply]) -> list[Path]:
    """Write each reply as NAME.xml; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, reply in replies.items():
        files.append(folder / f"{name}.xml")
        files[-1].write_bytes(reply.body)
    return files


def _time(read: Callable[[], Any], rounds: int) -> float:
    """Median CPU time of one call, in microseconds."""
    read()
    begun = time.process_time()
    read()
    times = max(1, int(_TURN / max(time.process_time() - begun, 1e-5)))
    taken = []
    for _ in range(rounds):
        gc.collect()
        begun = time.process_time()
        for _ in range(times):
            read()
        taken.append((time.process_time() - begun) / times)
    return statistics.median(taken) * 1e6


def build_program() -> Path:
    """Build bench_codec in build/, as the module there is built; return where it is."""
    folder = environment.REPOSITORY / "build"
    subprocess.run(["ninja", "-C", str(folder), PROGRAM], check=True, stdout=subprocess.DEVNULL)
    return folder / PROGRAM


def measure(program: Path | None = None, *, rounds: int = 101, pyvmomi_rounds: int = 7) -> dict[str, Any]:
    """Measure everything.

    Args:
        program: bench_codec; by default the one in build/, which is built.
        rounds: of our decoder and libxml2, in turn.
        pyvmomi_rounds: of pyVmomi's deserialiser.

    Returns:
        ``replies``: for each reply what bench_codec tells (see its head), ``pyvmomi_us``, ``speedup_over_pyvmomi``, and
        ``bare_mb_s``, ``decode_mb_s`` and ``pyvmomi_mb_s``, millions of bytes a second; ``codec_ratio_to_libxml2`` and
        ``codec_speedup_over_pyvmomi``: of all replies, read one after the other.
    """
    program = program or build_program()
    stub, replies = make_replies()
    with tempfile.TemporaryDirectory(prefix="esxcodec-") as folder:
        files = write_replies(Path(folder), replies)
        argv = [str(program), "--rounds", str(rounds), *map(str, files)]
        rows = json.loads(subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout)
    for row in rows:
        row["name"] = Path(row["name"]).stem
        reply = replies[row["name"]]
        row["pyvmomi_us"] = _time(functools.partial(stub.read, reply), pyvmomi_rounds)
        row["speedup_over_pyvmomi"] = row["pyvmomi_us"] / row["decode_us"]
        for way in ("bare", "decode", "pyvmomi"):
            row[f"{way}_mb_s"] = row["bytes"] / row[f"{way}_us"]
    bare, decode, pyvmomi = (sum(row[f"{way}_us"] for row in rows) for way in ("bare", "decode", "pyvmomi"))
    return {
        "codec_ratio_to_libxml2": decode / bare,
        "codec_speedup_over_pyvmomi": pyvmomi / decode,
        "replies": rows,
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m esxkit.measure.bench.codec", description=__doc__.split("\n")[0])
    parser.add_argument("--program", type=Path, help="bench_codec (default: the one in build/, built anew)")
    parser.add_argument("--rounds", type=int, default=101)
    parser.add_argument("--replies", type=Path, metavar="FOLDER", help="only write the replies, measure nothing")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    if given.replies:
        print(*write_replies(given.replies, make_replies()[1]), sep="\n")
        return 0
    told = measure(given.program, rounds=given.rounds)
    if given.json:
        print(json.dumps(told, indent=2))
        return 0
    print("MB/s        bytes   libxml2     codec  ratio  pyVmomi  times as fast")
    for row in told["replies"]:
        print(
            f"{row['name']:<9} {row['bytes']:7} {row['bare_mb_s']:9.1f} {row['decode_mb_s']:9.1f} {row['ratio']:6.3f} "
            f"{row['pyvmomi_mb_s']:8.2f} {row['speedup_over_pyvmomi']:6.1f}"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``esxkit demo``: the main job end to end, shown command by command.

Starts a fake ESX host and a private, unmodified libvirtd with the driver, and takes a tour with virsh: through libvirtd
and with the driver in virsh itself. Then things happen to the host, and virsh hears of them. Every output is compared
with what the world file says must be seen, and what is downloaded with what was uploaded.
"""

from __future__ import annotations

import argparse
import shlex
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs

from esxkit.demo.changes import Change, changes
from esxkit.demo.events import happenings, hear
from esxkit.harness import environment, uri
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.environment import HarnessError
from esxkit.harness.oracle import Pool, Volume, World
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import Result, Virsh, client_environment, human

DATASTORE = "datastore1"
TARGET = "iqn.1992-08.com.netapp:sn.1574163012:vs.3"
ADAPTER = "vmhba4"
POOL_OF_EACH_TYPE = (DATASTORE, "nfs41", "vsanDatastore", TARGET, ADAPTER)


@attrs.frozen
class Step:
    """One command of the tour: what it shows, and a check that yields a sentence for whatever is wrong."""

    title: str
    command: tuple[str, ...]
    check: Callable[[Result], Iterator[str]]


def _differences(what: str, got: Sequence[str | None], expected: Sequence[str | None]) -> Iterator[str]:
    if got != expected:
        yield f"{what}: virsh shows {got}, the host has {expected}."


def _check_pools(world: World) -> Callable[[Result], Iterator[str]]:
    def check(result: Result) -> Iterator[str]:
        rows = {row["Name"]: row for row in result.table()}
        yield from _differences("the pools", sorted(rows), sorted(pool.name for pool in world.pools))
        for pool in world.pools:
            state = "running" if pool.accessible else "inaccessible"
            sizes = (pool.capacity, pool.allocation, pool.available)
            shown = [human(size) if pool.accessible else "-" for size in sizes]
            got = list(rows.get(pool.name, {}).values())[1:]
            yield from _differences(f"pool '{pool.name}'", got, [state, "yes", "yes", *shown])

    return check


def _check_volumes(pool: Pool) -> Callable[[Result], Iterator[str]]:
    def check(result: Result) -> Iterator[str]:
        rows = {row["Name"]: row for row in result.table()}
        yield from _differences("the volumes", sorted(rows), sorted(volume.name for volume in pool.volumes))
        for volume in filter(lambda volume: volume.exact, pool.volumes):
            expected = [volume.path, volume.type, human(volume.capacity), human(volume.allocation)]
            yield from _differences(volume.name, list(rows.get(volume.name, {}).values())[1:], expected)

    return check


def _check_pool_info(pool: Pool) -> Callable[[Result], Iterator[str]]:
    def check(result: Result) -> Iterator[str]:
        fields = result.fields()
        expected = [pool.name, pool.uuid, "running", human(pool.capacity)]
        yield from _differences(
            "pool", [fields.get(name, "") for name in ("Name", "UUID", "State", "Capacity")], expected
        )

    return check


def _check_pool_xml(pool: Pool) -> Callable[[Result], Iterator[str]]:
    def check(result: Result) -> Iterator[str]:
        root = ElementTree.fromstring(result.out)
        got = [root.get("type"), root.findtext("name"), root.findtext("uuid"), root.findtext("capacity")]
        yield from _differences("pool", got, [pool.type, pool.name, pool.uuid, str(pool.capacity)])

    return check


def _check_volume_xml(volume: Volume) -> Callable[[Result], Iterator[str]]:
    def check(result: Result) -> Iterator[str]:
        root = ElementTree.fromstring(result.out)
        got = [root.get("type"), *(root.findtext(name) for name in ("name", "key", "capacity", "target/path"))]
        expected = [volume.type, volume.name, volume.key, str(volume.capacity), volume.path]
        yield from _differences("volume", got, expected)

    return check


def tour(world: World) -> list[Step]:
    """The commands and what each must show."""
    datastore, target = world.pool(DATASTORE), world.pool(TARGET)
    disk = next(volume for volume in datastore.volumes if volume.exact and volume.format == "vmdk")
    lun = target.volumes[0]
    steps = [
        Step("All datastores, targets and host bus adapters", ("pool-list", "--all", "--details"), _check_pools(world)),
        Step("One datastore", ("pool-info", DATASTORE), _check_pool_info(datastore)),
        Step("The volumes of a datastore", ("vol-list", DATASTORE, "--details"), _check_volumes(datastore)),
        Step("The LUNs of a target", ("vol-list", TARGET, "--details"), _check_volumes(target)),
        Step("The LUNs of an adapter", ("vol-list", ADAPTER, "--details"), _check_volumes(world.pool(ADAPTER))),
    ]
    for name in POOL_OF_EACH_TYPE:
        pool = world.pool(name)
        steps.append(Step(f"A pool of type '{pool.type}'", ("pool-dumpxml", name), _check_pool_xml(pool)))
    for volume in (disk, lun):
        command = ("vol-dumpxml", "--pool", volume.pool, volume.name)
        steps.append(Step(f"A volume of type '{volume.type}'", command, _check_volume_xml(volume)))
    return steps


def take_tour(virsh: Virsh, steps: Sequence[Step | Change]) -> int:
    """Show all steps; return how many went wrong."""
    wrong = 0
    for step in steps:
        print(f'\n# {step.title}\n$ virsh -c "$URI" {shlex.join(step.command)}')
        result = virsh(*step.command)
        refused = isinstance(step, Change) and step.refused
        print((result.err if refused else result.out).rstrip("\n"))
        try:
            expected = result.ok is not refused
            problems = list(step.check(result)) if expected else [result.err.strip() or "This was not refused."]
        except (OSError, ValueError, ElementTree.ParseError) as error:
            problems = [f"This is not what virsh should print: {error}"]
        for problem in problems:
            print(f"WRONG: {problem}")
        wrong += bool(problems)
    return wrong


def demonstrate() -> int:
    """The whole demonstration; returns the exit code."""
    world = World.load()
    home = environment.private_folder("demo")
    steps: list[Step | Change] = [*tour(world), *changes(DATASTORE, home)]
    total = 2 * (len(steps) + sum(len(happening.events) for happening in happenings()))
    try:
        with Fake() as fake, PrivateLibvirtd(password=PASSWORD) as daemon:
            env = client_environment(home, write_auth_file(home / "auth.conf", PASSWORD))
            print(f"A fake ESX host ({world.host_name}) listens on {fake.host}:{fake.port}.")
            print(f"A private libvirtd with the driver has its socket at {daemon.socket}.")
            print(f"Its password is in an auth file, as libvirt knows it: {_shown(daemon.auth_file)}.")
            embedded = uri.embedded(fake.host, fake.port, cacert=fake.cacert)
            wrong = 0
            for title, address in (
                ("Through libvirtd", uri.through_daemon(embedded, daemon.socket)),
                ("Embedded: the driver in virsh itself", embedded),
            ):
                print(f"\n{'=' * 100}\n{title}\n{'=' * 100}\nURI='{address}'")
                virsh = Virsh(address, env)
                wrong += take_tour(virsh, steps) + hear(virsh, fake)
            requests = fake.requests()
    finally:
        environment.drop_folder(home)
    print(f"\n{'=' * 100}")
    if wrong:
        print(f"{wrong} of {total} steps did not do or show what they must.")
        return 1
    print(
        f"All {total} steps did and showed what they must: {len(world.datastores)} datastores,"
        f" {len(world.targets)} iSCSI targets and {len(world.adapters)} host bus adapters, through libvirtd and"
        f" embedded, in {requests.total()} requests."
    )
    return 0


def _shown(path: Path) -> str:
    return shlex.quote(str(path))


def run(_parsed: argparse.Namespace) -> int:
    """The command."""
    try:
        environment.driver_module("esx")
        return demonstrate()
    except HarnessError as error:
        print(f"esxkit demo: {error}", file=sys.stderr)
        return 1


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Register ``esxkit demo``."""
    parser = subparsers.add_parser("demo", help="fake host, private libvirtd and a tour with virsh")
    parser.set_defaults(run=run)

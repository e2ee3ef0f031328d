# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""`esxkit fake`: the fake server alone. The first line of output is JSON and tells how to reach it."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import typing
from typing import Any

import attrs

from esxkit.fake.options import FakeOptions
from esxkit.fake.server import Running, ready_world
from esxkit.fake.worlds import NAMES, WorldPlan
from esxkit.fake.worlds.counts import counts_world
from esxkit.fake.worlds.plan import RELEASES

_COUNTS = {"datastores": 2, "targets": 2, "luns": 2, "volumes": 4}


def add_parser(subparsers: Any) -> None:
    """Add the command."""
    worlds = "\n".join(f"  {name:14} {text}" for name, text in NAMES.items())
    parser = subparsers.add_parser(
        "fake",
        help="run the fake VI server",
        description="Run a fake ESXi host or vCenter on 127.0.0.1 until it is terminated.",
        epilog=f"worlds:\n{worlds}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--world", choices=list(NAMES), help="what to pretend to be (default: default)")
    parser.add_argument("--vcenter", action="store_true", help="the same as --world vcenter")
    parser.add_argument("--api-version", choices=list(RELEASES), help="release of the product")
    for name, default in _COUNTS.items():
        text = f"make a world from counts with so many {name} (default {default})"
        parser.add_argument(f"--{name}", type=int, metavar="N", help=text)
    for field in attrs.fields(attrs.resolve_types(FakeOptions)):
        _add_option(parser, field)
    parser.set_defaults(run=run)


def _add_option(parser: argparse.ArgumentParser, field: Any) -> None:
    flag = "--" + field.name.replace("_", "-")
    kind = typing.get_args(field.type)[0] if typing.get_args(field.type) and field.name == "plain_port" else field.type
    if field.name == "renamed_types":
        parser.add_argument(flag, action="append", metavar="OLD=NEW", help="send another xsi:type name")
    elif kind is bool:
        action = argparse.BooleanOptionalAction
        parser.add_argument(flag, action=action, default=None, help=f"default: {'on' if field.default else 'off'}")
    else:
        shown = "" if field.default is None or field.name == "password" else f"default: {field.default}"
        parser.add_argument(flag, type=kind, metavar=kind.__name__.upper(), help=shown)


def _options(parsed: argparse.Namespace) -> FakeOptions:
    given = {f.name: getattr(parsed, f.name) for f in attrs.fields(FakeOptions)}
    if given["renamed_types"]:
        given["renamed_types"] = dict(pair.split("=", 1) for pair in given["renamed_types"])
    return FakeOptions(**{name: value for name, value in given.items() if value is not None})


def _world(parsed: argparse.Namespace) -> WorldPlan:
    counts = {name: getattr(parsed, name) for name in _COUNTS}
    if any(value is not None for value in counts.values()):
        if parsed.world or parsed.vcenter:
            raise ValueError("A world is either named or made from counts; leave out one of the two.")
        numbers = [default if counts[name] is None else counts[name] for name, default in _COUNTS.items()]
        return ready_world(counts_world(*numbers), parsed.api_version)
    name = parsed.world or ("vcenter" if parsed.vcenter else "default")
    return ready_world(name, parsed.api_version)


def run(parsed: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    try:
        world, options = _world(parsed), _options(parsed)
    except ValueError as error:
        print(f"esxkit fake: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(_serve(world, options))
    except OSError as error:
        print(f"esxkit fake: Cannot listen on port {options.port}: {error.strerror}.", file=sys.stderr)
        return 1
    return 0


async def _serve(world: WorldPlan, options: FakeOptions) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    running = Running(world, options)
    try:
        address = await running.start()
        print(json.dumps(attrs.asdict(address)), flush=True)
        await stopping.wait()
    finally:
        await running.stop()

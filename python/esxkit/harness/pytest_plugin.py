# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The fixtures of the end-to-end and parity tests.

A test that takes ``virsh``, ``conn`` or ``site`` runs twice: once with the driver loaded into the client ("embedded")
and once through a private libvirtd ("remote"). What only reads shares one fake server, one daemon and one connection
a mode; what changes something or needs switches takes ``new_fake`` and makes connections with ``site``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from esxkit.harness import environment, uri
from esxkit.harness.client import Client, Remote
from esxkit.harness.daemon import PrivateLibvirtd, write_auth_file
from esxkit.harness.oracle import World
from esxkit.harness.servers import PASSWORD, Fake
from esxkit.harness.virsh import Virsh, client_environment

MODES = ("embedded", "remote")


@attrs.frozen
class Site:
    """One way to reach an ESX host: the driver in the client, or in the daemon."""

    mode: str
    env: dict[str, str]
    daemon: PrivateLibvirtd | None
    folder: Path

    @property
    def own_daemon(self) -> PrivateLibvirtd:
        """The daemon, for what a test does only where there is one."""
        assert self.daemon is not None, "There is no daemon in this mode."
        return self.daemon

    def wrap(self, embedded_uri: str) -> str:
        """What a client opens so that `embedded_uri` is reached in this mode."""
        return uri.through_daemon(embedded_uri, self.daemon.socket) if self.daemon else embedded_uri

    def uri(self, server: Fake, **parameters: Any) -> str:
        """The URI of a fake server in this mode, trusting its certificate unless parameters say otherwise."""
        if not {"no_verify", "thumbprint", "cacert", "transport"} & parameters.keys():
            parameters["cacert"] = str(server.cacert)
        return self.wrap(uri.embedded(server.host, server.port, **parameters))

    def virsh(self, server: Fake, **parameters: Any) -> Virsh:
        """virsh bound to a fake server."""
        return Virsh(self.uri(server, **parameters), self.env)

    def client(self, **options: Any) -> Client:
        """A new worker process with libvirt-python."""
        return Client(self.env, **options)


@pytest.fixture(scope="session")
def driver() -> Path:
    """The built driver; without it nothing here can run."""
    return environment.driver_module("esx")


@pytest.fixture(scope="session")
def world() -> World:
    """What must be seen of the default world."""
    return World.load()


@pytest.fixture(scope="session")
def fake() -> Iterator[Fake]:
    """A fake ESX host with the default world, for tests that change nothing."""
    with Fake() as server:
        yield server


@pytest.fixture
def new_fake() -> Iterator[Callable[..., Fake]]:
    """Make fake hosts for one test alone; options as for esxkit.fake's FakeOptions."""
    servers: list[Fake] = []

    def make(**options: Any) -> Fake:
        servers.append(Fake(**options))
        return servers[-1].start()

    yield make
    for server in servers:
        server.stop()


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of the tests' libvirt clients, with the fake's password in its auth file."""
    folder = tmp_path_factory.mktemp("home")
    for name in ("config", "cache", "run"):
        (folder / name).mkdir(mode=0o700)
    write_auth_file(folder / "auth.conf", PASSWORD)
    return folder


@pytest.fixture(scope="session")
def client_env(home: Path) -> dict[str, str]:
    """The environment of the tests' libvirt clients."""
    return client_environment(home, home / "auth.conf")


@pytest.fixture(scope="session")
def libvirtd(driver: Path) -> Iterator[PrivateLibvirtd]:
    """The private libvirtd that all tests share."""
    daemon = PrivateLibvirtd(password=PASSWORD).start()
    yield daemon
    report = daemon.report()
    assert daemon.process.running, f"libvirtd died during the tests:\n{report}"
    assert daemon.stop() == 0, f"libvirtd did not end well:\n{report}"


@pytest.fixture(scope="session", params=MODES)
def mode(request: pytest.FixtureRequest) -> str:
    """Where the driver runs."""
    return request.param


@pytest.fixture(scope="session")
def site(mode: str, driver: Path, client_env: dict[str, str], home: Path, request: pytest.FixtureRequest) -> Site:
    """The way to a host in this mode."""
    daemon = request.getfixturevalue("libvirtd") if mode == "remote" else None
    return Site(mode, client_env, daemon, home)


@pytest.fixture(scope="session")
def virsh(site: Site, fake: Fake) -> Virsh:
    """virsh on the default world."""
    return site.virsh(fake)


@pytest.fixture(scope="session")
def _reader(site: Site) -> Iterator[Client]:
    with site.client() as client:
        yield client


@pytest.fixture(scope="session")
def conn(_reader: Client, site: Site, fake: Fake) -> Remote:
    """An open connection to the default world, shared by the tests that only read."""
    return _reader.open(site.uri(fake))


@pytest.fixture
def client(site: Site) -> Iterator[Client]:
    """A worker process for one test alone."""
    with site.client() as worker:
        yield worker


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the daemon's last words to the report of a failed test."""
    report = yield
    daemon = getattr(item, "funcargs", {}).get("libvirtd")
    site = getattr(item, "funcargs", {}).get("site")
    daemon = daemon or (site.daemon if isinstance(site, Site) else None)
    if report.failed and daemon is not None:
        report.sections.append(("private libvirtd", daemon.report()))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests measured: the matrix's verdicts, round trips beside their budget and the built-in driver's."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    for text in [value for report in reports for name, value in report.user_properties if name == "matrix"]:
        terminalreporter.section("matrix")
        terminalreporter.write_line(text)
    rows = sorted(value for report in reports for name, value in report.user_properties if name == "round trips")
    if not rows:
        return
    terminalreporter.section("round trips")
    terminalreporter.write_line(f"{'mode':9} {'measured':>8} {'budget':>6} {'built-in':>10}  command")
    for mode, command, measured, most, builtin in rows:
        terminalreporter.write_line(f"{mode:9} {measured:8} {most:6} {builtin:>10}  {command}")

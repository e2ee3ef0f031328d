# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The fake as a running server: in a thread of this process, or in a process of its own.

    with FakeServer("default") as fake:
        ...  fake.url, fake.port, fake.cacert, fake.username, fake.password
        fake.control.set(latency_ms=20)

FakeServer and FakeProcess have the same attributes and the same control verbs (control.Control).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

import attrs
from aiohttp import web

from esxkit.fake import tls
from esxkit.fake.control import Control, ControlFrontend
from esxkit.fake.core import Service
from esxkit.fake.dispatch import Dispatcher
from esxkit.fake.folder import FolderApi
from esxkit.fake.http import CountingServer, Frontend, HostFrontend
from esxkit.fake.options import FakeOptions
from esxkit.fake.populate import populate
from esxkit.fake.tickets import HostListener
from esxkit.fake.worlds import WorldPlan
from esxkit.fake.worlds import world as named_world

HOST = "127.0.0.1"


@attrs.frozen
class Address:
    """What a client and a test need to know of a running fake."""

    url: str
    port: int
    username: str
    password: str
    cacert: str
    control: str
    thumbprint_sha256: str
    thumbprint_sha1: str
    plain_url: str | None
    world: str
    api_version: str
    pid: int


class _Site:
    """One listener that can stop and start again at its port."""

    def __init__(self, runner: web.ServerRunner, port: int, context: Any):
        self._runner, self._context = runner, context
        self.port = port
        self._site: web.TCPSite | None = None

    async def start(self) -> None:
        """Listen; `port` is the one taken. Nothing happens if it does already."""
        if self._site is None:
            site = web.TCPSite(self._runner, HOST, self.port, ssl_context=self._context)
            await site.start()
            assert isinstance(site._server, asyncio.Server)
            self._site, self.port = site, site._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Listen no more; connections stay."""
        if self._site is not None:
            site, self._site = self._site, None
            assert site._server is not None
            site._server.close()
            self._runner._unreg_site(site)


class Running:
    """Sockets, service and folder of one fake, inside a running event loop."""

    def __init__(self, world: WorldPlan, options: FakeOptions):
        self.world, self.options = world, options
        self._runners: list[web.ServerRunner] = []
        self._sites: list[_Site] = []
        self.folder = Path(options.state or tempfile.mkdtemp(prefix="esxkit-fake-"))
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.service: Service
        self.dispatcher: Dispatcher
        self.control: Control
        self.address: Address

    async def start(self) -> Address:
        """Listen; the address tells where."""
        certificates = tls.make(self.options.certificate, self.folder)
        builder = populate(self.world, self.options, self.folder / "datastores")
        self.service = builder.service
        self.control = Control(self.service, self.world, builder, self)
        folder = FolderApi(self.service)
        self.dispatcher = Dispatcher(self.service)
        frontend = Frontend(self.dispatcher, folder)
        secure = CountingServer(frontend, self.service)
        port = await self._listen(secure, self.options.port, certificates.context)
        plain = None
        if self.options.plain_port is not None:
            insecure = CountingServer(frontend, self.service)
            number = await self._listen(insecure, self.options.plain_port)
            plain = f"http://{HOST}:{number}/sdk"
        if self.service.is_vcenter:
            await self._listen_for_hosts(folder)
        control = await self._listen(web.Server(ControlFrontend(self.control), access_log=None), 0)
        self._sites.pop()  # The control interface stays when the server goes away.
        self.address = Address(
            url=f"https://{HOST}:{port}/sdk",
            port=port,
            username=self.options.username,
            password=self.options.password,
            cacert=str(certificates.cacert),
            control=f"http://{HOST}:{control}/_fake/",
            thumbprint_sha256=certificates.sha256,
            thumbprint_sha1=certificates.sha1,
            plain_url=plain,
            world=self.world.name,
            api_version=self.world.api_version,
            pid=os.getpid(),
        )
        return self.address

    async def _listen_for_hosts(self, folder: FolderApi) -> None:
        """The web server of the hosts behind a vCenter, with a certificate of its own."""
        own = self.folder / "hosts"
        own.mkdir(mode=0o700, exist_ok=True)
        certificates = tls.make("selfsigned", own)
        server = CountingServer(HostFrontend(self.service, folder.serve_host), self.service)
        port = await self._listen(server, 0, certificates.context)
        self.service.tickets.listener = HostListener(f"{HOST}:{port}", certificates.sha1, certificates.sha256)

    async def _listen(self, server: web.Server, port: int, context: Any = None) -> int:
        runner = web.ServerRunner(server, shutdown_timeout=0.2)
        await runner.setup()
        self._runners.append(runner)
        site = _Site(runner, port, context)
        await site.start()
        self._sites.append(site)
        return site.port

    async def go_away(self) -> None:
        """Close all connections and listen no more."""
        for site in self._sites:
            await site.stop()
        self.service.events.cut()

    async def come_back(self) -> None:
        """Listen again at the same ports."""
        for site in self._sites:
            await site.start()

    async def stop(self) -> None:
        """Close everything and remove the folder, unless it is one that is to stay."""
        if hasattr(self, "service"):
            await self.service.close()
        for runner in self._runners:
            await runner.cleanup()
        if not self.options.state:
            shutil.rmtree(self.folder, ignore_errors=True)


def ready_world(world: WorldPlan | str, api_version: str | None = None) -> WorldPlan:
    """A world by name or as it is, in the API version asked for."""
    result = named_world(world) if isinstance(world, str) else world
    if api_version is not None:
        result.set_api_version(api_version)
    return result


class FakeServer:
    """The fake in a thread of this process. A context manager; `control` runs verbs in its loop."""

    def __init__(
        self,
        world: WorldPlan | str = "default",
        options: FakeOptions | None = None,
        *,
        api_version: str | None = None,
        **switches: Any,
    ):
        self.options = options or FakeOptions()
        self.options.update(switches)
        self._running: Running
        self._world = ready_world(world, api_version)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="esxkit-fake", daemon=True)
        self.address: Address
        self.control = _InProcessControl(self)

    def __enter__(self) -> Self:
        self._thread.start()
        self._running = Running(self._world, self.options)
        try:
            self.address = self.run(self._running.start())
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._running.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def __getattr__(self, name: str) -> Any:
        """url, port, cacert, ... of the address."""
        if name.startswith("_") or name == "address":
            raise AttributeError(name)
        return getattr(self.address, name)

    @property
    def plan(self) -> WorldPlan:
        """The world it began with; what control verbs change is changed in it, too."""
        return self._world

    @property
    def service(self) -> Service:
        """The service itself; touch it only from its loop (see `run`)."""
        return self._running.service

    @property
    def dispatcher(self) -> Dispatcher:
        """What answers its requests; touch it only from its loop."""
        return self._running.dispatcher

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the fake's loop and wait for what it returns."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def counters(self) -> dict[str, Any]:
        """What was asked so far: {"methods": {...}, "total": n, ...}."""
        return self.control.counters()


class _InProcessControl:
    """Control verbs as methods, run in the fake's loop."""

    def __init__(self, fake: FakeServer):
        self._fake = fake

    def __getattr__(self, verb: str) -> Any:
        def call(*positional: Any, **arguments: Any) -> Any:
            async def run() -> Any:
                return await self._fake._running.control.run(verb, arguments, positional)

            return self._fake.run(run())

        return call


class FakeProcess:
    """The fake in a process of its own. `arguments` are those of "esxkit fake"."""

    def __init__(self, *arguments: str):
        self._arguments = arguments
        self._process: subprocess.Popen[str]
        self._output: IO[str]
        self.address: Address

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "esxkit", "fake", *self._arguments]
        package = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, env={**os.environ, "PYTHONPATH": path}
        )
        assert self._process.stdout is not None
        self._output = self._process.stdout
        line = self._output.readline()
        if not line:
            self.__exit__(None, None, None)
            raise RuntimeError("The fake did not start; its own message is on standard error.")
        self.address = Address(**json.loads(line))
        self.control = HttpControl(self.address.control)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def wait(self, seconds: float) -> int:
        """Wait until it has ended by itself; its exit code. TimeoutExpired when it has not in time."""
        return self._process.wait(seconds)

    def freeze(self) -> None:
        """Let it be silent: its connections stay open, and nothing answers. It can be ended only after `thaw`."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, in the middle of whatever it does; with `state` the next one finds what it left."""
        self._process.kill()
        self._process.wait()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "address":
            raise AttributeError(name)
        return getattr(self.address, name)

    def counters(self) -> dict[str, Any]:
        """What was asked so far."""
        return self.control.counters()


class HttpControl:
    """Control verbs of any running fake, over its control URL."""

    def __init__(self, url: str):
        self._url = url

    def __getattr__(self, verb: str) -> Any:
        def call(*positional: Any, **arguments: Any) -> Any:
            if positional:
                arguments["*"] = positional
            request = urllib.request.Request(self._url + verb, data=json.dumps(arguments).encode(), method="POST")
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            try:
                with opener.open(request, timeout=30) as reply:
                    return json.load(reply)
            except urllib.error.HTTPError as error:
                raise ValueError(error.read().decode()) from None

        return call

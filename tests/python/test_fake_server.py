# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The fake as a server: certificates, thread and process, its command line."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from hashlib import sha1, sha256
from pathlib import Path

import pytest

from esxkit.fake import FakeProcess, FakeServer

PACKAGE = Path(__file__).resolve().parents[2] / "python"


def connect(server, verify=True):
    context = ssl.create_default_context(cafile=server.cacert)
    if not verify:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return secure.getpeercert(binary_form=True), secure.version()


def test_good_certificate_and_its_thumbprints(small):
    der, version = connect(small)
    assert version in ("TLSv1.2", "TLSv1.3")
    assert small.thumbprint_sha256.replace(":", "").lower() == sha256(der).hexdigest()
    assert small.thumbprint_sha1.replace(":", "").lower() == sha1(der).hexdigest()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [("selfsigned", "self.signed"), ("expired", "expired"), ("wronghost", "IP address mismatch")],
)
def test_bad_certificates(serve, kind, reason):
    server = serve("empty", certificate=kind)
    with pytest.raises(ssl.SSLCertVerificationError, match=reason):
        connect(server)
    der, _version = connect(server, verify=False)
    assert small_hex(server) == sha256(der).hexdigest()


def small_hex(server):
    return server.thumbprint_sha256.replace(":", "").lower()


def test_plain_listener(serve):
    server = serve("empty", plain_port=0)
    with urllib.request.urlopen(server.plain_url + "/vimServiceVersions.xml") as reply:
        assert reply.status == 200


def test_stop_leaves_nothing(soap):
    with FakeServer("small") as server:
        folder = Path(server.cacert).parent
        assert folder.exists()
        port = server.port
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 5)


def test_stop_does_not_wait_for_a_waiting_client(soap):
    server = FakeServer("small", latency_ms=0)
    with server:
        client = soap(server)
        body = "<version></version><options><maxWaitSeconds>600</maxWaitSeconds></options>"
        client.connection.timeout = 0.3
        client.connection.sock.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.collector("WaitForUpdatesEx", body)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5


def test_port_in_use(small):
    with pytest.raises(OSError, match="in use"):
        FakeServer("empty", port=small.port).__enter__()


def command(*arguments):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE)}
    return subprocess.Popen(
        [sys.executable, "-m", "esxkit", "fake", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_line(number):
    process = command("--port", "0", "--world", "small", "--latency-ms", "1", "--api-version", "6.7")
    address = json.loads(process.stdout.readline())
    assert address["url"] == f"https://127.0.0.1:{address['port']}/sdk"
    assert (address["username"], address["api_version"], address["pid"]) == ("root", "6.7", process.pid)
    assert Path(address["cacert"]).read_text().startswith("-----BEGIN CERTIFICATE")
    with urllib.request.urlopen(address["control"] + "options") as reply:
        assert json.load(reply)["latency_ms"] == 1
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, "", "")
    assert not Path(address["cacert"]).parent.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--world", "small", "--luns", "3"), "either named or made from counts"),
        (("--latency-ms", "-3"), "latency_ms"),
        (("--world", "nowhere"), "invalid choice"),
    ],
)
def test_command_line_mistakes(arguments, message):
    process = command(*arguments)
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 2
    assert message in err
    assert "Traceback" not in err


def test_command_line_port_in_use(small):
    process = command("--port", str(small.port), "--world", "empty")
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"Cannot listen on port {small.port}" in err


def test_process_and_its_control():
    with FakeProcess("--datastores", "3", "--targets", "1", "--luns", "1", "--volumes", "1") as fake:
        assert connect(fake)[1].startswith("TLS")
        assert fake.control.add_datastore(name="another")
        assert fake.counters()["total"] == 0
        assert fake.world == "counts"
    assert not Path(fake.cacert).exists()

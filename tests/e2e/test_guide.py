# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The examples of the guide, run as they are written: they work, and leave no session behind."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from esxkit.harness.environment import REPOSITORY, patience
from esxkit.harness.live import until
from esxkit.harness.process import piped, tied_to_parent
from esxkit.harness.servers import Fake

# The name that the guide gives to a host.
ALIAS = '"esx1"'


def example(page: str) -> str:
    """The Python of a page of the guide."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / "docs" / "howto" / page).read_text(), re.DOTALL)
    (code,) = [block for block in blocks if ALIAS in block]
    return code


def start(site, server: Fake, page: str, log: Path) -> subprocess.Popen[bytes]:
    code = example(page).replace(ALIAS, repr(site.uri(server)))
    with log.open("wb") as errors:
        return subprocess.Popen(
            tied_to_parent([sys.executable, "-c", code]),
            env=site.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
        )


@pytest.mark.parametrize("ending", ["Enter", "end of file", "Ctrl-C"])
def test_the_example_of_events_leaves_nothing_behind(site, new_fake, tmp_path: Path, ending: str):
    server = new_fake()
    child = start(site, server, "events.md", tmp_path / "errors")
    until(lambda: server.sessions() == 1, "it is logged in")
    # What it prints when everything is registered.
    assert piped(child.stdout).read(5) == b"Enter"
    if ending == "Ctrl-C":
        child.send_signal(signal.SIGINT)
    child.communicate(b"\n" if ending == "Enter" else None, timeout=patience(30))
    assert child.returncode == 0, (tmp_path / "errors").read_text()
    server.eventually_without_sessions()


def test_the_example_of_connecting_leaves_nothing_behind(site, new_fake, tmp_path: Path):
    server = new_fake()
    child = start(site, server, "credentials.md", tmp_path / "errors")
    out, _ = child.communicate(timeout=patience(30))
    assert child.returncode == 0, (tmp_path / "errors").read_text()
    assert b"datastore1" in out
    server.eventually_without_sessions()

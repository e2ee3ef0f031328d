# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The commands that people run: ``esxkit demo`` and ``esxkit virsh``."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest

from esxkit.demo import command as demo
from esxkit.harness import environment
from esxkit.harness.oracle import DEFAULT_WORLD, World, read_document

pytestmark = pytest.mark.usefixtures("driver")


def esxkit(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "esxkit", *arguments],
        env={**os.environ, "PYTHONPATH": str(environment.REPOSITORY / "python"), **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=environment.patience(120),
        check=False,
    )


@pytest.fixture(scope="module")
def transcript() -> str:
    done = esxkit("demo")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_demo_shows_every_pool_in_both_modes(transcript: str, world: World):
    halves = transcript.split("Embedded: the driver in virsh itself")
    assert len(halves) == 2
    for half in halves:
        lines = half.splitlines()
        for pool in world.pools:
            state = "running" if pool.accessible else "inaccessible"
            assert any(line.startswith(f" {pool.name} ") and f" {state} " in line for line in lines)
        for kind in ("fs", "netfs", "dir", "iscsi", "scsi"):
            assert f"<pool type='{kind}'>" in half
        for kind in ("file", "block"):
            assert f"<volume type='{kind}'>" in half
        for verb in ("create-as", "upload", "download", "resize", "clone", "list", "wipe", "delete"):
            assert f'$ virsh -c "$URI" vol-{verb} ' in half
        assert "ESX can only enlarge a disk" in half
        assert "event: demo-lun7:started" in half
    assert "WRONG" not in transcript
    assert transcript.rstrip().splitlines()[-1].startswith("All 74 steps did and showed what they must")


def test_the_demo_notices_what_is_wrong(virsh, capsys):
    document = copy.deepcopy(read_document(DEFAULT_WORLD))
    document["datastores"][0]["summary"]["capacity"] += 2**40
    assert demo.take_tour(virsh, demo.tour(World(document))) == 3
    assert capsys.readouterr().out.count("WRONG: ") == 3


def test_without_the_driver_the_demo_says_what_to_do(tmp_path: Path):
    done = esxkit("demo", ESXKIT_DRIVER_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "./dev build" in done.stderr


def test_virsh_starts_a_fake_once_and_keeps_it(tmp_path: Path, world: World):
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    try:
        first = esxkit("virsh", "pool-list", "--all", "--name", XDG_RUNTIME_DIR=str(runtime))
        assert first.returncode == 0, first.stderr
        assert "Started a fake ESX host" in first.stderr
        listed = [line.strip() for line in first.stdout.splitlines() if line.strip()]
        assert sorted(listed) == sorted(pool.name for pool in world.pools)
        second = esxkit("virsh", "-r", "pool-info", "datastore1", XDG_RUNTIME_DIR=str(runtime))
        assert second.returncode == 0, second.stderr
        assert "Started" not in second.stderr
        assert "running" in second.stdout
    finally:
        assert esxkit("virsh", "--stop-fake", XDG_RUNTIME_DIR=str(runtime)).returncode == 0
    assert not (runtime / "esxkit/fake.json").exists()


def test_the_demo_notices_contents_that_are_not_what_was_uploaded(site, fake, tmp_path: Path, capsys):
    """Without its upload, the disk of the demo is full of zeros, and so is the first half of its clone."""
    steps = [step for step in demo.changes("datastore1", tmp_path) if step.title != "A raw image into the disk"]
    assert demo.take_tour(site.virsh(fake), steps) == 2
    assert capsys.readouterr().out.count("WRONG: what was downloaded is not") == 2

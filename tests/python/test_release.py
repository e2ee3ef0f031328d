# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The recipe of a release in docs/HACKING.md: its commands work, and one version is named everywhere."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from esxkit.harness.environment import REPOSITORY

SOURCE = REPOSITORY / ".cache" / "libvirt-source"


def run(*argv: str, folder: Path) -> str:
    """The output of a command that succeeds."""
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False, timeout=150)
    assert done.returncode == 0, f"{shlex.join(argv)}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def version() -> str:
    found = re.search(r"^  version: '([\d.]+)'", (REPOSITORY / "meson.build").read_text(), re.MULTILINE)
    assert found
    return found[1]


def test_one_version_is_named_everywhere():
    major_minor = ".".join(version().split(".")[:2])
    assert re.search(rf"^## {re.escape(version())}\b", (REPOSITORY / "NEWS.md").read_text(), re.MULTILINE)
    assert f"| the latest release, {major_minor} |" in (REPOSITORY / "docs" / "SECURITY.md").read_text()


def test_the_archive_is_whole_and_configures(tmp_path: Path):
    """`meson dist` of a clean clone, by the words of the recipe; meson configures what it unpacks to."""
    if not SOURCE.exists() or not (REPOSITORY / ".git").exists():
        pytest.skip("this is no checkout that ./dev setup has prepared")
    recipe = re.search(r"`(meson\s+dist\s[^`]*)`", (REPOSITORY / "docs" / "HACKING.md").read_text())
    assert recipe
    clone = tmp_path / "clone"
    run("git", "clone", "--quiet", str(REPOSITORY), str(clone), folder=tmp_path)
    setup = ("meson", "setup", "build", f"-Dlibvirt_source={SOURCE.resolve()}", f"-Dpython={sys.executable}")
    run(*setup, folder=clone)
    run(*shlex.split(recipe[1]), folder=clone)
    name = f"libvirt-esx-storage-{version()}"
    run("tar", "xf", str(clone / "build" / "meson-dist" / f"{name}.tar.xz"), folder=tmp_path)
    there = tmp_path / name
    files = run("git", "ls-files", folder=clone).splitlines()
    assert sorted(str(path.relative_to(there)) for path in there.rglob("*") if path.is_file()) == sorted(files)
    run(*setup, folder=there)

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""Gets the source of exactly the installed libvirt, for its private headers.

    libvirt_source.py CACHE_DIR

prints the folder of the unpacked source, `CACHE_DIR/libvirt-X.Y.Z`, and gets it first where it is not there yet.

The system's apt configuration is read and never written: the machine's own package sources are turned into source
entries (deb becomes deb-src) in a temporary folder, with lists and caches of their own. What is trusted is the Sources
index, which apt verifies with the keys the machine's own entries name; each file is then checked against the checksum
in that index. The detached signature of the tarball is not asked for: some archives do not carry it.

Runs with the system's Python alone, before there is a .venv. Exit status 1 and one sentence when it cannot be done.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

APT_HELPER = "/usr/lib/apt/apt-helper"
HELP = (
    "unpack the source of libvirt {version} yourself and name its folder: LIBVIRT_SOURCE=DIR ./dev build "
    "(with meson alone: -Dlibvirt_source=DIR)"
)

# Not needed for headers, and two thirds of the size.
UNWANTED = ("po", "tests")


class SourceError(Exception):
    """The source cannot be had; the message is one sentence that says what to do."""


@dataclass(frozen=True)
class Download:
    """One file of a source package as the Sources index has it."""

    uri: str
    name: str
    checksum: str


def installed_version() -> str:
    """The upstream version of the installed libvirt development package."""
    try:
        answer = subprocess.run(["pkg-config", "--modversion", "libvirt"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise SourceError("There is no pkg-config: run './dev setup' or install pkg-config.") from None
    if answer.returncode:
        raise SourceError("pkg-config does not find libvirt: install libvirt's development package (libvirt-dev).")
    return answer.stdout.strip()


def package_version() -> str:
    """The version of the source package that the installed libvirt-dev was built from."""
    answer = subprocess.run(
        ["dpkg-query", "-W", "-f", "${source:Version}", "libvirt-dev"], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip()


def source_entries_of_list(text: str) -> str:
    """The deb-src lines for the lines of a one-line-style sources file."""
    lines = []
    for line in text.splitlines():
        match = re.match(r"\s*deb(-src)?\s+(.*)", line)
        if match and "cdrom:" not in line:
            lines.append("deb-src " + match.group(2))
    return "\n".join(dict.fromkeys(lines)) + "\n"


def source_entries_of_deb822(text: str) -> str:
    """The deb-src stanzas for the stanzas of a deb822-style sources file."""
    stanzas = []
    for stanza in re.split(r"\n\s*\n", text.strip()):
        lines = [line for line in stanza.splitlines() if not line.startswith("#")]
        body = "\n".join(lines)
        if not re.search(r"(?im)^types:", body) or re.search(r"(?im)^enabled:\s*(no|false|0)\b", body):
            continue
        stanzas.append(re.sub(r"(?im)^types:.*$", "Types: deb-src", body))
    return "\n\n".join(stanzas) + "\n"


def write_source_entries(etc: Path, target: Path) -> None:
    """Write a deb-src version of every sources file below `etc` into `target`."""
    files = [etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))]
    for file in files:
        if not file.is_file():
            continue
        text = file.read_text(encoding="utf-8", errors="replace")
        if file.suffix == ".list":
            (target / file.name).write_text(source_entries_of_list(text), encoding="utf-8")
        elif file.suffix == ".sources":
            (target / file.name).write_text(source_entries_of_deb822(text), encoding="utf-8")


class PrivateApt:
    """apt-get with its own sources, lists and caches in one folder; the rest is the system's configuration."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("sources", "lists/partial", "archives/partial"):
            (folder / name).mkdir(parents=True)
        # apt fetches as its own unprivileged user.
        for path in (folder, *folder.rglob("*")):
            path.chmod(0o755)
        write_source_entries(Path("/etc/apt"), folder / "sources")
        self._configuration = folder / "apt.conf"
        self._configuration.write_text(
            f"""Dir::Etc::SourceList "/dev/null";
Dir::Etc::SourceParts "{folder}/sources";
Dir::State::Lists "{folder}/lists";
Dir::Cache "{folder}";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
Acquire::IndexTargets::deb-src::DEP-11 "";
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
""",
            encoding="utf-8",
        )

    def run(self, *argv: str) -> subprocess.CompletedProcess[str]:
        """Run one apt program with the private configuration."""
        command = [argv[0], "-c", str(self._configuration), *argv[1:]]
        environment = {**os.environ, "LC_ALL": "C"}
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def update(self) -> str:
        """Fetch the Sources indexes; return what apt complained of."""
        return self.run("apt-get", "-q", "update").stderr

    def source_versions(self) -> list[str]:
        """All versions of the libvirt source package that the indexes have."""
        return re.findall(r"(?m)^Version: (\S+)$", self.run("apt-cache", "showsrc", "--only-source", "libvirt").stdout)

    def source_files(self, version: str) -> list[Download]:
        """The files of one version of the source package."""
        answer = self.run("apt-get", "-q", "source", "--print-uris", "--only-source", f"libvirt={version}")
        rows = re.findall(r"(?m)^'([^']+)' (\S+) \d+ (SHA\d+:[0-9a-f]+)$", answer.stdout)
        return [Download(*row) for row in rows]

    def fetch(self, file: Download) -> Path:
        """Download one file and check it; raise SourceError otherwise."""
        path = self._folder / "archives" / file.name
        answer = self.run(APT_HELPER, "download-file", file.uri, str(path), file.checksum)
        if answer.returncode or not path.exists():
            raise SourceError(f"Cannot download {file.uri} ({first_complaint(answer.stderr)}).")
        return path


def first_complaint(text: str) -> str:
    """apt's first error or warning without its mark, or a stand-in."""
    found = re.search(r"(?m)^[EW]: (.*)$", text)
    return found.group(1).rstrip(".") if found else "apt gave no reason"


def choose_version(wanted: str, available: list[str], upstream: str) -> str | None:
    """The wanted version, else another revision of the same upstream release (the archive drops superseded ones)."""
    if wanted in available:
        return wanted
    same = [version for version in available if re.sub(r"^\d+:", "", version).startswith(upstream + "-")]
    return same[-1] if same else None


def apply_patches(archive: Path, source: Path, scratch: Path) -> None:
    """Apply the distribution's patches, as the installed library was built with them."""
    with tarfile.open(archive) as packaging:
        extract_all(packaging, scratch)
    patches = scratch / "debian" / "patches"
    series = patches / "series"
    if not series.exists():
        return
    for line in series.read_text(encoding="utf-8").splitlines():
        name = line.split("#")[0].strip()
        if not name:
            continue
        answer = subprocess.run(
            ["patch", "-p1", "--quiet", "--batch", "-d", str(source), "-i", str(patches / name)],
            capture_output=True,
            text=True,
            check=False,
        )
        if answer.returncode:
            raise SourceError(f"The distribution's patch {name} does not apply to libvirt's source.")


def extract_all(archive: tarfile.TarFile, target: Path) -> None:
    """Unpack an archive whose checksum was verified, and nothing outside `target`."""
    if hasattr(tarfile, "data_filter"):
        archive.extractall(target, filter="tar")
    else:
        archive.extractall(target)


def get_source(cache: Path, version: str) -> Path:
    """Download, check, unpack and patch the source into the cache; return its folder."""
    for tool in ("apt-get", "dpkg-query", APT_HELPER):
        if shutil.which(tool) is None:
            raise SourceError(f"This is not a Debian system ({tool} is missing): {HELP.format(version=version)}.")
    if shutil.which("patch") is None:
        raise SourceError("There is no patch program: install the package patch.")

    with tempfile.TemporaryDirectory(prefix="esx-libvirt-source-") as scratch:
        apt = PrivateApt(Path(scratch))
        complaint = first_complaint(apt.update())
        chosen = choose_version(package_version(), apt.source_versions(), version)
        if chosen is None:
            raise SourceError(
                f"The package sources of this machine have no source of libvirt {version} ({complaint}): "
                f"connect to the network and run './dev setup' again, or {HELP.format(version=version)}."
            )
        files = apt.source_files(chosen)
        tarballs = [apt.fetch(file) for file in files if re.search(r"\.tar\.\w+$", file.name)]
        return unpack(cache, version, tarballs, Path(scratch))


def unpack(cache: Path, version: str, tarballs: list[Path], scratch: Path) -> Path:
    """Unpack and patch beside the target, then move it there in one step."""
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / f"libvirt-{version}"
    with tempfile.TemporaryDirectory(prefix=".unpack-", dir=cache) as folder:
        work = Path(folder)
        for tarball in tarballs:
            if ".orig.tar" in tarball.name:
                with tarfile.open(tarball) as archive:
                    extract_all(archive, work)
        found = [path for path in work.iterdir() if (path / "src" / "driver.h").exists()]
        if len(found) != 1:
            raise SourceError(
                f"The source package of libvirt {version} has no src/driver.h: {HELP.format(version=version)}."
            )
        for tarball in tarballs:
            if ".debian.tar" in tarball.name:
                apply_patches(tarball, found[0], scratch)
        for name in UNWANTED:
            shutil.rmtree(found[0] / name, ignore_errors=True)
        (found[0] / ".complete").write_text(package_version() + "\n", encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        found[0].rename(target)
    return target


def is_complete(source: Path) -> bool:
    """Whether the cache holds the source of the installed package."""
    stamp = source / ".complete"
    return stamp.exists() and stamp.read_text(encoding="utf-8").strip() == package_version()


def main(argv: list[str]) -> int:
    """Print the folder of the source, getting it first where needed."""
    if len(argv) != 2:
        print("usage: libvirt_source.py CACHE_DIR", file=sys.stderr)
        return 2
    cache = Path(argv[1])
    try:
        version = installed_version()
        source = cache / f"libvirt-{version}"
        if not is_complete(source):
            print(f"Getting the source of libvirt {version} for its private headers.", file=sys.stderr)
            source = get_source(cache, version)
    except SourceError as problem:
        print(problem, file=sys.stderr)
        return 1
    print(source)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))

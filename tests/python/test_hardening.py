# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The built module is hardened: what the compiler and the linker were asked for is in it."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import subprocess
from functools import cache
from pathlib import Path

import pytest

from esxkit.harness.environment import REPOSITORY, driver_dir, driver_module

BUILD = driver_dir().parent
X86 = platform.machine() in ("x86_64", "i686")


def run(*command: str | Path, **environment: str) -> str:
    """What a program prints; its failure is the test's."""
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C", **environment})
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@cache
def option(name: str, build: Path = BUILD) -> str:
    """The value of an option of meson in a build folder."""
    options = json.loads((build / "meson-info" / "intro-buildoptions.json").read_text())
    return next(str(o["value"]) for o in options if o["name"] == name)


def sources(build: Path) -> list[dict[str, str]]:
    """The commands that compile the sources of the module."""
    commands = json.loads((build / "compile_commands.json").read_text())
    return [c for c in commands if re.search(r"(^|/)src/", c["file"])]


def arguments(command: dict[str, str]) -> list[str]:
    """The arguments of a command that change what is made, without files."""
    words = shlex.split(command["command"])
    return [w for w in words if w.startswith(("-f", "-m", "-O", "-D_FORTIFY", "-U_FORTIFY", "-Wp,", "-std"))]


@pytest.fixture(scope="module", autouse=True)
def _plain_build() -> None:
    if option("b_sanitize") != "none":
        pytest.skip("a sanitizer's build is not hardened")


def test_hardening_of_the_link() -> None:
    """Tables that steer calls are read-only, stacks hold no code, and code is not written at loading."""
    module = driver_module()
    headers = run("readelf", "-lW", module)
    dynamic = run("readelf", "-dW", module)
    stack = re.search(r"GNU_STACK.*", headers)
    assert stack, headers
    assert re.search(r" RW +0x", stack[0]), headers
    assert "GNU_RELRO" in headers
    assert re.search(r"\(FLAGS\).*BIND_NOW", dynamic)
    assert "TEXTREL" not in dynamic
    assert not re.search(r"LOAD.* RWE ", headers)


def test_hardening_of_the_stack() -> None:
    """Functions with arrays look whether their frame was written over."""
    assert " __stack_chk_fail" in run("readelf", "-sW", "--dyn-syms", driver_module())


def test_hardening_of_libc_calls() -> None:
    """Calls of libc whose buffer has a known size go to the functions that check it."""
    if option("optimization") == "0":
        pytest.skip("libc checks in optimised builds only")
    assert re.search(r" __\w+_chk\b", run("readelf", "-sW", "--dyn-syms", driver_module()).replace("__stack_chk", ""))


def test_hardening_of_every_source() -> None:
    """No source of the module is compiled without the flags."""
    wanted = ["-fstack-protector-strong", "-fstack-clash-protection"]
    wanted += ["-fcf-protection=full"] if X86 else []
    wanted += ["-mbranch-protection=standard"] if platform.machine() == "aarch64" else []
    wanted += ["-D_FORTIFY_SOURCE="] if option("optimization") != "0" else []
    commands = sources(BUILD)
    assert len(commands) > 50
    for command in commands:
        for flag in wanted:
            assert flag in command["command"], f"{command['file']} is compiled without {flag}"


@pytest.mark.skipif(not X86, reason="the instructions are those of x86")
def test_hardening_of_jumps() -> None:
    """Each object says that its indirect jumps and returns are marked; the module too, where libc's objects do."""
    library = BUILD / "src" / "libesx-http.a"
    members = run("readelf", "-nW", library).split("File: ")[1:]
    assert len(members) > 5
    for member in members:
        assert "IBT, SHSTK" in member, member
    compiler = shlex.split(sources(BUILD)[0]["command"])[0]
    starts = [run(compiler, f"-print-file-name={name}").strip() for name in ("crti.o", "crtn.o")]
    if all("IBT, SHSTK" in run("readelf", "-nW", start) for start in starts):
        assert "IBT, SHSTK" in run("readelf", "-nW", driver_module())


@pytest.mark.skipif(not X86, reason="the instructions are those of x86")
def test_hardening_of_large_frames(tmp_path: Path) -> None:
    """A frame of many pages is touched page by page, with the arguments that the module was compiled with."""
    source = tmp_path / "large.c"
    source.write_text("void use(char *);\nvoid large(void);\nvoid large(void) { char b[65536]; use(b); }\n")
    command = next(c for c in sources(BUILD) if c["file"].endswith("http_reply.c"))
    compiler = shlex.split(command["command"])[0]
    run(compiler, *arguments(command), "-S", "-o", tmp_path / "large.s", source)
    text = (tmp_path / "large.s").read_text()
    assert re.search(r"(or[lq]\s+\$0, |movq\s+\$0, )\(?.*%[er]sp\)", text), text
    assert "endbr" in text
    assert "__stack_chk_fail" in text


def configure(folder: Path, *options: str, **environment: str) -> list[str]:
    """Configure another build. Returns: the arguments that its sources are compiled with."""
    run("meson", "setup", folder, REPOSITORY, f"-Dpython={option('python')}",
        f"-Dlibvirt_source={option('libvirt_source')}", *options, **environment)
    return arguments(sources(folder)[0])


def test_hardening_leaves_the_choice_of_cflags(tmp_path: Path) -> None:
    """What a distribution's CFLAGS set counts, and nothing is defined twice: that is a warning, hence an error."""
    chosen = "-O2 -D_FORTIFY_SOURCE=2 -fstack-protector-all"
    found = configure(tmp_path / "build", "--buildtype=plain", CFLAGS=chosen)
    assert [f for f in found if "FORTIFY" in f] == ["-D_FORTIFY_SOURCE=2"]
    protectors = [f for f in found if f.startswith("-fstack-protector")]
    assert protectors == ["-fstack-protector-strong", "-fstack-protector-all"]
    run("ninja", "-C", tmp_path / "build", "src/libesx-base.a")


@pytest.mark.parametrize(("options", "flags"), [
    (["--buildtype=debug"], ""),
    (["--buildtype=plain"], ""),
    ([], "-O0"),
    (["--buildtype=plain"], "-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=1"),
    (["--buildtype=plain"], "-O2 -Wp,-D_FORTIFY_SOURCE=2"),
])
def test_hardening_of_other_builds(tmp_path: Path, options: list[str], flags: str) -> None:
    """libc checks where the build is optimised, and as CFLAGS want it; the rest of the hardening stays."""
    found = configure(tmp_path / "build", *options, CFLAGS=flags)
    assert [f for f in found if "FORTIFY" in f] == [f for f in flags.split() if "FORTIFY" in f]
    assert "-fstack-protector-strong" in found
    run("ninja", "-C", tmp_path / "build", "src/libesx-base.a")


def test_hardening_is_not_for_sanitizers(tmp_path: Path) -> None:
    found = configure(tmp_path / "build", "-Db_sanitize=address,undefined", "-Db_lundef=false")
    assert not [f for f in found if "FORTIFY" in f or f.startswith(("-fstack-", "-fcf-"))]

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""What the generator prints, compared with files that are reviewed as any source is.

``REGENERATE=1`` writes the files anew; look at the diff then. tests/data/closure.txt is the listing of the real
closure: a new pyVmomi, or a new name in roots.toml, shows there as a small diff.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from codegen_schema import TINY, TINY_ROOTS

from esxkit.codegen.__main__ import VISITORS, main
from esxkit.codegen.check import check
from esxkit.codegen.closure import Closure, complete

TESTS = Path(__file__).resolve().parent.parent
ROOTS = TESTS.parent / "python" / "esxkit" / "codegen" / "roots.toml"


def assert_golden(path: Path, text: str) -> None:
    if os.environ.get("REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    expected = path.read_text(encoding="utf-8") if path.exists() else ""
    assert expected.splitlines() == text.splitlines(), (
        f"{path} is not what is generated now; when that is right, run the tests with REGENERATE=1 and review the diff"
    )


@pytest.fixture(scope="module")
def tiny() -> Closure:
    closure = complete(TINY_ROOTS, TINY)
    check(closure)
    return closure


GOLDEN_NAMES = {
    "header": "tiny.h.golden",
    "source": "tiny.c.golden",
    "listing": "tiny.txt",
    "dictionary": "tiny.dict",
}


@pytest.mark.parametrize("name", GOLDEN_NAMES)
def test_tiny_schema(name: str, tiny: Closure) -> None:
    visitor: Callable[[Closure], str] = VISITORS[name]
    assert_golden(TESTS / "data" / "codegen" / GOLDEN_NAMES[name], visitor(tiny))


def generate(folder: Path) -> None:
    arguments = ["--roots", str(ROOTS)]
    for name in VISITORS:
        arguments += [f"--{name}", str(folder / name)]
    assert main(arguments) == 0


@pytest.mark.parametrize(
    ("name", "path"),
    [("listing", TESTS / "data" / "closure.txt"), ("dictionary", TESTS / "fuzz" / "soap_decode.dict")],
)
def test_real_closure(name: str, path: Path, tmp_path: Path) -> None:
    generate(tmp_path)
    assert_golden(path, (tmp_path / name).read_text(encoding="utf-8"))


def test_seeds_of_the_fuzzer(tmp_path: Path) -> None:
    assert main(["--roots", str(ROOTS), "--seeds", str(tmp_path)]) == 0
    made = {path.name: path.read_text(encoding="utf-8") for path in tmp_path.iterdir()}
    assert {"types.xml", "faults.xml", "fault.xml", "arrays.xml", "Login.xml"} <= set(made)
    for name, text in made.items():
        assert_golden(TESTS / "fuzz" / "corpus" / "soap_decode" / name, text)


def test_files_are_rewritten_only_when_changed(tmp_path: Path) -> None:
    generate(tmp_path)
    for name in VISITORS:
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / "listing").write_text("old")
    generate(tmp_path)
    written = {name for name in VISITORS if (tmp_path / name).stat().st_mtime > 1}
    assert written == {"listing"}


def test_problems_are_printed_with_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roots = tmp_path / "roots.toml"
    roots.write_text('[types]\nNoSuchType = { why = "x" }\n[enums]\nScsiLun = "a type, no enumeration"\n')
    assert main(["--roots", str(roots), "--header", str(tmp_path / "out.h")]) == 1
    assert capsys.readouterr().err == (
        f"{roots}: enums.ScsiLun: the schema has no enumeration ScsiLun\n"
        f"{roots}: types.NoSuchType: the schema has no type NoSuchType\n"
    )
    assert not (tmp_path / "out.h").exists()


@pytest.mark.parametrize("text", ["[methods", "[types]\nT = 1\n"])
def test_a_broken_file_is_refused_in_one_line(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    roots = tmp_path / "roots.toml"
    roots.write_text(text)
    assert main(["--roots", str(roots)]) == 1
    assert capsys.readouterr().err.startswith(f"{roots}: ")


@pytest.mark.skipif(shutil.which("pkg-config") is None or shutil.which("cc") is None, reason="needs a C compiler")
def test_a_struct_that_drifts_from_its_table_does_not_compile(tmp_path: Path, tiny: Closure) -> None:
    glib = subprocess.run(["pkg-config", "--cflags", "glib-2.0"], capture_output=True, text=True, check=True)
    includes = [*glib.stdout.split(), f"-I{tmp_path}", f"-I{TESTS.parent / 'include' / 'soap'}"]
    compile_it = ["cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", *includes]
    (tmp_path / "vim_types.c").write_text(VISITORS["source"](tiny))

    def compiles(header: str) -> subprocess.CompletedProcess[str]:
        (tmp_path / "vim_types.h").write_text(header)
        argv = [*compile_it, str(tmp_path / "vim_types.c")]
        return subprocess.run(argv, capture_output=True, text=True, check=False)

    header = VISITORS["header"](tiny)
    assert compiles(header).stderr == ""
    drifted = header.replace("gint32 bus;", "gint64 bus;")
    assert drifted != header
    assert "VimHba.bus" in compiles(drifted).stderr
    moved = header.replace("    VimHba base;\n", "    gint32 before;\n    VimHba base;\n")
    assert "VimIscsiHba must begin with base" in compiles(moved).stderr

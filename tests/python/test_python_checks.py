# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint for Python that ruff does not have, each with what it forbids planted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lint
from python_checks import circles, moods, openings, packages, twins

ROOT = Path(__file__).parents[2]

A, B, C = "python/esxkit/a.py", "python/esxkit/b.py", "python/esxkit/c/__init__.py"


def tree() -> dict[str, str]:
    """The modules as they are."""
    return {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "python").rglob("*.py")}


def test_no_module_imports_itself_through_others():
    texts = tree()
    assert len(texts) > 100
    assert list(circles(texts)) == []


@pytest.mark.parametrize(
    "closing",
    [
        "import esxkit.a",
        "from esxkit.a import x",
        "from esxkit import a",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from esxkit.a import X",
        "def f():\n    from esxkit.a import x",
    ],
)
def test_a_planted_circle_is_found(closing: str):
    texts = {A: "from esxkit.b import y\n", B: "from esxkit.c import z\n", C: closing}
    assert list(circles(texts)) == [f"{A}:1: a circle of imports: esxkit.a -> esxkit.b -> esxkit.c -> esxkit.a"]


def test_modules_that_two_others_share_are_no_circle():
    assert list(circles({A: "import esxkit.b\nimport esxkit.c", B: "import esxkit.c", C: "import os"})) == []


@pytest.mark.parametrize("below", ["sessions", "troubles", "updates", "connections", "tickets", "registry"])
def test_a_circle_through_the_core_of_the_fake_is_found(below: str):
    texts = tree()
    texts[f"python/esxkit/fake/{below}.py"] += "\nfrom esxkit.fake.core import Service\n"
    assert any("esxkit.fake.core" in one for one in circles(texts))


def test_packages_import_what_is_below_them():
    assert list(packages(tree())) == []


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("python/esxkit/harness/planted.py", "from esxkit.measure.report import Table"),
        ("python/esxkit/harness/planted.py", "from esxkit.attack.matrix import cells"),
        ("python/esxkit/fake/planted.py", "import esxkit.harness.uri"),
        ("python/esxkit/wire/planted.py", "from esxkit.fake.options import FakeOptions"),
        ("python/esxkit/measure/planted.py", "from esxkit.demo.changes import Change"),
        ("python/esxkit/unknown/planted.py", "import os"),
    ],
)
def test_a_planted_import_from_above_is_found(name: str, line: str):
    assert len(list(packages({**tree(), name: line}))) == 1


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_docstring_in_the_indicative_is_found(kind: str):
    planted = f'class C:\n    {kind} f(self):\n        """Runs; that is all."""\n'
    assert list(moods({A: planted})) == [f"{A}:2: the docstring begins with 'Runs': use the imperative"]
    assert list(moods({A: planted.replace("Runs", "Run").replace("class C", "class Runs")})) == []


def test_a_docstring_apart_from_the_licence_is_found():
    licence = "# SPDX-License-Identifier: X\n# Copyright (C) 2026\n"
    assert list(openings({A: f'{licence}"""What it is."""\n'})) == []
    assert list(openings({A: f'#!/usr/bin/env python3\n{licence}"""What it is."""\n'})) == []
    for other in (f'{licence}\n"""What it is."""\n', f"{licence}import os\n", licence):
        assert list(openings({A: other})) == [f"{A}:3: a docstring belongs right below the licence"]


def test_no_two_classes_have_the_same_name():
    assert list(twins(tree())) == []


def test_a_second_class_of_a_name_is_found():
    inner = "class _World:\n    class World:\n        pass\n"
    texts = {A: "class World:\n    pass\n", B: inner, C: "class World(int):\n    pass\n"}
    assert list(twins(texts)) == [f"{C}:1: {A} has a class World, too"]


# -- mypy, which knows the tree by [tool.mypy] of pyproject.toml -----------------------------------


def test_mypy_is_part_of_lint():
    assert lint.mypy in lint.CHECKERS


@pytest.mark.parametrize(
    ("name", "planted", "phrase"),
    [
        ("python/esxkit/wire/versions.py", "def planted(a):\n    return a\n", "missing a type annotation"),
        ("python/esxkit/model/vim.py", "planted: list = []\n", "Missing type arguments"),
        ("python/esxkit/codegen/cnames.py", "def planted(a):\n    return a\n", "missing a type annotation"),
        ("python/esxkit/harness/uri.py", "planted: int = embedded('127.0.0.1', 443)\n", "Incompatible types"),
        ("tests/python/vi_client.py", "planted: int = text\n", "Incompatible types"),
        ("tools/lint.py", "planted: int = ''\n", "Incompatible types"),
    ],
)
def test_mypy_finds_what_is_planted(tmp_path: Path, name: str, planted: str, phrase: str):
    text = (ROOT / name).read_text()
    copy = tmp_path / "planted.py"
    copy.write_text(f"{text}\n{planted}")
    shadow = ["--shadow-file", name, str(copy)]
    argv = [sys.executable, "-m", "mypy", "--cache-dir", str(tmp_path / "cache"), *shadow, name]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    assert phrase in done.stdout
    assert all(f"{name}:" in line or "note:" in line or line.startswith("Found") for line in done.stdout.splitlines())

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The man page libvirt-driver-esx-storage(7): built, without warnings, and as complete as the driver's table."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "docs" / "reference" / "libvirt-driver-esx-storage.md"
HEAD = "# x(7)\n\n<!-- Date: 2026-01-02 -->\n\n## Name\n\nx - what it is for\n\n"


def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("man_page", ROOT / "tools" / "man_page.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def shown(page: Path, *arguments: str) -> tuple[str, str]:
    """What a reader sees of a man page, and what the formatter says of it."""
    if not shutil.which("groff"):
        pytest.skip("no groff")
    command = ["groff", "-t", "-man", "-Tutf8", "-P-c", "-ww", "-rLL=100n", *arguments, str(page)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub(r".\x08", "", done.stdout), done.stderr


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("man") / "libvirt-driver-esx-storage.7"
    path.write_text(tool().man_page(SOURCE.read_text(encoding="utf-8"), "0.1.0"), encoding="utf-8")
    return path


def parameters() -> set[str]:
    """The URI parameters that the driver has in its table, and those that libvirt reads."""
    table = (ROOT / "src" / "driver" / "esx_uri_table.c").read_text()
    return set(re.findall(r'\.name = "(\w+)"', table))


def test_the_page_has_every_parameter(page: Path):
    text, _ = shown(page)
    section = text[text.index("URI PARAMETERS") : text.index("CREDENTIALS")]
    names = set(re.findall(r"^ {7}(\w+(?:, \w+)*)(?: |$)", section, re.MULTILINE))
    assert len(parameters()) > 10
    assert parameters() <= {name for names_of_row in names for name in names_of_row.split(", ")}


def test_the_page_is_rendered_without_warnings(page: Path):
    text, warnings = shown(page, "-k", "-K", "utf8")
    assert warnings == ""
    assert "libvirt-driver-esx-storage - storage of VMware ESX hosts" in re.sub(r"\s+", " ", text)


def test_the_page_has_all_sections(page: Path):
    text, _ = shown(page)
    for title in re.findall(r"^## (.+)$", SOURCE.read_text(), re.MULTILINE):
        assert re.search(rf"^{title.upper()}$", text, re.MULTILINE), title


def test_man_shows_the_page(page: Path):
    if not shutil.which("man"):
        pytest.skip("no man")
    done = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert "task_timeout" in done.stdout


def test_the_build_makes_the_page():
    built = ROOT / "build" / "docs" / "libvirt-driver-esx-storage.7"
    assert "task_timeout" in built.read_text().replace("\\_", "_")


def test_a_narrow_table_stays_a_table():
    table = "| a | b |\n|---|---|\n| `x` | *y* |\n"
    assert ".TS" in tool().man_page(HEAD + "## Table\n\n" + table, "1")


def test_a_wide_table_becomes_a_list():
    table = f"| key | values | meaning |\n|---|---|---|\n| `x` | {'v ' * 20} | {'m ' * 30} |\n"
    made = tool().man_page(HEAD + "## Table\n\n" + table, "1")
    assert ".TS" not in made
    assert "values: v v" in made


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("# x\n", "needs"),
        (HEAD.replace("<!-- Date: 2026-01-02 -->", ""), "needs"),
        (HEAD + "## Quote\n\n> a quotation\n", "blockquote"),
        (HEAD + "## Picture\n\n![a](b.svg)\n", "image"),
    ],
)
def test_what_the_converter_does_not_know_is_an_error(text: str, words: str):
    with pytest.raises(ValueError, match=words):
        tool().man_page(text, "1")

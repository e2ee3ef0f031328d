# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The second look at what failed in ./dev test, and the summary that follows it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

import second_look
import test_results
import test_summary

GOOD = {"name": "good", "result": "OK", "returncode": 0, "stdout": "1..2\nok 1 /good/a\nok 2 /good/b\n"}
ABORTED = {
    "name": "live",
    "result": "ERROR",
    "returncode": -int(signal.SIGABRT),
    "stdout": "# random seed: R02Sabc\nok 1 /live/a\nBail out! ERROR: no\n",
    "stderr": "**\nERROR: no\n",
}
LIVE_IS_GOOD = ABORTED | {"result": "OK", "returncode": 0, "stdout": "ok 1 /live/a\nok 2 /live/b\n", "stderr": ""}


def write_log(build: Path, name: str, *runs: dict) -> None:
    (build / "meson-logs").mkdir(exist_ok=True)
    (build / "meson-logs" / f"{name}.json").write_text("".join(json.dumps(run) + "\n" for run in runs))


def write_report(build: Path, name: str, passed: list[str], failed: dict[str, str]) -> None:
    """A JUnit report of tests/test_x.py; what failed has a message."""
    cases = [f'<testcase classname="tests.test_x" name="{case}"/>' for case in passed]
    for case, message in failed.items():
        inner = f"<failure message={quoteattr(message)}>the text of {case}</failure>"
        cases.append(f'<testcase classname="tests.test_x" name="{case}">{inner}</testcase>')
    (build / f"{name}.xml").write_text(f"<testsuites><testsuite>{''.join(cases)}</testsuite></testsuites>")


def summary(build: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, list[str]]:
    """The exit status of the summary, and its lines."""
    status = test_summary.main(["test_summary.py", str(build)])
    return status, capsys.readouterr().out.splitlines()


def test_all_is_well(tmp_path: Path, capsys):
    write_log(tmp_path, "testlog", GOOD)
    write_report(tmp_path, "pytest.junit", ["one"], {})
    assert not second_look.is_looked_at_again(second_look.first_results(tmp_path))
    assert summary(tmp_path, capsys) == (0, ["3 passed, 0 failed"])


def test_what_fails_twice_has_failed(tmp_path: Path, capsys):
    write_log(tmp_path, "testlog", GOOD, ABORTED)
    write_report(tmp_path, "pytest.junit", ["one"], {"two": "assert 1 == 2"})
    write_log(tmp_path, "second-live", ABORTED)
    write_report(tmp_path, "pytest.second.junit", [], {"two": "assert 1 == 2"})
    status, lines = summary(tmp_path, capsys)
    assert status == 1
    assert lines[-3:] == ["FAILED: live: ERROR", "FAILED: tests.test_x::two", "4 passed, 2 failed"]
    # What the program printed stands near the end, its standard error too.
    assert "---- live" in lines
    assert {"Bail out! ERROR: no", "ERROR: no"} <= set(lines)


def test_what_passes_then_is_unsteady(tmp_path: Path, capsys):
    write_log(tmp_path, "testlog", GOOD, ABORTED)
    write_report(tmp_path, "pytest.junit", ["one"], {"two": "assert 1 == 2"})
    write_log(tmp_path, "second-live", LIVE_IS_GOOD)
    write_report(tmp_path, "pytest.second.junit", ["two"], {})
    status, lines = summary(tmp_path, capsys)
    assert status == 0
    assert lines[-3:] == ["unsteady: live", "unsteady: tests.test_x::two", "6 passed, 0 failed, 2 unsteady"]
    # Why it failed at first is shown.
    assert {"Bail out! ERROR: no", "assert 1 == 2", "the text of two"} <= set(lines)


def test_what_was_not_run_again_has_failed(tmp_path: Path, capsys):
    write_log(tmp_path, "testlog", GOOD)
    write_report(tmp_path, "pytest.junit", ["one"], {"two": "no", "three": "no"})
    write_report(tmp_path, "pytest.second.junit", ["two"], {})
    status, lines = summary(tmp_path, capsys)
    assert status == 1
    assert lines[-3:-1] == ["unsteady: tests.test_x::two", "FAILED: tests.test_x::three"]
    assert lines[-1] == "4 passed, 1 failed, 1 unsteady"


@pytest.mark.parametrize(("count", "again"), [(5, True), (6, False)])
def test_more_than_five_failures_are_not_looked_at_again(tmp_path: Path, capsys, count: int, again: bool):
    names = [f"t{number}" for number in range(count)]
    write_log(tmp_path, "testlog", GOOD)
    write_report(tmp_path, "pytest.junit", [], dict.fromkeys(names, "no"))
    assert second_look.is_looked_at_again(second_look.first_results(tmp_path)) is again
    # Nor does a second result count that is there all the same.
    write_report(tmp_path, "pytest.second.junit", names, {})
    assert summary(tmp_path, capsys)[0] == (0 if again else 1)


@pytest.mark.parametrize(
    "message",
    [
        "esxkit.harness.client.WorkerDied: The worker ended with -11",
        'failed on teardown with "AssertionError: libvirtd died during the tests:"',
        "worker 'gw1' crashed while running 'tests/test_x.py::two'",
    ],
)
def test_a_process_that_died_is_not_looked_at_again(tmp_path: Path, capsys, message: str):
    write_log(tmp_path, "testlog", GOOD)
    write_report(tmp_path, "pytest.junit", ["one"], {"two": message})
    write_report(tmp_path, "pytest.second.junit", ["two"], {})
    assert not second_look.is_looked_at_again(second_look.first_results(tmp_path))
    assert summary(tmp_path, capsys)[0] == 1


def test_a_c_program_that_crashed_is_not_looked_at_again(tmp_path: Path, capsys):
    write_log(tmp_path, "testlog", GOOD, ABORTED | {"returncode": -int(signal.SIGSEGV)})
    write_report(tmp_path, "pytest.junit", ["one"], {})
    write_log(tmp_path, "second-live", LIVE_IS_GOOD)
    assert not second_look.is_looked_at_again(second_look.first_results(tmp_path))
    assert summary(tmp_path, capsys)[0] == 1


@pytest.mark.parametrize("missing", ["meson-logs/testlog.json", "pytest.junit.xml"])
def test_a_runner_that_died_is_a_failure(tmp_path: Path, capsys, missing: str):
    write_log(tmp_path, "testlog", GOOD)
    write_report(tmp_path, "pytest.junit", ["one"], {})
    (tmp_path / missing).unlink()
    assert not second_look.is_looked_at_again(second_look.first_results(tmp_path))
    assert summary(tmp_path, capsys)[0] == 1


def test_nothing_at_all_is_a_failure(tmp_path: Path, capsys):
    write_log(tmp_path, "testlog")
    write_report(tmp_path, "pytest.junit", [], {})
    assert summary(tmp_path, capsys) == (1, ["0 passed, 0 failed"])


def test_of_much_that_was_printed_the_end_is_shown(tmp_path: Path, capsys):
    long = ABORTED | {"stderr": "".join(f"line {number}\n" for number in range(1000))}
    write_log(tmp_path, "testlog", long)
    write_report(tmp_path, "pytest.junit", ["one"], {})
    _, lines = summary(tmp_path, capsys)
    shown = [line for line in lines if line.startswith("line ")]
    assert shown == [f"line {number}" for number in range(1000 - test_summary.SHOWN, 1000)]


def test_points_that_fail_or_are_skipped_are_named():
    run = GOOD | {"stdout": "ok 1 /a\nnot ok 2 - /b\nok 3 /c # SKIP no network\n", "result": "FAIL"}
    result = test_results.result_of_program(run)
    assert (result.passed, result.failed) == (1, ["good: 2 - /b"])
    assert result.skipped == ["good: 3 /c # SKIP no network"]


# ---- the real runners


FLAKY = """\
#!/bin/sh
echo "# random seed: R02S77"
echo 1..1
if test -e "$PWD/{name}.was-here"; then echo "ok 1 /{name} $*"; exit 0; fi
{touch}
echo "Bail out! seen once"
exit 1
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two C programs (shell scripts here) and two tests of pytest; one of each fails once only."""
    (tmp_path / "meson.build").write_text("project('p')\n")
    for name, touch in (("once", 'touch "$PWD/once.was-here"'), ("always", ":")):
        script = tmp_path / f"{name}.sh"
        script.write_text(FLAKY.format(name=name, touch=touch))
        script.chmod(0o755)
        with (tmp_path / "meson.build").open("a") as file:
            print(f"test('{name}', files('{name}.sh'), protocol: 'tap', suite: 'unit',", file=file)
            print("  workdir: meson.project_source_root())", file=file)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_x.py").write_text(
        "from pathlib import Path\n\n\n"
        "def test_once():\n"
        "    mark = Path('mark')\n"
        "    there = mark.exists()\n"
        "    mark.touch()\n"
        "    assert there\n\n\n"
        "def test_always():\n"
        "    assert not 'always'\n\n\n"
        "def test_good():\n"
        "    pass\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    return tmp_path


def test_the_runners_themselves(project: Path, capfd: pytest.CaptureFixture[str]):
    build = project / "build"
    subprocess.run(["meson", "setup", str(build)], check=True, capture_output=True)
    subprocess.run(["meson", "test", "-C", str(build), "--suite", "unit"], check=False, capture_output=True)
    report = f"--junitxml={build / 'pytest.junit.xml'}"
    subprocess.run([sys.executable, "-m", "pytest", report], check=False, capture_output=True)
    assert second_look.main(["second_look.py", str(build)]) == 0
    capfd.readouterr()
    assert test_summary.main(["test_summary.py", str(build)]) == 1
    out = capfd.readouterr().out.splitlines()
    assert out[-5:] == [
        "unsteady: once",
        "unsteady: test_x::test_once",
        "FAILED: always: ERROR",
        "FAILED: test_x::test_always",
        "3 passed, 2 failed, 2 unsteady",
    ]
    # The program chose the same at random.
    log = json.loads((build / "meson-logs" / "second-once.json").read_text())
    assert "--seed=R02S77" in log["stdout"]

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The project's own rules for its sources, each a small function that yields complaints.

A rule that must be broken somewhere gets an entry in one of the tables below, with the reason.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from lock_checks import LOCK_CHECKS
from message_checks import MESSAGE_CHECKS
from python_checks import PYTHON_CHECKS
from room_checks import ROOM_CHECKS
from source_tree import Tree, bodies, checkout, line_of, odd_heads, without_comments, without_texts
from word_checks import WORD_CHECKS

LICENCE = ("SPDX-License-Identifier: LGPL-2.1-or-later", "Copyright (C) 2026 the libvirt-esx-storage authors")

# Files that cannot carry a comment, or are not ours to mark.
UNMARKED = re.compile(r"^(LICENSE|tests/(data|fuzz)/.*|.*\.(json|xml|txt|golden|dict))$")
MARKED_ANYWAY = {"requirements.txt", "meson_options.txt", "tools/packages.txt"}

LONGEST_FILE = {".c": 600, ".h": 600, ".py": 500}
# A drawing may be wider.
LONGEST_LINE = 100
LONGEST_FUNCTION = 60

# Longer than the ceilings: path (or path:function) -> reason.
TOO_LONG: dict[str, str] = {}

# Sources without a header of their own: path -> reason.
NO_HEADER = {
    "src/driver/esx_module.c": "libvirt finds its two functions by name; nothing includes them",
    "src/vi/vi_disk.c": "the disks of vi_file.h, which is one contract for files and disks",
    "src/inventory/inventory_path.c": "the walk before the first snapshot: inventory.h",
}

# Sources without a unit test of their own: path -> where they are tested instead.
NO_UNIT_TEST = {
    "src/server/esx_error.c": "the name of a domain; tests/unit/server/test_esx_report.c has its codes",
    "src/server/esx_log.c": "tests/e2e/test_messages.py: what gets into the log",
    "src/driver/esx_host_transports.c": "tests/e2e/test_tickets.py, with a vCenter's hosts",
    "src/http/http_body.c": "tests/unit/http/test_http_source.c and test_http_streamed.c, over TLS",
    "src/http/http_wire.c": "tests/unit/http/test_http_source.c, with servers that answer early",
    "src/inventory/inventory_build.c": "test_inventory_update.c and test_inventory_snapshot.c: each way to build",
    "src/inventory/inventory_kind.c": "test_inventory_spec.c, _update.c and _diff.c: each row of its table",
    "src/inventory/kinds/inventory_lun.c": "tests/unit/inventory/kinds/test_inventory_iscsi.c: LUNs of targets",
    "src/inventory/kinds/inventory_lun_host.c": "test_inventory_iscsi.c and _scsi.c: each topology, paths",
    "src/vi/vi_reply.c": "tests/unit/vi/test_vi_session.c: what comes back for a call",
    "src/backend/esx_storage_lun.c": "tests/e2e/test_volume_verbs.py, through libvirt",
    "src/backend/iscsi/esx_storage_backend_iscsi.c": "tests/e2e/test_volume_verbs.py, through libvirt",
    "src/backend/vmfs/esx_storage_backend_vmfs.c": "tests/e2e/test_volume_verbs.py, through libvirt",
    "src/api/esx_storage_change.c": "tests/e2e/test_api.py, through libvirt",
    "src/api/esx_storage_door.c": "tests/e2e/test_access.py, each door through libvirt",
    "src/api/esx_storage_driver.c": "a table of functions; tests/e2e/test_api.py calls each through libvirt",
    "src/api/esx_storage_anywhere.c": "tests/e2e/test_volume_names.py and test_shared_names.py, through libvirt",
    "src/api/esx_storage_find.c": "tests/e2e/test_api.py, through libvirt",
    "src/api/esx_storage_life.c": "tests/e2e/test_inactive.py and test_errors.py, through libvirt",
    "src/api/esx_storage_pool.c": "tests/e2e/test_pool_verbs.py, through libvirt",
    "src/api/esx_storage_vol.c": "tests/e2e/test_volume_verbs.py, through libvirt",
    "src/server/esx_transfer.c": "tests/unit/stream/test_esx_stream_worker.c: the end of each transfer",
    "src/api/esx_storage_xml.c": "tests/e2e/test_pool_verbs.py, against libvirt's schema",
}

BANNED = {
    **dict.fromkeys(("atoi", "atol", "atoll", "atof"), "g_ascii_string_to_signed, which sees bad input"),
    **dict.fromkeys(("gets", "scanf", "fscanf", "vscanf"), "a bounded read"),
    **dict.fromkeys(("sscanf", "vsscanf"), "g_ascii_string_to_unsigned, or a parser"),
    **dict.fromkeys(("sprintf", "vsprintf"), "g_strdup_printf or g_strdup_vprintf"),
    **dict.fromkeys(("strcat", "strncat", "stpcpy", "stpncpy", "g_stpcpy"), "GString"),
    **dict.fromkeys(("strcpy", "strncpy"), "g_strdup"),
    **dict.fromkeys(("strtok", "strtok_r"), "g_strsplit"),
    **dict.fromkeys(("alloca", "g_alloca", "g_newa", "g_newa0", "strdupa"), "the heap: a stack has an end"),
    **dict.fromkeys(("mktemp", "tempnam", "tmpnam"), "a name that no other program can take"),
    **dict.fromkeys(("popen", "system"), "GSubprocess, without a shell"),
}
# Those that a test may use, for texts that the test wrote.
TESTS_MAY = ("sscanf",)


def check_licence(tree: Tree) -> Iterator[str]:
    """Every file says its licence and whose it is."""
    for name in tree.files:
        if UNMARKED.match(name) and name not in MARKED_ANYWAY:
            continue
        text = tree.text(name)
        head = "\n".join(text.splitlines()[:6])
        if text and not all(mark in head for mark in LICENCE):
            yield f"{name}:1: the SPDX line or the copyright line is missing"


def check_blanks(tree: Tree) -> Iterator[str]:
    """No trailing blanks, no tabs in sources, a newline at the end."""
    pattern = r"(dev|\.ci/run|.*\.(c|h|py|sh|md|toml|build|map)|meson_options\.txt)"
    for name, number, line in tree.source_lines(pattern):
        if line != line.rstrip():
            yield f"{name}:{number}: trailing blanks"
        if "\t" in line:
            yield f"{name}:{number}: a tab"
    for name in tree.matching(pattern):
        if tree.text(name) and not tree.text(name).endswith("\n"):
            yield f"{name}: no newline at the end"


def check_lengths(tree: Tree) -> Iterator[str]:
    """Files and lines stay below the ceilings."""
    for name in tree.matching(r".*\.(c|h|py)"):
        ceiling = LONGEST_FILE[Path(name).suffix]
        length = tree.text(name).count("\n")
        if length > ceiling and name not in TOO_LONG:
            yield f"{name}: {length} lines, more than {ceiling}"
    for name, number, line in tree.source_lines(r".*\.(c|h)"):
        if len(line) > LONGEST_LINE and "─" not in line:
            yield f"{name}:{number}: {len(line)} columns, more than {LONGEST_LINE}"


def check_functions(tree: Tree) -> Iterator[str]:
    """No function is longer than the ceiling."""
    for name in tree.matching(r"(src|tests/unit|tests/fuzz)/.*\.c"):
        for function, line, _, body in bodies(tree.text(name)):
            length = body.count("\n")
            if length > LONGEST_FUNCTION and f"{name}:{function}" not in TOO_LONG:
                yield f"{name}:{line}: {function} has {length} lines, more than {LONGEST_FUNCTION}"


def check_companions(tree: Tree) -> Iterator[str]:
    """Each C source has its header and its unit test, and both lists of the build name it."""
    headers = {Path(name).stem for name in tree.matching(r"(include|src)/.*\.h")}
    tests = {Path(name).stem.removeprefix("test_"): name for name in tree.matching(r"tests/unit/.*/test_[^/]*\.c")}
    sources = tree.matching(r"src/.*\.c")
    built = tree.text("src/meson.build")
    for name in sources:
        stem = Path(name).stem
        room = str(Path(name).parent).removeprefix("src/")
        if stem not in headers and name not in NO_HEADER:
            yield f"{name}: there is no {stem}.h"
        if stem not in tests and name not in NO_UNIT_TEST:
            yield f"{name}: there is no tests/unit/{room}/test_{stem}.c"
        if stem in tests and tests[stem] != f"tests/unit/{room}/test_{stem}.c":
            yield f"{tests[stem]}: belongs into tests/unit/{room}, as {name}"
        if f"'{name.removeprefix('src/')}'" not in built:
            yield f"{name}: src/meson.build does not list it"
    for stem, name in tests.items():
        if f"'{stem}':" not in tree.text("tests/unit/meson.build"):
            yield f"{name}: tests/unit/meson.build does not list it"
    for table, title in ((NO_HEADER, "NO_HEADER"), (NO_UNIT_TEST, "NO_UNIT_TEST")):
        for name in table:
            if name not in sources:
                yield f"{name}: {title} names it, but it does not exist"
    for name in NO_UNIT_TEST:
        if Path(name).stem in tests:
            yield f"{name}: has its unit test; take it out of NO_UNIT_TEST"


def check_heads(tree: Tree) -> Iterator[str]:
    """A function is defined in the form by which the other rules find it."""
    for name in tree.matching(r"(src|include|tests)/(?!vim/).*\.[ch]"):
        for line in odd_heads(tree.text(name)):
            yield f"{name}:{line}: write the type, name(parameters) and {{ on lines of their own, from column one"


# A flag of its own, where a Cancel belongs.
CANCEL_FLAG = re.compile(
    r"(?<!const )\b(?:g?int|guint|unsigned|gboolean|bool|gsize|sig_atomic_t|atomic_\w+)\b\s*\**\s*"
    r"(?:\w*[cC]ancel(?:led|ed)?|(?:stop|abort|cancel|quit)Flag|givenUp|calledOff)\b(?!\s*\()"
    r"|\bconst g?int\s*\*+\s*\w*[cC]ancel\b"
)


TESTS_FLAG = re.compile(r"\bgint\s*\**\s*(\w*[cC]ancel|givenUp|calledOff)\b")


def check_habits(tree: Tree) -> Iterator[str]:
    """Headers are guarded, the only label is cleanup, unsafe functions are not used, a flag to cancel is a Cancel."""
    for name in tree.matching(r"(include|src)/.*\.h"):
        if "#pragma once" not in tree.text(name):
            yield f"{name}: no #pragma once"
    calls = re.compile(rf"\b({'|'.join(BANNED)})\s*\(|#\s*define\s+\w+\s+({'|'.join(BANNED)})\s*$")
    for name in tree.matching(r"(src|include|tests)/.*\.[ch]"):
        for number, code in enumerate(without_texts(tree.text(name)).splitlines(), 1):
            jump = re.search(r"\bgoto\s+(\w+)", code)
            if jump and jump.group(1) != "cleanup":
                yield f"{name}:{number}: goto {jump.group(1)}: the one label is cleanup"
            for found in calls.finditer(code):
                function = found[1] or found[2]
                if not (name.startswith("tests/") and function in TESTS_MAY):
                    yield f"{name}:{number}: {function}: use {BANNED[function]}"
            # The fakes of tests have switches.
            if (TESTS_FLAG if name.startswith("tests/") else CANCEL_FLAG).search(code):
                yield f"{name}:{number}: a flag of its own: use Cancel (base_cancel.h)"


# Functions of libvirt's tables that have no access check in libvirt: function -> reason.
NO_ACCESS_CHECK = {
    "esxConnectClose": "a client may always close its connection",
    "esxConnectIsEncrypted": "libvirt has no check for it",
    "esxConnectIsSecure": "libvirt has no check for it",
    **dict.fromkeys(("esxConnectIsAlive", "esxConnectSetKeepAlive"), "libvirt has no check for it"),
    **dict.fromkeys(
        ("esxDomainLookupByID", "esxDomainLookupByUUID", "esxDomainLookupByName"),
        "libvirt checks access to the domain that was found, and none is",
    ),
}


def uses_check(body: str, check: str, doors: tuple[str, ...]) -> bool:
    """Whether `body` calls `check`, or passes it to one of `doors`, and uses what comes back."""
    code = without_texts(body)
    passed = rf"\b(?:{'|'.join(doors)})\((?:[^();]|\([^()]*\))*\b{check}\b"
    for found in re.finditer(rf"\b{check}\(|{passed}", code):
        # A statement that begins with the call, or a cast, drops the result.
        if not re.search(r"(?:[;{})]|\belse|^)\s*$", code[: found.start()]):
            return True
    return False


def check_doors(tree: Tree) -> Iterator[str]:
    """Each function of libvirt's tables makes libvirt's access check of its name, itself or by a door."""
    found = {
        function: (name, line, parameters, body)
        for name in tree.matching(r"src/(api|driver)/.*\.c")
        for function, line, parameters, body in bodies(tree.text(name))
    }
    # Functions that are given a check: they have to make it.
    helpers = [function for function, (_, _, given, _) in found.items() if re.search(r"Esx\w*Access access\b", given)]
    for function in helpers:
        name, line, _, body = found[function]
        if not uses_check(body, "access", tuple(helpers)):
            yield f"{name}:{line}: {function} does not use the access check that it is given"
    for name, number, row in tree.source_lines(r"src/(api/esx_storage_driver|driver/esx_driver)\.c"):
        entry = re.match(r"\s*\.\s*((?:connect|domain|node|storage)[A-Z]\w*)\s*=\s*(.*)", row)
        if not entry or entry.group(2).removesuffix(",") in NO_ACCESS_CHECK:
            continue
        if not re.fullmatch(r"\w+,", entry.group(2)):
            yield f"{name}:{number}: {entry.group(1)}: write the name of its function alone"
        check = f"vir{entry.group(1)[0].upper()}{entry.group(1)[1:]}EnsureACL"
        body = found[entry.group(2).rstrip(",")][3] if entry.group(2).rstrip(",") in found else ""
        if not uses_check(body, check, tuple(helpers)):
            yield f"{name}:{number}: {entry.group(2).rstrip(',')} neither calls {check} nor passes it to a door"


# Functions of public headers that nothing in src/ calls: name -> reason. What tests alone need is in a *_priv.h or
# below tests/unit/support.
UNCALLED = {
    "esxRegister": "libvirt finds it by name",
    "vpxRegister": "libvirt finds it by name",
    "esxLoginsFree": "the process keeps its logins until it ends; tests make their own",
    "esxPipeRef": "the counterpart of esxPipeUnref; a stream's parts are few, and begin with one each",
    "inventoryIsLive": "what the events promise can be asked; tests of two floors do",
    "inventorySnapshotBuild": "what inventorySnapshotUpdate promises to be equal to; tests and benchmarks compare",
}


DECLARATION = r"^[A-Za-z][\w *\n]*?\b([a-z]\w*[A-Z]\w*)\([^;{]*\)[^;{()]*(?:\([^()]*\))?;"
CLEANUP = re.compile(r"\bG_DEFINE_AUTO\w*_FUNC\(\s*(\w+)\s*,\s*(\w+)")


def uses(tree: Tree) -> Counter[str]:
    """How often each word is in the code, without a function's own body, and without cleanups of no variable."""
    words: Counter[str] = Counter()
    cleanups: list[tuple[str, str]] = []
    cleaned: set[str] = set()
    for name in tree.matching(r"(src|include)/.*\.[ch]"):
        code = without_texts(tree.text(name))
        words.update(re.findall(r"\w+", code))
        for function, _, _, body in bodies(code):
            words[function] -= re.findall(r"\w+", body).count(function)
        cleanups += CLEANUP.findall(code)
        cleaned.update(re.findall(r"\bg_auto\w*\((\w+)\)", code))
    words.subtract(function for kind, function in cleanups if kind not in cleaned)
    return words


def check_callers(tree: Tree) -> Iterator[str]:
    """A function that a public header declares is called in src/, and not by tests alone."""
    words = uses(tree)
    for name in tree.matching(r"include/.*\.h"):
        text = without_comments(tree.text(name))
        for declared in re.finditer(DECLARATION, text, re.MULTILINE):
            # One is the declaration, one the definition.
            if words[declared.group(1)] <= 2 and declared.group(1) not in UNCALLED:
                line = line_of(text, declared.start(1))
                yield f"{name}:{line}: nothing in src/ calls {declared.group(1)}: tests' own belongs to the tests"


STATIC_FUNCTION = r"(?m)^static\b[^;{}]*?\n(\w+)\((?=[^;{}]*\n\{)"


def check_static_names(tree: Tree) -> Iterator[str]:
    """A debugger shows a static function's name alone: it has two words, and no other file has it."""
    owners: dict[str, str] = {}
    for name in tree.matching(r"src/.*\.c"):
        text = tree.text(name)
        for found in re.finditer(STATIC_FUNCTION, text):
            function, line = found.group(1), line_of(text, found.start(1))
            if not re.search(r"[a-z][A-Z]", function):
                yield f"{name}:{line}: {function}: a name of one word tells nothing"
            if owners.setdefault(function, name) != name:
                yield f"{name}:{line}: {function}: {owners[function]} has a function of that name"


# One verb for each kind of ending: see docs/HACKING.md.
OTHER_ENDINGS = re.compile(
    r"(End|Halt|Close|Release|Destroy|Delete|Abort|Shutdown|Dispose|Quit|Exit|Kill|Terminate|Teardown|Uninit|Fini)(?=\()"
)
# Functions whose name ends like that, and that end nothing of ours, or have no other word: name -> reason.
ENDS_OTHERWISE = {
    "esxPipeEnd": "the writer's end of a pipe",
    "esxPipeClose": "the reader's end of a pipe",
    "esxPipeAwaitEnd": "waits for the end",
    "esxStreamAwaitEnd": "waits for the end",
    "esxLoginsStopAtExit": "Stop, as the process exits",
    "viFileDelete": "deletes a file of the server",
    "viDiskDelete": "deletes a disk of the server",
    "esxVmfsDelete": "deletes a volume",
    **dict.fromkeys(("esxStorageVolDelete", "esxStoragePoolDelete", "esxStoragePoolDestroy"), "libvirt's verb"),
}


def check_endings(tree: Tree) -> Iterator[str]:
    """What ends something is called by the verb for that kind of ending."""
    for name, number, line in tree.source_lines(r"(include|src)/.*\.h"):
        for declared in re.finditer(r"\b([a-z]\w*[A-Z]\w*)\([^)]", line):
            if line.lstrip().startswith(("*", "/*")) or declared.group(1) in ENDS_OTHERWISE:
                continue
            if OTHER_ENDINGS.search(declared.group(0)) and name.count("/vim/") == 0:
                yield f"{name}:{number}: {declared.group(1)}: Free, Unref, Clear, Stop or Leave, see docs/HACKING.md"


CHECKS = (
    *WORD_CHECKS,
    *PYTHON_CHECKS,
    *LOCK_CHECKS,
    *ROOM_CHECKS,
    *MESSAGE_CHECKS,
    check_licence,
    check_blanks,
    check_lengths,
    check_functions,
    check_heads,
    check_companions,
    check_doors,
    check_callers,
    check_endings,
    check_static_names,
    check_habits,
)


def complaints(root: Path) -> list[str]:
    """What all rules have to say about the checkout at `root`."""
    tree = checkout(root)
    return [complaint for check in CHECKS for complaint in check(tree)]

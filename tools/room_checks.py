# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint about floors and rooms: what includes what, and who knows a kind of storage."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from source_tree import Tree, line_of, without_comments, without_texts
from word_checks import literals

# floor (the first folder below src/ or include/) -> those it may include from, as in src/meson.build
FLOORS = {
    "base": [],
    "http": ["base"],
    "soap": ["base"],
    "vi": ["base", "http", "soap"],
    "inventory": ["base", "http", "soap", "vi"],
    "server": ["base", "http", "soap", "vi", "inventory"],
    "stream": ["base", "http", "soap", "vi", "inventory", "server"],
    "backend": ["base", "http", "soap", "vi", "inventory", "server"],
    "api": ["base", "http", "soap", "vi", "inventory", "server", "stream", "backend"],
    "driver": ["base", "http", "soap", "vi", "inventory", "server", "stream", "backend", "api"],
}

# The table of the backends, which declares nothing else of them.
BACKENDS = "src/backend/esx_storage_backend.c"
# The same for the kinds of the inventory.
INVENTORY_KINDS = "src/inventory/inventory_kind.c"

# How many C sources a folder may have.
MOST_SOURCES = 16

SOURCES = r"(include|src)/.*\.[ch]"

# The one file that includes libvirt's private headers.
LIBVIRT = "include/server/esx_libvirt.h"
# Headers that the build generates -> the floors that use them.
GENERATED = {"vim_types.h": ("vi", "inventory", "backend")}
# The headers of C, of the system and of GLib: all floors.
PLATFORM = re.compile(
    r"(sys|arpa|linux)/\w+\.h"
    r"|(errno|fcntl|glib|inttypes|limits|math|poll|pthread|signal|stddef|stdint|stdlib|string|time|unistd)\.h"
)
# floor -> the libraries that it alone uses.
LIBRARIES = {"http": r"(curl|openssl)/\w+\.h", "soap": r"libxml/\w+\.h"}


def check_rooms(tree: Tree) -> Iterator[str]:
    """Each C file is in a folder of a floor, and no folder has more sources than a reader takes in."""
    counts: dict[str, int] = {}
    for name in tree.matching(r"(src|include)/.*\.[ch]"):
        parts = name.split("/")
        if parts[1] not in FLOORS and not name.startswith("src/vim/"):
            yield f"{name}: not in a floor: {', '.join(FLOORS)}"
        if name.endswith(".c"):
            folder = str(Path(name).parent)
            counts[folder] = counts.get(folder, 0) + 1
    for folder, count in counts.items():
        if count > MOST_SOURCES:
            yield f"{folder}: {count} sources, more than {MOST_SOURCES}: make a room below it"
    homes: dict[str, str] = {}
    for name in tree.matching(r"(src|include)/.*"):
        if not re.search(r"\.[ch]$|(^|/)meson\.build$|\.map$", name):
            yield f"{name}: sources are .c and .h: the rules read no others"
        if name.endswith(".h") and homes.setdefault(Path(name).name, name) != name:
            yield f"{name}: {homes[Path(name).name]} has that name, too"


# A directive that includes, in any of C's spellings, and how it is written.
INCLUDING = re.compile(
    r"^[ \t]*(?:#|%:|\?\?=)(?:[ \t]*(?:import|include\w*|embed)\b.*|[ \t]*\w*[ \t]*(?:\\|\?\?/)$)", re.MULTILINE
)
WRITTEN = re.compile(r'#include (?:"([\w/]+\.h)"|<([\w/]+\.h)>)')


def directives(tree: Tree, pattern: str) -> Iterator[tuple[str, int, str]]:
    """(file, line number, line) of each directive that includes."""
    for name in tree.matching(pattern):
        text = tree.text(name)
        lines = text.splitlines()
        for found in INCLUDING.finditer(without_comments(text)):
            number = line_of(text, found.start())
            yield name, number, lines[number - 1]


def includes(tree: Tree, pattern: str) -> Iterator[tuple[str, int, str]]:
    """(file, line number, path of the header) of each include of one of our headers."""
    headers = {Path(name).name: name for name in tree.matching(r"(include|src)/.*\.h")}
    for name, number, line in directives(tree, pattern):
        included = re.search(r'[<"]([^">]+)[">]', line)
        header = headers.get(Path(included.group(1)).name) if included else None
        if header:
            yield name, number, header


def foreign(name: str, line: str, ours: set[str]) -> str:
    """What is wrong with a directive of the file `name`, as it is written and for headers that are not ours."""
    floor = name.split("/")[1]
    written = WRITTEN.fullmatch(line)
    if not written:
        return 'write #include "name.h" or <name.h>, and no more on the line'
    quoted, system = written.groups()
    if quoted and quoted not in ours and name != LIBVIRT:
        if "/" in quoted:
            return f"{quoted}: include a header by its name"
        if floor not in GENERATED.get(quoted, ()):
            return f"{quoted} is not of this tree: libvirt's headers are in {Path(LIBVIRT).name}"
    if system and not PLATFORM.fullmatch(system) and not re.fullmatch(LIBRARIES.get(floor, "(?!)"), system):
        return f"{floor} does not use <{system}>: see PLATFORM and LIBRARIES"
    return ""


# A declaration of a function in a C file that is not static, or of anything elsewhere.
DECLARED = re.compile(
    r"^[ \t]*extern\b|^(?!static\b|typedef\b)[A-Za-z][\w *\n]*?\b\w+\([^;{}=]*\)[^;{}]*;", re.MULTILINE
)


def check_floors(tree: Tree) -> Iterator[str]:
    """A floor includes its own headers, those of the floors below and its libraries; declarations are in headers."""
    for name, number, header in includes(tree, SOURCES):
        here, there = name.split("/")[1], header.split("/")[1]
        private = header.startswith("src/")
        if here != there and here != "vim" and (private or there not in FLOORS.get(here, [])):
            yield f"{name}:{number}: {here} may not include {Path(header).name} of {there}"
    ours = {Path(name).name for name in tree.matching(r"(include|src)/.*\.h")}
    for name, number, line in directives(tree, r"(include|src)/(?!vim/).*\.[ch]"):
        wrong = foreign(name, line, ours)
        if wrong:
            yield f"{name}:{number}: {wrong}"
    for name in tree.matching(r"src/(?!vim/).*\.c"):
        code = without_texts(tree.text(name))
        for found in DECLARED.finditer(code):
            yield f"{name}:{line_of(code, found.start())}: declares what is elsewhere: include its header"


def kinds(tree: Tree) -> list[str]:
    """The kinds of storage: each is a room of its own in the backend's floor, and known to nobody else."""
    return sorted({name.split("/")[2] for name in tree.matching(r"(src|include)/backend/\w+/.*")})


def check_kinds(tree: Tree) -> Iterator[str]:
    """A kind of storage is known in its own room alone: backends meet the rest in esx_storage_backend.h."""
    rooms = tuple(f"/backend/{kind}/" for kind in kinds(tree))
    for name, number, header in includes(tree, SOURCES):
        room = next((room for room in rooms if room in f"/{header}"), None)
        is_table = name == BACKENDS and Path(header).name.startswith("esx_storage_backend_")
        if room and room not in f"/{name}" and not is_table:
            yield f"{name}:{number}: only {room.strip('/')} may include {Path(header).name}"
        own = f"/backend/{Path(header).stem.removeprefix('inventory_')}/"
        is_kind = re.match(r"(src|include)/inventory/kinds/", name) or name == INVENTORY_KINDS
        if "/inventory/kinds/" in header and not is_kind and own not in f"/{name}":
            yield f"{name}:{number}: {Path(header).name} is for inventory/kinds and its own backend"


# What names a kind of storage or a part of one, in the facade and in the driver.
KIND_WORDS = re.compile(
    r"data.?store|vmfs|vmdk|nfs|vsan|vvol|cifs|iscsi|scsi|\biqn|\bnaa\b|hba|adapter|target\b"
    r"|\blun|(?-i:L[Uu][Nn])|logical.?unit"
    r"|VIR_STORAGE_POOL_(?:DIR|DISK|FS|GLUSTER|LOGICAL|MPATH|NETFS|RBD|SHEEPDOG|VSTORAGE|ZFS)\b",
    re.IGNORECASE,
)
# What libvirt calls target: where a pool or volume is.
LIBVIRTS_TARGET = re.compile(
    r"\w*TargetPath\w*|target path|/target/|<target\b"
    r"|def->target\.(?=(path|format|capacity|allocation|physical|perms)\b)"
)
# What a pool has of its kind, and what asks which kind it is.
KIND_CODE = re.compile(
    r"(?:->|\.)(?:own|kind|datastore|target)\b|\besxStorageBackends\(\)\s*\[|\binventoryKinds\b"
    r"|\bbackend->name\b|\bbackend\s*[!=]=(?!\s*NULL\b)|[!=]=\s*(?:\w+(?:->|\.))*backend\b"
)
# Files that use a field of a kind: path -> reason.
KNOWS_KIND: dict[str, str] = {}
# The field of a kind in InventoryPool -> the room of the backend that has it.
KIND_FIELDS = {"datastore": "vmfs", "target": "iscsi", "own": "scsi"}


def check_kind_words(tree: Tree) -> Iterator[str]:
    """The facade and the driver do not name a kind of storage, and no floor but the backend's uses a pool's kind."""
    for name in tree.matching(r"(include|src)/(api|driver)/.*\.[ch]"):
        lines = list(enumerate(tree.text(name).splitlines(), 1))
        # A literal may be in pieces.
        for number, line in [*lines, *literals(tree.text(name))]:
            word = KIND_WORDS.search(LIBVIRTS_TARGET.sub("", line))
            if word:
                yield f"{name}:{number}: {word[0]!r}: a kind of storage is the backend's to know"
    for name in tree.matching(r"(include|src)/(api|driver|server|stream)/.*\.[ch]"):
        code = LIBVIRTS_TARGET.sub("", without_texts(tree.text(name)))
        for number, line in enumerate(code.splitlines(), 1):
            word = KIND_CODE.search(line)
            if word and name not in KNOWS_KIND:
                yield f"{name}:{number}: {word[0]!r}: a pool's kind is the backend's to know"
    for name in tree.matching(r"(include|src)/backend/.*\.[ch]"):
        code = without_texts(tree.text(name))
        for found in re.finditer(rf"\bpool->({'|'.join(KIND_FIELDS)})\b", code):
            if f"/backend/{KIND_FIELDS[found[1]]}/" not in name:
                yield f"{name}:{line_of(code, found.start())}: {found[0]} is of backend/{KIND_FIELDS[found[1]]}"


ROOM_CHECKS = (check_rooms, check_floors, check_kinds, check_kind_words)

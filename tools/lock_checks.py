# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint that hold the tables of threads and locks in docs/ARCHITECTURE.md to the code.

Which lock is held where follows from the text: from a locker or a lock to its unlock, or to the end of the function,
and in what is called meanwhile. Calls through pointers are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from source_tree import Tree, bodies, line_of, without_texts

PAGE = "docs/ARCHITECTURE.md"
NETWORK = "httpTransportPerform"
SOURCES = r"(src|include)/(?!vim/).*\.[ch]"

# Calls that are not made with the lock that a caller holds: (function, called) -> reason.
NOT_MADE = {
    ("lockedGiveUp", "loginFree"): "a login that did not open has no server to leave",
}

TOKEN = re.compile(
    r"(?P<locker>g_mutex_locker_new)\((?P<a>[^()]+)\)"
    r"|(?P<lock>g_mutex_lock|g_mutex_trylock|pthread_mutex_lock)\((?P<b>[^()]+)\)"
    r"|(?P<unlock>g_mutex_unlock|pthread_mutex_unlock)\((?P<c>[^()]+)\)"
    r"|(?P<drop>g_clear_pointer\(&locker)"
    r"|\b(?P<call>\w+)\("
)


@attrs.define
class Function:
    """What a function does with locks, in the order of its text."""

    taken: set[str] = attrs.field(factory=set)
    """The locks that it takes itself."""
    calls: list[tuple[str, frozenset[str], frozenset[str]]] = attrs.field(factory=list)
    """(called, its own locks that are held then, those of its callers that it has released)."""


def lock_name(name: str, around: str, expression: str) -> str:
    """What the table calls the lock that `expression` is, in a function of the file `name`."""
    path = re.fullmatch(r"&(\w+)->(\w+)", expression.strip())
    if not path:
        return expression.strip().lstrip("&")
    declared = re.search(rf"(\w+)\s*\*\s*(?:const\s+)?{path[1]}\b", around)
    return f"{declared[1] if declared else name}.{path[2]}"


def read_function(name: str, parameters: str, body: str) -> Function:
    """The locks and calls of a function of the file `name`."""
    found = Function()
    held: dict[str, bool] = {}
    released: set[str] = set()
    inner: list[tuple[int, str]] = []
    """Unlocked within a deeper block, whose end has the lock held again: (indentation, lock)."""
    for line in body.splitlines():
        depth = len(line) - len(line.lstrip())
        while line.strip() and inner and depth < inner[-1][0]:
            held[inner.pop()[1]] = True
        for token in TOKEN.finditer(line):
            expression = token["a"] or token["b"] or token["c"]
            lock = lock_name(name, f"{parameters};{body}", expression) if expression else ""
            if token["locker"] or token["lock"]:
                if lock in released:
                    released.discard(lock)
                    continue
                inner = [(at, other) for at, other in inner if other != lock]
                held[lock] = True
                found.taken.add(lock)
            elif token["unlock"] and lock in held:
                held[lock] = False
                if depth > 4:
                    inner.append((depth, lock))
            elif token["unlock"]:
                released.add(lock)
            elif token["drop"]:
                held = dict.fromkeys(held, False)
            elif token["call"]:
                now = frozenset(lock for lock, is_held in held.items() if is_held)
                found.calls.append((token["call"], now, frozenset(released)))
    return found


def read_functions(tree: Tree) -> dict[str, Function]:
    """The functions of all C files; static names are unique (check_static_names)."""
    found = {}
    for name in tree.matching(SOURCES):
        for function, _, parameters, body in bodies(without_texts(tree.text(name))):
            found[function] = read_function(name, parameters, body)
    return found


def reached(functions: dict[str, Function], start: str, lock: str) -> dict[str, str]:
    """The functions that may run below `start` while `lock` is held: function -> who calls it."""
    callers = {start: ""}
    waiting = [start]
    while waiting:
        function = waiting.pop()
        for called, _, released in functions[function].calls:
            if called in functions and called not in callers and lock not in released:
                if (function, called) not in NOT_MADE:
                    callers[called] = function
                    waiting.append(called)
    return callers


def lock_order(tree: Tree) -> dict[tuple[str, str], str]:
    """(lock held, lock taken meanwhile, or NETWORK) -> the calls that lead there."""
    functions = read_functions(tree)
    found: dict[tuple[str, str], str] = {}
    for name, function in functions.items():
        for called, held, _ in function.calls:
            for lock in held if called in functions else ():
                callers = reached(functions, called, lock)
                for below in callers:
                    way = [below]
                    while callers[way[-1]]:
                        way.append(callers[way[-1]])
                    text = " → ".join([name, *reversed(way)])
                    for other in [*functions[below].taken, *([NETWORK] if below == NETWORK else [])]:
                        if other != lock:
                            found.setdefault((lock, other), text)
    return found


def lock_rows(tree: Tree) -> dict[str, tuple[str, str]]:
    """The table of locks: lock -> (what it guards and precedes, whether it is held across the network)."""
    table = re.search(r"^\| lock \|.*?\n\n", f"{tree.text(PAGE)}\n\n", re.MULTILINE | re.DOTALL)
    cells = [line.split(" | ") for line in (table[0] if table else "").splitlines()[2:] if line.count(" | ") == 2]
    return {lock[1]: (row[1], row[2]) for row in cells for lock in [re.match(r"\| `([^`]+)`", row[0])] if lock}


def locks(code: str) -> Iterator[tuple[int, str]]:
    """(line number, name in the table) of each lock that C code without comments declares."""
    declared = r"^ *(static +)?(?:volatile +)?(?:GMutex|pthread_mutex_t)\b *([^;()*]*?);"
    for lock in re.finditer(declared, code, re.MULTILINE):
        owner = ""
        if not lock[1]:
            opened = re.findall(r"^(?:static )?(?:typedef )?struct(?: _?(\w+))? \{", code[: lock.start()], re.MULTILINE)
            closed = re.search(r"^\} ?(\w*);", code[lock.end() :], re.MULTILINE)
            owner = f"{(closed[1] if closed else '') or (opened or [''])[-1]}."
        for name in re.findall(r"(?:^|,)\s*(\w+)", re.sub(r"\{[^}]*\}", "", lock[2])):
            yield line_of(code, lock.start()), f"{owner}{name}"


# Locks that these rules do not follow.
OTHER_LOCKS = re.compile(
    r"\b(?:GRecMutex|GRWLock|GStatic\w*Mutex|G_LOCK\w*|g_(?:pointer_)?bit_(?:try)?lock|(?:g_)?rw_?lock_\w+"
    r"|pthread_(?:rwlock|spin|mutexattr)\w*|mtx_\w+|sem_\w+|lockf|flock"
    r"|vir(?:RWLock|Mutex|RecursiveMutex|Object(?:RW)?Lock)\w*|VIR_(?:WITH_)?(?:MUTEX|LOCK|OBJECT_LOCK)_\w+)\b"
)


def check_locks(tree: Tree) -> Iterator[str]:
    """Each lock has its row, which says what is taken while it is held, and whether the network is waited for."""
    rows = lock_rows(tree)
    for name in tree.matching(SOURCES):
        code = without_texts(tree.text(name))
        for number, lock in locks(code):
            if lock not in rows:
                yield f"{name}:{number}: {lock} has no row in {PAGE}"
        for other in OTHER_LOCKS.finditer(code):
            yield f"{name}:{line_of(code, other.start())}: {other[0]}: use GMutex, which the rules follow"
    for (lock, other_lock), way in lock_order(tree).items():
        guards, network = rows.get(lock, ("", ""))
        if other_lock == NETWORK and network.startswith("never"):
            yield f"{PAGE}: {lock} is held across the network: {way}"
        elif other_lock != NETWORK and f"`{other_lock}`" not in guards:
            yield f"{PAGE}: the row of {lock} does not say that {other_lock} is taken while it is held: {way}"


def check_threads(tree: Tree) -> Iterator[str]:
    """Each thread has its row."""
    for name in tree.matching(r"src/.*\.c"):
        for thread in re.findall(r'\bthreadStart\(\s*"([^"]+)"', tree.text(name)):
            if not re.search(rf"^\| `{thread}`", tree.text(PAGE), re.MULTILINE):
                yield f"{name}: the thread {thread} has no row in {PAGE}"


LOCK_CHECKS = (
    check_locks,
    check_threads,
)

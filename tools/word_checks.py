# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint about words: messages, pages, their links, and what comments claim. See source_checks.py."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from source_tree import Tree, line_of

# A comment, or literals that the compiler joins, with the macros between them.
LITERALS = re.compile(
    r"/\*.*?\*/|'(?:\\.|[^'\\])'"
    r'|"(?:\\.|[^"\\\n])*"(?:[\s\\]*(?:[A-Z]\w+[\s\\]*)?"(?:\\.|[^"\\\n])*")*(?:[\s\\]*[A-Z]\w+)?',
    re.DOTALL,
)
# Words that keep their capital at the beginning of a message, beside names with two capitals (ESX, LUN, CreateFilter).
PROPER_NAMES: frozenset[str] = frozenset({"Datastore"})


def literals(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of each literal outside of comments; a macro between two of them is a NUL."""
    for found in re.finditer(LITERALS, text):
        if found.group(0)[0] == '"':
            parts = re.findall(r'"((?:\\.|[^"\\])*)"|([A-Z]\w+)', found.group(0))
            yield line_of(text, found.start()), "".join("\0" if macro else part for part, macro in parts)


def check_wording(tree: Tree) -> Iterator[str]:
    """A message begins in lower case, has no full stop at its end, and joins its clauses with ';' or ':'."""
    for name in tree.matching(r"(src|include)/(?!vim/).*\.[ch]"):
        for line, text in literals(tree.text(name)):
            first = re.match(r"\s*([A-Z][a-z]+) [a-z'%(]", text)
            if first and first.group(1) not in PROPER_NAMES:
                yield f"{name}:{line}: the message {text[:30]!r} begins with a capital"
            if " " in text and re.search(r"[\w)'\]\0]\.$", text):
                yield f"{name}:{line}: the message {text[:30]!r} ends in a full stop"
            if re.search(r"[a-z)'\0]\. [A-Z%][a-z]", text):
                yield f"{name}:{line}: the message {text[:30]!r} has two sentences: join them with ';'"


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a Markdown page, as GitHub makes them."""
    prose = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)
    titles = re.findall(r"^#+ (.+)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


# Links of Markdown, with a title or without one; definitions of references; links and images of HTML.
LINKS = re.compile(
    r"""\]\(\s*<?([^)\s>]+)>?(?:\s+["'(][^)]*)?\)|^ {0,3}\[[^]^][^]]*\]:\s*<?([^\s>]+)"""
    r"""|<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)\s*=\s*["']?([^"'\s>]+)""",
    re.MULTILINE,
)


def check_links(tree: Tree) -> Iterator[str]:
    """A relative link in a Markdown page leads to a file, and its anchor to a heading."""
    for name in tree.matching(r".*\.md"):
        text = re.sub(r"`[^`\n]*`", "", tree.text(name))
        for found in LINKS.finditer(text):
            link = found[1] or found[2] or found[3]
            number = line_of(text, found.start())
            if re.match(r"[a-z]+:", link):
                continue
            path, _, anchor = link.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            if target not in tree.files and not any(file.startswith(f"{target}/") for file in tree.files):
                yield f"{name}:{number}: there is no {target}"
            elif anchor and anchor not in anchors(tree.text(target)):
                yield f"{name}:{number}: {target} has no heading for #{anchor}"
        prose = re.sub(r"^( *)```.*?^\1```", "", text, flags=re.MULTILINE | re.DOTALL)
        for reference in re.findall(r"\]\[(\w[^]\n]*)\]", prose):
            if not re.search(rf"^ {{0,3}}\[{re.escape(reference)}\]:", text, re.MULTILINE | re.IGNORECASE):
                yield f"{name}: no link is defined for [{reference}]"


# Words that make a reader stop, or make a person of a program: word -> what to write instead.
UNPLAIN = {
    "anew": "again",
    "as ever": "as before",
    "for ever": "without end",
    "gone": "disappeared, deleted, no longer exists",
    "tell": "report, say, show",
    "tells": "reports, says, shows",
    "told": "reported, asked",
    "whoever": "the client, the server, the process",
}
# In comments these make a person of a thread or a client, too.
UNPLAIN_COMMENTS = UNPLAIN | {
    "everybody": "all threads, all clients",
    "he": "it",
    "his": "its",
    "nobody": "no thread, no client",
    "somebody": "a thread, a client",
    "till": "until",
    "whom": "which",
}
# Pages that a user or a developer reads.
PLAIN_PAGES = (
    r"(README|NEWS|CONTRIBUTING|docs/(USER_GUIDE|SECURITY|ARCHITECTURE|HACKING|REVIEW|BENCHMARKS|SCALE|SOAK|ATTACK)"
    r"|docs/(tutorial|howto|reference|explanation)/.*)\.md"
)


def comments(text: str) -> Iterator[tuple[int, str]]:
    """(line number, text) of each comment, as one line of prose."""
    for found in re.finditer(LITERALS, text):
        if found.group(0).startswith("/*"):
            prose = re.sub(r"\s*\n[ *]*", " ", found.group(0).strip("/* \n"))
            yield line_of(text, found.start()), prose


def check_plain_words(tree: Tree) -> Iterator[str]:
    """Pages and the texts of messages have no word of UNPLAIN, and comments none of UNPLAIN_COMMENTS."""
    lines = [(*line, UNPLAIN) for line in tree.source_lines(rf"{PLAIN_PAGES}|tests/data/mistakes\.txt")]
    for name in tree.matching(r"(src|include)/(?!vim/).*\.[ch]"):
        text = tree.text(name)
        lines += [(name, number, literal, UNPLAIN) for number, literal in literals(text) if " " in literal]
        lines += [(name, number, comment, UNPLAIN_COMMENTS) for number, comment in comments(text)]
    for name, number, line, unplain in lines:
        # Code and quoted texts are not prose, and a name keeps its words.
        prose = re.sub(r'`[^`]*`|"[^"]*"', "", line)
        for word in re.findall(rf"\b({'|'.join(unplain)})\b", prose, re.IGNORECASE):
            yield f"{name}:{number}: {word!r}: write {unplain[word.lower()]}"


# What exchanges a request for a reply, and no more: the session's own calls, and those that follow the replay rule.
EXCHANGES = {"src/vi/vi_session.c", "src/vi/vi_call.c"}

# Starts a thread that takes the application's signals, or hides that none could be started.
STARTS_THREAD = re.compile(
    r"\b(g_thread_(try_)?new|g_thread_pool_new\w*|pthread_create|thrd_create|virThread(Create|Pool)\w*)\b"
)


def check_statements(tree: Tree) -> Iterator[str]:
    """What comments and contracts often claim, and what is then not true any more."""
    for name, number, line in tree.source_lines(r"(src|include)/.*\.[ch]"):
        if STARTS_THREAD.search(line) and name != "src/base/base_thread.c":
            yield f"{name}:{number}: start threads with threadStart()"
        if re.search(r"\bg_str_hash\b[^()]*[,)]", line):
            yield f"{name}:{number}: g_str_hash: others can choose texts with one hash: use hashText"
        if re.search(r"\bviSessionExchange\(", line) and name.startswith("src/") and name not in EXCHANGES:
            yield f"{name}:{number}: viSessionExchange: use viCall, which repeats what may be repeated"
        if re.search(r"\bfacts/", line):
            yield f"{name}:{number}: names a file that is not in the tree"
        if name.startswith("include/") and re.search(r"\b(is the )?only (user|caller)\b", line):
            yield f"{name}:{number}: a contract does not name its callers"
    minimum = re.search(r"dependency\('libcurl', version: '>= ([\d.]+)'", tree.text("meson.build"))
    if minimum is None:
        return
    for name in tree.matching(r"(src|include)/.*\.[ch]"):
        text = tree.text(name)
        for claim in re.finditer(r"(?:libcurl\b[^.;]{0,40}?|cannot be used; )(\d\.\d+) or newer", text):
            if claim.group(1) != minimum.group(1):
                number = line_of(text, claim.start())
                yield f"{name}:{number}: meson.build wants libcurl {minimum.group(1)} or newer"


LIMITS = "include/base/base_limits.h"
# What is called a ceiling, and is one of a mechanism or of a protocol: name -> reason.
OTHER_CEILINGS = {
    "ESX_CONNECTION_CONNECTIONS_MAX": "the largest value of connections=",
    "ESX_URI_PORT_MAX": "ports have 16 bits",
    "HTTP_PORT_MAX": "ports have 16 bits",
    "LARGEST_BLOCK": "a piece of an arena, which has many",
    "LARGEST_SPARE": "a piece that an arena keeps",
    "LONGEST_ESCAPE": "a property of XML",
    "MAX_PATHS": "room for a table of this program",
    "MAX_TYPES": "room for a table of this program",
    "PORT_MAX": "ports have 16 bits",
    "SEGMENT_MAX": "a part of a download, which is asked for",
    "TIDY_PAUSE_MAX_MS": "a pause between tries",
}


CEILING = r"MAX|LIMIT|MOST|LONGEST|LARGEST|BIGGEST|CEILING|CAP(?![A-Z])|UPPER"
# A number that is called a ceiling: a macro, a value of an enum, a constant.
CEILINGS = re.compile(
    rf"^\s*#\s*define (\w*(?:{CEILING})\w*) +\(?[(\w]"
    rf"|(?:^\s*|[{{,]\s*)(\w*(?:{CEILING})\w*)\s*=\s*\(?\d"
    r"|\bconst\s+\w+(?:\s+\w+)?\s+"
    rf"(\w*(?:{CEILING})\w*|(?:max|most|limit|longest|largest|ceiling|cap)(?:[A-Z]\w*)?"
    r"|\w+(?:Max|Most|Limit|Longest|Largest|Ceiling|Cap)(?:[A-Z]\w*)?)"
    r"\s*=\s*\(?\d"
)


def check_ceilings(tree: Tree) -> Iterator[str]:
    """The ceilings on what others send are in base_limits.h, and each has a test that names it."""
    text = tree.text(LIMITS)
    defined = dict(re.findall(r"^#define (LIMIT_\w+) (.*)$", text, re.MULTILINE))
    tests, sources = (
        {word for name in tree.matching(pattern) for word in re.findall(r"\bLIMIT_\w+", tree.text(name))}
        for pattern in (r"tests/.*\.(c|h|py)", r"src/.*\.c")
    )
    for limit in defined:
        parts = {limit, *(other for other, value in defined.items() if re.search(rf"\b{limit}\b", value))}
        number = line_of(text, text.index(f"#define {limit} "))
        made_of = set(re.findall(r"\bLIMIT_\w+", defined[limit]))
        if not (parts | made_of) & sources:
            yield f"{LIMITS}:{number}: nothing keeps to {limit}"
        if not parts & tests:
            yield f"{LIMITS}:{number}: no test names {limit}: each ceiling has one that reaches it"
    for name, number, line in tree.source_lines(r"(src|include)/(?!vim/).*\.[ch]"):
        for ceiling in CEILINGS.finditer(line):
            word = ceiling[1] or ceiling[2] or ceiling[3]
            if name != LIMITS and word not in OTHER_CEILINGS:
                yield f"{name}:{number}: {word}: ceilings are in {LIMITS}"


WORD_CHECKS = (
    check_ceilings,
    check_wording,
    check_links,
    check_plain_words,
    check_statements,
)

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""The rules of ./dev lint about words, links and statements: what is planted is found, and what is right is not."""

from __future__ import annotations

import pytest
from planted import pages

import word_checks


@pytest.mark.parametrize(
    ("literal", "complaint"),
    [
        ("\"The server has no file '%s'\"", "begins with a capital"),
        ("\" It says: '%s'\"", "begins with a capital"),
        ('"No "\n        "host"', "begins with a capital"),
        ('"%s cannot be reached."', "ends in a full stop"),
        ('"the range ends at %" G_GUINT64_FORMAT "."', "ends in a full stop"),
        ('"the file is locked (status %u)."', "ends in a full stop"),
        ('"not trusted: " TEXT_MESSAGE ". If the host changed it, say so"', "two sentences"),
        ('"it is locked. %s"', "two sentences"),
    ],
)
def test_planted_wording_is_found(literal: str, complaint: str):
    text = f"/* The head. */\nvoid\nf(void)\n{{\n    textToError(error, VI_ERROR, 1, {literal}, name);\n}}\n"
    found = list(word_checks.check_wording(pages({"src/vi/vi_planted.c": text})))
    assert len(found) == 1
    assert found[0].startswith("src/vi/vi_planted.c:5: ")
    assert complaint in found[0]


@pytest.mark.parametrize(
    "literal",
    [
        "\"the server has no file '%s'\"",
        '"ESX cannot shrink a virtual disk; create a smaller disk and copy the data to it"',
        '"LUNs are read-only"',
        '"CreateFilter: the server created none"',
        '"Cookie: %s"',
        "\"%u omitted, the first one is %s: '%s…'\"",
        '"the part \\".\\" or \\"..\\""',
    ],
)
def test_wording_by_the_rule_is_not(literal: str):
    text = f'/* "The old text of it." */\nvoid\nf(void)\n{{\n    refuse({literal}, error);\n}}\n'
    assert list(word_checks.check_wording(pages({"src/vi/vi_planted.c": text}))) == []


@pytest.mark.parametrize(
    ("link", "complaint"),
    [
        ("docs/NONE.md", "there is no docs/NONE.md"),
        ("../README.md", "there is no ../README.md"),
        ("docs/GUIDE.md#no-such-part", "docs/GUIDE.md has no heading for #no-such-part"),
        ("docs/GUIDE.md#in-code", "docs/GUIDE.md has no heading for #in-code"),
        ("#elsewhere", "README.md has no heading for #elsewhere"),
    ],
)
def test_a_planted_broken_link_is_found(link: str, complaint: str):
    tree = pages({"README.md": f"# A\n\nSee [it]({link}).\n", "docs/GUIDE.md": "# B\n\n```\n# In code\n```\n"})
    assert list(word_checks.check_links(tree)) == [f"README.md:3: {complaint}"]


@pytest.mark.parametrize(
    "link",
    ["docs/GUIDE.md", "docs", "docs/GUIDE.md#what-is-it-ab", "#a", "https://example.org/x", "mailto:a@example.org"],
)
def test_a_good_link_is_not(link: str):
    tree = pages({"README.md": f"# A\n\nSee [it]({link}).\n", "docs/GUIDE.md": "## What is it: a/b?\n"})
    assert list(word_checks.check_links(tree)) == []


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("README.md", "The server tells of changes.\n", "tells"),
        ("docs/howto/events.md", "Whoever asks pays.\n", "Whoever"),
        ("docs/SECURITY.md", "It is read anew.\n", "anew"),
        ("tests/data/mistakes.txt", "error: the pool is gone\n", "gone"),
        ("src/vi/vi_planted.c", 'refuse("it was told to stop");\n', "told"),
        ("docs/ARCHITECTURE.md", "An event is told once.\n", "told"),
        ("docs/HACKING.md", "Whoever builds it.\n", "Whoever"),
        ("docs/BENCHMARKS.md", "What the figures tell.\n", "tell"),
        ("docs/SCALE.md", "The time is told.\n", "told"),
        ("docs/SOAK.md", "The client has gone.\n", "gone"),
        ("docs/ATTACK.md", "The error tells it.\n", "tells"),
        ("src/vi/vi_planted.c", "/* What it tells of a task. */\n", "tells"),
        ("src/vi/vi_planted.c", "int a; /* nobody waits */\n", "nobody"),
        ("src/vi/vi_planted.c", "/*\n * The list is read anew,\n * as\n * always.\n */\n", "anew"),
        ("src/vi/vi_planted.c", "/*\n * It stays as\n * ever.\n */\n", "as ever"),
        ("include/vi/vi_planted.h", "/* A reader, when he came. */\n", "he"),
        ("include/vi/vi_planted.h", "    int a;  /* waits till then */\n", "till"),
    ],
)
def test_a_planted_unplain_word_is_found(name: str, text: str, word: str):
    (found,) = word_checks.check_plain_words(pages({name: text}))
    assert found.startswith(f"{name}:1: {word!r}")


def test_plain_words_are_not():
    texts = {
        "README.md": "The task has `gone` as a name; a reporter counts.\n",
        "python/esxkit/fake/ASSUMED.md": "What nobody was told.\n",
        "src/vi/a.c": '/* The history of the stills; `told` and "gone" are names, watchLost() and he_ are, too. */\n'
        'told(nobody);\n"told"\n',
        "include/vim/vim_types.h": "/* generated: told */\n",
        "tests/unit/vi/test_a.c": "/* told */\n",
    }
    assert list(word_checks.check_plain_words(pages(texts))) == []


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        ("src/vi/vi_planted.c", "    t = g_thread_try_new(name, work, data, error);", "start threads with threadStart"),
        ("src/vi/vi_planted.c", "    t = g_thread_new(name, work, data);", "start threads with threadStart"),
        (
            "src/vi/vi_planted.c",
            "    p = g_thread_pool_new(work, data, 8, FALSE, NULL);",
            "start threads with threadStart",
        ),
        (
            "src/vi/vi_planted.c",
            "    p = g_thread_pool_new_full(work, data, NULL, 8);",
            "start threads with threadStart",
        ),
        ("src/vi/vi_planted.c", "    pthread_create (&thread, NULL, work, data);", "start threads with threadStart"),
        ("include/vi/vi_planted.h", "#define START pthread_create", "start threads with threadStart"),
        ("src/vi/vi_planted.c", "    virThreadCreate(&thread, true, work, data);", "start threads with threadStart"),
        ("src/vi/vi_planted.c", "    virThreadCreateFull(&thread, true, work);", "start threads with threadStart"),
        ("src/vi/vi_planted.c", "/* As in facts/vi-api.md. */", "not in the tree"),
        ("src/vi/vi_planted.c", "    t = g_hash_table_new(g_str_hash, g_str_equal);", "use hashText"),
        ("src/vi/vi_planted.c", "    viSessionExchange(session, &method);", "use viCall"),
        ("include/vi/vi_planted.h", " * vi_call.c is the only user.", "does not name its callers"),
        ("include/http/planted.h", " * The transport: libcurl, 7.87 or newer, OpenSSL flavour.", "wants libcurl 7.88"),
        ("src/http/planted.c", '"this libcurl (%s) cannot be used; 7.87 or newer is needed"', "wants libcurl 7.88"),
    ],
)
def test_a_planted_statement_is_found(name: str, line: str, complaint: str):
    build = "libcurl = dependency('libcurl', version: '>= 7.88')\n"
    (found,) = word_checks.check_statements(pages({name: line + "\n", "meson.build": build}))
    assert complaint in found


LIMITS = "include/base/base_limits.h"


@pytest.mark.parametrize(
    ("texts", "complaint"),
    [
        ({LIMITS: "#define LIMIT_X 7\n", "src/base/a.c": "LIMIT_X\n"}, "no test names LIMIT_X"),
        ({LIMITS: "#define LIMIT_X 7\n", "tests/unit/a.c": "LIMIT_X\n"}, "nothing keeps to LIMIT_X"),
        ({"src/vi/a.c": "#define MAX_HOSTS 64\n"}, "src/vi/a.c:1: MAX_HOSTS: ceilings are in"),
        ({"include/vi/a.h": "#define VI_LONGEST_NAME (64 * 1024)\n"}, "VI_LONGEST_NAME: ceilings are in"),
    ],
)
def test_a_planted_ceiling_is_found(texts: dict[str, str], complaint: str):
    (found,) = word_checks.check_ceilings(pages(texts))
    assert complaint in found


def test_a_ceiling_with_its_test_is_in_order():
    texts = {
        LIMITS: "#define LIMIT_X_MIB 7\n#define LIMIT_X (LIMIT_X_MIB * 1024)\n",
        "src/base/a.c": "if (n > LIMIT_X)\n",
        "tests/unit/base/test_a.c": "n = LIMIT_X + 1;\n",
    }
    assert list(word_checks.check_ceilings(pages(texts))) == []

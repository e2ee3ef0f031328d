#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""`man_page.py VERSION SOURCE TARGET`: the man page of a reference page that is written in Markdown.

markdown-it-py reads the page, docutils writes the man page; this module translates between their trees. A table that
does not fit into a terminal becomes a list of its rows.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.io import StringOutput
from docutils.utils import new_document
from docutils.writers.manpage import Writer
from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

WIDEST_TABLE = 70
"""Columns of text in the widest table that is shown as one."""
WIDEST_LINE = 60
"""Characters in the cells of a row that are shown as one paragraph of a list."""


def inline(children: list[SyntaxTreeNode]) -> Iterator[nodes.Node]:
    """The text of a paragraph. A link is its text: its target is a page, not a man page."""
    for child in children:
        if child.type == "text":
            yield nodes.Text(child.content)
        elif child.type in ("softbreak", "hardbreak"):
            yield nodes.Text("\n")
        elif child.type == "code_inline":
            yield nodes.literal("", child.content)
        elif child.type == "strong":
            yield nodes.strong("", "", *inline(child.children))
        elif child.type == "em":
            yield nodes.emphasis("", "", *inline(child.children))
        elif child.type == "link":
            yield from inline(child.children)
        else:
            raise ValueError(f"The man page has no {child.type}.")


def content(node: SyntaxTreeNode) -> list[nodes.Node]:
    """The text in a heading, a paragraph or a cell."""
    return [found for child in node.children for found in inline(child.children or [])]


def row_item(titles: list[str], cells: list[SyntaxTreeNode]) -> nodes.definition_list_item:
    """A row as an item of a list: its first cell, and below it the others with the titles of their columns."""
    texts = [nodes.paragraph("", "", *content(cell)) for cell in cells[1:]]
    named = texts[:-1] if titles[-1] == "meaning" else texts
    if len(texts) > 1:
        for title, text in zip(titles[1:], named, strict=False):
            text.insert(0, nodes.Text(f"{title}: "))
    texts = [text for text in texts if text not in named]
    if sum(len(text.astext()) + 2 for text in named) <= WIDEST_LINE + 2 * len(named):
        texts += [nodes.paragraph("", "; ".join(text.astext() for text in named))] if named else []
    else:
        texts += named
    term = nodes.term("", "", *content(cells[0]))
    return nodes.definition_list_item("", term, nodes.definition("", *texts))


def table(node: SyntaxTreeNode) -> nodes.Node:
    """A table, or the list of its rows where it is too wide."""
    head, body = node.children
    titles = [nodes.paragraph("", "", *content(cell)).astext() for cell in head.children[0].children]
    rows = [row.children for row in body.children]
    texts = [titles, *([nodes.paragraph("", "", *content(cell)).astext() for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in texts) for column in range(len(titles))]
    if sum(widths) + 3 * len(widths) > WIDEST_TABLE:
        return nodes.definition_list("", *(row_item(titles, row) for row in rows))

    def entries(cells: list[SyntaxTreeNode]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", "", *content(cell))) for cell in cells))

    group = nodes.tgroup("", *(nodes.colspec(colwidth=width) for width in widths), cols=len(widths))
    group += nodes.thead("", entries(head.children[0].children))
    group += nodes.tbody("", *(entries(row) for row in rows))
    return nodes.table("", group)


def block(node: SyntaxTreeNode) -> Iterator[nodes.Node]:
    """A paragraph, a list, a table or code."""
    if node.type == "paragraph":
        yield nodes.paragraph("", "", *content(node))
    elif node.type == "fence":
        yield nodes.literal_block("", node.content.rstrip("\n"))
    elif node.type == "bullet_list":
        items = ((found for part in item.children for found in block(part)) for item in node.children)
        yield nodes.bullet_list("", *(nodes.list_item("", *item) for item in items))
    elif node.type == "table":
        yield table(node)
    elif node.type != "html_block":
        raise ValueError(f"The man page has no {node.type}.")


def heading(node: SyntaxTreeNode) -> str:
    return nodes.title("", "", *content(node)).astext()


def document_of(text: str, version: str) -> nodes.document:
    """The page as docutils has it: title and section number from its first heading, its purpose from *Name*."""
    tree = SyntaxTreeNode(MarkdownIt("commonmark").enable("table").parse(text))
    found = re.search(r"^# ([\w-]+)\((\d)\)$", text, re.MULTILINE)
    purpose = re.search(r"^## Name\n\n\S+ - (.+)$", text, re.MULTILINE)
    date = re.search(r"<!-- Date: ([\d-]+) -->", text)
    if not found or not purpose or not date:
        raise ValueError("The page needs '# NAME(SECTION)', '## Name' with 'NAME - PURPOSE', and a date.")

    document = new_document("reference", get_default_settings(Writer))
    document += nodes.title("", found.group(1))
    document += nodes.subtitle("", purpose.group(1))
    info = nodes.docinfo("", nodes.date("", date.group(1)), nodes.version("", f"libvirt-esx-storage {version}"))
    for name, value in (("manual_section", found.group(2)), ("manual_group", "libvirt")):
        info += nodes.field("", nodes.field_name("", name), nodes.field_body("", nodes.paragraph("", value)))
    document += info

    open_nodes: list[nodes.Element] = [document]
    in_name = False
    for node in tree.children:
        if node.type == "heading":
            level = int(node.tag[1])
            in_name = level <= 2 and (level == 1 or heading(node) == "Name")
            if not in_name:
                del open_nodes[level - 1 :]
                title = heading(node)
                section = nodes.section("", nodes.title("", title.upper() if level == 2 else title))
                open_nodes[-1].append(section)
                open_nodes.append(section)
        elif not in_name:
            open_nodes[-1].extend(block(node))
    return document


def man_page(text: str, version: str) -> str:
    """The source of the man page of a Markdown page."""
    output = StringOutput(encoding="unicode")
    Writer().write(document_of(text, version), output)
    # docutils writes this heading itself.
    return str(output.destination).replace(".SH Name\n", ".SH NAME\n", 1)


if __name__ == "__main__":
    _, of_version, source, target = sys.argv
    Path(target).write_text(man_page(Path(source).read_text(encoding="utf-8"), of_version), encoding="utf-8")

# SPDX-License-Identifier: LGPL-2.1-or-later
# Copyright (C) 2026 the libvirt-esx-storage authors
"""``python -m esxkit.codegen --roots FILE [--header OUT] [--source OUT] [--listing OUT] ...``"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from esxkit.codegen.check import check
from esxkit.codegen.closure import complete
from esxkit.codegen.dictionary import print_dictionary
from esxkit.codegen.header import print_header
from esxkit.codegen.listing import print_listing
from esxkit.codegen.output import write_if_changed
from esxkit.codegen.roots import RootsError, read_roots
from esxkit.codegen.seeds import print_seeds
from esxkit.codegen.source import print_source
from esxkit.model.vim import VimSchema

VISITORS = {
    "header": print_header,
    "source": print_source,
    "listing": print_listing,
    "dictionary": print_dictionary,
}


def main(arguments: list[str] | None = None) -> int:
    """Write each file asked for; on a problem say all of them and return 1."""
    options = _parse(arguments)
    try:
        closure = complete(read_roots(options.roots), VimSchema())
        check(closure)
    except RootsError as problem:
        print(*(f"{options.roots}: {line}" for line in problem.problems), sep="\n", file=sys.stderr)
        return 1
    for name, visitor in VISITORS.items():
        if getattr(options, name) is not None:
            write_if_changed(getattr(options, name), visitor(closure))
    for name, text in print_seeds(closure).items() if options.seeds else ():
        write_if_changed(options.seeds / name, text)
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="esxkit.codegen", description="Prints the C tables of the VI API.")
    parser.add_argument("--roots", type=Path, required=True, help="the list of what is wanted")
    for name in VISITORS:
        parser.add_argument(f"--{name}", type=Path, metavar="OUT", help=f"where the {name} goes")
    parser.add_argument("--seeds", type=Path, metavar="FOLDER", help="where the fuzzer's seeds go")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""Run the code of a Markdown page: `python -m tests.pages PAGE`.

The ```python blocks of a page are one program: they run in order and share their names.
A ```text block after a ```python block is what that block prints; in it, ... stands for
anything, and one space for any space.
"""

import contextlib
import doctest
import io
import itertools
import re
import sys
from dataclasses import dataclass
from pathlib import Path

LENIENT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A fenced block of a page, and the line of its first line."""

    language: str
    text: str
    line: int


def blocks(page: str) -> list[Block]:
    return [
        Block(match[1], match[2], page.count("\n", 0, match.start(2)) + 1)
        for match in FENCE.finditer(page)
    ]


def run(path: Path) -> None:
    """Execute a page; raises what its code raises, or AssertionError for its output."""
    found = blocks(path.read_text())
    names: dict[str, object] = {"__name__": "__main__"}
    for block, after in itertools.zip_longest(found, found[1:]):
        if block.language != "python":
            continue
        # Blank lines in front give the block its line numbers in a traceback.
        code = compile("\n" * (block.line - 1) + block.text, str(path), "exec")
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(code, names)
        if after is not None and after.language == "text":
            check_output(path, after, printed.getvalue())


def check_output(path: Path, expected: Block, printed: str) -> None:
    if not doctest.OutputChecker().check_output(expected.text, printed, LENIENT):
        raise AssertionError(
            f"{path.name}, line {expected.line}: the page shows\n{expected.text}"
            f"but the code prints\n{printed}"
        )


if __name__ == "__main__":
    run(Path(sys.argv[1]))

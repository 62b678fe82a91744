"""Sphinx settings: Markdown pages, and docstrings from the installed package."""

import importlib
import re
import sys
from collections.abc import Iterator
from importlib.metadata import version as version_of
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

reference = importlib.import_module("reference")

project = "minijax"
author = "The minijax authors"
release = version_of("minijax")

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
]
myst_enable_extensions = ["dollarmath", "colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
# Pages link to files of the repository, which are not part of the site.
suppress_warnings = ["myst.xref_missing"]

# Docstrings quote code in single backticks.
default_role = "code"
autodoc_member_order = "bysource"
autodoc_typehints = "none"
html_theme = "furo"
html_title = f"minijax {release}"


def setup(app) -> None:
    """Connect what reads docstrings, before napoleon reads their sections."""
    app.connect("autodoc-process-docstring", mark_code, priority=400)
    reference.write(HERE / "reference")


def mark_code(app, what, name, obj, options, lines: list[str]) -> None:
    """Docstrings are plain text with code in it, as Markdown has it.

    Paragraphs set in by four spaces are code, and signs that mean something to
    reStructuredText, as in |x| or 2**n, mean themselves.
    """
    lines[:] = list(with_marks(lines))


def with_marks(lines: list[str]) -> Iterator[str]:
    """The lines, with the mark of a literal block before each such paragraph."""
    previous, inside = "", False
    for line in lines:
        indented = line.startswith("    ")
        if indented and not inside and not previous.strip():
            yield from ("::", "")
            inside = True
        elif line.strip() and not indented:
            inside = False
        is_text = not inside and not line.lstrip().startswith((">>>", "..."))
        yield escaped(line) if is_text else line
        previous = line


def escaped(line: str) -> str:
    """The line with | and * outside of backticks marked as plain signs."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"([|*])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)

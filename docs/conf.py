"""Sphinx settings: Markdown pages, and docstrings from the installed package."""

from collections.abc import Iterator
from importlib.metadata import version as version_of

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


def mark_code(app, what, name, obj, options, lines: list[str]) -> None:
    """Paragraphs set in by four spaces are code, as in Markdown."""
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
        yield line
        previous = line

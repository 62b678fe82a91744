"""Sphinx settings: Markdown pages, and docstrings from the installed package."""

from importlib.metadata import version as version_of

project = "minijax"
author = "The minijax authors"
release = version_of("minijax")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.mathjax"]
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

"""The pages say what is true: their code runs, prints what they show, and links exist.

Each page runs in a process of its own, so that what it defines stays there.
"""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import minijax
from minijax import errors

from .pages import FENCE, run

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/**/*.md"))]
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


# jaxlib raises the one; the other is the cause of an error that has a note itself.
UNNAMED = (errors.JaxRuntimeError, errors.UnfilteredStackTrace)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize(
    "page", [p for p in PAGES if "```python" in p.read_text()], ids=relative
)
def test_the_code_of_a_page_runs_and_prints_what_it_shows(page):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.pages", str(page)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )

    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_the_links_of_a_page_lead_somewhere(page):
    text = FENCE.sub("", page.read_text())
    missing = [
        target
        for target in LINK.findall(text)
        if not (page.parent / target).exists() and not target.startswith("<")
    ]

    assert not missing


@pytest.mark.parametrize("name", errors.__all__)
def test_each_error_has_a_page_that_a_note_below_its_message_names(name):
    kind = getattr(errors, name)
    page = ROOT / "docs" / "errors" / f"{name}.md"

    assert page.read_text().startswith(f"# {name}\n")
    if kind not in UNNAMED:
        assert f"docs/errors/{name}.md" in " ".join(kind("what happened").__notes__)


def test_the_quickstart_program_runs():
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "quickstart.py"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "gradient agrees with the formula" in done.stdout


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert minijax.__version__ == project["version"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text()


def test_a_page_whose_output_differs_fails(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nprint(1 + 1)\n```\n\n```text\n3\n```\n")

    with pytest.raises(AssertionError, match="line 6: the page shows"):
        run(page)

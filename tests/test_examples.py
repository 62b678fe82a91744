"""The notebooks in examples/: both forms agree, and every assertion in them holds."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
NAMES = ["digits", "first_steps", "modes_in_depth", "tour"]
MISSING = [
    name
    for name in ("matplotlib", "sklearn", "tqdm")
    if importlib.util.find_spec(name) is None
]

# Runs a text form to its end, and fails if it found its way to jax.
RUN = """
import runpy, sys
runpy.run_path(sys.argv[1], run_name="__main__")
assert "jax" not in sys.modules, "the example imported jax"
"""


def sources(notebook):
    """The kind and the text of every cell."""
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def read():
    """jupytext.read, for either form of an example."""
    return pytest.importorskip("jupytext", reason="needs the extra `examples`").read


def test_every_example_is_a_pair():
    texts = sorted(path.stem for path in EXAMPLES.glob("*.py"))
    notebooks = sorted(path.stem for path in EXAMPLES.glob("*.ipynb"))

    assert texts == NAMES
    assert notebooks == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_notebook_has_the_cells_of_its_text(name, read):
    text = read(EXAMPLES / f"{name}.py")
    notebook = read(EXAMPLES / f"{name}.ipynb")

    assert sources(notebook) == sources(text), (
        f"run: jupytext --to ipynb --execute examples/{name}.py"
    )


@pytest.mark.parametrize("name", NAMES)
def test_notebook_was_executed_to_its_end(name, read):
    """Cells are numbered 1, 2, 3, ...: one fresh run, and nothing after it."""
    cells = code_cells(read(EXAMPLES / f"{name}.ipynb"))

    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    assert not [
        output
        for cell in cells
        for output in cell.outputs
        if output.output_type == "error"
    ]


@pytest.mark.slow
@pytest.mark.skipif(bool(MISSING), reason=f"extra `examples`: without {MISSING}")
@pytest.mark.parametrize("name", NAMES)
def test_every_assertion_holds_without_jax(name, tmp_path):
    environment = {
        **os.environ,
        "MPLBACKEND": "Agg",
        "OUT": str(tmp_path),
        "PYTHONPATH": os.pathsep.join(
            [str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")]
        ),
    }
    done = subprocess.run(
        [sys.executable, "-c", RUN, str(EXAMPLES / f"{name}.py")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]

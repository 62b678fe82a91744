"""Libraries written for JAX run here, those that are installed, with a new import."""

from pathlib import Path

import pytest

from tests.libraries.run import (
    LIBRARIES,
    NEEDS,
    distance,
    installed,
    prepare,
    rewritten,
    run,
)


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The libraries and programs, rewritten once."""
    made = tmp_path_factory.mktemp("libraries")
    prepare(made, LIBRARIES)
    return made


@pytest.mark.parametrize("name", NEEDS)
def test_a_program_of_a_library_runs(name, folder):
    """Each program ends with its numbers; run.py compares them with those of JAX."""
    missing = [library for library in NEEDS[name] if installed(library) is None]
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    outcome = run(folder / "programs" / f"{name}.py", [folder, folder / "programs"])

    assert outcome.numbers is not None, outcome.error
    assert outcome.numbers


def test_rewriting_changes_the_package_and_nothing_else():
    source = "import jax\nfrom jaxtyping import Array\nx = jax.numpy.ones(3)  # jaxlib"

    assert rewritten(source) == (
        "import minijax\nfrom jaxtyping import Array\nx = minijax.numpy.ones(3)  "
        "# jaxlib"
    )
    assert "minijax.core" in rewritten("from jax._src.core import Var")


def test_distance_is_relative_and_sees_missing_numbers():
    assert distance({"a": [1.0, 100.0]}, {"a": [1.0, 101.0]}) == pytest.approx(1 / 101)
    assert distance([1.0], [1.0, 2.0]) == float("inf")
    assert distance(1.0, [1.0]) == float("inf")
    assert distance(float("nan"), float("nan")) == 0.0


def test_the_table_of_programs_is_complete():
    programs = {
        p.stem for p in (Path(__file__).parent / "libraries/programs").glob("*.py")
    }

    assert programs - {"hijax", "report"} == set(NEEDS)


def test_a_program_that_fails_says_why(tmp_path):
    """The last line of the error, not a number."""
    program = tmp_path / "wrong.py"
    program.write_text("raise ValueError('no')\n")
    outcome = run(program, [tmp_path])

    assert outcome.numbers is None
    assert outcome.error == "ValueError: no"

"""The programs in examples/programs: each prints what it states, on both packages.

They are written as for jax: replacing the name of the package is all it takes.
"""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "examples" / "programs"
NAMES = ["gaussian_process", "gpt", "ode_fit", "policy_gradient", "vae"]
# In units of the last digit that is printed: a sum may round to either side.
SLACK = 1


def stated(name):
    """The line that a program says it ends with."""
    last = (PROGRAMS / f"{name}.py").read_text().splitlines()[-1]
    return last.removeprefix("# prints: ")


def last_line(source, folder, without=""):
    """What a program prints last."""
    path = folder / "program.py"
    check = f"\nimport sys\nassert {without!r} not in sys.modules\n" if without else ""
    path.write_text(source + check)
    roots = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    done = subprocess.run(
        [sys.executable, str(path)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(roots)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    return done.stdout.splitlines()[-1]


def assert_same(got, expected):
    """The words are equal, the numbers up to their last digit."""
    number = r"-?\d+\.\d+"
    assert re.split(number, got) == re.split(number, expected)
    for a, b in zip(re.findall(number, got), re.findall(number, expected), strict=True):
        digits = len(b.partition(".")[2])
        assert abs(float(a) - float(b)) <= (SLACK + 0.1) * 10.0**-digits, (
            got,
            expected,
        )


def test_every_program_is_tested():
    assert sorted(path.stem for path in PROGRAMS.glob("*.py")) == NAMES


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_program_prints_what_it_states(name, tmp_path):
    source = (PROGRAMS / f"{name}.py").read_text()

    assert_same(last_line(source, tmp_path, without="jax"), stated(name))


@pytest.mark.oracle
@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="compares with jax")
@pytest.mark.parametrize("name", NAMES)
def test_jax_prints_the_same(name, tmp_path):
    source = (PROGRAMS / f"{name}.py").read_text().replace("minijax", "jax")

    assert_same(last_line(source, tmp_path), stated(name))

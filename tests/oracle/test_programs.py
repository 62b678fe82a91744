"""Generated programs give what jax gives: values, shapes, dtypes and weak types.

MINIJAX_ORACLE_PROGRAMS says how many to run, MINIJAX_ORACLE_SEED which is the first.
"""

import os
import random
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("jax")

from . import compare
from .builder import Builder, Rejected
from .generate import OPERATIONS, generate
from .program import Program, Step, bundle, reproduction

pytestmark = pytest.mark.oracle

FIRST = int(os.environ.get("MINIJAX_ORACLE_SEED", "0"))
COUNT = int(os.environ.get("MINIJAX_ORACLE_PROGRAMS", "500"))


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
def test_program(seed):
    """One random composition of operations and transformations."""
    program = generate(seed)
    try:
        compare.check(program, bundle("minijax"))
    except Exception as error:
        error.add_note(reproduction(program))
        raise


def test_a_seed_names_one_program():
    assert reproduction(generate(3)) == reproduction(generate(3))
    assert reproduction(generate(3)) != reproduction(generate(4))


def test_the_text_of_a_program_runs_by_itself(capsys):
    exec(reproduction(generate(5), "jax"), {})

    assert "float32" in capsys.readouterr().out


def test_every_operation_can_be_drawn():
    """No template is dead: some draw of each is a program that jax accepts."""
    assert [op for op in OPERATIONS if not can_be_drawn(op)] == []


def can_be_drawn(operation):
    for seed in range(60):
        builder = Builder(random.Random(seed), x64=False)
        try:
            if callable(operation):
                builder.attempt(operation)
            else:
                builder.apply(operation)
        except Rejected:
            continue
        return True
    return False


# A one-step program and packages that get it wrong.

ONE_STEP = Program(
    seed=0,
    x64=False,
    inputs=(("x0", np.array([0.5, -2.0], np.float32)),),
    steps=(Step(("v1",), ("v1 = jnp.cos(x0)",)),),
    result="v1",
    layers=(),
    eager=False,
)


def bent(cos):
    """The packages of jax, with another `jnp.cos`."""
    names = bundle("jax")
    numpy = SimpleNamespace(**{**vars(names["jnp"]), "cos": cos})
    return {**names, "jnp": numpy}


def test_the_right_function_passes():
    compare.check(ONE_STEP, bent(bundle("jax")["jnp"].cos))


WRONG = {
    "factor": (lambda y: y * 1.001, "values differ"),
    "element": (lambda y: y + np.array([0, 1e-4], np.float32), "values differ"),
    "nan": (lambda y: y.at[0].set(np.nan), "values differ"),
    "dtype": (lambda y: y.astype("bfloat16"), r"float32\[2\], got bfloat16\[2\]"),
    "size": (lambda y: y[:1], r"float32\[2\], got float32\[1\]"),
    "rank": (lambda y: y[None], r"float32\[2\], got float32\[1, 2\]"),
    "structure": (lambda y: (y,), "structure"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_a_wrong_function_fails(kind):
    wrong, message = WRONG[kind]
    cos = bundle("jax")["jnp"].cos

    with pytest.raises(compare.Mismatch, match=message):
        compare.check(ONE_STEP, bent(lambda x: wrong(cos(x))))


def test_a_wrong_weak_type_fails():
    numpy = bundle("jax")["jnp"]
    weak = compare.outputs(
        ONE_STEP, bent(lambda x: numpy.full_like(2.0, 1.0)), jit=True
    )
    strong = compare.outputs(ONE_STEP, bent(lambda x: numpy.float32(1.0)), jit=True)

    with pytest.raises(compare.Mismatch, match=r"float32\[\], weak, got float32\[\]"):
        compare.compare(ONE_STEP, weak, strong)

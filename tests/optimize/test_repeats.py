"""Repeated stretches are found as they were written."""

import numpy as np
import pytest

import minijax.numpy as jnp
from minijax import jit
from minijax.optimize.repeats import Run, find_runs, numbered


def runs(text, least=3):
    """The runs in a word, each equation being a letter."""
    found = find_runs(np.array([ord(c) for c in text]), least)
    return [(run.start, run.period, run.copies, run.slack) for run in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("abcdefgh", []),
        ("xabcabcabcy", [(1, 3, 3, 0)]),
        ("xabcabcabcaby", [(1, 3, 3, 2)]),  # three copies from places 1, 2 and 3
        ("abab", []),  # two copies are too few
        ("aaaaa", [(0, 1, 5, 0)]),
        ("ababababab", [(0, 2, 5, 0)]),  # not as (abab)
        ("aabaabaabaab", [(0, 3, 4, 0)]),
        ("abcabcabcxyxyxyxy", [(0, 3, 3, 0), (9, 2, 4, 0)]),
        ("abcabcabcxyxyxy", [(0, 3, 3, 0), (9, 2, 3, 0)]),
    ],
)
def test_runs_of_a_word(text, expected):
    assert runs(text) == expected


def test_runs_that_save_little_are_left_out():
    assert runs("abcabcabcxyxyxy", least=5) == [(0, 3, 3, 0)]


def test_the_parts_of_a_run():
    run = Run(5, 3, 4)

    assert (run.end, run.saved) == (17, 9)
    assert [run.copy(k) for k in range(4)] == [(5, 8), (8, 11), (11, 14), (14, 17)]
    assert run.part(1, 2) == Run(8, 3, 2)


def test_equal_operations_on_equal_types_have_one_number():
    def f(x, y):
        a = jnp.sin(x) * 2.0
        b = jnp.sin(a) * 2.0
        c = jnp.sin(y) * 3.0  # another type, another literal
        return jnp.sum(b, axis=0), jnp.sum(b, axis=1), c

    eqns = jit(f).trace(np.ones((2, 3), "f"), np.ones(4, "f")).jaxpr.eqns
    numbers, kinds = numbered(eqns)
    names = [eqn.primitive.name for eqn in eqns]

    assert names == ["sin", "mul", "sin", "mul", "sin", "mul", *["reduce_sum"] * 2]
    assert numbers.tolist() == [0, 1, 0, 1, 2, 3, 4, 5]
    assert [eqn.primitive.name for eqn in kinds] == [
        names[k] for k in (0, 1, 4, 5, 6, 7)
    ]


def test_stretches_that_hold_a_word_twice_are_found_whole():
    """As in a residual block of two convolutions: most distances are shorter."""
    block = "abcdeXabcdeY"

    assert runs("pq" + block * 4 + "r", least=12) == [(2, 12, 4, 0)]

"""Surgery on programs: wires, dependence, parts."""

import numpy as np

import minijax
import minijax.numpy as jnp
from minijax import lax
from minijax.control.programs import (
    depends,
    fixed_values,
    least_flags,
    picked,
    program_of,
    rewired,
    split,
    spread,
)
from minijax.core.avals import ShapedArray
from minijax.core.jaxpr import check_jaxpr, jaxpr_as_fun

F32 = ShapedArray((), np.float32)


def example():
    """Takes a, b, c and returns sin(a), sin(a) b, c."""
    return minijax.make_jaxpr(lambda a, b, c: (jnp.sin(a), jnp.sin(a) * b, c))(
        jnp.float32(1), jnp.float32(2), jnp.float32(3)
    )


def test_split_gives_all_parts():
    """The rest is a part too, empty or not."""
    assert split([1, 2, 3], 1, 2) == [[1], [2, 3], []]
    assert split((), 0) == [(), ()]


def test_picked_and_spread_are_inverse():
    """Elements return to their places."""
    flags = (True, False, True)

    assert picked("abc", flags) == ["a", "c"]
    assert spread(["a", "c"], flags) == ["a", None, "c"]


def test_rewired_programs_compute_the_same():
    """Inputs and outputs move, ignored inputs and zeros appear."""
    closed = rewired(example(), (2, F32, 0, 1), (1, F32, 1, 0))
    check_jaxpr(closed)
    c, ignored, a, b = 3.0, 9.0, 1.0, 2.0
    outs = jaxpr_as_fun(closed)(c, ignored, a, b)

    np.testing.assert_allclose(
        [float(np.asarray(x)) for x in outs],
        [2 * np.sin(1), 0.0, 2 * np.sin(1), np.sin(1)],
        1e-6,
    )
    assert rewired(example(), (0, 1, 2), (0,)) is not closed


def test_dependence_follows_the_steps():
    """An output depends on what its steps read."""
    assert depends(example(), (True, False, False)) == (True, True, False)
    assert depends(example(), (False, True, False)) == (False, True, False)


def test_the_part_that_is_fixed():
    """What comes from the first input alone can be computed before a loop."""
    closed = example()
    fixed = fixed_values(closed.jaxpr, 1)
    part = program_of(closed, 1, closed.jaxpr.outvars[:1])
    check_jaxpr(part)

    assert [x in fixed for x in closed.jaxpr.outvars] == [True, False, False]
    assert len(part.in_avals) == 1
    assert {eqn.primitive.name for eqn in part.eqns} == {"sin"}


def test_flags_grow_to_a_fixed_point():
    """Each step marks the neighbour of what is marked."""

    def step(flags):
        return sum(flags), (False, *flags[:-1])

    assert least_flags((True, False, False), step) == ((True, True, True), 3)
    assert least_flags((False, False, False), step) == ((False, False, False), 0)


def test_long_loops_count_in_64_bits(x64):
    """A loop of more than 2^31 steps lowers."""
    loop = minijax.jit(lambda x: lax.fori_loop(0, 3_000_000_000, lambda i, c: c * x, x))
    text = loop.lower(1.0).as_text()

    assert "3000000000> : tensor<i64>" in text

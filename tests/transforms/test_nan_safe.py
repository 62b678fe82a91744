"""Derivatives of functions with a singularity in a branch that is not taken.

They are those of the branch that is taken, to order three, in all modes.
"""

import functools

import mpmath as mp
import numpy as np
import pytest

import minijax
import minijax.numpy as jnp
from minijax.config import nan_safe
from minijax.core.jaxpr import jaxpr_as_fun

from .singular import SNIPPETS

# "r" is grad, "f" the derivative by jvp; the first letter is applied first.
MODES = ["r", "f", "rr", "rf", "fr", "ff", "rrr", "frr", "rff", "fff"]
each = pytest.mark.parametrize("row", SNIPPETS, ids=str)


def derivative(m, f, mode):
    """The derivative of a function of one number in the given modes."""
    for letter in mode:
        f = m.grad(f) if letter == "r" else pushed(m, f)
    return f


def pushed(m, f):
    return lambda x: m.jvp(f, (x,), (m.numpy.ones_like(x),))[1]


def expected(row, order):
    with mp.workdps(40):
        return float(mp.diff(row.branch, mp.mpf(row.point), order))


def assert_right(found, row, modes):
    wanted = [expected(row, len(mode)) for mode in modes]
    np.testing.assert_allclose(
        np.array(found, float), wanted, rtol=1e-9, atol=1e-9, err_msg=str(modes)
    )


def test_there_are_sixty():
    assert len(SNIPPETS) >= 60
    assert len({row.name for row in SNIPPETS}) == len(SNIPPETS)


@each
def test_derivatives_of_the_branch_taken(row, x64):
    """Ten derivatives to order three, jitted, against mpmath."""
    f = functools.partial(row.function, minijax)
    every = minijax.jit(
        lambda x: [derivative(minijax, f, mode)(x) for mode in MODES],
        compiler_options={"xla_backend_optimization_level": 0},
    )

    assert_right(every(jnp.float64(row.point)), row, MODES)


@pytest.mark.parametrize("row", SNIPPETS[::3], ids=str)
def test_outside_jit(row, x64):
    """Un-jitted derivatives, whose tape holds compiled steps."""
    f = functools.partial(row.function, minijax)
    modes = ["r", "f", "fr", "rr"]
    x = jnp.float64(row.point)

    assert_right([derivative(minijax, f, mode)(x) for mode in modes], row, modes)
    _, pushed = minijax.linearize(f, x)
    assert_right([pushed(jnp.float64(1.0))], row, ["f"])


# A mask with an axis ends where elements are mixed: vmap makes one of a scalar mask.
MIXED = {"matrix product", "cumulative sum"}
LANES = [row for row in SNIPPETS if row.name not in MIXED][1::7]


@pytest.mark.parametrize("row", LANES, ids=str)
def test_in_lanes_and_loops(row, x64):
    """`vmap` of derivatives, derivatives of `vmap`, and of a loop over the function."""
    f = functools.partial(row.function, minijax)
    points = row.point * jnp.ones(2)

    def lanes(x):
        return jnp.sum(minijax.vmap(f)(x * jnp.ones(2))) / 2

    def loop(x):
        step = lambda total, _: (total + f(x) / 2, None)  # noqa: E731
        return minijax.lax.scan(step, 0 * x, None, length=2)[0]

    def every(x, points):
        modes = [derivative(minijax, f, mode) for mode in ("r", "rr", "fr")]
        mapped = [minijax.vmap(g)(points)[1] for g in modes]
        whole = [derivative(minijax, g, "rr")(x) for g in (lanes, loop)]
        return [*mapped, *whole]

    found = minijax.jit(every)(jnp.float64(row.point), points)
    assert_right(found, row, ["r", "rr", "fr", "rr", "rr"])


def test_where_a_slope_is_infinite_it_stays_so(x64):
    """Only what a choice has masked is dropped: 0 * inf of numbers is still NaN."""
    assert jnp.isnan(minijax.grad(lambda x: jnp.cbrt(x**3))(0.0))
    assert jnp.isinf(minijax.grad(lambda x: jnp.where(x >= 0, jnp.sqrt(x), 0.0))(0.0))


def test_a_scalar_choice_masks_whatever_it_chooses(x64):
    """A scalar mask goes through operations that mix elements."""

    def f(x):
        y = jnp.log(x * jnp.ones((3, 3)))
        return jnp.where(x > 0, jnp.sum(jnp.cumsum(y @ y, axis=0)[1:]), x)

    assert minijax.grad(f)(0.0) == 1
    assert minijax.jit(minijax.grad(minijax.grad(f)))(0.0) == 0


def test_a_select_is_written_once_per_leaf():
    """The masks cost no operation: one select forward and one backward, as in JAX."""
    f = lambda x: jnp.where(x > 0, jnp.exp(jnp.sin(x)) * 2.0, 0.0)  # noqa: E731
    with nan_safe(False):
        plain = minijax.make_jaxpr(minijax.grad(f))(1.0)
    safe = minijax.make_jaxpr(minijax.grad(f))(1.0)

    assert len(safe.eqns) == len(plain.eqns)
    assert str(safe).count("select_n") == str(plain).count("select_n") == 2


def test_the_switch_is_part_of_cache_keys():
    """A jitted gradient and a kept program follow the option."""
    f = lambda x: jnp.where(x > 0, jnp.sqrt(x), 0.0)  # noqa: E731
    g = minijax.jit(minijax.grad(f))
    closed = minijax.make_jaxpr(minijax.jit(f))(0.0)
    h = minijax.grad(lambda x: jaxpr_as_fun(closed)(x)[0])
    for safe in (True, False, True):
        with nan_safe(safe):
            assert jnp.isnan(g(0.0)) == jnp.isnan(h(0.0)) == (not safe)


# In these our functions round otherwise than JAX's.
ROUNDED = {"unit rows", "softmax with a masked nan", "attention without keys"}
# JAX's chooses among calls there, ours among values.
OTHERWISE = {"piecewise"}


@pytest.mark.oracle
@pytest.mark.parametrize("row", SNIPPETS, ids=str)
def test_without_the_option_as_in_jax(row, x64):
    """With `nan_safe` off, derivatives to order two are those of jax, to the bit."""
    if row.name in OTHERWISE:
        pytest.skip("minijax's piecewise is another program")
    jax = pytest.importorskip("jax", reason="jax is the oracle")
    modes = MODES[:6]

    def values(m, scalar):
        f = functools.partial(row.function, m)
        every = m.jit(lambda x: [derivative(m, f, mode)(x) for mode in modes])
        return [float(y) for y in every(scalar(row.point))]

    with nan_safe(False), jax.enable_x64(True):
        found = values(minijax, jnp.float64)
        wanted = values(jax, jax.numpy.float64)
    if row.name in ROUNDED:
        np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)
    else:
        np.testing.assert_array_equal(found, wanted)

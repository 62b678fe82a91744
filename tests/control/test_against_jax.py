"""Programs with control flow give what jax gives: by every road, in value and type."""

import itertools
import zlib

import numpy as np
import pytest

import minijax

from .programs import PROGRAMS

jax = pytest.importorskip("jax", reason="jax is the oracle of these tests")
pytestmark = pytest.mark.oracle


def draw(program, batch=None):
    """Random arguments; `batch` gives for each the size of a leading axis, or None."""
    rng = np.random.default_rng(zlib.crc32(program.name.encode()))
    sizes = batch or [None] * len(program.shapes)
    return [
        rng.uniform(-1, 1, shape if n is None else (n, *shape)).astype("float32")
        for shape, n in zip(program.shapes, sizes, strict=True)
    ]


def assert_same(run, tolerance=2e-4):
    """`run(package)` gives the same containers of the same typed arrays in both."""
    ours, our_tree = minijax.tree_util.tree_flatten(run(minijax))
    theirs, their_tree = jax.tree_util.tree_flatten(run(jax))

    assert str(our_tree) == str(their_tree)
    for x, y in zip(ours, theirs, strict=True):
        y = jax.numpy.asarray(y)
        assert (x.shape, x.dtype, x.weak_type) == (y.shape, y.dtype, y.weak_type)
        np.testing.assert_allclose(
            np.asarray(x), np.asarray(y), rtol=tolerance, atol=tolerance
        )


def total(m, fun):
    """The sum of all results, differentiable in the first argument."""

    def scalar(*args):
        leaves = m.tree_util.tree_leaves(fun(m, *args))
        return sum(x.astype("float32").sum() for x in leaves)

    return scalar


def positions(program):
    return tuple(range(len(program.shapes)))


each = pytest.mark.parametrize("program", PROGRAMS, ids=str)


@each
@pytest.mark.parametrize("staged", [False, True], ids=["eager", "jit"])
def test_values(program, staged):
    """Values, un-jitted and jitted."""
    args = draw(program)

    def run(m):
        fun = lambda *xs: program.fun(m, *xs)  # noqa: E731
        return (m.jit(fun) if staged else fun)(*map(m.numpy.asarray, args))

    assert_same(run)


@each
def test_jvp(program):
    """Forward mode, order one and two."""
    args, dots = draw(program), draw(program)

    def run(m):
        def push(*xs):
            return m.jvp(total(m, program.fun), xs, tuple(map(m.numpy.asarray, dots)))

        xs = tuple(map(m.numpy.asarray, args))
        return push(*xs), m.jvp(push, xs, tuple(map(m.numpy.asarray, dots)))

    assert_same(run, 1e-3)


@each
def test_grad(program):
    """Reverse mode, un-jitted, of jit and under jit."""
    if not program.reverse_mode:
        pytest.skip("jax has no reverse mode for a loop of unknown length")
    args = draw(program)

    def run(m):
        xs = tuple(map(m.numpy.asarray, args))
        fun = total(m, program.fun)
        at = positions(program)
        return (
            m.grad(fun, at)(*xs),
            m.grad(m.jit(fun), at)(*xs),
            m.jit(m.grad(fun, at))(*xs),
        )

    assert_same(run, 1e-3)


@each
def test_hessian(program):
    """Forward over reverse and reverse over reverse."""
    if not program.reverse_mode:
        pytest.skip("jax has no reverse mode for a loop of unknown length")
    args = draw(program)

    def run(m):
        xs = tuple(map(m.numpy.asarray, args))
        fun = total(m, program.fun)
        at = positions(program)
        return (
            m.jit(m.jacfwd(m.grad(fun), at))(*xs),
            m.jit(m.jacrev(m.grad(fun), at))(*xs),
        )

    assert_same(run, 1e-3)


@each
def test_vmap(program):
    """Batching, for every choice of which arguments are batched."""
    choices = list(itertools.product([0, None], repeat=len(program.shapes)))[:-1]

    def run(m):
        outs = []
        for axes in choices:
            args = draw(program, [3 if axis == 0 else None for axis in axes])
            fun = m.vmap(lambda *xs: program.fun(m, *xs), axes)
            outs.append(m.jit(fun)(*map(m.numpy.asarray, args)))
        return outs

    assert_same(run)


@each
def test_vmap_of_derivative(program):
    """Batching of a derivative, and the derivative of a batched function."""
    args = draw(program, [3] * len(program.shapes))

    def run(m):
        xs = tuple(map(m.numpy.asarray, args))
        fun = total(m, program.fun)
        mode = m.grad if program.reverse_mode else m.jacfwd
        batched = m.vmap(fun)
        return (
            m.jit(m.vmap(mode(fun)))(*xs),
            m.jit(mode(lambda *xs: batched(*xs).sum()))(*xs),
        )

    assert_same(run, 1e-3)

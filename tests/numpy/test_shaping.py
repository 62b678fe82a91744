"""Shapes, joining, splitting, repeating, padding and editing, against NumPy and jax."""

import numpy
import pytest

import minijax
import minijax.numpy as jnp
from minijax.test_util import check_grads

from .expressions import (
    assert_traced_agrees_with_numpy,
    comparisons,
    type_text,
)

SHARED = """
reshape(m, 6)
reshape(m, (3, -1))
reshape(m, (-1, 2), order="F")
reshape(t, (4, 6), order="F")
reshape(e, (3, 0))
reshape(z, (1, 1))
m.reshape(3, 2)
m.reshape((3, -1))
ravel(m)
ravel(t, order="F")
ravel(e)
m.flatten()
transpose(t)
transpose(t, (1, -3, 2))
t.transpose(2, 0, 1)
t.transpose()
m.T
t.mT
matrix_transpose(t)
permute_dims(m, (1, 0))
swapaxes(t, 0, -1)
moveaxis(t, 0, -1)
moveaxis(t, (0, 1), (-1, 0))
rollaxis(t, 2)
rollaxis(t, 0, 3)
squeeze(m[None, :, None])
squeeze(m[None, :, None], axis=(0, -2))
expand_dims(f, 0)
expand_dims(f, (0, -1))
broadcast_to(f, (2, 3))
broadcast_to(z, (2,))
broadcast_to(m[:, :1], (4, 2, 3))
broadcast_arrays(f, m, z)
atleast_1d(z)
atleast_1d(z, m)
atleast_2d(f)
atleast_3d(f)
atleast_3d(m)
ndim(t)
size(t)
size(t, 1)
flip(t)
flip(t, (0, -1))
flipud(m)
fliplr(m)
rot90(m)
rot90(m, 2)
rot90(t, -1, axes=(0, 2))
concatenate([f, s])
concatenate([m, m], axis=1)
concatenate([m, f], axis=None)
concatenate([f, i])
concatenate([f, c])
concatenate(m)
concat([m, m], axis=-1)
stack([f, f + 1])
stack([f, i], axis=-1)
stack([z, z])
stack(m)
unstack(t, axis=1)
vstack([f, m])
hstack([f, s])
hstack([m, m])
dstack([f, f])
dstack([m, m])
column_stack([f, f])
column_stack([m, m[:, 0]])
block([[m, m], [m, m]])
block([f, z])
block([[f], [f]])
block(m)
split(f, 3)
split(s, [1, 3])
split(s, [2, 2])
split(m, 3, axis=1)
array_split(s, 3)
hsplit(m, 3)
vsplit(m, 2)
dsplit(t, 2)
tile(f, 2)
tile(f, (2, 2))
tile(m, 2)
tile(m, (2, 1, 1))
tile(z, 3)
repeat(f, 2)
repeat(m, 2, axis=1)
repeat(f, np.array([1, 0, 2]))
repeat(m, np.array([1, 2]), axis=0)
roll(f, 1)
roll(m, 1)
roll(m, (1, -1), axis=(0, 1))
roll(m, 1, axis=(0, 1))
roll(m, (1, 2), axis=1)
roll(f, 5)
roll(f, np.array(2))
roll(e, 1)
resize(f, (2, 2))
resize(f, 7)
append(f, s)
append(m, m, axis=0)
delete(f, 1)
delete(f, -1)
delete(m, 1)
delete(m, 1, axis=1)
delete(f, slice(0, 2))
delete(f, numpy.array([0, -1]))
delete(f, numpy.array([True, False, False]))
insert(f, 1, 9)
insert(m, 1, 9, axis=1)
insert(m, 1, f[:2], axis=1)
insert(m, 1, f, axis=0)
insert(f, numpy.array([0, 2]), numpy.array([7, 8]))
insert(f, slice(0, 2), 9)
insert(m, numpy.array([1]), f[:2], axis=1)
trim_zeros(np.array([0, 1, 0, 2, 0]))
trim_zeros(np.array([0, 1, 0, 2, 0]), "f")
pad(f, 1)
pad(f, (1, 2))
pad(m, ((1, 0), (0, 2)), constant_values=7)
pad(m, ((1, 0), (1, 2)), constant_values=((1, 2), (3, 4)))
pad(f, (1, 2), "edge")
pad(t, 1, "edge")
pad(f, (3, 4), "reflect")
pad(f, (3, 4), "reflect", reflect_type="odd")
pad(m, ((3, 2), (1, 6)), "reflect", reflect_type="odd")
pad(f, (7, 8), "symmetric")
pad(f, (7, 8), "symmetric", reflect_type="odd")
pad(f[:1], 3, "reflect")
pad(m, 2, "reflect")
pad(f, (7, 8), "wrap")
pad(m, ((0, 1), (4, 0)), "wrap")
pad(f, (2, 3), "linear_ramp", end_values=9)
pad(m, (2, 3), "linear_ramp", end_values=(9, 4))
pad(m, (2, 3), "maximum")
pad(m, (2, 3), "minimum", stat_length=1)
pad(m, (2, 1), "mean", stat_length=2)
pad(i, (2, 3), "mean")
pad(f, (2, 3), "median")
trim_zeros(z)
""".strip().splitlines()

JAX_ONLY = """
reshape(2.0, (1, 1))
atleast_1d(2.0)
broadcast_arrays(f, 2)
concatenate([f, f], dtype="float16")
concatenate([np.atleast_1d(2.0)] * 2)
concatenate([np.atleast_1d(2.0), i8])
stack([1, 2.0])
stack([2.0, h[0]])
vstack([1, 2])
hstack([2.0, 3.0])
append(i, 2.0)
repeat(2, 3)
repeat(f, np.array([1, 0, 2]), total_repeat_length=5)
repeat(f, np.array([1, 2, 0]), total_repeat_length=5)
repeat(f, np.array([1, 2, 0]), total_repeat_length=2)
repeat(f, np.array([0, 0, 0]), total_repeat_length=2)
repeat(m[:, :0], 2, axis=1, total_repeat_length=3)
repeat(f, 2, total_repeat_length=5)
repeat(f, 2, total_repeat_length=7)
resize(e, (2,))
insert(f, 4, 9)
insert(i, 1, 9.5)
insert(i, np.array([2, 0]), np.array([7, 8]))
delete(f, np.array([0, 2]), assume_unique_indices=True)
delete(m, np.array([-1]), axis=1, assume_unique_indices=True)
pad(i, 1, constant_values=1.5)
pad(i, (2, 3), "linear_ramp", end_values=9)
pad(f, (2, 3), "empty")
pad(m, 1, lambda row, width, axis, options: row.at[0].set(9))
trim_zeros(pad(m, 1))
trim_zeros(pad(m, 1), axis=0)
split(f, 3.0)
split(f, np.array([1, 2]))
""".strip().splitlines()

REFUSED = [
    ("reshape([1, 2], (2, 1))", TypeError),
    ("reshape(m, (4,))", TypeError),
    ("reshape(m, (4, -1))", TypeError),
    ("reshape(m, (-1, -1))", TypeError),
    ("reshape(m, (3, 2.0))", TypeError),
    ("reshape(m, None)", TypeError),
    ("reshape(m, (3, 2), order='X')", ValueError),
    ("reshape(m, (3, 2), order='A')", NotImplementedError),
    ("transpose(m, (0, 0))", TypeError),
    ("transpose(m, (0,))", TypeError),
    ("transpose(m, (1, 5))", ValueError),
    ("matrix_transpose(f)", ValueError),
    ("moveaxis(m, 0, (1, 0))", ValueError),
    ("moveaxis(m, 3, 0)", ValueError),
    ("rollaxis(m, 0, 5)", ValueError),
    ("squeeze(m, 0)", ValueError),
    ("squeeze(m[:, None], (1, 1))", ValueError),
    ("expand_dims(f, 5)", ValueError),
    ("expand_dims(f, (0, 0))", ValueError),
    ("broadcast_to(f, (2, 4))", ValueError),
    ("broadcast_to(m, (3,))", ValueError),
    ("broadcast_arrays(f, s)", ValueError),
    ("broadcast_shapes((2,), (3,))", ValueError),
    ("rot90(f)", ValueError),
    ("rot90(m, 1, (0, 0))", ValueError),
    ("flipud(z)", ValueError),
    ("concatenate([])", ValueError),
    ("concatenate([z, z])", ValueError),
    ("concatenate([f, m])", TypeError),
    ("concatenate([f, f], axis=1)", ValueError),
    ("concatenate([[1, 2], [3]])", TypeError),
    ("concatenate(5)", TypeError),
    ("stack([])", ValueError),
    ("stack([f, m])", ValueError),
    ("stack([f, f], axis=3)", ValueError),
    ("stack([f, f], out=f)", NotImplementedError),
    ("unstack(z)", ValueError),
    ("block([])", ValueError),
    ("block([[f, f], f])", ValueError),
    ("block((f, f))", ValueError),
    ("split(f, 2)", ValueError),
    ("repeat(f, -1)", TypeError),
    ("repeat(f, 2.5)", TypeError),
    ("repeat(f, np.array([1, 2]))", ValueError),
    ("repeat(m, 2, axis=5)", ValueError),
    ("roll(m, (1, 2, 3), axis=(0, 1))", ValueError),
    ("resize(f, -1)", ValueError),
    ("append(m, f, axis=0)", TypeError),
    ("concatenate(e)", ValueError),
    ("stack(z)", TypeError),
    ("vstack(2.0)", TypeError),
    ("hstack(e)", ValueError),
    ("delete(f, 5)", ValueError),
    ("delete(f, [0, 1])", TypeError),
    ("insert(f, np.array([True, False, True]), 9)", ValueError),
    ("pad(f, (-1, 3))", ValueError),
    ("pad(f, 1.5)", TypeError),
    ("pad(f, ((1, 2), (3, 4)))", ValueError),
    ("pad(f, 1, 'foo')", NotImplementedError),
    ("pad(f, 1, 'edge', constant_values=2)", ValueError),
    ("pad(e, 1, 'edge')", ValueError),
]


(
    test_values_are_numpys,
    test_values_and_types_are_jaxs,
    test_bad_calls_are_refused,
) = comparisons(SHARED, JAX_ONLY, REFUSED)


# What needs known values, or is too much alike, is left out.
TRACED = [x for x in SHARED[::3] if not x.startswith(("trim_zeros", "ndim", "size"))]


@pytest.mark.parametrize("text", TRACED)
def test_traced_values_are_numpys(text):
    assert_traced_agrees_with_numpy(text)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("reshape(2.0, (1, 1))", "f32[1,1]~"),
        ("concatenate([f, i])", "f32[6]"),
        ("concatenate([i8, u])", "i16[6]"),
        ("concatenate([f, f], dtype='float16')", "f16[6]"),
        ("stack([1, 2])", "i32[2]~"),
        ("append(i8, 2)", "i8[4]"),
        ("pad(full((2,), 1.5), 1, 'mean')", "f32[4]~"),
        ("convolve(full((2,), 1.5), full((2,), 0.5))", "f32[3]~"),
        ("place(full((2,), 1.5), b[:2], f, inplace=False)", "f32[2]~"),
        ("pad(i8, 1, constant_values=1.5)", "i8[5]"),
    ],
)
def test_types(text, types):
    assert type_text(text) == types


@pytest.mark.parametrize("join", ["vstack", "hstack", "dstack", "stack", "concatenate"])
def test_joining_unwraps_one_tuples(join):
    """`vstack([pullback(m) for m in M])`: a pullback returns a 1-tuple."""
    x = jnp.array([1.0, 2.0])
    f = getattr(jnp, join)

    assert f([(x,), (x + 1,)]).tolist() == f([x, x + 1]).tolist()


def test_sections_beyond_the_end_are_empty():
    """As in NumPy; jax refuses them."""
    assert [x.tolist() for x in jnp.split(jnp.arange(3), [2, 5])] == [[0, 1], [2], []]


def test_rows_of_a_jacobian_are_stacked_pullbacks():
    x = jnp.array([1.0, 2.0])
    _, pullback = minijax.vjp(lambda x: x * x, x)

    rows = jnp.vstack([pullback(row) for row in jnp.eye(2)])

    assert rows.tolist() == [[2.0, 0.0], [0.0, 4.0]]


IDENTITIES = {
    "reshape": lambda x: jnp.reshape(x, x.shape),
    "transpose": lambda x: jnp.transpose(x, (0, 1)),
    "squeeze": jnp.squeeze,
    "broadcast_to": lambda x: jnp.broadcast_to(x, (2, 3)),
    "atleast_2d": jnp.atleast_2d,
    "roll": lambda x: jnp.roll(x, 3, axis=1),
    "concatenate": lambda x: jnp.concatenate([x]),
    "moveaxis": lambda x: jnp.moveaxis(x, 0, 0),
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_what_changes_nothing_leaves_no_equation(name):
    closed = minijax.make_jaxpr(IDENTITIES[name])(jnp.ones((2, 3)))

    assert not closed.eqns


def test_traced_positions():
    """Shifts, counts and single indices may be traced."""
    x = jnp.arange(4)
    roll = minijax.jit(lambda x, k: jnp.roll(x, k))
    delete = minijax.jit(lambda x, k: jnp.delete(x, k))
    repeat = minijax.jit(lambda x, k: jnp.repeat(x, k, total_repeat_length=6))

    assert roll(x, 3).tolist() == [1, 2, 3, 0]
    assert roll(x, -1).tolist() == [1, 2, 3, 0]
    assert delete(x, -2).tolist() == [0, 1, 3]
    assert repeat(x, jnp.array([1, 0, 2, 3])).tolist() == [0, 2, 2, 3, 3, 3]


def test_sizes_that_depend_on_traced_values_are_refused():
    with pytest.raises(TypeError, match="total_repeat_length"):
        minijax.jit(jnp.repeat)(jnp.arange(3), jnp.arange(3))


DIFFERENTIABLE = {
    "reshape_F": lambda x: jnp.reshape(x, (4, 3), order="F") ** 2,
    "transpose": lambda x: jnp.transpose(x) ** 2,
    "flip": lambda x: jnp.flip(x, 1) * x,
    "stack": lambda x: jnp.stack([x, x * x], 1),
    "split": lambda x: [y**2 for y in jnp.split(x, [1, 3], axis=1)],
    "unstack": lambda x: jnp.unstack(x)[1] ** 2,
    "tile": lambda x: jnp.tile(x, (2, 1, 2)) ** 2,
    "repeat": lambda x: jnp.repeat(x, jnp.array([2, 0, 1]), axis=0) ** 2,
    "roll": lambda x: jnp.roll(x, 1) * x,
    "insert": lambda x: jnp.insert(x, 1, x[:, 0], axis=1) ** 2,
    "delete": lambda x: jnp.delete(x, 1, axis=1) ** 2,
    "pad_reflect": lambda x: jnp.pad(x, 2, "reflect", reflect_type="odd") ** 2,
    "pad_ramp": lambda x: jnp.pad(x, 2, "linear_ramp") ** 2,
    "pad_mean": lambda x: jnp.pad(x, 1, "mean") ** 2,
}


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives_agree_with_central_differences(name, x64):
    x = jnp.asarray(numpy.random.default_rng(0).uniform(0.5, 2.0, (3, 4)))

    check_grads(DIFFERENTIABLE[name], (x,), order=2, atol=1e-6, rtol=1e-6)

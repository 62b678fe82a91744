"""A call that jax refuses, minijax refuses too, with an error of the same class."""

import builtins
import warnings

import numpy as np
import pytest

pytest.importorskip("jax")

from .program import bundle, define

pytestmark = pytest.mark.oracle

SETUP = """
x = jnp.arange(6.0).reshape(2, 3)
i = jnp.arange(3)
square = lambda y: jnp.sum(y * y)
rule = jax.custom_jvp(lambda y: jnp.sin(y))
pair = jax.custom_vjp(lambda y: jnp.sin(y))
"""

CALLS = [
    # Transformations
    "jax.grad(lambda y: y)(x)",
    "jax.grad(lambda y: y)(1j)",
    "jax.grad(square)(i)",
    "jax.grad(square)('text')",
    "jax.grad(lambda y: (y, y))(1.0)",
    "jax.grad(square, argnums=3)(x)",
    "jax.grad(square, argnums='y')(x)",
    "jax.grad(3)(x)",
    "jax.grad(lambda y: 'text')(1.0)",
    "jax.grad(lambda y: jnp.sum(y).astype(int))(1.0)",
    "jax.value_and_grad(lambda y: y, has_aux=True)(1.0)",
    "jax.jvp(jnp.sin, (1.0,), (1,))",
    "jax.jvp(jnp.sin, (x,), (x[0],))",
    "jax.jvp(jnp.sin, (x,), (x, x))",
    "jax.jvp(jnp.sin, x, x)",
    "jax.jvp(lambda y: 'text', (1.0,), (1.0,))",
    "jax.vjp(jnp.sin, x)[1](x[0])",
    "jax.vjp(jnp.sin, x)[1](x.astype(int))",
    "jax.vjp(lambda y: (y, y), x)[1](x)",
    "jax.linearize(jnp.sin, x)[1](x[0])",
    "jax.jacfwd(jnp.sin)(i)",
    "jax.jacrev(jnp.sin)(i)",
    "jax.hessian(square)(i)",
    "jax.vmap(jnp.sin)(1.0)",
    "jax.vmap(jnp.add)(x, i)",
    "jax.vmap(jnp.add, in_axes=(0, 5))(x, x)",
    "jax.vmap(jnp.add, in_axes=(0,))(x, x)",
    "jax.vmap(jnp.add, in_axes=(None, None))(x, x)",
    "jax.vmap(jnp.add, in_axes='rows')(x, x)",
    "jax.vmap(jnp.sin, out_axes=5)(x)",
    "jax.vmap(lambda y: (y, y), out_axes=(0, 0, 0))(x)",
    "jax.vmap(jnp.sin, out_axes=None)(x)",
    "jax.vmap(lambda y: y, axis_size=3)(x)",
    "jax.vmap(3)(x)",
    "jax.jit(3)",
    "jax.jit(square)('text')",
    "jax.jit(square)(object())",
    "jax.jit(lambda y: 'text')(1.0)",
    "jax.jit(lambda y, n: y, static_argnums=1)(x, [1])",
    "jax.jit(lambda y: y, static_argnames='n')(x, x)",
    "jax.jit(square)()",
    "jax.checkpoint(3)(x)",
    "jax.eval_shape(lambda y: y @ y, x)",
    "jax.linear_transpose(jnp.sin, x)(x)",
    "jax.custom_jvp(lambda y: y)(1.0)",
    "jax.grad(pair)(1.0)",
    "rule.defjvp(lambda p, t: p[0]); jax.jvp(rule, (1.0,), (1.0,))",
    "rule.defjvp(lambda p, t: (p[0], x)); jax.jvp(rule, (1.0,), (1.0,))",
    "pair.defvjp(lambda y: y, lambda r, t: (t,)); jax.grad(pair)(1.0)",
    "pair.defvjp(lambda y: (y, y), lambda r, t: t); jax.grad(pair)(1.0)",
    "pair.defvjp(lambda y: (y, y), lambda r, t: (t, t)); jax.grad(pair)(1.0)",
    "pair.defvjp(lambda y: (y, y), lambda r, t: (x,)); jax.grad(pair)(1.0)",
    # Values of traced arrays
    "jax.jit(lambda y: 1 if y > 0 else 2)(1.0)",
    "jax.jit(lambda y: float(y))(1.0)",
    "jax.jit(lambda y: int(y))(1.0)",
    "jax.jit(lambda y: range(y))(3)",
    "jax.jit(lambda y: np.asarray(y))(1.0)",
    "jax.jit(lambda y: y.item())(1.0)",
    "jax.jit(lambda y: x[y > 0])(x)",
    "jax.jit(lambda n: jnp.zeros(n))(3)",
    "jax.jit(lambda n: jnp.arange(n))(3)",
    "jax.jit(lambda n: x.reshape(n, 2))(3)",
    "jax.jit(lambda y: jnp.nonzero(y))(x)",
    "jax.vmap(lambda y: 1 if y > 0 else 2)(i)",
    "kept = []; jax.jit(lambda y: kept.append(y))(1.0); kept[0] + 1",
    # Shapes
    "x + i[:2]",
    "jnp.add(x, jnp.zeros((4,)))",
    "x @ x",
    "x @ 2.0",
    "jnp.matmul(x, 2.0)",
    "jnp.dot(x, x)",
    "jnp.inner(x, i[:2])",
    "jnp.vdot(x, i)",
    "jnp.einsum('ij,jk', x, x)",
    "jnp.einsum('ij', i)",
    "jnp.einsum('ij->k', x)",
    "jnp.tensordot(x, x, axes=1)",
    "x.reshape(4)",
    "x.reshape(-1, 4)",
    "x.reshape(-1, -1)",
    "jnp.reshape(x, 'ab')",
    "jnp.broadcast_to(x, (2, 4))",
    "jnp.concatenate([])",
    "jnp.concatenate([x, i])",
    "jnp.concatenate([x, x], axis=2)",
    "jnp.concatenate(x[0, 0])",
    "jnp.stack([x, i])",
    "jnp.stack([])",
    "jnp.stack([x, x], axis=7)",
    "jnp.vstack([x, x[:, :2]])",
    "jnp.split(x, 2, axis=1)",
    "jnp.split(x, 2, axis=4)",
    "jnp.transpose(x, (0, 0))",
    "jnp.transpose(x, (0,))",
    "jnp.transpose(x, (0, 5))",
    "jnp.swapaxes(x, 0, 4)",
    "jnp.moveaxis(x, 0, 4)",
    "jnp.squeeze(x, 0)",
    "jnp.squeeze(x, 7)",
    "jnp.expand_dims(x, 7)",
    "jnp.flip(x, 4)",
    "jnp.repeat(x, 2, axis=4)",
    "jnp.take_along_axis(x, i, axis=0)",
    "jnp.diag(jnp.zeros((2, 2, 2)))",
    "jnp.trace(i)",
    "jnp.tril(i[0])",
    "jnp.zeros(-1)",
    "jnp.zeros((2, -3))",
    "jnp.zeros(2.5)",
    "jnp.ones('ab')",
    "jnp.linspace(0, 1, -2)",
    "jnp.where(x > 0, x, i[:2])",
    "jnp.where(x > 0, x)",
    "jnp.convolve(x, x)",
    "jnp.cross(i[:1], i[:1])",
    "jnp.interp(x, x, x)",
    "jnp.pad(x, ((1, 1), (1, 1), (1, 1)))",
    "jnp.pad(x, 1, mode='no such mode')",
    # Axes
    "jnp.sum(x, axis=2)",
    "jnp.sum(x, axis=(0, 0))",
    "jnp.sum(x, axis=-3)",
    "jnp.sum(x, axis=1.5)",
    "x.mean(5)",
    "jnp.max(jnp.zeros((0,)))",
    "jnp.argmax(jnp.zeros((0,)))",
    "jnp.argmax(x, axis=3)",
    "jnp.cumsum(x, axis=3)",
    "jnp.sort(x, axis=3)",
    "jnp.argsort(x, axis=3)",
    "jax.nn.softmax(x, axis=3)",
    "jax.nn.one_hot(i, 3, axis=9)",
    "jnp.linalg.norm(x, axis=(0, 1, 2))",
    # Types
    "jnp.sin('text')",
    "jnp.sin(None)",
    "jnp.sin([1.0])",
    "jnp.add(x, 'text')",
    "jnp.add(x, None)",
    "jnp.add(x, [1.0, 2.0, 3.0])",
    "jnp.sum([1.0])",
    "x + 'text'",
    "x + None",
    "x + [1, 2, 3]",
    "x & x",
    "~x",
    "x << 1",
    "jnp.bitwise_and(x, x)",
    "jnp.invert(x)",
    "jnp.floor(1j)",
    "jnp.asarray(object())",
    "jnp.asarray([1, 'text'])",
    "jnp.asarray([[1, 2], [3]])",
    "jnp.asarray('text')",
    "jnp.zeros(3, dtype='no such dtype')",
    "x.astype('no such dtype')",
    "jnp.full((2,), 'text')",
    "jnp.array(2**70)",
    "jnp.uint8(3) + 2**40",
    "jnp.clip('text', 0, 1)",
    "jnp.where('text', x, x)",
    "bool(x)",
    "float(x)",
    "int(x)",
    "complex(x)",
    "x.item()",
    "range(jnp.float32(3))",
    "[1, 2, 3][x]",
    "[1, 2, 3][jnp.float32(1)]",
    "len(jnp.float32(1))",
    "iter(jnp.float32(1))",
    "hash(x)",
    "x.no_such_attribute",
    # Indexing
    "x[0.5]",
    "x['a']",
    "x[0, 0, 0]",
    "x[..., ...]",
    "x[::0]",
    "x[[0, 1]]",
    "x[jnp.array([True])]",
    "x[jnp.array([0.5])]",
    "x[jnp.array([0, 1]), jnp.array([0, 1, 2])]",
    "x[jnp.float32(1)]",
    "x['a':'b']",
    "x.__setitem__(0, 1.0)",
    "x.at[0, 0, 0].set(1.0)",
    "x.at[0].set(x)",
    "x.at[0].set('text')",
    "x.at[0].set(jnp.zeros(4))",
    "x.at[0].add(1.0, mode='no such mode')",
    "x.at[0].get(mode='no such mode')",
    "jnp.take(x, 0.5)",
    "jnp.take(x, i, axis=5)",
    "jnp.take(x, i, mode='no such mode')",
    # lax is strict
    "lax.add(x, i)",
    "lax.add(x, x[0])",
    "lax.add(1.0, i)",
    "lax.sin(i)",
    "lax.max(x, i)",
    "lax.select(x, x, x)",
    "lax.select(x > 0, x, i)",
    "lax.concatenate([x, i], 0)",
    "lax.reshape(x, (7,))",
    "lax.broadcast_in_dim(x, (2, 3, 4), (0,))",
    "lax.broadcast_in_dim(x, (2, 4), (0, 1))",
    "lax.transpose(x, (0,))",
    "lax.squeeze(x, (0,))",
    "lax.slice(x, (0,), (1,))",
    "lax.slice(x, (0, 2), (1, 1))",
    "lax.slice(x, (0, 0), (5, 5))",
    "lax.dynamic_slice(x, (0,), (1, 1))",
    "lax.dynamic_slice(x, (0, 0), (4, 4))",
    "lax.dynamic_slice(x, (0.5, 0), (1, 1))",
    "lax.dynamic_update_slice(x, i, (0,))",
    "lax.pad(x, 0.0, [(0, 0, 0)])",
    "lax.pad(x, 0, [(0, 0, 0), (0, 0, 0)])",
    "lax.pad(x, 0.0, [(0, 0, -1), (0, 0, 0)])",
    "lax.dot(x, x)",
    "lax.dot_general(x, x, (((1,), (0,)), ((), ())))",
    "lax.conv(x, x, (1,), 'SAME')",
    "lax.top_k(x, 9)",
    "lax.rev(x, (4,))",
    "lax.iota(jnp.int32, -1)",
    "lax.cumsum(x, axis=4)",
    "lax.sort(x, dimension=4)",
    "lax.integer_pow(x, 0.5)",
    "lax.rem(x, i)",
    "lax.clamp(0, x, 1)",
    "lax.erf(i)",
    "lax.complex(i, i)",
    "lax.shift_left(x, x)",
    # Control flow
    "lax.cond(x, lambda: 1, lambda: 2)",
    "lax.cond(True, lambda: 1, lambda: 2.0)",
    "lax.cond(True, lambda: 1, lambda: (1,))",
    "lax.cond(True, lambda y: y, lambda: 2, 1)",
    "lax.cond('text', lambda: 1, lambda: 2)",
    "lax.cond(True, 1, 2)",
    "lax.switch(0.5, [lambda: 1, lambda: 2])",
    "lax.switch(0, [])",
    "lax.while_loop(lambda s: s, lambda s: s + 1, 0.5)",
    "lax.while_loop(lambda s: s < 3, lambda s: s + 0.5, 0)",
    "lax.while_loop(lambda s: s < 3, lambda s: (s, s), 0)",
    "lax.while_loop(lambda s: (s < 3, s), lambda s: s, 0)",
    "lax.fori_loop(0, 3, lambda k, s: (s, s), 1.0)",
    "lax.fori_loop(0, 3, lambda k, s: x, 1.0)",
    "lax.fori_loop(0, 2.5, lambda k, s: s, 1.0)",
    "lax.scan(lambda c, y: (x, y), 1.0, i)",
    "lax.scan(lambda c, y: c, 1.0, i)",
    "lax.scan(lambda c, y: (c, y), 1.0, (i, x))",
    "lax.scan(lambda c, y: (c, y), 1.0, None)",
    "lax.scan(lambda c, y: (c, y), 1.0, i, length=5)",
    "lax.scan(lambda c, y: (c, y), 1.0, 2.0)",
    "lax.scan(3, 1.0, i)",
    "lax.map(lambda y: y, 1.0)",
    "lax.psum(x, 'no such axis')",
    "lax.axis_index('no such axis')",
    # Linear algebra, random numbers, trees
    "jnp.linalg.inv(x)",
    "jnp.linalg.inv(i)",
    "jnp.linalg.cholesky(x)",
    "jnp.linalg.solve(x, x)",
    "jnp.linalg.det(x)",
    "jnp.linalg.eigh(x)",
    "jnp.linalg.svd(i)",
    "jnp.linalg.qr(i)",
    "jnp.linalg.norm(x, ord='no such norm')",
    "jax.random.key('text')",
    "jax.random.key(0.5)",
    "jax.random.normal(3, (2,))",
    "jax.random.normal(jax.random.key(0), (2,), dtype=int)",
    "jax.random.randint(jax.random.key(0), (2,), 0, 3, dtype=float)",
    "jax.random.split(x)",
    "jax.random.fold_in(jax.random.key(0), x)",
    "jax.random.choice(jax.random.key(0), 3, (9,), replace=False)",
    "jax.random.permutation(jax.random.key(0), x, axis=4)",
    "jax.random.key(0) + 1",
    "jax.tree.map(lambda a, b: a, (1, 2), (1,))",
    "jax.tree.map(lambda a, b: a, {'a': 1}, {'b': 1})",
    "jax.tree.unflatten(jax.tree.structure((1, 2)), [1])",
    "jax.nn.one_hot(x, -1)",
    "jax.device_put(object())",
    "jax.config.update('no_such_option', 1)",
]


# jax looks an axis up in a tuple here; NumPy and minijax say which axis is out of
# range.
OUT_OF_RANGE = {
    "jnp.split(x, 2, axis=4)",
    "jnp.swapaxes(x, 0, 4)",
    "x.mean(5)",
    "jnp.argmax(x, axis=3)",
}


def refusal(package, call):
    """The nearest built-in class of the error that `call` raises, or None."""
    names = {**bundle(package), "kept": []}
    *statements, last = call.split("; ")
    text = SETUP + "\n".join([*statements, f"result = {last}"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            define(text, names, call)
        except Exception as error:  # noqa: BLE001, the class of any error is the answer
            return nearest_builtin(type(error))
    return None


def nearest_builtin(error_class):
    """The first class in the order of resolution that Python itself defines."""
    return next(c for c in error_class.__mro__ if c.__module__ == builtins.__name__)


@pytest.mark.parametrize("call", CALLS)
def test_both_refuse_with_one_class(call):
    expected = refusal("jax", call)
    if call in OUT_OF_RANGE:
        assert expected is IndexError
        expected = ValueError

    assert refusal("minijax", call) is expected


def test_most_of_the_table_is_refused_by_jax():
    """A call that jax accepts is in the table to be accepted; those are few."""
    accepted = [call for call in CALLS if refusal("jax", call) is None]

    assert len(accepted) < len(CALLS) / 10


def test_the_next_call_works():
    """No trace state is left behind by a refused call."""
    names = bundle("minijax")
    for call in CALLS:
        refusal("minijax", call)

    assert np.asarray(names["jax"].grad(lambda y: y * y)(3.0)) == 6.0

"""The table of cases: at least one row for every primitive.

`tests/test_laws.py` runs every row through the laws of `tests/laws.py`, and fails when
a primitive has no row.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import scipy.special
import scipy.stats

import minijax
from minijax import debug, lax, pure_callback, random, special
from minijax import numpy as jnp
from minijax.ad_checkpoint import checkpoint_name
from minijax.control.policies import to_memory
from minijax.custom_batching import custom_vmap
from minijax.custom_derivatives import linear_call
from minijax.experimental import checkify, io_callback
from minijax.primitives import copy, linear_recurrence
from minijax.primitives.linalg import spectra
from minijax.special.program import chebyshev, polynomial, reciprocal

from .laws import Bools, Case, Ints

M = (2, 3)
REAL = ("f32", "f64")
COMPLEX = ("f32", "f64", "c128")
NUMBERS = ("i32", "f32", "f64", "c128")
BITS = ("b", "i32", "u8")
INTS = ("i32", "u8")
ANY = ("b", "i32", "f32", "c128")


def unary(
    name: str,
    reference: Callable,
    domain: Any = None,
    dtypes: Any = REAL,
    **kwargs: Any,
) -> Case:
    """A row for the function of one array that `lax` calls by the primitive's name."""
    f = getattr(lax, name)
    return Case(name, f, [M], dtypes, domain, reference, **kwargs)


def binary(
    name: str,
    reference: Callable,
    domain: Any = None,
    dtypes: Any = REAL,
    **kwargs: Any,
) -> Case:
    """The same for a function of two arrays of one shape."""
    f = getattr(lax, name)
    return Case(name, f, [M, M], dtypes, domain, reference, **kwargs)


def padded(x: np.ndarray, value: np.ndarray) -> np.ndarray:
    """One row before and two after, one hole between rows, one column after."""
    out = np.full((6, 4), value, x.dtype)
    out[1:5:2, :3] = x
    return out


def upper_half(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What a product of integers has above the bits of its factors."""
    product = x.astype(object) * y.astype(object)
    return np.asarray(product >> 8 * x.itemsize).astype(x.dtype)


def correlate(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Batched 1-d correlation: x is (n, i, t), w is (o, i, k)."""
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2], axis=2)
    return np.einsum("nitk,oik->not", windows, w)


def added(x: np.ndarray, y: np.ndarray, i: np.ndarray) -> np.ndarray:
    """`x` with `y` added at `i`, where equal indices add up."""
    out = x.copy()
    np.add.at(out, i, y)
    return out


def positive(x: Any) -> Any:
    """A Hermitian, positive definite matrix from any square matrix; smooth in x."""
    n = x.shape[-1]
    return x @ jnp.conj(jnp.swapaxes(x, -1, -2)) / 4 + 2 * jnp.eye(n, dtype=x.dtype)


def separated(x: Any) -> Any:
    """A Hermitian matrix whose eigenvalues are at least 1 or so apart."""
    n = x.shape[-1]
    symmetric = (x + jnp.conj(jnp.swapaxes(x, -1, -2))) / 8
    return symmetric + jnp.diag(jnp.arange(n) * 3.0).astype(x.dtype)


def dominant(x: Any) -> Any:
    """A matrix whose pivots are on its diagonal."""
    return x / 4 + 3 * jnp.eye(*x.shape[-2:], dtype=x.dtype)


def near_identity(x: Any) -> Any:
    """A well-conditioned matrix of no symmetry."""
    return x / 4 + 2 * jnp.eye(*x.shape[-2:], dtype=x.dtype)


S = (3, 3)
TWO_CLUSTERS = np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]], bool)


# Factorisations by LAPACK lose a digit more than one operation, and these rows put
# together several operations, so that XLA may round differently when it fuses them.
def factorisation(
    name: str, f: Callable, shapes: Any = (S,), dtypes: Any = COMPLEX
) -> Case:
    """A row for linear algebra."""
    return Case(name, f, list(shapes), dtypes, slack=10, exact=False)


def solve_lower(a: Any, b: Any) -> Any:
    return lax.linalg.triangular_solve(near_identity(a), b, left_side=True, lower=True)


def solve_transposed(a: Any, b: Any) -> Any:
    return lax.linalg.triangular_solve(
        near_identity(a), b, transpose_a=True, conjugate_a=True
    )


def solve_unit(a: Any, b: Any) -> Any:
    return lax.linalg.triangular_solve(
        a / 4, b, left_side=True, lower=True, unit_diagonal=True
    )


def solve(a: Any, b: Any) -> Any:
    return jnp.linalg.solve(near_identity(a), b)


def eigenvalues(x: Any) -> Any:
    """Eigenvalues about 3 apart, of a matrix that is not symmetric."""
    return jnp.linalg.eigvals(x / 8 + jnp.diag(jnp.arange(3) * 3.0).astype(x.dtype))


def eigh(x: Any) -> tuple:
    """Eigenvalues, and the squared moduli of the vectors: these have no free phase."""
    values, vectors = jnp.linalg.eigh(separated(x))
    return values, jnp.abs(vectors) ** 2


def svd(x: Any) -> tuple:
    """Singular values and vectors; the vectors of a real matrix have fixed signs."""
    return jnp.linalg.svd(separated(x) + jnp.eye(3, dtype=x.dtype), full_matrices=False)


@minijax.custom_jvp
def cube(x: Any) -> Any:
    """The cube of x, with a rule of its own."""
    return x * x * x


cube.defjvps(lambda x_dot, y, x: 3 * x * x * x_dot)


@minijax.custom_vjp
def fourth(x: Any) -> Any:
    """The fourth power of x, with a rule of its own for reverse mode."""
    return x * x * x * x


fourth.defvjp(lambda x: (fourth(x), x), lambda x, y_bar: (4 * x * x * x * y_bar,))


@custom_vmap
def sine(x: Any) -> Any:
    """The sine of x, with a rule of its own for vmap."""
    return jnp.sin(x)


sine.def_vmap(lambda axis_size, in_batched, xs: (jnp.sin(xs), True))


@minijax.custom_vjp
def opaque(x: Any) -> Any:
    """The sine of x, whose forward rule may be put off under checkpoint."""
    return jnp.sin(x)


opaque.defvjp(
    lambda x: (jnp.sin(x), jnp.cos(x)), lambda c, y_bar: (c * y_bar,), False, True
)


def solve_system(a: Any, b: Any) -> Any:
    """The solution of a system with a matrix that is far from singular."""
    a = a + 4 * jnp.eye(3, dtype=a.dtype)
    known = lax.stop_gradient(a)
    return lax.custom_linear_solve(
        lambda x: a @ x,
        b,
        lambda _, b: jnp.linalg.solve(known, b),
        lambda _, b: jnp.linalg.solve(known.T, b),
    )


def shrink(x: Any) -> Any:
    """Square and divide until the sum is small: the count of rounds depends on x."""
    return lax.while_loop(lambda s: jnp.sum(jnp.abs(s)) > 1, lambda s: s * s / 8, x)


def branches(p: Any, x: Any, y: Any) -> Any:
    return lax.cond(p, lambda x, y: x * y, lambda x, y: x - y, x, y)


def switch(i: Any, x: Any) -> Any:
    return lax.switch(i, [jnp.sin, jnp.cos, lambda x: x * x], x)


def scan(c: Any, xs: Any) -> Any:
    return lax.scan(lambda c, x: (c * x + 1, jnp.sin(c)), c, xs)


def recurrence(a: Any, xs: Any) -> Any:
    """A reversed scan that closes over a matrix."""
    start = jnp.zeros(2, xs.dtype)
    return lax.scan(lambda c, x: (jnp.tanh(a @ c + x), c), start, xs, reverse=True)


def pushforward(f: Callable) -> Callable:
    """The linear map of f at x, applied to x itself."""
    return lambda x: minijax.linearize(f, x)[1](x)


def pullback(f: Callable) -> Callable:
    """The transpose of the derivative of f at x, applied to y_bar."""
    return lambda x, y_bar: minijax.vjp(f, x)[1](y_bar)


def in_numpy(call: Callable, **kwargs: Any) -> Callable:
    """The hyperbolic tangent, computed by NumPy in a callback."""
    return lambda x: call(lambda v: np.tanh(np.asarray(v)), x, x, **kwargs)


def noticed(effect: Callable) -> Callable:
    """The sine, and an effect that does not touch it."""
    return lambda x: (effect(x), jnp.sin(x))[1]


def over_members(f: Callable) -> Callable:
    """Map f over the first axis, which has the name "i" inside."""
    return minijax.vmap(f, axis_name="i")


def program(name: str, f: Callable, shapes: Any, dtypes: Any = COMPLEX, **kwargs: Any):
    """A row for a primitive that holds programs: XLA rounds them as it fuses them."""
    return Case(name, f, shapes, dtypes, exact=False, **kwargs)


# A row reads best in as few lines as it needs.
# fmt: off
SMOOTH = [
    unary("neg", np.negative, dtypes=NUMBERS),
    unary("sin", np.sin, dtypes=COMPLEX),
    unary("cos", np.cos, dtypes=COMPLEX),
    unary("tan", np.tan, (-1, 1), COMPLEX),
    unary("asin", np.arcsin, (-0.8, 0.8), COMPLEX),
    unary("acos", np.arccos, (-0.8, 0.8), COMPLEX),
    unary("atan", np.arctan, (-0.8, 0.8), COMPLEX),
    unary("sinh", np.sinh, dtypes=COMPLEX),
    unary("cosh", np.cosh, dtypes=COMPLEX),
    unary("tanh", np.tanh, (-1, 1), COMPLEX),
    unary("asinh", np.arcsinh, (-0.8, 0.8), COMPLEX),
    unary("acosh", np.arccosh, (1.5, 4), COMPLEX),
    unary("atanh", np.arctanh, (-0.8, 0.8), COMPLEX),
    unary("exp", np.exp, dtypes=COMPLEX),
    unary("exp2", np.exp2, dtypes=COMPLEX),
    unary("expm1", np.expm1, dtypes=COMPLEX),
    unary("log", np.log, (0.5, 4), COMPLEX),
    unary("log1p", np.log1p, (-0.5, 4), COMPLEX),
    unary("sqrt", np.sqrt, (0.5, 4), COMPLEX),
    unary("rsqrt", lambda x: x**-0.5, (0.5, 4), COMPLEX),
    unary("cbrt", np.cbrt, (0.5, 4)),
    unary("square", np.square, dtypes=NUMBERS),
    unary("logistic", lambda x: 1 / (1 + np.exp(-x)), dtypes=COMPLEX),
    unary("abs", np.abs, dtypes=NUMBERS),
    unary("conj", np.conj, dtypes=("c128",)),
    unary("real", np.real, dtypes=("c128",)),
    unary("imag", np.imag, dtypes=("c128",)),
    binary("complex", lambda x, y: x + 1j * y, dtypes=REAL),
    binary("add", np.add, dtypes=NUMBERS),
    binary("sub", np.subtract, dtypes=NUMBERS),
    binary("mul", np.multiply, dtypes=NUMBERS),
    binary("div", np.divide, [(-2, 2), (0.5, 2)], COMPLEX),
    binary("rem", np.fmod, [(3, 4), (0.6, 1)]),
    binary("max", np.maximum, dtypes=("i32", *REAL)),
    binary("min", np.minimum, dtypes=("i32", *REAL)),
    binary("pow", np.power, [(0.5, 2), (-2, 2)], COMPLEX),
    binary("atan2", np.arctan2, [(0.5, 2), (-2, 2)]),
    Case("mul: with a scalar", lax.mul, [M, ()], COMPLEX, None, np.multiply),
    Case("pow: to an integer array", lax.pow, [M, Ints(M, -2, 4)], COMPLEX, (0.5, 2)),
    *(
        Case(
            f"integer_pow: to the {n}",
            partial(lax.integer_pow, y=n),
            [M],
            COMPLEX,
            (0.5, 2),
            lambda x, n=n: x**n,
        )
        for n in (-3, -1, 0, 1, 2, 7)
    ),
    Case("clamp", lax.clamp, [(), M, ()], REAL, [(-1, -0.5), (-2, 2), (0.5, 1)],
         lambda low, x, high: np.clip(x, low, high)),
    Case("select_n", lax.select_n, [Bools(M), M, M], COMPLEX, None,
         lambda which, x, y: np.where(which, y, x)),
    Case("select_n: of three", lax.select_n, [Ints(M, 0, 3), M, M, M], REAL, None,
         lambda which, *xs: np.choose(which, xs)),
    Case("select_n: by one scalar", lax.select_n, [Bools(()), M, M], REAL, None,
         lambda which, x, y: y if which else x),
]

STEPS = [
    unary("sign", np.sign, dtypes=("i32", *REAL)),
    unary("floor", np.floor),
    unary("ceil", np.ceil),
    unary("round", lambda x: np.sign(x) * np.floor(np.abs(x) + 0.5)),
    unary("is_finite", np.isfinite),
    Case("reduce_precision",
         # Its derivative is itself: tangents too are rounded to 8 bits.
         partial(lax.reduce_precision, exponent_bits=8, mantissa_bits=7), [M],
         ("f32",), slack=1e3),
    binary("nextafter", np.nextafter),
    binary("eq", np.equal, dtypes=ANY),
    binary("ne", np.not_equal, dtypes=ANY),
    binary("lt", np.less, dtypes=("b", "i32", *REAL)),
    binary("le", np.less_equal, dtypes=("b", "i32", *REAL)),
    binary("gt", np.greater, dtypes=("b", "i32", *REAL)),
    binary("ge", np.greater_equal, dtypes=("b", "i32", *REAL)),
    Case("not", lax.bitwise_not, [M], BITS, None, np.invert),
    Case("and", lax.bitwise_and, [M, M], BITS, None, np.bitwise_and),
    Case("or", lax.bitwise_or, [M, M], BITS, None, np.bitwise_or),
    Case("xor", lax.bitwise_xor, [M, M], BITS, None, np.bitwise_xor),
    binary("shift_left", np.left_shift, (0, 7), INTS),
    binary("shift_right_arithmetic", np.right_shift, (0, 7), ("i32",)),
    binary("shift_right_logical", np.right_shift, (0, 7), INTS),
    unary("population_count", np.bitwise_count, (0, 99), INTS),
    binary("mulhi", upper_half, None, INTS),
    unary("clz", lambda x: 32 - np.frexp(x)[1].astype(np.int32), (0, 99), ("i32",)),
]

SPECIAL = [
    unary("erf", scipy.special.erf),
    unary("erfc", scipy.special.erfc),
    unary("erf_inv", scipy.special.erfinv, (-0.7, 0.7)),
    # Their XLA expansions in f64 reach 1e-13 or so of the larger terms.
    unary("lgamma", scipy.special.gammaln, (0.5, 4), slack=10),
    unary("digamma", scipy.special.digamma, (0.5, 4), slack=10),
    Case("polygamma", lambda x: lax.polygamma(jnp.full_like(x, 1), x), [M], REAL,
         (0.5, 4), lambda x: scipy.special.polygamma(1, x), slack=10, exact=False),
    Case("zeta", lambda x: lax.zeta(jnp.full_like(x, 3), x), [M], REAL,
         (1, 3), lambda x: scipy.special.zeta(3, x), slack=10, exact=False),
    binary("igamma", scipy.special.gammainc, (0.2, 4)),
    binary("igammac", scipy.special.gammaincc, (0.2, 4)),
    binary("igamma_grad_a", None, (0.2, 4)),
    binary("random_gamma_grad", None, (0.2, 4)),
    Case("gamma_density", special.gamma_density, [M, M], REAL, (0.2, 4),
         lambda a, x: scipy.stats.gamma.pdf(x, a)),
    Case("gamma_log_slope", special.gamma_log_slope, [M, M], REAL,
         [(0.2, 4), (-2, 1)]),
    Case("regularized_incomplete_beta", lax.betainc, [M, M, M], REAL, (0.1, 0.9),
         scipy.special.betainc),
    # Near 0 the second derivative in x grows like x**-3, as the differences' error.
    Case("beta_density", special.beta_density, [M, M, M], REAL, (0.2, 0.8),
         lambda a, b, x: scipy.stats.beta.pdf(x, a, b), slack=10),
    Case("log_beta", special.log_beta, [M, M], REAL, (0.2, 4), scipy.special.betaln),
    Case("gamma", special.gamma, [M], REAL, (0.2, 4), scipy.special.gamma, slack=10),
    Case("bessel_i0", special.bessel_i0, [M], REAL, None, scipy.special.i0),
    Case("bessel_i1", special.bessel_i1, [M], REAL, None, scipy.special.i1),
    unary("bessel_i0e", scipy.special.i0e),
    unary("bessel_i1e", scipy.special.i1e),
    Case("log_gamma", special.log_gamma, [M], REAL, (0.5, 4), scipy.special.gammaln,
         slack=10),
    Case("polynomial", lambda x: polynomial(x, [1.0, -2.0, 0.0, 0.5]), [M], REAL, None,
         lambda x: np.polynomial.polynomial.polyval(x, [1.0, -2.0, 0.0, 0.5])),
    Case("chebyshev", lambda x: chebyshev(x, [0.5, -2.0, 1.0, 0.5]), [M], REAL, None,
         lambda x: np.polynomial.chebyshev.chebval(x, [0.5, -2.0, 1.0, 0.5])),
    Case("reciprocal", reciprocal, [M], REAL, (0.5, 4), np.reciprocal),
    Case("erfcx", special.erfcx, [M], REAL, None, scipy.special.erfcx),
    Case("ndtr", special.ndtr, [M], REAL, None, scipy.special.ndtr),
    Case("log_ndtr", special.log_ndtr, [M], REAL, None, scipy.special.log_ndtr),
    Case("normal_hazard", special.normal_hazard, [M], REAL, None,
         lambda x: scipy.stats.norm.pdf(x) / scipy.stats.norm.cdf(x)),
    Case("ndtri", special.ndtri, [M], REAL, (0.2, 0.8), scipy.special.ndtri),
    Case("exp1", special.exp1, [M], REAL, (0.2, 4), scipy.special.exp1),
    Case("expi", special.expi, [M], REAL, (0.5, 4), scipy.special.expi),
    Case("expn", lambda x: special.expn(jnp.full_like(x, 3), x), [M], REAL, (0.2, 4),
         lambda x: scipy.special.expn(3, x), exact=False),
    Case("sine_integral", special.sine_integral, [M], REAL, None,
         lambda x: scipy.special.sici(x)[0]),
    Case("cosine_integral", special.cosine_integral, [M], REAL, (0.7, 4),
         lambda x: scipy.special.sici(x)[1], slack=10),
    Case("fresnel_s", special.fresnel_s, [M], REAL, None,
         lambda x: scipy.special.fresnel(x)[0]),
    Case("fresnel_c", special.fresnel_c, [M], REAL, None,
         lambda x: scipy.special.fresnel(x)[1]),
    Case("dawsn", special.dawsn, [M], REAL, None, scipy.special.dawsn),
    Case("spence", special.spence, [M], REAL, (0.2, 4), scipy.special.spence),
    Case("owens_t", special.owens_t, [M, M], REAL, None, scipy.special.owens_t),
    Case("hyp1f1", special.hyp1f1, [M, M, M], REAL, (0.2, 3), scipy.special.hyp1f1,
         slack=10),
    Case("hyp2f1", special.hyp2f1, [M, M, M, M], REAL,
         [(0.2, 3), (0.2, 3), (0.2, 3), (-0.4, 0.6)], scipy.special.hyp2f1, slack=10),
]

TYPES = [
    Case("convert_element_type", lambda x: lax.convert_element_type(x, jnp.float32),
         [M], ("i32", "f32", "f64"),
         slack=1e6),  # its results are f32 in every row
    Case("convert_element_type: to complex",
         lambda x: lax.convert_element_type(x, complex), [M], REAL, None,
         lambda x: x + 0j),
    Case("bitcast_convert_type", lambda x: lax.bitcast_convert_type(x, jnp.int32), [M],
         ("f32",), None, lambda x: x.view(np.int32)),
    Case("copy", copy, [M], ANY, None, np.array),
    # It stands for zero tangents on purpose, which no central difference confirms.
    Case("stop_gradient", lax.stop_gradient, [M], COMPLEX, None, np.array,
         derivatives="none"),
    Case("iota", lambda: lax.broadcasted_iota(jnp.int32, (2, 3), 1), [], ("i32",), None,
         lambda: np.array([[0, 1, 2]] * 2)),
]

SHAPES = [
    Case("broadcast_in_dim", lambda x: lax.broadcast_in_dim(x, (2, 4, 3), (0, 2)),
         [(2, 3)], ANY, None, lambda x: np.broadcast_to(x[:, None], (2, 4, 3))),
    Case("broadcast_in_dim: of axes of size 1",
         lambda x: lax.broadcast_in_dim(x, (2, 3), (0, 1)), [(2, 1)], COMPLEX, None,
         lambda x: np.broadcast_to(x, (2, 3))),
    Case("reshape", lambda x: lax.reshape(x, (3, 2)), [M], ANY, None,
         lambda x: x.reshape(3, 2)),
    Case("reshape: of a scalar", lambda x: lax.reshape(x, (1, 1)), [()], REAL, None,
         lambda x: x.reshape(1, 1)),
    Case("reshape: squeeze", lambda x: lax.squeeze(x, (0, 2)), [(1, 3, 1)], ANY, None,
         np.squeeze),
    Case("reshape: expand_dims", lambda x: lax.expand_dims(x, (0, 2)), [(3,)], ANY,
         None, lambda x: x[None, :, None]),
    Case("transpose", lambda x: lax.transpose(x, (2, 0, 1)), [(2, 3, 4)], ANY, None,
         lambda x: np.transpose(x, (2, 0, 1))),
    Case("rev", lambda x: lax.rev(x, (1,)), [M], ANY, None, np.fliplr),
    Case("slice", lambda x: lax.slice(x, (0, 1), (2, 5), (1, 2)), [(2, 6)], ANY, None,
         lambda x: x[0:2, 1:5:2]),
    Case("concatenate", lambda x, y: lax.concatenate([x, y], 1), [(2, 3), (2, 1)], ANY,
         None, lambda x, y: np.concatenate([x, y], 1)),
    Case("pad", lambda x, v: lax.pad(x, v, [(1, 2, 1), (0, 1, 0)]), [M, ()], COMPLEX,
         None, lambda x, v: padded(x, v)),
    Case("pad: negative", lambda x, v: lax.pad(x, v, [(-1, 0, 0), (1, -2, 2)]), [M, ()],
         REAL),
    Case("split", lambda x: lax.split(x, (1, 2), 1), [M], ANY, None,
         lambda x: (x[:, :1], x[:, 1:])),
]

REDUCTIONS = [
    Case("reduce_sum", lambda x: jnp.sum(x, 1), [(2, 3, 4)], COMPLEX, None,
         lambda x: np.sum(x, 1)),
    Case("reduce_sum: of everything", jnp.sum, [M], COMPLEX, None, np.sum),
    Case("reduce_prod", lambda x: jnp.prod(x, 0), [M], COMPLEX, (0.5, 2),
         lambda x: np.prod(x, 0)),
    Case("reduce_prod: with zeros", lambda x: jnp.prod(x * jnp.array([0, 1, 0.0])),
         [(3,)], ("f64",)),
    Case("reduce_max", lambda x: jnp.max(x, 1), [M], ("i32", *REAL), None,
         lambda x: np.max(x, 1)),
    Case("reduce_min", lambda x: jnp.min(x, (0, 1)), [M], ("i32", *REAL), None, np.min),
    Case("reduce_and", lambda x: jnp.all(x, 1), [M], ("b",), None,
         lambda x: np.all(x, 1)),
    Case("reduce_or", lambda x: jnp.any(x, 0), [M], ("b",), None,
         lambda x: np.any(x, 0)),
    Case("reduce_xor", lambda x: lax.reduce_xor(x, (0,)), [M], ("b", "i32"), None,
         lambda x: np.bitwise_xor.reduce(x, 0)),
    Case("argmax", lambda x: lax.argmax(x, 1, jnp.int32), [M], ("b", "i32", *REAL),
         None, lambda x: np.argmax(x, 1)),
    Case("argmin", lambda x: lax.argmin(x, 0, jnp.int32), [M], ("b", "i32", *REAL),
         None, lambda x: np.argmin(x, 0)),
    Case("cumsum", lambda x: lax.cumsum(x, 1), [M], NUMBERS, None,
         lambda x: np.cumsum(x, 1, dtype=x.dtype)),
    Case("cumsum: from the end", lambda x: lax.cumsum(x, 0, reverse=True), [M], COMPLEX,
         None, lambda x: np.cumsum(x[::-1], 0)[::-1]),
    Case("cumprod", lambda x: lax.cumprod(x, 1), [M], COMPLEX, (0.5, 2),
         lambda x: np.cumprod(x, 1)),
    Case("cummax", lambda x: lax.cummax(x, 1), [M], ("i32", *REAL), None,
         lambda x: np.maximum.accumulate(x, 1)),
    Case("cummin", lambda x: lax.cummin(x, 0), [M], ("i32", *REAL), None,
         lambda x: np.minimum.accumulate(x, 0)),
    Case("cumlogsumexp", lambda x: lax.cumlogsumexp(x, 1), [M], REAL, None,
         lambda x: np.logaddexp.accumulate(x, 1)),
]

WINDOWS = [
    Case("reduce_window_sum",
         lambda x: lax.reduce_window(x, 0.0, lax.add, (2, 2), (1, 2), "SAME"), [(3, 4)],
         REAL),
    Case("reduce_window_max",
         lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (2, 1), (2, 1), "VALID"),
         [(4, 3)], REAL, None, lambda x: x.reshape(2, 2, 3).max(1)),
    # The tangent of a window's maximum is gathered from where the maximum is.
    Case("select_and_gather_add", lambda x: minijax.jvp(
         lambda x: lax.reduce_window(x, -jnp.inf, lax.max, (3,), (2,), "SAME"),
         (x,), (jnp.sin(x),))[1], [(5,)], REAL, exact=False),
    Case("reduce_window_min",
         lambda x: lax.reduce_window(x, jnp.inf, lax.min, (2,), (1,), "VALID"), [(5,)],
         REAL, None, lambda x: np.minimum(x[1:], x[:-1])),
]

PRODUCTS = [
    Case("dot_general", lax.dot, [(2, 3), (3, 4)], NUMBERS, None, np.dot),
    Case("dot_general: of vectors", lax.dot, [(3,), (3,)], COMPLEX, None, np.dot),
    Case("dot_general: with batch axes",
         lambda x, y: lax.dot_general(x, y, (((2,), (1,)), ((0,), (2,)))),
         [(2, 3, 4), (5, 4, 2)], COMPLEX, None,
         lambda x, y: np.einsum("bij,kjb->bik", x, y)),
    Case("dot_general: with no axis contracted",
         lambda x, y: lax.dot_general(x, y, (((), ()), ((), ()))), [(2,), (3,)], REAL,
         None, np.outer),
    Case("conv_general_dilated",
         lambda x, w: lax.conv_general_dilated(x, w, (1,), "VALID"),
         [(2, 2, 5), (3, 2, 2)], REAL, None, lambda x, w: correlate(x, w)),
    Case("conv_general_dilated: strides, padding and dilation",
         partial(lax.conv_general_dilated, window_strides=(2, 1),
                 padding=[(1, 2), (0, 1)], lhs_dilation=(1, 2), rhs_dilation=(2, 1)),
         [(1, 2, 4, 3), (2, 2, 2, 2)], REAL),
    Case("conv_general_dilated: groups",
         partial(lax.conv_general_dilated, window_strides=(1,), padding="SAME",
                 feature_group_count=2),
         [(2, 4, 3), (2, 2, 2)], REAL),
    Case("conv_general_dilated: batch groups",
         partial(lax.conv_general_dilated, window_strides=(1,), padding="SAME",
                 batch_group_count=2),
         [(2, 2, 3), (4, 2, 2)], REAL),
    Case("conv_general_dilated: channels last",
         partial(lax.conv_general_dilated, window_strides=(1,), padding="SAME",
                 dimension_numbers=("NWC", "WIO", "NWC")),
         [(2, 4, 3), (2, 3, 2)], COMPLEX),
]

INDEXING = [
    Case("dynamic_slice", lambda x, i, j: lax.dynamic_slice(x, (i, j), (2, 1)),
         [(3, 4), Ints((), 0, 2), Ints((), 0, 4)], COMPLEX, None,
         lambda x, i, j: x[i : i + 2, j : j + 1]),
    Case("dynamic_slice: clamped", lambda x, i: lax.dynamic_slice(x, (i,), (2,)),
         [(4,), Ints((), 5, 9)], REAL, None, lambda x, i: x[2:]),
    Case("dynamic_update_slice",
         lambda x, y, i: lax.dynamic_update_slice(x, y, (i, jnp.int32(1))),
         [(3, 4), (2, 1), Ints((), 0, 2)], COMPLEX),
    Case("gather: rows", lambda x, i: x[i], [(4, 2), Ints((3,), -4, 4)], COMPLEX, None,
         lambda x, i: x[i]),
    Case("gather: points", lambda x, i, j: x[i, j],
         [(3, 4), Ints((2, 2), 0, 3), Ints((2,), 0, 4)], REAL, None,
         lambda x, i, j: x[i, j]),
    Case("gather: out of bounds, filled",
         lambda x, i: x.at[i].get(mode="fill", fill_value=0.5),
         [(3, 2), Ints((4,), 0, 6)], REAL),
    Case("gather: out of bounds, clipped", lambda x, i: jnp.take(x, i, 1, mode="clip"),
         [(2, 3), Ints((4,), 0, 6)], REAL, None,
         lambda x, i: np.take(x, i, 1, mode="clip")),
    Case("gather: along an axis", lambda x, i: jnp.take_along_axis(x, i, 1),
         [(2, 3), Ints((2, 2), 0, 3)], REAL, None,
         lambda x, i: np.take_along_axis(x, i, 1)),
    Case("scatter", lambda x, y: jnp.asarray(x).at[jnp.array([2, 0])].set(y),
         [(4, 2), (2, 2)], COMPLEX),
    Case("scatter: the last of equal indices or the first, but one of them",
         lambda x, y: jnp.asarray(x).at[jnp.array([1, 1])].set(y), [(3,), ()], REAL),
    Case("scatter-add", lambda x, y, i: jnp.asarray(x).at[i].add(y),
         [(4, 2), (3, 2), Ints((3,), 0, 4)], NUMBERS, None, added),
    Case("scatter-add: out of bounds, dropped",
         lambda x, y, i: jnp.asarray(x).at[i].add(y, mode="drop"),
         [(3,), (4,), Ints((4,), 0, 6)], REAL),
    Case("scatter-sub", lambda x, y, i: jnp.asarray(x).at[i].subtract(y),
         [(4, 2), (3, 2), Ints((3,), 0, 4)], NUMBERS, None,
         lambda x, y, i: added(x, -y, i)),
    Case("scatter-mul",
         lambda x, y: jnp.asarray(x).at[jnp.array([2, 0])].mul(y, unique_indices=True),
         [(4, 2), (2, 2)], COMPLEX, (0.5, 2)),
    Case("scatter-mul: places that repeat", lambda x, y, i: jnp.asarray(x).at[i].mul(y),
         [(4, 2), (3, 2), Ints((3,), 0, 4)], COMPLEX, (0.5, 2)),
    Case("scatter-max", lambda x, y, i: jnp.asarray(x).at[i].max(y),
         [(4,), (2,), Ints((2,), 0, 4)], ("i32", *REAL)),
    Case("scatter-min", lambda x, y, i: jnp.asarray(x).at[i].min(y),
         [(4,), (2,), Ints((2,), 0, 4)], ("i32", *REAL)),
]

SORTING = [
    Case("sort", lambda x: lax.sort(x, dimension=0), [(4, 2)], ("i32", *REAL), None,
         lambda x: np.sort(x, 0)),
    Case("sort: two operands by one key",
         lambda x, y: lax.sort((x, y), dimension=1, num_keys=1), [M, M], REAL),
    Case("sort: with positions", lambda x: jnp.argsort(x, 1), [M], ("i32", *REAL), None,
         lambda x: np.argsort(x, 1, kind="stable").astype(np.int32)),
    Case("top_k", lambda x: lax.top_k(x, 2), [(2, 4)], REAL, None,
         lambda x: (-np.sort(-x, 1)[:, :2], np.argsort(-x, 1)[:, :2].astype(np.int32))),
]

LINALG = [
    factorisation("cholesky", lambda x: jnp.linalg.cholesky(positive(x))),
    factorisation("triangular_solve", solve_lower, [S, (3, 2)]),
    factorisation("triangular_solve: transposed", solve_transposed, [S, (2, 3)]),
    factorisation("triangular_solve: unit diagonal", solve_unit, [S, (3, 2)], REAL),
    factorisation("lu", lambda x: lax.linalg.lu(near_identity(x))[0]),
    factorisation("lu: tall", lambda x: lax.linalg.lu(dominant(x))[0], [(4, 3)], REAL),
    factorisation("qr", lambda x: jnp.linalg.qr(near_identity(x))),
    factorisation("qr: tall", jnp.linalg.qr, [(4, 2)], REAL),
    factorisation("eigh", eigh),
    factorisation("lu_solve", solve, [S, (3, 2)]),
    factorisation("lu_solve: of a vector", solve, [S, (3,)], REAL),
    factorisation("eig", eigenvalues),
    factorisation("svd", lambda x: svd(x)[1]),
    factorisation("svd: with vectors", svd, [S], REAL),
    Case("lu_pivots_to_permutation",
         lambda pivots: lax.linalg.lu_pivots_to_permutation(pivots, 4),
         [Ints((3,), 2, 4)], ("i32",)),
    factorisation("geqrf", lambda x: lax.linalg.geqrf(dominant(x)), [(4, 3)]),
    factorisation("householder_product", lambda x, taus:
                  lax.linalg.householder_product(x / 4, taus / 4), [(4, 3), (2,)]),
    factorisation("ormqr", lambda x, taus, y: lax.linalg.ormqr(x / 4, taus / 4, y),
                  [(4, 3), (3,), (4, 2)]),
    factorisation("ormqr: adjoint on the right", lambda x, taus, y: lax.linalg.ormqr(
                  x / 4, taus / 4, y, left=False, transpose=True),
                  [(4, 3), (3,), (2, 4)]),
    factorisation("qr: complete", lambda x: jnp.linalg.qr(dominant(x), "complete"),
                  [(4, 2)], REAL),
    # The sign of Schur vectors is free, so their squares are compared.
    factorisation("schur", lambda x: [y * jnp.conj(y) for y in lax.linalg.schur(
                  separated(x) + jnp.triu(x) / 8)]),
    # What eigh and svd ask where eigenvalues repeat; its effects are tested there.
    factorisation("gauge_report", lambda v, w: spectra.reported(
                  [v], [jnp.eye(3)], w, jnp.eye(3) == 1), [S, (3,)], REAL),
    factorisation("mixed", lambda v: (lambda u: u @ u.T)(spectra.in_general_position(
                  v, jnp.asarray(TWO_CLUSTERS))), [S], REAL),
    factorisation("turned", lambda w: spectra.turned(
                  w, jnp.eye(3, dtype=w.dtype), jnp.asarray(TWO_CLUSTERS)), [(3,)],
                  REAL),
    # The rule of eigh says how the basis moves.
    Case("splitting_basis", lambda x: abs(spectra.splitting_basis(
         separated(x), *spectra.clusters(0 * x[0]))), [S], REAL, derivatives="none",
         slack=10, exact=False),
    Case("hessenberg", lambda x: lax.linalg.hessenberg(x), [S], REAL,
         derivatives="none", slack=10),
    Case("tridiagonal", lambda x: lax.linalg.tridiagonal(positive(x)), [S], REAL,
         derivatives="none", slack=10, exact=False),
    factorisation("tridiagonal_solve",
                  lambda a, b, c, x: lax.linalg.tridiagonal_solve(
                      a / 4, b / 4 + 3, c / 4, x), [(4,), (4,), (4,), (4, 2)], REAL),
    Case("fft", lambda x: lax.fft(x, "FFT", (5,)), [(2, 5)], ("c128",), None,
         np.fft.fft),
    Case("fft: inverse", lambda x: lax.fft(x, "IFFT", (4,)), [(2, 4)], ("c128",), None,
         np.fft.ifft),
    Case("fft: real", lambda x: lax.fft(x, "RFFT", (5,)), [(2, 5)], REAL, None,
         np.fft.rfft),
    Case("fft: to real", lambda x: lax.fft(x, "IRFFT", (6,)), [(2, 4)], ("c128",), None,
         np.fft.irfft),
    Case("fft: real, three axes", lambda x: lax.fft(x, "RFFT", (2, 3, 4)), [(2, 3, 4)],
         REAL, None, np.fft.rfftn),
    Case("fft: to real, odd, two axes", lambda x: lax.fft(x, "IRFFT", (3, 5)), [(3, 3)],
         ("c128",), None, lambda x: np.fft.irfft2(x, (3, 5))),
    Case("fft: inverse, two axes", lambda x: lax.fft(x, "IFFT", (3, 2)), [(2, 3, 2)],
         ("c128",), None, np.fft.ifft2),
]

RANDOM = [
    Case("threefry2x32", lambda seed: random.bits(random.key(seed), (2, 3)), [()],
         ("i32",)),
    Case("random_wrap", lambda x: random.key_data(random.wrap_key_data(x)), [(2,)],
         ("u32",), None, np.array),
    # Its bits under vmap over keys are those of the first: here the key is not mapped.
    Case("rng_bit_generator",
         lambda x: x + lax.rng_bit_generator(np.arange(4, dtype="u4"), (3,))[1], [(3,)],
         ("u32",), None,
         lambda x: x + np.array([895509795, 3230209149, 3834998268], "u4")),
    # Each run gives other numbers, here of a range that holds one.
    Case("rng_uniform", lambda x: x + lax.rng_uniform(4, 5, (3,)), [(3,)], ("i32",),
         None, lambda x: x + 4),
    Case("random_unwrap", lambda x: random.key_data(random.wrap_key_data(x)), [(3, 2)],
         ("u32",), None, np.array),
]

CONTROL = [
    program("jit", minijax.jit(lambda x, y: jnp.sin(x) * y), [M, M]),
    program("cond", branches, [Bools(()), M, M],
            reference=lambda p, x, y: x * y if p else x - y),
    program("cond: of three", switch, [Ints((), -1, 4), M], REAL),
    program("while", shrink, [(3,)]),
    program("unwind", pullback(shrink), [(3,), (3,)]),
    program("scan: of fori_loop",
            lambda x: lax.fori_loop(0, 3, lambda i, x: x * x - i, x), [(3,)]),
    program("scan", scan, [(2,), (4, 2)]),
    program("scan: reversed, with a constant", recurrence, [(2, 2), (3, 2)], REAL),
    program("custom_jvp_call", lambda x: cube(x), [M], reference=lambda x: x**3),
    program("custom_vmap_call", lambda x: sine(x), [M], reference=np.sin),
    program("custom_linear_solve", solve_system, [(3, 3), (3,)]),
    program("linear_call",
            lambda r, x: linear_call(lambda r, x: jnp.sin(r) * x,
                                     lambda r, y: jnp.sin(r) * y, r, x), [M, M]),
    program("remat_opt", lambda x: minijax.vjp(opaque, x)[1](x)[0], [M],
            reference=lambda x: x * np.cos(x)),
    Case("to_memory", lambda x: to_memory(x, "pinned_host"), [M], COMPLEX, None,
         np.array),
    program("custom_linear", pushforward(fourth), [M], ("f32", "f64")),
    program("recomputed_linear", pushforward(minijax.checkpoint(jnp.sin)), [M], REAL),
    program("name", lambda x: jnp.sin(checkpoint_name(jnp.cos(x), "cosine")), [M]),
    Case("optimization_barrier", lax.optimization_barrier, [M], COMPLEX, None,
         np.array),
    program("linear_recurrence", lambda a, b: linear_recurrence(a, b, 0),
            [(4, 2), (4, 2)]),
    program("custom_vjp_call", lambda x: fourth(x), [M], reference=lambda x: x**4),
    program("checkpoint", minijax.checkpoint(lambda x, y: jnp.sin(x * y) * y), [M, M]),
    # What NumPy computes has no derivative.
    program("pure_callback", in_numpy(pure_callback, vmap_method="sequential"),
            [M], reference=np.tanh, derivatives="none"),
    program("io_callback", in_numpy(io_callback), [M], reference=np.tanh,
            derivatives="none"),
    program("debug_callback", noticed(lambda x: debug.callback(len, x)), [M]),
    program("check", noticed(lambda x: checkify.debug_check(jnp.all(x < 9), "")), [M],
            REAL),
]

# fmt: on

# Inside, the value of one member; outside, arrays whose first axis is the members.
COLLECTIVES = [
    Case(
        "psum",
        over_members(lambda x: lax.psum(x, "i")),
        [M],
        COMPLEX,
        None,
        lambda x: np.stack([x.sum(0)] * 2),
    ),
    Case(
        "pmax",
        over_members(lambda x: lax.pmax(x, "i")),
        [M],
        REAL,
        None,
        lambda x: np.stack([x.max(0)] * 2),
    ),
    Case(
        "pmin",
        over_members(lambda x: lax.pmin(x, "i")),
        [M],
        REAL,
        None,
        lambda x: np.stack([x.min(0)] * 2),
    ),
    Case(
        "all_gather",
        over_members(lambda x: lax.all_gather(x, "i")),
        [M],
        COMPLEX,
        None,
        lambda x: np.stack([x] * 2),
    ),
    Case(
        "all_to_all",
        over_members(lambda x: lax.all_to_all(x, "i", 0, 0)),
        [(2, 2, 3)],
        REAL,
        None,
        lambda x: np.swapaxes(x, 0, 1),
    ),
    Case(
        "ppermute",
        over_members(lambda x: lax.ppermute(x, "i", [(0, 1), (1, 0)])),
        [M],
        REAL,
        None,
        lambda x: x[::-1],
    ),
    Case(
        "reduce_scatter",
        over_members(lambda x: lax.psum_scatter(x, "i")),
        [(2, 2, 3)],
        REAL,
        None,
        lambda x: x.sum(0),
    ),
    Case(
        "axis_index",
        over_members(lambda x: x * lax.axis_index("i")),
        [M],
        REAL,
        None,
        lambda x: x * np.array([[0], [1]]),
    ),
]

CASES = [
    *SMOOTH,
    *STEPS,
    *SPECIAL,
    *TYPES,
    *SHAPES,
    *REDUCTIONS,
    *WINDOWS,
    *PRODUCTS,
    *INDEXING,
    *SORTING,
    *LINALG,
    *RANDOM,
    *CONTROL,
    *COLLECTIVES,
]

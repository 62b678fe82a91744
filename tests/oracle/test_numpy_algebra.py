"""Products, einsum, polynomials, signals, differences, mapping of jax.numpy."""

from .surface import comparisons, drawn, integers, positive
from .written import several, written

halves = drawn(lambda stream, shape: stream.integers(-6, 7, size=shape) / 2)
NUMBERS = ("f32", "f64", "i32", "c64", "bf16", ("f32", "i32"), ("c64", "f32"))

PRODUCTS = [
    *several(
        ["jnp.dot(x, y), jnp.matmul(x, y), x @ y, jnp.inner(x, y)"],
        [(3,), (3,)],
        args=halves,
        dtypes=(*NUMBERS, "b", "i8", "u8"),
        order=2,
    ),
    *several(
        [
            "jnp.dot(x, y)",
            "jnp.matmul(x, y)",
            "jnp.matmul(x, y, precision='highest')",
            "jnp.matmul(x, y, preferred_element_type=jnp.result_type(x, y))",
            "jnp.dot(x, y, preferred_element_type=jnp.result_type(x, y))",
            "x @ y, x.dot(y)",
        ],
        [(2, 3), (3, 4)],
        [(2, 3), (3,)],
        [(0, 3), (3, 2)],
        [(2, 0), (0, 2)],
        args=halves,
        dtypes=NUMBERS,
        order=1,
    ),
    *several(
        ["jnp.dot(x, y)", "jnp.matmul(x, y)", "jnp.inner(x, jnp.swapaxes(y, -1, -2))"],
        [(3,), (3, 4)],
        [(5, 2, 3), (3, 4)],
        [(5, 2, 3), (5, 3, 4)],
        args=halves,
        dtypes=("f32", "i32", "c64", "b"),
        order=1,
    ),
    *several(
        ["jnp.matmul(x, y)"],
        [(2, 1, 2, 3), (4, 3, 1)],
        [(3,), (2, 3, 1)],
        [(2, 2, 3), (3,)],
        args=halves,
        dtypes=("f32", "i32"),
        order=1,
    ),
    *several(
        ["jnp.dot(x, y), jnp.inner(x, y), jnp.outer(x, y), jnp.kron(x, y)"],
        [(), ()],
        [(), (3,)],
        args=halves,
        dtypes=("f32", "i32", ("f32", "int"), ("int", "float"), "c64"),
    ),
    *several(
        [
            "jnp.inner(x, y)",
            "jnp.vdot(x, y)",
            "jnp.vecdot(x, y)",
            "jnp.vecdot(x, y, axis=0)",
            "jnp.outer(x, y)",
            "jnp.kron(x, y)",
            "jnp.tensordot(x, y)",
            "jnp.tensordot(x, y, axes=0)",
            "jnp.tensordot(x, y, axes=[[1], [1]])",
            "jnp.tensordot(x, y, axes=(0, 0))",
            "jnp.tensordot(x, y, ((0, 1), (0, 1)), "
            "preferred_element_type=jnp.result_type(x, y))",
            "jnp.matvec(x, y[0])",
            "jnp.vecmat(x[:, 0], y)",
            "jnp.cross(x, y)",
            "jnp.cross(x, y[0])",
            "jnp.cross(x.T, y.T, axis=0)",
            "jnp.cross(x[:, :2], y[:, :2])",
            "jnp.cross(x[:, :2], y)",
            "jnp.cross(x.T, y, axisa=0, axisc=0)",
            "jnp.einsum('ij,kj->ik', x, y)",
            "jnp.einsum('ij,kj', x, y)",
            "jnp.einsum('ij,ij->', x, y)",
            "jnp.einsum('ij->ji', x), jnp.einsum('ij->i', x), jnp.einsum('ij->', x)",
            "jnp.einsum('ii->i', x[:, :2]), jnp.einsum('ii', x[:, :2])",
            "jnp.einsum('...j,...j', x, y)",
            "jnp.einsum('i...,k...->ik...', x, y)",
            "jnp.einsum('ij,kj,kl->il', x, y, y)",
            "jnp.einsum(x, [0, 1], y, [2, 1], [0, 2])",
            "jnp.einsum(x, [0, ...], y, [2, ...])",
            "jnp.einsum('ij,jk', x, y.T, precision='highest')",
            "jnp.einsum('ij,jk->ik', x, y.T, "
            "preferred_element_type=jnp.result_type(x, y))",
            "jnp.einsum('ij,jk,kl', x, y.T, x, optimize='greedy')",
            "jnp.einsum('ij,jk,kl', x, y.T, x, optimize=[(0, 1), (0, 1)])",
            "jnp.einsum('ij , jk', x, y.T, optimize=False)",
            "jnp.linalg.multi_dot([x, y.T, x])",
        ],
        [(2, 3), (2, 3)],
        args=halves,
        dtypes=("f32", "i32", "c64", "f64", ("f32", "i32"), "bf16"),
        order=1,
    ),
    written(
        "jnp.einsum_path('ij,jk,kl', x, y, y)[0]",
        [(2, 3), (3, 3)],
        dtypes=("f32",),
        jit=False,
    ),
    *several(
        ["jnp.vecdot(x, y)", "jnp.matvec(x[..., None, :], y)"],
        [(2, 1, 3), (4, 3)],
        dtypes=("f32", "c64"),
        order=1,
    ),
    written("jnp.vecmat(x, y)", [(2, 3), (2, 3, 4)], dtypes=("f32", "c128"), order=1),
    *several(
        [
            *[f"jnp.convolve(x, y, {m!r})" for m in ("full", "same", "valid")],
            *[f"jnp.correlate(x, y, {m!r})" for m in ("full", "same", "valid")],
            "jnp.convolve(y, x, precision='highest')",
            "jnp.convolve(x, y, preferred_element_type=jnp.result_type(x, y))",
            "jnp.polymul(x, y), jnp.polyadd(x, y), jnp.polysub(y, x)",
            "jnp.polydiv(x, y)",
            "jnp.polymul(x, y, trim_leading_zeros=False)",
        ],
        [(6,), (3,)],
        dtypes=("f32", "f64", "c64", "i32", ("f32", "i32"), "bf16"),
        order=1,
        args=(halves, positive),
        jit=False,
        rtol={"bf16": 0.1, "f32": 1e-4},
        why="Polynomial division loses digits in each step.",
    ),
]

POLYNOMIALS = [
    *several(
        [
            "jnp.polyval(x, 2.0), jnp.polyval(x, jnp.arange(3))",
            "jnp.polyval(x, x, unroll=1)",
            "jnp.polyder(x), jnp.polyder(x, 2), jnp.polyder(x, m=0)",
            "jnp.polyint(x), jnp.polyint(x, 2), jnp.polyint(x, m=2, k=3)",
            "jnp.polyint(x, m=2, k=jnp.array([1, 2]))",
            "jnp.poly(x)",
            "jnp.vander(x, 4)",
        ],
        [(4,)],
        dtypes=("f32", "f64", "i32", "c64", "bf16"),
        order=1,
    ),
    *several(
        ["jnp.sort(jnp.roots(x))", "jnp.sort(jnp.roots(x, strip_zeros=False))"],
        [(4,)],
        [(2,)],
        args=positive,
        dtypes=("f32", "f64", "c64"),
        jit=False,
        rtol={"f32": 1e-4, "c64": 1e-4},
        why="Eigenvalues by LAPACK.",
    ),
    *several(
        [
            "jnp.polyfit(x, y, 2)",
            "jnp.polyfit(x, y, 1, w=jnp.arange(1.0, 7))",
            "jnp.polyfit(x, y, 2, full=True)",
            "jnp.polyfit(x, y, 2, cov=True)",
            "jnp.polyfit(x, y, 1, cov='unscaled')",
            "jnp.polyfit(x, jnp.stack([y, x], 1), 2, rcond=1e-6)",
        ],
        [(6,), (6,)],
        dtypes=("f32", "f64"),
        rtol={"f32": 2e-3},
        why="Least squares by the singular value decomposition.",
    ),
]

DIFFERENCES = [
    *several(
        [
            "jnp.diff(x)",
            "jnp.diff(x, 2, axis=0)",
            "jnp.diff(x, n=0)",
            "jnp.diff(x, prepend=1, append=0)",
            "jnp.diff(x, axis=0, prepend=jnp.zeros((2, 4)))",
            "jnp.ediff1d(x)",
            "jnp.ediff1d(x, to_end=jnp.array([7, 8]), to_begin=0)",
            "jnp.trapezoid(x)",
            "jnp.trapezoid(x, dx=0.5, axis=0)",
            "jnp.trapezoid(x, jnp.array([0.0, 1.0, 3.0, 4.0]))",
            "jnp.gradient(x)",
            "jnp.gradient(x, axis=1)",
            "jnp.gradient(x, 2.0, 0.5)",
            "jnp.gradient(x, jnp.array([0.0, 1, 3]), 0.5)",
            "jnp.gradient(x, 0.5, axis=(0, 1))",
        ],
        [(3, 4)],
        args=halves,
        dtypes=("f32", "f64", "i32", "bf16", "c64"),
        order=1,
    ),
    *several(
        [
            "jnp.interp(x, jnp.arange(4.0), jnp.array([1, 0, 3, 2.0]))",
            "jnp.interp(x, jnp.arange(4.0), jnp.arange(4.0) ** 2, left=-1, right=-2)",
            "jnp.interp(x, jnp.arange(4.0), jnp.arange(4.0), period=2.5)",
            "jnp.interp(x, jnp.arange(4), jnp.arange(4), 'extrapolate', 'extrapolate')",
            "jnp.interp(x, jnp.arange(3.0), jnp.array([1j, 2, 3 - 1j]))",
        ],
        [(5,)],
        [()],
        dtypes=("f32", "f64", "i32", "bf16"),
        order=1,
    ),
    *several(
        [
            "jnp.apply_along_axis(lambda v: v[::-1], 1, x)",
            "jnp.apply_along_axis(lambda v: v.sum(), 0, x)",
            "jnp.apply_along_axis(lambda v, k: jnp.outer(v, v) * k, 0, x, 2)",
            "jnp.apply_over_axes(jnp.sum, x, [0, 1])",
            "jnp.apply_over_axes(lambda a, axis: a.max(axis), x, 0)",
            "jnp.vectorize(lambda a, b: a + b)(x, 2)",
            "jnp.vectorize(jnp.dot, signature='(n),(n)->()')(x, x[0])",
            "jnp.vectorize(lambda v: (v, v.sum()), signature='(n)->(n),()')(x)",
            "jnp.vectorize(lambda a, b, k: a * k, excluded={2})(x, x, 3)",
            "jnp.vectorize(lambda m, v: m @ v, signature='(n,m),(m)->(n)')(x, x)",
            "jnp.frompyfunc(lambda a, b: a + b, 2, 1)(x, 2)",
            "jnp.frompyfunc(lambda a, b: a * b, 2, 1, identity=1).reduce(x)",
            "jnp.frompyfunc(lambda a, b: a * b, 2, 1).accumulate(x, axis=1)",
            "jnp.frompyfunc(lambda a, b: a - b, 2, 1).outer(x, x[0])",
            "jnp.frompyfunc(lambda a: (a, a * 2), 1, 2)(x)",
            "jnp.frompyfunc(lambda a, b: a + b, 2, 1).at(x, 1, 2, inplace=False)",
            "jnp.frompyfunc(lambda a, b: a + b, 2, 1).reduceat(x, jnp.array([0, 2]))",
        ],
        [(3, 4)],
        args=halves,
        dtypes=("f32", "i32", "f64"),
        order=1,
    ),
]

UFUNCS = "add multiply logical_and logical_or logical_xor bitwise_and bitwise_or"
UFUNC_METHODS = [
    *several(
        [
            f"jnp.{name}.{call}"
            for name in UFUNCS.split()
            for call in (
                "reduce(x)",
                "reduce(x, axis=1, keepdims=True)",
                "reduce(x, axis=None)",
                "accumulate(x)",
                "accumulate(x, axis=1)",
                "outer(x, x[0])",
                "at(x, 1, 1, inplace=False)",
                "at(x, jnp.array([0, 0, 2]), x[:, :1] * 0 + 1, inplace=False)",
                "reduceat(x, jnp.array([0, 2]), axis=1)",
            )
            # Those of logical functions are not truth values in jax.
            if not (name.startswith("logical") and call.startswith("reduceat"))
        ],
        [(3, 4)],
        args=integers(0, 2),
        dtypes=("i32", "b", "u8"),
    ),
    *several(
        [
            f"jnp.{name}.{call}"
            for name in ("add", "multiply", "maximum", "minimum", "subtract")
            for call in (
                "reduce(x)",
                "reduce(x, 1)",
                "reduce(x, initial=2)",
                "reduce(x, axis=1, initial=1, where=x > 0)",
                "accumulate(x, axis=1)",
                "outer(x, x[0])",
                "at(x, 1, 2, inplace=False)",
            )
        ],
        [(3, 4)],
        args=positive,
        dtypes=("f32", "f64"),
        order=1,
    ),
    *several(
        [
            f"jnp.{name}.nin, jnp.{name}.nout, jnp.{name}.nargs, jnp.{name}.identity"
            for name in (
                *UFUNCS.split(),
                "subtract",
                "negative",
                "maximum",
                "logaddexp",
            )
        ],
        jit=False,
    ),
    *several(
        [
            "[isinstance(f, jnp.ufunc) for f in (jnp.add, jnp.negative, jnp.exp)]",
            "jnp.add.__name__, jnp.frompyfunc(divmod, 2, 2).nout",
        ],
        jit=False,
    ),
]

test_values, test_derivatives = comparisons(
    PRODUCTS + POLYNOMIALS + DIFFERENCES + UFUNC_METHODS
)

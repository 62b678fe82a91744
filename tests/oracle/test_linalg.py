"""Linear algebra of numpy, scipy and lax, compared with jax's.

Factors that are not unique are multiplied together again, or compared by what does not
depend on the choice: moduli, and values in sorted order.
"""

import numpy as np

from .surface import COMPLEX, Draw, Row, comparisons, drawn, normal
from .written import written

REAL = ("f32", "f64")
SOME = ("f32", "c128")
NUMBERS = (*COMPLEX, "i32")
# LAPACK's routines differ in the order of sums; condition numbers are up to a hundred.
ROUNDING = {"f32": 4e-4, "c64": 4e-4, "f64": 1e-9, "c128": 1e-9, "i32": 4e-4}
LOOSE = {"rtol": ROUNDING, "why": "rounding, magnified by the condition number"}

S, T = (3, 3), (2, 3, 3)
SQUARE = [(S,), (T,), ((0, 0),), ((1, 1),), ((0, 2, 2),)]
FULL_SIZE = [(S,), (T,), ((1, 1),)]
ANY_SHAPE = [(S,), ((4, 2),), ((2, 4),), ((2, 3, 2),)]
WITH_EMPTY = [*ANY_SHAPE, ((3, 0),), ((0, 3),)]

dominant = drawn(lambda stream, shape: _dominant(stream, shape))


def _dominant(stream: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Well-conditioned matrices without symmetry."""
    x = stream.normal(size=shape) / 2
    if len(shape) < 2:
        return x
    m, n = shape[-2:]
    return x + 3 * np.eye(m, n)


def _positive(stream, shape, dtype):
    """Hermitian positive definite matrices, with eigenvalues that are apart."""
    n = shape[-1]
    x = normal(
        stream, shape, np.dtype("complex128") if dtype.kind == "c" else np.dtype("f8")
    )
    x = (x + x.conj().swapaxes(-1, -2)) / 12 + np.diag(2.0 * np.arange(1, n + 1))
    return np.round(x).astype(dtype) if dtype.kind == "i" else x.astype(dtype)


positive: Draw = _positive
SL = "jax.scipy.linalg"
H = "(lambda m: jnp.conj(jnp.swapaxes(m, -1, -2)))"


def on(text, shapes=SQUARE, args=dominant, dtypes=SOME, **options) -> Row:
    """A row for a line of code over matrices x."""
    shapes = [tuple(each) for each in shapes]
    return written(text, *shapes, args=args, dtypes=dtypes, **{**LOOSE, **options})


SYSTEMS = [
    on("jnp.linalg.inv(x)", dtypes=NUMBERS, order=2),
    on("jnp.linalg.det(x)", dtypes=NUMBERS),
    on("jnp.linalg.det(1 * x)", FULL_SIZE, order=2),
    on("jnp.linalg.slogdet(x)", dtypes=NUMBERS),
    on("jnp.linalg.slogdet(x)[1]", FULL_SIZE, dtypes=REAL, order=2),
    on("jnp.linalg.slogdet(x, method='qr')", FULL_SIZE, dtypes=REAL),
    on("jnp.linalg.solve(x, y)", [(S, (3,)), (S, (3, 2)), (T, (3,)), (T, (3, 2))]),
    on("jnp.linalg.solve(x, y)", [(S, (2, 3, 1)), (S, (3, 4))], order=2),
    on(f"{SL}.solve(x, y)", [(S, (3,)), (T, (3, 2))], dtypes=NUMBERS),
    on(
        f"{SL}.solve(x, y, assume_a='pos', lower=True)",
        [(S, (3,)), (S, S)],
        (positive, normal),
    ),
    on(f"{SL}.solve(x, y, assume_a='sym')", [(S, (3,))], (positive, normal)),
    on(f"{SL}.inv(x)", dtypes=NUMBERS),
    on(f"{SL}.det(x)", dtypes=NUMBERS),
    *[
        on(
            f"{SL}.solve_triangular(x, y, trans={trans!r}, lower={lower}, "
            f"unit_diagonal={unit})",
            [(S, (3,)), (T, (3, 2)), (T, (2, 3))],
            dtypes=("f32", "c128"),
        )
        for trans, lower, unit in [
            (0, False, False),
            (1, True, False),
            (2, False, True),
            ("C", True, True),
        ]
    ],
    *[
        on(
            f"{SL}.lu_solve({SL}.lu_factor(x), y, trans={trans})",
            [(S, (3,)), (T, (3,)), (T, (3, 2)), (S, (2, 3, 2))],
            dtypes=("f32", "c128"),
        )
        for trans in (0, 1, 2)
    ],
    on(
        f"{SL}.cho_solve({SL}.cho_factor(x), y)",
        [(S, (3,)), (T, (3, 2)), (T, (3,))],
        (positive, normal),
    ),
    on(
        f"{SL}.cho_solve({SL}.cho_factor(x, lower=True), y)",
        [(S, (3, 2))],
        (positive, normal),
        order=1,
    ),
    on("jnp.linalg.lstsq(x, y)", [((4, 2), (4,)), ((4, 2), (4, 3))]),
    # The residuals are rounding.
    on("jnp.linalg.lstsq(x, y)[::2]", [((2, 4), (2,))]),
    on(
        "jnp.linalg.lstsq(x, y, numpy_resid=True)",
        [((4, 2), (4, 3))],
        dtypes=REAL,
        jit=False,
    ),
    on("jnp.linalg.lstsq(x, y, rcond=0.2)", [((4, 2), (4,))], dtypes=REAL),
    on("jnp.linalg.pinv(x)", WITH_EMPTY, dtypes=NUMBERS),
    on("jnp.linalg.pinv(1 * x)", ANY_SHAPE, order=1),
    on("jnp.linalg.pinv(x, rtol=0.3, hermitian=True)", [(S,)], positive),
    on("jnp.linalg.matrix_power(x, 3)", FULL_SIZE, dtypes=NUMBERS, order=2),
    on("jnp.linalg.matrix_power(x, -2)", FULL_SIZE),
    on("jnp.linalg.matrix_power(x, 0)", FULL_SIZE, dtypes=NUMBERS),
    on(
        "jnp.linalg.multi_dot([x, y, z])",
        [((2, 3), S, (3,)), ((3,), S, (3, 2))],
        normal,
    ),
    on("jnp.linalg.tensorinv(x.reshape(2, 2, 4))", [((4, 4),)]),
    on("jnp.linalg.tensorsolve(x.reshape(2, 2, 4), y)", [((4, 4), (2, 2))]),
    on("jnp.linalg.cond(x)", [(S,), ((4, 2),)], dtypes=NUMBERS),
    *[
        on(f"jnp.linalg.cond(x, {p})", [(S,)], dtypes=REAL)
        for p in ("-2", "1", "'fro'", "jnp.inf")
    ],
    on("jnp.linalg.matrix_rank(x)", [(S,), ((4, 2),), (T,)], dtypes=NUMBERS),
    on("jnp.linalg.matrix_rank(x, hermitian=True)", [(S,)], positive),
    on("jnp.linalg.matrix_rank(x, tol=3.0)", [(S,)], dtypes=REAL),
]

NORMS = [
    *[
        on(
            f"jnp.linalg.norm(x, {order}, axis=(-2, -1), keepdims={keep})",
            [((4, 2),), ((2, 3, 2),)],
            normal,
            ("f32", "c128"),
        )
        for order in ("None", "'fro'", "'nuc'", "1", "-1", "2", "-2", "jnp.inf")
        for keep in (False, True)
    ],
    *[
        on(
            f"jnp.linalg.norm(x, {order}, axis=0)",
            [((4,),), ((4, 2),)],
            normal,
            ("f32", "c128", "f16"),
            rtol={**ROUNDING, "f16": 4e-3},
        )
        for order in ("None", "0", "1", "2", "3", "2.5", "jnp.inf", "-jnp.inf")
    ],
    on("jnp.linalg.norm(x)", [((4,),), ((2, 3, 2),), ((0,),)], normal),
    on("jnp.linalg.norm(x)", [((5,),), ((2, 3),)], normal, REAL, order=2),
    on("jnp.linalg.norm(x, 'nuc')", [((4, 2),)], dominant, REAL, order=1),
    on("jnp.linalg.norm(x, 2)", [((4, 2),)], dominant, REAL, order=1),
    on("jnp.linalg.vector_norm(x, axis=(0, 1), ord=3)", [((2, 3, 2),)], normal),
    on("jnp.linalg.vector_norm(x, keepdims=True)", [((2, 3),)], normal),
    on("jnp.linalg.matrix_norm(x, keepdims=True, ord=2)", [((2, 3, 2),)], normal),
    on("jnp.linalg.cross(x, y)", [((2, 3), (2, 3))], normal, NUMBERS),
    on("jnp.linalg.outer(x, y)", [((2,), (3,))], normal, NUMBERS),
    on("jnp.linalg.trace(x, offset=1)", [(T,)], normal, NUMBERS),
    on("jnp.linalg.diagonal(x, offset=-1)", [(T,)], normal, NUMBERS),
    on("jnp.linalg.vecdot(x, y, axis=0)", [((3, 2), (3, 2))], normal, NUMBERS),
    on("jnp.linalg.tensordot(x, y, axes=1)", [((2, 3), (3, 2))], normal, NUMBERS),
    on("jnp.linalg.matrix_transpose(x)", [(T,)], normal, NUMBERS),
]

# One factor after the other that is not unique, multiplied together again.
USV = (
    "(lambda u, s, v: (u[..., :s.shape[-1]] * s[..., None, :] @ v[..., :s.shape[-1], :]"
    ", s))"
)
DECOMPOSITIONS = [
    on("jnp.linalg.cholesky(x)", SQUARE, positive, NUMBERS),
    on("jnp.linalg.cholesky(1 * x)", FULL_SIZE, positive, order=2),
    on("jnp.linalg.cholesky(x, upper=True)", SQUARE, positive),
    on("jnp.linalg.cholesky(x, symmetrize_input=False)", [(S,)], positive),
    on(f"{SL}.cholesky(x)", FULL_SIZE, positive, NUMBERS),
    # Of matrices that are not symmetric, one triangle is read.
    *[
        on(f"{text}(x, lower={lower}){part}", [(S,), (T,)], order=1)
        for text, part in ((f"{SL}.cholesky", ""), (f"{SL}.cho_factor", "[0]"))
        for lower in (False, True)
    ],
    on("lax.linalg.cholesky(x, symmetrize_input=False)", [(S,)], order=2),
    on("lax.linalg.cholesky(x)", FULL_SIZE, positive),
    on(
        "lax.linalg.cholesky_update(jnp.triu(x), y)",
        [(S, (3,))],
        (dominant, normal),
        REAL,
    ),
    on(
        "lax.linalg.symmetric_product(x, y, alpha=2.0, beta=0.5, "
        "symmetrize_output=True)",
        [((3, 2), S), ((2, 3, 2), T)],
        (normal, positive),
        REAL,
    ),
    on("lax.linalg.lu(x)", ANY_SHAPE, order=1),
    on(f"{SL}.lu(x)", [(S,), ((4, 2),), ((2, 4),), ((3, 0),)], dtypes=NUMBERS),
    on(f"{SL}.lu(x, permute_l=True)", [(S,), ((4, 2),), ((2, 4),)], normal),
    on(f"{SL}.lu_factor(x)", WITH_EMPTY, normal, NUMBERS),
    on("lax.linalg.lu_pivots_to_permutation(lax.linalg.lu(x)[1], 4)", [((4, 2),)]),
    *[
        on(f"jnp.linalg.qr(x, mode={mode!r})", WITH_EMPTY, dtypes=NUMBERS)
        for mode in ("reduced", "complete", "r", "raw", "full")
    ],
    on("jnp.linalg.qr(x)", [(S,), ((4, 2),), ((2, 4),)], order=1),
    *[
        on(f"{SL}.qr(x, mode={mode!r}, pivoting={pivoting})", [*ANY_SHAPE, ((3, 0),)])
        for mode in ("full", "economic", "r")
        for pivoting in (False, True)
    ],
    *[
        on(
            f"{SL}.qr_multiply(x, y, mode={mode!r}, pivoting={pivoting}, "
            f"conjugate={pivoting})",
            shapes,
        )
        for pivoting in (False, True)
        for mode, shapes in [
            ("right", [((4, 2), (3, 4)), ((4, 2), (4,)), ((2, 4), (3, 2)), (T, S)]),
            ("left", [((4, 2), (2, 3)), ((4, 2), (2,)), (S, S)]),
        ]
    ],
    on("lax.linalg.qr(x, pivoting=True, full_matrices=False)", ANY_SHAPE),
    on(
        "lax.linalg.householder_product(x / 4, y / 4)",
        [((4, 3), (2,)), (S, (3,))],
        normal,
    ),
    on("lax.linalg.ormqr(x / 4, y / 4, z)", [((4, 2), (2,), (4, 3))], normal),
    *[
        on(
            f"{USV}(*jnp.linalg.svd(x, full_matrices={full}))",
            WITH_EMPTY,
            dtypes=NUMBERS,
        )
        for full in (False, True)
    ],
    on(f"{USV}(*{SL}.svd(x))", ANY_SHAPE),
    on(f"{USV}(*lax.linalg.svd(x, full_matrices=False))", ANY_SHAPE),
    on("jnp.linalg.svd(x, compute_uv=False)", WITH_EMPTY),
    on("jnp.linalg.svd(1 * x, compute_uv=False)", ANY_SHAPE, order=1),
    on("jnp.linalg.svdvals(x)", ANY_SHAPE, dtypes=NUMBERS),
    on("lax.linalg.svd(x, compute_uv=False)", ANY_SHAPE),
    on(
        "abs(jnp.linalg.svd(x, full_matrices=False)[0])",
        [((4, 2),)],
        dtypes=REAL,
        order=1,
    ),
    on("abs(jnp.linalg.svd(x, hermitian=True)[0])", [(S,)], positive),
    on("(lambda w, v: (w, abs(v)))(*jnp.linalg.eigh(x))", SQUARE, positive, NUMBERS),
    on(
        "(lambda w, v: (w, v ** 2))(*jnp.linalg.eigh(x))",
        [(S,), (T,)],
        positive,
        REAL,
        order=2,
    ),
    on("(lambda w, v: (w, abs(v)))(*jnp.linalg.eigh(x, 'U', False))", [(S,)], positive),
    on(f"(lambda w, v: (w, abs(v)))(*{SL}.eigh(x, lower=False))", [(S,)], positive),
    on(f"{SL}.eigh(x, eigvals_only=True)", [(S,)], positive, NUMBERS),
    on(
        "(lambda v, w: (w, abs(v)))(*lax.linalg.eigh(x, lower=False))", [(S,)], positive
    ),
    on("jnp.linalg.eigvalsh(x)", SQUARE, positive, NUMBERS),
    on("jnp.linalg.eigvalsh(1 * x)", FULL_SIZE, positive, order=2),
    on(
        "(lambda w, v: (jnp.sort(w.real), abs(x @ v - v * w[..., None, :]) < 1e-3))"
        "(*jnp.linalg.eig(x))",
        [(S,), (T,), ((0, 0),)],
        positive,
        NUMBERS,
    ),
    on("jnp.sort(abs(jnp.linalg.eigvals(x)))", [(S,), (T,)], dtypes=NUMBERS),
    on("jnp.linalg.eigvals(x)", [(S,)], positive, REAL, order=1),
    on("[abs(y) for y in lax.linalg.eig(x)]", [(S,)], positive),
]

FORMS = [
    on(
        f"(lambda t, z: (z @ t @ {H}(z), jnp.tril(t, -2)))(*{SL}.schur(x, {how!r}))",
        [(S,), (T,), ((0, 0),)],
    )
    for how in ("real", "complex")
] + [
    on(
        f"(lambda t, z: z @ t @ {H}(z))(*{SL}.rsf2csf(*{SL}.schur(x)))",
        [(S,), (T,)],
        normal,
        REAL,
    ),
    on(f"jnp.diagonal({SL}.rsf2csf(*{SL}.schur(x))[0])", [((4, 4),)], normal, REAL),
    on("lax.linalg.schur(x, compute_schur_vectors=False)", [(S,)], positive, REAL),
    on(f"{SL}.hessenberg(x)", [(S,), (T,), ((1, 1),), ((0, 0),)]),
    # Columns of q may be multiplied by phases.
    on(
        f"(lambda h, q: (jnp.abs(h), jnp.abs(q), q @ h @ {H}(q)))"
        f"(*{SL}.hessenberg(x, calc_q=True))",
        [(S,), (T,), ((2, 2),), ((1, 1),)],
    ),
    on("lax.linalg.hessenberg(x)", [((4, 4),), (T,), ((1, 1),)]),
    on("lax.linalg.tridiagonal(x)", [((4, 4),), (T,), ((1, 1),)], positive),
    on("lax.linalg.tridiagonal(x, lower=False)", [((4, 4),)], positive),
    on(
        "lax.linalg.tridiagonal_solve(x / 4, y / 4 + 3, z / 4, w)",
        [((4,), (4,), (4,), (4, 2)), ((2, 3), (2, 3), (2, 3), (2, 3, 1))],
        normal,
    ),
    on(
        "lax.linalg.triangular_solve(x, y, left_side=True, lower=True, "
        "transpose_a=True, conjugate_a=True)",
        [(S, (3, 2))],
        order=2,
    ),
    on("lax.linalg.triangular_solve(x, y)", [(S, (2, 3)), (S, (3,))]),
    on(
        f"{SL}.eigh_tridiagonal(x, y, eigvals_only=True)",
        [((4,), (3,)), ((1,), (0,))],
        normal,
        REAL,
    ),
    on(
        f"{SL}.eigh_tridiagonal(x, y, eigvals_only=True, select='i', "
        "select_range=(1, 2))",
        [((4,), (3,))],
        normal,
        REAL,
    ),
    on(f"abs({SL}.eigh_tridiagonal(x, y)[1])", [((4,), (3,))], normal, REAL),
    on(f"{SL}.polar(x)", [(S,), ((4, 2),), (T,)]),
    on(f"{SL}.polar(x, 'left')", [((2, 4),)]),
    *[
        on(f"{SL}.polar(x, {side!r}, method='svd')", [(S,), ((4, 2),), ((2, 4),)])
        for side in ("left", "right")
    ],
    on(f"{SL}.expm(x)", [(S,), (T,), ((0, 0),)], normal, NUMBERS, order=2),
    on(f"{SL}.expm(jnp.triu(x), upper_triangular=True)", [(S,)], normal),
    on(f"{SL}.expm(200 * x, max_squarings=3)", [(S,)], normal),
    on(f"{SL}.expm_frechet(x, y)", [(S, S), (T, T)], normal),
    on(f"{SL}.expm_frechet(x, y, compute_expm=False)", [(S, S)], normal),
    on(f"{SL}.sqrtm(x)", [(S,), ((1, 1),)], dtypes=NUMBERS),
    on(f"{SL}.sqrtm(x @ x)", [(S,)], positive),
    on(f"{SL}.funm(x, jnp.sin)", [(S,)]),
    on(f"{SL}.funm(x, jnp.exp)", [(S,)], positive),
    *[
        on(
            f"{SL}.solve_sylvester(x, y, z, method={method!r})",
            [(S, (2, 2), (3, 2)), (T, (2, 2), (3, 2))],
            dtypes=NUMBERS,
        )
        for method in ("schur", "eigen")
    ],
    on(f"{SL}.solve_sylvester(x, -x, y)", [(S, S)], dtypes=("f64",)),
    on("lax.linalg.qdwh(x)[:2]", [(S,), ((4, 2),)]),
]

VECTORS = [((4,),), ((2, 4),)]
EVERY = ("f32", "f64", "i32", "c64")
PATTERNS = [
    on(f"{SL}.toeplitz(x)", [*VECTORS, ((0,),), ((),)], normal, (*EVERY, "b")),
    on(f"{SL}.toeplitz(x, y)", [((3,), (4,)), ((2, 3), (2,))], normal, EVERY),
    on(f"{SL}.circulant(x)", [*VECTORS, ((0,),), ((),)], normal, (*EVERY, "float")),
    on(f"{SL}.hankel(x)", [*VECTORS, ((0,),)], normal, EVERY),
    on(
        f"{SL}.hankel(x, y)",
        [((3,), (4,)), ((2, 3), (2,)), ((3,), (0,))],
        normal,
        EVERY,
    ),
    *[
        on(
            f"{SL}.convolution_matrix(x, {n}, {mode!r})",
            VECTORS,
            normal,
            ("f32", "i32", "c64"),
        )
        for n in (3, 6)
        for mode in ("full", "same", "valid")
    ],
    on(f"{SL}.companion(x)", [*VECTORS, ((2,),)], normal, EVERY),
    on(f"{SL}.fiedler(x)", [*VECTORS, ((0,),), ((),)], normal, EVERY),
    *[
        on(f"{SL}.fiedler_companion(x)", [((n,),)], normal, ("f32", "c64"))
        for n in (1, 2, 3, 4, 5, 6)
    ],
    on(
        f"{SL}.leslie(x, y)",
        [((4,), (3,)), ((2, 4), (3,)), ((2,), (1,))],
        normal,
        EVERY,
    ),
    on(
        f"{SL}.block_diag(x, y)",
        [((2, 3), (2,)), ((0, 2), (2, 2)), ((2, 2), ())],
        normal,
        (*EVERY, "b", ("i32", "f32")),
    ),
    *[
        written(
            f"{SL}.{text}",
            dtypes=("f32",),
            rtol={"f32": 2e-5},
            why="jax computes binomials in floating point",
        )
        for text in """
            block_diag() dft(4) dft(0) dft(3,'sqrtn') dft(3,'n') hadamard(4) hadamard(1)
            hadamard(2,'float32') helmert(4) helmert(1) helmert(3,True) hilbert(3)
            hilbert(0) invhilbert(3) invhilbert(0) pascal(4) pascal(4,'lower')
            pascal(3,kind='upper') pascal(0) invpascal(4) invpascal(4,'lower')
            invpascal(3,'upper') invpascal(0)
        """.split()
    ],
]

ROWS = [*SYSTEMS, *NORMS, *DECOMPOSITIONS, *FORMS, *PATTERNS]

test_values, test_derivatives = comparisons(ROWS)

"""Schur and other forms, functions and patterns of matrices, compared with jax's."""

from .matrices import NUMBERS, REAL, SL, H, S, T, on, positive
from .surface import COMPLEX, comparisons, normal
from .written import written

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
    on(f"{SL}.expm(x)", [(S,), (T,), ((0, 0),)], normal, NUMBERS),
    # Its branches, one for each degree, take seconds to compile.
    on(f"{SL}.expm(x / 4)", [(S,)], normal, ("f64",), order=2),
    on(f"{SL}.expm(x / 4)", [(T,)], normal, ("c128",), order=1),
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
            dtypes=dtypes,
        )
        # Matrices of whole numbers may lack eigenvectors.
        for method, dtypes in (("schur", NUMBERS), ("eigen", COMPLEX))
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

test_values, test_derivatives = comparisons(FORMS + PATTERNS)

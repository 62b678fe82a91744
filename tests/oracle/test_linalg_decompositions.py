"""Decompositions of numpy, scipy and lax, compared with jax's.

Factors that are not unique are multiplied together again, or compared by what does not
depend on the choice: moduli, and values in sorted order.
"""

from .matrices import (
    ANY_SHAPE,
    FULL_SIZE,
    NUMBERS,
    REAL,
    SL,
    SQUARE,
    WITH_EMPTY,
    S,
    T,
    dominant,
    on,
    positive,
)
from .surface import comparisons, normal

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
    on("jnp.linalg.eigvalsh(1 * x)", [(S,), ((1, 1),)], positive, order=2),
    on("jnp.linalg.eigvalsh(1 * x)", [(T,)], positive, order=1),
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

test_values, test_derivatives = comparisons(DECOMPOSITIONS)

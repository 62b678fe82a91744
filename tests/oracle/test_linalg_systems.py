"""Systems, inverses, powers and norms of matrices, compared with jax's."""

from .matrices import (
    ANY_SHAPE,
    FULL_SIZE,
    NUMBERS,
    REAL,
    SL,
    WITH_EMPTY,
    S,
    T,
    dominant,
    on,
    positive,
)
from .surface import comparisons, normal

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

test_values, test_derivatives = comparisons(SYSTEMS + NORMS)

"""Iterative solvers of linear systems, compared with jax's."""

import numpy as np

from .surface import COMPLEX, Row, comparisons, drawn, normal, resolve

SIZES = (((5, 5), (5,)), ((1, 1), (1,)), ((12, 12), (12,)))
# Where an iteration has converged, what is left is its tolerance times the condition
# number; these systems are iterated to the rounding of their type.
CONVERGED = {"f32": 2e-4, "c64": 2e-4}
WHY = "a solver stops at 1e-5 or so in f32"


def _positive(stream, shape):
    x = stream.normal(size=shape)
    return x @ x.T / shape[0] + np.eye(shape[0])


def _dominant(stream, shape):
    return stream.normal(size=shape) / 4 + np.diag(2.0 + np.arange(shape[0]))


def hermitian(stream, shape, dtype):
    """A positive definite matrix."""
    x = _positive(stream, shape)
    if dtype.kind == "c":
        y = stream.normal(size=shape)
        x = x + 0.1j * (y - y.T) / shape[0]
    return x.astype(dtype)


dominant = drawn(_dominant)


def tolerance(b):
    return 1e-13 if b.dtype.itemsize > 4 and b.dtype != np.complex64 else 1e-6


def named(name, **options):
    """The solver as a function of the package, a matrix and a vector."""

    def solve(package, A, b):
        solver = resolve(package.__name__, f"scipy.sparse.linalg.{name}")
        return solver(A, b, tol=tolerance(b), **options)

    return solve


def with_start(name):
    def solve(package, A, b, x0):
        solver = resolve(package.__name__, f"scipy.sparse.linalg.{name}")
        return solver(lambda x: A @ x, b, x0, tol=tolerance(b))

    return solve


def preconditioned(name, **options):
    def solve(package, A, b):
        jnp = package.numpy
        solver = resolve(package.__name__, f"scipy.sparse.linalg.{name}")
        M = jnp.diag(1 / jnp.diag(A))
        return solver(A, b, M=M, tol=tolerance(b), **options)

    return solve


def of_trees(name):
    """A system of two blocks of which one is a matrix of unknowns."""

    def solve(package, A, b):
        solver = resolve(package.__name__, f"scipy.sparse.linalg.{name}")

        def multiply(x):
            return {"u": A @ x["u"], "v": (x["v"] @ A.T, 2 * x["v2"])[0], "v2": x["v2"]}

        right = {"u": b, "v": b[None] * b[:2, None], "v2": b[0]}
        return solver(multiply, right, tol=tolerance(b))

    return solve


def stopped(name, steps, **options):
    """An iteration that is far from converged."""

    def solve(package, A, b):
        solver = resolve(package.__name__, f"scipy.sparse.linalg.{name}")
        return solver(A, b, maxiter=steps, **options)

    return solve


def batched(name):
    def solve(package, A, b):
        solver = resolve(package.__name__, f"scipy.sparse.linalg.{name}")
        return package.vmap(lambda c: solver(A * c, b, tol=tolerance(b))[0])(
            1 + package.numpy.abs(b[:3])
        )

    return solve


def rows(name, matrix, **options):
    path = f"scipy.sparse.linalg.{name}"

    def row(label, call, args=(matrix, normal), **more):
        more = {"shapes": SIZES[:1], "dtypes": ("f64",), **more}
        return Row(path, args, call=call, rtol=CONVERGED, why=WHY, name=label, **more)

    triple = ((*SIZES[0], SIZES[0][1]),)
    return [
        row("plain", named(name, **options), shapes=SIZES[:2], dtypes=COMPLEX),
        row("slopes", named(name, **options), dtypes=("f64", "c64"), order=2),
        row("M", preconditioned(name, **options), dtypes=("f32", "c128"), order=1),
        row("x0", with_start(name), (matrix, normal, normal), shapes=triple, order=1),
        row("trees", of_trees(name)),
        row("short", stopped(name, 2, **options), shapes=SIZES[2:], dtypes=COMPLEX),
        row("atol", named(name, atol=1e3)),
        row("vmap", batched(name), order=1),
    ]


def refused(name, A, b, **options):
    """The class of the error that a call earns."""

    def call(package):
        try:
            resolve(package.__name__, f"scipy.sparse.linalg.{name}")(A, b, **options)
        except (TypeError, ValueError, IndexError) as error:
            return [type(error).__name__ == kind for kind in KINDS]
        raise AssertionError("the call was not refused")

    return call


KINDS = ("TypeError", "ValueError", "IndexError")
EYE = np.eye(3, dtype="f4")
ONES = np.ones(3, "f4")
REFUSALS = [
    (3.0, ONES, {}),
    (EYE[:2], ONES, {}),
    (EYE[None], ONES, {}),
    (lambda x: x[:2], ONES, {}),
    (EYE, ONES, {"x0": {"a": ONES}}),
    (EYE, np.arange(3), {}),
    (EYE.astype("c8"), ONES, {}),
    (EYE, ONES, {"x0": ONES.astype("f2")}),
    (EYE, ONES, {"M": 2.0}),
    (EYE, [1.0, 2.0, 3.0], {}),
]

ROWS = [
    *rows("cg", hermitian),
    *rows("bicgstab", dominant),
    *rows("gmres", dominant),
    *[
        Row(
            "scipy.sparse.linalg.gmres",
            (dominant, normal),
            call=call,
            shapes=SIZES[::2],
            dtypes=("f32", "c128"),
            rtol=CONVERGED,
            why=WHY,
            name=label,
        )
        for label, call in [
            ("incremental", named("gmres", solve_method="incremental")),
            ("restart", named("gmres", restart=3)),
            ("short restart", stopped("gmres", 2, restart=3)),
            (
                "short incremental",
                stopped("gmres", 2, restart=3, solve_method="incremental"),
            ),
            ("M incremental", preconditioned("gmres", solve_method="incremental")),
        ]
    ],
    *[
        Row(
            f"scipy.sparse.linalg.{name}",
            (),
            shapes=((),),
            dtypes=("f32",),
            call=refused(name, A, b, **options),
            name=f"refuses {k}",
            jit=False,
        )
        for name in ("cg", "bicgstab", "gmres")
        for k, (A, b, options) in enumerate(REFUSALS[: 10 if name == "cg" else 4])
    ],
]

test_values, test_derivatives = comparisons(ROWS)

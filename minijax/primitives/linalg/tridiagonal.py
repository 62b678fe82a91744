"""Tridiagonal systems, and the reductions to tridiagonal and Hessenberg form."""

from ...core.literal import aval_of
from ...core.primitive import JvpRule, Primitive
from ...core.rules import add_tangents, is_linear
from ..shape import full, move_axis, move_batch, reshape
from ..slicing import pad
from .calls import (
    custom_call,
    info_of,
    lapack,
    letter,
    matrix,
    poisoned,
    unavailable,
    vector,
)
from .matrices import (
    DTYPES,
    check_matrix,
    columns,
    half_in_single,
    real_dtype,
    real_part,
    strong,
)

# tridiagonal_solve


@half_in_single
def tridiagonal_solve(dl, d, du, b, *, perturb_singular: bool = False):
    """The solutions x of `a @ x = b` for tridiagonal a.

    dl, d, du: (..., n), the diagonals of a: row i of a holds dl[i], d[i], du[i] around
    its diagonal, and dl[0] and du[n-1] are not used. b: (..., n, k).
    `perturb_singular` moves tiny pivots away from zero.

    >>> one = np.ones(2)
    >>> tridiagonal_solve(0 * one, 2 * one, 0 * one, np.ones((2, 1)))
    Array([[0.5],
           [0.5]], dtype=float32)
    """
    if not aval_of(b).size:
        return full(aval_of(b).shape, 0, aval_of(b).dtype)
    return tridiagonal_solve_p.bind(dl, d, du, b, perturb=bool(perturb_singular))


def _tridiagonal_solve_abstract(dl, d, du, b, *, perturb):
    equal = dl.shape == d.shape == du.shape == b.shape[:-1]
    dtypes = {x.dtype for x in (dl, d, du, b)}
    if not equal or len(dtypes) > 1 or d.dtype not in DTYPES:
        raise ValueError(
            "tridiagonal_solve: dl, d and du must be (..., n) and b (..., n, k), all "
            f"of one dtype of LAPACK, got {dl}, {d}, {du} and {b}."
        )
    return strong(b.shape, b.dtype)


def _shifted(x, axis, by):
    """Entries moved along an axis by one place, a zero coming in."""
    low, high = (1, -1) if by > 0 else (-1, 1)
    config = [(0, 0, 0)] * x.ndim
    config[axis] = (low, high, 0)
    return pad(x, full((), 0, x.dtype), config)


def _tridiagonal_solve_jvp(primitive, primals, tangents, params):
    # A X = B gives A X_dot = B_dot - A_dot X.
    *diagonals, _ = primals
    *diagonal_dots, b_dot = tangents
    x = primitive.bind(*primals, **params)
    axis = x.ndim - 2
    parts = [lambda: _shifted(x, axis, 1), lambda: x, lambda: _shifted(x, axis, -1)]
    change = None
    for dot, part in zip(diagonal_dots, parts, strict=True):
        if dot is not None:
            change = add_tangents(change, columns(dot) * part())
    if change is None and b_dot is None:
        return x, None
    right = b_dot if change is None else add_tangents(b_dot, -change)
    return x, primitive.bind(*diagonals, right, **params)


def _tridiagonal_solve_transpose(ct, dl, d, du, b, *, perturb):
    if any(is_linear(x) for x in (dl, d, du)):
        raise NotImplementedError(
            "tridiagonal_solve: not linear in the matrix. Use jvp or vjp."
        )
    axis = aval_of(d).ndim - 1
    below, above = _shifted(du, axis, 1), _shifted(dl, axis, -1)
    out = tridiagonal_solve(below, d, above, ct, perturb_singular=perturb)
    return [None, None, None, out]


def _tridiagonal_solve_batch(size, operands, dims, **params):
    moved = [move_batch(size, x, k, 0) for x, k in zip(operands, dims, strict=True)]
    return tridiagonal_solve_p.bind(*moved, **params), 0


def _tridiagonal_solve_lower(hlo, out, dl, d, du, b, *, perturb):
    if hlo.platform != "cpu":
        raise unavailable(hlo, "tridiagonal_solve")
    vectors = [vector(x) for x in (dl, d, du)]
    operands = [*vectors, matrix(b)]
    if perturb:
        hlo.require("lapack")
        target = "tridiagonal_solve_perturbed_ffi"
        (x,) = custom_call(hlo, target, operands, [matrix(out)])
        return str(x)
    results = [*(vector(x.aval) for x in (dl, d, du)), matrix(out)]
    info = info_of(out.shape[:-2])
    aliases = [(k, k) for k in range(4)]
    *_, x, code = lapack(
        hlo, "gtsv", out.dtype, operands, [*results, info], None, aliases
    )
    return poisoned(hlo, x, code)


tridiagonal_solve_p = Primitive(
    "tridiagonal_solve",
    abstract=_tridiagonal_solve_abstract,
    jvp=JvpRule(_tridiagonal_solve_jvp),
    transpose=_tridiagonal_solve_transpose,
    batch=_tridiagonal_solve_batch,
    lower=_tridiagonal_solve_lower,
)


# tridiagonal


@half_in_single
def tridiagonal(a, *, lower: bool = True):
    """`[a, d, e, taus]`: a Hermitian matrix reduced to tridiagonal form.

    a: (..., n, n), of which one triangle is read. d (..., n) and e (..., n-1) are the
    diagonals of the tridiagonal matrix; the other entries of a and taus (..., n-1)
    hold the Householder reflectors.
    """
    check_matrix("tridiagonal", aval_of(a), square=True)
    aval = aval_of(a)
    *lead, n, _ = aval.shape
    if not n:
        raise ValueError(f"tridiagonal: matrices must not be empty, got {aval}.")
    if n == 1 or not aval.size:
        diagonals = full((*lead, n), 0, real_dtype(aval.dtype))
        if aval.size:
            diagonals = real_part(reshape(a, (*lead, n)))
        none = full((*lead, n - 1), 0, aval.dtype)
        return [a, diagonals, real_part(none), none]
    return list(tridiagonal_p.bind(a, lower=bool(lower)))


def _tridiagonal_abstract(a, *, lower):
    check_matrix("tridiagonal", a, square=True)
    *lead, n, _ = a.shape
    real = real_dtype(a.dtype)
    return (
        strong(a.shape, a.dtype),
        strong((*lead, n), real),
        strong((*lead, n - 1), real),
        strong((*lead, n - 1), a.dtype),
    )


def _tridiagonal_batch(size, operands, dims, **params):
    return tridiagonal_p.bind(move_axis(operands[0], dims[0], 0), **params), [0] * 4


def _tridiagonal_lower(hlo, out, a, *, lower):
    if hlo.platform != "cpu":
        raise unavailable(hlo, "tridiagonal")
    packed, *vectors = out
    results = [matrix(packed), *map(vector, vectors), info_of(a.shape[:-2])]
    attributes = {"uplo": letter("L" if lower else "U")}
    *values, info = lapack(
        hlo, "sytrd", a.dtype, [matrix(a)], results, attributes, [(0, 0)]
    )
    return [poisoned(hlo, x, info) for x in values]


tridiagonal_p = Primitive(
    "tridiagonal",
    abstract=_tridiagonal_abstract,
    batch=_tridiagonal_batch,
    lower=_tridiagonal_lower,
    multiple_results=True,
)


# hessenberg


@half_in_single
def hessenberg(a):
    """`[a, taus]`: square matrices reduced to upper Hessenberg form.

    a: (..., n, n). The result holds the Hessenberg matrix down to its first subdiagonal
    and, below it and in taus (..., n-1), the Householder reflectors.
    """
    aval = aval_of(a)
    check_matrix("hessenberg", aval, square=True)
    if aval.shape[-1] < 2 or not aval.size:
        *lead, n, _ = aval.shape
        return [a, full((*lead, max(n - 1, 0)), 0, aval.dtype)]
    return list(hessenberg_p.bind(a))


def _hessenberg_abstract(a):
    check_matrix("hessenberg", a, square=True)
    *lead, n, _ = a.shape
    return strong(a.shape, a.dtype), strong((*lead, n - 1), a.dtype)


def _hessenberg_batch(size, operands, dims):
    return hessenberg_p.bind(move_axis(operands[0], dims[0], 0)), [0, 0]


def _hessenberg_lower(hlo, out, a):
    if hlo.platform != "cpu":
        raise unavailable(hlo, "hessenberg")
    packed, taus = out
    results = [matrix(packed), vector(taus), info_of(a.shape[:-2])]
    attributes = {"low": "1 : i32", "high": f"{a.shape[-1]} : i32"}
    *values, info = lapack(
        hlo, "gehrd", a.dtype, [matrix(a)], results, attributes, [(0, 0)]
    )
    return [poisoned(hlo, x, info) for x in values]


hessenberg_p = Primitive(
    "hessenberg",
    abstract=_hessenberg_abstract,
    batch=_hessenberg_batch,
    lower=_hessenberg_lower,
    multiple_results=True,
)

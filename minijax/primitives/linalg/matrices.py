"""Matrices in the last two axes of arrays: the vocabulary of the derivative rules.

Leading axes are a batch and must agree; no function here broadcasts them.
"""

import functools

import numpy as np

from ... import dtypes
from ...core.avals import ShapedArray
from ...core.literal import aval_of
from ..contract import dot_general
from ..elementwise import FLOAT32, conj, convert_element_type, ge, real, select
from ..gather import GatherDimensionNumbers, gather
from ..precision import Precision
from ..shape import broadcasted_iota, expand_dims, full, reduce_sum, transpose

DTYPES = frozenset(map(np.dtype, ("float32", "float64", "complex64", "complex128")))
HALF = frozenset({dtypes.float16, dtypes.bfloat16})


def is_complex(x) -> bool:
    """Whether elements are complex numbers."""
    return np.dtype(aval_of(x).dtype).kind == "c"


def real_dtype(dtype):
    """The dtype of the modulus of a number."""
    return np.zeros((), dtype).real.dtype


def complex_dtype(dtype):
    """The dtype of complex numbers of the same precision."""
    return np.result_type(dtype, np.complex64)


def check_matrix(name, x, *, square=False):
    """Refuse operands that are not stacks of matrices of a dtype LAPACK knows."""
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        kind = "square matrices" if square else "matrices"
        raise ValueError(
            f"{name}: the operand must be a stack of {kind}, (..., "
            f"{'n, n' if square else 'm, n'}), got {x}."
        )
    if x.dtype not in DTYPES:
        raise TypeError(
            f"{name}: the dtype must be float32, float64, complex64 or complex128, "
            f"got {x}. Convert it with astype."
        )


def half_in_single(function):
    """Let a function take half precision, which LAPACK has not.

    Operands of f16 or bf16 are computed with in f32, and real results rounded back.
    """

    @functools.wraps(function)
    def wrapped(*operands, **options):
        half = {aval_of(x).dtype for x in operands} & HALF
        if len(half) != 1:
            return function(*operands, **options)
        wide = [
            convert_element_type(x, FLOAT32) if aval_of(x).dtype in half else x
            for x in operands
        ]
        out = function(*wide, **options)
        (dtype,) = half
        if isinstance(out, tuple | list):
            return type(out)(_rounded(y, dtype) for y in out)
        return _rounded(out, dtype)

    return wrapped


def _rounded(y, dtype):
    return convert_element_type(y, dtype) if y.dtype == FLOAT32 else y


def strong(shape, dtype):
    """The aval of a result: linear algebra gives strong types."""
    return ShapedArray(tuple(shape), dtype)


def lead_of(x) -> tuple[int, ...]:
    """The batch part of a shape."""
    return tuple(x.shape[:-2])


def transposed(x):
    """The transposed matrices."""
    ndim = aval_of(x).ndim
    return transpose(x, (*range(ndim - 2), ndim - 1, ndim - 2))


def adjoint(x):
    """The conjugate transposed matrices."""
    x = transposed(x)
    return conj(x) if is_complex(x) else x


def matmul(a, b):
    """The products of matrices, in full precision."""
    lead = tuple(range(aval_of(a).ndim - 2))
    n = len(lead)
    return dot_general(
        a, b, (((n + 1,), (n,)), (lead, lead)), precision=Precision.HIGHEST
    )


def _index(shape, axis):
    return broadcasted_iota(np.int32, shape, len(shape) + axis)


def keep(x, mask):
    """Matrices with elements outside a boolean mask replaced by zero."""
    aval = aval_of(x)
    return select(mask, x, full(aval.shape, 0, aval.dtype))


def tril(x, k=0):
    """The elements on and below the k-th diagonal, zeros above."""
    shape = aval_of(x).shape
    return keep(x, ge(_index(shape, -2) + k, _index(shape, -1)))


def triu(x, k=0):
    """The elements on and above the k-th diagonal, zeros below."""
    shape = aval_of(x).shape
    return keep(x, ge(_index(shape, -1), _index(shape, -2) + k))


def on_diagonal(x):
    """The matrices with everything off the main diagonal replaced by zero."""
    shape = aval_of(x).shape
    return keep(x, _index(shape, -2) == _index(shape, -1))


def diagonal(x):
    """The main diagonals of square matrices, as vectors."""
    x = on_diagonal(x)
    return reduce_sum(x, (x.ndim - 1,))


def identity(shape, dtype):
    """Identity matrices of a shape; not square, ones on the main diagonal."""
    ones = _index(shape, -2) == _index(shape, -1)
    return ones.astype(dtype)


def columns(v):
    """Vectors as stacks of columns, to scale rows by."""
    return expand_dims(v, (aval_of(v).ndim,))


def rows(v):
    """Vectors as stacks of rows, to scale columns by."""
    return expand_dims(v, (aval_of(v).ndim - 1,))


def hermitian_part(x):
    """The mean of the matrices and their adjoints."""
    return (x + adjoint(x)) / 2


def reciprocal_or_zero(x):
    """1 / x, and 0 where x is 0."""
    aval = aval_of(x)
    zero = x == 0
    one = full(aval.shape, 1, aval.dtype)
    return keep(one / select(zero, one, x), ~zero)


def permuted_rows(x, permutation):
    """Row k of the result is row `permutation[k]` of x, for each matrix."""
    aval = aval_of(x)
    lead = tuple(range(aval.ndim - 2))
    row, column = aval.ndim - 2, aval.ndim - 1
    numbers = GatherDimensionNumbers(
        offset_dims=(column,),
        collapsed_slice_dims=(row,),
        start_index_map=(row,),
        operand_batching_dims=lead,
        start_indices_batching_dims=lead,
    )
    sizes = (*(1 for _ in lead), 1, aval.shape[-1])
    positions = expand_dims(permutation, (len(lead) + 1,))
    return gather(x, positions, numbers, sizes, mode="promise_in_bounds")


def real_part(x):
    """The real parts of complex numbers; real numbers as they are."""
    return real(x) if is_complex(x) else x


def default_int():
    """The dtype of index vectors."""
    return dtypes.canonicalize(np.int32)

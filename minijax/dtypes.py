"""Types under the options in force: the 64-bit policy, and what types promote to.

All of `element_types` (the dtypes and their names) is exported from here too. With
64-bit types off, which is the default, `canonicalize` turns every 64-bit type into its
32-bit one.

A value is *weakly typed* when its type came from a Python number: it takes the type of
what it meets. Types form a lattice, JAX's, with nodes `i* f* c*` for weak integers,
floats and complex numbers; two types promote to their least common upper bound:

    bool < i* < i8, u8          f* < bf16, f16, c*
    i8 < i16 < i32 < i64 < f*   bf16 < f32, f16 < f32
    u8 < u16 < u32 < u64 < f*   f32 < f64 < c128
    u8 < i16, u16 < i32, ...    c* < c64 < c128, f32 < c64

Integers below 8 bits lie above `i*`, and floats of 8 bits or fewer above `f*`; nothing
lies above them, so they meet weak types only. In strict mode that holds for all types.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from .config import state
from .element_types import (
    ALL,
    BOOL,
    COMPLEX,
    FLOATS,
    INEXACT,
    INTS,
    NUMBERS,
    REALS,
    SIGNED,
    SMALL_FLOATS,
    SMALL_INTS,
    UNSIGNED,
    DType,
    DTypeLike,
    ExtendedDType,
    as_dtype,
    bfloat16,
    bool_,
    can_cast,
    complex64,
    complex128,
    extended,
    finfo,
    float0,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    is_inexact,
    isdtype,
    issubdtype,
    itemsize_bits,
    mlir,
    prng_key,
    short,
    uint8,
    uint16,
    uint32,
    uint64,
)

__all__ = [
    "ALL",
    "BOOL",
    "COMPLEX",
    "FLOATS",
    "INEXACT",
    "INTS",
    "NUMBERS",
    "REALS",
    "SIGNED",
    "SMALL_FLOATS",
    "SMALL_INTS",
    "UNSIGNED",
    "ExtendedDType",
    "TypePromotionError",
    "as_dtype",
    "bfloat16",
    "bool_",
    "can_cast",
    "canonicalize",
    "canonicalize_dtype",
    "complex64",
    "complex128",
    "default_complex",
    "default_float",
    "default_int",
    "dtype_of",
    "explicit",
    "extended",
    "finfo",
    "float0",
    "float16",
    "float32",
    "float64",
    "iinfo",
    "int8",
    "int16",
    "int32",
    "int64",
    "is_inexact",
    "is_weak",
    "isdtype",
    "issubdtype",
    "itemsize_bits",
    "join",
    "mlir",
    "prng_key",
    "promote_types",
    "result_type",
    "scalar_type_of",
    "short",
    "to_inexact",
    "to_tangent_dtype",
    "typed",
    "typed_argument",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]


class TypePromotionError(ValueError):
    """Two types have no common type that values may be converted to silently.

    Convert one of them yourself: `x.astype(y.dtype)`.
    """


# --- from what users write to a dtype, and the 64-bit policy -----------------------


_NARROW = {
    float64: float32,
    int64: int32,
    uint64: uint32,
    complex128: complex64,
}


def canonicalize(dtype: DTypeLike) -> DType:
    """The dtype that values get: as it is, or its 32-bit form when 64 bits are off.

    >>> canonicalize(float), canonicalize("int64"), canonicalize("int8")
    (dtype('float32'), dtype('int32'), dtype('int8'))
    """
    if not isinstance(dtype, np.dtype):
        dtype = as_dtype(dtype)
    return dtype if state.enable_x64 else _NARROW.get(dtype, dtype)


def explicit(dtype: DTypeLike, where: str) -> DType:
    """The dtype for a `dtype=` argument, which the user meant as written.

    A 64-bit type that is switched off becomes 32-bit with a warning, or an error under
    `jax_explicit_x64_dtypes="error"`, and is kept under `"allow"`. Python's `int`,
    `float` and `complex` name no width, so they become 32-bit silently.
    """
    wanted = as_dtype(dtype)
    if isinstance(wanted, np.dtype) and wanted not in ALL and wanted != float0:
        raise TypeError(f"{where}: dtype must be a type of arrays, got {wanted}.")
    got = canonicalize(wanted)
    if got == wanted or (isinstance(dtype, type) and dtype in _PYTHON[False]):
        return got
    if state.explicit_x64_dtypes == "allow":
        return wanted
    # Programs filter this warning by its first words, which are JAX's.
    message = f"Explicitly requested dtype {wanted} in {where} is not available"
    repair = 'Call config.update("jax_enable_x64", True) first for 64-bit types.'
    if state.explicit_x64_dtypes == "error":
        raise ValueError(f"{message}. {repair}")
    warnings.warn(f"{message} and becomes {got}. {repair}", stacklevel=3)
    return got


def canonicalize_dtype(dtype: DTypeLike, allow_extended_dtype: bool = False) -> DType:
    """`canonicalize`, which refuses extended dtypes unless they are asked for."""
    dtype = canonicalize(dtype)
    if isinstance(dtype, ExtendedDType) and not allow_extended_dtype:
        raise ValueError(
            f"canonicalize_dtype: dtype must be a NumPy dtype, got {dtype}. "
            f"Pass allow_extended_dtype=True to let it through."
        )
    return dtype


def default_float() -> np.dtype:
    """The type of Python floats: f32, or f64 when 64-bit types are on."""
    return float64 if state.enable_x64 else float32


def default_int() -> np.dtype:
    """The type of Python integers: i32, or i64 when 64-bit types are on."""
    return int64 if state.enable_x64 else int32


def default_complex() -> np.dtype:
    """The type of Python complex numbers: c64, or c128 when 64-bit types are on."""
    return complex128 if state.enable_x64 else complex64


# --- types of values ---------------------------------------------------------------

Typed = tuple[DType, bool]
"""A dtype and whether it is weak."""

# Python's number classes and their types, narrow and wide. A bool is never weak: it is
# the bottom of the lattice anyway.
_PYTHON: dict[bool, dict[type, Typed]] = {
    False: {
        bool: (bool_, False),
        int: (int32, True),
        float: (float32, True),
        complex: (complex64, True),
    },
    True: {
        bool: (bool_, False),
        int: (int64, True),
        float: (float64, True),
        complex: (complex128, True),
    },
}


def typed(x: Any) -> Typed:
    """The canonical dtype of an array or number, and whether it is weak.

    >>> typed(1.5), typed(np.float32(1.5)), typed(np.zeros(3, "int64"))
    ((dtype('float32'), True), (dtype('float32'), False), (dtype('int32'), False))
    """
    numbers = _PYTHON[state.enable_x64]
    found = numbers.get(type(x))
    if found is not None:
        return found
    dtype = getattr(x, "dtype", None)
    if isinstance(dtype, np.dtype):
        if dtype not in ALL and dtype != float0:
            name = type(x).__name__
            raise TypeError(f"a {name} of dtype {dtype} is not an array of numbers.")
        return canonicalize(dtype), getattr(x, "weak_type", False)
    if isinstance(dtype, ExtendedDType):
        return dtype, False
    for number in (bool, int, float, complex):
        if isinstance(x, number):
            return numbers[number]
    raise TypeError(
        f"expected an array, a number or a dtype, got a value of class "
        f"{type(x).__name__}."
    )


def dtype_of(x: Any) -> DType:
    """The canonical dtype of an array or number.

    >>> dtype_of(2), dtype_of(np.zeros(3))
    (dtype('int32'), dtype('float32'))
    """
    return typed(x)[0]


def is_weak(x: Any) -> bool:
    """Whether a value takes the type of what it meets: Python numbers do.

    >>> is_weak(2), is_weak(np.int32(2)), is_weak(True)
    (True, False, False)
    """
    return typed(x)[1]


def scalar_type_of(x: Any) -> type:
    """Python's class for the numbers of a value or dtype: bool, int, float or complex.

    >>> scalar_type_of(np.zeros(3, "uint8"))
    <class 'int'>
    """
    dtype = typed_argument(x)[0]
    kind = _kind(dtype) if dtype in ALL else None
    if kind is not None:
        return bool if kind == bool_ else kind
    raise TypeError(f"scalar_type_of: dtype {dtype} is not a type of numbers.")


# --- promotion ---------------------------------------------------------------------

# A node is a dtype, or one of Python's number classes for a weak type of that kind.
Node = Any


def _upper_sets(edges: dict[Node, Iterable[Node]]) -> dict[Node, frozenset[Node]]:
    """For each node, all nodes at or above it."""
    upper: dict[Node, frozenset[Node]] = {}

    def climb(node: Node) -> frozenset[Node]:
        if node not in upper:
            above = [climb(next_node) for next_node in edges.get(node, ())]
            upper[node] = frozenset({node}).union(*above)
        return upper[node]

    for node in {*ALL, *edges}:
        climb(node)
    return upper


_LATTICES = {
    "standard": _upper_sets(
        {
            bool_: [int],
            int: [uint8, int8, *SMALL_INTS],
            uint8: [uint16, int16],
            uint16: [uint32, int32],
            uint32: [uint64, int64],
            uint64: [float],
            int8: [int16],
            int16: [int32],
            int32: [int64],
            int64: [float],
            float: [bfloat16, float16, complex, *SMALL_FLOATS],
            bfloat16: [float32],
            float16: [float32],
            float32: [float64, complex64],
            float64: [complex128],
            complex: [complex64],
            complex64: [complex128],
        }
    ),
    "strict": _upper_sets(
        {int: [float, *INTS], float: [complex, *FLOATS], complex: COMPLEX}
    ),
}


@functools.cache
def _least_upper_bound(nodes: frozenset[Node], mode: str) -> Node:
    """The node at or above all `nodes` and below all others that are."""
    lattice = _LATTICES[mode]
    common = frozenset.intersection(*(lattice[node] for node in nodes))
    for node in common:
        if lattice[node] == common:
            return node
    raise TypePromotionError(_no_promotion(nodes, mode))


def _no_promotion(nodes: frozenset[Node], mode: str) -> str:
    names = sorted(
        f"Python {node.__name__}" if isinstance(node, type) else short(node)
        for node in nodes
    )
    message = f"promotion: types {' and '.join(names)} have no common type"
    if mode == "strict":
        return (
            f"{message} under jax_numpy_dtype_promotion='strict'. "
            "Convert one yourself: x.astype(y.dtype)."
        )
    if nodes & SMALL_INTS:
        return (
            f"{message}, since integers below 8 bits are not promoted. "
            f"Convert one yourself: x.astype('int32')."
        )
    return (
        f"{message}, since floats of 8 bits or fewer are not promoted. "
        f"Convert one yourself: x.astype('float32')."
    )


def _kind(dtype: np.dtype) -> Node:
    """The node of a weak type of this dtype's kind."""
    if dtype in INTS:
        return int
    return float if dtype in FLOATS else complex if dtype in COMPLEX else dtype


def _join_all(types: Iterable[Typed]) -> Typed:
    """The least type that holds all of several types."""
    types = {(canonicalize(dtype), weak) for dtype, weak in types}
    dtypes = frozenset(dtype for dtype, _ in types)
    for dtype in dtypes:
        if isinstance(dtype, ExtendedDType):
            return _same_extended(dtypes)
        if dtype not in ALL:
            raise TypeError(f"promotion: dtype {dtype} is not a type of numbers.")
    mode = state.numpy_dtype_promotion
    all_weak = all(weak for _, weak in types)
    if all_weak and mode == "standard":
        # Weak types among themselves promote like strong ones, and stay weak.
        node = _least_upper_bound(dtypes, mode)
    else:
        nodes = frozenset(_kind(dtype) if weak else dtype for dtype, weak in types)
        node = _least_upper_bound(nodes, mode)
    if isinstance(node, type):
        return _PYTHON[state.enable_x64][node]
    return canonicalize(node), all_weak and node != bool_


def _same_extended(dtypes: frozenset[DType]) -> Typed:
    if len(dtypes) > 1:
        names = " and ".join(sorted(map(str, dtypes)))
        raise TypeError(f"promotion: types {names} have no common type.")
    return next(iter(dtypes)), False


_joins: dict[tuple[object, Typed, Typed], Typed] = {}


def join(x: Typed, y: Typed) -> Typed:
    """The least type that holds both, memoised: what an operation on both computes in.

    >>> join((np.dtype("int32"), False), (np.dtype("float32"), True))
    (dtype('float32'), True)
    """
    key = (state.key, x, y)
    found = _joins.get(key)
    if found is None:
        found = _joins[key] = _join_all((x, y))
    return found


def promote_types(a: DTypeLike, b: DTypeLike) -> DType:
    """The dtype that two dtypes promote to; Python's number classes are weak.

    64-bit operands stay, whatever the options, since no values are computed here; the
    common type of narrower ones is canonical.

    >>> promote_types("int32", "float32"), promote_types("int64", "uint64")
    (dtype('float32'), dtype('float64'))
    """
    nodes = frozenset(
        c if isinstance(c, type) and c in _WEAK else np.dtype(c) for c in (a, b)
    )
    for node in nodes:
        if node not in _LATTICES["standard"]:
            raise ValueError(f"promote_types: dtype {node} is not a type of numbers.")
    node = _least_upper_bound(nodes, state.numpy_dtype_promotion)
    wide = isinstance(node, type) or not nodes.isdisjoint(_NARROW)
    return np.dtype(node) if wide else canonicalize(node)


_WEAK = frozenset({int, float, complex})


def typed_argument(x: Any) -> Typed:
    """`typed`, which also takes dtypes, scalar classes and names of dtypes."""
    if x is None or isinstance(x, (type, str, np.dtype, ExtendedDType)):
        number = _PYTHON[state.enable_x64].get(x) if isinstance(x, type) else None
        return number or (canonicalize(x), False)
    return typed(x)


def result_type(
    *args: Any, return_weak_type: bool = False, return_weak_type_flag: bool = False
) -> Any:
    """The dtype that arrays, numbers and dtypes promote to together.

    With `return_weak_type` (JAX spells it `return_weak_type_flag`) a pair of the dtype
    and whether it is weak. A weak result has the default width of its kind.

    >>> result_type(np.int8(1), 2), result_type("int32", 1.0), result_type(1, 2.0)
    (dtype('int8'), dtype('float32'), dtype('float32'))
    """
    if not args:
        raise ValueError("result_type: at least one array or dtype is required.")
    types = [typed_argument(x) for x in args]
    dtype, weak = types[0] if len(types) == 1 else _join_all(types)
    if weak:
        dtype, weak = _widest(dtype), dtype != bool_
    return (dtype, weak) if return_weak_type or return_weak_type_flag else dtype


def _widest(dtype: np.dtype) -> np.dtype:
    """The default width of a dtype's kind: u8 -> u32, f16 -> f32, or 64-bit types."""
    if dtype in UNSIGNED:
        return canonicalize(uint64)
    kind = _kind(dtype)
    return _PYTHON[state.enable_x64][kind][0] if kind in _WEAK else dtype


def to_inexact(dtype: DType) -> DType:
    """The dtype in which a function with non-integer values is computed.

    It is f64 for 64-bit integers, and f32 for the others and for booleans.

    >>> to_inexact(np.dtype("int8")), to_inexact(bfloat16)
    (dtype('float32'), dtype(bfloat16))
    """
    if dtype in INEXACT:
        return dtype
    return canonicalize(float64) if dtype in (int64, uint64) else float32


def to_tangent_dtype(dtype: DType) -> np.dtype:
    """The dtype of tangents: its own for floats and complex numbers, else `float0`."""
    return dtype if dtype in INEXACT else float0

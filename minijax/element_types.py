"""Element types: what there is, how each is written, and to which kinds it belongs.

A dtype is a `np.dtype`, for the types NumPy lacks through ml_dtypes, or an
`ExtendedDType`, such as the type of random keys. Nothing here depends on the options in
force; `dtypes.py` exports all of it together with what does.

    np.dtype("float8_e4m3fn")     printed f8_e4m3fn     in StableHLO f8E4M3FN
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import ml_dtypes
import numpy as np

DType = Any  # np.dtype or ExtendedDType
DTypeLike = Any  # a DType, a scalar class, a name such as "f4", or what has .dtype

# --- the dtypes --------------------------------------------------------------------


def _types(names: str) -> frozenset[np.dtype]:
    return frozenset(np.dtype(getattr(ml_dtypes, name, name)) for name in names.split())


bfloat16 = np.dtype(ml_dtypes.bfloat16)
float16 = np.dtype("float16")
float32 = np.dtype("float32")
float64 = np.dtype("float64")
complex64 = np.dtype("complex64")
complex128 = np.dtype("complex128")
int8 = np.dtype("int8")
int16 = np.dtype("int16")
int32 = np.dtype("int32")
int64 = np.dtype("int64")
uint8 = np.dtype("uint8")
uint16 = np.dtype("uint16")
uint32 = np.dtype("uint32")
uint64 = np.dtype("uint64")
bool_ = np.dtype("bool")

float0 = np.dtype([("float0", np.void, 0)])
"""The type of tangents of integers and booleans: it has no values, only a shape."""

SMALL_FLOATS = _types(
    "float4_e2m1fn float6_e2m3fn float6_e3m2fn float8_e3m4 float8_e4m3 float8_e4m3fn "
    "float8_e4m3fnuz float8_e4m3b11fnuz float8_e5m2 float8_e5m2fnuz float8_e8m0fnu"
)
SMALL_INTS = _types("int1 int2 int4 uint1 uint2 uint4")

BOOL = frozenset({bool_})
SIGNED = _types("int1 int2 int4 int8 int16 int32 int64")
UNSIGNED = _types("uint1 uint2 uint4 uint8 uint16 uint32 uint64")
FLOATS = _types("bfloat16 float16 float32 float64") | SMALL_FLOATS
COMPLEX = _types("complex64 complex128")
INTS = SIGNED | UNSIGNED
INEXACT = FLOATS | COMPLEX
REALS = INTS | FLOATS
NUMBERS = INTS | INEXACT
ALL = BOOL | NUMBERS
"""Every dtype that a buffer can have."""


class extended(np.generic):
    """The scalar class of all extended dtypes, for `issubdtype`."""


class prng_key(extended):
    """The scalar class of random key dtypes, for `issubdtype`."""


class ExtendedDType:
    """A dtype that is an array of another dtype underneath, such as a random key.

    Subclasses set the attributes. Two are equal if they agree in class and `name`.
    """

    type: type[extended]
    """The scalar class, such as `prng_key`."""
    name: str
    """How it is printed: `key<fry>`."""
    key_shape: tuple[int, ...]
    """The trailing shape of the underlying array: one key is `u32[2]`."""
    physical: np.dtype
    """The dtype of the underlying array."""

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return int(np.prod(self.key_shape, dtype=np.int64)) * self.physical.itemsize

    def wrap(self, words: Any) -> Any:
        """The array of this dtype whose underlying array is `words`."""
        raise NotImplementedError(f"{self.name}: this dtype has no arrays yet.")

    def unwrap(self, x: Any) -> Any:
        """The underlying array of an array of this dtype."""
        raise NotImplementedError(f"{self.name}: this dtype has no arrays yet.")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and bool(other.name == self.name)

    def __hash__(self) -> int:
        return hash((type(self), self.name))

    def __repr__(self) -> str:
        return self.name


# --- names -------------------------------------------------------------------------


def _short(dtype: np.dtype) -> str:
    """`float32` -> `f32`, `uint4` -> `u4`, `float8_e4m3fn` -> `f8_e4m3fn`."""
    for long, letter in _LETTERS.items():
        if dtype.name.startswith(long):
            return letter + dtype.name.removeprefix(long)
    return dtype.name


_LETTERS = {"bfloat": "bf", "float": "f", "uint": "u", "int": "i", "complex": "c"}
_SHORT: dict[Hashable, str] = {dtype: _short(dtype) for dtype in ALL}
_SHORT[float0] = "float0"


def _mlir(dtype: np.dtype) -> str:
    """`uint8` -> `ui8`, `float8_e5m2` -> `f8E5M2`, `complex64` -> `complex<f32>`."""
    if dtype == bool_:
        return "i1"
    if dtype in COMPLEX:
        return f"complex<f{dtype.itemsize * 4}>"
    if dtype in SMALL_FLOATS:
        return _short(dtype).replace("_", "").upper().replace("F", "f", 1)
    return _short(dtype).replace("u", "ui")


_MLIR: dict[Hashable, str] = {dtype: _mlir(dtype) for dtype in ALL}
_MLIR[float0] = "i1"


def short(dtype: DType) -> str:
    """The name in printed types.

    >>> short(np.dtype("float32")), short(np.dtype("bool")), short(bfloat16)
    ('f32', 'bool', 'bf16')
    """
    return _SHORT.get(dtype) or getattr(dtype, "name", None) or str(dtype)


def mlir(dtype: np.dtype) -> str:
    """The name in StableHLO text.

    >>> mlir(np.dtype("uint8")), mlir(np.dtype("bool")), mlir(np.dtype("complex64"))
    ('ui8', 'i1', 'complex<f32>')
    """
    try:
        return _MLIR[dtype]
    except KeyError:
        raise TypeError(f"mlir: dtype {dtype} has no StableHLO type.") from None


def as_dtype(dtype: DTypeLike) -> DType:
    """The dtype that a class, a name or an object with `.dtype` stands for.

    >>> as_dtype("bfloat16"), as_dtype(float)
    (dtype(bfloat16), dtype('float64'))
    """
    if isinstance(dtype, (np.dtype, ExtendedDType)):
        return dtype
    own = getattr(dtype, "dtype", None)
    return own if isinstance(own, (np.dtype, ExtendedDType)) else np.dtype(dtype)


def itemsize_bits(dtype: DTypeLike) -> int:
    """Bits of one element.

    >>> itemsize_bits("int4"), itemsize_bits("bfloat16"), itemsize_bits("complex64")
    (4, 16, 64)
    """
    dtype = as_dtype(dtype)
    if dtype in SMALL_INTS:
        return int(dtype.name.removeprefix("u").removeprefix("int"))
    if dtype in SMALL_FLOATS:
        return int(dtype.name[len("float")])
    return dtype.itemsize * 8


# --- questions about dtypes --------------------------------------------------------


def is_inexact(dtype: DType) -> bool:
    """Whether values are floats or complex numbers, so that they have derivatives."""
    return dtype in INEXACT


_FLOAT_CLASSES = (np.floating, np.inexact, np.number, np.generic)
_SIGNED_CLASSES = (np.signedinteger, np.integer, np.number, np.generic)
_UNSIGNED_CLASSES = (np.unsignedinteger, np.integer, np.number, np.generic)


def issubdtype(arg1: DTypeLike, arg2: DTypeLike) -> bool:
    """Whether `arg1` is `arg2`, or belongs to that class of scalar types.

    As `np.issubdtype`, and bfloat16, fp8 and the small integers belong to the classes
    one expects; the classes `extended` and `prng_key` hold the extended dtypes.

    >>> issubdtype(bfloat16, np.floating), issubdtype("int4", np.signedinteger)
    (True, True)
    >>> issubdtype("float32", prng_key)
    False
    """
    sub, of = _dtype_or_class(arg1), _dtype_or_class(arg2)
    if not isinstance(of, type):
        return not isinstance(sub, type) and sub == of
    if isinstance(sub, np.dtype):
        return of in _OWN_CLASSES.get(sub, ()) or issubclass(sub.type, of)
    return issubclass(sub if isinstance(sub, type) else sub.type, of)


def _dtype_or_class(x: DTypeLike) -> Any:
    """An abstract scalar class such as np.floating as it is, else the dtype."""
    scalar = isinstance(x, type) and issubclass(x, np.generic)
    return x if scalar and x not in _SCALAR_CLASSES else as_dtype(x)


_OWN_CLASSES: dict[Any, tuple[type, ...]] = {
    **dict.fromkeys(SMALL_FLOATS | {bfloat16}, _FLOAT_CLASSES),
    **dict.fromkeys(SMALL_INTS & SIGNED, _SIGNED_CLASSES),
    **dict.fromkeys(SMALL_INTS & UNSIGNED, _UNSIGNED_CLASSES),
}
_SCALAR_CLASSES = frozenset(dtype.type for dtype in ALL)


_KINDS = {
    "bool": BOOL,
    "signed integer": SIGNED,
    "unsigned integer": UNSIGNED,
    "integral": INTS,
    "real floating": FLOATS,
    "complex floating": COMPLEX,
    "numeric": NUMBERS,
}


def isdtype(dtype: DTypeLike, kind: Any) -> bool:
    """Whether a dtype is of a kind: a name of a kind, a dtype, or a tuple of these.

    >>> isdtype("float32", "real floating"), isdtype("int8", ("bool", "integral"))
    (True, True)
    """
    dtype = as_dtype(dtype)
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return any(_is_of_kind(dtype, each) for each in kinds)


def _is_of_kind(dtype: DType, kind: Any) -> bool:
    if isinstance(kind, str):
        if kind in _KINDS:
            return dtype in _KINDS[kind]
        try:
            return dtype == np.dtype(kind)
        except TypeError:
            names = ", ".join(map(repr, _KINDS))
            raise ValueError(
                f"isdtype: kind must be one of {names} or a dtype, got {kind!r}."
            ) from None
    scalar = getattr(kind, "dtype", None) is not None or kind in _SCALAR_CLASSES
    if scalar or isinstance(kind, (np.dtype, ExtendedDType)):
        return dtype == as_dtype(kind)
    raise TypeError(f"isdtype: kind must be a name or a dtype, got {kind!r}.")


def can_cast(from_: DTypeLike, to: DTypeLike, casting: Any = "safe") -> bool:
    """Whether values of one dtype may be converted to another under NumPy's rule.

    >>> can_cast("int32", "float64"), can_cast("float64", "int32", "unsafe")
    (True, True)
    """
    if type(from_) in (int, float, complex):
        raise TypeError(
            f"can_cast: needs a dtype or an array, got the number {from_!r}. "
            f"Pass its dtype."
        )
    return bool(np.can_cast(as_dtype(from_), as_dtype(to), casting=casting))


def finfo(dtype: DTypeLike) -> Any:
    """The limits of a floating-point dtype, or of the parts of a complex one.

    >>> finfo("bfloat16").eps, finfo("float32").bits
    (0.0078125, 32)
    """
    return ml_dtypes.finfo(as_dtype(dtype))


def iinfo(dtype: DTypeLike) -> Any:
    """The limits of an integer dtype.

    >>> iinfo("int4").min, iinfo("uint8").max
    (-8, 255)
    """
    return ml_dtypes.iinfo(as_dtype(dtype))

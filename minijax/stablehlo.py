"""StableHLO as text: types, literals, attributes. Knows no primitive.

    np.float32(1.5), (3,)      becomes      dense<0x3FC00000> : tensor<3xf32>

Floating-point numbers are written by their bits, the one form that is right for every
value of every format, infinities and NaNs included.
"""

import re

import numpy as np

from . import dtypes
from .core.avals import ShapedArray


def tensor(shape, dtype) -> str:
    """The type of an array: `tensor<2x3xf32>`."""
    return ShapedArray(tuple(shape), dtype).mlir


def dense(value, shape=None) -> str:
    """A constant with its type; a scalar with a `shape` stands for a filled array.

    >>> dense(np.float32(1.5), (3,))
    'dense<0x3FC00000> : tensor<3xf32>'
    >>> dense(np.array([1, 2], "int32"))
    'dense<[1, 2]> : tensor<2xi32>'
    """
    value = np.asarray(value)
    shape = value.shape if shape is None else tuple(shape)
    return f"dense<{_elements(value, shape)}> : {tensor(shape, value.dtype)}"


# Arrays larger than this are written as one hexadecimal blob of their bytes.
_BLOB = 16


def _elements(value, shape):
    if 0 in shape:
        return ""
    if value.ndim == 0:
        return scalar(value)
    if value.size > _BLOB:
        return f'"0x{_bytes(value).hex()}"'
    return _nested(value)


def _bytes(value):
    little = value.astype(value.dtype.newbyteorder("<"), copy=False)
    return little.tobytes()


def _nested(value):
    if value.ndim == 0:
        return scalar(value)
    return f"[{', '.join(_nested(row) for row in value)}]"


def scalar(value) -> str:
    """One number of a NumPy dtype, as it stands inside `dense<...>`."""
    value = np.asarray(value)
    dtype = value.dtype
    if dtype == np.bool_:
        return "true" if value else "false"
    if dtype in dtypes.INTS:
        return str(int(value))
    if dtype in dtypes.COMPLEX:
        return f"({scalar(value.real)}, {scalar(value.imag)})"
    if dtypes.itemsize_bits(dtype) < 8:
        return repr(float(value))
    bits = np.frombuffer(_bytes(value), f"<u{dtype.itemsize}")[0]
    return f"0x{int(bits):0{2 * dtype.itemsize}X}"


_PLAIN_SYMBOL = re.compile(r"[A-Za-z_][\w.$]*")


def symbol(name: str) -> str:
    """A symbol: `@main`, or quoted when the name is not an identifier."""
    return f"@{name}" if _PLAIN_SYMBOL.fullmatch(name) else f"@{quoted(name)}"


def quoted(text: str) -> str:
    """A string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def int_array(values) -> str:
    """An `array<i64: ...>` attribute."""
    values = list(values)
    return f"array<i64: {', '.join(map(str, values))}>" if values else "array<i64>"


def int_tensor(rows) -> str:
    """A `dense<...> : tensor<RxCxi64>` attribute from rows of integers."""
    array = np.asarray(rows, np.int64)
    return dense(array)

"""Abstract values: what is known about an array before it exists.

An aval is a shape, a dtype and a weak-type flag. Avals are interned, so two equal
avals are one object: comparing and hashing them costs one pointer, and everything
derived from them (printed form, StableHLO type) is made once.

    ShapedArray((2, 3), float32)      prints as      f32[2,3]
"""

import math
from typing import Any

import numpy as np

from .. import dtypes


class ShapedArray:
    """Shape, dtype and weak type of an array.

    >>> ShapedArray((2, 3), np.float32) is ShapedArray((2, 3), "float32")
    True
    >>> str(ShapedArray((2, 3), np.float32))
    'f32[2,3]'
    """

    __slots__ = (
        "__weakref__",
        "_tangent",
        "dtype",
        "mlir",
        "ndim",
        "shape",
        "size",
        "text",
        "weak_type",
    )

    shape: tuple[int, ...]
    dtype: Any
    weak_type: bool
    ndim: int
    size: int
    text: str  # as printed in jaxprs and errors: f32[2,3]
    mlir: str  # as written in StableHLO: tensor<2x3xf32>

    sharding = None  # types do not say how arrays are cut over devices

    def __new__(cls, shape, dtype, weak_type=False, *, sharding=None):
        if sharding is not None:
            raise NotImplementedError(
                f"ShapedArray: types have no shardings, got {sharding}. Leave it out."
            )
        try:
            return _INTERNED[shape, dtype, weak_type]
        except (KeyError, TypeError):
            return _intern(tuple(int(n) for n in shape), dtype, bool(weak_type))

    def __repr__(self):
        weak = ", weak_type=True" if self.weak_type else ""
        return f"ShapedArray({self.text}{weak})"

    def __str__(self):
        return self.text

    def __reduce__(self):
        return ShapedArray, (self.shape, self.dtype, self.weak_type)

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def str_short(self, short_dtypes=True):
        """The printed form, `f32[2,3]`; the name is the one JAX uses."""
        return self.text

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.dtype.itemsize

    def update_weak_type(self, weak_type):
        """The same aval with another flag."""
        return self.update(weak_type=weak_type)

    def to_ct_aval(self):
        """The type of cotangents of such a value."""
        return self.to_tangent_aval()

    def update(self, shape=None, dtype=None, weak_type=None):
        """The same aval with some of its parts replaced."""
        return ShapedArray(
            self.shape if shape is None else tuple(shape),
            self.dtype if dtype is None else dtype,
            self.weak_type if weak_type is None else weak_type,
        )

    def strip_weak_type(self):
        """The same aval with a strong type."""
        return ShapedArray(self.shape, self.dtype) if self.weak_type else self

    def to_tangent_aval(self):
        """The type of tangents of such a value: `float0` for integers and keys."""
        tangent = self._tangent
        if tangent is None:
            dtype = dtypes.to_tangent_dtype(self.dtype)
            tangent = self.update(dtype=dtype) if dtype != self.dtype else self
            object.__setattr__(self, "_tangent", tangent)
        return tangent

    def __setattr__(self, name, value):
        raise AttributeError(f"ShapedArray is immutable: cannot set {name!r}.")


# Never emptied: identity of avals must hold for the life of the process.
_INTERNED: dict[tuple, ShapedArray] = {}


def _intern(shape, dtype, weak_type):
    if not isinstance(dtype, np.dtype | dtypes.ExtendedDType):
        dtype = np.dtype(dtype)
    key = (shape, dtype, weak_type)
    if key in _INTERNED:
        return _INTERNED[key]
    aval = object.__new__(ShapedArray)
    extended = isinstance(dtype, dtypes.ExtendedDType)
    physical = (*shape, *dtype.key_shape) if extended else shape
    element = "ui32" if extended else dtypes.mlir(dtype)
    fields = {
        "shape": shape,
        "dtype": dtype,
        "weak_type": weak_type,
        "ndim": len(shape),
        "size": math.prod(shape),
        "text": f"{dtypes.short(dtype)}[{','.join(map(str, shape))}]",
        "mlir": f"tensor<{''.join(f'{n}x' for n in physical)}{element}>",
        "_tangent": None,
    }
    for name, value in fields.items():
        object.__setattr__(aval, name, value)
    # setdefault is atomic, so threads agree on one object.
    return _INTERNED.setdefault(key, aval)


class AbstractToken:
    """The type of a value that only orders effects; it carries no data."""

    shape = ()
    ndim = 0
    size = 0
    dtype = dtypes.float0
    weak_type = False
    text = "Token[]"
    mlir = "!stablehlo.token"

    def __str__(self):
        return self.text

    def to_tangent_aval(self):
        return self


token = AbstractToken()

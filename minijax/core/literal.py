"""Constants that stay on the host: scalars with a type, and types of plain values.

A literal is a scalar together with an aval. A literal whose aval has a shape stands
for an array filled with the scalar; rules use it for instantiated zeros, at no cost.

    mul a 2.0:f32[]        add a 0.0:f32[3,4]
"""

import numpy as np

from .. import dtypes
from .avals import ShapedArray
from .trace import Operators


class Literal(Operators):
    """A scalar known while tracing, with the aval it stands for."""

    __slots__ = ("array", "aval", "hlo", "scalar")
    _trace = None

    def __init__(self, val, aval):
        self.scalar = val  # of NumPy, of the aval's dtype
        self.aval = aval
        self.array = None  # the device array, once the evaluator has made it
        self.hlo = None  # the StableHLO literal, once the writer has made it

    @property
    def val(self):
        """The value for a reader of programs: a NumPy scalar, or array if it is one."""
        return self.concrete() if self.aval.shape else self.scalar

    def concrete(self):
        """The value as a NumPy array."""
        return np.broadcast_to(np.asarray(self.scalar), self.aval.shape)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.concrete(), dtype=dtype)

    def __bool__(self):
        return bool(self.concrete())

    def __index__(self):
        return self.concrete().__index__()

    def __str__(self):
        return f"{_shown(self.scalar)}:{self.aval.text}"

    def __repr__(self):
        return f"Literal({self})"

    __hash__ = object.__hash__


def _shown(val):
    if isinstance(val, np.bool_):
        return str(bool(val))
    return str(val)


_LITERALS: dict[tuple, Literal] = {}
_LITERALS_SIZE = 1 << 12


def literal(val, aval) -> Literal:
    """The literal for a scalar; equal ones are one object as long as they are kept."""
    # Zeros are told apart by their bytes: 0.0 == -0.0, but they are different numbers.
    plain = val and type(val) in (int, float)
    key = (val if plain else np.asarray(val).astype(aval.dtype).tobytes(), aval)
    found = _LITERALS.get(key)
    if found is None:
        found = Literal(np.asarray(val).astype(aval.dtype)[()], aval)
        if len(_LITERALS) >= _LITERALS_SIZE:
            _LITERALS.clear()
        _LITERALS[key] = found
    return found


def zeros_of(aval) -> Literal:
    """An array of zeros of a type, as a literal."""
    return literal(0, aval)


def python_scalar(x) -> Literal:
    """A Python bool, int, float or complex as a weakly typed literal."""
    dtype = dtypes.dtype_of(x)
    if type(x) is int:
        info = np.iinfo(dtype)
        if not info.min <= x <= info.max:
            raise OverflowError(
                f"Python int {x} does not fit in {dtypes.short(dtype)}. Convert it "
                "first, for example with numpy.float32, or enable 64-bit types with "
                'config.update("jax_enable_x64", True).'
            )
    return literal(x, ShapedArray((), dtype, type(x) is not bool))


_NUMPY_KINDS = (np.ndarray, np.generic)
_PYTHON_KINDS = (bool, int, float, complex)


def aval_of(x):
    """The type of an operand: arrays, tracers, literals, NumPy and Python values."""
    try:
        return x.aval
    except AttributeError:
        if isinstance(x, _NUMPY_KINDS):
            dtype = dtypes.canonicalize(x.dtype)
            return ShapedArray(x.shape, dtype)
        if isinstance(x, _PYTHON_KINDS):
            return ShapedArray((), dtypes.dtype_of(x), type(x) is not bool)
        raise TypeError(
            f"expected an array or a number, got {x!r:.80} of type "
            f"{type(x).__name__}. Convert it with minijax.numpy.asarray."
        ) from None

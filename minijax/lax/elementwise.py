"""Elementwise operations of `jax.lax`: those of the primitives, and two things more.

Operands of one rank may have axes of size 1 where others have n: they are repeated.
Functions that XLA approximates take an `accuracy`.

    add(f32[2,1], f32[1,3])            is        add(f32[2,3], f32[2,3])
"""

import enum
import functools
import inspect

from .. import dtypes, primitives
from ..core.tracebacks import hide_our_frames
from ..primitives import broadcast_in_dim


def _repeating(function):
    """The function of arrays of one rank, whose axes of size 1 are repeated."""

    def repeating(x, y):
        try:
            return function(x, y)
        except Exception as error:
            # Most operands have one shape, and should not pay for a look at it.
            a, b = getattr(x, "shape", ()), getattr(y, "shape", ())
            if a == b or not a or len(a) != len(b) or not _fits(a, b):
                hide_our_frames(error)
                raise
        return function(_repeated(x, a, b), _repeated(y, b, a))

    return _in_place_of(function, repeating)


def _in_place_of(function, other):
    """Another function under the name of a function, in tracebacks too."""
    other.__code__ = other.__code__.replace(co_name=function.__name__)
    return functools.wraps(function)(other)


def _fits(shape, other):
    """Whether sizes agree where neither is 1."""
    return all(n == m or 1 in (n, m) for n, m in zip(shape, other, strict=True))


def _repeated(x, shape, other):
    """x with its axes of size 1 repeated to those of the other."""
    wanted = tuple(m if n == 1 else n for n, m in zip(shape, other, strict=True))
    return x if wanted == shape else broadcast_in_dim(x, wanted, range(len(shape)))


class AccuracyMode(enum.Enum):
    """How accurately a function is computed: as well as possible, or by default."""

    HIGHEST = 1
    DEFAULT = 2


class Tolerance:
    """Errors that are allowed in the computation of a function.

    At least one of them must be positive.

    >>> Tolerance(rtol=1e-3)
    Tolerance(atol=0.0, rtol=0.001, ulps=0)
    """

    def __init__(self, atol: float = 0.0, rtol: float = 0.0, ulps: int = 0):
        if any(tolerance < 0 for tolerance in (atol, rtol, ulps)):
            raise ValueError(
                f"Tolerance: tolerances must not be negative, got atol={atol}, "
                f"rtol={rtol}, ulps={ulps}."
            )
        if not (atol or rtol or ulps):
            raise ValueError(
                "Tolerance: one of atol, rtol and ulps must be positive, got none. "
                "Leave accuracy out instead."
            )
        self.atol, self.rtol, self.ulps = atol, rtol, ulps

    def __repr__(self):
        return f"Tolerance(atol={self.atol}, rtol={self.rtol}, ulps={self.ulps})"


def _approximated(function):
    """The function with `accuracy`: what is computed meets every one."""
    name = function.__name__

    def approximated(x, accuracy=None):
        try:
            if not isinstance(accuracy, AccuracyMode | Tolerance | None):
                raise NotImplementedError(
                    f"{name}: accuracy must be an AccuracyMode or a Tolerance, got "
                    f"{accuracy!r}. Leave it out for the default."
                )
            return function(x)
        except Exception as error:
            hide_our_frames(error)
            raise

    signature = inspect.signature(approximated)
    approximated = _in_place_of(function, approximated)
    approximated.__signature__ = signature
    return approximated


def reciprocal(x):
    """Elementwise 1 / x of floating-point or complex numbers.

    >>> reciprocal(np.array([2.0, 4.0]))
    Array([0.5 , 0.25], dtype=float32)
    """
    return primitives.integer_pow(x, -1)


add = _repeating(primitives.add)
atan2 = _repeating(primitives.atan2)
bitwise_and = _repeating(primitives.bitwise_and)
bitwise_or = _repeating(primitives.bitwise_or)
bitwise_xor = _repeating(primitives.bitwise_xor)
complex = _repeating(primitives.complex)
div = _repeating(primitives.div)
eq = _repeating(primitives.eq)
ge = _repeating(primitives.ge)
gt = _repeating(primitives.gt)
le = _repeating(primitives.le)
lt = _repeating(primitives.lt)
max = _repeating(primitives.max)
min = _repeating(primitives.min)
mulhi = _repeating(primitives.mulhi)
ne = _repeating(primitives.ne)
nextafter = _repeating(primitives.nextafter)
polygamma = _repeating(primitives.polygamma)
pow = _repeating(primitives.pow)
rem = _repeating(primitives.rem)
shift_left = _repeating(primitives.shift_left)
shift_right_arithmetic = _repeating(primitives.shift_right_arithmetic)
shift_right_logical = _repeating(primitives.shift_right_logical)
sub = _repeating(primitives.sub)
zeta = _repeating(primitives.zeta)

_mul = _repeating(primitives.mul)


def mul(x, y, *, out_dtype=None):
    """Elementwise product x * y, of operands converted to `out_dtype` if it is given.

    >>> mul(np.int8(100), np.int8(2), out_dtype=np.int32)
    Array(200, dtype=int32)
    """
    if out_dtype is not None:
        dtype = dtypes.explicit(out_dtype, "mul")
        x, y = (primitives.convert_element_type(z, dtype) for z in (x, y))
    return _mul(x, y)


cbrt = _approximated(primitives.cbrt)
cos = _approximated(primitives.cos)
exp = _approximated(primitives.exp)
exp2 = _approximated(primitives.exp2)
expm1 = _approximated(primitives.expm1)
log = _approximated(primitives.log)
log1p = _approximated(primitives.log1p)
logistic = _approximated(primitives.logistic)
rsqrt = _approximated(primitives.rsqrt)
sin = _approximated(primitives.sin)
sqrt = _approximated(primitives.sqrt)
tan = _approximated(primitives.tan)
tanh = _approximated(primitives.tanh)

"""NumPy's only special function; the others are in `scipy.special`."""

from .. import special
from ..api import compiled
from ..dtypes import COMPLEX
from .promotion import promote_inexact


@compiled
def i0(x):
    """Elementwise modified Bessel function of the first kind of order 0.

    >>> i0(np.array([0.0, 2.0]))
    Array([1.       , 2.2795854], dtype=float32)

    Raises:
      ValueError: for complex numbers.
    """
    (x,) = promote_inexact("i0", x)
    if x.aval.dtype in COMPLEX:
        raise ValueError(
            f"i0: needs real numbers, got {x.aval}. Take real parts first."
        )
    return special.bessel_i0(x)

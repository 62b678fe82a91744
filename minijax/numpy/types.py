"""Questions about dtypes and arrays, and how arrays are printed."""

import numpy as np

from .. import dtypes
from ..core.literal import aval_of
from ..dtypes import can_cast as can_cast
from ..dtypes import finfo as finfo
from ..dtypes import iinfo as iinfo
from ..dtypes import isdtype as isdtype
from ..dtypes import issubdtype as issubdtype
from ..dtypes import promote_types as promote_types
from ..dtypes import result_type as result_type

get_printoptions = np.get_printoptions
set_printoptions = np.set_printoptions
printoptions = np.printoptions
save = np.save
savez = np.savez


def iscomplexobj(x) -> bool:
    """Whether the dtype is complex.

    >>> iscomplexobj(1j), iscomplexobj(1.0)
    (True, False)
    """
    return _dtype(x) in dtypes.COMPLEX


def isrealobj(x) -> bool:
    """Whether the dtype is not complex."""
    return not iscomplexobj(x)


def _dtype(x):
    try:
        return aval_of(x).dtype
    except TypeError:
        return np.asarray(x).dtype


def isscalar(element) -> bool:
    """Whether a value is a number, or an array of rank 0."""
    return np.isscalar(element) or getattr(element, "shape", None) == ()


def iterable(y) -> bool:
    """Whether a value can be iterated over; arrays of rank 0 cannot."""
    if hasattr(y, "ndim"):
        return y.ndim > 0
    return np.iterable(y)


def array_repr(arr, max_line_width=None, precision=None, suppress_small=None):
    """The text of repr(arr), printed with the options given.

    >>> array_repr(jnp.array([1.23456]), precision=2)
    'Array([1.23], dtype=float32)'
    """
    with _printed(max_line_width, precision, suppress_small):
        return repr(arr)


def array_str(a, max_line_width=None, precision=None, suppress_small=None):
    """The text of str(a), printed with the options given."""
    with _printed(max_line_width, precision, suppress_small):
        return str(a)


def _printed(width, precision, suppress):
    given = {"linewidth": width, "precision": precision, "suppress": suppress}
    return printoptions(**{k: v for k, v in given.items() if v is not None})

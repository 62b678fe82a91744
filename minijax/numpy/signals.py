"""Convolution and correlation of vectors.

convolve(a, v)         becomes      conv_general_dilated of a with v reversed
"""

from .. import dtypes
from .. import primitives as lax
from ..api import compiled
from .arguments import as_array
from .promotion import promote_inexact

_MODES = ("full", "same", "valid")


@compiled(static_argnames=("mode", "precision", "preferred_element_type"))
def convolve(a, v, mode: str = "full", *, precision=None, preferred_element_type=None):
    """The sums over a[i] v[k - i]: all of them, the central ones, or the complete ones.

    "full" has len(a) + len(v) - 1 places, "same" the longer length, "valid" those at
    which both overlap completely.

    >>> convolve(np.array([1.0, 2.0]), np.array([1.0, 3.0])).tolist()
    [1.0, 5.0, 6.0]
    """
    a, v = _vectors("convolve", a, v, mode)
    if a.shape[0] < v.shape[0]:
        a, v = v, a
    n = v.shape[0]
    before = {"full": n - 1, "same": n // 2, "valid": 0}[mode]
    after = {"full": n - 1, "same": n - n // 2 - 1, "valid": 0}[mode]
    return _slide(
        a, lax.rev(v, (0,)), (before, after), precision, preferred_element_type
    )


@compiled(static_argnames=("mode", "precision", "preferred_element_type"))
def correlate(
    a, v, mode: str = "valid", *, precision=None, preferred_element_type=None
):
    """The sums over a[i + k] conj(v[i]): see `convolve` for the modes.

    >>> correlate(np.array([1.0, 2.0, 3.0]), np.array([1.0, 1.0])).tolist()
    [3.0, 5.0]
    """
    a, v = _vectors("correlate", a, v, mode)
    v = lax.conj(v) if v.dtype in dtypes.COMPLEX else v
    shorter = a.shape[0] < v.shape[0]
    if shorter:
        # sum a[i + k] v[i] is the other correlation at -k: read backwards.
        a, v = lax.rev(v, (0,)), lax.rev(a, (0,))
    n = v.shape[0]
    before = {"full": n - 1, "same": n // 2, "valid": 0}[mode]
    after = {"full": n - 1, "same": n - n // 2 - 1, "valid": 0}[mode]
    return _slide(a, v, (before, after), precision, preferred_element_type)


def _vectors(where, a, v, mode):
    if mode not in _MODES:
        raise ValueError(f"{where}: mode must be one of {list(_MODES)}, got {mode!r}.")
    a, v = map(as_array, promote_inexact(where, a, v))
    if a.ndim != 1 or v.ndim != 1:
        raise ValueError(
            f"{where}() only support 1-dimensional inputs, got shapes {tuple(a.shape)} "
            f"and {tuple(v.shape)}."
        )
    if 0 in (a.shape[0], v.shape[0]):
        raise ValueError(
            f"{where}: inputs cannot be empty, got shapes {tuple(a.shape)} and "
            f"{tuple(v.shape)}."
        )
    return a, v


def _slide(a, v, padding, precision, preferred_element_type):
    # (batch, feature, place) and (out feature, in feature, place)
    y = lax.conv_general_dilated(
        lax.reshape(a, (1, 1, a.shape[0])),
        lax.reshape(v, (1, 1, v.shape[0])),
        window_strides=(1,),
        padding=[padding],
        precision=precision,
        preferred_element_type=preferred_element_type,
    )
    return lax.reshape(y, (y.shape[2],))

"""Window functions of signal processing: weights that taper off at both ends.

NumPy computes them on the host, unless an argument is traced.

    hanning(5)             gives        0, 0.5, 1, 0.5, 0
"""

import numpy as np

from .. import dtypes
from .arguments import concrete
from .bessel import i0
from .creation import asarray
from .index_plan import known_value
from .promotion import promote_inexact


def _window(where, weights, M, *args):
    size = concrete(where, "M", M, "Pass a Python int.").item()
    # NumPy takes a fractional size for a longer formula; the vector has whole places.
    return asarray(weights(int(size), *args), dtype=dtypes.default_float())


def bartlett(M: int):
    """The triangular window of M points, zero at both ends.

    >>> bartlett(3).tolist()
    [0.0, 1.0, 0.0]
    """
    return _window("bartlett", np.bartlett, M)


def blackman(M: int):
    """The Blackman window of M points: three terms of a cosine series.

    >>> blackman(5).shape
    (5,)
    """
    return _window("blackman", np.blackman, M)


def hamming(M: int):
    """The Hamming window of M points: a raised cosine on a pedestal.

    >>> hamming(3).tolist()[1]
    1.0
    """
    return _window("hamming", np.hamming, M)


def hanning(M: int):
    """The Hann window of M points: a raised cosine.

    >>> hanning(3).tolist()
    [0.0, 1.0, 0.0]
    """
    return _window("hanning", np.hanning, M)


def kaiser(M: int, beta: float):
    """The Kaiser window of M points; a larger `beta` makes it narrower.

    `beta` may be traced: I0(beta sqrt(1 - t**2)) / I0(beta) at t from -1 to 1.
    J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window
    function", 1974.

    >>> kaiser(3, 0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    known = known_value(beta)
    if known is not None:
        return _window("kaiser", np.kaiser, M, known.item())
    size = int(concrete("kaiser", "M", M, "Pass a Python int.").item())
    t = 2 * np.arange(size) / max(size - 1, 1) - 1 if size > 1 else np.zeros(size)
    (width,) = promote_inexact("kaiser", beta)
    weights = i0(width * asarray(np.sqrt(1 - t * t), dtype=width.dtype)) / i0(width)
    return asarray(weights, dtype=dtypes.default_float())

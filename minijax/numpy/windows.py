"""Window functions of signal processing: weights that taper off at both ends.

They have no traced argument, so NumPy computes them on the host.

    hanning(5)             gives        0, 0.5, 1, 0.5, 0
"""

import numpy as np

from .. import dtypes
from .arguments import concrete
from .creation import asarray


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

    >>> kaiser(3, 0.0).tolist()
    [1.0, 1.0, 1.0]
    """
    shape = concrete("kaiser", "beta", beta, "Pass a Python float.").item()
    return _window("kaiser", np.kaiser, M, shape)

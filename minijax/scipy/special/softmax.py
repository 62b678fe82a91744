"""Exponentials that are normalized over all elements by default, as in SciPy."""

from ... import nn


def softmax(x, /, *, axis=None):
    """exp(x) / sum(exp(x)) along one axis or several; of all elements for None.

    >>> softmax(np.zeros((2, 2), np.float32))
    Array([[0.25, 0.25],
           [0.25, 0.25]], dtype=float32)
    """
    return nn.softmax(x, axis=axis)


def log_softmax(x, /, *, axis=None):
    """log(softmax(x)) along one axis or several, without underflow.

    >>> log_softmax(np.array([0.0, 1000.0], np.float32))
    Array([-1000.,     0.], dtype=float32)
    """
    return nn.log_softmax(x, axis=axis)

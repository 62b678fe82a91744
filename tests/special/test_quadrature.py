"""Nodes of Gauss and Legendre's rule on [0, 1]."""

import mpmath as mp
import numpy as np
import pytest

from minijax.special.quadrature import _nodes

FLOAT64 = np.dtype("float64")


@pytest.mark.parametrize("count", [12, 32, 48])
def test_each_node_is_right_relative_to_its_own_size(count):
    """P(2 t - 1) = 0, to the last digits of t; those of 1 are 100 times as many."""
    t, w = _nodes(count, FLOAT64)
    with mp.workdps(40):
        polynomial = lambda x: mp.legendre(count, 2 * x - 1)  # noqa: E731
        first = mp.findroot(polynomial, mp.mpf(t[0]))
        slope = mp.diff(polynomial, first) / 2
        weight = 1 / (4 * first * (1 - first) * slope**2)

    np.testing.assert_allclose(t[0], float(first), rtol=2e-16)
    np.testing.assert_allclose(w[0], float(weight), rtol=4e-16)


def test_powers_are_integrated():
    """The integral of t**k is 1 / (k + 1) for k < 2 count."""
    t, w = _nodes(12, FLOAT64)
    k = np.arange(24)

    np.testing.assert_allclose(w @ t[:, None] ** k, 1 / (k + 1), rtol=1e-14)

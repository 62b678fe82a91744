"""The stored Chebyshev coefficients give the functions that `tables.py` defines."""

import importlib.util
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from minijax.special import tables as stored

_SPEC = importlib.util.spec_from_file_location(
    "chebyshev_tables", Path(__file__).with_name("tables.py")
)
defined = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(defined)


@pytest.mark.parametrize("name", defined.TABLES)
def test_coefficients_sum_to_the_function(name):
    """sum c[k] T_k(t) = f(t), within rounding, between the points of interpolation."""
    t = [-0.98, -0.83, -0.4, 0.07, 0.35, 0.77, 0.999]
    with mp.workdps(30):
        expected = [float(defined.TABLES[name](mp.mpf(x))) for x in t]
    got = np.polynomial.chebyshev.chebval(t, getattr(stored, name))

    # Near a zero, rounding is relative to the largest value.
    largest = np.abs(expected).max()
    np.testing.assert_allclose(got, expected, rtol=4e-15, atol=2e-16 * largest)


def test_a_wrong_coefficient_shows():
    """A change of the last coefficient that counts is seen by the test above."""
    coefficients = np.array(stored.ERFCX)
    coefficients[-8] *= 1.001
    changed = np.polynomial.chebyshev.chebval(0.35, coefficients)

    assert abs(changed - np.polynomial.chebyshev.chebval(0.35, stored.ERFCX)) > 1e-16

"""Special functions, compared with jax's."""

from .surface import FLOATS, REALS, Row, comparisons, normal, positive

ROWS = [
    Row("scipy.special.gammaln", (positive,), dtypes=REALS, order=2),
    Row("scipy.special.erf", (normal,), dtypes=FLOATS, order=2),
    Row("scipy.special.zeta", (positive, positive), order=0),
    Row("scipy.special.xlogy", (positive, positive), dtypes=REALS, order=2),
]

test_values, test_derivatives = comparisons(ROWS)

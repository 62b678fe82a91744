"""Special functions of `scipy.special` that XLA or a short formula gives."""

import numpy as np

from .. import primitives as lax
from ..nn import log_softmax as log_softmax
from ..nn import logsumexp as logsumexp
from ..nn import softmax as softmax
from ..numpy.elementwise import where_scalar
from ..numpy.promotion import broadcast_shapes_of, promote_inexact


def _unary(name, primitive, doc):
    def function(x):
        (x,) = promote_inexact(name, x)
        return primitive(x)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function


erf = _unary("erf", lax.erf, "Elementwise error function.")
erfc = _unary("erfc", lax.erfc, "Elementwise 1 - erf(x), accurate for large x.")
erfinv = _unary("erfinv", lax.erf_inv, "Elementwise inverse of erf on (-1, 1).")
gammaln = _unary("gammaln", lax.lgamma, "Elementwise log |Gamma(x)|.")
digamma = _unary("digamma", lax.digamma, "Elementwise derivative of gammaln.")
psi = digamma
expit = _unary("expit", lax.logistic, "Elementwise 1 / (1 + e^-x).")


def logit(x):
    """Elementwise log(x / (1 - x)), the inverse of expit."""
    (x,) = promote_inexact("logit", x)
    return lax.log(x / (1 - x))


def _zero_where_zero(x, value):
    """`value(x)` with 0 where x is 0, and its derivatives taken at a safe point."""
    zero = x == 0
    return where_scalar(zero, 0.0, value(where_scalar(zero, 1.0, x)))


def xlogy(x, y):
    """Elementwise x log(y), and 0 where x is 0."""
    x, y = broadcast_shapes_of("xlogy", *promote_inexact("xlogy", x, y))
    # Only log is guarded, so that the derivative in x stays log(y).
    guarded = lax.bitwise_and(x == 0, y <= 0)
    return x * lax.log(where_scalar(guarded, 1.0, y))


def xlog1py(x, y):
    """Elementwise x log(1 + y), and 0 where x is 0."""
    x, y = broadcast_shapes_of("xlog1py", *promote_inexact("xlog1py", x, y))
    guarded = lax.bitwise_and(x == 0, y <= -1)
    return x * lax.log1p(where_scalar(guarded, 0.0, y))


def entr(x):
    """Elementwise -x log(x), 0 at 0, and -inf below."""
    (x,) = promote_inexact("entr", x)
    positive = _zero_where_zero(x, lambda safe: -safe * lax.log(lax.abs(safe)))
    return where_scalar(x < 0, -np.inf, positive)


def ndtr(x):
    """Elementwise distribution function of the standard normal."""
    (x,) = promote_inexact("ndtr", x)
    half = np.asarray(np.sqrt(0.5)).astype(x.dtype)[()]
    return 0.5 * lax.erfc(-x * half)


def polygamma(n, x):
    """Elementwise n-th derivative of digamma."""
    n, x = broadcast_shapes_of("polygamma", *promote_inexact("polygamma", n, x))
    return lax.polygamma(n, x)


def zeta(x, q):
    """Elementwise Hurwitz zeta function."""
    x, q = broadcast_shapes_of("zeta", *promote_inexact("zeta", x, q))
    return lax.zeta(x, q)


def gamma(x):
    """Elementwise gamma function, with its sign for negative x."""
    (x,) = promote_inexact("gamma", x)
    # Between poles at 0, -1, -2, ... the sign alternates.
    negative = lax.bitwise_and(x < 0, lax.floor(x) % 2 != 0)
    value = lax.exp(lax.lgamma(x))
    signed = lax.select(negative, -value, value)
    pole = lax.bitwise_and(x <= 0, lax.floor(x) == x)
    return where_scalar(pole, np.nan, signed)


def betaln(a, b):
    """Elementwise log of the beta function."""
    a, b = broadcast_shapes_of("betaln", *promote_inexact("betaln", a, b))
    return lax.lgamma(a) + lax.lgamma(b) - lax.lgamma(a + b)


def factorial(n, exact=False):
    """Elementwise n!, as a float."""
    if exact:
        raise NotImplementedError(
            "factorial: exact=True is not supported. Use math.factorial."
        )
    (n,) = promote_inexact("factorial", n)
    return where_scalar(n < 0, 0.0, lax.exp(lax.lgamma(n + 1)))


def multigammaln(a, d: int):
    """Elementwise log of the multivariate gamma function of dimension d."""
    (a,) = promote_inexact("multigammaln", a)
    constant = d * (d - 1) / 4 * np.log(np.pi)
    return constant + sum(lax.lgamma(a - j / 2) for j in range(d))

"""Gamma and beta functions, complete and incomplete, and what counts with them."""

import math
import operator

import numpy as np

from ... import primitives as lax
from ... import special
from ...api import compiled
from ...core.literal import aval_of
from ...dtypes import COMPLEX, INTS, canonicalize
from ...numpy.promotion import as_operand
from ...numpy.selection import where
from ...runtime.array import from_numpy
from ...special.stirling import SHIFT, stirling_remainder
from .arguments import operands, strong, strong_reals


@compiled
def gammaln(x):
    """log |Gamma(x)|; inf at 0, -1, -2, ...

    >>> gammaln(np.array([0.0, 2.0]))
    Array([inf,  0.], dtype=float32)
    """
    return special.log_gamma(*operands("gammaln", x))


@compiled
def gamma(x):
    """The gamma function; of negative numbers, with its sign.

    It is nan at -1, -2, ... and at -inf, and inf with the sign of zero at 0. Complex
    numbers may be given, whose derivatives are complex.

    >>> gamma(np.array([0.5, 5.0, -1.0]))
    Array([ 1.7724539, 24.       ,        nan], dtype=float32)
    """
    (x,) = operands("gamma", x)
    return special.gamma(strong(x))


@compiled
def loggamma(x):
    """The logarithm of the gamma function on its principal branch.

    Of complex numbers it is analytic off the negative real axis; of negative real
    numbers it is nan.

    >>> loggamma(np.array([3.0, -0.5]))
    Array([0.693147,      nan], dtype=float32)
    """
    (x,) = operands("loggamma", x)
    if aval_of(x).dtype in COMPLEX:
        return special.complex_log_gamma(x)
    return where(x < 0, math.nan, special.log_gamma(x))


@compiled
def gammasgn(x):
    """The sign of the gamma function; that of the zero at 0, and nan at -1, -2, ...

    >>> gammasgn(np.array([2.5, -0.5, -1.5]))
    Array([ 1., -1.,  1.], dtype=float32)
    """
    (x,) = strong_reals("gammasgn", x)
    floor = lax.floor(x)
    odd = floor - 2 * lax.floor(floor / 2) != 0
    sign = where((x < 0) & odd, -1.0, where(x == 0, lax.sign(1 / x), 1.0))
    return where((x < 0) & (x == floor) | (x != x), math.nan, sign).astype(x.dtype)


@compiled
def digamma(x):
    """The derivative of `gammaln`; nan at 0, -1, -2, ...

    >>> digamma(np.array([1.0, 2.0]))
    Array([-0.5772154 ,  0.42278463], dtype=float32)
    """
    return lax.digamma(*operands("digamma", x))


psi = digamma


@compiled
def polygamma(n, x):
    """The n-th derivative of `digamma` at x.

    Args:
      n: integers, not negative.
      x: real numbers.

    >>> polygamma(1, 1.0)
    Array(1.644934, dtype=float32, weak_type=True)

    Raises:
      ValueError: if n has another dtype than integers.
    """
    n = as_operand("polygamma", n)
    if aval_of(n).dtype not in INTS:
        raise ValueError(
            f"polygamma: n must be of integer type, got {aval_of(n)}. Convert it with "
            "astype."
        )
    return lax.polygamma(*operands("polygamma", n, x))


@compiled
def zeta(x, q=None):
    """The Hurwitz zeta function, the sum of (k + q)**-x over k >= 0.

    >>> zeta(2.0, 1.0)
    Array(1.644934, dtype=float32, weak_type=True)

    Raises:
      NotImplementedError: without q, as Riemann's function.
    """
    if q is None:
        raise NotImplementedError(
            "zeta: the Riemann zeta function is not implemented. Pass q=1 for x > 1."
        )
    return lax.zeta(*operands("zeta", x, q))


@compiled
def gammainc(a, x):
    """The regularized lower incomplete gamma function P(a, x), for a, x >= 0.

    It is the distribution function of gamma samples of shape a. Its derivatives in both
    arguments are accurate to every order.

    >>> gammainc(1.0, np.array([0.0, 1.0]))
    Array([0.        , 0.6321206], dtype=float32)
    """
    return special.igamma(*operands("gammainc", a, x))


@compiled
def gammaincc(a, x):
    """The regularized upper incomplete gamma function 1 - P(a, x), for a, x >= 0.

    >>> gammaincc(1.0, np.array([0.0, 2.0]))
    Array([1.        , 0.13533528], dtype=float32)
    """
    return special.igammac(*operands("gammaincc", a, x))


@compiled
def betainc(a, b, x):
    """The regularized incomplete beta function, for a, b >= 0 and 0 <= x <= 1.

    It is the distribution function of beta samples. Its derivatives in all arguments
    are accurate to every order.

    >>> betainc(1.0, 2.0, np.array([0.0, 0.5, 1.0]))
    Array([0.  , 0.75, 1.  ], dtype=float32)
    """
    return special.betainc(*operands("betainc", a, b, x))


@compiled
def betaln(a, b):
    """log |B(a, b)| of the beta function.

    >>> betaln(2.0, 3.0)
    Array(-2.48490, dtype=float32, weak_type=True)
    """
    return _betaln(*operands("betaln", a, b))


def _betaln(a, b):
    positive = (a > 0) & (b > 0) & (a < math.inf) & (b < math.inf)
    inside = special.log_beta(where(positive, a, 1.0), where(positive, b, 1.0))
    outside = lax.lgamma(a) + lax.lgamma(b) - lax.lgamma(a + b)
    return where(positive, inside, outside)


@compiled
def beta(a, b):
    """The beta function Gamma(a) Gamma(b) / Gamma(a + b).

    >>> beta(2.0, 3.0)
    Array(0.083333, dtype=float32)
    """
    a, b = strong_reals("beta", a, b)
    sign = gammasgn(a) * gammasgn(b) * gammasgn(a + b)
    return sign * lax.exp(_betaln(a, b))


@compiled
def multigammaln(a, d):
    """The logarithm of the multivariate gamma function of dimension d.

    Args:
      a: real numbers; beyond (d - 1) / 2 for the function to be that of statistics.
      d: a number that is known while tracing.

    >>> multigammaln(3.0, 2)
    Array(1.55019, dtype=float32)
    """
    d = int(d)
    (a,) = strong_reals("multigammaln", a)
    total = sum(special.log_gamma(a - j / 2) for j in range(d)) + a * 0
    return total + d * (d - 1) / 4 * math.log(math.pi)


@compiled(static_argnames=("exact",))
def factorial(n, exact: bool = False):
    """n!, as a floating-point number: Gamma(n + 1), and 0 for negative n.

    >>> factorial(np.array([0, 4, -1]))
    Array([ 1., 24.,  0.], dtype=float32)

    Raises:
      NotImplementedError: for exact=True.
    """
    if exact:
        raise NotImplementedError(
            "factorial: exact=True is not supported. Use math.factorial."
        )
    (n,) = operands("factorial", n)
    return where(n < 0, 0.0, special.gamma(n + 1))


@compiled(static_argnames=("repetition",))
def comb(N, k, *, repetition: bool = False):
    """The number of ways to take k of N things, as a floating-point number.

    Args:
      N, k: real numbers; the result is 0 where one is negative or k > N.
      repetition: whether a thing may be taken several times.

    >>> comb(5, np.array([0, 1, 6]))
    Array([1., 5., 0.], dtype=float32)
    """
    N, k = operands("comb", N, k)
    some = (N >= 0) & (k >= 0)
    if repetition:
        N = N + k - 1
        some = some & ((k <= N) | (k == 0))
        N = where(k == 0, 1.0, N)
    else:
        some = some & (k <= N)
    n, m = where(some, N, 1.0), where(some, k, 0.0)
    # N! / (k! (N - k)!) = 1 / ((N + 1) B(N - k + 1, k + 1))
    value = lax.exp(-special.log_beta(n - m + 1, m + 1) - lax.log1p(n))
    return where(some, value, where((N != N) | (k != k), math.nan, 0.0))


@compiled
def poch(z, m):
    """The Pochhammer symbol Gamma(z + m) / Gamma(z).

    >>> poch(2.0, 3.0)
    Array(24., dtype=float32)
    """
    z, m = strong_reals("poch", z, m)
    # At a pole of both it is (-1)**m Gamma(1 - z) / Gamma(1 - z - m), by reflection.
    both = (z <= 0) & (z == lax.floor(z)) & (m == lax.floor(m)) & (z + m <= 0)
    over = where(both, 1 - z, z + m)
    under = where(both, 1 - z - m, z)
    odd = m - 2 * lax.floor(m / 2) != 0
    turned = where(both & odd, -1.0, 1.0)
    pole = (under <= 0) & (under == lax.floor(under))
    value = _gamma_quotient(where(pole, 1.0, under), where(pole, 0.0, m))
    value = where(pole & ~(over <= 0), 0.0, turned * value)
    beyond = (m == 0) & ~(abs(z) < math.inf)
    return where(beyond, 1.0, value).astype(aval_of(z).dtype)


def _gamma_quotient(x, m):
    """Gamma(x + m) / Gamma(x); neither at a pole, unless both overflow."""
    positive = (x > 0) & (x + m > 0)
    z, step = where(positive, x, 1.0), where(positive, m, 0.0)
    # From SHIFT on by the difference of Stirling's series, whose large terms are taken
    # together; below by the recurrence.
    low = (z < SHIFT) | (z + step < SHIFT)
    rising = 1.0
    for k in range(SHIFT):
        rising = rising * where(low, (z + k) / (z + k + step), 1.0)
    under = where(low, z + SHIFT, z)
    over = under + step
    log = step * lax.log(over) + (under - 0.5) * lax.log1p(step / under) - step
    log = log + stirling_remainder(over) - stirling_remainder(under)
    value = rising * lax.exp(log)
    others = lax.exp(special.log_gamma(x + m) - special.log_gamma(x))
    return where(positive, value, gammasgn(x + m) * gammasgn(x) * others)


def bernoulli(n: int):
    """The Bernoulli numbers B(0), ..., B(n), with B(1) = -1/2.

    >>> bernoulli(4)
    Array([ 1.        , -0.5       ,  0.16666667,  0.        , -0.03333334],
          dtype=float32)

    Raises:
      ValueError: if n is negative.
    """
    n = operator.index(n)
    if n < 0:
        raise ValueError(f"bernoulli: n must be a non-negative integer, got {n}.")
    numbers = np.zeros(n + 1)
    numbers[:2] = (1.0, -0.5)[: n + 1]
    zeta_of_k, size = math.pi**2 / 6, 1 / 6
    for k in range(2, n + 1, 2):
        numbers[k] = size if k % 4 == 2 else -size
        # |B(k)| = 2 k! zeta(k) / (2 pi)**k: Abramowitz and Stegun 23.1.18
        above = _riemann_zeta(k + 2)
        size *= (k + 1) * (k + 2) / (4 * math.pi**2) * (above / zeta_of_k)
        zeta_of_k = above
    with np.errstate(over="ignore"):
        return from_numpy(numbers.astype(canonicalize(np.float64)))


def _riemann_zeta(s: int) -> float:
    """zeta(s) for s >= 4, from 100 terms and Euler and Maclaurin's rest."""
    n = 100
    head = math.fsum(k**-s for k in range(1, n))
    rest = n ** (1 - s) / (s - 1) + n**-s / 2 + s * n ** (-s - 1) / 12
    return head + rest - s * (s + 1) * (s + 2) * n ** (-s - 3) / 720

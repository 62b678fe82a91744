"""Integrals of exponentials, sines and logarithms, and the scaled error functions."""

from ... import primitives as lax
from ... import special
from ...api import compiled
from ...core.literal import aval_of
from ...dtypes import COMPLEX
from ...numpy.promotion import convert
from ...primitives.elementwise.builders import complex_dtype
from .arguments import operands, single_or_double, strong, strong_reals


@compiled
def exp1(x):
    """The exponential integral E1(x) of exp(-t) / t from x to infinity; nan for x < 0.

    >>> exp1(np.array([0.0, 1.0]))
    Array([       inf, 0.21938393], dtype=float32)
    """
    return special.exp1(*strong_reals("exp1", x))


@compiled
def expi(x):
    """The exponential integral Ei(x) of exp(t) / t from -infinity to x.

    >>> expi(np.array([-1.0, 0.0, 1.0]))
    Array([-0.21938393,        -inf,  1.8951178 ], dtype=float32)
    """
    return special.expi(*strong_reals("expi", x))


@compiled
def expn(n, x):
    """The integral of exp(-x t) / t**n over t > 1, for whole n >= 0 and x >= 0.

    >>> expn(2, np.array([0.0, 1.0]))
    Array([1.        , 0.14849551], dtype=float32)
    """
    return special.expn(*strong_reals("expn", n, x))


@compiled
def sici(x):
    """The sine and cosine integrals.

    The first is the integral of sin(t) / t from 0 to x, the second that of cos(t) / t
    from infinity to |x|.

    >>> sici(1.0)
    (Array(0.94608307, dtype=float32), Array(0.3374039, dtype=float32))
    """
    (x,) = strong_reals("sici", x)
    return special.sine_integral(x), special.cosine_integral(x)


@compiled
def fresnel(x):
    """The Fresnel integrals of sin(pi t**2 / 2) and cos(pi t**2 / 2) from 0 to x.

    >>> fresnel(1.0)
    (Array(0.43825918, dtype=float32), Array(0.7798934, dtype=float32))

    Raises:
      NotImplementedError: for complex numbers.
    """
    (x,) = operands("fresnel", x)
    if aval_of(x).dtype in COMPLEX:
        raise NotImplementedError(
            f"fresnel: needs real numbers, got {aval_of(x)}. For complex ones use wofz."
        )
    x = strong(x)
    return special.fresnel_s(x), special.fresnel_c(x)


@compiled
def dawsn(x):
    """Dawson's integral: exp(-x**2) times the integral of exp(t**2) from 0 to x.

    >>> dawsn(np.array([0.0, 1.0]))
    Array([0.       , 0.5380795], dtype=float32)
    """
    return special.dawsn(*strong_reals("dawsn", x))


@compiled
def erfcx(x):
    """exp(x**2) erfc(x), which neither overflows nor underflows for large x.

    Complex numbers may be given.

    >>> erfcx(np.array([0.0, 1e30]))
    Array([1.0000000e+00, 5.6418956e-31], dtype=float32)
    """
    (x,) = operands("erfcx", x)
    x = strong(x)
    if aval_of(x).dtype in COMPLEX:
        # erfcx(z) = w(i z)
        return special.wofz(lax.complex(-lax.imag(x), lax.real(x)))
    return special.erfcx(x)


@compiled
def wofz(z):
    """The Faddeeva function exp(-z**2) erfc(-i z), of real or complex numbers.

    >>> wofz(1j)
    Array(0.42758355+0.j, dtype=complex64)
    """
    (z,) = operands("wofz", z)
    z = strong(z)
    if aval_of(z).dtype not in COMPLEX:
        z = convert(z, complex_dtype(aval_of(z).dtype))
    return special.wofz(z)


@compiled
def spence(x):
    """The integral of log(t) / (1 - t) from 1 to x, of an f32 or f64 array; x >= 0.

    It is the dilogarithm of 1 - x.

    >>> spence(np.array([0.0, 2.0], np.float32))
    Array([ 1.644934, -0.822467], dtype=float32)

    Raises:
      TypeError: for other dtypes.
    """
    return special.spence(single_or_double("spence", x))


@compiled
def owens_t(h, a):
    """Owen's T function, a probability of the bivariate normal distribution.

    It is 1 / (2 pi) times the integral of exp(-h**2 (1 + t**2) / 2) / (1 + t**2) from 0
    to a.

    >>> owens_t(0.0, 1.0)
    Array(0.125, dtype=float32)
    """
    return special.owens_t(*strong_reals("owens_t", h, a))

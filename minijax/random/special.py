"""How a gamma sample moves with its parameter: the implicit derivative.

A sample z of parameter a that keeps its probability P(a, z) fixed obeys

    dz/da = - (dP/da) / (dP/dz),        dP/dz = z**(a-1) exp(-z) / Gamma(a)

M. Figurnov, S. Mohamed, A. Mnih, "Implicit reparameterization gradients", NeurIPS 2018.
P is given by its series where z < a + 1, and 1 - P by its continued fraction elsewhere
(Abramowitz and Stegun 6.5.29 and 6.5.31); both are differentiated term by term.
"""

from .. import dtypes
from .. import numpy as jnp
from .. import primitives as lax
from ..control import while_loop


def gamma_log_slope(a, log_z):
    """d(log z)/da for gamma samples z of parameter a, elementwise."""
    z = jnp.exp(log_z)
    by_series = log_z < jnp.log(a + 1)
    # Each branch gets arguments on which it converges quickly.
    one = lax.full_like(a, 1)
    from_series = _series_slope(jnp.where(by_series, a, one), log_z, z * by_series)
    safe_z = jnp.where(by_series, a + 2, z)
    safe_log = jnp.where(by_series, jnp.log(a + 2), log_z)
    return jnp.where(by_series, from_series, _fraction_slope(a, safe_log, safe_z))


def _series_slope(a, log_z, z):
    """-(1/a) (S (log z - digamma(a + 1)) + dS/da),  S = sum of z**n / (a+1)...(a+n)."""
    eps = float(dtypes.finfo(a.dtype).eps)

    def unfinished(state):
        _, term, _, total, slope = state
        return jnp.any(term > eps * total) & jnp.all(jnp.isfinite(slope))

    def add(state):
        n, term, harmonic, total, slope = state
        n = n + 1
        term = term * z / (a + n)
        harmonic = harmonic + 1 / (a + n)  # -d(log term)/da
        return n, term, harmonic, total + term, slope - term * harmonic

    one, zero = lax.full_like(a, 1), lax.full_like(a, 0)
    start = jnp.zeros((), a.dtype), one, zero, one, zero
    total, slope = while_loop(unfinished, add, start)[3:]
    return -(total * (log_z - lax.digamma(a + 1)) + slope) / a


def _fraction_slope(a, log_z, z):
    """C (log z - digamma(a)) + dC/da,  C = 1/(z+1-a - 1(1-a)/(z+3-a - 2(2-a)/...)).

    Lentz's method: C is the product of ratios delta of successive convergents. Each
    quantity is carried with its derivative with respect to a.
    """
    eps = float(dtypes.finfo(a.dtype).eps)
    one, zero = lax.full_like(a, 1), lax.full_like(a, 0)

    def unfinished(state):
        n, _, _, _, _, _, _, delta = state
        return jnp.any(jnp.abs(delta - 1) > eps) & (n < 1000)

    def multiply(state):
        n, c, c_dot, d, d_dot, value, log_dot, _ = state
        n = n + 1
        b = z + 2 * n + 1 - a  # its derivative is -1
        step = -n * (n - a)  # its derivative is n
        # d <- 1 / (b + step d),  c <- b + step / c
        new_d = 1 / (b + step * d)
        d_dot = -new_d * new_d * (-1 + n * d + step * d_dot)
        c_dot = -1 + n / c - step * c_dot / (c * c)
        c = b + step / c
        d = new_d
        delta = c * d
        log_dot = log_dot + c_dot / c + d_dot / d
        return n, c, c_dot, d, d_dot, value * delta, log_dot, delta

    first = 1 / (z + 1 - a)
    start = (
        jnp.zeros((), a.dtype),
        # The convergent before the first is infinite: its inverse is what enters.
        lax.full_like(a, 1e30 if a.dtype != jnp.float16 else 6e4),
        zero,
        first,
        first * first,
        first,
        first,
        one * 2,
    )
    _, _, _, _, _, value, log_dot, _ = while_loop(unfinished, multiply, start)
    return value * (log_z - lax.digamma(a)) + value * log_dot

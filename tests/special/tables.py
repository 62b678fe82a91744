"""Chebyshev coefficients of `minijax/special/tables.py`, computed anew by mpmath.

    python tests/special/tables.py > minijax/special/tables.py

Each table is a function of t in [-1, 1] that is analytic beyond; coefficients smaller
than the rounding of the largest in f64 are left out.
"""

from collections.abc import Callable

import mpmath as mp

DIGITS = 40
POINTS = 64


def log_gamma_1p(t):
    """log Gamma(1 + a) / a for a = (1 + t) / 2."""
    a = (1 + t) / 2
    return mp.loggamma(1 + a) / a if a else -mp.euler


def stirling(t):
    """x times the remainder of Stirling's formula for 9 / x**2 = (1 + t) / 2."""
    u = (1 + t) / 18
    if u * 10**6 < 1:
        terms = [mp.bernoulli(2 * k) / (2 * k * (2 * k - 1)) for k in range(1, 8)]
        return mp.fsum(c * u**k for k, c in enumerate(terms))
    x = 1 / mp.sqrt(u)
    formula = (x - mp.mpf(1) / 2) * mp.log(x) - x + mp.log(2 * mp.pi) / 2
    return x * (mp.loggamma(x) - formula)


def erfcx(t):
    """(1 + 2 x) exp(x**2) erfc(x) for x = 3.75 (1 + t) / (1 - t)."""
    x = mp.mpf(15) / 4 * (1 + t) / (1 - t)
    if x < 1000:
        return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)
    terms = [(-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(10)]
    return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * mp.fsum(terms)


def ndtri_center(t):
    """ndtri(1/2 + q) / q for q**2 = 0.425**2 (1 + t) / 2."""
    q = mp.mpf("0.425") * mp.sqrt((1 + t) / 2)
    return mp.sqrt(2) * mp.erfinv(2 * q) / q if q else mp.sqrt(2 * mp.pi)


def ndtri_tail(t):
    """-ndtri(exp(-r**2)) for r = 3.3 + 1.7 t."""
    return _upper_quantile(mp.mpf("3.3") + mp.mpf("1.7") * t)


def ndtri_far(t):
    """-ndtri(exp(-r**2)) for r = 16.25 + 11.25 t."""
    return _upper_quantile(mp.mpf("16.25") + mp.mpf("11.25") * t)


def _upper_quantile(r):
    def excess(y):
        return mp.log(mp.erfc(y) / 2) + r * r

    return mp.sqrt(2) * mp.findroot(excess, mp.sqrt(max(r * r - 1, mp.mpf("0.1"))))


def i0e_far(t):
    """sqrt(x) exp(-x) I0(x) for x = 16 / (1 + t)."""
    return _scaled_bessel(0, t)


def i1e_far(t):
    """sqrt(x) exp(-x) I1(x) for x = 16 / (1 + t)."""
    return _scaled_bessel(1, t)


def _scaled_bessel(order, t):
    x = 16 / (1 + t)
    return mp.sqrt(x) * mp.exp(-x) * mp.besseli(order, x)


def exp1_far(t):
    """x exp(x) E1(x) for x = (3 + t) / (1 - t)."""
    x = (3 + t) / (1 - t)
    if x < 1000:
        return x * mp.exp(x) * mp.e1(x)
    return mp.fsum((-1) ** k * mp.factorial(k) / x**k for k in range(12))


def expi_middle(t):
    """x exp(-x) Ei(x) for 1 / x = (1 + t / 2) / 12."""
    x = 12 / (1 + t / 2)
    return x * mp.exp(-x) * mp.ei(x)


def expi_far(t):
    """x exp(-x) Ei(x) for x = 48 / (1 + t)."""
    x = 48 / (1 + t)
    if x < 2000:
        return x * mp.exp(-x) * mp.ei(x)
    return mp.fsum(mp.factorial(k) / x**k for k in range(12))


def sici_f(t):
    """x f(x) for the auxiliary function f of Si and Ci, 16 / x**2 = (1 + t) / 2."""
    x = 4 / mp.sqrt((1 + t) / 2)
    if x > 2000:
        return mp.fsum((-1) ** k * mp.factorial(2 * k) / x ** (2 * k) for k in range(8))
    return x * (mp.ci(x) * mp.sin(x) - (mp.si(x) - mp.pi / 2) * mp.cos(x))


def sici_g(t):
    """x**2 g(x) for the auxiliary function g of Si and Ci, 16 / x**2 = (1 + t) / 2."""
    x = 4 / mp.sqrt((1 + t) / 2)
    if x > 2000:
        terms = [(-1) ** k * mp.factorial(2 * k + 1) / x ** (2 * k) for k in range(8)]
        return mp.fsum(terms)
    return x * x * -(mp.ci(x) * mp.cos(x) + (mp.si(x) - mp.pi / 2) * mp.sin(x))


def fresnel_f(t):
    """pi x f(x) for the auxiliary f of S and C, (1.6 / x)**4 = (1 + t) / 2."""
    x = mp.mpf("1.6") / ((1 + t) / 2) ** mp.mpf("0.25")
    if x > 40:
        z = mp.pi * x * x
        terms = [(-1) ** k * mp.fac2(4 * k - 1) / z ** (2 * k) for k in range(6)]
        return mp.fsum(terms)
    s, c = mp.fresnels(x) - mp.mpf(1) / 2, mp.fresnelc(x) - mp.mpf(1) / 2
    return mp.pi * x * (c * mp.sin(mp.pi * x * x / 2) - s * mp.cos(mp.pi * x * x / 2))


def fresnel_g(t):
    """pi**2 x**3 g(x) for the auxiliary g of S and C, (1.6 / x)**4 = (1 + t) / 2."""
    x = mp.mpf("1.6") / ((1 + t) / 2) ** mp.mpf("0.25")
    if x > 40:
        z = mp.pi * x * x
        terms = [(-1) ** k * mp.fac2(4 * k + 1) / z ** (2 * k) for k in range(6)]
        return mp.fsum(terms)
    s, c = mp.fresnels(x) - mp.mpf(1) / 2, mp.fresnelc(x) - mp.mpf(1) / 2
    z = mp.pi * x * x / 2
    return -(mp.pi**2) * x**3 * (c * mp.cos(z) + s * mp.sin(z))


TABLES: dict[str, Callable] = {
    "LOG_GAMMA_1P": log_gamma_1p,
    "STIRLING": stirling,
    "ERFCX": erfcx,
    "NDTRI_CENTER": ndtri_center,
    "NDTRI_TAIL": ndtri_tail,
    "NDTRI_FAR": ndtri_far,
    "I0E_FAR": i0e_far,
    "I1E_FAR": i1e_far,
    "EXP1_FAR": exp1_far,
    "EXPI_MIDDLE": expi_middle,
    "EXPI_FAR": expi_far,
    "SICI_F": sici_f,
    "SICI_G": sici_g,
    "FRESNEL_F": fresnel_f,
    "FRESNEL_G": fresnel_g,
}


def coefficients(f: Callable, count: int = POINTS) -> list[float]:
    """The Chebyshev coefficients of a function on [-1, 1], in f64."""
    with mp.workdps(DIGITS):
        angles = [mp.pi * (j + mp.mpf(1) / 2) / count for j in range(count)]
        values = [f(mp.cos(angle)) for angle in angles]
        found = []
        for k in range(count):
            terms = [v * mp.cos(k * a) for v, a in zip(values, angles, strict=True)]
            found.append(float(2 * mp.fsum(terms) / count))
    found[0] /= 2
    least = 1e-17 * max(map(abs, found))
    last = max(k for k, c in enumerate(found) if abs(c) > least)
    return found[: last + 1]


HEAD = '''"""Chebyshev coefficients of smooth factors of special functions, for f64.

Written by `tests/special/tables.py`, which says what each of them is.
"""
'''


def main():
    print(HEAD)
    for name, f in TABLES.items():
        print(f"# {f.__doc__.splitlines()[0]}")
        rows = "".join(f"    {c!r},\n" for c in coefficients(f))
        print(f"{name} = (\n{rows})")


if __name__ == "__main__":
    main()

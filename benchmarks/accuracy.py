"""How far special functions are off, in units of the last place, beside jax's.

    python -m benchmarks.accuracy                  # both tables, as docs/accuracy.md
    python -m benchmarks.accuracy gammainc i0      # some functions
    python -m benchmarks.accuracy --worst 5 ndtri  # where the largest errors are

The truth is mpmath's, at the arguments as the dtype rounds them, with 40 digits. A unit
is the distance of neighbouring numbers of the dtype at the true value. Rounding the
arguments alone moves a value by about its condition number, the sum of |x df/dx / f|
over the arguments; so errors are also given divided by 1 + condition. jax runs in a
process of its own, if it is installed.
"""

import argparse
import importlib
import math
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import mpmath as mp
import numpy as np

DIGITS = 40
MOST = 240  # points of a function of several variables
PACKAGES = ("minijax", "jax")
DTYPES = ("float32", "float64")


# Where


def spread(low, high, count):
    """Numbers from low to high, both positive, their logarithms evenly spaced."""
    return np.geomspace(low, high, count).tolist()


def even(low, high, count):
    """Numbers from low to high, evenly spaced."""
    return np.linspace(low, high, count).tolist()


def both_signs(xs):
    """The numbers and their opposites."""
    return [*[-x for x in xs], *xs]


def around(places, widths=(1e-6, 1e-3, 0.1)):
    """Numbers near poles and zeros, on both sides."""
    return [p + s for p in places for w in widths for s in (-w, w)]


def combined(*axes):
    """Combinations of numbers, a sample of them where there are many."""
    count = math.prod(map(len, axes))
    chosen = np.random.default_rng(count).permutation(count)[:MOST]
    places = np.unravel_index(np.sort(chosen), [len(axis) for axis in axes])
    return [
        tuple(axis[k] for axis, k in zip(axes, place, strict=True))
        for place in zip(*places, strict=True)
    ]


def alone(*lists):
    """Arguments of a function of one variable."""
    return [(x,) for xs in lists for x in xs]


TINY = spread(1e-30, 1e-3, 10)
MIDDLE = spread(1e-3, 60.0, 60)
LARGE = spread(60.0, 1e30, 12)
POSITIVE = [*TINY, *MIDDLE, *LARGE]
NEGATIVE = [-x for x in even(0.013, 9.71, 60)]
POLES = around([0.0, -1.0, -2.0, -5.0])
SHAPE = [1e-10, 1e-3, 0.1, 0.5, 0.9, 1.0, 1.7, 3.0, 7.5, 20.0, 100.0, 3e3, 1e5]
UNIT = [1e-30, 1e-8, 1e-3, *even(0.01, 0.99, 45), 0.999, 1 - 1e-6]
ORDERS = [0.0, 1.0, 2.0, 5.0, 30.0]


def quantiles():
    """Parameters, and arguments around where the distribution is."""
    ratios = [1e-20, 1e-3, 0.1, 0.5, 0.9, 0.99, 1.0, 1.01, 1.1, 1.5, 3.0, 20.0]
    return [(a, a * r) for a in SHAPE for r in ratios] + combined(SHAPE, MIDDLE)[:80]


# What


def upper_gamma(a, x):
    """By Legendre's continued fraction, x >= a + 1, in Lentz's form."""
    if x < a + 1:
        with mp.workdps(2 * DIGITS):
            return 1 - lower_gamma(a, x)
    b = x + 1 - a
    c, d = mp.inf, 1 / b
    product, change, k = d, mp.mpf(0), 0
    while abs(change - 1) > mp.mpf(10) ** (5 - mp.mp.dps):
        k += 1
        term = -k * (k - a)
        b += 2
        d = 1 / (term * d + b)
        c = b + term / c
        change = c * d
        product *= change
    return product * mp.exp(a * mp.log(x) - x - mp.loggamma(a))


def lower_gamma(a, x):
    """By the series of positive terms, or from the other one where it is smaller."""
    if x > a + 1:
        with mp.workdps(2 * DIGITS):
            return 1 - upper_gamma(a, x)
    total = term = 1 / a
    k = 0
    while term > total * mp.mpf(10) ** (5 - mp.mp.dps):
        k += 1
        term *= x / (a + k)
        total += term
    return total * mp.exp(a * mp.log(x) - x - mp.loggamma(a))


def lower_beta(a, b, x):
    return mp.betainc(a, b, 0, x, regularized=True)


def log_beta(a, b):
    with mp.workdps(60):
        return mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)


def normal(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def normal_quantile(p):
    if p > 0.5:
        return -normal_quantile(1 - p)
    if p == 0.5:
        return mp.mpf(0)
    start = mp.sqrt(max(-mp.log(p) - 1, mp.mpf("0.2")))
    root = mp.findroot(lambda y: mp.log(mp.erfc(y) / 2) - mp.log(p), start)
    return -mp.sqrt(2) * root


def erf_inverse(y):
    with mp.workdps(80):
        return -normal_quantile((1 - y) / 2) / mp.sqrt(2)


def owens(h, a):
    def density(t):
        return mp.exp(-h * h * (1 + t * t) / 2) / (1 + t * t)

    end = min(abs(a), 14 / max(abs(h), mp.mpf("1e-9")))
    value = mp.quad(density, mp.linspace(0, end, 9)) / (2 * mp.pi)
    return value if a > 0 else -value


def scaled_erfc(x):
    if x < 1000:
        return mp.exp(x * x) * mp.erfc(x)
    return mp.fsum(
        (-1) ** k * mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(9)
    ) / (x * mp.sqrt(mp.pi))


def dawson(x):
    if abs(x) > 100:
        return mp.fsum(mp.fac2(2 * k - 1) / (2 * x * x) ** k for k in range(9)) / (
            2 * x
        )
    return mp.sqrt(mp.pi) / 2 * mp.exp(-x * x) * mp.erfi(x)


def sine_integral(x):
    if abs(x) < 1e5:
        return mp.si(x)
    return mp.sign(x) * mp.pi / 2 - mp.cos(x) / x - mp.sin(x) / x**2


def spence(x):
    return mp.polylog(2, 1 - x).real


def log_normal(x):
    return mp.log(normal(x)) if x < 0 else mp.log1p(-normal(-x))


def power_transform(x, p):
    return mp.expm1(p * mp.log(x)) / p if p else mp.log(x)


def log1p_transform(x, p):
    return mp.expm1(p * mp.log1p(x)) / p if p else mp.log1p(x)


def kl_divergence(p, q):
    return p * mp.log(p / q) - p + q


def in_a(a, x):
    with mp.workdps(2 * DIGITS):
        h = mp.mpf(10) ** -25 * a
        if x > a + 2:
            return (upper_gamma(a - h, x) - upper_gamma(a + h, x)) / (2 * h)
        return (lower_gamma(a + h, x) - lower_gamma(a - h, x)) / (2 * h)


def sample_slope(a, x):
    density = mp.exp((a - 1) * mp.log(x) - x - mp.loggamma(a))
    return -in_a(a, x) / density


def log_multigamma(a, d):
    return mp.fsum(mp.loggamma(a - mp.mpf(j) / 2) for j in range(d)) + (
        mp.mpf(d * (d - 1)) / 4 * mp.log(mp.pi)
    )


def chosen(n, k):
    return mp.binomial(n, k) if k <= n else mp.mpf(0)


def kummer(a, b, x):
    return mp.hyp1f1(a, b, x, zeroprec=400)


def gauss(a, b, c, x):
    return mp.re(mp.hyp2f1(a, b, c, x, zeroprec=400))


@dataclass(frozen=True)
class Row:
    """A function, mpmath's, where they are compared, and how it is called."""

    name: str
    truth: Callable
    at: Sequence
    path: str = "scipy.special"
    label: str = ""
    part: int | None = None  # of a tuple
    before: tuple = ()  # leading arguments that are the same everywhere
    keywords: tuple = ()

    def __str__(self):
        return self.label or self.name


def row(*args, **kwargs):
    return Row(*args, **kwargs)


SIGNED = both_signs([*spread(1e-20, 1e-2, 6), *even(0.05, 12.0, 60)])
FAR = both_signs([15.0, 25.0, 36.0, 60.0, 80.0])
REAL = [*SIGNED, *FAR]
HALVES = [0.013, 0.3, 0.77, 1.0, 2.6, 5.5, 12.0, 40.0]
GAMMA = alone(spread(1e-30, 1e-2, 9), even(0.05, 34.9, 120), [60.5, 100.25, 170.3],
    NEGATIVE, POLES)  # fmt: skip
ROWS = [
    row("gammaln", lambda x: mp.log(abs(mp.gamma(x))) if x < 1e6 else mp.loggamma(x),
        alone(POSITIVE, even(0.6, 2.5, 60), NEGATIVE, POLES)),
    row("lgamma", lambda x: mp.log(abs(mp.gamma(x))),
        alone(MIDDLE, even(0.6, 2.5, 60), NEGATIVE, POLES), path="lax",
        label="lax.lgamma"),
    row("gamma", mp.gamma, GAMMA),
    row("loggamma", mp.loggamma, alone(POSITIVE)),
    row("digamma", mp.digamma,
        alone(POSITIVE, even(1.2, 1.8, 40), NEGATIVE, POLES)),
    *[row("polygamma", lambda x, n=n: mp.polygamma(n, x),
          alone(spread(1e-6, 1e6, 80)), label=f"polygamma({n}, x)", before=(n,))
      for n in (1, 2, 5)],
    row("zeta", mp.zeta, combined([1.01, 1.5, 2.0, 3.7, 10.0, 30.0],
        spread(1e-3, 1e3, 40))),
    row("gammainc", lower_gamma, quantiles()),
    row("gammaincc", upper_gamma, quantiles()),
    row("igamma_grad_a", in_a, [p for p in quantiles() if p[0] < 1e3], path="lax",
        label="lax.igamma_grad_a"),
    row("random_gamma_grad", sample_slope,
        [p for p in quantiles() if p[0] < 1e3], path="lax",
        label="lax.random_gamma_grad"),
    row("betainc", lower_beta, combined([1e-3, 0.1, 0.6, 1.0, 2.5, 9.0, 70.0, 400.0],
        [1e-3, 0.1, 0.6, 1.0, 2.5, 9.0, 70.0, 400.0], UNIT)),
    row("betaln", log_beta, combined(SHAPE, [*SHAPE, 1e8])),
    row("beta", mp.beta, combined([1e-10, 1e-3, 0.1, 0.5, 1.0, 1.7, 3.0, 7.5, 20.0],
        [1e-10, 1e-3, 0.1, 0.5, 1.0, 1.7, 3.0, 7.5, 20.0, 100.0])),
    row("multigammaln", lambda a: log_multigamma(a, 4), alone(spread(1.6, 1e5, 60)),
        label="multigammaln(a, 4)", keywords=(("d", 4),)),
    row("factorial", mp.factorial, alone(even(0.0, 33.0, 67))),
    row("comb", chosen, combined([1.0, 3.0, 10.0, 60.5, 300.0, 1e5],
        [0.0, 0.5, 1.0, 2.0, 2.5, 7.0, 40.0])),
    row("poch", mp.rf, combined([1e-3, 0.3, 2.0, 8.5, 40.0, 1e3, -1.5, -7.3],
        [-0.25, 1e-4, 0.5, 1.0, 2.0, 5.5, 20.0])),
    row("erf", mp.erf, alone(SIGNED)),
    row("erfc", mp.erfc, alone(SIGNED, [15.0, 20.0, 26.0])),
    row("erfinv", erf_inverse, alone(both_signs([1e-20, 1e-8, 1e-3, *even(0.01, 0.99,
        50), 0.999, 1 - 1e-4, 1 - 1e-6]))),
    row("erfcx", scaled_erfc, alone(SIGNED, [-9.0, 15.0, 60.0, 1e3, 1e10, 1e30])),
    row("dawsn", dawson, alone(REAL, both_signs([1e3, 1e10, 1e30]))),
    row("ndtr", normal, alone(SIGNED, [-13.5, -20.0, -30.0, -37.0])),
    row("log_ndtr", log_normal, alone(REAL, [-1e3, -1e10])),
    row("ndtri", normal_quantile, alone([1e-300, 1e-100, 1e-38, 1e-20, 1e-10, 1e-5],
        UNIT)),
    row("i0", lambda x: mp.besseli(0, x), alone(REAL)),
    row("i1", lambda x: mp.besseli(1, x), alone(REAL)),
    row("i0e", lambda x: mp.exp(-abs(x)) * mp.besseli(0, x), alone(REAL, [1e3, 1e4])),
    row("i1e", lambda x: mp.exp(-abs(x)) * mp.besseli(1, x), alone(REAL, [1e3, 1e4])),
    *[row("bessel_jn", lambda x, v=v: mp.besselj(v, x),
          alone([1e-3], even(0.05, 45.0, 120), [100.0, 1e3]), part=v,
          label=f"bessel_jn, order {v}", keywords=(("v", v),)) for v in (0, 1, 5, 20)],
    row("exp1", mp.e1, alone(spread(1e-30, 80.0, 90))),
    row("expi", mp.ei, alone(both_signs(spread(1e-30, 80.0, 90)), even(0.3, 0.45, 20))),
    row("expn", mp.expint, combined(ORDERS, spread(1e-6, 80.0, 40))),
    row("sici", sine_integral, alone(both_signs([*TINY, *even(0.1, 40.0, 80), 1e3,
        1e6])), label="sici, sine", part=0),
    row("sici", mp.ci, alone([*TINY, *even(0.1, 40.0, 80), 1e3, 1e4]),
        label="sici, cosine", part=1),
    row("fresnel", mp.fresnels, alone(both_signs([1e-8, 1e-3, *even(0.05, 9.0, 80),
        50.0, 1e3])), label="fresnel, sine", part=0),
    row("fresnel", mp.fresnelc, alone(both_signs([1e-8, 1e-3, *even(0.05, 9.0, 80),
        50.0, 1e3])), label="fresnel, cosine", part=1),
    row("spence", spence, alone(spread(1e-20, 1e-2, 8), even(0.03, 4.0, 90),
        spread(4.0, 1e20, 20))),
    row("owens_t", owens, combined(both_signs([1e-3, 0.2, 1.0, 2.5, 6.0]),
        both_signs([1e-3, 0.3, 0.8, 1.0, 1.5, 6.0, 40.0]))),
    row("hyp1f1", kummer, combined([-2.0, 0.3, 1.0, 2.5, 9.0], [0.4, 1.5, 3.0, 8.0],
        [-60.0, -8.0, -3.0, -0.5, 1e-3, 0.5, 3.0, 8.0, 30.0, 60.0])),
    row("hyp2f1", gauss, combined([-2.0, 0.3, 1.0, 2.5],
        [0.4, 1.5, 3.0], [0.7, 2.0, 6.3], [-30.0, -3.0, -0.4, 1e-3, 0.2, 0.6, 0.9])),
    row("expit", lambda x: 1 / (1 + mp.exp(-x)), alone(REAL)),
    row("logit", lambda p: mp.log(p) - mp.log1p(-p), alone(UNIT)),
    row("entr", lambda x: -x * mp.log(x), alone(POSITIVE)),
    row("xlogy", lambda x, y: x * mp.log(y), combined(HALVES, POSITIVE)),
    row("xlog1py", lambda x, y: x * mp.log1p(y),
        combined(HALVES, [*POSITIVE, -1e-5, -0.3, -0.9])),
    row("rel_entr", lambda p, q: p * mp.log(p / q), combined(HALVES, HALVES)),
    row("kl_div", kl_divergence,
        [*combined(HALVES, HALVES), *[(p, p * (1 + e)) for p in HALVES
         for e in (1e-5, 1e-3, -0.01, 0.1)]]),
    row("boxcox", power_transform,
        combined([1e-6, 0.01, 0.5, 0.99, 1.01, 2.0, 30.0, 1e4],
        [-2.0, -0.5, -1e-5, 0.0, 1e-9, 1e-3, 0.5, 1.0, 3.0])),
    row("boxcox1p", log1p_transform, combined([-0.9, -1e-3, 1e-10, 1e-3, 0.5, 2.0, 1e4],
        [-2.0, -0.5, -1e-5, 0.0, 1e-9, 1e-3, 0.5, 1.0, 3.0])),
]  # fmt: skip


# How far


def columns(r: Row, dtype: str):
    """The arguments, one array each, without points that underflow."""
    wide = np.array(r.at, np.float64)
    tiny = (wide != 0) & (np.abs(wide) < np.finfo(dtype).tiny)
    return wide[~tiny.any(axis=1)].T.astype(dtype)


def evaluated(package: str, rows, dtype: str):
    """The values of functions at their points, by one package, as f64."""
    module = importlib.import_module(package)
    importlib.import_module(f"{package}.scipy.special")
    module.config.update("jax_enable_x64", dtype == "float64")
    found = []
    for r in rows:
        owner = importlib.import_module(f"{package}.{r.path}")
        f = getattr(owner, r.name)

        def one(xs, f=f, r=r):
            value = f(*r.before, *xs, **dict(r.keywords))
            return value if r.part is None else value[r.part]

        # One by one: jax's exp1 and expn of some arrays never end.
        value = module.jit(lambda xs, one=one: module.lax.map(one, xs))(
            tuple(columns(r, dtype))
        )
        found.append(np.asarray(value).astype(np.float64))
    return found


def separately(package: str, names, dtype: str):
    """The same in a process of its own; None if the package is missing."""
    if importlib.util.find_spec(package) is None:
        return None
    command = [sys.executable, "-m", __spec__.name, "--evaluate", package, dtype]
    done = subprocess.run([*command, *names], stdout=subprocess.PIPE, check=True)
    return pickle.loads(done.stdout)


def condition(r: Row, xs, value):
    """The sum of |x df/dx / f|, by differences."""
    if value == 0:
        return mp.mpf(0)
    total = mp.mpf(0)
    h = mp.mpf(10) ** -12
    for k, x in enumerate(xs):
        moved = [*xs[:k], x * (1 + h), *xs[k + 1 :]]
        total += abs((r.truth(*moved) - value) / (h * value))
    return total


def true_values(r: Row, dtype: str):
    """mpmath's value and the condition number at each point."""
    found = []
    with mp.workdps(DIGITS):
        for point in columns(r, dtype).astype(np.float64).T.tolist():
            xs = [mp.mpf(x) for x in point]
            value = mp.re(r.truth(*xs))
            found.append((value, float(condition(r, xs, value))))
    return found


def errors(r: Row, got, truth, dtype: str):
    """Units in the last place at each point, and the same divided by 1 + condition."""
    info = np.finfo(dtype)
    found = []
    for y, (exact, bound) in zip(got, truth, strict=True):
        size = abs(exact)
        if not mp.isfinite(exact):
            units = 0.0  # a pole
        elif size > mp.mpf(float(info.max)):
            units = 0.0 if abs(y) == math.inf else math.inf
        elif not math.isfinite(y):
            units = math.inf
        else:
            exponent = max(mp.frexp(size)[1] - 1, int(info.minexp)) if size else 0
            unit = mp.ldexp(1, exponent - int(info.nmant))
            small = size < 2 * mp.mpf(float(info.tiny))  # which XLA may flush to zero
            units = 0.0 if small and abs(y) < 4 * info.tiny else abs(y - exact) / unit
        found.append((float(units), float(units / (1 + bound))))
    return np.nan_to_num(found, nan=0.0, posinf=math.inf)


def shown(x):
    if x > 1e15:
        return "wrong"
    return f"{x:.1f}" if x < 99.5 else f"{x:.0f}" if x < 1e5 else f"{x:.0e}"


def report(names, worst):
    rows = [r for r in ROWS if not names or r.name in names]
    for dtype in DTYPES:
        values = {p: separately(p, names, dtype) for p in PACKAGES}
        print(f"\n## {dtype}\n")
        print("| function | minijax | jax | minijax / condition | jax / condition |")
        print("| --- | ---: | ---: | ---: | ---: |")
        for k, r in enumerate(rows):
            truth = true_values(r, dtype)
            off = {
                p: errors(r, found[k], truth, dtype)
                for p, found in values.items()
                if found is not None
            }
            cells = [
                shown(off[p][:, j].max()) if p in off else ""
                for j in (0, 1)
                for p in PACKAGES
            ]
            print(f"| `{r}` | {' | '.join(cells)} |", flush=True)
            for place in np.argsort(-off["minijax"][:, 1])[:worst]:
                units = [f"{p} {shown(e[place, 1])}" for p, e in off.items()]
                got = [f"{v[k][place]:.9g}" for v in values.values() if v is not None]
                exact, bound = truth[place]
                at = columns(r, dtype).T[place].tolist()
                print(
                    f"    {at}: {', '.join(units)}; {' and '.join(got)}, "
                    f"is {float(exact):.9g}, condition {bound:.2g}"
                )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="functions; all if there are none")
    parser.add_argument("--worst", type=int, default=0, help="points shown of each")
    parser.add_argument("--evaluate", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.evaluate:
        package, dtype = options.evaluate
        rows = [r for r in ROWS if not options.names or r.name in options.names]
        sys.stdout.buffer.write(pickle.dumps(evaluated(package, rows, dtype)))
        return
    report(options.names, options.worst)


if __name__ == "__main__":
    main()

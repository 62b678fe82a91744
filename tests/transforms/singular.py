"""Functions with a singularity in a branch that is not taken, and the branch that is.

Each row is a function of one number, written for a package `m` (minijax, or jax), a
point, and the branch that is taken there as a function for mpmath, which differentiates
it to any order.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np


class Singular(NamedTuple):
    """One function at one point."""

    name: str
    function: Callable[[Any, Any], Any]  # f(m, x)
    point: float
    branch: Callable[[Any], Any]  # the same near the point, as mpmath sees it

    def __str__(self):
        return self.name


def zero(x):
    return mp.mpf(0)


def one(x):
    return mp.mpf(1)


def guarded(of, other=0.0):
    """where(x > 0, f(x), other), with the function of m.numpy named or given."""

    def function(m, x):
        f = getattr(m.numpy, of) if isinstance(of, str) else lambda x: of(m, x)
        return m.numpy.where(x > 0, f(x), other)

    return function


def below_one(of):
    def function(m, x):
        return m.numpy.where(x < 1, getattr(m.numpy, of)(x), x * x)

    return function


def square(x):
    return x * x


def entropy(m, x):
    p = m.numpy.stack([0 * x, x, 1 - x])
    return -m.numpy.sum(m.numpy.where(p > 0, p * m.numpy.log(p), 0.0))


def divergence(m, x):
    p = m.numpy.stack([0 * x, x])
    q = m.numpy.stack([0 * x, 2 * x])
    ratio = m.numpy.log(p) - m.numpy.log(q)
    return m.numpy.sum(m.numpy.where(p > 0, p * ratio, 0.0))


def cross_entropy(m, x):
    y = np.array([0.0, 1.0])
    p = m.numpy.stack([0 * x, x])
    some = m.numpy.where(y > 0, y * m.numpy.log(p), 0.0)
    none = m.numpy.where(y < 1, (1 - y) * m.numpy.log1p(-p), 0.0)
    return -m.numpy.sum(some + none)


def pairwise(m, x):
    points = m.numpy.stack([0 * x, x, 3 * x])
    gaps = points[:, None] - points[None, :]
    return m.numpy.sum(m.numpy.where(np.eye(3, dtype=bool), 0.0, m.numpy.sqrt(gaps**2)))


def same_place(m, x):
    p, q = x * np.array([1.0, 2.0]), x * np.array([1.0, 2.0])
    d2 = m.numpy.sum((p - q) ** 2)
    return m.numpy.where(d2 > 0, m.numpy.sqrt(d2), 0.0)


def normalized(m, x):
    v = x * np.array([[3.0, 4.0], [0.0, 0.0]])
    n = m.numpy.sqrt(m.numpy.sum(v * v, axis=1, keepdims=True))
    return m.numpy.sum(m.numpy.where(n > 0, v / n, 0.0) * x)


def unit_or_zero(m, x):
    v = x * np.array([3.0, 4.0])
    n = m.numpy.linalg.norm(v)
    return m.numpy.sum(m.numpy.where(n > 0, v / n, v))


def row_norms(m, x):
    v = x * np.array([[3.0, 4.0], [0.0, 0.0]])
    return m.numpy.sum(m.numpy.linalg.norm(v, axis=1) ** 3)


def segments(m, values, ids, count):
    return m.numpy.zeros(count, values.dtype).at[np.array(ids)].add(values)


def segment_means(m, x):
    total = segments(m, x * np.array([1.0, 2.0, 3.0]), [0, 0, 2], 3)
    count = segments(m, np.ones(3), [0, 0, 2], 3)
    mean = m.numpy.where(count > 0, total / count, 0.0)
    return m.numpy.sum(mean**2)


def segment_logs(m, x):
    total = segments(m, x * np.array([1.0, 2.0, 3.0]), [0, 0, 2], 3)
    return m.numpy.sum(m.numpy.where(total > 0, m.numpy.log(total), 0.0))


def segment_norms(m, x):
    total = segments(m, (x * np.array([1.0, 2.0, 2.0])) ** 2, [0, 0, 2], 3)
    return m.numpy.sum(m.numpy.where(total > 0, m.numpy.sqrt(total), 0.0)) ** 2


def segment_of_logs(m, x):
    y = m.numpy.log(x * np.array([0.0, 1.0, 2.0]))
    kept = m.numpy.where(np.array([False, True, True]), y, 0.0)
    return m.numpy.sum(segments(m, kept, [0, 0, 1], 2) ** 2)


MASK = np.array([True, True, False])


def scores(m, x):
    return m.numpy.where(MASK, m.numpy.log(x * np.array([1.0, 2.0, 0.0])), -np.inf)


def masked_softmax(m, x):
    s = m.numpy.where(MASK, x * np.array([1.0, -1.0, np.nan]), -np.inf)
    return m.nn.softmax(s)[0]


def logsumexp_of_nothing(m, x):
    s = m.numpy.where(np.zeros(2, bool), x * np.ones(2), -np.inf)
    return m.numpy.where(x > 0, m.nn.logsumexp(s), x * x)


def rows_without_keys(m, x):
    mask = np.array([[True, True], [False, False]])
    s = m.numpy.where(mask, m.numpy.stack([x, 2 * x]), -np.inf)
    w = m.numpy.where(mask, m.nn.softmax(s, axis=-1), 0.0)
    return m.numpy.sum(w * np.array([1.0, 2.0]))


def nested(m, x):
    log, sqrt, where = m.numpy.log, m.numpy.sqrt, m.numpy.where
    return where(x > 0, where(x > 1, log(x - 1), sqrt(x)), x * x)


def huber(m, x):
    return m.numpy.where(abs(x) < 1, x**2 / 2, m.numpy.sqrt(2 * abs(x) - 1) - 0.5)


def selected(m, x):
    jnp = m.numpy
    return jnp.select([x > 1, x > 0], [jnp.log(x - 1), jnp.sqrt(x)], x**3)


def pieces(m, x):
    jnp = m.numpy
    cases = [lambda x: jnp.log(-x), lambda x: jnp.sqrt(x), lambda x: jnp.exp(x)]
    return jnp.sum(jnp.piecewise(x * np.ones(2), [x < 0, x > 0], cases))


def gathered(m, x):
    y = m.numpy.log(x * np.array([0.0, 1.0, 2.0]))[np.array([0, 1, 1, 2])]
    return m.numpy.sum(m.numpy.where(np.array([False, True, True, True]), y, 0.0))


def joined(m, x):
    y = m.numpy.concatenate([m.numpy.log(x * np.zeros(2)), m.numpy.exp(x)[None]])
    return m.numpy.sum(m.numpy.where(np.arange(3) == 2, y, 0.0))


def product_of_logs(m, x):
    y = np.arange(4.0).reshape(2, 2) @ m.numpy.log(x * np.ones(2))
    return m.numpy.sum(m.numpy.where(x > 0, y, x * x))


def sums_of_logs(m, x):
    y = m.numpy.cumsum(m.numpy.log(x * np.ones(3)))
    return m.numpy.sum(m.numpy.where(x > 0, y, x * x))


def moved(m, x):
    y = m.numpy.log(x * np.array([[0.0, 1.0], [2.0, 0.0]])).T[::-1].reshape(4)
    keep = np.array([[False, True], [True, False]]).T[::-1].reshape(4)
    return m.numpy.sum(m.numpy.where(keep, y, 0.0))


def own_jit(m, x):
    choose = m.jit(lambda c, y: m.numpy.where(c, y, 0.0))
    return choose(x > 0, m.jit(lambda x: m.numpy.log(m.numpy.sqrt(x)))(x)) + x * x


def scan_body(m, x):
    def step(total, a):
        return m.numpy.where(a > 0, total + m.numpy.log(a * x), total), None

    return m.lax.scan(step, x, np.arange(3.0))[0]


def scan_inside(m, x):
    def step(c, a):
        return c * m.numpy.sqrt(x) + a, c

    last, rows = m.lax.scan(step, x, np.arange(3.0))
    return m.numpy.where(x > 0, last + m.numpy.sum(rows), x * x)


def scan_of_lanes(m, x):
    def step(c, a):
        return c + a * m.numpy.sqrt(x * np.array([0.0, 1.0])), None

    c, _ = m.lax.scan(step, x * np.ones(2), np.arange(3.0))
    return m.numpy.sum(m.numpy.where(np.array([False, True]), c, x))


def counted_loop(m, x):
    def step(i, c):
        return m.numpy.where(c > 0, m.numpy.sqrt(c), c * c + c)

    return m.lax.fori_loop(0, 2, step, x)


def lanes_of_cond(m, x):
    def member(y):
        return m.lax.cond(y > 0, m.numpy.log, lambda y: y * y + y, y)

    return m.numpy.sum(m.vmap(member)(x * np.array([0.0, 1.0])))


def branches_of_cond(m, x):
    def yes(x):
        return m.numpy.where(x > 1, m.numpy.sqrt(x - 1), x * x)

    return m.lax.cond(x > 0, yes, lambda x: x, x)


def recomputed(m, x):
    f = m.checkpoint(lambda x: m.numpy.log(x) * m.numpy.sqrt(x))
    return m.numpy.where(x > 0, f(x), x * x)


def with_own_rule(m, x):
    @m.custom_jvp
    def root(x):
        return m.numpy.sqrt(x)

    @root.defjvp
    def _(primals, tangents):
        y = root(primals[0])
        return y, tangents[0] / (2 * y)

    return m.numpy.where(x > 0, root(x), x * x)


def two_conditions(m, x):
    s = m.numpy.sqrt(x)
    return m.numpy.where(x > 0, s, 0.0) + m.numpy.where(x > 1, s * s, x)


def likelihood(m, x):
    sigma = m.numpy.stack([0 * x, x])
    density = -((1.0 / sigma) ** 2) / 2 - m.numpy.log(sigma)
    return m.numpy.sum(m.numpy.where(sigma > 0, density, 0.0))


def dot(x, *factors):
    return sum(f * x for f in factors)


SNIPPETS = [
    Singular("sqrt at 0", guarded("sqrt"), 0.0, zero),
    Singular("sqrt below 0", guarded("sqrt"), -1.0, zero),
    Singular("sqrt, its own branch", guarded("sqrt"), 2.0, mp.sqrt),
    Singular("log at 0", guarded("log"), 0.0, zero),
    Singular("log below 0", guarded("log"), -2.0, zero),
    Singular("log2 at 0", guarded("log2"), 0.0, zero),
    Singular("log10 at 0", guarded("log10"), 0.0, zero),
    Singular("reciprocal", guarded(lambda m, x: 1 / x), 0.0, zero),
    Singular("quotient", guarded(lambda m, x: m.numpy.sin(x) / x, 1.0), 0.0, one),
    Singular("quotient by x^2", guarded(lambda m, x: (1 - x) / (x * x)), 0.0, zero),
    Singular("expm1(x) / x", guarded(lambda m, x: m.numpy.expm1(x) / x), 0.0, zero),
    Singular("log1p(x) / x", guarded(lambda m, x: m.numpy.log1p(x) / x), 0.0, zero),
    Singular(
        "log1p at -1",
        lambda m, x: m.numpy.where(x > -1, m.numpy.log1p(x), x * x),
        -1.0,
        square,
    ),
    Singular("power 0.5", guarded(lambda m, x: x**0.5), 0.0, zero),
    Singular("power -1.5", guarded(lambda m, x: x**-1.5), 0.0, zero),
    Singular("power x^x", guarded(lambda m, x: m.numpy.power(x, x)), 0.0, zero),
    Singular("power 1.5 below 0", guarded(lambda m, x: x**1.5), -1.0, zero),
    Singular("rsqrt", guarded(lambda m, x: m.lax.rsqrt(x)), 0.0, zero),
    Singular("cbrt", guarded("cbrt"), 0.0, zero),
    Singular("arccos at 1", below_one("arccos"), 1.0, square),
    Singular("arcsin at 1", below_one("arcsin"), 1.0, square),
    Singular("arctanh at 1", below_one("arctanh"), 1.0, square),
    Singular("arctanh beyond 1", below_one("arctanh"), 2.0, square),
    Singular(
        "arccosh at 1",
        lambda m, x: m.numpy.where(x > 1, m.numpy.arccosh(x), x * x),
        1.0,
        square,
    ),
    Singular(
        "arctan2(0, 0)",
        guarded(lambda m, x: m.numpy.arctan2(x, 2 * x)),
        0.0,
        zero,
    ),
    Singular("sinc at 0", lambda m, x: m.numpy.sinc(x), 0.0, mp.sincpi),
    Singular("sinc, guarded", guarded("sinc", 1.0), 0.0, one),
    Singular("lgamma at 0", guarded(lambda m, x: m.lax.lgamma(x)), 0.0, zero),
    Singular("digamma at 0", guarded(lambda m, x: m.lax.digamma(x)), 0.0, zero),
    Singular(
        "erf_inv at 1",
        lambda m, x: m.numpy.where(x < 1, m.lax.erf_inv(x), x),
        1.0,
        lambda x: x,
    ),
    Singular("x log x", guarded(lambda m, x: x * m.numpy.log(x)), 0.0, zero),
    Singular("norm at 0", lambda m, x: m.numpy.linalg.norm(x * np.ones(3)), 0.0, zero),
    Singular(
        "3-norm at 0", lambda m, x: m.numpy.linalg.norm(x * np.ones(3), 3), 0.0, zero
    ),
    Singular("norms of rows", row_norms, 2.0, lambda x: (5 * x) ** 3),
    Singular("unit vector or 0", unit_or_zero, 0.0, lambda x: 7 * x),
    Singular("unit rows", normalized, 2.0, lambda x: mp.mpf(7) / 5 * x),
    Singular("standard deviation", lambda m, x: m.numpy.std(x * np.ones(3)), 1.0, zero),
    Singular(
        "entropy",
        entropy,
        0.25,
        lambda x: -x * mp.log(x) - (1 - x) * mp.log(1 - x),
    ),
    Singular("divergence", divergence, 0.5, lambda x: x * mp.log(0.5)),
    Singular("cross entropy", cross_entropy, 0.5, lambda x: -mp.log(x)),
    Singular("huber", huber, 0.25, lambda x: x**2 / 2),
    Singular("pairwise distances", pairwise, 1.0, lambda x: 12 * x),
    Singular("distance of a point to itself", same_place, 1.0, zero),
    Singular("likelihood", likelihood, 2.0, lambda x: -1 / x**2 / 2 - mp.log(x)),
    Singular("means of segments", segment_means, 2.0, lambda x: 11.25 * x**2),
    Singular("logs of segments", segment_logs, 2.0, lambda x: 2 * mp.log(3 * x)),
    Singular(
        "norms of segments",
        segment_norms,
        2.0,
        lambda x: (mp.sqrt(5) * x + 2 * x) ** 2,
    ),
    Singular(
        "segments of logs",
        segment_of_logs,
        2.0,
        lambda x: mp.log(x) ** 2 + mp.log(2 * x) ** 2,
    ),
    Singular(
        "softmax with a masked nan",
        masked_softmax,
        0.5,
        lambda x: 1 / (1 + mp.exp(-2 * x)),
    ),
    Singular(
        "softmax of masked logs",
        lambda m, x: m.nn.softmax(scores(m, x))[0] * x,
        2.0,
        lambda x: x / 3,
    ),
    Singular(
        "log_softmax of masked logs",
        lambda m, x: m.numpy.sum(m.nn.log_softmax(scores(m, x))[:2]) * x,
        2.0,
        lambda x: x * mp.log(mp.mpf(2) / 9),
    ),
    Singular(
        "logsumexp of masked logs",
        lambda m, x: m.nn.logsumexp(scores(m, x)),
        2.0,
        lambda x: mp.log(3 * x),
    ),
    Singular("logsumexp of nothing", logsumexp_of_nothing, 0.0, square),
    Singular(
        "attention without keys",
        rows_without_keys,
        0.5,
        lambda x: (1 + 2 * mp.exp(x)) / (1 + mp.exp(x)),
    ),
    Singular("two conditions", two_conditions, 0.0, lambda x: x),
    Singular("where in where", nested, 0.5, mp.sqrt),
    Singular("where in where at 0", nested, 0.0, square),
    Singular("select", selected, 0.5, mp.sqrt),
    Singular("piecewise", pieces, 0.0, lambda x: 2 * mp.exp(x)),
    Singular(
        "sqrt of maximum",
        lambda m, x: m.numpy.sqrt(m.numpy.maximum(x, 0.0)),
        -1.0,
        zero,
    ),
    Singular(
        "sqrt of clip", lambda m, x: m.numpy.sqrt(m.numpy.clip(x, 0.0, 1.0)), -1.0, zero
    ),
    Singular(
        "sqrt of clamp", lambda m, x: m.numpy.sqrt(m.lax.clamp(0.0, x, 1.0)), -1.0, zero
    ),
    Singular("sqrt of relu", lambda m, x: m.numpy.sqrt(m.nn.relu(x)), -1.0, zero),
    Singular(
        "log of where",
        lambda m, x: m.numpy.log(m.numpy.where(x > 0, x, 0.0)),
        -1.0,
        zero,
    ),
    Singular("gather", gathered, 2.0, lambda x: 2 * mp.log(x) + mp.log(2 * x)),
    Singular("concatenate", joined, 2.0, mp.exp),
    Singular("transpose, rev, reshape", moved, 2.0, lambda x: mp.log(2 * x * x)),
    Singular("matrix product", product_of_logs, 0.0, lambda x: 2 * x * x),
    Singular("cumulative sum", sums_of_logs, 0.0, lambda x: 3 * x * x),
    Singular("jit of a branch", own_jit, 0.0, square),
    Singular("scan body", scan_body, 1.0, lambda x: x + mp.log(x) + mp.log(2 * x)),
    Singular("scan in a branch", scan_inside, 0.0, square),
    Singular("lanes of a scan", scan_of_lanes, 2.0, lambda x: 2 * x + 3 * mp.sqrt(x)),
    Singular("counted loop", counted_loop, 0.0, lambda x: (x * x + x) ** 2 + x * x + x),
    Singular("lanes of cond", lanes_of_cond, 2.0, mp.log),
    Singular("branches of cond", branches_of_cond, 0.5, square),
    Singular("checkpoint", recomputed, 0.0, square),
    Singular("custom_jvp", with_own_rule, 0.0, square),
]

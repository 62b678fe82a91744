"""Minimisation, compared with jax's where jax's converges.

Both stop where the gradient is small enough; the points on the way, and so the last
digits, depend on the line search. Where jax's gives up, tests/scipy/optimize compares
with the known minimum.
"""

from .surface import Row, comparisons, drawn, resolve

LBFGS = "l-bfgs-experimental-do-not-rely-on-this"


def matyas(jnp, x, a):
    return 0.26 * jnp.sum(x**2) - 0.48 * x[0] * x[1] + a


def catenary(jnp, x, a):
    return jnp.sum(jnp.cosh(x - a))


def quadratic(jnp, x, a):
    weights = 1 + jnp.arange(x.shape[0], dtype=x.dtype)
    return jnp.sum(weights * (x - a) ** 2)


def minimum(function, method, **options):
    """x, fun and success of a minimisation."""

    def call(package, x0, a):
        jnp = package.numpy
        minimize = resolve(package.__name__, "scipy.optimize.minimize")
        found = minimize(
            lambda x, a: function(jnp, x, a), x0, (a,), method=method, options=options
        )
        same = found.success, jnp.zeros_like(found.jac)
        # Compared relative to 1.
        return found.x + 1, found.fun + 1, same

    return call


def types(method):
    """A result whose numbers are those of one step, and the kinds of all fields."""

    def call(package, x0, a):
        jnp = package.numpy
        minimize = resolve(package.__name__, "scipy.optimize.minimize")
        found = minimize(lambda x: jnp.sum((x - a) ** 2), x0, method=method)
        counts = found.nfev, found.njev, found.nit
        same = [jnp.zeros_like(x) for x in (*counts, found.jac)]
        return found.x, found.status, same

    return call


def refused(*args, **kwargs):
    def call(package, x0, a):
        minimize = resolve(package.__name__, "scipy.optimize.minimize")
        try:
            minimize(lambda x: package.numpy.sum(x**2), *args, **kwargs)
        except (TypeError, ValueError) as error:
            return isinstance(error, TypeError)
        raise AssertionError("the call was not refused")

    return call


start = drawn(lambda stream, shape: stream.normal(size=shape))
ARGS = (start, start)
SHAPES = (((2,), ()), ((5,), ()))
WHY = "the gradient is less than 1e-3, or 1e-7, at the end"


def row(label, call, **more):
    more = {"shapes": SHAPES, "rtol": {"f32": 1e-3, "f64": 1e-6}, "why": WHY, **more}
    return Row("scipy.optimize.minimize", ARGS, call=call, name=label, **more)


ROWS = [
    *[
        row(f"{f.__name__} {method[:5]}", minimum(f, method, gtol=gtol), dtypes=(d,))
        for f in (matyas, catenary, quadratic)
        for method in ("BFGS", LBFGS)
        for d, gtol in (("f32", 1e-3), ("f64", 1e-7))
    ],
    row("fields BFGS", types("BFGS")),
    row("fields l-bfgs", types(LBFGS), shapes=SHAPES[:1]),
    *[
        row(f"refuses {k}", refused(*args, **kwargs), shapes=SHAPES[:1], jit=False)
        for k, (args, kwargs) in enumerate(
            [
                ((1.0,), {"method": "BFGS", "args": 2.0}),
                ((1.0,), {"method": "Nelder-Mead"}),
                ((1.0,), {}),
            ]
        )
    ],
]

test_values, _ = comparisons(ROWS)

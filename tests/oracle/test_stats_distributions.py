"""Distributions of numbers, compared with jax's.

Arguments are drawn inside the support, where jax and mathematics agree. What holds at
edges and in the tails, where they do not always, is in tests/scipy/test_stats.py.
"""

from .surface import Row, comparisons, integers, normal, positive, uniform, unit

FLAT = (4,)
WIDE_SHAPES = ((2, 1), (3,), (), (1, 1), (3,))


def rows(
    distribution,
    functions,
    first,
    parameters,
    *,
    order=2,
    dtypes=("f32", "float"),
    slopes="jax",
    options=None,
):
    """Two rows for each function: of types and broadcasting, and of f64 and slopes.

    Args:
      first, parameters: how the variable and the parameters are drawn.
      order: of derivatives of the first function; of the others the first ones.
      dtypes: of the first row; scalars only for Python numbers.
      options: further fields of both rows.
    """
    args = (first, *parameters)
    count = len(args)
    options = options or {}
    table = []
    for k, name in enumerate(functions.split()):
        path = f"scipy.stats.{distribution}.{name}"
        shapes = (WIDE_SHAPES[:count], ((),) * count)
        table.append(Row(path, args, shapes=shapes, dtypes=dtypes, **options))
        wide = tuple(d if d == "i32" else "f64" for d in as_tuple(dtypes[0], count))
        table.append(
            Row(
                path,
                args,
                shapes=((FLAT,) * count,),
                dtypes=(wide,),
                order=order if k == 0 else min(order, 1),
                slopes=slopes,
                name="slopes",
                **options,
            )
        )
    return table


def as_tuple(dtypes, count):
    return (dtypes,) * count if isinstance(dtypes, str) else dtypes


LOC, SCALE = normal, positive
BELOW = uniform(-2.0, -1.0)  # a loc below the variable
COUNT = integers(0, 6)
TRIALS = integers(6, 9)
DISCRETE = ("i32", "f32")

CONTINUOUS = [
    *rows("norm", "logpdf pdf cdf logcdf sf logsf", normal, (LOC, SCALE)),
    *rows("norm", "ppf isf", unit, (LOC, SCALE)),
    *rows("uniform", "logpdf pdf cdf", unit, (BELOW, uniform(4.0, 5.0))),
    *rows("uniform", "ppf", unit, (LOC, SCALE)),
    *rows("expon", "logpdf pdf cdf logcdf sf logsf", positive, (BELOW, SCALE)),
    *rows("expon", "ppf", unit, (LOC, SCALE)),
    *rows("laplace", "logpdf pdf cdf", normal, (LOC, SCALE)),
    *rows("logistic", "logpdf pdf cdf sf", normal, (LOC, SCALE)),
    *rows("logistic", "ppf isf", unit, (LOC, SCALE)),
    *rows("cauchy", "logpdf pdf cdf logcdf sf logsf", normal, (LOC, SCALE)),
    *rows("cauchy", "ppf isf", unit, (LOC, SCALE)),
    *rows("t", "logpdf pdf", normal, (positive, LOC, SCALE)),
    *rows(
        "pareto", "logpdf pdf cdf logcdf sf logsf", positive, (positive, BELOW, unit)
    ),
    *rows("pareto", "ppf", unit, (positive, LOC, SCALE)),
    # jax refuses their derivatives: it multiplies with a float0.
    *rows(
        "gumbel_r",
        "logpdf pdf cdf logcdf sf logsf",
        unit,
        (unit, uniform(1, 3)),
        slopes="differences",
    ),
    *rows("gumbel_r", "ppf", unit, (LOC, SCALE), slopes="differences"),
    *rows(
        "gumbel_l",
        "logpdf pdf cdf logcdf sf logsf",
        unit,
        (unit, uniform(1, 3)),
        slopes="differences",
    ),
    *rows("gumbel_l", "ppf", unit, (LOC, SCALE), slopes="differences"),
    *rows("gamma", "logpdf pdf", positive, (positive, BELOW, SCALE)),
    *rows(
        "gamma",
        "cdf logcdf sf logsf",
        positive,
        (positive, BELOW, SCALE),
        order=1,
        options={"wide": True, "why": "jax takes log(1 - x) of a rounded x"},
    ),
    *rows("chi2", "logpdf pdf", positive, (positive, BELOW, SCALE)),
    *rows("chi2", "cdf logcdf sf logsf", positive, (positive, BELOW, SCALE), order=1),
    *rows(
        "beta",
        "logpdf pdf",
        unit,
        (positive, positive, uniform(-0.2, -0.1), uniform(1.4, 2.0)),
    ),
    *rows(
        "beta",
        "cdf logcdf sf logsf",
        unit,
        (positive, positive, uniform(-0.2, -0.1), uniform(1.4, 2.0)),
        order=1,
        slopes="differences",
    ),
    *rows("gennorm", "logpdf pdf", normal, (positive,)),
    *rows("gennorm", "cdf", normal, (positive,), order=1),
    *rows(
        "truncnorm",
        "logpdf pdf cdf logcdf sf logsf",
        uniform(-0.5, 0.5),
        (uniform(-3, -1), uniform(1, 3), uniform(-0.2, 0.2), uniform(0.8, 1.2)),
        order=1,
    ),
    *rows("vonmises", "logpdf pdf", normal, (positive,)),
    *rows("wrapcauchy", "logpdf pdf", uniform(0.1, 6.0), (unit,)),
]

WHOLE = [
    *rows("bernoulli", "logpmf pmf", integers(0, 1), (unit,), dtypes=(DISCRETE,)),
    *rows("bernoulli", "cdf", integers(-1, 2), (unit,), dtypes=(DISCRETE,)),
    *rows("bernoulli", "ppf", unit, (unit,)),
    *rows(
        "binom", "logpmf pmf", COUNT, (TRIALS, unit), dtypes=(("i32", "i32", "f32"),)
    ),
    # Between whole numbers.
    *[
        Row(
            f"scipy.stats.binom.{name}",
            (unit, TRIALS, unit),
            shapes=(((4,), (4,), (4,)), ((), (), ())),
            dtypes=("f32", "float"),
            name="between",
        )
        for name in ("logpmf", "pmf")
    ],
    *rows("geom", "logpmf pmf", integers(1, 6), (unit,), dtypes=(DISCRETE,)),
    *rows(
        "nbinom", "logpmf pmf", COUNT, (positive, unit), dtypes=(("i32", "f32", "f32"),)
    ),
    *rows(
        "betabinom",
        "logpmf pmf",
        COUNT,
        (TRIALS, positive, positive),
        dtypes=(("i32", "i32", "f32", "f32"),),
        slopes="differences",
        options={"rtol": {"f64": 1e-6}, "why": "jax's betaln is off by 1e-7"},
    ),
    *rows("poisson", "logpmf pmf", COUNT, (positive,), dtypes=(DISCRETE,)),
    *rows("poisson", "cdf", COUNT, (positive,), dtypes=(DISCRETE,), order=1),
    *rows(
        "poisson",
        "entropy",
        positive,
        (),
        order=1,
        slopes="differences",
        options={"rtol": {"f64": 1e-6}, "why": "jax's sum is off by 1e-7"},
    ),
]

test_values, test_derivatives = comparisons(CONTINUOUS + WHOLE)

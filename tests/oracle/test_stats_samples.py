"""Distributions of vectors, statistics and densities of samples, beside jax's."""

import numpy as np

from .surface import Row, comparisons, drawn, integers, normal, positive


def simplex(stream, shape):
    x = stream.gamma(2.0, size=shape)
    return x / x.sum(axis=0)


def covariance(stream, shape):
    root = stream.normal(size=shape)
    return root @ np.swapaxes(root, -1, -2) + np.eye(shape[-1])


def probabilities(stream, shape):
    x = stream.gamma(2.0, size=shape)
    return x / x.sum(axis=-1, keepdims=True)


VECTORS = [
    *[
        Row(
            f"scipy.stats.dirichlet.{name}",
            (drawn(simplex), positive),
            shapes=(((3,), (3,)), ((3, 2), (3,))),
            order=1,
        )
        for name in ("logpdf", "pdf")
    ],
    *[
        Row(
            f"scipy.stats.multinomial.{name}",
            (drawn(lambda stream, shape: np.asarray([1, 2, 3])), drawn(lambda *_: 6)),
            shapes=(((3,), ()),),
            dtypes=("i32",),
            call=lambda package, x, n, name=name: getattr(
                package.scipy.stats.multinomial, name
            )(x, n, package.numpy.asarray([0.2, 0.3, 0.5])),
        )
        for name in ("logpmf", "pmf")
    ],
    Row(
        "scipy.stats.multinomial.logpmf",
        (
            drawn(lambda stream, shape: np.asarray([1, 2, 3])),
            drawn(lambda *_: 6),
            drawn(probabilities),
        ),
        shapes=(((3,), (), (3,)),),
        dtypes=(("i32", "i32", "f64"),),
        order=2,
    ),
    *[
        Row(
            f"scipy.stats.multivariate_normal.{name}",
            (normal, normal, drawn(covariance)),
            shapes=(
                ((3,), (3,), (3, 3)),
                ((2, 3), (3,), (3, 3)),
                ((4, 2, 3), (2, 3), (2, 3, 3)),
                ((3,), (2, 3), (3, 3)),
                ((), (3,), (3, 3)),
                ((0, 3), (3,), (3, 3)),
            ),
            order=1,
        )
        for name in ("logpdf", "pdf")
    ],
    Row(
        "scipy.stats.multivariate_normal.logpdf",
        (normal, normal, positive),
        shapes=(((3,), (), ()), ((2, 3), (3,), ()), ((), (), ())),
        dtypes=("f32", "f64", "float", "i32"),
        order=2,
        name="scalars",
    ),
]

TIED = integers(0, 4)
ONE = (((9,),), ((3, 4),), ((0,),))
PLANES = (((3, 4),), ((2, 0),))

SAMPLES = [
    Row("scipy.stats.mode", (TIED,), shapes=ONE, dtypes=("i32", "f32", "f16", "b")),
    Row("scipy.stats.mode", (TIED,), {"keepdims": True}, shapes=PLANES, name="kept"),
    Row("scipy.stats.mode", (TIED,), {"axis": -1}, shapes=PLANES, name="-1"),
    Row(
        "scipy.stats.mode",
        (TIED,),
        {"axis": 1, "keepdims": True},
        shapes=PLANES,
        name="kept 1",
    ),
    Row("scipy.stats.mode", (TIED,), {"axis": None}, shapes=ONE, name="None"),
    Row(
        "scipy.stats.mode",
        (TIED,),
        {"axis": None, "keepdims": True},
        shapes=PLANES,
        name="all",
    ),
    *[
        Row(
            "scipy.stats.rankdata",
            (TIED,),
            {"method": method},
            shapes=ONE,
            dtypes=("i32", "f32", "f64", "c64"),
            name=method,
        )
        for method in ("average", "min", "max", "dense", "ordinal")
    ],
    *[
        Row(
            "scipy.stats.rankdata",
            (TIED,),
            {"method": method, "axis": axis},
            shapes=PLANES,
            name=f"{method} {axis}",
        )
        for method in ("average", "min", "max", "dense", "ordinal")
        for axis in (0, -1)
    ],
    Row(
        "scipy.stats.rankdata",
        (drawn(lambda *_: np.array([1.0, np.nan, 2.0])),),
        shapes=(((3,),),),
        name="nan",
    ),
    Row(
        "scipy.stats.sem",
        (normal,),
        shapes=ONE,
        dtypes=("f32", "f16", "i32", "f64", "c64", "b"),
    ),
    Row(
        "scipy.stats.sem",
        (normal,),
        shapes=(((9,),), ((3, 4),)),
        dtypes=("f64", "c128"),
        order=1,
        name="slopes",
    ),
    Row("scipy.stats.sem", (normal,), {"axis": None, "ddof": 0}, shapes=ONE, name="0"),
    Row(
        "scipy.stats.sem",
        (normal,),
        {"axis": 1, "keepdims": True},
        shapes=PLANES,
        name="kept",
    ),
    Row(
        "scipy.stats.sem",
        (drawn(lambda *_: np.array([[1.0, np.nan, 2.0], [3.0, 1.0, 7.0]])),),
        {"nan_policy": "omit", "axis": 1},
        shapes=(((2, 3),),),
        name="omit",
    ),
]


def estimate(package, sample, *weights, **options):
    return package.scipy.stats.gaussian_kde(sample, None, *weights, **options)


def kde_row(name, call, *shapes, **options):
    return Row(
        "scipy.stats.gaussian_kde",
        (normal,) * len(shapes[0]),
        shapes=shapes,
        call=call,
        name=name,
        **options,
    )


KDE = [
    kde_row("tree", estimate, ((6,),), ((2, 6),), dtypes=("f32", "f64", "i32")),
    kde_row(
        "evaluate",
        lambda package, x, y: estimate(package, x)(y),
        ((6,), (3,)),
        ((6,), ()),
        ((2, 6), (2, 5)),
        ((2, 6), (2,)),
        order=2,
    ),
    kde_row(
        "logpdf",
        lambda package, x, y: estimate(package, x).logpdf(y),
        ((6,), (3,)),
        ((2, 6), (2, 5)),
        order=1,
    ),
    kde_row(
        "silverman",
        lambda package, x: package.scipy.stats.gaussian_kde(x, "silverman"),
        ((2, 6),),
    ),
    kde_row(
        "number",
        lambda package, x: package.scipy.stats.gaussian_kde(x, 0.3).covariance,
        ((2, 6),),
    ),
    kde_row(
        "function",
        lambda package, x: (
            package.scipy.stats.gaussian_kde(x, lambda k: 0.1 * k.d).covariance
        ),
        ((2, 6),),
    ),
    kde_row(
        "integrate_gaussian",
        lambda package, x, y: estimate(package, x).integrate_gaussian(
            y, 1 + package.numpy.eye(2, dtype=x.dtype)
        ),
        ((2, 6), (2,)),
        order=1,
    ),
    kde_row(
        "integrate_box_1d",
        lambda package, x, y: estimate(package, x).integrate_box_1d(y, y + 1.0),
        ((6,), ()),
        order=1,
    ),
    kde_row(
        "integrate_kde",
        lambda package, x, y: estimate(package, x).integrate_kde(estimate(package, y)),
        ((6,), (4,)),
        ((2, 6), (2, 5)),
        order=1,
    ),
    kde_row(
        "resample",
        lambda package, x: estimate(package, x).resample(package.random.key(1), (4,)),
        ((2, 6),),
        dtypes=("f32",),
    ),
    Row(
        "scipy.stats.gaussian_kde",
        (normal, positive, normal),
        shapes=(((6,), (6,), (3,)), ((2, 6), (6,), (2, 3))),
        call=lambda package, x, w, y: estimate(package, x, w)(y),
        order=1,
        name="weights",
    ),
]

INTEGRALS = [
    Row(
        "scipy.integrate.trapezoid",
        (normal,),
        shapes=(((5,),), ((2, 3),)),
        dtypes=("f32", "f64", "i32"),
        order=1,
    ),
    Row(
        "scipy.integrate.trapezoid",
        (normal,),
        {"dx": 0.5, "axis": 0},
        shapes=(((5,),), ((2, 3),)),
        dtypes=("f32", "c64"),
        name="dx",
    ),
    Row(
        "scipy.integrate.trapezoid",
        (normal, normal),
        shapes=(((5,), (5,)), ((2, 3), (3,)), ((2, 3), (2, 3))),
        order=1,
    ),
]

test_values, test_derivatives = comparisons(VECTORS + SAMPLES + KDE + INTEGRALS)

"""Special functions, compared with jax's.

Where jax has no derivatives in an argument, or loses digits, they are compared with
central differences; tests/scipy/test_special.py compares values with mpmath.
"""

from .surface import (
    Row,
    comparisons,
    fixed,
    inside,
    integers,
    normal,
    positive,
    uniform,
    unit,
)

# A sample of the dtypes: weak numbers, integers, half precision.
REALS = ("f32", "f64", "bf16", "i32", "float")
FLOATS = ("f32", "f64", "f16", "float")
STRONG = ("f32", "f64", "float")  # functions that take no other dtypes
SINGLE = ("f32", "f64")
ONE = (((),), ((2, 3),))
TWO = (((), ()), ((2, 1), (3,)))
# Of these, values are compared with jax's in double precision.
HALF = {"wide": True, "why": "jax computes in half precision"}
LOSES = {"wide": True, "why": "jax loses digits in f32"}


def unary(path, draw=normal, dtypes=REALS, shapes=ONE, **kwargs):
    kwargs["shapes"] = shapes
    return Row(f"scipy.special.{path}", (draw,), dtypes=dtypes, **kwargs)


def binary(path, draws=(positive, positive), dtypes=SINGLE, shapes=TWO, **kwargs):
    kwargs["shapes"] = shapes
    return Row(f"scipy.special.{path}", draws, dtypes=dtypes, **kwargs)


VECTOR = (((3,),), ((2, 3),))
ROWS = [
    unary("gammaln", positive, order=2),
    unary("gammaln", uniform(-4.7, 4.7), SINGLE, name="signed"),
    unary("gamma", uniform(-4.7, 4.7), REALS, **HALF),
    unary("gamma", positive, SINGLE, order=2, name="positive"),
    unary("gamma", uniform(0.3, 3.0), ("c64", "c128"), **LOSES),
    unary("loggamma", uniform(0.6, 9.0), REALS),
    unary("loggamma", uniform(-3.0, 3.0), ("c64", "c128"), **LOSES),
    unary("gammasgn", uniform(-4.7, 4.7), REALS),
    unary("digamma", positive, REALS, order=2),
    unary("factorial", integers(0, 6), REALS, **HALF),
    unary("erf", normal, order=2),
    unary("erfc", normal, order=2),
    unary("erfinv", inside, FLOATS, order=2),
    unary("erfcx", normal, REALS, order=2, **HALF),
    unary("erfcx", uniform(-1.0, 2.0), ("c64", "c128"), **LOSES),
    unary("wofz", normal, REALS, **HALF),
    unary("wofz", uniform(-1.0, 2.0), ("c64", "c128"), **LOSES),
    unary("dawsn", normal, REALS, order=2, **HALF),
    unary("ndtr", normal, STRONG, order=2),
    unary("ndtri", unit, STRONG, order=2),
    unary("log_ndtr", normal, STRONG, order=2),
    unary("expit", normal, (*REALS, "c64", "c128"), order=2),
    unary("logit", unit, (*FLOATS, "c64", "c128"), order=2, **HALF),
    unary("entr", positive, REALS, order=2),
    unary("i0", normal, order=2, **HALF),
    unary("i0e", normal, order=2),
    unary("i1", normal, order=2, **HALF),
    unary("i1e", normal, order=2),
    unary("exp1", positive, FLOATS, order=2, slopes="differences", **HALF),
    unary("expi", positive, SINGLE, order=2, **LOSES),
    unary("sici", positive, REALS, order=2, **HALF),
    unary("fresnel", normal, REALS, order=2, **HALF),
    # jax's slope is nan for 1 < x < 2.
    unary("spence", positive, STRONG, order=2, slopes="differences"),
    binary("gammainc", shapes=(), order=2, slopes="differences", **LOSES),
    binary("gammaincc", order=2, slopes="differences", **LOSES),
    binary("gammainc", dtypes=("f16", "bf16", "i32", "float"), **LOSES,
           name="dtypes"),
    Row("scipy.special.betainc", (positive, positive, unit), order=2,
        shapes=(((), (), ()), ((2, 1), (3,), ())), slopes="differences", **LOSES),
    Row("scipy.special.betainc", (positive, positive, unit), dtypes=("f16", "float"),
        shapes=(((), (), ()),), **LOSES, name="dtypes"),
    # Relative to terms that cancel, jax's betaln is off by 1e-7.
    binary("betaln", dtypes=REALS, order=2, slopes="differences", wide=True,
           rtol={"f64": 1e-6}, why="jax loses digits"),
    binary("beta", dtypes=REALS, order=2, slopes="differences",
           wide=True, rtol={"f64": 1e-6}, why="jax loses digits"),
    binary("poch", dtypes=FLOATS, order=2, wide=True, rtol={"f16": 2e-2},
           why="jax and minijax take products of twenty factors in half precision"),
    binary("comb", (uniform(5.0, 9.0), uniform(0.0, 4.0)), REALS, **HALF),
    binary("comb", (uniform(1.0, 9.0), uniform(0.0, 4.0)), kwargs={"repetition": True},
           **LOSES, name="repetition"),
    binary("zeta", (uniform(1.2, 6.0), positive), dtypes=FLOATS, **HALF),
    binary("polygamma", (integers(0, 4), positive), **LOSES,
           dtypes=(("i32", "f32"), ("i32", "f64"), ("int", "float"))),
    binary("xlogy", dtypes=REALS, order=2),
    binary("xlog1py", dtypes=REALS, order=2),
    binary("xlogy", dtypes=("c64", "c128"), name="complex"),
    binary("kl_div", dtypes=REALS, order=2, **HALF),
    binary("rel_entr", dtypes=REALS, order=2, **HALF),
    binary("boxcox", dtypes=REALS, order=2, **HALF),
    binary("boxcox1p", dtypes=REALS, order=2, **HALF),
    binary("expn", (integers(1, 5), positive), **LOSES,
           dtypes=(("i32", "f32"), ("i32", "f64"))),
    binary("owens_t", (normal, normal), order=2, **LOSES),
    Row("scipy.special.hyp1f1", (positive, positive, uniform(-3.0, 6.0)), order=1,
        shapes=(((), (), ()), ((2, 1), (3,), ())),
        slopes="differences", **LOSES),
    Row("scipy.special.hyp2f1", (positive, positive, positive, uniform(-0.4, 0.8)),
        shapes=(((4,), (4,), (4,), (4,)),), order=1, slopes="differences",
        **LOSES),
    Row("scipy.special.multigammaln", (uniform(3.0, 9.0), fixed(4)), order=2,
        shapes=(((), ()), ((2, 3), ())), dtypes=(("f32", "int"), ("f64", "int"))),
    Row("scipy.special.bernoulli", (fixed(9),), shapes=(((),),), dtypes=("int",)),
    Row("scipy.special.bessel_jn", (uniform(1.0, 20.0),), kwargs={"v": 3}, order=2,
        shapes=(((4,),), ((2, 3),)), dtypes=("f64",)),
    Row("scipy.special.lpmn", (fixed(3), fixed(3), inside), dtypes=SINGLE,
        shapes=(((), (), (4,)),), **LOSES),
    Row("scipy.special.lpmn_values", (fixed(3), fixed(3), inside, fixed(True)),
        dtypes=SINGLE, shapes=(((), (), (4,), ()),), **LOSES),
    Row("scipy.special.sph_harm_y",
        (integers(2, 4), integers(-2, 2), uniform(0.1, 3.0), uniform(0.0, 6.0)),
        kwargs={"n_max": 4}, **LOSES,
        # Of one degree for several angles, jax takes the first angle.
        shapes=(((3,), (3,), (3,), (3,)), ((1,), (1,), (1,), (1,))),
        dtypes=(("i32", "i32", "f32", "f32"), ("i32", "i32", "f64", "f64"))),
    unary("softmax", normal, FLOATS, shapes=VECTOR, order=2),
    unary("log_softmax", normal, FLOATS, shapes=VECTOR, order=2),
    unary("softmax", normal, SINGLE, shapes=VECTOR, kwargs={"axis": -1}, name="axis"),
    unary("logsumexp", normal, FLOATS, shapes=VECTOR, order=2),
    Row("lax.igamma", (positive, positive), shapes=(((), ()), ((2, 3), (2, 3)),
        ((2, 1), (1, 3))), **LOSES),
    Row("lax.igammac", (positive, positive), shapes=(((), ()), ((2, 3), (2, 3))),
        **LOSES),
    Row("lax.igamma_grad_a", (positive, positive), shapes=(((2, 3), (2, 3)),),
        **LOSES),
    Row("lax.random_gamma_grad", (positive, positive), shapes=(((2, 3), (2, 3)),),
        **LOSES),
    Row("lax.betainc", (positive, positive, unit), **LOSES,
        shapes=(((), (), ()), ((2, 3), (2, 3), (2, 3)))),
    Row("lax.bessel_i0e", (normal,), dtypes=FLOATS),
    Row("lax.bessel_i1e", (normal,), dtypes=FLOATS),
]  # fmt: skip

test_values, test_derivatives = comparisons(ROWS)

"""Every row of the table obeys the laws; every primitive has a row and its rules.

The laws themselves are tested too: each fails on a rule wrong by one in a thousand.
"""

import numpy as np
import pytest

import minijax
from minijax import lax
from minijax.core.primitive import Primitive, registry
from minijax.core.rules import linear

from . import laws
from .cases import CASES
from .laws import ROUNDING, WIDE, Case

# One test per row and dtype, so that a row is traced and compiled once.
ROWS = [(case, dtype) for case in CASES for dtype in case.dtypes]
DIFFERENTIABLE = [
    (case, dtype)
    for case, dtype in ROWS
    if dtype in ROUNDING and case.derivatives != "none"
]
# Batching knows no precision: one dtype tells.
BATCHED = [(case, "f32" if "f32" in case.dtypes else case.dtypes[0]) for case in CASES]


def rows(table):
    return pytest.mark.parametrize(
        ("case", "dtype"), table, ids=[f"{case}-{dtype}" for case, dtype in table]
    )


@rows(ROWS)
def test_values_and_types(case, dtype):
    """f(x) is NumPy's, of the promised type, and the same compiled."""
    laws.check_abstract(case, dtype)
    laws.check_compiled(case, dtype)
    if case.reference is not None:
        laws.check_value(case, dtype)


@rows(DIFFERENTIABLE)
def test_derivatives(case, dtype):
    """Both modes at orders 1 and 2 are slopes; the transpose is the adjoint."""
    laws.check_derivatives(case, dtype)


@rows(BATCHED)
def test_batching(case, dtype):
    """vmap(f)(xs)[k] = f(xs[k]), wherever the batch axes stand."""
    laws.check_batched(case, dtype)


# The table is complete.


# Why a primitive has no such rule, on purpose.
LACKING = {
    "jvp": {
        "the user's rule is asked instead": (
            "custom_jvp_call custom_vjp_call custom_vmap_call"
        ),
        "a step of other decompositions, in jax without one too": (
            "hessenberg tridiagonal"
        ),
    },
    "batch": {
        "the program inside is batched, or the user's rule is asked": (
            "custom_jvp_call custom_vjp_call custom_vmap_call"
        ),
    },
    "lower": {
        "its axis has gone, or is a mesh, before anything is lowered": (
            "all_gather all_to_all axis_index pmax pmin ppermute psum reduce_scatter"
        ),
    },
    # A transpose rule is for what is linear in an operand. The adjoint law holds for
    # the rows of all of these, so no tangent of theirs is left without one.
    "transpose": {
        "its tangent is made of other primitives": """
            abs acos acosh asin asinh atan atan2 atanh cbrt cholesky clamp cos cosh
            cumlogsumexp cummax cummin cumprod custom_jvp_call custom_vjp_call
            custom_vmap_call digamma eig eigh erf erf_inv erfc exp exp2 expm1 geqrf
            householder_product integer_pow lgamma log log1p logistic lu max min mixed
            polygamma pow qr reduce_max
            reduce_min reduce_prod reduce_window_max reduce_window_min rem remat_opt
            rng_uniform rsqrt scatter-max scatter-min schur sin sinh sort sqrt square
            svd tan tanh top_k turned zeta
        """,
        "its partial derivatives are the primitive itself, with other params": """
            bessel_i0 bessel_i0e bessel_i1 bessel_i1e beta_density chebyshev
            cosine_integral dawsn erfcx exp1 expi expn fresnel_c fresnel_s gamma
            gamma_density gamma_log_slope hyp1f1 hyp2f1 igamma igamma_grad_a igammac
            log_beta log_gamma log_ndtr ndtr ndtri normal_hazard owens_t polynomial
            random_gamma_grad reciprocal regularized_incomplete_beta sine_integral
            spence
        """,
        "its tangent is that of its operand": "name",
        "its tangent is zero": """
            and argmax argmin axis_index bitcast_convert_type ceil clz eq floor ge gt
            iota is_finite le lt lu_pivots_to_permutation mulhi ne nextafter not or pmax
            pmin population_count random_unwrap random_wrap reduce_and reduce_or
            reduce_xor rng_bit_generator round select_and_gather_add shift_left
            shift_right_arithmetic shift_right_logical sign splitting_basis
            stop_gradient threefry2x32 xor
        """,
        "it has no derivative": """
            hessenberg io_callback pure_callback tridiagonal
        """,
    },
}


def exercised(case, monkeypatch):
    """The names of the primitives that tracing a row binds."""
    names = set()
    for owner in {type(p) for p in registry.values()} | {Primitive}:
        for method in {"bind", "bind_functions"} & vars(owner).keys():
            recording = recorded(getattr(owner, method), names)
            monkeypatch.setattr(owner, method, recording)
    with laws.precision(case.dtypes[0]):
        # A new function each time: what was traced before is not traced again.
        minijax.eval_shape(lambda *xs: case.f(*xs), *case.draw(case.dtypes[0]))
    return names


def recorded(bind, names):
    """The method `bind` of primitives, which also adds their names to `names`."""

    def recording(self, *args, **kwargs):
        names.add(self.name)
        return bind(self, *args, **kwargs)

    return recording


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_row_stands_for_its_primitive(case, monkeypatch):
    """A row may not claim a primitive that its function does not use."""
    assert case.primitive in registry
    assert case.primitive in exercised(case, monkeypatch)


def test_every_primitive_has_a_row():
    assert sorted(registry.keys() - {case.primitive for case in CASES}) == []


@pytest.mark.parametrize("rule", LACKING)
def test_every_primitive_has_its_rules(rule):
    """A primitive without a rule stands in LACKING with the reason."""
    lacking = {name for name, p in registry.items() if getattr(p, rule) is None}
    excused = [name for names in LACKING[rule].values() for name in names.split()]

    assert sorted(lacking) == sorted(excused)


# Each law fails on a rule that is wrong by one part in a thousand.


@pytest.fixture
def primitive():
    """Makes a primitive like one of the registry with other rules; gone afterwards."""
    made = []

    def variant(of, **rules):
        fields = {name: getattr(of, name) for name in FIELDS} | rules
        made.append(f"wrong_{of.name}")
        return Primitive(made[-1], **fields)

    yield variant
    for name in made:
        registry.pop(name, None)


FIELDS = [
    "abstract",
    "jvp",
    "transpose",
    "batch",
    "lower",
    "linearize",
    "multiple_results",
    "effects",
]
OFF = 1.001


def case_of(primitive, reference=None, dtypes=("f32", "f64")):
    return Case("wrong", primitive.bind, [(2, 3)], dtypes, None, reference)


def test_the_right_rules_pass(primitive):
    case = case_of(primitive(registry["sin"]), np.sin)

    for law in (
        laws.check_value,
        laws.check_abstract,
        laws.check_compiled,
        laws.check_derivatives,
        laws.check_batched,
    ):
        for dtype in case.dtypes:
            law(case, dtype)


@pytest.mark.parametrize("dtype", ["f32", "f64"])
def test_a_wrong_value_is_noticed(primitive, dtype):
    case = case_of(primitive(registry["sin"]), lambda x: OFF * np.sin(x))

    with pytest.raises(AssertionError, match="NumPy"):
        laws.check_value(case, dtype)


def test_a_wrong_lowering_is_noticed(primitive):
    def lower(hlo, out, x, **params):
        y = registry["sin"].lower(hlo, out, x, **params)
        off = hlo.constant(np.full(out.shape, OFF, out.dtype))
        return hlo.emit(f"stablehlo.multiply {y}, {off} : {hlo.type(x)}")

    case = case_of(primitive(registry["sin"], lower=lower), np.sin)

    with pytest.raises(AssertionError, match="NumPy"):
        laws.check_value(case, "f32")


def test_a_wrong_jvp_is_noticed(primitive):
    def jvp(primals, tangents, **params):
        y, y_dot = registry["sin"].jvp(primals, tangents, **params)
        return y, None if y_dot is None else OFF * y_dot

    case = case_of(primitive(registry["sin"], jvp=jvp))

    with pytest.raises(AssertionError, match="jvp of f differs"):
        laws.check_derivatives(case, "f64")


def test_a_wrong_second_derivative_is_noticed(primitive):
    """The slope is right, but the rule of the slope is not."""

    def jvp_of_cosine(primals, tangents, **params):
        y, y_dot = registry["cos"].jvp(primals, tangents, **params)
        return y, None if y_dot is None else OFF * y_dot

    cosine = primitive(registry["cos"], jvp=jvp_of_cosine)

    def jvp(primals, tangents, **params):
        (x,), (x_dot,) = primals, tangents
        y = registry["sin"].bind(x)
        return y, None if x_dot is None else cosine.bind(x) * x_dot

    case = case_of(primitive(registry["sin"], jvp=jvp))

    with pytest.raises(AssertionError, match="jvp of jvp of f differs"):
        laws.check_derivatives(case, "f64")


@pytest.mark.parametrize("dtype", ["f32", "f64", "c128"])
def test_a_wrong_transpose_is_noticed(primitive, dtype):
    def transpose(ct, x, **params):
        (x_bar,) = registry["neg"].transpose(ct, x, **params)
        return [OFF * x_bar]

    wrong = primitive(registry["neg"], transpose=transpose, jvp=linear)

    with pytest.raises(AssertionError, match="transpose"):
        laws.check_derivatives(case_of(wrong), dtype)


def test_a_wrong_batching_is_noticed(primitive):
    def batch(size, operands, dims, **params):
        y, dim = registry["sin"].batch(size, operands, dims, **params)
        return OFF * y, dim

    case = case_of(primitive(registry["sin"], batch=batch))

    with pytest.raises(AssertionError, match="vmap"):
        laws.check_batched(case, "f32")


def test_a_batch_axis_lost_is_noticed(primitive):
    """The rule forgets where the batch axis is when it is not the first."""

    def batch(size, operands, dims, **params):
        y, _ = registry["sin"].batch(size, operands, dims, **params)
        return y, 0

    case = case_of(primitive(registry["sin"], batch=batch))

    with pytest.raises(Exception, match=r"vmap|size|axis|shape"):
        laws.check_batched(case, "f32")


def test_a_program_that_differs_when_compiled_is_noticed():
    calls = []

    def f(x):
        calls.append(x)
        return x * (OFF if len(calls) > 1 else 1)

    with pytest.raises(AssertionError):
        laws.check_compiled(Case("wrong", f, [(3,)]), "f32")


def test_a_wrong_type_is_noticed():
    """A function whose type depends on whether it is traced breaks its promise."""
    calls = []

    def f(x):
        calls.append(x)
        return x if len(calls) > 1 else lax.convert_element_type(x, "float16")

    with pytest.raises(AssertionError):
        laws.check_abstract(Case("wrong", f, [(3,)]), "f32")


def test_the_step_and_the_tolerance_fit():
    """A central difference of sin in f64 is good to the tolerance, not much more."""
    x = np.linspace(-2, 2, 9)
    slope = (np.sin(x + laws.STEP) - np.sin(x - laws.STEP)) / (2 * laws.STEP)
    error = np.abs(slope - np.cos(x)).max()

    assert laws.TOLERANCE / 1e4 < error < laws.TOLERANCE


def test_wide_dtypes_are_the_64_bit_ones():
    assert {d for d in laws.DTYPES if laws.DTYPES[d].itemsize >= 8} == WIDE

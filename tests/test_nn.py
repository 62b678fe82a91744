"""Functions for neural networks: values, slopes at kinks, masks, initial values."""

import importlib
import math
import warnings

import numpy as np
import pytest
import scipy.special
import scipy.stats

import minijax
import minijax.numpy as jnp
from minijax import nn, random
from minijax.config import enable_x64

X = np.array([-7, -3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 6, 7], np.float32)
INF, NAN = math.inf, math.nan


def sigma(x):
    return 1 / (1 + np.exp(-x))


# Values against their definitions in NumPy, in f64

DEFINITIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.01 * x),
    "sigmoid": sigma,
    "log_sigmoid": lambda x: -np.log1p(np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "sparse_plus": lambda x: np.where(x < -1, 0, np.where(x > 1, x, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "soft_sign": lambda x: x / (1 + abs(x)),
    "silu": lambda x: x * sigma(x),
    "swish": lambda x: x * sigma(x),
    "mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "hard_swish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "elu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "celu": lambda x: np.where(x > 0, x, np.expm1(x)),
    "selu": lambda x: (
        1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))
    ),
    "gelu": lambda x: (
        x / 2 * (1 + np.tanh(math.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    ),
    "squareplus": lambda x: (x + np.sqrt(x**2 + 4)) / 2,
    "identity": lambda x: x,
    "tanh": np.tanh,
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_activations_are_their_definitions(name):
    f = getattr(nn, name)
    with enable_x64(True):
        x = np.linspace(-8, 8, 161)
        expected = DEFINITIONS[name](x)

        assert np.allclose(f(x), expected, rtol=1e-12, atol=1e-14)
        assert np.allclose(minijax.jit(f)(x), expected, rtol=1e-12, atol=1e-14)
        _, y_dot = minijax.jvp(f, (x + 0.003,), (np.ones_like(x),))
        h = 1e-6
        slope = (
            DEFINITIONS[name](x + 0.003 + h) - DEFINITIONS[name](x + 0.003 - h)
        ) / (2 * h)
        assert np.allclose(y_dot, slope, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", DEFINITIONS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32"])
def test_activations_keep_the_dtype(name, dtype):
    f = getattr(nn, name)

    assert f(jnp.asarray(X, dtype)).dtype == jnp.dtype(dtype)
    assert minijax.grad(f)(jnp.asarray(0.5, dtype)).dtype == jnp.dtype(dtype)


SLOPES = [  # at the kinks and far out
    ("relu", [-1, 0, 1, NAN], [0, 0, 1, 1]),
    ("relu6", [-1, 0, 1, 6, 7], [0, 0, 1, 0, 0]),
    ("leaky_relu", [-1, 0, 1], [0.01, 1, 1]),
    ("hard_tanh", [-2, -1, 0, 1, 2], [0, 1, 1, 1, 0]),
    ("hard_sigmoid", [-4, -3, 3, 4], [0, 0, 0, 0]),
    ("sparse_plus", [-2, -1, 0, 1, 2], [0, 0, 0.5, 1, 1]),
    ("elu", [-200, 0, 200], [0, 1, 1]),
    ("celu", [-200, 0, 200], [0, 1, 1]),
    ("softplus", [-500, 0, 500], [0, 0.5, 1]),
    ("log_sigmoid", [-500, 0, 500], [1, 0.5, 0]),
    ("sigmoid", [-500, 0, 500], [0, 0.25, 0]),
]


@pytest.mark.parametrize(("name", "xs", "expected"), SLOPES, ids=[s[0] for s in SLOPES])
def test_slopes_at_kinks_and_far_out(name, xs, expected):
    slopes = minijax.vmap(minijax.grad(getattr(nn, name)))(np.array(xs, np.float32))

    assert slopes.tolist() == pytest.approx(expected, abs=1e-7)


def test_relu_keeps_nan_and_has_no_second_derivative():
    assert np.isnan(nn.relu(NAN))
    assert nn.relu(-INF) == 0
    assert minijax.grad(minijax.grad(nn.relu))(0.0) == 0


def test_weak_types_stay_weak():
    for name in ("relu", "softplus", "silu", "elu", "hard_tanh", "soft_sign"):
        assert getattr(nn, name)(2.0).weak_type
    assert nn.relu(np.arange(-1, 2)).tolist() == [0, 0, 1]
    assert nn.relu(np.arange(3)).dtype == np.int32


def test_gelu_is_x_times_the_normal_distribution_function():
    with enable_x64(True):
        x = np.linspace(-8, 8, 33)
        got = nn.gelu(x, approximate=False)

        assert np.allclose(got, x * scipy.special.ndtr(x), rtol=1e-13, atol=1e-18)


def test_log1mexp_is_accurate_at_both_ends():
    x = np.array([1e-20, 0.5, 50.0, 100.0], np.float32)
    expected = [math.log(1e-20), math.log(-math.expm1(-0.5)), -math.exp(-50), 0]

    assert np.allclose(nn.log1mexp(x), expected, rtol=1e-6, atol=1e-30)
    slopes = minijax.vmap(minijax.grad(nn.log1mexp))(x[1:3])
    assert np.allclose(slopes, 1 / np.expm1(x[1:3].astype(float)), rtol=1e-5)


def test_glu_gates_the_first_half_by_the_second():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)

    assert np.allclose(nn.glu(x), x[:, :2] * sigma(x[:, 2:]))
    assert np.allclose(nn.glu(x.T, axis=0), (x[:, :2] * sigma(x[:, 2:])).T)


# The softmax family

LOGITS = np.random.RandomState(0).randn(3, 4).astype(np.float32) * 3
MASK = LOGITS > -1
HOLES = LOGITS.copy()
HOLES[0, 0] = -INF


def _softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@pytest.mark.parametrize("axis", [-1, 0, (0, 1), None])
def test_softmax_and_its_logarithm(axis):
    axes = (0, 1) if axis is None else axis
    expected = _softmax(HOLES.astype(float), axes)
    with np.errstate(divide="ignore"):
        logarithm = np.log(expected)

    assert np.allclose(nn.softmax(HOLES, axis), expected, atol=1e-7)
    assert np.allclose(nn.log_softmax(HOLES, axis), logarithm, rtol=1e-5, atol=1e-6)
    assert nn.softmax(np.array([1000.0, 0.0], "f4")).tolist() == [1, 0]
    assert nn.log_softmax(np.array([1000.0, 0.0], "f4")).tolist() == [0, -1000]


def test_masked_elements_take_no_part():
    """As if they were absent, whatever they hold, in values and in derivatives."""
    x = np.array([0.5, NAN, -1.0, INF], np.float32)
    mask = np.array([True, False, True, False])
    kept = x[mask]

    y = nn.softmax(x, where=mask)
    assert y.tolist()[1::2] == [0, 0]
    assert np.allclose(y[mask], _softmax(kept))
    assert np.allclose(nn.log_softmax(x, where=mask)[mask], np.log(_softmax(kept)))
    assert np.allclose(nn.logsumexp(x, where=mask), np.log(np.exp(kept).sum()))

    for f in (nn.softmax, nn.log_softmax):
        jacobian = minijax.jacobian(lambda x, f=f: f(x, where=mask)[mask])(x)
        alone = minijax.jacobian(f)(kept)
        assert np.allclose(jacobian[:, mask], alone, atol=1e-6)
        assert not np.any(np.asarray(jacobian)[:, ~mask])
    slope = minijax.grad(lambda x: nn.logsumexp(x, where=mask))(x)
    assert np.allclose(slope, y, atol=1e-6)


def test_rows_that_are_masked_out_give_zeros_and_no_nan():
    mask = np.zeros((2, 3), bool)
    mask[0] = True
    x = np.ones((2, 3), np.float32)
    slope = minijax.grad(lambda x: nn.softmax(x, where=mask)[0, 0])(x)

    assert nn.softmax(x, where=mask)[1].tolist() == [0, 0, 0]
    assert nn.log_softmax(x, where=mask)[1].tolist() == [-INF] * 3
    assert np.isfinite(slope).all()


def test_logsumexp_of_extremes():
    assert nn.logsumexp(np.array([-INF, -INF], "f4")) == -INF
    assert nn.logsumexp(np.array([INF, 0.0], "f4")) == INF
    assert nn.logsumexp(np.zeros(0, "f4")) == -INF
    assert np.allclose(nn.logsumexp(np.array([1000.0, 1000.0], "f4")), 1000.6931)
    assert np.isnan(nn.logsumexp(np.array([1.0], "f4"), b=-1.0))
    assert minijax.grad(nn.logsumexp)(np.array([-INF, 1.0], "f4")).tolist() == [0, 1]


@pytest.mark.parametrize("keywords", [{}, {"axis": 0}, {"axis": 1, "keepdims": True}])
def test_logsumexp_is_scipys(keywords):
    b = LOGITS[::-1].copy()
    expected = scipy.special.logsumexp(LOGITS, b=b, return_sign=True, **keywords)
    got = nn.logsumexp(LOGITS, b=b, return_sign=True, **keywords)

    assert np.allclose(got[0], expected[0], rtol=1e-5)
    assert np.array_equal(got[1], expected[1])
    assert np.allclose(
        nn.logsumexp(LOGITS, **keywords), scipy.special.logsumexp(LOGITS, **keywords)
    )
    n = 12 if not keywords else LOGITS.shape[keywords["axis"]]
    mean = nn.logsumexp(LOGITS, **keywords) - math.log(n)
    assert np.allclose(nn.logmeanexp(LOGITS, **keywords), mean, rtol=1e-5)


@pytest.mark.parametrize("algorithm", ["fast", "stable"])
def test_standardized_values_have_mean_0_and_variance_1(algorithm):
    y = np.asarray(nn.standardize(LOGITS, epsilon=0.0, algorithm=algorithm), float)

    assert np.allclose(y.mean(-1), 0, atol=1e-6)
    assert np.allclose(y.var(-1), 1, rtol=1e-5)
    given = nn.standardize(LOGITS, mean=1.0, variance=4.0, epsilon=0.0)
    assert np.allclose(given, (LOGITS - 1) / 2)


def test_one_hot_vectors():
    assert nn.one_hot(np.array([0, 2, 5, -1]), 3).tolist() == [
        *([1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0])
    ]
    assert nn.one_hot(np.array([[0, 1]]), 3, axis=0).shape == (3, 1, 2)
    assert nn.one_hot([1, 2], 3, dtype="int8").dtype == np.int8
    assert nn.one_hot(1, 0).shape == (0,)


BAD_CALLS = [
    (lambda: nn.one_hot(1, 3.0), TypeError, "num_classes must be an integer"),
    (lambda: nn.one_hot(1, -1), TypeError, "must not be negative"),
    (lambda: nn.one_hot(True, 3), TypeError, "indices must be numbers, got bool"),
    (lambda: nn.one_hot(1, 3, axis=5), ValueError, "axis 5"),
    (lambda: nn.glu(np.zeros(5, "f4")), ValueError, "must be even"),
    (lambda: nn.relu([1.0, 2.0]), TypeError, "list"),
    (lambda: nn.sigmoid(2), TypeError, None),
    (lambda: nn.softmax(LOGITS, axis=2), ValueError, "axis 2"),
    (lambda: nn.softmax(2.0), ValueError, "axis -1"),
    (lambda: nn.standardize(LOGITS, algorithm="x"), ValueError, '"fast" or "stable"'),
    (
        lambda: nn.initializers.lecun_normal()(random.key(0), (3,)),
        ValueError,
        "rank 1 have no axes",
    ),
    (
        lambda: nn.initializers.variance_scaling(1.0, "x", "normal"),
        ValueError,
        "mode must be",
    ),
    (
        lambda: nn.initializers.variance_scaling(1.0, "fan_in", "x"),
        ValueError,
        "distribution must be",
    ),
    (
        lambda: nn.initializers.orthogonal()(random.key(0), (3,)),
        ValueError,
        "rank 2 or more",
    ),
    (
        lambda: nn.initializers.delta_orthogonal()(random.key(0), (3, 3, 2)),
        ValueError,
        "got 3 and 2",
    ),
]


@pytest.mark.parametrize(
    ("call", "error", "message"), BAD_CALLS, ids=range(len(BAD_CALLS))
)
def test_bad_calls_are_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


# Attention

RNG = np.random.RandomState(1)
Q = RNG.randn(2, 5, 4, 8).astype(np.float32)
K, V = (RNG.randn(2, 6, 2, 8).astype(np.float32) for _ in range(2))
BIAS = RNG.randn(2, 4, 5, 6).astype(np.float32)


def test_attention_is_an_average_of_values():
    """Head by head; each of the two keys serves two query heads."""
    out = nn.dot_product_attention(Q, K, V, BIAS, is_causal=True)
    seen = np.arange(6) <= np.arange(5)[:, None]
    for batch in range(2):
        for head in range(4):
            k, v = K[batch, :, head // 2], V[batch, :, head // 2]
            scores = Q[batch, :, head] @ k.T / math.sqrt(8) + BIAS[batch, head]
            weights = _softmax(np.where(seen, scores, -INF))

            assert np.allclose(out[batch, :, head], weights @ v, atol=1e-5)


def test_attention_masks():
    full = nn.dot_product_attention
    t, s = np.arange(5)[:, None], np.arange(6)
    lengths = np.array([3, 6])
    pairs = [
        ({"is_causal": True}, s <= t),
        ({"local_window_size": (1, 2)}, (t - 1 <= s) & (s <= t + 2)),
        ({"key_value_seq_lengths": lengths}, s < lengths[:, None, None, None]),
    ]
    for keywords, mask in pairs:
        mask = np.broadcast_to(mask, (2, 4, 5, 6))
        assert np.allclose(full(Q, K, V, **keywords), full(Q, K, V, mask=mask))
    short = full(Q, K, V, query_seq_lengths=np.array([3, 5]))
    assert not np.any(np.asarray(short)[0, 3:])
    assert np.array_equal(full(Q, K, V)[0], full(Q[0], K[0], V[0]))


def test_attention_refuses_what_does_not_fit():
    with pytest.raises(ValueError, match=r"key and value .* where K divides N"):
        nn.dot_product_attention(Q, K, V[:, :3])
    with pytest.raises(ValueError, match="must have one dtype"):
        nn.dot_product_attention(Q, K, V.astype(np.float16))
    with pytest.raises(NotImplementedError, match="'cudnn' is not available"):
        nn.dot_product_attention(Q, K, V, implementation="cudnn")


# Initial values


@pytest.mark.parametrize("distribution", ["normal", "uniform", "truncated_normal"])
@pytest.mark.parametrize(
    ("mode", "fan"),
    [("fan_in", 300), ("fan_out", 200), ("fan_avg", 250), ("fan_geo_avg", 60000**0.5)],
)
def test_variance_scaling(distribution, mode, fan):
    init = nn.initializers.variance_scaling(2.0, mode, distribution)
    w = np.asarray(init(random.key(0), (300, 200)))

    assert math.isclose(w.var(), 2 / fan, rel_tol=0.03)
    assert abs(w.mean()) < 4 * w.std() / math.sqrt(w.size)


def test_complex_truncated_normal_values_have_their_variance():
    init = nn.initializers.lecun_normal()
    w = np.asarray(init(random.key(0), (300, 200), "complex64"))

    assert math.isclose((abs(w) ** 2).mean(), 1 / 300, rel_tol=0.03)


def test_orthogonal_initial_values():
    w = np.asarray(nn.initializers.orthogonal(2.0)(random.key(0), (2, 3, 4)))
    flat = w.reshape(6, 4)
    kernel = np.asarray(nn.initializers.delta_orthogonal()(random.key(0), (4, 2, 3)))

    assert np.allclose(flat.T @ flat, 4 * np.eye(4), atol=1e-5)
    assert np.allclose(kernel[1] @ kernel[1].T, np.eye(2), atol=1e-6)
    assert not kernel[[0, 2, 3]].any()


def test_simple_initializers():
    init = nn.initializers
    key = random.key(0)

    assert init.zeros(key, (2,)).tolist() == [0, 0]
    assert init.ones(None, (2,), "int8").tolist() == [1, 1]
    assert init.constant(np.arange(2))(None, (3, 2)).tolist() == [[0, 1]] * 3
    assert np.asarray(init.uniform(0.5)(key, (1000,))).max() <= 0.5
    assert math.isclose(
        np.asarray(init.normal(3.0)(key, (4000,))).std(), 3, rel_tol=0.05
    )
    assert abs(np.asarray(init.truncated_normal(1.0)(key, (1000,)))).max() < 2


# Equality with jax

UNARY = [name for name in nn.activations.__all__ if name != "glu"]
HALF = X.astype(np.float16)
CASES = [
    *[(name, (x,), {}) for name in UNARY for x in (X, HALF, 2.0, np.arange(-3, 4))],
    ("gelu", (X, False), {}),
    *[(name, (X, 2.0), {}) for name in ("elu", "celu", "leaky_relu", "squareplus")],
    *[
        (name, (x,), {"axis": axis, "where": where})
        for name in ("softmax", "log_softmax")
        for x in (LOGITS, HOLES)
        for axis in (-1, (0, 1))
        for where in (None, MASK)
    ],
    ("softmax", (np.arange(4),), {}),
    ("softmax", (np.zeros((2, 0), "f4"),), {}),
    *[
        ("logsumexp", (x,), keywords)
        for x in (LOGITS, HOLES, LOGITS * (1 + 1j), np.arange(4))
        for keywords in ({}, {"axis": 0, "keepdims": True}, {"return_sign": True})
        if x.ndim == 2 or "axis" not in keywords
    ],
    ("logsumexp", (LOGITS,), {"b": LOGITS, "return_sign": True}),
    ("logsumexp", (LOGITS,), {"where": MASK, "axis": 1}),
    ("logmeanexp", (LOGITS,), {"where": MASK}),
    *[
        ("standardize", (LOGITS,), keywords)
        for keywords in ({}, {"axis": (0, 1)}, {"where": MASK}, {"mean": 0.0})
    ],
    *[
        ("one_hot", (x, 3), keywords)
        for x in (np.array([[0, 2], [5, -1]]), 1, 1.5, [1, 2])
        for keywords in ({}, {"axis": 0, "dtype": "int8"})
    ],
    *[
        ("dot_product_attention", (Q, K, V), keywords)
        for keywords in (
            {"return_residual": True},
            {"scale": 0.3, "is_causal": True},
            {"bias": BIAS, "mask": BIAS > 0},
            {"query_seq_lengths": np.array([3, 5]), "local_window_size": 2},
        )
    ],
]
TOLERANCE = {"float16": 2e-2, "float32": 1e-5, "complex64": 1e-5}


def _same(got, expected):
    assert got.shape == expected.shape
    assert got.dtype == expected.dtype
    assert got.weak_type == expected.weak_type
    tolerance = TOLERANCE.get(got.dtype.name, 0)
    np.testing.assert_allclose(got, expected, tolerance, tolerance)


@pytest.mark.oracle
@pytest.mark.parametrize("k", range(len(CASES)), ids=lambda k: f"{k}-{CASES[k][0]}")
def test_values_and_types_are_jaxs(k):
    jax = pytest.importorskip("jax")
    name, args, kwargs = CASES[k]

    def outcome(f):
        try:
            return f(*args, **kwargs)
        except TypeError as error:
            return error

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = outcome(getattr(jax.nn, name))
    got = outcome(getattr(nn, name))
    if isinstance(expected, TypeError):
        assert isinstance(got, TypeError)
        return
    pairs = zip(minijax.tree.leaves(got), jax.tree.leaves(expected), strict=True)
    for x, y in pairs:
        _same(x, y)


@pytest.mark.oracle
@pytest.mark.parametrize("name", UNARY)
def test_derivatives_are_jaxs(name):
    """To the second order, at kinks too."""
    jax = pytest.importorskip("jax")
    f, g = getattr(nn, name), getattr(jax.nn, name)
    x = X[X > 0] if name == "log1mexp" else X

    _same(minijax.vmap(minijax.grad(f))(x), jax.vmap(jax.grad(g))(x))
    _same(
        minijax.vmap(minijax.grad(minijax.grad(f)))(x),
        jax.vmap(jax.grad(jax.grad(g)))(x),
    )
    _same(minijax.grad(f)(0.7), jax.grad(g)(0.7))


INITIALIZERS = [
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
    "normal",
    "uniform",
    "truncated_normal",
    "orthogonal",
]


@pytest.mark.oracle
@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("dtype", [None, "complex64"])
def test_initial_values_are_jaxs(name, dtype):
    if dtype and name in ("uniform", "truncated_normal"):
        pytest.skip("real only")
    theirs = importlib.import_module("jax.nn.initializers")
    key = np.array([1, 2], np.uint32)
    for shape in ((5, 2), (2, 3, 4)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = getattr(theirs, name)()(key, shape, dtype)
        _same(getattr(nn.initializers, name)()(key, shape, dtype), expected)


def test_scaled_matmul_scales_each_block():
    """(x s) (y t)^T, and its derivatives with respect to all four."""
    stream = np.random.default_rng(0)
    x, y, s, t = (
        stream.normal(size=shape).astype(np.float32)
        for shape in ((2, 3, 8), (2, 4, 8), (2, 3, 2), (2, 4, 2))
    )

    def plain(x, y, s, t):
        blocks = [jnp.repeat(v, 4, axis=-1) for v in (s, t)]
        return jnp.einsum("bmk,bnk->bmn", x * blocks[0], y * blocks[1])

    np.testing.assert_allclose(
        nn.scaled_matmul(x, y, s, t), plain(x, y, s, t), rtol=1e-5, atol=1e-5
    )
    every = (0, 1, 2, 3)
    for got, expected in zip(
        minijax.grad(lambda *a: (nn.scaled_matmul(*a) ** 2).sum(), every)(x, y, s, t),
        minijax.grad(lambda *a: (plain(*a) ** 2).sum(), every)(x, y, s, t),
        strict=True,
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)


def test_scaled_matmul_takes_few_bits_and_gives_what_is_asked_for():
    x = jnp.ones((1, 2, 8), "float8_e4m3fn")
    scales = jnp.full((1, 2, 2), 2, "float8_e8m0fnu")
    out = nn.scaled_matmul(x, x, scales, scales, jnp.bfloat16)

    assert out.dtype == jnp.bfloat16
    assert (np.asarray(out, np.float32) == 32).all()
    with pytest.raises(ValueError, match="must have rank 3"):
        nn.scaled_matmul(x[0], x, scales, scales)
    with pytest.raises(ValueError, match="where S divides K"):
        nn.scaled_matmul(x, x, scales[:, :1], scales)
